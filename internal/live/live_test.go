package live_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fundwatch"
	"fundwatch/internal/live"
	"fundwatch/internal/store"
	"fundwatch/internal/store/storetest"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// post appends n events with rising data in one transaction and returns the last number.
func post(t testing.TB, db *store.DB, topic string, n int) (last int64) {
	t.Helper()
	must(t, db.WithTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		for i := range n {
			var err error
			last, err = live.Append(ctx, tx, live.Item{Topic: topic, Key: fmt.Sprint(i % 3), Region: "520302", Line: "110", Data: i})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	return last
}

func TestNumbersHaveNoHoles(t *testing.T) {
	db := storetest.Open(t)
	boom := errors.New("boom")
	for round := range 5 {
		post(t, db, "alerts", 2)
		err := db.WithTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			if _, err := live.Append(ctx, tx, live.Item{Topic: "alerts", Data: "lost"}); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatalf("round %d: %v", round, err)
		}
		post(t, db, "rounds", 1)
	}
	b, err := live.Since(t.Context(), db, "alerts", 0, 100)
	must(t, err)
	if len(b.Events) != 10 || b.Min != 1 || b.Max != 10 || b.Gap {
		t.Fatalf("%+v", b)
	}
	for i, e := range b.Events {
		if e.Seq != int64(i+1) || string(e.Data) != fmt.Sprint(i%2) || e.Region != "520302" || e.Line != "110" || e.Time.IsZero() {
			t.Errorf("event %d: %+v", i, e)
		}
	}
}

func TestSince(t *testing.T) {
	db := storetest.Open(t)
	post(t, db, "alerts", 20)
	for name, c := range map[string]struct {
		topic       string
		after       int64
		limit       int
		first, last int64
		gap         bool
	}{
		"all":              {"alerts", 0, 100, 1, 20, false},
		"page":             {"alerts", 5, 3, 6, 8, false},
		"level":            {"alerts", 20, 100, 0, 0, false},
		"another history":  {"alerts", 21, 100, 0, 0, true},
		"before the first": {"alerts", -1, 100, 0, 0, true},
		"empty topic":      {"none", 0, 100, 0, 0, false},
		"empty, was not":   {"none", 7, 100, 0, 0, true},
	} {
		b, err := live.Since(t.Context(), db, c.topic, c.after, c.limit)
		must(t, err)
		var first, last int64
		if n := len(b.Events); n > 0 {
			first, last = b.Events[0].Seq, b.Events[n-1].Seq
		}
		if first != c.first || last != c.last || b.Gap != c.gap {
			t.Errorf("%s: %d..%d, gap %v", name, first, last, b.Gap)
		}
	}
}

func TestOldEventsGo(t *testing.T) {
	db := storetest.Open(t)
	for range 11 {
		post(t, db, "alerts", 1000)
	}
	b, err := live.Since(t.Context(), db, "alerts", 0, 10)
	must(t, err)
	if !b.Gap || b.Max != 11000 || b.Max-b.Min < live.Keep-1 || b.Min < 2 {
		t.Errorf("%+v", b)
	}
	if b, err = live.Since(t.Context(), db, "alerts", b.Min-1, 10); err != nil || b.Gap || b.Events[0].Seq != b.Min {
		t.Errorf("from the oldest kept: %+v %v", b, err)
	}
	var rows int64
	must(t, db.Read().QueryRowContext(t.Context(), `SELECT count(*) FROM live_event`).Scan(&rows))
	if rows != b.Max-b.Min+1 {
		t.Errorf("%d rows for %d..%d", rows, b.Min, b.Max)
	}
}

func TestVisibleTo(t *testing.T) {
	county := fundwatch.NewScope([]fundwatch.Region{"520302"}, []fundwatch.Insurance{"110"})
	for _, c := range []struct {
		e    live.Event
		want bool
	}{
		{live.Event{}, true},
		{live.Event{Region: "520302", Line: "110"}, true},
		{live.Event{Region: "520302"}, true},
		{live.Event{Region: "520302", Line: "170"}, false},
		{live.Event{Region: "520300"}, false},
		{live.Event{Region: "520303", Line: "110"}, false},
	} {
		if got := c.e.VisibleTo(county); got != c.want {
			t.Errorf("%+v: %v", c.e, got)
		}
	}
}

func TestAppendRefuses(t *testing.T) {
	db := storetest.Open(t)
	for _, it := range []live.Item{{Data: 1}, {Topic: "alerts", Data: make(chan int)}} {
		err := db.WithTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			_, err := live.Append(ctx, tx, it)
			return err
		})
		if err == nil {
			t.Errorf("accepted %+v", it)
		}
	}
}

// reader follows a topic through the hub as a socket does, and reports every number it saw.
func reader(ctx context.Context, t *testing.T, h *live.Hub, pause time.Duration, got *[]int64) {
	sub := h.Subscribe("alerts")
	defer sub.Close()
	after := int64(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-sub.C:
		}
		for {
			b, err := h.Since(context.WithoutCancel(ctx), "alerts", after, 7)
			if err != nil {
				t.Error(err)
				return
			}
			if b.Gap {
				t.Errorf("gap after %d: %d..%d", after, b.Min, b.Max)
				return
			}
			for _, e := range b.Events {
				*got = append(*got, e.Seq)
				after = e.Seq
			}
			if len(b.Events) == 0 {
				break
			}
			time.Sleep(pause)
		}
	}
}

// TestHub lets quick and slow readers follow two writers, one of them in another process: each sees every event once
// and in order.
func TestHub(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	synctest.Test(t, func(t *testing.T) {
		open := func() *store.DB {
			db, err := store.Open(t.Context(), store.Config{Path: path}, store.Options{Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
			must(t, err)
			t.Cleanup(func() { _ = db.Close() })
			return db
		}
		db, other := open(), open()
		post(t, db, "alerts", 5) // before the hub begins
		h := live.NewHub(db, live.HubConfig{Ring: 16}, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { must(t, h.Run(ctx)) })
		pauses := []time.Duration{0, time.Millisecond, 100 * time.Millisecond, time.Second}
		got := make([][]int64, len(pauses))
		for i, pause := range pauses {
			wg.Go(func() { reader(ctx, t, h, pause, &got[i]) })
		}
		const rounds = 60
		total := int64(5)
		for i := range rounds {
			w := db
			if i%3 == 0 {
				w = other
			}
			total = post(t, w, "alerts", 1+i%9)
			time.Sleep(time.Duration(i%4) * 50 * time.Millisecond)
		}
		time.Sleep(10 * time.Minute)
		cancel()
		wg.Wait()
		for i, seqs := range got {
			if int64(len(seqs)) != total {
				t.Errorf("reader %d saw %d of %d", i, len(seqs), total)
			}
			for j, seq := range seqs {
				if seq != int64(j+1) {
					t.Fatalf("reader %d: %d at place %d", i, seq, j)
				}
			}
		}
	})
}

// TestHubSignalsTheRightSubscribers: only those of the topic wake, and a closed one never.
func TestHubSignalsTheRightSubscribers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	synctest.Test(t, func(t *testing.T) {
		db, err := store.Open(t.Context(), store.Config{Path: path}, store.Options{Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
		must(t, err)
		t.Cleanup(func() { _ = db.Close() })
		h := live.NewHub(db, live.HubConfig{}, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { must(t, h.Run(ctx)) })
		alerts, both, rounds := h.Subscribe("alerts"), h.Subscribe("rounds", "alerts"), h.Subscribe("rounds")
		closed := h.Subscribe("alerts")
		<-alerts.C
		<-both.C
		<-rounds.C
		<-closed.C
		closed.Close()
		post(t, db, "alerts", 3)
		synctest.Wait()
		for name, c := range map[string]struct {
			s    *live.Subscription
			want int
		}{"alerts": {alerts, 1}, "both": {both, 1}, "rounds": {rounds, 0}, "closed": {closed, 0}} {
			if len(c.s.C) != c.want {
				t.Errorf("%s: %d signals", name, len(c.s.C))
			}
		}
		cancel()
		wg.Wait()
	})
}
