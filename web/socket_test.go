package web_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"fundwatch"
	"fundwatch/internal/live"
	"fundwatch/internal/store"
	"fundwatch/web"
)

// raise stores alert events, one for each region.
func (h *house) raise(regions ...fundwatch.Region) {
	h.t.Helper()
	err := h.store.WithTx(h.t.Context(), func(ctx context.Context, tx *store.Tx) error {
		for i, r := range regions {
			_, err := live.Append(ctx, tx, live.Item{
				Topic: "alerts", Key: fmt.Sprintf("a%d", i), Region: r, Line: fundwatch.EnterprisePension,
				Data: map[string]any{"title": "死亡后继续领取"},
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// line is one live socket.
type line struct {
	t     *testing.T
	conn  *websocket.Conn
	hello web.LiveFrame
}

func (v *visitor) dial(header ...string) (*websocket.Conn, *http.Response, error) {
	head := http.Header{"Cookie": {v.cookie}}
	for i := 0; i < len(header); i += 2 {
		head.Set(header[i], header[i+1])
	}
	d := websocket.Dialer{Subprotocols: []string{"sbf.live.v1"}}
	if head.Get("Sec-Websocket-Protocol") != "" {
		d.Subprotocols = nil
	}
	return d.Dial("ws"+strings.TrimPrefix(v.h.http.URL, "http")+"/api/v1/live", head)
}

// listen opens a socket and subscribes.
func (v *visitor) listen(epoch string, topics ...web.LiveTopic) *line {
	v.h.t.Helper()
	conn, res, err := v.dial()
	if err != nil {
		v.h.t.Fatalf("dial: %v %v", err, res)
	}
	l := &line{t: v.h.t, conn: conn}
	v.h.t.Cleanup(func() { conn.Close() })
	l.hello = l.next()
	if err := conn.WriteJSON(web.LiveAsk{Op: "sub", Topics: topics, Epoch: epoch}); err != nil {
		v.h.t.Fatal(err)
	}
	return l
}

func (l *line) next() web.LiveFrame {
	l.t.Helper()
	var f web.LiveFrame
	_ = l.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if err := l.conn.ReadJSON(&f); err != nil {
		l.t.Fatalf("no frame: %v", err)
	}
	return f
}

// closed waits for the end and returns its code.
func (l *line) closed() int {
	l.t.Helper()
	for {
		_ = l.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		_, _, err := l.conn.ReadMessage()
		var end *websocket.CloseError
		if err == nil {
			continue
		}
		if ok := asClose(err, &end); !ok {
			l.t.Fatalf("ended without a code: %v", err)
		}
		return end.Code
	}
}

func asClose(err error, end **websocket.CloseError) bool {
	e, ok := err.(*websocket.CloseError)
	*end = e
	return ok
}

// want reads frames and compares them, written as op:seq.
func (l *line) want(frames ...string) {
	l.t.Helper()
	for _, want := range frames {
		f := l.next()
		if got := fmt.Sprintf("%s:%d", f.Op, f.Seq); got != want {
			l.t.Fatalf("frame %s (%+v), want %s", got, f, want)
		}
	}
}

func TestSocket(t *testing.T) {
	h := open(t)
	province := h.as("jiandu")
	t.Run("Hello", func(t *testing.T) {
		l := province.listen("", web.LiveTopic{Topic: "alerts", After: -1})
		if l.hello.Op != "hello" || l.hello.Epoch == "" || l.hello.Build != h.server.Build() || l.hello.Now == nil {
			t.Errorf("hello %+v", l.hello)
		}
		l.want("skip:0")
		h.raise("520302")
		f := l.next()
		if f.Op != "ev" || f.Seq != 1 || f.ID != "a0" || f.At == nil || !strings.Contains(string(f.Data), "死亡后") {
			t.Errorf("event %+v", f)
		}
	})
	t.Run("Resume", func(t *testing.T) {
		h.raise("520302", "520102")
		province.listen("", web.LiveTopic{Topic: "alerts", After: 1}).want("ev:2", "ev:3")
	})
	t.Run("OtherEpoch", func(t *testing.T) {
		f := province.listen("before", web.LiveTopic{Topic: "alerts", After: 1}).next()
		if f.Op != "resync" || f.Seq != 3 || f.Reason != "epoch" {
			t.Errorf("frame %+v", f)
		}
	})
	t.Run("SequenceFromNowhere", func(t *testing.T) {
		f := province.listen("", web.LiveTopic{Topic: "alerts", After: 999}).next()
		if f.Op != "resync" || f.Seq != 3 || f.Reason != "gap" {
			t.Errorf("frame %+v", f)
		}
	})
	t.Run("Scope", func(t *testing.T) {
		// 红花岗区 sees its own; what lies elsewhere is told as a skip, never as an event.
		county := h.as("jiandu.honghuagang").listen("", web.LiveTopic{Topic: "alerts", After: 0})
		county.want("ev:1", "ev:2", "skip:3")
		h.raise("520303", "520102", "520302", "522700")
		county.want("skip:5", "ev:6", "skip:7")
	})
	t.Run("TopicWithoutRight", func(t *testing.T) {
		f := h.as("hecha.zunyi").listen("", web.LiveTopic{Topic: "intake", After: -1}).next()
		if f.Op != "err" || f.Problem == nil || f.Problem.Code != "denied" {
			t.Errorf("frame %+v", f)
		}
	})
	t.Run("UnknownTopic", func(t *testing.T) {
		if f := province.listen("", web.LiveTopic{Topic: "audit", After: 0}).next(); f.Op != "err" {
			t.Errorf("frame %+v", f)
		}
	})
}

func TestSocketIsRefused(t *testing.T) {
	h := open(t, func(o *web.Options) { o.Clients = 1 })
	v := h.as("jiandu")
	for name, c := range map[string]struct {
		who    *visitor
		header []string
		status int
	}{
		"NoSession":     {h.nobody(), nil, 401},
		"ForeignOrigin": {v, []string{"Origin", "https://evil.example"}, 403},
		"OtherProtocol": {v, []string{"Sec-Websocket-Protocol", "other"}, 400},
	} {
		t.Run(name, func(t *testing.T) {
			conn, res, err := c.who.dial(c.header...)
			if err == nil {
				conn.Close()
				t.Fatal("the socket opened")
			}
			if res == nil || res.StatusCode != c.status {
				t.Errorf("got %v, %v", res, err)
			}
		})
	}
	t.Run("Full", func(t *testing.T) {
		v.listen("")
		if _, res, err := v.dial(); err == nil || res.StatusCode != 503 {
			t.Errorf("got %v, %v", res, err)
		}
	})
}

// TestSocketEndsWithTheSession checks that no event goes out on a session that is over.
func TestSocketEndsWithTheSession(t *testing.T) {
	h := open(t)
	v := h.as("jiandu")
	l := v.listen("", web.LiveTopic{Topic: "alerts", After: -1})
	l.want("skip:0")
	v.do(http.MethodDelete, "/session", nil)
	h.raise("520302")
	if code := l.closed(); code != 4003 {
		t.Errorf("closed with %d, want 4003", code)
	}
}

// TestSlowReader checks that one who does not read is cut off, that the others hear all meanwhile, and that he loses
// nothing: he comes back with the last sequence he has seen.
func TestSlowReader(t *testing.T) {
	registry := prometheus.NewRegistry()
	h := open(t, func(o *web.Options) {
		o.Metrics = registry
		o.Deadline = func(d time.Duration) time.Time {
			if d == 10*time.Second { // the time to take a frame
				d = 2 * time.Second
			}
			return time.Now().Add(d)
		}
	})
	slow := h.as("jiandu").listen("", web.LiveTopic{Topic: "alerts", After: 0})
	quick := h.as("jiance").listen("", web.LiveTopic{Topic: "alerts", After: 0})
	// More than the buffers of both ends of a loopback connection hold.
	const events, size = 1500, 16 << 10
	padding := strings.Repeat("x", size)
	stored := make(chan error, 1)
	go func() {
		for range events / 50 {
			err := h.store.WithTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				for range 50 {
					it := live.Item{Topic: "alerts", Region: "520302", Line: fundwatch.EnterprisePension, Data: padding}
					if _, err := live.Append(ctx, tx, it); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				stored <- err
				return
			}
		}
		stored <- nil
	}()
	for i := range events {
		quick.want(fmt.Sprintf("ev:%d", i+1))
	}
	if err := <-stored; err != nil {
		t.Fatal(err)
	}
	cut := func() float64 {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == "fundwatch_live_slow_total" {
				return f.GetMetric()[0].GetCounter().GetValue()
			}
		}
		return 0
	}
	for late := time.After(20 * time.Second); cut() == 0; {
		select {
		case <-late:
			t.Fatal("the slow reader was not cut off")
		case <-time.After(20 * time.Millisecond):
		}
	}
	var last int64
	for {
		var f web.LiveFrame
		_ = slow.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		if slow.conn.ReadJSON(&f) != nil {
			break
		}
		last = f.Seq
	}
	if last >= events {
		t.Fatalf("all %d events reached one who did not read", last)
	}
	h.as("jiandu").listen("", web.LiveTopic{Topic: "alerts", After: last}).want(fmt.Sprintf("ev:%d", last+1))
}

func TestServerStops(t *testing.T) {
	h := open(t)
	l := h.as("jiandu").listen("")
	h.server.Close()
	if code := l.closed(); code != websocket.CloseGoingAway {
		t.Errorf("closed with %d", code)
	}
}

func TestLongPoll(t *testing.T) {
	h := open(t)
	v := h.as("jiandu.honghuagang")
	poll := func(query string) web.Changes { return into[web.Changes](t, v.get("/live/changes?"+query)) }
	first := poll("topics=alerts:-1&wait=0")
	if len(first.Frames) != 1 || first.Frames[0].Op != "skip" || first.Frames[0].Seq != 0 || first.Epoch == "" {
		t.Fatalf("frames %+v", first.Frames)
	}
	t.Run("Waits", func(t *testing.T) {
		done := make(chan web.Changes)
		go func() { done <- poll("topics=alerts:0&wait=25&epoch=" + first.Epoch) }()
		time.Sleep(50 * time.Millisecond)
		h.raise("520302")
		select {
		case c := <-done:
			if len(c.Frames) != 1 || c.Frames[0].Op != "ev" || c.Frames[0].Seq != 1 {
				t.Errorf("frames %+v", c.Frames)
			}
		case <-time.After(5 * time.Second):
			t.Fatal("the poll did not hear the event")
		}
	})
	t.Run("StartsWithoutASequence", func(t *testing.T) {
		done := make(chan web.Changes)
		go func() { done <- poll("topics=alerts:-1&wait=25") }()
		time.Sleep(50 * time.Millisecond)
		h.raise("520302")
		if c := <-done; len(c.Frames) != 2 || c.Frames[0].Op != "skip" || c.Frames[1].Op != "ev" {
			t.Errorf("frames %+v", c.Frames)
		}
	})
	t.Run("Scope", func(t *testing.T) {
		h.raise("520102")
		if c := poll("topics=alerts:2&wait=0"); len(c.Frames) != 1 || c.Frames[0].Op != "skip" || c.Frames[0].Seq != 3 {
			t.Errorf("frames %+v", c.Frames)
		}
	})
	t.Run("Bad", func(t *testing.T) {
		for _, q := range []string{"", "topics=alerts", "topics=alerts:x", "topics=alerts:1&wait=60"} {
			if r := v.get("/live/changes?" + q); r.status != http.StatusUnprocessableEntity {
				t.Errorf("%q: %d %s", q, r.status, r.body)
			}
		}
		if r := v.get("/live/changes?topics=audit:0"); r.status != http.StatusForbidden {
			t.Errorf("unknown topic: %d", r.status)
		}
	})
}
