package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"fundwatch/access"
	"fundwatch/internal/audit"
	"fundwatch/internal/live"
	"fundwatch/internal/store"
	"fundwatch/internal/store/storetest"
	"fundwatch/web"
)

// house is a server with accounts and without a warehouse: log-in, accounts, audit and the live socket.
type house struct {
	t        *testing.T
	store    *store.DB
	access   *access.Service
	audit    *audit.Log
	server   *web.Server
	http     *httptest.Server
	password map[string]string
	role     map[string]string

	mu  sync.Mutex
	now time.Time
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func open(t *testing.T, change ...func(*web.Options)) *house {
	t.Helper()
	h := &house{t: t, now: time.Date(2026, 11, 5, 9, 0, 0, 0, time.UTC), password: map[string]string{}, role: map[string]string{}}
	quiet := slog.New(slog.DiscardHandler)
	h.store = storetest.OpenAt(t, t.TempDir()+"/store.db", h.clock)
	var err error
	if h.audit, err = audit.Open(t.Context(), h.store, audit.Config{}, quiet); err != nil {
		t.Fatal(err)
	}
	h.access, err = access.New(access.Config{AddressFailures: 1000, Hash: access.HashConfig{MemoryKiB: 64, Passes: 1}},
		access.Options{Store: h.store, Audit: h.audit, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := h.access.SeedDemo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range accounts {
		h.password[a.Login], h.role[a.Login] = a.Password, a.Role
	}
	hub := live.NewHub(h.store, live.HubConfig{Poll: 20 * time.Millisecond}, quiet)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = hub.Run(ctx) })
	options := web.Options{
		Store: h.store, Access: h.access, Audit: h.audit, Hub: hub, Logger: quiet, Now: h.clock, Clients: 100, Reveals: 3,
		Pages:    fstest.MapFS{"index.html": {Data: []byte("workbench")}},
		Deadline: func(d time.Duration) time.Time { return time.Now().Add(d) },
		Metrics:  prometheus.NewRegistry(), Version: "test",
		Parts: func() []web.Part {
			return []web.Part{{ID: "warehouse", Title: "数据仓库", State: "starting", Blocking: true}}
		},
	}
	for _, f := range change {
		f(&options)
	}
	if h.server, err = web.New(options); err != nil {
		t.Fatal(err)
	}
	h.http = httptest.NewServer(h.server.Handler())
	t.Cleanup(func() {
		h.server.Close()
		h.http.Close()
		stop()
		running.Wait()
	})
	return h
}

// visitor is a browser with its cookie.
type visitor struct {
	h      *house
	cookie string
}

// as logs in.
func (h *house) as(login string) *visitor {
	h.t.Helper()
	v := &visitor{h: h}
	r := v.post("/session", map[string]string{"login": login, "password": h.password[login]})
	if r.status != http.StatusOK {
		h.t.Fatalf("%s cannot log in: %d %s", login, r.status, r.body)
	}
	v.cookie, _, _ = strings.Cut(r.header.Get("Set-Cookie"), ";")
	return v
}

// nobody is a browser without a session.
func (h *house) nobody() *visitor { return &visitor{h: h} }

type reply struct {
	status int
	header http.Header
	body   string
}

// code is the code of a problem.
func (r reply) code() string {
	var p struct{ Code string }
	_ = json.Unmarshal([]byte(r.body), &p)
	return p.Code
}

// into decodes the body.
func into[T any](t *testing.T, r reply) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(r.body), &v); err != nil || r.status >= 300 {
		t.Fatalf("answer %d: %v: %s", r.status, err, r.body)
	}
	return v
}

func (v *visitor) get(path string, header ...string) reply {
	return v.do(http.MethodGet, path, nil, header...)
}

func (v *visitor) post(path string, body any, header ...string) reply {
	return v.do(http.MethodPost, path, body, header...)
}

// do asks; header is name, value, name, value. A mutation carries the header that our pages set.
func (v *visitor) do(method, path string, body any, header ...string) reply {
	v.h.t.Helper()
	var reader io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			v.h.t.Fatal(err)
		}
		reader = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(v.h.t.Context(), method, v.h.http.URL+"/api/v1"+path, reader)
	if err != nil {
		v.h.t.Fatal(err)
	}
	r.Header.Set("X-Fundwatch", "1")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if v.cookie != "" {
		r.Header.Set("Cookie", v.cookie)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i+1] == "" {
			r.Header.Del(header[i])
		} else {
			r.Header.Set(header[i], header[i+1])
		}
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		v.h.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		v.h.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(b)}
}
