//go:build duckdb_arrow

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"fundwatch/internal/app"
	"fundwatch/internal/conf"
)

const (
	listUsers   = 50
	listAsks    = 40
	fanClients  = 1000
	fanEvents   = 60
	fanDistance = 100 * time.Millisecond
)

// desk is a signed-in supervisor.
type desk struct {
	base   string
	cookie string
	client *http.Client
}

// serve starts the whole workbench over the warehouse that the parts before have filled.
func (b *bench) serve(ctx context.Context) (*desk, error) {
	if b.desk != nil {
		return b.desk, nil
	}
	if err := b.db.Close(); err != nil {
		return nil, err
	}
	cfg := conf.Default()
	cfg.Data, cfg.Web.Address, cfg.Patrol.Full, cfg.Checks.At = b.dir, "127.0.0.1:0", "", ""
	cfg.Core.URL, cfg.Core.Token, cfg.Core.Every = b.coreURL, token, time.Second
	a, err := app.New(ctx, app.Options{Config: cfg, Logger: b.log, Now: time.Now, Demo: true})
	if err != nil {
		return nil, err
	}
	accounts, err := a.Access().SeedDemo(ctx)
	if err != nil {
		return nil, errors.Join(err, a.Stop(ctx))
	}
	if err := a.Start(ctx); err != nil {
		return nil, errors.Join(err, a.Stop(ctx))
	}
	b.cleanup = append(b.cleanup, func() {
		stop, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		_ = a.Stop(stop)
	})
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	d := &desk{base: "http://" + a.Addr() + "/api/v1", client: &http.Client{
		Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 2 * listUsers},
	}}
	for _, account := range accounts {
		if account.Role == "supervisor" && account.Region == "贵州省" {
			if err := d.login(ctx, account.Login, account.Password); err != nil {
				return nil, err
			}
			b.desk = d
			return d, b.awaitAlerts(ctx, d)
		}
	}
	return nil, errors.New("bench: the demo has no supervisor of the province")
}

// awaitAlerts waits until the first round has raised its alerts.
func (b *bench) awaitAlerts(ctx context.Context, d *desk) error {
	b.step("waiting for the workbench to judge the province")
	for {
		list, err := d.alerts(ctx)
		if err != nil {
			return err
		}
		if list.Total > 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

func (d *desk) login(ctx context.Context, name, password string) error {
	res, err := d.do(ctx, http.MethodPost, "/session", map[string]string{"login": name, "password": password})
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	for _, c := range res.Cookies() {
		d.cookie = c.Name + "=" + c.Value
	}
	if d.cookie == "" {
		return fmt.Errorf("bench: log-in answered %s without a session", res.Status)
	}
	return nil
}

func (d *desk) do(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
		reader = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, d.base+path, reader)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Fundwatch", "1")
	req.Header.Set("Cookie", d.cookie)
	res, err := d.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	if res.StatusCode >= http.StatusBadRequest {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 2000))
		_ = res.Body.Close()
		return nil, fmt.Errorf("bench: %s %s: %s: %s", method, path, res.Status, text)
	}
	return res, nil
}

type alertList struct {
	Total int64 `json:"total"`
	Items []struct {
		ID  string `json:"id"`
		Rev int64  `json:"rev"`
	} `json:"items"`
}

func (d *desk) alerts(ctx context.Context) (alertList, error) {
	var out alertList
	res, err := d.do(ctx, http.MethodGet, "/alerts?size=100&state=new", nil)
	if err != nil {
		return out, err
	}
	defer func() { _ = res.Body.Close() }()
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		return out, fmt.Errorf("bench: list of alerts: %w", err)
	}
	return out, nil
}

// list has fifty supervisors turn the pages of the alert list without pause.
func (b *bench) list(ctx context.Context) ([]Row, error) {
	d, err := b.serve(ctx)
	if err != nil {
		return nil, err
	}
	b.step("%d supervisors at the alert list", listUsers)
	var (
		mu    sync.Mutex
		took  []time.Duration
		fault error
		wg    sync.WaitGroup
	)
	for user := range listUsers {
		wg.Go(func() {
			for ask := range listAsks {
				start := time.Now()
				err := d.read(ctx, fmt.Sprintf("/alerts?size=50&page=%d", 1+(user+ask)%3))
				spent := time.Since(start)
				mu.Lock()
				took, fault = append(took, spent), errors.Join(fault, err)
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	if fault != nil {
		return nil, fault
	}
	mean := time.Duration(0)
	for _, t := range took {
		mean += t
	}
	mean /= time.Duration(len(took))
	peak := percentile(took, 1)
	return []Row{
		atMost("P10a", fmt.Sprintf("alert list, %d users without pause, mean in seconds (N1)", listUsers), mean.Seconds(), 1,
			fmt.Sprintf("p50 %s, p95 %s", percentile(took, 0.5).Round(time.Millisecond), percentile(took, 0.95).Round(time.Millisecond))),
		atMost("P10b", "the same, slowest answer in seconds (N1)", peak.Seconds(), 2, fmt.Sprintf("%d answers", len(took))),
	}, nil
}

func (d *desk) read(ctx context.Context, path string) error {
	res, err := d.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

// fanout reviews alerts while a thousand desks follow the live socket, and measures from the request to the event on
// each desk.
func (b *bench) fanout(ctx context.Context) ([]Row, error) {
	d, err := b.serve(ctx)
	if err != nil {
		return nil, err
	}
	b.step("%d desks on the live socket", fanClients)
	arrived := make(chan time.Time, fanClients*fanEvents)
	for range fanClients {
		conn, err := d.follow(ctx)
		if err != nil {
			return nil, err
		}
		defer func() { _ = conn.Close() }()
		go receive(conn, arrived)
	}
	list, err := d.alerts(ctx)
	if err != nil {
		return nil, err
	}
	var took []time.Duration
	events := 0
	for _, alert := range list.Items {
		if events == fanEvents {
			break
		}
		start := time.Now()
		res, err := d.do(ctx, http.MethodPost, "/alerts/"+alert.ID+"/review",
			map[string]any{"rev": alert.Rev, "verdict": "accept", "note": "基准测试"})
		if err != nil {
			return nil, err
		}
		_ = res.Body.Close()
		events++
		for range fanClients {
			select {
			case at := <-arrived:
				took = append(took, at.Sub(start))
			case <-time.After(10 * time.Second):
				return nil, fmt.Errorf("bench: event %d reached only %d of %d desks", events, len(took)%fanClients, fanClients)
			}
		}
		time.Sleep(fanDistance)
	}
	if events == 0 {
		return nil, errors.New("bench: no alert to review")
	}
	p99 := percentile(took, 0.99)
	return []Row{atMost("FAN", fmt.Sprintf("review of an alert to its event on %d desks, p99 in seconds", fanClients), p99.Seconds(), 0.25,
		fmt.Sprintf("p50 %s, largest %s, %d events", percentile(took, 0.5).Round(time.Millisecond),
			percentile(took, 1).Round(time.Millisecond), events))}, nil
}

// follow opens a live socket on the alerts and waits for the greeting.
func (d *desk) follow(ctx context.Context) (*websocket.Conn, error) {
	dialer := websocket.Dialer{Subprotocols: []string{"sbf.live.v1"}, HandshakeTimeout: 20 * time.Second}
	conn, res, err := dialer.DialContext(ctx, "ws"+d.base[len("http"):]+"/live",
		http.Header{"Cookie": {d.cookie}, "Origin": {d.base[:len(d.base)-len("/api/v1")]}})
	if err != nil {
		return nil, fmt.Errorf("bench: live socket: %w", err)
	}
	_ = res.Body.Close()
	var hello struct {
		Op    string `json:"op"`
		Epoch string `json:"epoch"`
	}
	if err := conn.ReadJSON(&hello); err != nil || hello.Op != "hello" {
		return nil, errors.Join(fmt.Errorf("bench: greeting %q: %w", hello.Op, err), conn.Close())
	}
	err = conn.WriteJSON(map[string]any{"op": "sub", "epoch": hello.Epoch, "topics": []map[string]any{{"t": "alerts", "after": -1}}})
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// receive notes when events arrive until the socket closes.
func receive(conn *websocket.Conn, arrived chan<- time.Time) {
	for {
		var frame struct {
			Op string `json:"op"`
		}
		if err := conn.ReadJSON(&frame); err != nil {
			return
		}
		if frame.Op == "ev" {
			arrived <- time.Now()
		}
	}
}
