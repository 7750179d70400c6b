package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/dashboards"
	"fundwatch/internal/audit"
	"fundwatch/internal/jobs"
	"fundwatch/internal/live"
	"fundwatch/internal/store"
	"fundwatch/patrol"
	"fundwatch/supervision"
	"fundwatch/warehouse"
	"fundwatch/warehouse/intake"
	"fundwatch/warehouse/intake/check"
	"fundwatch/web"
)

// The kinds of background work that the workbench itself adds.
const (
	jobFull   = "patrol.full"
	jobChecks = "checks.run"
)

// works is the warehouse and all that stands on it.
type works struct {
	app       *App
	warehouse *warehouse.DB
	core      core.Client
	follower  *intake.Follower
	files     *intake.Files
	inbox     *intake.Inbox
	checks    *check.Service
	patrol    *patrol.Patrol
	desk      *supervision.Desk
	reveals   *supervision.Revealer
	boards    *dashboards.Boards
	nudged    chan struct{}

	mu   sync.Mutex
	mark mark
}

// mark is how far the warehouse was when it was last looked at.
type mark struct {
	seq  int64
	asOf time.Time
}

// open opens the parts from the warehouse up. What was opened is closed again when a later part fails.
func (a *App) open(ctx context.Context) (_ *works, err error) {
	w := &works{app: a, nudged: make(chan struct{}, 1)}
	at := "warehouse"
	defer func() {
		if err == nil {
			return
		}
		a.parts.set(at, func(p *web.Part) { p.State, p.Note = "failed", fundwatch.MessageOf(err) })
		err = errors.Join(err, w.close())
	}()
	begin := func(part, note string) {
		at = part
		a.parts.set(part, func(p *web.Part) { p.State, p.Note = "working", note })
	}
	begin("warehouse", "正在打开数据仓库，上次未正常关闭时会从落地文件恢复")
	w.warehouse, err = warehouse.Open(ctx, a.warehouseConfig(), warehouse.Options{
		Logger: a.log, Now: a.now, OnSystemView: a.system.note,
	})
	if err != nil {
		return w, err
	}
	a.parts.set("warehouse", func(p *web.Part) { p.State, p.Note = "ready", "" })
	begin("core", "正在连接业务系统")
	if err := w.openCore(); err != nil {
		return w, err
	}
	begin("intake", "正在准备数据接入")
	if err := w.openIntake(ctx); err != nil {
		return w, err
	}
	begin("patrol", "正在核对规则库")
	if err := w.openPatrol(ctx); err != nil {
		return w, err
	}
	if err := w.openBoards(); err != nil {
		return w, err
	}
	return w, w.registerJobs()
}

func (a *App) warehouseConfig() warehouse.Config {
	return warehouse.Config{Dir: a.cfg.Path("warehouse"), Memory: a.cfg.Warehouse.Memory, Threads: a.cfg.Warehouse.Threads}
}

// openCore dials the business core. It is not asked yet: a core that cannot be reached must not keep the pages from
// showing what is there.
func (w *works) openCore() error {
	a := w.app
	w.core = a.options.Core
	if w.core == nil && a.cfg.Core.URL != "" {
		client, err := core.Dial(core.Config{BaseURL: a.cfg.Core.URL, Token: a.cfg.Core.Token, Timeout: a.cfg.Core.Timeout, Plain: a.cfg.Core.Plain},
			core.Options{Now: a.now, Logger: a.log})
		if err != nil {
			return err
		}
		w.core = client
	}
	a.parts.set("core", func(p *web.Part) {
		p.State, p.Note = "ready", ""
		if w.core == nil {
			p.Note = "未配置业务系统，数据只能由文件入库"
		}
	})
	return nil
}

func (w *works) openIntake(ctx context.Context) (err error) {
	a := w.app
	if w.core != nil {
		w.follower, err = intake.NewFollower(intake.FollowerConfig{Dir: a.cfg.Path("incoming")}, intake.FollowerOptions{
			Core: w.core, Warehouse: w.warehouse, Logger: a.log, Now: a.now, Progress: w.loading,
		})
		if err != nil {
			return err
		}
	}
	w.files, err = intake.NewFiles(ctx, intake.FilesConfig{Dir: a.cfg.Path("uploads")}, intake.FilesOptions{
		Warehouse: w.warehouse, Store: a.store, Audit: a.audit, Logger: a.log, Now: a.now,
	})
	if err != nil {
		return err
	}
	// Whoever can write to the data folder acts at the server's own console.
	w.inbox, err = intake.NewInbox(intake.InboxConfig{Dir: a.cfg.Path("inbox")}, w.files, operator())
	if err != nil {
		return err
	}
	w.checks, err = check.New(ctx, check.Options{
		Warehouse: w.warehouse, Store: a.store, Audit: a.audit, Points: intake.Checks(), Logger: a.log, Now: a.now,
	})
	if err != nil {
		return err
	}
	a.parts.set("intake", func(p *web.Part) {
		p.State, p.Note = "ready", ""
		if w.follower != nil && w.warehouse.LoadSeq() == 0 {
			p.State, p.Note = "working", "正在首次接入业务数据"
		}
	})
	return nil
}

func (w *works) openPatrol(ctx context.Context) error {
	a := w.app
	book, err := patrol.Load(patrol.Builtin())
	if err != nil {
		return err
	}
	w.desk, err = supervision.New(supervision.Options{
		Store: a.store, Audit: a.audit, Core: w.core, Now: a.now, Today: w.today, Logger: a.log,
		Rows: func(ctx context.Context, key string) ([]string, error) { return w.patrol.EvidenceRows(ctx, key) },
	})
	if err != nil {
		return err
	}
	w.patrol, err = patrol.New(ctx, patrol.Config{}, patrol.Options{
		Warehouse: w.warehouse, Store: a.store, Rulebook: book, Now: a.now, Logger: a.log, Sink: w.desk.Raise,
		Progress: w.judging,
	})
	if err != nil {
		return err
	}
	w.reveals, err = supervision.NewRevealer(supervision.RevealOptions{
		Desk: w.desk, Patrol: w.patrol, Warehouse: w.warehouse, PerDay: a.cfg.Access.Reveals,
	})
	if err != nil {
		return err
	}
	a.parts.set("patrol", func(p *web.Part) { p.State, p.Note = "ready", "" })
	return nil
}

func (w *works) openBoards() (err error) {
	w.boards, err = dashboards.New(dashboards.Options{
		Alerts: w.alertFigures,
		AlertSeq: func(ctx context.Context) (int64, error) {
			_, seq, err := live.Bounds(ctx, w.app.store.Read(), supervision.Topic)
			return seq, err
		},
		Rounds: func(ctx context.Context) (int64, error) {
			_, n, err := w.patrol.Rounds(ctx, 1, 0)
			return n, err
		},
		Facts: func(a fundwatch.Actor) dashboards.Facts { return w.warehouse.View(a) },
		Mark:  w.where, Now: w.app.now,
	})
	return err
}

// registerJobs gives the queue every kind of work and its timetable.
func (w *works) registerJobs() error {
	a := w.app
	if err := w.desk.Register(a.queue); err != nil {
		return err
	}
	err := jobs.Register(a.queue, jobFull, jobs.KindOptions{Exclusive: true}, func(ctx context.Context, _ *jobs.Task, _ struct{}) error {
		return w.round(ctx, w.patrol.Full)
	})
	if err != nil {
		return err
	}
	err = jobs.Register(a.queue, jobChecks, jobs.KindOptions{Exclusive: true}, func(ctx context.Context, _ *jobs.Task, _ struct{}) error {
		_, err := w.checks.RunChecks(ctx)
		return err
	})
	if err != nil {
		return err
	}
	for kind, cron := range map[string]string{jobFull: a.cfg.Patrol.Full, jobChecks: a.cfg.Checks.At} {
		if cron == "" {
			continue
		}
		if err := a.queue.Schedule(jobs.Schedule{Name: kind, Cron: cron, Kind: kind, Args: struct{}{}}); err != nil {
			return err
		}
	}
	return nil
}

// enqueue starts work in the background for a person. While one of the kind waits or runs there is no second.
func (w *works) enqueue(ctx context.Context, actor fundwatch.Actor, kind string) (jobs.Info, error) {
	for _, state := range []jobs.State{jobs.Running, jobs.Ready} {
		open, _, err := jobs.List(ctx, w.app.store, jobs.Filter{Kind: kind, State: state, Limit: 1})
		if err != nil {
			return jobs.Info{}, err
		}
		if len(open) > 0 {
			return open[0], nil
		}
	}
	key := store.NewID()
	err := w.app.store.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if _, err := jobs.Enqueue(ctx, tx, jobs.Job{Kind: kind, Key: key, Args: struct{}{}, MaxAttempts: 3}); err != nil {
			return err
		}
		return w.app.audit.Append(ctx, tx, audit.Entry{Actor: actor, Action: kind, Object: "job:" + key})
	})
	if err != nil {
		return jobs.Info{}, err
	}
	return jobs.Find(ctx, w.app.store, kind, key)
}

func (w *works) features(a *App) web.Features {
	return web.Features{
		Warehouse: w.warehouse, Follower: w.follower, Files: w.files, Checks: w.checks, Patrol: w.patrol, Desk: w.desk,
		Reveals: w.reveals, Boards: w.boards, Mark: w.where, Enqueue: w.enqueue, Loaded: w.nudge,
	}
}

func (w *works) close() error {
	if w == nil || w.warehouse == nil {
		return nil
	}
	if err := w.warehouse.Close(); err != nil {
		return fmt.Errorf("app: close the warehouse: %w", err)
	}
	return nil
}
