package jobs

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"fundwatch"
	"fundwatch/internal/store"
)

// Config is how the queue works.
type Config struct {
	Workers    int           // handlers at once; default 4
	Lease      time.Duration // how long a dead worker's job waits for the next; default 30 s
	Poll       time.Duration // how often jobs of other processes are looked for; default 2 s
	BackoffMin time.Duration // wait after the first failure, doubled after each; default 2 s
	BackoffMax time.Duration // longest wait between attempts; default 10 min
	Keep       time.Duration // how long done jobs, and with them their keys, are kept; default 30 days
}

// WithDefaults fills what is empty.
func (c Config) WithDefaults() Config {
	duration := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	if c.Workers == 0 {
		c.Workers = 4
	}
	duration(&c.Lease, 30*time.Second)
	duration(&c.Poll, 2*time.Second)
	duration(&c.BackoffMin, 2*time.Second)
	duration(&c.BackoffMax, 10*time.Minute)
	duration(&c.Keep, 30*24*time.Hour)
	return c
}

// KindOptions are the rules of one kind.
type KindOptions struct {
	Exclusive bool          // one job of the kind at a time, over all processes
	Timeout   time.Duration // an attempt that takes longer is cancelled; 0: none
}

type kind struct {
	KindOptions
	handle func(ctx context.Context, t *Task, args string) error
}

// Queue leases due jobs to the registered handlers.
type Queue struct {
	db     *store.DB
	cfg    Config
	log    *slog.Logger
	worker string
	kinds  map[string]kind
	tables []timetable
}

// New makes a queue over the store; register kinds and schedules before Run.
func New(db *store.DB, cfg Config, logger *slog.Logger) *Queue {
	return &Queue{db: db, cfg: cfg.WithDefaults(), log: logger, worker: store.NewID(), kinds: map[string]kind{}}
}

// Register gives the kind its handler. The arguments are decoded strictly into T; a job whose arguments do not fit
// is dead at once. A second handler for a kind is an error.
func Register[T any](q *Queue, name string, opts KindOptions, handler func(ctx context.Context, t *Task, args T) error) error {
	if _, twice := q.kinds[name]; twice || name == "" {
		return fmt.Errorf("jobs: kind %q is empty or registered twice", name)
	}
	q.kinds[name] = kind{opts, func(ctx context.Context, t *Task, text string) error {
		var args T
		dec := json.NewDecoder(bytes.NewReader([]byte(text)))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&args); err != nil {
			return Permanent(fmt.Errorf("decode arguments: %w", err))
		}
		if _, err := dec.Token(); !errors.Is(err, io.EOF) {
			return Permanent(errors.New("decode arguments: something follows the value"))
		}
		return handler(ctx, t, args)
	}}
	return nil
}

// Schedule adds a timetable; its kind must be registered, its name must be new.
func (q *Queue) Schedule(s Schedule) error {
	t, err := s.parse()
	if err != nil {
		return err
	}
	if _, ok := q.kinds[s.Kind]; !ok {
		return fmt.Errorf("jobs: schedule %q: kind %q is not registered", s.Name, s.Kind)
	}
	if slices.ContainsFunc(q.tables, func(o timetable) bool { return o.Name == s.Name }) {
		return fmt.Errorf("jobs: schedule %q is there already", s.Name)
	}
	q.tables = append(q.tables, t)
	return nil
}

// Run works until ctx ends, then lets the handlers stop, gives their jobs back unharmed, and returns nil.
func (q *Queue) Run(ctx context.Context) error {
	signal, cancel := q.db.Watch(wakeTopic)
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, q.cfg.Workers)
	freed := make(chan struct{}, 1)
	for ctx.Err() == nil {
		wait := q.cfg.Poll
		claimed, idle, err := q.turn(ctx, len(slots) < q.cfg.Workers)
		switch {
		case err != nil && ctx.Err() == nil:
			q.log.ErrorContext(ctx, "job queue", "error", err)
		case claimed != nil:
			slots <- struct{}{}
			wg.Go(func() {
				q.attempt(ctx, claimed)
				<-slots
				select {
				case freed <- struct{}{}:
				default:
				}
			})
			continue
		default:
			wait = min(wait, idle)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-signal:
		case <-freed:
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// turn enqueues what schedules want and, if a worker is free, leases the next due job. Without one it says how
// long there is nothing to do.
func (q *Queue) turn(ctx context.Context, free bool) (claimed *row, idle time.Duration, err error) {
	idle = q.cfg.Poll
	due, err := q.somethingDue(ctx, &idle)
	if err != nil || !due {
		return nil, idle, err
	}
	err = q.db.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		now := tx.Now()
		for _, t := range q.tables {
			next, err := t.tick(ctx, tx)
			if err != nil {
				return fmt.Errorf("schedule %s: %w", t.Name, err)
			}
			if !next.IsZero() {
				idle = min(idle, max(next.Sub(now), time.Millisecond))
			}
		}
		if !free {
			return nil
		}
		var err error
		claimed, err = q.claim(ctx, tx, now)
		return err
	})
	if err != nil {
		return nil, q.cfg.Poll, err
	}
	return claimed, idle, nil
}

// somethingDue looks without writing, so that an idle queue does not take the write lock every poll. It shortens
// idle to the next moment at which something falls due.
func (q *Queue) somethingDue(ctx context.Context, idle *time.Duration) (bool, error) {
	now := q.db.Now()
	for _, t := range q.tables {
		var last int64
		err := q.db.Read().QueryRowContext(ctx, `SELECT slot FROM job_schedule WHERE name = ?`, t.Name).Scan(&last)
		if errors.Is(err, sql.ErrNoRows) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		next := t.next(time.UnixMilli(last))
		if !next.IsZero() && !next.After(now) {
			return true, nil
		}
		if !next.IsZero() {
			*idle = min(*idle, next.Sub(now))
		}
	}
	var next sql.NullInt64
	err := q.db.Read().NewRaw(`SELECT MIN(CASE WHEN state = 'ready' THEN run_at ELSE lease_until END) FROM job
		WHERE state IN ('ready', 'running') AND kind IN (?)`, bun.List(q.names())).Scan(ctx, &next)
	if err != nil || !next.Valid {
		return false, err
	}
	if wait := time.UnixMilli(next.Int64).Sub(now); wait > 0 {
		*idle = min(*idle, wait)
		return false, nil
	}
	return true, nil
}

func (q *Queue) names() []string {
	out := []string{""} // never a kind; keeps the list non-empty
	for name := range q.kinds {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// claim leases the job that has been due longest. A job whose worker vanished with the last attempt is dead.
func (q *Queue) claim(ctx context.Context, tx *store.Tx, now time.Time) (*row, error) {
	ms := now.UnixMilli()
	for {
		var r row
		err := tx.NewSelect().Model(&r).
			Where("kind IN (?)", bun.List(q.names())).
			Where("(state = 'ready' AND run_at <= ?) OR (state = 'running' AND lease_until <= ?)", ms, ms).
			Where("kind NOT IN (SELECT o.kind FROM job AS o WHERE o.state = 'running' AND o.lease_until > ? AND o.kind IN (?))",
				ms, bun.List(q.exclusive())).
			OrderExpr("run_at, made_at, id").Limit(1).Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, nil //nolint:nilnil // nothing is due
		}
		if err != nil {
			return nil, err
		}
		if r.State == Running && r.Attempt >= r.MaxAttempts {
			r.Fault = "the worker vanished during the last attempt"
			if _, err := tx.ExecContext(ctx, `UPDATE job SET state = 'dead', fault = ?, ended_at = ? WHERE id = ?`,
				r.Fault, ms, r.ID); err != nil {
				return nil, err
			}
			q.log.ErrorContext(ctx, "job dead", "kind", r.Kind, "id", r.ID, "fault", r.Fault)
			continue
		}
		r.Attempt, r.Fence = r.Attempt+1, r.Fence+1
		_, err = tx.ExecContext(ctx, `UPDATE job SET state = 'running', attempt = ?, fence = ?, lease_until = ?,
			worker = ?, started_at = ? WHERE id = ?`, r.Attempt, r.Fence, now.Add(q.cfg.Lease).UnixMilli(), q.worker, ms, r.ID)
		return &r, err
	}
}

func (q *Queue) exclusive() []string {
	out := []string{""}
	for name, k := range q.kinds {
		if k.Exclusive {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// attempt runs the handler under a lease that is renewed until it returns, and stores how it ended.
func (q *Queue) attempt(ctx context.Context, r *row) {
	k := q.kinds[r.Kind]
	t := &Task{ID: r.ID, Kind: r.Kind, Key: r.JobKey, Attempt: r.Attempt, fence: r.Fence}
	if r.Slot != nil && r.Since != nil {
		t.Slot = time.UnixMilli(*r.Slot).In(fundwatch.Shanghai())
		t.Since = time.UnixMilli(*r.Since).In(fundwatch.Shanghai())
	}
	run, lose := context.WithCancelCause(ctx)
	if k.Timeout > 0 {
		var cancel context.CancelFunc
		run, cancel = context.WithTimeout(run, k.Timeout)
		defer cancel()
	}
	var renewing sync.WaitGroup
	stop := make(chan struct{})
	renewing.Go(func() { q.renew(run, stop, t, lose) })
	err := safely(func() error { return k.handle(run, t, r.Args) })
	lost := !t.done.Load() && (errors.Is(context.Cause(run), ErrLost) || errors.Is(err, ErrLost))
	close(stop)
	renewing.Wait()
	lose(nil)
	if lost {
		q.log.WarnContext(ctx, "job lease lost", "kind", r.Kind, "id", r.ID)
		return
	}
	if t.done.Load() {
		return
	}
	// The outcome is stored even while the program stops.
	if err := q.finish(context.WithoutCancel(ctx), r, t, err, ctx.Err() != nil); err != nil {
		q.log.ErrorContext(ctx, "job outcome not stored; the job runs again when its lease ends",
			"kind", r.Kind, "id", r.ID, "error", err)
	}
}

func safely(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}

// renew extends the lease three times in its length. A lease that another worker took cancels the handler.
func (q *Queue) renew(ctx context.Context, stop <-chan struct{}, t *Task, lose context.CancelCauseFunc) {
	ticker := time.NewTicker(q.cfg.Lease / 3)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		err := q.db.WithTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
			if err := t.Guard(ctx, tx); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, `UPDATE job SET lease_until = ? WHERE id = ? AND fence = ?`,
				tx.Now().Add(q.cfg.Lease).UnixMilli(), t.ID, t.fence)
			return err
		})
		if t.done.Load() {
			return // completed by the handler, which still tidies up
		}
		switch {
		case errors.Is(err, ErrLost):
			lose(ErrLost)
			return
		case err != nil:
			q.log.WarnContext(ctx, "job lease not renewed", "kind", t.Kind, "id", t.ID, "error", err)
		}
	}
}

// finish stores the outcome under the fence. stopping says that the handler was cut short by the end of the
// program: the attempt does not count.
func (q *Queue) finish(ctx context.Context, r *row, t *Task, cause error, stopping bool) error {
	return q.db.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if cause == nil {
			return t.Complete(ctx, tx)
		}
		if err := t.Guard(ctx, tx); err != nil {
			return err
		}
		now := tx.Now()
		state, attempt, runAt, ended := Ready, r.Attempt, now, int64(0)
		fault := cause.Error()
		var nap *snooze
		var fatal *permanent
		switch {
		case stopping:
			attempt--
			fault = r.Fault
		case errors.As(cause, &nap):
			attempt--
			fault = ""
			runAt = now.Add(nap.wait)
		case errors.As(cause, &fatal) || r.Attempt >= r.MaxAttempts:
			state, ended = Dead, now.UnixMilli()
			q.log.ErrorContext(ctx, "job dead", "kind", r.Kind, "id", r.ID, "attempt", r.Attempt, "error", cause)
		default:
			runAt = now.Add(q.backoff(r.Attempt))
			q.log.WarnContext(ctx, "job failed", "kind", r.Kind, "id", r.ID, "attempt", r.Attempt, "error", cause)
		}
		_, err := tx.ExecContext(ctx, `UPDATE job SET state = ?, attempt = ?, run_at = ?, fault = ?, lease_until = 0,
			ended_at = ? WHERE id = ? AND fence = ?`, state, attempt, runAt.UnixMilli(), fault, ended, r.ID, r.Fence)
		return err
	})
}

func (q *Queue) backoff(attempt int) time.Duration {
	wait := q.cfg.BackoffMin
	for i := 1; i < attempt && wait < q.cfg.BackoffMax; i++ {
		wait *= 2
	}
	return min(wait, q.cfg.BackoffMax)
}

// Prune deletes done jobs that are older than Config.Keep; run it from a schedule.
func (q *Queue) Prune(ctx context.Context) (int64, error) {
	var n int64
	err := q.db.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM job WHERE state = 'done' AND ended_at < ?`,
			tx.Now().Add(-q.cfg.Keep).UnixMilli())
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	return n, err
}
