// Package app puts the workbench together (装配): the one place that knows every part, in which order they start
// and what is handed to whom.
//
// It owns no business: a part that needs another gets it as an option or a function here, in wire.go, and nowhere
// else. The page answers as soon as the casework store is open; the warehouse, the rules and the first load come
// up behind it, and the page shows how far they are.
//
// To add a part, open it in wire.go and give it a line among the parts in progress.go.
package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"fundwatch/access"
	"fundwatch/core"
	"fundwatch/internal/audit"
	"fundwatch/internal/conf"
	"fundwatch/internal/jobs"
	"fundwatch/internal/live"
	"fundwatch/internal/store"
	"fundwatch/warehouse/intake"
	"fundwatch/web"
	"fundwatch/web/ui"
)

// Options are what a program gives the workbench.
type Options struct {
	Config  conf.Config
	Logger  *slog.Logger     // default: silent
	Now     func() time.Time // default: the clock on the wall
	Version string
	Demo    bool        // a synthetic province is being shown
	Core    core.Client // default: Config.Core is dialled, none when it names no address
	Pages   fs.FS       // default: the page application in the binary
	Hash    access.HashConfig
}

// App is the workbench.
type App struct {
	cfg     conf.Config
	options Options
	log     *slog.Logger
	now     func() time.Time

	store  *store.DB
	audit  *audit.Log
	access *access.Service
	hub    *live.Hub
	queue  *jobs.Queue
	parts  *parts
	system *systemViews
	web    *web.Server
	http   *http.Server
	listen net.Listener

	stop    context.CancelFunc
	running sync.WaitGroup
	ready   chan struct{} // closed when the features answer, or can never
	mu      sync.Mutex
	works   *works
	failure error
}

// New opens what log-in needs and prepares the page. Nothing runs yet.
func New(ctx context.Context, o Options) (_ *App, err error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Pages == nil {
		o.Pages = ui.Files()
	}
	if err := o.Config.Validate(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Config.Data, 0o700); err != nil {
		return nil, fmt.Errorf("app: make the data folder: %w", err)
	}
	a := &App{cfg: o.Config, options: o, log: o.Logger, now: o.Now, parts: newParts(o.Now), ready: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.closeBase())
		}
	}()
	a.store, err = store.Open(ctx, store.Config{Path: o.Config.Path("store.db")}, store.Options{Now: o.Now, Logger: o.Logger})
	if err != nil {
		return nil, err
	}
	if a.audit, err = audit.Open(ctx, a.store, audit.Config{}, o.Logger); err != nil {
		return nil, err
	}
	a.access, err = access.New(access.Config{Idle: o.Config.Access.Idle, Absolute: o.Config.Access.Absolute, Hash: o.Hash},
		access.Options{Store: a.store, Audit: a.audit, Logger: o.Logger})
	if err != nil {
		return nil, err
	}
	a.system = newSystemViews(a.audit, o.Logger)
	a.hub = live.NewHub(a.store, live.HubConfig{}, o.Logger)
	a.queue = jobs.New(a.store, jobs.Config{}, o.Logger)
	a.parts.set("store", func(p *web.Part) { p.State, p.Note = "ready", "" })
	return a, a.makeWeb()
}

func (a *App) makeWeb() error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	proxies, err := prefixes(a.cfg.Web.Proxies)
	if err != nil {
		return err
	}
	scrapers, err := prefixes(a.cfg.Web.Scrapers)
	if err != nil {
		return err
	}
	a.web, err = web.New(web.Options{
		Store: a.store, Access: a.access, Audit: a.audit, Hub: a.hub, Pages: a.options.Pages, Logger: a.log, Now: a.now,
		Deadline: func(d time.Duration) time.Time { return time.Now().Add(d) },
		Metrics:  registry, Parts: a.standing, Version: a.options.Version, Demo: a.options.Demo,
		Secure: a.cfg.Web.Secure, PublicURL: a.cfg.Web.PublicURL, Proxies: proxies, Scrapers: scrapers,
		Clients: a.cfg.Web.Clients, Reveals: a.cfg.Access.Reveals,
	})
	if err != nil {
		return err
	}
	a.http = &http.Server{
		Handler: a.web.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute,
		// A long poll waits 25 seconds before it answers.
		WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
	return nil
}

func prefixes(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range list {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("app: %w", err)
		}
		out = append(out, p)
	}
	return out, nil
}

// Start listens and brings everything up behind the page. It returns as soon as the page answers.
func (a *App) Start(ctx context.Context) error {
	listen, err := new(net.ListenConfig).Listen(ctx, "tcp", a.cfg.Web.Address)
	if err != nil {
		return fmt.Errorf("app: listen on %s: %w", a.cfg.Web.Address, err)
	}
	a.listen = listen
	// What runs behind the page ends with Stop and not with the context that started it.
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop = stop
	a.running.Go(func() {
		if err := a.http.Serve(listen); err != nil && !errors.Is(err, http.ErrServerClosed) {
			a.log.ErrorContext(run, "page server ended", "error", err)
		}
	})
	a.background(run, "live events", a.hub.Run)
	a.background(run, "system views", a.system.run)
	a.background(run, "progress", func(ctx context.Context) error { return a.parts.tell(ctx, a.store) })
	a.background(run, "features", a.bringUp)
	return nil
}

// background runs f until the workbench stops and logs how it ended.
func (a *App) background(ctx context.Context, name string, f func(context.Context) error) {
	a.running.Go(func() {
		if err := f(ctx); err != nil && ctx.Err() == nil {
			a.log.ErrorContext(ctx, "stopped working", "part", name, "error", err)
		}
	})
}

// bringUp opens the warehouse and what stands on it, hands it to the page, and keeps it going.
func (a *App) bringUp(ctx context.Context) error {
	w, err := a.open(ctx)
	if err != nil {
		a.mu.Lock()
		a.failure = err
		a.mu.Unlock()
		close(a.ready)
		return err
	}
	a.mu.Lock()
	a.works = w
	a.mu.Unlock()
	a.web.Serve(w.features(a))
	close(a.ready)
	a.background(ctx, "jobs", a.queue.Run)
	a.background(ctx, "patrol", w.patrolWhenNudged)
	a.background(ctx, "inbox", func(ctx context.Context) error {
		return w.inbox.Watch(ctx, 3*time.Second, func(context.Context, intake.Import) { w.nudge() })
	})
	if w.follower != nil {
		a.background(ctx, "directives", func(ctx context.Context) error { return w.desk.RunPoll(ctx, a.cfg.Core.Every) })
		return w.follower.Run(ctx, a.cfg.Core.Every, w.level)
	}
	w.nudge()
	return nil
}

// standing is how the parts stand. Whether the core answers is the follower's to say, each time anew.
func (a *App) standing() []web.Part {
	a.mu.Lock()
	w := a.works
	a.mu.Unlock()
	all := a.parts.list()
	if w == nil || w.follower == nil {
		return all
	}
	status := w.follower.Core()
	for i := range all {
		if all[i].ID == "core" && status.State != intake.FeedOK && status.Attempts > 0 {
			all[i].State, all[i].Note = "failed", status.Message
		}
	}
	return all
}

// Ready waits until every route answers; it fails with the reason when that cannot be.
func (a *App) Ready(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-a.ready:
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.failure
}

// Addr is where the page listens, host:port; empty before Start.
func (a *App) Addr() string {
	if a.listen == nil {
		return ""
	}
	return a.listen.Addr().String()
}

// Access is the service of accounts, for programs that seed or mend them.
func (a *App) Access() *access.Service { return a.access }

// Web is the page server, for tests that hold its answers against its contract.
func (a *App) Web() *web.Server { return a.web }

// Stop lets running requests end until ctx does, then stops the parts in the opposite order of their start.
func (a *App) Stop(ctx context.Context) error {
	a.web.Close()
	var errs []error
	if a.listen != nil {
		if err := a.http.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("app: stop the page: %w", err), a.http.Close())
		}
	}
	if a.stop != nil {
		a.stop()
	}
	a.running.Wait()
	a.mu.Lock()
	works := a.works
	a.mu.Unlock()
	if works != nil {
		errs = append(errs, works.close())
	}
	return errors.Join(append(errs, a.closeBase())...)
}

func (a *App) closeBase() error {
	if a.store == nil {
		return nil
	}
	return a.store.Close()
}

// Run starts the workbench, waits for ctx to end, and stops it.
func (a *App) Run(ctx context.Context) error {
	if err := a.Start(ctx); err != nil {
		return errors.Join(err, a.Stop(ctx))
	}
	<-ctx.Done()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	return a.Stop(grace)
}
