package patrol

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"fundwatch"
	"fundwatch/access"
	"fundwatch/core"
	"fundwatch/warehouse"
)

// evidenceRows is how many rows of one table are shown; the total is always told.
const evidenceRows = 200

// Evidence is why a finding was made (判定依据): the rule's words, its SQL with the values used, and the rows.
type Evidence struct {
	Finding        Finding         `json:"finding"`
	Explanation    string          `json:"explanation"`
	Facts          []NamedValue    `json:"facts"`
	Params         []NamedValue    `json:"params"`
	LegalBasis     []string        `json:"legalBasis"`
	Verified       bool            `json:"verified"` // the cited articles were read
	Disposal       string          `json:"disposal"`
	Guide          string          `json:"guide"`
	FalsePositives []string        `json:"falsePositives"`
	SQL            string          `json:"sql"`
	Tables         []EvidenceTable `json:"tables"`
	AsOf           time.Time       `json:"asOf"`
}

// NamedValue is a value written for a person.
type NamedValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Kind  string `json:"kind"` // key, text, date, month, money, int, ratio
}

// EvidenceTable is the rows of one table that prove a finding, cells written for a person.
type EvidenceTable struct {
	Table     string           `json:"table"`
	Title     string           `json:"title"`
	Columns   []EvidenceColumn `json:"columns"`
	Rows      [][]string       `json:"rows"`
	Truncated bool             `json:"truncated"`
}

// EvidenceColumn heads a column.
type EvidenceColumn struct {
	Code   string    `json:"code"`
	Name   string    `json:"name"`
	Type   core.Type `json:"type"`
	Masked bool      `json:"masked"`
}

// Evidence reads what proves a finding through the actor's own view: rows outside the scope are not there and
// personal data is masked. A finding outside the scope does not exist for the actor.
func (p *Patrol) Evidence(ctx context.Context, actor fundwatch.Actor, key string) (_ *Evidence, err error) {
	if err := access.Require(actor, access.AlertRead); err != nil {
		return nil, err
	}
	defer fundwatch.Wrap(&err, "patrol.Evidence")
	f, err := p.finding(ctx, key)
	if err != nil {
		return nil, err
	}
	if !actor.Scope.Covers(f.Region, f.Line) {
		return nil, fundwatch.Errorf(fundwatch.NotFound, "没有该疑点")
	}
	r, ok := p.book.Rule(f.Rule)
	if !ok {
		return nil, fundwatch.Errorf(fundwatch.NotFound, "规则 %s 已不在规则库中", f.Rule)
	}
	e := &Evidence{
		Finding: f, Explanation: r.Explanation(f), Facts: r.shownFacts(f), Params: r.shownParams(f.Params),
		LegalBasis: r.LegalBasis, Verified: r.Verified, Disposal: r.Disposal, Guide: r.Guide,
		FalsePositives: r.FalsePositives, SQL: r.Match,
	}
	e.Finding.Facts = nil // shown as Facts, personal ones coarsened
	view := p.db.View(actor)
	for i := range r.Evidence {
		t, err := p.evidenceTable(ctx, view, r, i, f, e)
		if err != nil {
			return nil, err
		}
		e.Tables = append(e.Tables, *t)
	}
	return e, nil
}

func (p *Patrol) evidenceTable(ctx context.Context, view *warehouse.View, r *Rule, i int, f Finding, e *Evidence) (*EvidenceTable, error) {
	s, err := p.evidenceStatement(r, i, findingValues(r, f), evidenceRows+1)
	if err != nil {
		return nil, err
	}
	frame, err := view.Query(ctx, s)
	if err != nil {
		return nil, err
	}
	table := p.contractTable(r.Evidence[i].Table)
	out := &EvidenceTable{Table: table.Code, Title: table.Name, Truncated: len(frame.Rows) > evidenceRows}
	for _, c := range table.Columns {
		out.Columns = append(out.Columns, EvidenceColumn{Code: c.Code, Name: c.Name, Type: c.Type, Masked: c.Mask != core.MaskNone})
	}
	for _, row := range frame.Rows[:min(len(frame.Rows), evidenceRows)] {
		cells := make([]string, len(row))
		for j, v := range row {
			cells[j] = cell(table.Columns[j], v)
		}
		out.Rows = append(out.Rows, cells)
	}
	if frame.AsOf.After(e.AsOf) {
		e.AsOf = frame.AsOf
	}
	return out, nil
}

// EvidenceRows names the rows that prove a finding as TABLE:rid, for the agency that is to verify it. It is for the
// directive to the core, not for a page.
func (p *Patrol) EvidenceRows(ctx context.Context, key string) (_ []string, err error) {
	defer fundwatch.Wrap(&err, "patrol.EvidenceRows")
	f, err := p.finding(ctx, key)
	if err != nil {
		return nil, err
	}
	r, ok := p.book.Rule(f.Rule)
	if !ok {
		return nil, fundwatch.Errorf(fundwatch.NotFound, "规则 %s 已不在规则库中", f.Rule)
	}
	view := p.db.SystemView("派发：取证据行号")
	var out []string
	for _, src := range r.Evidence {
		s, err := bind(fmt.Sprintf("SELECT rid FROM {{%s}} WHERE %s ORDER BY rid LIMIT %d", src.Table, src.Where, evidenceRows/len(r.Evidence)),
			findingValues(r, f))
		if err != nil {
			return nil, err
		}
		err = view.Each(ctx, s, func(row []any) error {
			out = append(out, fmt.Sprintf("%s:%v", src.Table, row[0]))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// evidenceStatement selects all contract columns of the rows that prove a finding.
func (p *Patrol) evidenceStatement(r *Rule, i int, values map[string]any, limit int) (warehouse.Statement, error) {
	src := r.Evidence[i]
	table := p.contractTable(src.Table)
	cols := make([]string, len(table.Columns))
	for j, c := range table.Columns {
		cols[j] = c.Code
	}
	sql := fmt.Sprintf("SELECT %s FROM {{%s}} WHERE %s", strings.Join(cols, ", "), src.Table, src.Where)
	if src.Order != "" {
		sql += " ORDER BY " + src.Order
	}
	return bind(sql+" LIMIT "+strconv.Itoa(limit), values)
}

// contractTable finds the description of a table that a checked rule names.
func (p *Patrol) contractTable(code string) core.Table {
	i := slices.IndexFunc(p.tables, func(t core.Table) bool { return t.Code == code })
	return p.tables[i]
}

// findingValues are what evidence conditions may use.
func findingValues(r *Rule, f Finding) map[string]any {
	out := map[string]any{
		"subject": f.Subject.ID, "unit": f.unit, "region": string(f.Region), "line": string(f.Line),
		"first_month": int64(f.FirstMonth), "last_month": int64(f.LastMonth),
		"first_mi": int64(f.FirstMonth.Index()), "last_mi": int64(f.LastMonth.Index()),
	}
	if n, err := strconv.ParseInt(f.Subject.ID, 10, 64); err == nil {
		out["subject"] = n
	}
	for name := range r.Facts {
		out[name] = f.Facts[name]
	}
	return out
}

// sampleArgs are values of the right types with which a rule's evidence is bound at the start.
func sampleArgs(r *Rule) map[string]any {
	f := Finding{Facts: map[string]any{}, FirstMonth: 202001, LastMonth: 202001, Subject: fundwatch.Subject{ID: "0"}}
	if r.Subject == fundwatch.SubjectRegion {
		f.Subject.ID = "-"
	}
	for name, fact := range r.Facts {
		switch fact.Type {
		case "date":
			f.Facts[name] = "2020-01-01"
		case "text":
			f.Facts[name] = ""
		case "ratio":
			f.Facts[name] = 0.5
		default:
			f.Facts[name] = int64(0)
		}
	}
	return findingValues(r, f)
}

// Explanation is the rule's sentence about a finding, with nothing personal in it.
func (r *Rule) Explanation(f Finding) string {
	return explainSlot.ReplaceAllStringFunc(r.Explain, func(slot string) string {
		name := slot[1 : len(slot)-1]
		switch name {
		case "subject":
			return f.Subject.ID
		case "region":
			return string(f.Region)
		case "line":
			return f.Line.Title()
		case "amount":
			return f.Amount.Yuan()
		case "first_month":
			return f.FirstMonth.String()
		case "last_month":
			return f.LastMonth.String()
		}
		return r.Facts[name].write(f.Facts[name])
	})
}

// shownFacts writes the facts of a finding for a person, in the order of the rule's file.
func (r *Rule) shownFacts(f Finding) []NamedValue {
	var out []NamedValue
	for _, name := range r.FactOrder {
		fact := r.Facts[name]
		out = append(out, NamedValue{Name: fact.Title, Value: fact.write(f.Facts[name]), Kind: fact.Type})
	}
	return out
}

// shownParams writes resolved parameters for a person.
func (r *Rule) shownParams(values map[string]any) []NamedValue {
	var out []NamedValue
	for _, name := range r.ParamOrder {
		out = append(out, r.Params[name].Write(values[name]))
	}
	return out
}

// Write names a value of the parameter for a person.
func (p Param) Write(v any) NamedValue {
	text := fmt.Sprint(v)
	n, isInt := v.(int64)
	switch {
	case p.Type == "money" && isInt:
		text = fundwatch.Fen(n).Yuan()
	case v == nil:
		text = ""
	case p.Unit != "":
		text += " " + p.Unit
	}
	return NamedValue{Name: p.Title, Value: text, Kind: p.Type}
}

// unknown is how a missing fact reads.
const unknown = "无记录"

// write writes a fact's value for a person. Of a personal date only the year is shown.
func (f Fact) write(v any) string {
	n, isInt := v.(int64)
	text, isText := v.(string)
	switch {
	case v == nil:
		return unknown
	case f.Type == "date" && f.Personal && isText && len(text) >= 4:
		return text[:4] + " 年"
	case f.Type == "money" && isInt:
		return fundwatch.Fen(n).Yuan()
	case f.Type == "month" && isInt:
		return fundwatch.Month(n).String()
	}
	return fmt.Sprint(v)
}

// cell writes a value of a column for a person: codes by their meaning, money in yuan, months with a dash.
func cell(c core.Column, v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case int64:
		switch c.Type {
		case core.Money:
			return fundwatch.Fen(v).String()
		case core.Month:
			return fundwatch.Month(v).String()
		}
		return strconv.FormatInt(v, 10)
	case time.Time:
		if c.Type == core.Date {
			return v.Format(time.DateOnly)
		}
		return v.Format("2006-01-02 15:04:05")
	case string:
		if title, ok := c.Codes[v]; ok {
			return title
		}
		return v
	default:
		return fmt.Sprint(v)
	}
}
