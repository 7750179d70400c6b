package supervision

import (
	"context"
	"encoding/json"
	"slices"

	"strings"
	"time"

	"github.com/uptrace/bun"

	"fundwatch"
	"fundwatch/access"
	"fundwatch/core"
	"fundwatch/internal/live"
)

// Filter narrows the alert list. Several values of one field mean any of them.
type Filter struct {
	States     []State
	Severities []Severity
	Lines      []fundwatch.Insurance
	Region     fundwatch.Region // and all below it
	Rules      []string
	Open       bool
	Overdue    bool
	Query      string // words of the title, number of the alert or of the subject
	From, To   string // raised on business days, 2026-11-05, both included
	Sort       string // -raisedAt (default), raisedAt, -severity, -amount, dueAt, -seenAt
	Offset     int
	Limit      int // default 20, at most MaxPage
}

// MaxPage is the longest page of alerts.
const MaxPage = 200

// Page is a page of alerts with counts for each way to narrow further.
type Page struct {
	Items  []Alert
	Total  int64
	Seq    int64 // of the live topic: what comes after it is not in the page
	Facets Facets
}

// Facets are the counts, each taken without its own filter.
type Facets struct {
	State, Severity, Line, Region, Rule []Count
}

// Count is how many alerts have a value.
type Count struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// facet names, which are columns as well.
const (
	byState    = "state"
	bySeverity = "severity"
	byLine     = "line"
	byRegion   = "region"
	byRule     = "rule"
)

// List reads a page of the alerts the actor may see.
func (d *Desk) List(ctx context.Context, actor fundwatch.Actor, f Filter) (_ Page, err error) {
	defer fundwatch.Wrap(&err, "supervision.List")
	if err := d.require(ctx, actor, access.AlertRead, "*"); err != nil {
		return Page{}, err
	}
	if err := f.check(); err != nil {
		return Page{}, err
	}
	var p Page
	// The sequence is read first: an event between the two reads comes again over the socket, none is missed.
	if p.Seq, err = d.seq(ctx); err != nil {
		return Page{}, err
	}
	var rows []alertRow
	q := d.narrowed(d.store.Read().NewSelect().Model(&rows), actor, f, "")
	if err := q.OrderExpr(f.order()).Offset(int64(f.Offset)).Limit(int64(f.Limit)).Scan(ctx); err != nil {
		return Page{}, err
	}
	p.Items = d.alerts(rows)
	all, err := d.tally(ctx, actor, f, p.Seq)
	if err != nil {
		return Page{}, err
	}
	p.Total, p.Facets = all.total, all.facets
	return p, nil
}

func (d *Desk) alerts(rows []alertRow) []Alert {
	now := d.opts.Today()
	out := make([]Alert, len(rows))
	for i := range rows {
		out[i] = rows[i].alert(now)
	}
	return out
}

// check fills defaults and refuses what cannot be meant.
func (f *Filter) check() error {
	if f.Limit == 0 {
		f.Limit = 20
	}
	if f.Limit < 0 || f.Limit > MaxPage || f.Offset < 0 {
		return fundwatch.FieldErrorf("size", "每页条数应在 1 至 %d 之间", MaxPage)
	}
	if f.Region != "" && f.Region.Level() == fundwatch.LevelNone {
		return fundwatch.FieldErrorf("region", "没有行政区划 %s", clip(string(f.Region)))
	}
	for field, day := range map[string]string{"from": f.From, "to": f.To} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return fundwatch.FieldErrorf(field, "日期 %s 应写作 2026-11-05", clip(day))
		}
	}
	if f.order() == "" {
		return fundwatch.FieldErrorf("sort", "不能按 %s 排序", clip(f.Sort))
	}
	return nil
}

// order is the ORDER BY of the list. The id makes it total, so that pages do not overlap.
func (f *Filter) order() string {
	switch f.Sort {
	case "", "-raisedAt":
		return "raised_at DESC, id DESC"
	case "raisedAt":
		return "raised_at, id"
	case "-severity":
		return "severity_rank, amount DESC, id DESC"
	case "-amount":
		return "amount DESC, id DESC"
	case "dueAt":
		return "CASE WHEN due_at = 0 THEN 1 ELSE 0 END, due_at, id"
	case "-seenAt":
		return "seen_at DESC, id DESC"
	}
	return ""
}

// narrowed adds scope and filter to a query; without is the facet whose own filter is left out.
func (d *Desk) narrowed(q *bun.SelectQuery, actor fundwatch.Actor, f Filter, without string) *bun.SelectQuery {
	q = within(q, actor)
	if len(f.States) > 0 && without != byState {
		q = q.Where("state IN (?)", bun.List(f.States))
	}
	if len(f.Severities) > 0 && without != bySeverity {
		q = q.Where("severity IN (?)", bun.List(f.Severities))
	}
	if len(f.Lines) > 0 && without != byLine {
		q = q.Where("line IN (?)", bun.List(f.Lines))
	}
	if len(f.Rules) > 0 && without != byRule {
		q = q.Where("rule IN (?)", bun.List(f.Rules))
	}
	if f.Region != "" {
		q = inRegion(q, " AND ", "region", f.Region)
	}
	if f.Open {
		q = q.Where("open_slot = 1")
	}
	if f.Overdue {
		q = q.Where("state IN (?) AND due_at > 0 AND due_at < ?", bun.List([]State{Dispatched, Verifying}), millis(d.opts.Today()))
	}
	if f.From != "" {
		q = q.Where("raised_on >= ?", f.From)
	}
	if f.To != "" {
		q = q.Where("raised_on <= ?", f.To)
	}
	for _, word := range strings.Fields(f.Query) {
		like := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(word) + "%"
		q = q.Where(`(title LIKE ? ESCAPE '\' OR subject_id = ? OR CAST(id AS TEXT) = ? OR rule = ?)`, like, word, word, word)
	}
	return q
}

// facet counts the values of one column. Regions are counted one level below the chosen one.
func (d *Desk) facet(ctx context.Context, actor fundwatch.Actor, f Filter, name string) ([]Count, error) {
	expr := name
	if name == byRegion {
		expr = belowExpr(f.Region)
	}
	var out []Count
	err := d.narrowed(d.store.Read().NewSelect().Model((*alertRow)(nil)), actor, f, name).
		ColumnExpr(expr+" AS value, count(*) AS count").GroupExpr(expr).OrderExpr("count(*) DESC, 1").Scan(ctx, &out)
	return out, err
}

// belowExpr groups regions one level below r: prefectures of a province, counties of a prefecture.
func belowExpr(r fundwatch.Region) string {
	if r == "" || r.Level() == fundwatch.LevelProvince {
		return "substr(region, 1, 4) || '00'"
	}
	return "region"
}

// Detail is all the desk knows about an alert.
type Detail struct {
	Alert    Alert
	Answer   *core.Answer // what the agency found; nil before it answered
	Timeline []Event
	Actions  []Named // what the actor may do now
}

// Get reads one alert. One outside the scope is not found.
func (d *Desk) Get(ctx context.Context, actor fundwatch.Actor, id string) (_ *Detail, err error) {
	defer fundwatch.Wrap(&err, "supervision.Get(%s)", clip(id))
	if err := d.require(ctx, actor, access.AlertRead, id); err != nil {
		return nil, err
	}
	r, err := visible(ctx, d.store.Read(), actor, id)
	if err != nil {
		return nil, d.hidden(ctx, actor, id, err)
	}
	out := &Detail{Alert: r.alert(d.opts.Today()), Actions: d.actions(actor, r)}
	if out.Timeline, err = timeline(ctx, d.store.Read(), r.ID); err != nil {
		return nil, err
	}
	out.Answer, err = d.answerTo(ctx, r)
	return out, err
}

// answerTo is the newest answer about an alert, or nil.
func (d *Desk) answerTo(ctx context.Context, r *alertRow) (*core.Answer, error) {
	var rows []directiveRow
	err := d.store.Read().NewSelect().Model(&rows).Where("alert = ? AND kind = ? AND answer <> ''", r.ID, core.Dispatch).
		OrderExpr("made_at DESC, id DESC").Limit(1).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	a := &core.Answer{}
	return a, json.Unmarshal([]byte(rows[0].Answer), a)
}

// actions lists what the actor may do with the alert as it stands.
func (d *Desk) actions(actor fundwatch.Actor, r *alertRow) []Named {
	var out []Named
	for _, m := range moves() {
		usesCore := m.action == Dispatch || m.action == Return || m.action == Suspend
		switch {
		case m.need == "" || !slices.Contains(m.from, r.State) || access.Require(actor, m.need) != nil:
		case m.action == Suspend && (r.Suspended == 1 || r.SubjectKind != string(fundwatch.SubjectPerson) || r.Line == ""):
		case usesCore && d.opts.Core == nil:
		default:
			out = append(out, Named{string(m.action), m.title})
		}
	}
	return out
}

// seq is the newest number of the live topic.
func (d *Desk) seq(ctx context.Context) (int64, error) {
	_, highest, err := live.Bounds(ctx, d.store.Read(), Topic)
	return highest, err
}
