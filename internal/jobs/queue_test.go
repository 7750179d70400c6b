package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fundwatch"
	"fundwatch/internal/jobs"
	"fundwatch/internal/store"
)

// bench is a store inside a synctest bubble, where time moves only when everybody waits.
type bench struct {
	t    *testing.T
	path string
	db   *store.DB
}

func inBubble(t *testing.T, f func(t *testing.T, b *bench)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{t: t, path: filepath.Join(dir, "store.db")}
		b.db = b.open()
		f(t, b)
	})
}

// open opens the store once more, as a second process would.
func (b *bench) open() *store.DB {
	b.t.Helper()
	db, err := store.Open(b.t.Context(), store.Config{Path: b.path}, store.Options{Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = db.Close() })
	return db
}

// queue polls every ten minutes: what is due in its own process wakes it without.
func (b *bench) queue(db *store.DB, cfg jobs.Config) *jobs.Queue {
	cfg.Poll = 10 * time.Minute
	return jobs.New(db, cfg, slog.New(slog.DiscardHandler))
}

// run runs the queue until the returned stop is called.
func (b *bench) run(q *jobs.Queue) (stop func()) {
	ctx, cancel := context.WithCancel(b.t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := q.Run(ctx); err != nil {
			b.t.Error(err)
		}
	})
	return func() {
		cancel()
		wg.Wait()
	}
}

func (b *bench) enqueue(j jobs.Job) bool {
	b.t.Helper()
	var added bool
	err := b.db.WithTx(b.t.Context(), func(ctx context.Context, tx *store.Tx) (err error) {
		added, err = jobs.Enqueue(ctx, tx, j)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return added
}

func (b *bench) list(f jobs.Filter) []jobs.Info {
	b.t.Helper()
	list, total, err := jobs.List(b.t.Context(), b.db, f)
	if err != nil {
		b.t.Fatal(err)
	}
	if int64(len(list)) != total {
		b.t.Fatalf("%d of %d", len(list), total)
	}
	return list
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type note struct {
	Text string `json:"text"`
}

func TestRunsJobsInOrderOfTheirTime(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		q := b.queue(b.db, jobs.Config{Workers: 1})
		start := time.Now()
		var ran []string
		must(t, jobs.Register(q, "say", jobs.KindOptions{}, func(_ context.Context, task *jobs.Task, n note) error {
			ran = append(ran, fmt.Sprintf("%s@%s", n.Text, time.Since(start).Round(time.Second)))
			return nil
		}))
		b.enqueue(jobs.Job{Kind: "say", Args: note{"late"}, RunAt: start.Add(time.Hour)})
		b.enqueue(jobs.Job{Kind: "say", Args: note{"soon"}, RunAt: start.Add(time.Minute)})
		if !b.enqueue(jobs.Job{Kind: "say", Key: "k", Args: note{"now"}}) {
			t.Error("a new key was not added")
		}
		if b.enqueue(jobs.Job{Kind: "say", Key: "k", Args: note{"twice"}}) {
			t.Error("the same key was added again")
		}
		stop := b.run(q)
		time.Sleep(10 * time.Minute)
		if b.enqueue(jobs.Job{Kind: "say", Key: "k"}) {
			t.Error("the key of a done job was added again")
		}
		b.enqueue(jobs.Job{Kind: "unknown"})
		time.Sleep(2 * time.Hour)
		stop()
		if want := []string{"now@0s", "soon@1m0s", "late@1h0m0s"}; !slices.Equal(ran, want) {
			t.Errorf("ran %v, want %v", ran, want)
		}
		if left := b.list(jobs.Filter{State: jobs.Ready}); len(left) != 1 || left[0].Kind != "unknown" {
			t.Errorf("a kind without handler must wait for a process that has one: %+v", left)
		}
	})
}

func TestRollbackEnqueuesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		boom := errors.New("boom")
		err := b.db.WithTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			if _, err := jobs.Enqueue(ctx, tx, jobs.Job{Kind: "say"}); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) || len(b.list(jobs.Filter{})) != 0 {
			t.Errorf("%v, %v", err, b.list(jobs.Filter{}))
		}
	})
}

func TestFailuresBackOffAndDie(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		q := b.queue(b.db, jobs.Config{BackoffMin: time.Second, BackoffMax: 5 * time.Second})
		start := time.Now()
		var at []time.Duration
		must(t, jobs.Register(q, "fail", jobs.KindOptions{}, func(_ context.Context, task *jobs.Task, _ note) error {
			at = append(at, time.Since(start).Round(time.Second))
			if task.Attempt == 2 {
				panic("second")
			}
			return fmt.Errorf("attempt %d", task.Attempt)
		}))
		must(t, jobs.Register(q, "hopeless", jobs.KindOptions{}, func(context.Context, *jobs.Task, note) error {
			return jobs.Permanent(errors.New("no such unit"))
		}))
		b.enqueue(jobs.Job{Kind: "fail", Key: "a", MaxAttempts: 5})
		b.enqueue(jobs.Job{Kind: "hopeless", Key: "b"})
		b.enqueue(jobs.Job{Kind: "fail", Key: "c", Args: map[string]int{"unknown_field": 1}})
		stop := b.run(q)
		time.Sleep(time.Hour)
		synctest.Wait()
		sec := time.Second
		if want := []time.Duration{0, sec, 3 * sec, 7 * sec, 12 * sec}; !slices.Equal(at, want) {
			t.Errorf("attempts at %v, want %v", at, want)
		}
		dead := map[string]jobs.Info{}
		for _, j := range b.list(jobs.Filter{State: jobs.Dead}) {
			dead[j.Key] = j
		}
		if len(dead) != 3 || dead["a"].Fault != "attempt 5" || dead["a"].Attempt != 5 || dead["b"].Attempt != 1 ||
			!strings.Contains(dead["c"].Fault, "unknown_field") {
			t.Errorf("dead: %+v", dead)
		}
		retry := func(id string) error {
			return b.db.WithTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return jobs.Retry(ctx, tx, id) })
		}
		must(t, retry(dead["a"].ID))
		if err := retry("nothing"); fundwatch.CodeOf(err) != fundwatch.NotFound {
			t.Errorf("retry of nothing: %v", err)
		}
		time.Sleep(time.Hour)
		stop()
		if len(at) != 10 {
			t.Errorf("%d attempts after a retry, want 10", len(at))
		}
	})
}

func TestSnoozeDoesNotCount(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		q := b.queue(b.db, jobs.Config{})
		runs := 0
		must(t, jobs.Register(q, "wait", jobs.KindOptions{}, func(_ context.Context, task *jobs.Task, _ note) error {
			if runs++; runs < 20 {
				return jobs.Snooze(time.Minute)
			}
			if task.Attempt != 1 {
				t.Errorf("attempt %d", task.Attempt)
			}
			return nil
		}))
		b.enqueue(jobs.Job{Kind: "wait", MaxAttempts: 2})
		stop := b.run(q)
		time.Sleep(time.Hour)
		stop()
		if done := b.list(jobs.Filter{State: jobs.Done}); runs != 20 || len(done) != 1 {
			t.Errorf("%d runs, %+v", runs, done)
		}
	})
}

func TestLongWorkKeepsItsLease(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		runs := 0
		var stops []func()
		for range 2 {
			q := b.queue(b.open(), jobs.Config{Lease: 30 * time.Second})
			must(t, jobs.Register(q, "long", jobs.KindOptions{}, func(context.Context, *jobs.Task, note) error {
				runs++
				time.Sleep(10 * time.Minute)
				return nil
			}))
			stops = append(stops, b.run(q))
		}
		b.enqueue(jobs.Job{Kind: "long"})
		time.Sleep(time.Hour)
		for _, stop := range stops {
			stop()
		}
		if done := b.list(jobs.Filter{State: jobs.Done}); runs != 1 || len(done) != 1 {
			t.Errorf("%d runs, %+v", runs, done)
		}
	})
}

// TestLostLease plays a process that hangs: its lease ends, another takes the job, and what the first then tries to
// store is refused.
func TestLostLease(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		hung := make(chan struct{})
		frozen := b.open()
		slow := b.queue(frozen, jobs.Config{Lease: 10 * time.Hour}) // renews too late, as a frozen process does
		var late error
		must(t, jobs.Register(slow, "work", jobs.KindOptions{}, func(ctx context.Context, task *jobs.Task, _ note) error {
			<-hung
			late = frozen.WithTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
				if _, err := tx.Next(ctx, "effects"); err != nil {
					return err
				}
				return task.Complete(ctx, tx)
			})
			return late
		}))
		b.enqueue(jobs.Job{Kind: "work"})
		stopSlow := b.run(slow)
		time.Sleep(time.Minute)
		// The lease is cut short in the store, as if its ten hours had passed.
		must(t, b.db.WithTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE job SET lease_until = ?`, tx.Now().UnixMilli())
			return err
		}))
		quick := b.queue(b.db, jobs.Config{})
		must(t, jobs.Register(quick, "work", jobs.KindOptions{}, func(ctx context.Context, task *jobs.Task, _ note) error {
			return b.db.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
				if err := task.Guard(ctx, tx); err != nil {
					return err
				}
				if _, err := tx.Next(ctx, "effects"); err != nil {
					return err
				}
				return task.Complete(ctx, tx)
			})
		}))
		stopQuick := b.run(quick)
		time.Sleep(time.Minute)
		close(hung)
		time.Sleep(time.Minute)
		stopQuick()
		stopSlow()
		if !errors.Is(late, jobs.ErrLost) {
			t.Errorf("the late worker got %v", late)
		}
		var effects int
		must(t, b.db.Read().QueryRowContext(t.Context(), `SELECT last FROM store_sequence WHERE name = 'effects'`).Scan(&effects))
		if done := b.list(jobs.Filter{State: jobs.Done}); effects != 1 || len(done) != 1 {
			t.Errorf("%d effects, %+v", effects, done)
		}
	})
}

func TestVanishedWorkerOnLastAttempt(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		b.enqueue(jobs.Job{Kind: "work", MaxAttempts: 1})
		must(t, b.db.WithTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE job SET state = 'running', attempt = 1, fence = 1, lease_until = ?`,
				tx.Now().Add(time.Minute).UnixMilli())
			return err
		}))
		q := b.queue(b.db, jobs.Config{})
		must(t, jobs.Register(q, "work", jobs.KindOptions{}, func(context.Context, *jobs.Task, note) error {
			t.Error("ran again")
			return nil
		}))
		stop := b.run(q)
		time.Sleep(time.Hour)
		stop()
		if dead := b.list(jobs.Filter{State: jobs.Dead}); len(dead) != 1 || !strings.Contains(dead[0].Fault, "vanished") {
			t.Errorf("%+v", dead)
		}
	})
}

func TestStopGivesJobsBack(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		q := b.queue(b.db, jobs.Config{})
		must(t, jobs.Register(q, "long", jobs.KindOptions{}, func(ctx context.Context, _ *jobs.Task, _ note) error {
			<-ctx.Done()
			return ctx.Err()
		}))
		b.enqueue(jobs.Job{Kind: "long", MaxAttempts: 1})
		stop := b.run(q)
		time.Sleep(time.Minute)
		stop()
		ready := b.list(jobs.Filter{State: jobs.Ready})
		if len(ready) != 1 || ready[0].Attempt != 0 || ready[0].Fault != "" {
			t.Errorf("%+v", ready)
		}
	})
}

func TestExclusiveAndTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		var mu sync.Mutex
		now, most, cut := 0, 0, 0
		var stops []func()
		for range 2 {
			q := b.queue(b.open(), jobs.Config{Workers: 4})
			opts := jobs.KindOptions{Exclusive: true, Timeout: time.Minute}
			must(t, jobs.Register(q, "round", opts, func(ctx context.Context, task *jobs.Task, _ note) error {
				mu.Lock()
				now++
				most = max(most, now)
				mu.Unlock()
				defer func() {
					mu.Lock()
					now--
					mu.Unlock()
				}()
				if task.Key == "stuck" {
					<-ctx.Done()
					cut++
					return jobs.Permanent(ctx.Err())
				}
				time.Sleep(30 * time.Second)
				return nil
			}))
			stops = append(stops, b.run(q))
		}
		b.enqueue(jobs.Job{Kind: "round", Key: "stuck"})
		for range 5 {
			b.enqueue(jobs.Job{Kind: "round"})
		}
		time.Sleep(time.Hour)
		for _, stop := range stops {
			stop()
		}
		if done := b.list(jobs.Filter{State: jobs.Done}); most != 1 || cut != 1 || len(done) != 5 {
			t.Errorf("%d at once, %d cut, %d done", most, cut, len(done))
		}
	})
}

func TestRegisterTwice(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		q := b.queue(b.db, jobs.Config{})
		h := func(context.Context, *jobs.Task, note) error { return nil }
		must(t, jobs.Register(q, "a", jobs.KindOptions{}, h))
		if err := jobs.Register(q, "a", jobs.KindOptions{}, h); err == nil {
			t.Error("registered twice")
		}
		must(t, q.Schedule(jobs.Schedule{Name: "s", Cron: "0 2 * * *", Kind: "a"}))
		for name, s := range map[string]jobs.Schedule{
			"name twice":   {Name: "s", Cron: "0 2 * * *", Kind: "a"},
			"unknown kind": {Name: "t", Cron: "0 2 * * *", Kind: "b"},
			"bad cron":     {Name: "t", Cron: "every day", Kind: "a"},
			"no name":      {Cron: "0 2 * * *", Kind: "a"},
		} {
			if err := q.Schedule(s); err == nil {
				t.Errorf("%s: accepted", name)
			}
		}
	})
}

func TestPruneKeepsWhatIsNotDone(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		q := b.queue(b.db, jobs.Config{Keep: 24 * time.Hour})
		must(t, jobs.Register(q, "ok", jobs.KindOptions{}, func(context.Context, *jobs.Task, note) error { return nil }))
		must(t, jobs.Register(q, "bad", jobs.KindOptions{}, func(context.Context, *jobs.Task, note) error {
			return jobs.Permanent(errors.New("bad"))
		}))
		for range 3 {
			b.enqueue(jobs.Job{Kind: "ok"})
		}
		b.enqueue(jobs.Job{Kind: "bad"})
		stop := b.run(q)
		time.Sleep(48 * time.Hour)
		b.enqueue(jobs.Job{Kind: "ok", Key: "young"})
		time.Sleep(time.Minute)
		stop()
		n, err := q.Prune(t.Context())
		must(t, err)
		if left := b.list(jobs.Filter{}); n != 3 || len(left) != 2 {
			t.Errorf("pruned %d, left %+v", n, left)
		}
	})
}
