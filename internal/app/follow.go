package app

import (
	"context"
	"fmt"
	"time"

	"fundwatch"
	"fundwatch/internal/live"
	"fundwatch/internal/store"
	"fundwatch/patrol"
	"fundwatch/warehouse"
	"fundwatch/warehouse/intake"
	"fundwatch/web"
)

// where says how far the warehouse is: its newest load, and the business time up to which the core's data is
// complete. The core's time and not that of a list which came by file: that is the day of its upload.
func (w *works) where() (int64, time.Time) {
	seq := w.warehouse.LoadSeq()
	w.mu.Lock()
	defer w.mu.Unlock()
	if seq == w.mark.seq {
		return w.mark.seq, w.mark.asOf
	}
	ctx := context.Background()
	found, err := w.warehouse.Ledger(ctx, warehouse.LedgerFilter{Source: intake.SourceCore, Limit: 1})
	if err == nil && len(found) == 0 {
		found, err = w.warehouse.Ledger(ctx, warehouse.LedgerFilter{Limit: 1})
	}
	if err != nil {
		w.app.log.Warn("ledger of loads not read", "error", err)
		return w.mark.seq, w.mark.asOf
	}
	w.mark.seq = seq
	if len(found) > 0 {
		w.mark.asOf = found[0].AsOf
	}
	return w.mark.seq, w.mark.asOf
}

// today is the business day: that of the data, not that on the wall.
func (w *works) today() time.Time {
	if _, asOf := w.where(); !asOf.IsZero() {
		return asOf
	}
	return w.app.now()
}

// loading shows how far a round of intake is.
func (w *works) loading(p intake.Progress) {
	w.app.parts.set("intake", func(x *web.Part) {
		x.State, x.Done, x.Total = "working", p.AllRows, p.AllOf
		x.Note = fmt.Sprintf("正在接入：%s", p.Name)
	})
}

// judging shows how far a patrol round is.
func (w *works) judging(p patrol.Progress) {
	w.app.parts.set("patrol", func(x *web.Part) {
		x.State, x.Done, x.Total = "working", int64(p.Done), int64(p.Total)
		x.Note, x.Job = p.Step, ""
		if p.Kind == patrol.FullRound {
			x.Job = jobFull
		}
	})
}

// level is what happens when the warehouse holds what the core holds: the rules judge what came.
func (w *works) level(ctx context.Context, s intake.Summary) error {
	w.app.parts.set("intake", func(x *web.Part) { x.State, x.Note, x.Done, x.Total = "ready", "", 0, 0 })
	if s.Rows > 0 {
		seq, asOf := w.where()
		err := w.announce(ctx, "intake", asOf, map[string]any{"loadSeq": seq, "rows": s.Rows, "tables": s.Tables})
		if err != nil {
			return err
		}
	}
	if err := w.judge(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	return nil // a round cut short by the end of the program is made up for by the first of the next start
}

// judge runs a delta round; the first one of all is a full round.
func (w *works) judge(ctx context.Context) error {
	_, rounds, err := w.patrol.Rounds(ctx, 1, 0)
	if err != nil {
		return err
	}
	if rounds == 0 {
		return w.round(ctx, w.patrol.Full)
	}
	return w.round(ctx, w.patrol.Delta)
}

// round runs a round and tells open pages of it.
func (w *works) round(ctx context.Context, run func(context.Context) (patrol.Round, error)) error {
	r, err := run(ctx)
	w.app.parts.set("patrol", func(x *web.Part) {
		x.State, x.Note, x.Done, x.Total, x.Job = "ready", "", 0, 0, ""
		if err != nil {
			x.State, x.Note = "failed", "上一轮巡查未完成："+fundwatch.MessageOf(err)
		}
	})
	if err != nil || r.ID == 0 {
		return err
	}
	return w.announce(ctx, "rounds", r.AsOf, map[string]any{
		"id": r.ID, "kind": r.Kind, "state": r.State, "raised": r.Appeared, "changed": r.Changed, "gone": r.Gone, "toSeq": r.ToSeq,
	})
}

// announce stores an event that open pages hear.
func (w *works) announce(ctx context.Context, topic string, asOf time.Time, data any) error {
	return w.app.store.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, err := live.Append(ctx, tx, live.Item{Topic: topic, AsOf: asOf, Data: data})
		return err
	})
}

// nudge asks for a delta round soon: rows came by another road than the core.
func (w *works) nudge() {
	select {
	case w.nudged <- struct{}{}:
	default:
	}
}

// patrolWhenNudged runs the rounds that were asked for.
func (w *works) patrolWhenNudged(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.nudged:
		}
		if w.warehouse.LoadSeq() == 0 {
			continue
		}
		if err := w.judge(ctx); err != nil && ctx.Err() == nil {
			w.app.log.ErrorContext(ctx, "patrol after a file", "error", err)
		}
	}
}
