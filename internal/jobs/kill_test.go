package jobs_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"testing"
	"time"

	"fundwatch/internal/jobs"
	"fundwatch/internal/store"
)

const workerEnv = "FUNDWATCH_TEST_JOBS_WORKER"

// TestMain lets the test binary be the worker that TestKilledWorkers kills.
func TestMain(m *testing.M) {
	if path := os.Getenv(workerEnv); path != "" {
		if err := work(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// work runs a queue whose handler counts each job in the transaction that completes it.
func work(path string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	db, err := store.Open(ctx, store.Config{Path: path}, store.Options{Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer db.Close()
	q := jobs.New(db, jobs.Config{Workers: 2, Lease: 300 * time.Millisecond, Poll: 20 * time.Millisecond}, slog.New(slog.DiscardHandler))
	err = jobs.Register(q, "count", jobs.KindOptions{}, func(ctx context.Context, task *jobs.Task, n note) error {
		return db.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.Next(ctx, "effect "+n.Text); err != nil {
				return err
			}
			if _, err := jobs.Enqueue(ctx, tx, jobs.Job{Kind: "report", Key: n.Text}); err != nil {
				return err
			}
			return task.Complete(ctx, tx)
		})
	})
	if err != nil {
		return err
	}
	return q.Run(ctx)
}

// TestKilledWorkers kills one of two processes with SIGKILL again and again while they work through the queue: in the
// end every job had its effect exactly once, and so had the jobs they enqueued.
func TestKilledWorkers(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills processes")
	}
	const work, kills = 300, 10
	path := filepath.Join(t.TempDir(), "store.db")
	db, err := store.Open(t.Context(), store.Config{Path: path}, store.Options{Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	defer db.Close()
	add := func(from, to int) {
		must(t, db.WithTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for i := from; i < to; i++ {
				j := jobs.Job{Kind: "count", Args: note{fmt.Sprint(i)}, MaxAttempts: 1000}
				if _, err := jobs.Enqueue(ctx, tx, j); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	start := func() *exec.Cmd {
		exe, err := os.Executable()
		must(t, err)
		cmd := exec.CommandContext(t.Context(), exe)
		cmd.Env = append(os.Environ(), workerEnv+"="+path)
		cmd.Stderr = os.Stderr
		must(t, cmd.Start())
		return cmd
	}
	workers := []*exec.Cmd{start(), start()}
	rng := rand.New(rand.NewPCG(1, 2))
	for k := range kills {
		add(k*work/kills, (k+1)*work/kills)
		time.Sleep(time.Duration(20+rng.IntN(120)) * time.Millisecond)
		victim := k % 2
		must(t, workers[victim].Process.Kill())
		_ = workers[victim].Wait()
		workers[victim] = start()
	}
	left := int64(1)
	for deadline := time.Now().Add(30 * time.Second); left > 0 && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
		var done int64
		_, done, err = jobs.List(t.Context(), db, jobs.Filter{Kind: "count", State: jobs.Done})
		must(t, err)
		left = work - done
	}
	for _, w := range workers {
		must(t, w.Process.Signal(os.Interrupt))
		must(t, w.Wait())
	}
	var effects, most, reports int
	must(t, db.Read().QueryRowContext(t.Context(), `SELECT count(*), max(last) FROM store_sequence`).Scan(&effects, &most))
	must(t, db.Read().QueryRowContext(t.Context(), `SELECT count(*) FROM job WHERE kind = 'report'`).Scan(&reports))
	if left != 0 || effects != work || most != 1 || reports != work {
		t.Errorf("%d jobs left, %d effects of %d, at most %d times, %d follow-ups", left, effects, work, most, reports)
	}
}
