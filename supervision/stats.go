package supervision

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"fundwatch"
	"fundwatch/access"
)

// statsDays is how many business days the trend shows.
const statsDays = 30

// Stats are the figures over the alerts an actor may see (预警统计).
type Stats struct {
	Total     int64
	Open      int64
	Today     int64         // raised on the last business day
	Red       int64         // open and red
	Overdue   int64         // past the deadline of verification
	Amount    fundwatch.Fen // in open alerts
	Confirmed fundwatch.Fen // confirmed this year
	Recovered fundwatch.Fen // recovered this year
	ByState   []Count
	ByLine    []Share
	ByRegion  []Share // by county
	ByRule    []Share
	ByDay     []Day // oldest first, without gaps
	Seq       int64 // of the live topic: what comes after it is not counted
}

// Share is what falls to one region, line or rule.
type Share struct {
	Value      string        `json:"value"`
	Alerts     int64         `json:"alerts"`
	Open       int64         `json:"open"`
	Red        int64         `json:"red"`        // open and red
	Amount     fundwatch.Fen `json:"amount"`     // in open alerts
	Dispatched int64         `json:"dispatched"` // ever
	InWork     int64         `json:"inWork"`     // dispatched, not answered, in time
	Overdue    int64         `json:"overdue"`
	Done       int64         `json:"done"` // dispatched and ended, or answered
}

// Day is one business day's coming and going.
type Day struct {
	Day     string `json:"day"`
	Raised  int64  `json:"raised"`
	Handled int64  `json:"handled"` // ended
}

// Stats counts the alerts inside a region; the empty region is all the actor may see.
func (d *Desk) Stats(ctx context.Context, actor fundwatch.Actor, region fundwatch.Region) (_ Stats, err error) {
	defer fundwatch.Wrap(&err, "supervision.Stats")
	if access.Require(actor, access.ScreenRead) != nil {
		if err := d.require(ctx, actor, access.AlertRead, "*"); err != nil {
			return Stats{}, err
		}
	}
	f := Filter{Region: region}
	if err := f.check(); err != nil {
		return Stats{}, err
	}
	var s Stats
	if s.Seq, err = d.seq(ctx); err != nil {
		return Stats{}, err
	}
	if err := d.totals(ctx, actor, f, &s); err != nil {
		return Stats{}, err
	}
	if s.ByState, err = d.facet(ctx, actor, f, byState); err != nil {
		return Stats{}, err
	}
	for column, to := range map[string]*[]Share{byLine: &s.ByLine, byRegion: &s.ByRegion, byRule: &s.ByRule} {
		if *to, err = d.shares(ctx, actor, f, column); err != nil {
			return Stats{}, err
		}
	}
	s.ByDay, err = d.days(ctx, actor, f)
	return s, err
}

// totals fills the single figures.
func (d *Desk) totals(ctx context.Context, actor fundwatch.Actor, f Filter, s *Stats) error {
	today := d.opts.Today().In(fundwatch.Shanghai())
	year := time.Date(today.Year(), 1, 1, 0, 0, 0, 0, fundwatch.Shanghai()).Format(time.DateOnly)
	return d.narrowed(d.store.Read().NewSelect().Model((*alertRow)(nil)), actor, f, "").
		ColumnExpr("count(*)").
		ColumnExpr("count(open_slot)").
		ColumnExpr("count(CASE WHEN raised_on = ? THEN 1 END)", d.day(today)).
		ColumnExpr("count(CASE WHEN open_slot = 1 AND severity = ? THEN 1 END)", Red).
		ColumnExpr("count(CASE WHEN "+overdueExpr+" THEN 1 END)", bun.List([]State{Dispatched, Verifying}), millis(today)).
		ColumnExpr("coalesce(sum(CASE WHEN open_slot = 1 THEN amount END), 0)").
		ColumnExpr("coalesce(sum(CASE WHEN verdict = ? AND raised_on >= ? THEN confirmed END), 0)", Violation, year).
		ColumnExpr("coalesce(sum(CASE WHEN verdict = ? AND raised_on >= ? THEN recovered END), 0)", Violation, year).
		Scan(ctx, &s.Total, &s.Open, &s.Today, &s.Red, &s.Overdue, &s.Amount, &s.Confirmed, &s.Recovered)
}

const overdueExpr = "state IN (?) AND due_at > 0 AND due_at < ?"

// shares splits the figures by a column.
func (d *Desk) shares(ctx context.Context, actor fundwatch.Actor, f Filter, column string) ([]Share, error) {
	inWork := []State{Dispatched, Verifying}
	var out []Share
	err := d.narrowed(d.store.Read().NewSelect().Model((*alertRow)(nil)), actor, f, "").
		ColumnExpr("? AS value", bun.Ident(column)).
		ColumnExpr("count(*) AS alerts").
		ColumnExpr("count(open_slot) AS open").
		ColumnExpr("count(CASE WHEN open_slot = 1 AND severity = ? THEN 1 END) AS red", Red).
		ColumnExpr("coalesce(sum(CASE WHEN open_slot = 1 THEN amount END), 0) AS amount").
		ColumnExpr("count(CASE WHEN dispatches > 0 THEN 1 END) AS dispatched").
		ColumnExpr("count(CASE WHEN state IN (?) AND NOT ("+overdueExpr+") THEN 1 END) AS in_work",
			bun.List(inWork), bun.List(inWork), millis(d.opts.Today())).
		ColumnExpr("count(CASE WHEN "+overdueExpr+" THEN 1 END) AS overdue", bun.List(inWork), millis(d.opts.Today())).
		ColumnExpr("count(CASE WHEN dispatches > 0 AND state NOT IN (?) THEN 1 END) AS done", bun.List(inWork)).
		GroupExpr("?", bun.Ident(column)).OrderExpr("?", bun.Ident(column)).Scan(ctx, &out)
	return out, err
}

// days fills the trend, a line for every day up to today.
func (d *Desk) days(ctx context.Context, actor fundwatch.Actor, f Filter) ([]Day, error) {
	today := d.opts.Today().In(fundwatch.Shanghai())
	out := make([]Day, statsDays)
	index := map[string]int{}
	for i := range out {
		out[i].Day = d.day(today.AddDate(0, 0, i-statsDays+1))
		index[out[i].Day] = i
	}
	for _, column := range []string{"raised_on", "closed_on"} {
		var counts []Count
		err := d.narrowed(d.store.Read().NewSelect().Model((*alertRow)(nil)), actor, f, "").
			ColumnExpr("? AS value, count(*) AS count", bun.Ident(column)).
			Where("? >= ?", bun.Ident(column), out[0].Day).GroupExpr("?", bun.Ident(column)).Scan(ctx, &counts)
		if err != nil {
			return nil, err
		}
		for _, c := range counts {
			i, ok := index[c.Value]
			switch {
			case !ok:
			case column == "raised_on":
				out[i].Raised = c.Count
			default:
				out[i].Handled = c.Count
			}
		}
	}
	return out, nil
}
