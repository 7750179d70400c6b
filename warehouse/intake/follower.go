package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/warehouse"
)

// FollowerConfig says how patient the Follower is. A zero field takes its default.
type FollowerConfig struct {
	Dir       string        // folder for pages on their way; required
	Attempts  int           // tries of one page before its table is given up until the next round; default 6
	FirstWait time.Duration // wait after the first failure, doubled after each further one; default 1s
	LastWait  time.Duration // longest wait; default 1m
	Ahead     int           // tables that are downloaded at a time, beside the one that is loaded; default 2
}

func (c FollowerConfig) withDefaults() FollowerConfig {
	if c.Attempts <= 0 {
		c.Attempts = 6
	}
	if c.FirstWait <= 0 {
		c.FirstWait = time.Second
	}
	if c.LastWait <= 0 {
		c.LastWait = time.Minute
	}
	if c.Ahead <= 0 {
		c.Ahead = 2
	}
	return c
}

// Progress tells of a long round: what was loaded of how much, in one table and in all.
type Progress struct {
	Table    string `json:"table"`
	Name     string `json:"name"`
	Rows     int64  `json:"rows"` // of the table, in this round
	Of       int64  `json:"of"`
	AllRows  int64  `json:"allRows"`
	AllOf    int64  `json:"allOf"`
	AllBytes int64  `json:"allBytes"`
}

// FollowerOptions are what the Follower is given to work with.
type FollowerOptions struct {
	Core      core.Client
	Warehouse *warehouse.DB
	Logger    *slog.Logger
	Now       func() time.Time
	Progress  func(Progress)                  // after every load; may be nil
	Free      func(dir string) (int64, error) // free disk space; nil asks the system
}

// Follower pulls the change feeds of the business core into the warehouse.
type Follower struct {
	cfg  FollowerConfig
	opts FollowerOptions

	round sync.Mutex // one round at a time

	mu    sync.Mutex
	feeds map[string]*feed
	order []string
	reach CoreStatus
}

// CoreStatus says how the core as a whole is doing.
type CoreStatus struct {
	State    FeedState `json:"state"`
	Message  string    `json:"message"`
	Attempts int       `json:"attempts"` // failures in a row
	NextTry  time.Time `json:"nextTry,omitzero"`
	SeenAt   time.Time `json:"seenAt,omitzero"`  // last answer
	LevelAt  time.Time `json:"levelAt,omitzero"` // last time that every table was level with the core
}

// Summary says what one round did.
type Summary struct {
	Rows   int64    `json:"rows"` // changes loaded
	Bytes  int64    `json:"bytes"`
	Loads  int      `json:"loads"`
	Tables []string `json:"tables"` // that changed, in the contract's order
	Failed []string `json:"failed"` // that could not be brought level
	Level  bool     `json:"level"`  // every table holds what the core held when the round began
}

// NewFollower makes a Follower and clears away what an earlier one left half downloaded.
func NewFollower(c FollowerConfig, o FollowerOptions) (*Follower, error) {
	if o.Core == nil || o.Warehouse == nil || o.Logger == nil || o.Now == nil || c.Dir == "" {
		return nil, errors.New("intake: the Follower needs Dir, Core, Warehouse, Logger and Now")
	}
	if o.Free == nil {
		o.Free = freeSpace
	}
	tables, err := core.Tables()
	if err != nil {
		return nil, err
	}
	f := &Follower{cfg: c.withDefaults(), opts: o, feeds: map[string]*feed{}}
	for _, t := range tables {
		f.feeds[t.Code] = &feed{FeedStatus: FeedStatus{Table: t.Code, Name: t.Name, State: FeedOK, Message: "尚未同步"}}
		f.order = append(f.order, t.Code)
	}
	f.reach = CoreStatus{State: FeedOK, Message: "尚未联系业务系统"}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("intake: %w", err)
	}
	left, err := filepath.Glob(filepath.Join(c.Dir, "page-*.arrows"))
	if err != nil {
		return nil, fmt.Errorf("intake: %w", err)
	}
	for _, p := range left {
		if err := os.Remove(p); err != nil {
			return nil, fmt.Errorf("intake: %w", err)
		}
	}
	return f, nil
}

// Feeds lists the state of every table's feed, in the contract's order.
func (f *Follower) Feeds() []FeedStatus {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]FeedStatus, 0, len(f.order))
	for _, t := range f.order {
		out = append(out, f.feeds[t].status())
	}
	return out
}

// Core says how the core as a whole is doing.
func (f *Follower) Core() CoreStatus {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reach
}

// Once brings every table up to the heads that the core names at the beginning: one snapshot, so that what is loaded
// is the state of one moment. A table that fails does not hold up the others; it is named in the Summary, and the
// next round goes on where this one ended. The error is the reason when nothing could be done at all, or the join of
// the tables' reasons.
func (f *Follower) Once(ctx context.Context) (Summary, error) {
	f.round.Lock()
	defer f.round.Unlock()
	heads, err := f.askHeads(ctx)
	if err != nil {
		return Summary{}, err
	}
	todo, err := f.plan(ctx, heads)
	if err != nil {
		return Summary{}, err
	}
	r := newRound(f, todo)
	err = r.run(ctx)
	f.settle(r)
	return r.sum, err
}

// Run follows the core until ctx ends: a round every so often, and sooner again after a failure. onLevel is called
// after each round that brought every table level, when it changed something or the call before failed, and always
// after the first.
func (f *Follower) Run(ctx context.Context, every time.Duration, onLevel func(context.Context, Summary) error) error {
	owed := true // rows that onLevel has not been told of
	for failures := 0; ; {
		sum, err := f.Once(ctx)
		wait := every
		owed = owed || sum.Rows > 0
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			failures++
			wait = min(f.wait(failures), every)
			f.opts.Logger.WarnContext(ctx, "following the core failed", "error", err, "wait", wait)
		case sum.Level && owed:
			failures = 0
			if err := onLevel(ctx, sum); err != nil {
				f.opts.Logger.ErrorContext(ctx, "work after a level round failed, repeating it after the next", "error", err)
			} else {
				owed = false
			}
		default:
			failures = 0
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// askHeads asks the core where its feeds stand, with patience.
func (f *Follower) askHeads(ctx context.Context) ([]core.Feed, error) {
	for n := 1; ; n++ {
		heads, err := f.opts.Core.Feeds(ctx)
		if err == nil {
			f.mu.Lock()
			f.reach.State, f.reach.Message = FeedOK, "连接正常"
			f.reach.Attempts, f.reach.NextTry, f.reach.SeenAt = 0, time.Time{}, f.opts.Now()
			f.mu.Unlock()
			return heads, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		wait, again := f.wait(n), worthRetrying(err) && n < f.cfg.Attempts
		f.mu.Lock()
		f.reach.Attempts++
		f.reach.State, f.reach.NextTry = FeedFailed, time.Time{}
		f.reach.Message = "业务系统暂不可用，下一轮再试：" + fundwatch.MessageOf(err)
		if again {
			f.reach.State, f.reach.NextTry = FeedRetrying, f.opts.Now().Add(wait)
			f.reach.Message = fmt.Sprintf("业务系统暂不可用，已试 %d 次，稍后重试：%s", n, fundwatch.MessageOf(err))
		}
		f.mu.Unlock()
		if !again {
			return nil, fmt.Errorf("intake: ask the core for its heads: %w", err)
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// plan compares the heads with the ledger and lists the tables that lag.
func (f *Follower) plan(ctx context.Context, heads []core.Feed) ([]*feed, error) {
	byTable := map[string]core.Feed{}
	for _, h := range heads {
		if f.feeds[h.Table] == nil {
			f.opts.Logger.WarnContext(ctx, "the core offers a table that the contract does not have", "table", h.Table)
			continue
		}
		byTable[h.Table] = h
	}
	var todo []*feed
	for _, code := range f.order {
		fd := f.feeds[code]
		f.mu.Lock()
		fresh := *fd
		f.mu.Unlock()
		if err := fresh.recall(ctx, f.opts.Warehouse); err != nil {
			return nil, fmt.Errorf("intake: read the ledger of %s: %w", code, err)
		}
		h, offered := byTable[code]
		fresh.Head, fresh.CoreRows = h.Head, h.Rows
		fresh.Behind = max(h.Rows-fresh.Rows, 0)
		fresh.level = !offered || h.Head == fresh.Cursor
		if !offered {
			fresh.State, fresh.Message, fresh.Attempts = FeedOK, "业务系统不提供此表，由名单文件导入", 0
		}
		f.mu.Lock()
		*fd = fresh
		f.mu.Unlock()
		switch {
		case !fresh.level:
			todo = append(todo, fd)
		case offered:
			f.reconcile(fd)
		}
	}
	return todo, nil
}

// reconcile compares a level table's total with the core's.
func (f *Follower) reconcile(fd *feed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fd.level, fd.Attempts, fd.NextTry, fd.Behind = true, 0, time.Time{}, 0
	fd.Difference = fd.Rows - fd.CoreRows
	fd.State, fd.Message = FeedOK, "已与业务系统一致"
	if fd.Difference != 0 {
		fd.State = FeedFailed
		fd.Message = fmt.Sprintf("与业务系统条数不符：业务系统 %d 条，已装载 %d 条，相差 %d 条；请联系业务系统核对后重建仓库",
			fd.CoreRows, fd.Rows, fd.Difference)
	}
}

// settle closes a round: what is level, what failed.
func (f *Follower) settle(r *round) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &r.sum
	s.Level = true
	for _, code := range f.order {
		if r.rows[code] > 0 {
			s.Tables = append(s.Tables, code)
		}
		if fd := f.feeds[code]; !fd.level || fd.State == FeedFailed {
			s.Level = false
			s.Failed = append(s.Failed, code)
		}
	}
	if s.Level {
		f.reach.LevelAt = f.opts.Now()
	}
}

// wait is the pause after the n-th failure in a row. Half of it is left to chance, so that several followers that
// lost the core together do not come back together.
func (f *Follower) wait(n int) time.Duration {
	w := f.cfg.LastWait
	if n < 20 {
		w = min(f.cfg.FirstWait<<(n-1), f.cfg.LastWait)
	}
	return w/2 + rand.N(w/2+1) //nolint:gosec // chance spreads load here, it keeps no secret
}

// worthRetrying tells faults that pass from those that do not. A core that answers garbage may be in the middle of a
// restart, so only a clear refusal is final.
func worthRetrying(err error) bool {
	switch fundwatch.CodeOf(err) {
	case fundwatch.Denied, fundwatch.NotFound, fundwatch.Invalid, fundwatch.Conflict:
		return false
	default:
		return true
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
