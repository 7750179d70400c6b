package supervision

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"fundwatch"
	"fundwatch/internal/audit"
	"fundwatch/internal/live"
	"fundwatch/internal/store"
	"fundwatch/patrol"
)

// crowd is how many changes of one round are told to live readers one by one; more are told in one event, upon
// which a page reads its list anew.
const crowd = 300

// Crowd is the live event of a round that changed too many alerts to tell each.
type Crowd struct {
	Many   int   `json:"many"`
	Raised int   `json:"raised"`
	Round  int64 `json:"round"`
}

// Raise turns the changes of a patrol round into alerts, in the round's own transaction: it is the patrol's Sink.
// A new finding raises an alert; one that has an open alert goes on in it; one whose alert was closed stays silent
// or opens a new episode as the verdict says; one that vanished ends an alert nobody has begun, and is noted on the
// others.
func (d *Desk) Raise(ctx context.Context, tx *store.Tx, changes []patrol.Change) error {
	var touched []*alertRow
	raised := 0
	for _, c := range changes {
		r, isNew, err := d.take(ctx, tx, c)
		if err != nil {
			return fmt.Errorf("alert for %s %s: %w", c.Finding.Rule, c.Finding.Subject, err)
		}
		if r != nil {
			touched = append(touched, r)
		}
		if isNew {
			raised++
		}
	}
	if len(touched) == 0 {
		return nil
	}
	if len(touched) > crowd {
		_, err := live.Append(ctx, tx, live.Item{Topic: Topic, AsOf: changes[0].AsOf, Data: Crowd{len(touched), raised, changes[0].Round}})
		if err != nil {
			return err
		}
		touched = nil
	}
	for _, r := range touched {
		if err := d.publish(ctx, tx, r); err != nil {
			return err
		}
	}
	return d.audit.Append(ctx, tx, audit.Entry{
		Actor: system(), Action: "alert.raise", Object: "round:" + strconv.FormatInt(changes[0].Round, 10),
		Detail: map[string]string{"changes": strconv.Itoa(len(changes)), "raised": strconv.Itoa(raised)},
	})
}

// take applies one change. It gives the alert it touched, and whether it is new.
func (d *Desk) take(ctx context.Context, tx *store.Tx, c patrol.Change) (*alertRow, bool, error) {
	r, err := latest(ctx, tx, c.Finding.Key)
	if err != nil {
		return nil, false, err
	}
	switch {
	case c.Kind == patrol.Vanished:
		if r == nil || r.OpenSlot == nil {
			return nil, false, nil
		}
		return r, false, d.systemStep(ctx, tx, r, step{
			action: vanish, note: "数据更正或款项归位后，规则不再命中",
			change: func(_ context.Context, _ *store.Tx, r *alertRow) error { r.Found = 0; return nil },
		})
	case r == nil:
		r, err = d.open(ctx, tx, c)
		return r, err == nil, err
	case r.OpenSlot != nil:
		return r, false, d.systemStep(ctx, tx, r, recurrence(c))
	case silent(r, c.Finding):
		_, err := tx.ExecContext(ctx, `UPDATE alert SET suppressed = suppressed + 1, found = 1, seen_at = ? WHERE id = ?`,
			c.Finding.SeenAt.UnixMilli(), r.ID)
		return nil, false, err
	default:
		r, err = d.open(ctx, tx, c)
		return r, err == nil, err
	}
}

// silent reports whether a finding whose alert was closed stays closed. An alert that ended without a problem is
// silent until its evidence changes; wrong data that is still wrong, and what had cleared by itself, come back; a
// confirmed problem comes back when money went out for later months than those that were settled.
func silent(r *alertRow, f patrol.Finding) bool {
	switch {
	case r.State == Cleared || Verdict(r.Verdict) == DataError:
		return false
	case r.State == Dismissed:
		return r.VerdictHash == f.Hash
	default:
		return int64(f.LastMonth) <= r.LastMonth && f.Amount <= fundwatch.Fen(r.Amount)
	}
}

// latest is the newest alert of a finding, or nil.
func latest(ctx context.Context, tx *store.Tx, key string) (*alertRow, error) {
	r := &alertRow{}
	err := tx.NewSelect().Model(r).Where("finding_key = ?", key).OrderExpr("id DESC").Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // no alert is an answer
	}
	return r, err
}

// open raises a new alert.
func (d *Desk) open(ctx context.Context, tx *store.Tx, c patrol.Change) (*alertRow, error) {
	id, err := tx.Next(ctx, "alert")
	if err != nil {
		return nil, err
	}
	one, now := 1, tx.Now().UnixMilli()
	asOf := c.AsOf
	if asOf.IsZero() {
		asOf = d.opts.Today()
	}
	r := &alertRow{
		ID: id, FindingKey: c.Finding.Key, OpenSlot: &one, Rev: 1, State: Raised, Rule: c.Finding.Rule,
		SubjectKind: string(c.Finding.Subject.Kind), SubjectID: c.Finding.Subject.ID, Found: 1, Times: 1,
		RaisedAt: now, RaisedOn: d.day(asOf), SeenAt: now, ChangedAt: now,
	}
	r.take(c.Finding, c.Rule)
	if _, err := tx.NewInsert().Model(r).Exec(ctx); err != nil {
		return nil, err
	}
	return r, appendEvent(ctx, tx, r, step{action: raise, actor: system(), note: c.Rule.Explanation(c.Finding)})
}

// recurrence goes on in an open alert: the amounts of today, one more time.
func recurrence(c patrol.Change) step {
	note := "再次发现"
	if c.Kind == patrol.Changed {
		note = "情况有变：" + c.Rule.Explanation(c.Finding)
	}
	return step{action: recur, note: note, change: func(_ context.Context, tx *store.Tx, r *alertRow) error {
		r.take(c.Finding, c.Rule)
		r.Found, r.SeenAt = 1, tx.Now().UnixMilli()
		r.Times++
		return nil
	}}
}

// systemStep applies a move of the system.
func (d *Desk) systemStep(ctx context.Context, tx *store.Tx, r *alertRow, s step) error {
	s.actor = system()
	m, ok := findMove(s.action, r.State)
	if !ok {
		return fmt.Errorf("no move %s from %s", s.action, r.State)
	}
	return d.transition(ctx, tx, r, m, s)
}

// at writes a moment for a note.
func at(t time.Time) string { return t.In(fundwatch.Shanghai()).Format("2006-01-02 15:04") }
