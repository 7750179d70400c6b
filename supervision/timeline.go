package supervision

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"fundwatch"
	"fundwatch/access"
	"fundwatch/internal/store"
)

// Event is one step in the life of an alert (办理过程).
type Event struct {
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Action Action    `json:"action"`
	Title  string    `json:"title"`
	Note   string    `json:"note"`
	State  State     `json:"state"` // it led to
}

// eventRow is a line of alert_event.
type eventRow struct {
	bun.BaseModel `bun:"table:alert_event"`

	Alert     int64
	No        int64
	Rev       int64 // before the step
	At        int64
	ActorID   string
	ActorName string
	Action    Action
	Note      string
	State     State
	Digest    string
}

// appendEvent writes the step that led to the row's present version.
func appendEvent(ctx context.Context, tx *store.Tx, r *alertRow, s step) error {
	e := eventRow{
		Alert: r.ID, No: r.Rev, Rev: r.Rev - 1, At: tx.Now().UnixMilli(), ActorID: s.actor.ID, ActorName: s.actor.Name,
		Action: s.action, Note: s.note, State: r.State, Digest: s.digest(),
	}
	_, err := tx.NewInsert().Model(&e).Exec(ctx)
	return err
}

// repeated reports whether the step from version rev was this very request by this very person.
func repeated(ctx context.Context, tx *store.Tx, r *alertRow, rev int64, s step) (bool, error) {
	var e eventRow
	err := tx.NewSelect().Model(&e).Where("alert = ? AND rev = ?", r.ID, rev).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil && e.ActorID == s.actor.ID && e.Digest == s.digest(), err
}

// Timeline lists the steps of an alert, oldest first.
func (d *Desk) Timeline(ctx context.Context, actor fundwatch.Actor, id string) (_ []Event, err error) {
	defer fundwatch.Wrap(&err, "supervision.Timeline(%s)", id)
	if err := d.require(ctx, actor, access.AlertRead, id); err != nil {
		return nil, err
	}
	r, err := visible(ctx, d.store.Read(), actor, id)
	if err != nil {
		return nil, d.hidden(ctx, actor, id, err)
	}
	return timeline(ctx, d.store.Read(), r.ID)
}

func timeline(ctx context.Context, db bun.IDB, alert int64) ([]Event, error) {
	var rows []eventRow
	if err := db.NewSelect().Model(&rows).Where("alert = ?", alert).OrderExpr("no").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Event, len(rows))
	for i, r := range rows {
		out[i] = Event{
			At: clock(r.At), Actor: r.ActorName, Action: r.Action, Title: actionTitle(r.Action, r.State), Note: r.Note, State: r.State,
		}
	}
	return out, nil
}

// hidden records the reach for an alert that is outside the scope; the reader learns only that it is not there.
func (d *Desk) hidden(ctx context.Context, actor fundwatch.Actor, id string, err error) error {
	if fundwatch.CodeOf(err) != fundwatch.NotFound {
		return err
	}
	return errors.Join(err, d.denied(ctx, actor, "read", id, "范围之外或不存在"))
}
