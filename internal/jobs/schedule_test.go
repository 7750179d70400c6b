package jobs_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"fundwatch"
	"fundwatch/internal/jobs"
	"fundwatch/internal/store"
)

// slots collects the slots that ran, over all queues of a test.
type slots struct {
	mu   sync.Mutex
	seen []string
}

func (s *slots) register(t *testing.T, q *jobs.Queue, cron string) {
	t.Helper()
	must(t, jobs.Register(q, "tick", jobs.KindOptions{}, func(_ context.Context, task *jobs.Task, _ note) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.seen = append(s.seen, fmt.Sprintf("%s after %s", task.Slot.Format("02 15:04:05"), task.Slot.Sub(task.Since)))
		return nil
	}))
	must(t, q.Schedule(jobs.Schedule{Name: "nightly", Cron: cron, Kind: "tick", Args: note{"x"}}))
}

// TestScheduleOnceASlot runs two processes over days: each slot runs once, at China time.
func TestScheduleOnceASlot(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) { // the bubble's clock begins on 2000-01-01 00:00 UTC, 08:00 in China
		var s slots
		var stops []func()
		for range 2 {
			q := b.queue(b.open(), jobs.Config{})
			s.register(t, q, "30 2 * * *")
			stops = append(stops, b.run(q))
		}
		time.Sleep(5 * 24 * time.Hour)
		for _, stop := range stops {
			stop()
		}
		if len(s.seen) != 5 {
			t.Errorf("%d runs in five days: %v", len(s.seen), s.seen)
		}
		for i, got := range s.seen[1:] {
			if want := fmt.Sprintf("%02d 02:30:00 after 24h0m0s", i+3); got != want {
				t.Errorf("run %d: %s, want %s", i+1, got, want)
			}
		}
	})
}

// TestCatchUpOnce stops everything for three days: one run follows, which knows how far back it reaches.
func TestCatchUpOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		var s slots
		start := func() func() {
			q := b.queue(b.db, jobs.Config{})
			s.register(t, q, "0 * * * *")
			return b.run(q)
		}
		stop := start()
		time.Sleep(3*time.Hour + time.Minute)
		stop()
		before := len(s.seen)
		time.Sleep(72 * time.Hour)
		stop = start()
		time.Sleep(time.Minute)
		stop()
		if before != 3 {
			t.Errorf("%d runs before: %v", before, s.seen)
		}
		if after := s.seen[before:]; !slices.Equal(after, []string{"04 11:00:00 after 72h0m0s"}) {
			t.Errorf("after three days: %v", after)
		}
	})
}

func TestEveryMeansTheSameSlotsEverywhere(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		var s slots
		var stops []func()
		for range 2 {
			q := b.queue(b.open(), jobs.Config{})
			s.register(t, q, "@every 20s")
			stops = append(stops, b.run(q))
			time.Sleep(7 * time.Second)
		}
		time.Sleep(10 * time.Minute)
		for _, stop := range stops {
			stop()
		}
		sorted := slices.Clone(s.seen)
		slices.Sort(sorted)
		if len(slices.Compact(sorted)) != len(s.seen) || len(s.seen) < 30 || len(s.seen) > 31 {
			t.Errorf("%d runs in ten minutes: %v", len(s.seen), s.seen)
		}
	})
}

// TestClockSetBack sets the memory of the schedule into the future, as a clock that ran ahead leaves it: nothing runs
// twice, and the timetable goes on once the clock is there again.
func TestClockSetBack(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		var s slots
		q := b.queue(b.db, jobs.Config{})
		s.register(t, q, "0 * * * *")
		stop := b.run(q)
		time.Sleep(90 * time.Minute)
		stop()
		ahead := time.Now().Add(5 * time.Hour).Truncate(time.Hour)
		must(t, b.setSlot(ahead))
		q = b.queue(b.db, jobs.Config{})
		s.register(t, q, "0 * * * *")
		stop = b.run(q)
		time.Sleep(10 * time.Hour)
		stop()
		want := []string{
			"01 09:00:00 after 1h0m0s",
			ahead.Add(time.Hour).In(fundwatch.Shanghai()).Format("02 15:04:05") + " after 1h0m0s",
		}
		if len(s.seen) < 2 || !slices.Equal(s.seen[:2], want) {
			t.Errorf("%v, want %v first", s.seen, want)
		}
	})
}

func (b *bench) setSlot(at time.Time) error {
	return b.db.WithTx(b.t.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE job_schedule SET slot = ?`, at.UnixMilli())
		return err
	})
}
