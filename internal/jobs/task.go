package jobs

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"fundwatch/internal/store"
)

// ErrLost says that the lease of a task went to another worker; what this one still does must not be stored.
var ErrLost = errors.New("jobs: the lease was lost to another worker")

// Task is one attempt at a job, given to its handler.
type Task struct {
	ID      string
	Kind    string
	Key     string
	Attempt int       // 1 at first
	Slot    time.Time // of a scheduled job: the moment it stands for
	Since   time.Time // of a scheduled job: the slot before that ran; everything after it up to Slot is due
	fence   int64
	done    atomic.Bool
}

// Guard fails with ErrLost unless the task still holds its lease. A handler that writes in several transactions
// calls it first in each.
func (t *Task) Guard(ctx context.Context, tx *store.Tx) error {
	n, err := tx.NewSelect().Model((*row)(nil)).Where("id = ? AND fence = ? AND state = ?", t.ID, t.fence, Running).Count(ctx)
	if err != nil {
		return fmt.Errorf("guard %s: %w", t.ID, err)
	}
	if n == 0 {
		return ErrLost
	}
	return nil
}

// Complete marks the job as done in the handler's own transaction, so that the work and its being done are one.
// A handler that does not call it is completed when it returns nil.
func (t *Task) Complete(ctx context.Context, tx *store.Tx) error {
	res, err := tx.ExecContext(ctx, `UPDATE job SET state = 'done', fault = '', ended_at = ?
		WHERE id = ? AND fence = ? AND state = 'running'`, tx.Now().UnixMilli(), t.ID, t.fence)
	if err != nil {
		return fmt.Errorf("complete %s: %w", t.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil {
		return fmt.Errorf("complete %s: %w", t.ID, err)
	} else if n == 0 {
		return ErrLost
	}
	tx.AfterCommit(func() { t.done.Store(true) })
	return nil
}

// permanent and snooze are what a handler says with its error.
type (
	permanent struct{ err error }
	snooze    struct{ wait time.Duration }
)

func (p *permanent) Error() string { return "permanent: " + p.err.Error() }
func (p *permanent) Unwrap() error { return p.err }
func (s *snooze) Error() string    { return "not yet: again in " + s.wait.String() }

// Permanent marks an error that trying again will not mend: the job is dead at once.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanent{err}
}

// Snooze puts the job off without counting the attempt: nothing is wrong, it is only too early.
func Snooze(wait time.Duration) error { return &snooze{wait} }
