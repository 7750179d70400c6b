package audit

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"fundwatch"
	"fundwatch/internal/store"
)

// Filter chooses entries; empty fields choose all.
type Filter struct {
	From, To time.Time // From is included, To is not
	ActorID  string
	Login    string // exact name of the actor
	Action   string // exact, or all below it when it ends with a dot: "account."
	Object   string // exact, or all of a kind when it ends with a colon: "alert:"
	Outcome  Outcome
	Before   int64 // only entries with a smaller number: the next page of a list that grows at the top
	Offset   int64
	Limit    int64 // default 50, at most 1000
}

func (f Filter) apply(q *bun.SelectQuery) *bun.SelectQuery {
	if !f.From.IsZero() {
		q = q.Where("at >= ?", f.From.UnixMilli())
	}
	if !f.To.IsZero() {
		q = q.Where("at < ?", f.To.UnixMilli())
	}
	exact := func(column, value string) {
		if value != "" {
			q = q.Where("? = ?", bun.Ident(column), value)
		}
	}
	// A prefix is a range: LIKE differs between databases in case and escapes.
	prefix := func(column, value, end string) {
		if strings.HasSuffix(value, end) && value != "" {
			q = q.Where("? >= ? AND ? < ?", bun.Ident(column), value, bun.Ident(column), value+"\U0010ffff")
			return
		}
		exact(column, value)
	}
	exact("actor_id", f.ActorID)
	exact("actor_name", f.Login)
	prefix("action", f.Action, ".")
	prefix("object", f.Object, ":")
	exact("outcome", string(f.Outcome))
	return q
}

// Find returns the chosen entries, newest first, and how many there are without Before, Offset and Limit.
func (l *Log) Find(ctx context.Context, f Filter) (_ []Record, total int64, err error) {
	defer fundwatch.Wrap(&err, "audit.Find")
	if f.Limit <= 0 {
		f.Limit = 50
	}
	f.Limit = min(f.Limit, 1000)
	total, err = f.apply(l.db.Read().NewSelect().Model((*row)(nil))).Count(ctx)
	if err != nil {
		return nil, 0, store.Fault(err)
	}
	var rows []row
	q := f.apply(l.db.Read().NewSelect().Model(&rows)).OrderExpr("seq DESC").Limit(f.Limit).Offset(f.Offset)
	if f.Before > 0 {
		q = q.Where("seq < ?", f.Before)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, 0, store.Fault(err)
	}
	out := make([]Record, 0, len(rows))
	for i := range rows {
		out = append(out, rows[i].record())
	}
	return out, total, nil
}
