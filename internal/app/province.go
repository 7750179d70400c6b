package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/core/refcore"
	"fundwatch/core/synth"
)

// ProvinceOptions say which synthetic province to show and how fast its days go by.
type ProvinceOptions struct {
	Dir      string // holds the province and the reference core's directives
	Seed     uint64
	Persons  int
	DayEvery time.Duration // 0: days go by only when NextDay is called
	Answers  time.Duration // agencies answer after so long even when no day goes by; 0: only with the days
	Logger   *slog.Logger  // default: silent
	Progress func(step string, done, total int64)
}

// Province is a synthetic province behind its reference core, which answers over real HTTP on a loopback port: the
// workbench reaches it as it would reach a core in another building.
type Province struct {
	URL   string
	Token string

	dir      string
	province *synth.Province
	server   *refcore.Server
	http     *http.Server
	stop     context.CancelFunc
	running  sync.WaitGroup
}

// OpenProvince makes the province unless it is there, and starts its core. One made with other options is refused:
// what the workbench has loaded from it would no longer fit.
func OpenProvince(ctx context.Context, o ProvinceOptions) (_ *Province, err error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	dir := filepath.Join(o.Dir, "province")
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		if err := os.MkdirAll(o.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("app: make the data folder: %w", err)
		}
		err := synth.Make(ctx, synth.Options{Dir: dir, Seed: o.Seed, Persons: o.Persons, Through: historyEnd(), Progress: o.Progress})
		if err != nil {
			return nil, err
		}
	}
	p := &Province{Token: rand.Text(), dir: dir}
	if p.province, err = synth.Open(dir); err != nil {
		return nil, err
	}
	p.server, err = refcore.New(refcore.Options{
		Province: p.province, Dir: filepath.Join(o.Dir, "refcore"), Tokens: []string{p.Token}, DayEvery: o.DayEvery,
		Conduct: refcore.Conduct{Seed: o.Seed, After: o.Answers}, Now: time.Now, Logger: o.Logger,
	})
	if err != nil {
		return nil, err
	}
	listen, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("app: listen for the reference core: %w", err), p.server.Close())
	}
	p.URL = "http://" + listen.Addr().String()
	p.http = &http.Server{Handler: p.server, ReadHeaderTimeout: 10 * time.Second}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	p.stop = stop
	p.running.Go(func() {
		if err := p.http.Serve(listen); !errors.Is(err, http.ErrServerClosed) {
			o.Logger.ErrorContext(run, "reference core ended", "error", err)
		}
	})
	p.running.Go(func() {
		if err := p.server.Run(run); err != nil {
			o.Logger.ErrorContext(run, "days of the province ended", "error", err)
		}
	})
	return p, nil
}

// historyEnd is the last day of a province's history; its live days begin on the next.
func historyEnd() time.Time { return time.Date(2026, 10, 31, 0, 0, 0, 0, fundwatch.Shanghai()) }

// NextDay plays the next business day.
func (p *Province) NextDay(ctx context.Context) error {
	_, err := p.server.NextDay(ctx)
	return err
}

// Today is the province's last business day.
func (p *Province) Today() time.Time { return p.province.Today() }

// Truth is what really happened, as far as it is visible. The workbench never asks.
func (p *Province) Truth() ([]synth.Truth, error) { return synth.ReadTruth(p.dir) }

// Client is a client of the province's core.
func (p *Province) Client(logger *slog.Logger) (core.Client, error) {
	return core.Dial(core.Config{BaseURL: p.URL, Token: p.Token}, core.Options{Now: time.Now, Logger: logger})
}

// Close stops the core. The province stays as its last day left it.
func (p *Province) Close(ctx context.Context) error {
	p.stop()
	err := p.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, p.http.Close())
	}
	p.running.Wait()
	return errors.Join(err, p.server.Close())
}

// Truth reads what really happened in the province of a data folder.
func Truth(data string) ([]synth.Truth, error) {
	truth, err := synth.ReadTruth(filepath.Join(data, "province"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fundwatch.FieldErrorf("data", "数据目录 %s 中没有合成省份，评估只适用于演示数据", data)
	}
	return truth, err
}
