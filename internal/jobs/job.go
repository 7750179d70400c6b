package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"fundwatch"
	"fundwatch/internal/store"
)

// wakeTopic is signalled whenever a job is enqueued.
const wakeTopic = "jobs"

// State is where a job stands.
type State string

// The states. A dead job has used up its attempts or failed for good; nothing runs it but Retry.
const (
	Ready   State = "ready"
	Running State = "running"
	Done    State = "done"
	Dead    State = "dead"
)

// Job is work to enqueue.
type Job struct {
	Kind        string
	Key         string    // two jobs of a kind with one key are the same job; empty: always another
	Args        any       // encoded as JSON; the handler's type reads it, unknown fields are a fault
	RunAt       time.Time // zero: at once
	MaxAttempts int       // default 10
}

// Info is a job as lists show it.
type Info struct {
	ID          string          `json:"id"`
	Kind        string          `json:"kind"`
	Key         string          `json:"key"`
	Args        json.RawMessage `json:"args"`
	State       State           `json:"state"`
	RunAt       time.Time       `json:"run_at"`
	Attempt     int             `json:"attempt"`
	MaxAttempts int             `json:"max_attempts"`
	Fault       string          `json:"fault,omitempty"` // the last error, in English, for the administrator
	Schedule    string          `json:"schedule,omitempty"`
	MadeAt      time.Time       `json:"made_at"`
	StartedAt   time.Time       `json:"started_at,omitzero"`
	EndedAt     time.Time       `json:"ended_at,omitzero"`
}

// row is a line of the table job.
type row struct {
	bun.BaseModel `bun:"table:job"`

	ID          string
	Kind        string
	JobKey      string
	Args        string
	State       State
	RunAt       int64
	Attempt     int
	MaxAttempts int
	Fence       int64
	LeaseUntil  int64
	Worker      string
	Fault       string
	Schedule    *string
	Slot        *int64
	Since       *int64
	MadeAt      int64
	StartedAt   int64
	EndedAt     int64
}

func (r *row) info() Info {
	at := func(ms int64) time.Time {
		if ms == 0 {
			return time.Time{}
		}
		return time.UnixMilli(ms).In(fundwatch.Shanghai())
	}
	out := Info{
		ID: r.ID, Kind: r.Kind, Key: r.JobKey, Args: json.RawMessage(r.Args), State: r.State, RunAt: at(r.RunAt),
		Attempt: r.Attempt, MaxAttempts: r.MaxAttempts, Fault: r.Fault, MadeAt: at(r.MadeAt),
		StartedAt: at(r.StartedAt), EndedAt: at(r.EndedAt),
	}
	if r.Schedule != nil {
		out.Schedule = *r.Schedule
	}
	return out
}

// Enqueue adds a job in the caller's transaction. added is false when a job of the kind and key is there already,
// finished or not; that is no error, it is what the key is for.
func Enqueue(ctx context.Context, tx *store.Tx, j Job) (added bool, err error) {
	defer fundwatch.Wrap(&err, "jobs.Enqueue(%s, %s)", j.Kind, j.Key)
	r, err := newRow(j, tx.Now())
	if err != nil {
		return false, err
	}
	return insert(ctx, tx, r)
}

func newRow(j Job, now time.Time) (row, error) {
	if j.Kind == "" {
		return row{}, errors.New("job without kind")
	}
	args, err := json.Marshal(j.Args)
	if err != nil {
		return row{}, fmt.Errorf("encode arguments: %w", err)
	}
	r := row{
		ID: store.NewID(), Kind: j.Kind, JobKey: j.Key, Args: string(args), State: Ready, MadeAt: now.UnixMilli(),
		RunAt: now.UnixMilli(), MaxAttempts: j.MaxAttempts,
	}
	if r.JobKey == "" {
		r.JobKey = r.ID
	}
	if !j.RunAt.IsZero() {
		r.RunAt = j.RunAt.UnixMilli()
	}
	if r.MaxAttempts == 0 {
		r.MaxAttempts = 10
	}
	return r, nil
}

// insert looks before it writes: a unique fault would spoil the caller's transaction on PostgreSQL. Between two
// transactions the unique key still decides.
func insert(ctx context.Context, tx *store.Tx, r row) (bool, error) {
	n, err := tx.NewSelect().Model((*row)(nil)).Where("kind = ? AND job_key = ?", r.Kind, r.JobKey).Count(ctx)
	if err != nil || n > 0 {
		return false, err
	}
	if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
		return false, err
	}
	tx.Wake(wakeTopic)
	return true, nil
}

// Filter chooses jobs; empty fields choose all.
type Filter struct {
	Kind   string
	State  State
	Offset int64
	Limit  int64 // default 50, at most 1000
}

// List returns jobs, newest first, and how many there are.
func List(ctx context.Context, db *store.DB, f Filter) (_ []Info, total int64, err error) {
	defer fundwatch.Wrap(&err, "jobs.List")
	if f.Limit <= 0 {
		f.Limit = 50
	}
	var rows []row
	q := db.Read().NewSelect().Model(&rows).OrderExpr("made_at DESC, id").Limit(min(f.Limit, 1000)).Offset(f.Offset)
	if f.Kind != "" {
		q = q.Where("kind = ?", f.Kind)
	}
	if f.State != "" {
		q = q.Where("state = ?", f.State)
	}
	total, err = q.ScanAndCount(ctx)
	if err != nil {
		return nil, 0, store.Fault(err)
	}
	out := make([]Info, 0, len(rows))
	for i := range rows {
		out = append(out, rows[i].info())
	}
	return out, total, nil
}

// Retry makes a dead job ready again with fresh attempts.
func Retry(ctx context.Context, tx *store.Tx, id string) (err error) {
	defer fundwatch.Wrap(&err, "jobs.Retry(%s)", id)
	res, err := tx.ExecContext(ctx, `UPDATE job SET state = 'ready', attempt = 0, run_at = ?, ended_at = 0
		WHERE id = ? AND state = 'dead'`, tx.Now().UnixMilli(), id)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil {
		return err
	} else if n == 0 {
		return fundwatch.Errorf(fundwatch.NotFound, "没有这个已停止的后台任务，可能已被重新执行，请刷新列表")
	}
	tx.Wake(wakeTopic)
	return nil
}
