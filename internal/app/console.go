package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"fundwatch"
	"fundwatch/access"
	"fundwatch/core/synth"
	"fundwatch/internal/audit"
	"fundwatch/patrol"
	"fundwatch/warehouse"
	"fundwatch/warehouse/intake"
	"fundwatch/warehouse/intake/check"
)

// Console is the workbench without its page, for commands: open, do one thing, close.
type Console struct {
	app   *App
	works *works
	stop  context.CancelFunc
}

// OpenConsole opens every part. It fails when another process has the data folder open.
func OpenConsole(ctx context.Context, o Options) (*Console, error) {
	a, err := New(ctx, o)
	if err != nil {
		return nil, err
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.background(run, "system views", a.system.run)
	c := &Console{app: a, stop: stop}
	if c.works, err = a.open(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Close closes what was opened.
func (c *Console) Close() error {
	c.stop()
	c.app.running.Wait()
	return errors.Join(c.works.close(), c.app.closeBase())
}

// operator is who acts at the server's own console.
func operator() fundwatch.Actor { return fundwatch.Actor{ID: "console", Name: "console"} }

// Level brings the warehouse level with the core.
func (c *Console) Level(ctx context.Context) (intake.Summary, error) {
	if c.works.follower == nil {
		return intake.Summary{}, fundwatch.FieldErrorf("core.url", "未配置业务系统地址，请在配置文件中填写 core.url")
	}
	return c.works.follower.Once(ctx)
}

// Full runs a full round.
func (c *Console) Full(ctx context.Context) (patrol.Round, error) { return c.works.patrol.Full(ctx) }

// Delta runs a delta round.
func (c *Console) Delta(ctx context.Context) (patrol.Round, error) { return c.works.patrol.Delta(ctx) }

// Check runs every check point.
func (c *Console) Check(ctx context.Context) (check.Run, []check.PointStatus, error) {
	run, err := c.works.checks.RunChecks(ctx)
	if err != nil {
		return run, nil, err
	}
	status, err := c.works.checks.Status(ctx)
	return run, status, err
}

// Load imports a file into a table, whole or not at all, and lets the rules look at what came.
func (c *Console) Load(ctx context.Context, table, name string, body io.Reader, mode intake.Mode) (intake.Import, error) {
	done, err := c.works.files.Import(ctx, operator(), intake.Request{Table: table, Name: name, Body: body, Mode: mode})
	if err != nil || done.LoadSeq == 0 {
		return done, err
	}
	return done, c.works.judge(ctx)
}

// Evaluate compares the alerts with what really happened.
func (c *Console) Evaluate(ctx context.Context, truth []synth.Truth) (Report, error) {
	return c.works.evaluate(ctx, truth)
}

// Tables lists the tables of the warehouse with their hashes; without hashes when hashed is false.
func (c *Console) Tables(ctx context.Context, hashed bool) ([]TableLine, error) {
	status, err := c.works.warehouse.Tables(ctx)
	if err != nil {
		return nil, err
	}
	hashes := map[string]string{}
	if hashed {
		if hashes, err = c.works.warehouse.ContentHashes(ctx); err != nil {
			return nil, err
		}
	}
	out := make([]TableLine, 0, len(status))
	for _, t := range status {
		out = append(out, TableLine{Table: t.Table, Name: t.Name, Rows: t.Rows, LoadSeq: t.LoadSeq, Loads: t.Loads,
			Hash: hashes["facts."+t.Table], History: hashes["history."+t.Table]})
	}
	return out, nil
}

// TableLine is one table of the warehouse.
type TableLine struct {
	Table   string `json:"table"`
	Name    string `json:"name"`
	Rows    int64  `json:"rows"`
	LoadSeq int64  `json:"loadSeq"`
	Loads   int64  `json:"loads"`
	Hash    string `json:"hash,omitempty"`    // of the current rows
	History string `json:"history,omitempty"` // of the versions they replaced
}

// Base is the workbench without its warehouse: accounts and audit. It may be opened beside a running server.
type Base struct{ app *App }

// OpenBase opens accounts and audit.
func OpenBase(ctx context.Context, o Options) (*Base, error) {
	if _, err := os.Stat(o.Config.Data); errors.Is(err, os.ErrNotExist) {
		return nil, fundwatch.FieldErrorf("data", "数据目录 %s 不存在，请检查 --data、配置项 data 或环境变量 FUNDWATCH_DATA", o.Config.Data)
	}
	a, err := New(ctx, o)
	if err != nil {
		return nil, err
	}
	return &Base{a}, nil
}

// App is the workbench underneath.
func (b *Base) App() *App { return b.app }

// AddUser makes an account with a one-time link for its password. Roles and scope are proposed and confirmed by two
// administrators on the page, also for an account that was made here.
func (b *Base) AddUser(ctx context.Context, u access.NewUser) (access.Link, error) {
	actor := operator()
	actor.Roles = []string{access.SysAdmin}
	_, link, err := b.app.access.CreateUser(ctx, actor, u)
	return link, err
}

// Users lists the accounts. Whoever reads the data folder can read the store, so the console sees what a system
// administrator sees.
func (b *Base) Users(ctx context.Context) ([]access.Account, error) {
	actor := operator()
	actor.Roles = []string{access.SysAdmin}
	accounts, _, err := b.app.access.Users(ctx, actor, access.UserFilter{Limit: 200})
	return accounts, err
}

// Verify checks the audit chain.
func (b *Base) Verify(ctx context.Context) (audit.Report, error) { return b.app.audit.Verify(ctx) }

// Close closes what was opened.
func (b *Base) Close() error { return b.app.closeBase() }

// HeadlessOptions say what a run without a page plays.
type HeadlessOptions struct {
	Options
	Province ProvinceOptions
	Days     int
	// Handle has a scripted supervisor take every alert through review, dispatch and confirmation each day.
	Handle bool
	// Step is told what goes on; it may be nil.
	Step func(format string, args ...any)
}

// Headless makes a province, loads it, judges it, plays the days one by one with intake and a delta round after
// each, and compares the alerts with the truth. Cut short and run again over the same data, it goes on where it was.
func Headless(ctx context.Context, o HeadlessOptions) (_ Report, err error) {
	if o.Step == nil {
		o.Step = func(string, ...any) {}
	}
	p, err := OpenProvince(ctx, o.Province)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, p.Close(ctx)) }()
	o.Config.Core.URL, o.Config.Core.Token = p.URL, p.Token
	c, err := OpenConsole(ctx, o.Options)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	day := func() error {
		if err := c.day(ctx, o.Step, p); err != nil || !o.Handle {
			return err
		}
		return c.script().handle(ctx)
	}
	if err := day(); err != nil {
		return Report{}, err
	}
	for last := historyEnd().AddDate(0, 0, o.Days); p.Today().Before(last); {
		if err := p.NextDay(ctx); err != nil {
			return Report{}, fmt.Errorf("app: after %s: %w", p.Today().Format(time.DateOnly), err)
		}
		if err := day(); err != nil {
			return Report{}, fmt.Errorf("app: %s: %w", p.Today().Format(time.DateOnly), err)
		}
	}
	truth, err := p.Truth()
	if err != nil {
		return Report{}, err
	}
	return c.Evaluate(ctx, truth)
}

// day loads what the core has and judges it.
func (c *Console) day(ctx context.Context, step func(string, ...any), p *Province) error {
	begin := c.app.now()
	sum, err := c.Level(ctx)
	if err != nil {
		return err
	}
	loaded := c.app.now()
	_, rounds, err := c.works.patrol.Rounds(ctx, 1, 0)
	if err != nil {
		return err
	}
	run := c.Delta
	if rounds == 0 {
		run = c.Full
	}
	r, err := run(ctx)
	if err != nil {
		return err
	}
	step("%s  接入 %d 行（%.1f 秒），巡查 %d 条疑点，新增 %d，消除 %d（%.1f 秒）", p.Today().Format("2006-01-02"), sum.Rows,
		loaded.Sub(begin).Seconds(), r.Findings, r.Appeared, r.Gone, c.app.now().Sub(loaded).Seconds())
	if r.State != patrol.RoundDone {
		return fmt.Errorf("app: round %d ended %s: %s", r.ID, r.State, faultsOf(r))
	}
	return nil
}

func faultsOf(r patrol.Round) string {
	text := r.Fault
	for _, run := range r.Runs {
		if run.Fault != "" {
			text += " " + run.Rule + ": " + run.Fault
		}
	}
	return text
}

// Rebuild makes the warehouse of a data folder again from its landing files. Nothing else may have it open.
func Rebuild(ctx context.Context, o Options) error {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	c := o.Config
	return warehouse.Rebuild(ctx, warehouse.Config{Dir: c.Path("warehouse"), Memory: c.Warehouse.Memory, Threads: c.Warehouse.Threads},
		warehouse.Options{Logger: o.Logger, Now: time.Now})
}
