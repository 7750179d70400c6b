package supervision

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/internal/jobs"
	"fundwatch/internal/store"
)

const (
	// SubmitJob is the kind of job that sends a directive to the business core.
	SubmitJob = "core.submit"
	// submitAttempts outlasts a long weekend without the core.
	submitAttempts = 200
	pollPage       = 200
	pollCursor     = "core.directives"
)

// directiveRow is a line of alert_directive.
type directiveRow struct {
	bun.BaseModel `bun:"table:alert_directive"`

	ID         string `bun:",pk"`
	Alert      int64
	Kind       string
	State      string // sending, or a core.DirectiveState
	Message    string
	Answer     string // JSON of core.Answer, or empty
	MadeAt     int64
	AnsweredAt int64
}

// Register gives the queue the desk's job.
func (d *Desk) Register(q *jobs.Queue) error {
	return jobs.Register(q, SubmitJob, jobs.KindOptions{Timeout: time.Minute}, d.submit)
}

// submit sends one directive. Sending twice is harmless: the core knows the directive by its id. What the core will
// never take goes back to the desk with its reason.
func (d *Desk) submit(ctx context.Context, t *jobs.Task, dir core.Directive) error {
	if d.opts.Core == nil {
		return fundwatch.Errorf(fundwatch.Unavailable, "未配置业务系统接口")
	}
	status, err := d.opts.Core.Submit(ctx, dir)
	switch fundwatch.CodeOf(err) {
	case "":
	case fundwatch.Invalid, fundwatch.Conflict, fundwatch.NotFound:
		status = &core.DirectiveStatus{Directive: dir, State: core.Refused, Message: fundwatch.MessageOf(err), At: d.opts.Now()}
	default:
		return err
	}
	return d.store.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := t.Guard(ctx, tx); err != nil {
			return err
		}
		if err := d.apply(ctx, tx, *status); err != nil {
			return err
		}
		return t.Complete(ctx, tx)
	})
}

// Poll reads what is new of all directives and moves their alerts on. The place in the core's list is stored with
// what was made of it, so that nothing is lost or done twice wherever it is cut short. It gives the number of
// changes read.
func (d *Desk) Poll(ctx context.Context) (n int, err error) {
	defer fundwatch.Wrap(&err, "supervision.Poll")
	if d.opts.Core == nil {
		return 0, nil
	}
	for {
		after, err := d.cursor(ctx)
		if err != nil {
			return n, err
		}
		list, err := d.opts.Core.Directives(ctx, after, pollPage)
		if err != nil || len(list) == 0 {
			return n, err
		}
		err = d.store.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			for _, status := range list {
				if err := d.apply(ctx, tx, status); err != nil {
					return err
				}
				after = max(after, status.Seq)
			}
			return setCursor(ctx, tx, after)
		})
		if err != nil {
			return n, err
		}
		n += len(list)
	}
}

// RunPoll polls until the context ends. A core that cannot be reached is tried again at the next beat.
func (d *Desk) RunPoll(ctx context.Context, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if _, err := d.Poll(ctx); err != nil && ctx.Err() == nil {
			d.opts.Logger.WarnContext(ctx, "poll directives", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (d *Desk) cursor(ctx context.Context) (int64, error) {
	var seq int64
	err := d.store.Read().QueryRowContext(ctx, `SELECT seq FROM supervision_cursor WHERE name = ?`, pollCursor).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return seq, err
}

func setCursor(ctx context.Context, tx *store.Tx, seq int64) error {
	res, err := tx.ExecContext(ctx, `UPDATE supervision_cursor SET seq = ? WHERE name = ? AND seq < ?`, seq, pollCursor, seq)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO supervision_cursor (name, seq) SELECT ?, ?
		WHERE NOT EXISTS (SELECT 1 FROM supervision_cursor WHERE name = ?)`, pollCursor, seq, pollCursor)
	return err
}

// apply brings one state of a directive to its alert. States that were seen before, or are older than what is
// stored, change nothing: the core's list and the answer to Submit tell the same story twice.
func (d *Desk) apply(ctx context.Context, tx *store.Tx, status core.DirectiveStatus) error {
	row := directiveRow{ID: status.Directive.ID}
	err := tx.NewSelect().Model(&row).WherePK().Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // another workbench's directive
	}
	if err != nil {
		return err
	}
	if progress(string(status.State)) <= progress(row.State) {
		return nil
	}
	row.State, row.Message = string(status.State), status.Message
	if status.Answer != nil {
		text, err := json.Marshal(status.Answer)
		if err != nil {
			return err
		}
		row.Answer = string(text)
	}
	if status.State.Final() {
		row.AnsweredAt = millis(status.At)
	}
	if _, err := tx.NewUpdate().Model(&row).WherePK().Exec(ctx); err != nil {
		return err
	}
	r := &alertRow{}
	if err := tx.NewSelect().Model(r).Where("id = ?", row.Alert).Scan(ctx); err != nil {
		return err
	}
	s, ok := consequence(r, row, status)
	if !ok {
		return nil
	}
	if err := d.systemStep(ctx, tx, r, s); err != nil {
		return err
	}
	return d.publish(ctx, tx, r)
}

// progress orders the states of a directive.
func progress(state string) int {
	switch core.DirectiveState(state) {
	case core.Received:
		return 1
	case core.InProgress:
		return 2
	case core.Answered, core.Refused:
		return 3
	}
	return 0
}

// consequence is what a directive's new state means for its alert; an alert that has moved on is left alone.
func consequence(r *alertRow, row directiveRow, status core.DirectiveStatus) (step, bool) {
	if core.DirectiveKind(row.Kind) != core.Dispatch {
		if !status.State.Final() {
			return step{}, false
		}
		s := step{action: carryOut, note: status.Message}
		if status.State == core.Refused {
			s.note = "未执行：" + status.Message
			s.change = func(_ context.Context, _ *store.Tx, r *alertRow) error { r.Suspended = 0; return nil }
		}
		return s, true
	}
	if r.Directive != row.ID || r.State != Dispatched && r.State != Verifying {
		return step{}, false
	}
	switch status.State {
	case core.InProgress:
		return step{action: start, note: status.Message}, r.State == Dispatched
	case core.Answered:
		s := step{action: answer, note: status.Message}
		if a := status.Answer; a != nil {
			s.note = a.Note
			if a.Clerk != "" {
				s.note += "（核查人 " + a.Clerk + "，" + at(a.At) + "）"
			}
		}
		return s, true
	case core.Refused:
		return step{action: refuse, note: status.Message}, true
	case core.Received:
	}
	return step{}, false
}
