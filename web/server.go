package web

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"fundwatch"
	"fundwatch/access"
	"fundwatch/core"
	"fundwatch/internal/audit"
	"fundwatch/internal/live"
	"fundwatch/internal/store"
)

// prefix stands before every path of the API.
const prefix = "/api/v1"

// Options are what the server is given to work with. Everything but PublicURL and Proxies is required.
type Options struct {
	Store  *store.DB
	Access *access.Service
	Audit  *audit.Log
	Hub    *live.Hub
	Pages  fs.FS // the page application
	Logger *slog.Logger
	Now    func() time.Time
	// Deadline is the instant so far from now by the operating system's clock, which network deadlines go by; Now
	// may be any clock.
	Deadline func(time.Duration) time.Time
	Metrics  *prometheus.Registry
	// Parts says how the parts of the workbench stand, for the page that is open before they are ready.
	Parts func() []Part

	Version   string
	Demo      bool
	Secure    bool           // cookies over TLS only
	PublicURL string         // where browsers find us when that is not the address we listen on
	Proxies   []netip.Prefix // proxies whose word on the client's address is taken
	Scrapers  []netip.Prefix // who may read the metrics
	Clients   int            // live sockets at once
	Reveals   int            // reveals a person a day
}

func (o Options) validate() error {
	if o.Store == nil || o.Access == nil || o.Audit == nil || o.Hub == nil || o.Pages == nil || o.Logger == nil || o.Now == nil ||
		o.Deadline == nil || o.Metrics == nil || o.Parts == nil {
		return errors.New("web: Store, Access, Hub, Pages, Logger, Now, Deadline, Metrics and Parts are required")
	}
	return nil
}

// Server answers the browser.
type Server struct {
	options  Options
	log      *slog.Logger
	now      func() time.Time
	access   *access.Service
	hub      *live.Hub
	replies  replies
	metrics  *metrics
	pages    *pages
	sockets  *sockets
	names    map[fundwatch.Region]core.RegionInfo
	features atomic.Pointer[Features]

	api    huma.API
	mux    *http.ServeMux
	routes map[string]Route // by pattern
	order  []string
}

// New makes a server that answers log-in, accounts and audit at once, and the rest as soon as Serve hands it the
// features.
func New(o Options) (*Server, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	s := newServer()
	s.options, s.log, s.now, s.access, s.hub = o, o.Logger, o.Now, o.Access, o.Hub
	s.replies = replies{db: o.Store}
	var err error
	if s.metrics, err = newMetrics(o.Metrics); err != nil {
		return nil, err
	}
	if s.pages, err = newPages(o.Pages); err != nil {
		return nil, err
	}
	regions, err := core.Regions()
	if err != nil {
		return nil, err
	}
	for _, r := range regions {
		s.names[r.Code] = r
	}
	s.sockets.hub, s.sockets.build, s.sockets.now, s.sockets.most = o.Hub, s.pages.build, o.Now, int64(o.Clients)
	s.sockets.deadline = o.Deadline
	s.sockets.meter, s.sockets.same, s.sockets.may = s.metrics, s.same, s.mayFollow
	s.sockets.who = func(ctx context.Context, token, address string) (fundwatch.Actor, error) {
		actor, _, err := s.access.Peek(ctx, token, address)
		return actor, err
	}
	return s, nil
}

// newServer makes the table of routes; the contract is written from it without anything behind.
func newServer() *Server {
	s := &Server{
		mux: http.NewServeMux(), routes: map[string]Route{}, names: map[fundwatch.Region]core.RegionInfo{},
		sockets: &sockets{done: make(chan struct{})},
	}
	config := huma.DefaultConfig("社保基金监管智能工作台", "1")
	config.CreateHooks = nil
	config.DocsPath, config.OpenAPIPath, config.SchemasPath = "", "", ""
	config.RejectUnknownQueryParameters = true
	config.Transformers = []huma.Transformer{translate}
	config.Components.Schemas.RegisterTypeAlias(reflect.TypeFor[huma.ErrorModel](), reflect.TypeFor[Problem]())
	s.api = humago.NewWithPrefix(s.mux, prefix, config)
	s.table()
	neverNull(s.api.OpenAPI())
	return s
}

// Serve opens the routes that need the warehouse.
func (s *Server) Serve(f Features) { s.features.Store(&f) }

// Close ends the live sockets; the HTTP server is the caller's to stop.
func (s *Server) Close() { s.sockets.close() }

// Build is the id of the page application in this binary.
func (s *Server) Build() string { return s.pages.build }

// Routes is the route table, in its order.
func (s *Server) Routes() []Route {
	out := make([]Route, 0, len(s.order))
	for _, pattern := range s.order {
		out = append(out, s.routes[pattern])
	}
	return out
}

// Contract writes the API description as YAML.
func (s *Server) Contract() ([]byte, error) { return s.api.OpenAPI().YAML() }

// API is the description of the API, for tests that hold answers against it.
func (s *Server) API() *huma.OpenAPI { return s.api.OpenAPI() }

// Handler answers everything: the API, the socket, the health addresses and the pages.
func (s *Server) Handler() http.Handler {
	top := http.NewServeMux()
	top.HandleFunc("/api/", s.gate)
	top.HandleFunc("GET /healthz", s.healthz)
	top.HandleFunc("GET /readyz", s.readyz)
	metrics := promhttp.HandlerFor(s.options.Metrics, promhttp.HandlerOpts{})
	top.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		if !within(addressOf(r.Context()), s.options.Scrapers) {
			http.NotFound(w, r)
			return
		}
		metrics.ServeHTTP(w, r)
	})
	top.Handle("/", s.pages)
	return protect(s.watched(top))
}

// healthz says that the process lives.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// readyz says whether work can be done, and which part stands in the way.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	parts := s.options.Parts()
	if !ready(parts) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	for _, p := range parts {
		_, _ = w.Write([]byte(p.ID + " " + p.State + "\n"))
	}
}

func ready(parts []Part) bool {
	for _, p := range parts {
		if p.Blocking && p.State != "ready" {
			return false
		}
	}
	return true
}

// neverNull takes back huma's default that every list may be null: a list without items is written as [].
func neverNull(o *huma.OpenAPI) {
	plain := func(schema *huma.Schema) {
		for ; schema != nil && schema.Type == huma.TypeArray; schema = schema.Items {
			schema.Nullable = false
		}
	}
	for _, schema := range o.Components.Schemas.Map() {
		for _, property := range schema.Properties {
			plain(property)
		}
	}
	for _, path := range o.Paths {
		for _, operation := range []*huma.Operation{path.Get, path.Post, path.Put, path.Delete} {
			if operation == nil {
				continue
			}
			for _, p := range operation.Parameters {
				plain(p.Schema)
			}
		}
	}
}
