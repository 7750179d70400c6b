package app

import (
	"context"
	"slices"
	"sync"
	"time"

	"fundwatch"
	"fundwatch/internal/audit"
	"fundwatch/internal/live"
	"fundwatch/internal/store"
	"fundwatch/web"

	"log/slog"
)

// parts is how the parts of the workbench stand. The page shows it from the first second on.
type parts struct {
	now func() time.Time

	mu    sync.Mutex
	all   []web.Part
	moved chan struct{}
}

func newParts(now func() time.Time) *parts {
	part := func(id, title string, blocking bool) web.Part {
		return web.Part{ID: id, Title: title, State: "starting", Note: "等待启动", Blocking: blocking}
	}
	p := &parts{now: now, moved: make(chan struct{}, 1), all: []web.Part{
		part("store", "工作库", true), part("warehouse", "数据仓库", true), part("core", "业务系统", false),
		part("intake", "数据接入", true), part("patrol", "规则巡查", true),
	}}
	return p
}

// set changes one part and notes since when it is in its state.
func (p *parts) set(id string, change func(*web.Part)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.all, func(x web.Part) bool { return x.ID == id })
	before := p.all[i].State
	change(&p.all[i])
	if p.all[i].State != before || p.all[i].Since == nil {
		at := p.now().In(fundwatch.Shanghai())
		p.all[i].Since = &at
	}
	select {
	case p.moved <- struct{}{}:
	default:
	}
}

func (p *parts) list() []web.Part {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.all)
}

// tell sends what changed to open pages, at most once a second.
func (p *parts) tell(ctx context.Context, db *store.DB) error {
	pause := time.NewTicker(time.Second)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.moved:
		}
		err := db.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			_, err := live.Append(ctx, tx, live.Item{Topic: "progress", Key: "parts", Data: p.list()})
			return err
		})
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-pause.C:
		}
	}
}

// systemViews enters unscoped reads of the warehouse in the audit chain. The warehouse tells of them wherever they
// happen, also inside a transaction of the store, so they are written from here and not on the spot.
type systemViews struct {
	audit   *audit.Log
	log     *slog.Logger
	reasons chan string
}

func newSystemViews(l *audit.Log, log *slog.Logger) *systemViews {
	return &systemViews{audit: l, log: log, reasons: make(chan string, 256)}
}

// note takes a reason; it never waits.
func (v *systemViews) note(reason string) {
	select {
	case v.reasons <- reason:
	default:
		v.log.Warn("system view not entered in the audit chain: too many at once", "reason", reason)
	}
}

// run writes the reasons, each at most once a minute: a round reads hundreds of times for one and the same.
func (v *systemViews) run(ctx context.Context) error {
	minute := time.NewTicker(time.Minute)
	defer minute.Stop()
	seen := map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-minute.C:
			clear(seen)
		case reason := <-v.reasons:
			if seen[reason] {
				continue
			}
			seen[reason] = true
			e := audit.Entry{Actor: fundwatch.Actor{ID: "system", Name: "系统"}, Action: "system.view", Reason: reason}
			if err := v.audit.Record(ctx, e); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}
