package refcore

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/core/synth"
)

// Province is what the server needs of the records it serves. *synth.Province is one.
type Province interface {
	Today() time.Time
	NextDay(ctx context.Context) (synth.Day, error)
	Feeds() []core.Feed
	Chunk(table string, after core.Cursor) (synth.Chunk, error)
	Suspend(person, line string, on time.Time) error
	Resume(person, line string, on time.Time) error
	// CorrectPayment takes back what was paid for the months from to to.
	CorrectPayment(person, line string, from, to fundwatch.Month, on time.Time) error
	Judge(subject fundwatch.Subject, rule string) core.Answer
}

// Options are the server's settings and dependencies.
type Options struct {
	Province Province      // required
	Dir      string        // folder for the directives received; required
	Tokens   []string      // bearer tokens that open the server; at least one
	DayEvery time.Duration // a business day goes by this often; default 0: only by NextDay
	Conduct  Conduct       // how agencies answer
	Limit    Limit         // how often a token may ask
	// Faults says what goes wrong with a request; for tests. Default nil: nothing does.
	Faults func(*http.Request) Fault
	Now    func() time.Time // required
	Logger *slog.Logger     // default: silent
}

// Server is the reference core. It is an http.Handler; Run brings it to life.
type Server struct {
	o        Options
	logger   *slog.Logger
	tables   map[string]core.Table
	regions  map[fundwatch.Region]string // names by code
	tokens   [][sha256.Size]byte
	limiter  *limiter
	ledger   *ledger
	profiles *profiler
	mux      *http.ServeMux

	step     sync.Mutex // one day or one round of answers at a time
	clock    sync.Mutex
	dayBegan time.Time            // wall time at which the present business day began
	taken    map[string]time.Time // wall time at which a directive came, since the start
}

// New opens the directives received so far and prepares the server.
func New(o Options) (*Server, error) {
	switch {
	case o.Province == nil || o.Now == nil || o.Dir == "":
		return nil, errors.New("refcore: Options.Province, Dir and Now are required")
	case len(o.Tokens) == 0:
		return nil, errors.New("refcore: at least one token is required")
	case o.DayEvery < 0:
		return nil, errors.New("refcore: DayEvery is negative")
	}
	o.Conduct, o.Limit = o.Conduct.withDefaults(), o.Limit.withDefaults()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	tables, err := core.Tables()
	if err != nil {
		return nil, err
	}
	s := &Server{
		o: o, logger: o.Logger, tables: map[string]core.Table{}, regions: map[fundwatch.Region]string{},
		limiter: newLimiter(o.Limit, o.Now), taken: map[string]time.Time{}, dayBegan: o.Now(),
	}
	for _, t := range tables {
		s.tables[t.Code] = t
	}
	regions, err := core.Regions()
	if err != nil {
		return nil, err
	}
	for _, r := range regions {
		s.regions[r.Code] = r.Name
	}
	for _, token := range o.Tokens {
		if token == "" {
			return nil, errors.New("refcore: a token is empty")
		}
		s.tokens = append(s.tokens, sha256.Sum256([]byte(token)))
	}
	s.profiles = newProfiler(o.Province, tables)
	s.mux = http.NewServeMux()
	for _, r := range s.routes() {
		s.mux.Handle(r.method+" "+r.path, s.serve(r.handle))
	}
	s.mux.Handle("/", s.serve(func(http.ResponseWriter, *http.Request) error {
		return fundwatch.Errorf(fundwatch.NotFound, "接口地址不存在")
	}))
	if s.ledger, err = openLedger(filepath.Join(o.Dir, ledgerFile)); err != nil {
		return nil, err
	}
	return s, nil
}

// Close closes the ledger of directives. Requests that come later fail.
func (s *Server) Close() error { return s.ledger.close() }

type route struct {
	method, path string
	handle       handler
}

// routes is the whole table; a test compares it with openapi.yaml.
func (s *Server) routes() []route {
	return []route{
		{"GET", "/v1/feeds", s.listFeeds},
		{"GET", "/v1/changes/{table}", s.readChanges},
		{"GET", "/v1/persons/{id}", s.readPerson},
		{"GET", "/v1/units/{id}", s.readUnit},
		{"GET", "/v1/cases/{id}", s.readCase},
		{"PUT", "/v1/directives/{id}", s.putDirective},
		{"GET", "/v1/directives", s.listDirectives},
	}
}

// Run lets days go by and agencies answer until ctx ends. A day that fails is logged and tried again at its next turn.
func (s *Server) Run(ctx context.Context) error {
	var days, answers <-chan time.Time
	if s.o.DayEvery > 0 {
		t := time.NewTicker(s.o.DayEvery)
		defer t.Stop()
		days = t.C
	}
	if s.o.Conduct.After > 0 {
		t := time.NewTicker(min(s.o.Conduct.After, time.Second))
		defer t.Stop()
		answers = t.C
	}
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-days:
			_, err = s.NextDay(ctx)
		case <-answers:
			err = s.Answer(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.logger.ErrorContext(ctx, "reference core could not go on", "error", err)
		}
	}
}

// NextDay carries out what was ordered, plays the next business day, and lets the agencies answer what is due on it.
func (s *Server) NextDay(ctx context.Context) (day synth.Day, err error) {
	defer fundwatch.Wrap(&err, "refcore.NextDay")
	s.step.Lock()
	defer s.step.Unlock()
	if err := s.work(ctx); err != nil {
		return day, err
	}
	day, err = s.o.Province.NextDay(ctx)
	if err != nil {
		return day, err
	}
	s.clock.Lock()
	s.dayBegan = s.o.Now()
	s.clock.Unlock()
	return day, s.work(ctx)
}

// Answer carries out what was ordered and lets the agencies answer what is due, without a new day.
func (s *Server) Answer(ctx context.Context) (err error) {
	defer fundwatch.Wrap(&err, "refcore.Answer")
	s.step.Lock()
	defer s.step.Unlock()
	return s.work(ctx)
}

// The office hours into which a business day of any length is laid.
const (
	officeOpens = 9 * time.Hour
	officeHours = 8 * time.Hour
)

// businessTime is the province's time: its last business day, at an hour that follows the wall clock through it.
func (s *Server) businessTime() time.Time {
	y, m, d := s.o.Province.Today().In(fundwatch.Shanghai()).Date()
	at := time.Date(y, m, d, 0, 0, 0, 0, fundwatch.Shanghai()).Add(officeOpens)
	if s.o.DayEvery == 0 {
		return at
	}
	s.clock.Lock()
	gone := s.o.Now().Sub(s.dayBegan)
	s.clock.Unlock()
	share := min(max(float64(gone)/float64(s.o.DayEvery), 0), 1)
	return at.Add(time.Duration(share * float64(officeHours))).Truncate(time.Second)
}

func (s *Server) listFeeds(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, core.FeedList{Feeds: s.o.Province.Feeds(), AsOf: s.o.Province.Today()})
}

// table finds a table of the contract.
func (s *Server) table(code string) (core.Table, error) {
	t, ok := s.tables[code]
	if !ok {
		return t, &fundwatch.Error{Code: fundwatch.NotFound, Field: "table", Message: fmt.Sprintf("接口约定中没有数据表 %.20q", code)}
	}
	return t, nil
}
