package check

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"fundwatch"
	"fundwatch/internal/audit"
	"fundwatch/internal/store"
	"fundwatch/warehouse"
)

// IssueState is how far an issue has come.
type IssueState string

// The states of an issue. A run opens what it finds, reopens what was called fixed and is not, or was accepted and
// has grown, and calls fixed what it no longer finds.
const (
	Open     IssueState = "open"
	Assigned IssueState = "assigned"
	Fixed    IssueState = "fixed"
	Accepted IssueState = "accepted"
)

// Issue is what one point finds in one region (问题). Its key is the two together.
type Issue struct {
	Point     string           `json:"point"`
	Title     string           `json:"title"`
	Table     string           `json:"table"`
	TableName string           `json:"tableName"`
	Grade     Grade            `json:"grade"`
	Fix       string           `json:"fix"`
	Region    fundwatch.Region `json:"region"` // empty: rows that name no region
	Rows      int64            `json:"rows"`   // rows at fault now
	State     IssueState       `json:"state"`
	Owner     string           `json:"owner"` // login name of whoever is to put it right
	Deadline  time.Time        `json:"deadline,omitzero"`
	Note      string           `json:"note"`
	FirstRun  int64            `json:"firstRun"`
	LastRun   int64            `json:"lastRun"`
	First     time.Time        `json:"first"`
	Changed   time.Time        `json:"changed"`
}

type issueRow struct {
	bun.BaseModel `bun:"table:check_issue"`

	Point     string `bun:",pk"`
	Region    string `bun:",pk"`
	State     string
	RowsNow   int64
	RowsKnown int64 // when its state was last set by a person
	Owner     string
	Deadline  int64
	Note      string
	FirstRun  int64
	LastRun   int64
	FirstAt   int64
	ChangedAt int64
}

type issueKey struct{ point, region string }

// found counts the rows at fault by point and region.
func (s *Service) found(ctx context.Context, view *warehouse.View) (map[issueKey]int64, error) {
	out := map[issueKey]int64{}
	err := view.Each(ctx, warehouse.Statement{SQL: `SELECT point, coalesce(region, ''), count(*) FROM {{DQ_ROW}} GROUP BY 1, 2`},
		func(row []any) error {
			point, ok1 := row[0].(string)
			region, ok2 := row[1].(string)
			n, ok3 := row[2].(int64)
			if !ok1 || !ok2 || !ok3 {
				return fmt.Errorf("check: count by region is %v", row)
			}
			if _, known := s.byID[point]; !known {
				return nil // of a point that has been withdrawn
			}
			if fundwatch.Region(region).Level() == fundwatch.LevelNone {
				region = "" // a code that is no region is a fault of the row, not a place
			}
			out[issueKey{point, region}] += n
			return nil
		})
	return out, err
}

// updateIssues brings the issues in line with what a run found.
func updateIssues(ctx context.Context, tx *store.Tx, run int64, found map[issueKey]int64) error {
	var rows []issueRow
	if err := tx.NewSelect().Model(&rows).Scan(ctx); err != nil {
		return fmt.Errorf("check: issues: %w", err)
	}
	now := tx.Now().UnixMilli()
	for i := range rows {
		r := &rows[i]
		key := issueKey{r.Point, r.Region}
		n := found[key]
		delete(found, key)
		before := *r
		r.RowsNow, r.LastRun = n, run
		switch state := IssueState(r.State); {
		case n == 0 && state != Fixed:
			r.State, r.Note = string(Fixed), "复查未再发现问题"
		case n > 0 && state == Fixed:
			r.State, r.Owner, r.Deadline, r.Note = string(Open), "", 0, "复查仍有问题，已重新打开"
		case n > r.RowsKnown && state == Accepted:
			r.State, r.Note = string(Open), fmt.Sprintf("认可后问题由 %d 行增至 %d 行，已重新打开", r.RowsKnown, n)
		}
		if r.State != before.State {
			r.ChangedAt = now
		}
		if r.State == before.State && r.RowsNow == before.RowsNow && n == 0 {
			continue // long settled: not worth a write in every run
		}
		if _, err := tx.NewUpdate().Model(r).WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("check: issue %s %s: %w", r.Point, r.Region, err)
		}
	}
	for key, n := range found {
		r := issueRow{Point: key.point, Region: key.region, State: string(Open), RowsNow: n, RowsKnown: n, FirstRun: run, LastRun: run,
			FirstAt: now, ChangedAt: now}
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return fmt.Errorf("check: issue %s %s: %w", key.point, key.region, err)
		}
	}
	return nil
}

// IssueFilter narrows the list of issues. Empty fields do not.
type IssueFilter struct {
	Point  string
	Region fundwatch.Region // with everything below it
	States []IssueState
	Grade  Grade
	Owner  string
	Offset int
	Limit  int // default 100
}

// Issues lists the issues inside the actor's scope, worst grade and most rows first, and how many there are in all.
func (s *Service) Issues(ctx context.Context, actor fundwatch.Actor, f IssueFilter) ([]Issue, int, error) {
	q := s.opts.Store.Read().NewSelect().Model((*issueRow)(nil))
	if f.Point != "" {
		q = q.Where("point = ?", f.Point)
	}
	if f.Owner != "" {
		q = q.Where("owner = ?", f.Owner)
	}
	if len(f.States) > 0 {
		q = q.Where("state IN (?)", bun.List(f.States))
	}
	var rows []issueRow
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, 0, fmt.Errorf("check: issues: %w", err)
	}
	var out []Issue
	for i := range rows {
		issue, ok := s.public(&rows[i])
		switch {
		case !ok || !s.visible(actor, issue):
		case f.Grade != "" && issue.Grade != f.Grade:
		case f.Region != "" && !f.Region.Contains(issue.Region):
		default:
			out = append(out, issue)
		}
	}
	slices.SortFunc(out, func(a, b Issue) int {
		if d := a.Grade.rank() - b.Grade.rank(); d != 0 {
			return int(d)
		}
		if a.Rows != b.Rows {
			return int(min(max(b.Rows-a.Rows, -1), 1))
		}
		return strings.Compare(a.Point+string(a.Region), b.Point+string(b.Region))
	})
	total := len(out)
	if f.Limit <= 0 {
		f.Limit = 100
	}
	from := min(max(f.Offset, 0), total)
	return out[from:min(from+f.Limit, total)], total, nil
}

func (s *Service) public(r *issueRow) (Issue, bool) {
	p, ok := s.byID[r.Point]
	return Issue{Point: r.Point, Title: p.Title, Table: p.Table, TableName: p.TableName, Grade: p.Grade, Fix: p.Fix,
		Region: fundwatch.Region(r.Region), Rows: r.RowsNow, State: IssueState(r.State), Owner: r.Owner, Deadline: clock(r.Deadline),
		Note: r.Note, FirstRun: r.FirstRun, LastRun: r.LastRun, First: clock(r.FirstAt), Changed: clock(r.ChangedAt)}, ok
}

// visible reports whether the issue lies in the actor's scope. Rows that name no region are for those who see the
// whole province.
func (s *Service) visible(actor fundwatch.Actor, i Issue) bool {
	line := fundwatch.Insurance(s.byID[i.Point].line)
	if i.Region != "" {
		return actor.Scope.Covers(i.Region, line)
	}
	for _, r := range actor.Scope.Regions() {
		if r.Level() == fundwatch.LevelProvince && actor.Scope.Covers(r, line) {
			return true
		}
	}
	return false
}

// Assign gives an issue to a person with a deadline.
func (s *Service) Assign(ctx context.Context, actor fundwatch.Actor, point string, region fundwatch.Region, owner string, deadline time.Time, note string) (Issue, error) {
	if strings.TrimSpace(owner) == "" {
		return Issue{}, fundwatch.FieldErrorf("owner", "请填写责任人")
	}
	if deadline.Before(s.opts.Now()) {
		return Issue{}, fundwatch.FieldErrorf("deadline", "整改期限应晚于当前时间")
	}
	return s.change(ctx, actor, point, region, "check.assign", func(r *issueRow) error {
		if r.RowsNow == 0 {
			return fundwatch.Errorf(fundwatch.Conflict, "该问题已无问题行，不需要指派")
		}
		r.State, r.Owner, r.Deadline, r.Note = string(Assigned), owner, deadline.UnixMilli(), note
		return nil
	})
}

// SetState moves an issue. Accepting one asks for the reason; fixed is believed until the next run looks.
func (s *Service) SetState(ctx context.Context, actor fundwatch.Actor, point string, region fundwatch.Region, to IssueState, note string) (Issue, error) {
	switch to {
	case Open, Fixed:
	case Accepted:
		if strings.TrimSpace(note) == "" {
			return Issue{}, fundwatch.FieldErrorf("note", "认可问题须说明理由")
		}
	case Assigned:
		return Issue{}, fundwatch.FieldErrorf("state", "指派请填写责任人和期限")
	default:
		return Issue{}, fundwatch.FieldErrorf("state", "状态“%s”无效，可选 open、fixed、accepted", to)
	}
	return s.change(ctx, actor, point, region, "check.state", func(r *issueRow) error {
		if r.State == string(to) {
			return fundwatch.Errorf(fundwatch.Conflict, "该问题已是此状态")
		}
		r.State, r.Note = string(to), note
		if to == Open {
			r.Owner, r.Deadline = "", 0
		}
		return nil
	})
}

// change applies a person's decision with its audit entry. An issue outside the actor's scope is not found.
func (s *Service) change(ctx context.Context, actor fundwatch.Actor, point string, region fundwatch.Region, action string, decide func(*issueRow) error) (Issue, error) {
	var out Issue
	err := s.opts.Store.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		var r issueRow
		err := tx.NewSelect().Model(&r).Where("point = ? AND region = ?", point, string(region)).Scan(ctx)
		issue, known := s.public(&r)
		if errors.Is(err, sql.ErrNoRows) || err == nil && (!known || !s.visible(actor, issue)) {
			return fundwatch.Errorf(fundwatch.NotFound, "没有找到该问题")
		}
		if err != nil {
			return err
		}
		before := r.State
		if err := decide(&r); err != nil {
			return err
		}
		r.RowsKnown, r.ChangedAt = r.RowsNow, tx.Now().UnixMilli()
		if _, err := tx.NewUpdate().Model(&r).WherePK().Exec(ctx); err != nil {
			return err
		}
		out, _ = s.public(&r)
		return s.opts.Audit.Append(ctx, tx, audit.Entry{Actor: actor, Action: action, Object: "issue:" + point + "/" + string(region), Reason: r.Note,
			Detail: map[string]string{"from": before, "to": r.State, "owner": r.Owner, "rows": strconv.FormatInt(r.RowsNow, 10)}})
	})
	if err != nil {
		return Issue{}, err
	}
	return out, nil
}

// Rows opens an issue, or a whole point when region is empty: the rows at fault that the actor may see, masked as
// the actor may see them, with the columns of the point's table under their Chinese names.
func (s *Service) Rows(ctx context.Context, actor fundwatch.Actor, point string, region fundwatch.Region, offset, limit int) (*warehouse.Frame, error) {
	p, err := s.point(point)
	if err != nil {
		return nil, err
	}
	prefix := region.Prefix()
	if region != "" && prefix == "" {
		return nil, fundwatch.FieldErrorf("region", "行政区划代码 %s 无效", region)
	}
	columns, err := titledColumns(p.Table)
	if err != nil {
		return nil, err
	}
	return s.opts.Warehouse.View(actor).Query(ctx, warehouse.Statement{
		SQL: fmt.Sprintf(`SELECT %s FROM {{DQ_ROW}} d JOIN {{%s}} t ON t.rid = d.rid
			WHERE d.point = ? AND (? = '' OR starts_with(d.region, ?)) ORDER BY d.rid LIMIT %d OFFSET %d`,
			columns, p.Table, min(max(limit, 1), 1000), max(offset, 0)),
		Args: []any{point, prefix, prefix}})
}
