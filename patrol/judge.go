package patrol

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"fundwatch"
	"fundwatch/internal/store"
	"fundwatch/warehouse"
)

// outcome is what judging one rule came to.
type outcome struct {
	planned
	run     Run
	inserts []findingRow
	updates []findingRow
	changes []Change

	suspects int // persons its candidates named
}

// store writes the outcome; a rule that did not run to its end leaves everything as it was.
func (o *outcome) store(ctx context.Context, tx *store.Tx, seq int64) error {
	if o.run.State != RunOK {
		return nil
	}
	if err := insertFindings(ctx, tx, o.inserts); err != nil {
		return err
	}
	for i := range o.updates {
		if err := updateFinding(ctx, tx, &o.updates[i]); err != nil {
			return err
		}
	}
	return setWatermark(ctx, tx, o.rule, o.params, seq)
}

// group is a set of rules that are judged together: by the same kind of unit, from the same load on.
type group struct {
	column string
	from   int64
	rules  []*outcome
}

// judge brings the masks up to date and runs every group.
func (p *Patrol) judge(ctx context.Context, r *Round, plan []planned) ([]outcome, error) {
	p.progress(r, "更新月份掩码", 0, len(plan))
	if err := p.refreshMasks(ctx, r); err != nil {
		return nil, err
	}
	outcomes := make([]outcome, len(plan))
	var groups []*group
	for i, x := range plan {
		outcomes[i] = outcome{planned: x, run: Run{Rule: x.rule.ID, State: RunOK}}
		column := x.rule.unitColumn()
		at := slices.IndexFunc(groups, func(g *group) bool { return g.column == column && g.from == x.from })
		if at < 0 {
			groups, at = append(groups, &group{column: column, from: x.from}), len(groups)
		}
		groups[at].rules = append(groups[at].rules, &outcomes[i])
	}
	done := 0
	for _, g := range groups {
		if err := p.judgeGroup(ctx, r, g, &done, len(plan)); err != nil {
			return nil, err
		}
	}
	return outcomes, nil
}

// refreshMasks makes or refreshes the masks and what is compared with all persons. They carry the load they stand
// at, in the warehouse itself: a warehouse made anew has none and they are made again.
func (p *Patrol) refreshMasks(ctx context.Context, r *Round) error {
	epoch := p.cfg.Epoch.Index()
	return p.db.Write(ctx, func(w *warehouse.Writer) error {
		state, err := w.Query(ctx, warehouse.Statement{SQL: "SELECT seq, epoch FROM {{MASKSTATE}}"})
		if err != nil {
			return err
		}
		// The transaction sees one moment; it must be the moment the round is about.
		for _, m := range masks(epoch) {
			s := warehouse.Statement{SQL: fmt.Sprintf("SELECT 1 FROM {{%[1]s}} WHERE load_seq > ? UNION ALL "+
				"SELECT 1 FROM {{%[1]s_GONE}} WHERE gone_seq > ? LIMIT 1", m.source), Args: []any{r.ToSeq, r.ToSeq}}
			if rows, err := w.Query(ctx, s); err != nil || len(rows) > 0 {
				return cmp.Or(err, errMoved)
			}
		}
		from := int64(0)
		if len(state) == 1 && state[0][1] == int64(epoch) && r.Kind == DeltaRound {
			from, _ = state[0][0].(int64)
		}
		if from == r.ToSeq {
			return nil
		}
		if from == 0 || from > r.ToSeq {
			if err := runAll(ctx, w, rebuildMasks(epoch)); err != nil {
				return err
			}
		} else {
			for _, m := range masks(epoch) {
				if err := m.refresh(ctx, w, from); err != nil {
					return err
				}
			}
		}
		stmts := append(payMean(epoch), warehouse.Statement{SQL: "DELETE FROM {{>MASKSTATE}}"},
			warehouse.Statement{SQL: "INSERT INTO {{>MASKSTATE}} SELECT ?, ?", Args: []any{r.ToSeq, epoch}})
		return runAll(ctx, w, stmts)
	})
}

// rebuildMasks makes all masks from all rows.
func rebuildMasks(epoch int) []warehouse.Statement {
	out := []warehouse.Statement{{SQL: "DELETE FROM {{>MONTHS}}"}, months(epoch)}
	for _, m := range masks(epoch) {
		out = append(out, m.rebuild()...)
	}
	return out
}

// judgeGroup judges the rules of a group one after another. A rule that fails is recorded and the others go on;
// only what all depend on fails the round.
func (p *Patrol) judgeGroup(ctx context.Context, r *Round, g *group, done *int, total int) error {
	whole := p.db.SystemView("巡查：规则判定")
	view, units := whole, int64(0)
	narrow := g.from > 0
	if narrow {
		n, err := p.fillTouched(ctx, g)
		if err != nil {
			return err
		}
		units = n
		view = whole.Touching(p.touched(g.column))
	}
	if g.column == "AAC001" {
		if err := p.findSuspects(ctx, g, view, whole, narrow); err != nil {
			return err
		}
	}
	for _, o := range g.rules {
		p.progress(r, o.rule.Title, *done, total)
		*done++
		start := p.opts.Now()
		v, part := view, narrow
		if o.rule.Reach == ReachWhole {
			v, part = whole, false
		}
		if o.run.State == RunOK {
			if err := p.judgeRule(ctx, r, o, v, part); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				p.fail(ctx, o, err)
			}
		}
		if part {
			o.run.Units = units
		}
		o.run.Millis += p.opts.Now().Sub(start).Milliseconds()
	}
	return nil
}

// fail records that a rule could not be judged.
func (p *Patrol) fail(ctx context.Context, o *outcome, err error) {
	p.opts.Logger.ErrorContext(ctx, "rule failed", "rule", o.rule.ID, "error", err)
	o.run.State, o.run.Fault = RunFailed, fundwatch.MessageOf(err)
	o.inserts, o.updates, o.changes = nil, nil, nil
	o.run.Findings, o.run.Appeared, o.run.Changed, o.run.Gone = 0, 0, 0, 0
}

// fillTouched fills TOUCHED with the units that any input of the group's rules touched since g.from: rows that
// came, rows that were replaced, rows that were deleted, on either side of every join.
func (p *Patrol) fillTouched(ctx context.Context, g *group) (int64, error) {
	var parts []string
	for _, o := range g.rules {
		if o.rule.Reach == ReachWhole {
			continue
		}
		for _, in := range o.rule.Inputs {
			changed := fmt.Sprintf("SELECT %[2]s AS k FROM {{%[1]s}} WHERE load_seq > %[3]d UNION ALL "+
				"SELECT %[2]s AS k FROM {{%[1]s_GONE}} WHERE gone_seq > %[3]d", in.Table, in.Key, g.from)
			if in.Via != "" {
				changed = fmt.Sprintf("SELECT %s AS k FROM {{%s}} WHERE %s IN (SELECT k FROM (%s) AS c)", g.column, in.Via, in.Key, changed)
			}
			if !slices.Contains(parts, changed) {
				parts = append(parts, changed)
			}
		}
	}
	var n int64
	err := p.db.Write(ctx, func(w *warehouse.Writer) error {
		if _, err := w.Exec(ctx, warehouse.Statement{SQL: "DELETE FROM {{>TOUCHED}}"}); err != nil || len(parts) == 0 {
			return err
		}
		var err error
		n, err = w.Exec(ctx, warehouse.Statement{SQL: "INSERT INTO {{>TOUCHED}} SELECT DISTINCT k FROM (" +
			strings.Join(parts, " UNION ALL ") + ") AS t WHERE k IS NOT NULL"})
		return err
	})
	return n, err
}

// touched narrows a view to the units in TOUCHED.
func (p *Patrol) touched(column string) warehouse.Touched {
	t := warehouse.Touched{Kind: fundwatch.SubjectPerson, SQL: "SELECT k FROM {{TOUCHED}}", Columns: map[string]string{}}
	if column == "AAC001" {
		t.Columns = p.person
		return t
	}
	for code, cols := range p.columns() {
		if _, ok := cols.columns[column]; ok {
			t.Columns[code] = column
		}
	}
	return t
}

// columns is what the contract's tables hold, the warehouse's own columns included.
func (p *Patrol) columns() map[string]tableColumns {
	out := map[string]tableColumns{}
	for _, t := range p.tables {
		out[t.Code] = describe(t)
	}
	return out
}

// findSuspects runs the candidates of every rule and makes the net tables of the persons they name.
func (p *Patrol) findSuspects(ctx context.Context, g *group, view, whole *warehouse.View, narrow bool) error {
	err := p.db.Write(ctx, func(w *warehouse.Writer) error { return runAll(ctx, w, lists(narrow)) })
	if err != nil {
		return err
	}
	fill := []warehouse.Statement{{SQL: "DELETE FROM {{>SUSPECT}}"}}
	for _, o := range g.rules {
		if o.rule.Candidates == "" {
			continue
		}
		start, v := p.opts.Now(), view
		if o.rule.Reach == ReachWhole {
			v = whole
		}
		persons, err := candidates(ctx, v, o)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			p.fail(ctx, o, err)
			continue
		}
		o.suspects = len(persons)
		fill = append(fill, suspects(o.rule.ID, persons)...)
		o.run.Millis += p.opts.Now().Sub(start).Milliseconds()
	}
	return p.db.Write(ctx, func(w *warehouse.Writer) error {
		return runAll(ctx, w, append(fill, nets(p.cfg.Epoch.Index())...))
	})
}

func candidates(ctx context.Context, v *warehouse.View, o *outcome) ([]int64, error) {
	s, err := bind("SELECT DISTINCT AAC001 FROM (\n"+o.rule.Candidates+") AS c WHERE AAC001 IS NOT NULL ORDER BY AAC001", o.params)
	if err != nil {
		return nil, err
	}
	var out []int64
	err = v.Each(ctx, s, func(row []any) error {
		id, ok := row[0].(int64)
		if !ok {
			return fmt.Errorf("candidate of type %T", row[0])
		}
		out = append(out, id)
		return nil
	})
	return out, err
}

// suspectBatch keeps a statement's text within what the warehouse takes.
const suspectBatch = 1000

func suspects(rule string, persons []int64) []warehouse.Statement {
	var out []warehouse.Statement
	for part := range slices.Chunk(persons, suspectBatch) {
		ids := make([]string, len(part))
		for i, id := range part {
			ids[i] = "(" + strconv.FormatInt(id, 10) + ")"
		}
		out = append(out, warehouse.Statement{
			SQL:  "INSERT INTO {{>SUSPECT}} SELECT ?, k FROM (VALUES " + strings.Join(ids, ", ") + ") AS v(k)",
			Args: []any{rule},
		})
	}
	return out
}

// judgeRule runs a rule and compares what it found with what is stored. part says that only the units in TOUCHED
// were judged, so that nothing is known of the others.
func (p *Patrol) judgeRule(ctx context.Context, r *Round, o *outcome, v *warehouse.View, part bool) error {
	found, n, err := p.match(ctx, r, o, v)
	if err != nil {
		return err
	}
	o.run.Findings = n
	if limit := cmp.Or(o.rule.Limits.MaxFindings, p.cfg.MaxFindings); n > limit {
		o.run.State = RunHeld
		o.run.Fault = fmt.Sprintf("命中 %d 条，超过上限 %d 条，本轮结果未采用，请复核规则参数后重新巡查", n, limit)
		p.opts.Logger.WarnContext(ctx, "rule held", "rule", o.rule.ID, "findings", n, "limit", limit)
		return nil
	}
	stored, err := knownFindings(ctx, p.store.Read(), o.rule.ID)
	if err != nil {
		return err
	}
	judged := func(int64) bool { return true }
	if part {
		units := map[int64]bool{}
		for _, k := range stored {
			units[k.unit] = false
		}
		err := p.db.SystemView("巡查：读取触及对象").Each(ctx, warehouse.Statement{SQL: "SELECT k FROM {{TOUCHED}}"}, func(row []any) error {
			if k, ok := row[0].(int64); ok {
				if _, known := units[k]; known {
					units[k] = true
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		judged = func(unit int64) bool { return units[unit] }
	}
	return o.compare(r, found, stored, judged, func(key string) (Finding, error) { return p.finding(ctx, key) })
}

// compare sorts what was found into new, changed and vanished.
func (o *outcome) compare(r *Round, found map[string]Finding, stored map[string]known, judged func(int64) bool,
	load func(string) (Finding, error),
) error {
	add := func(kind ChangeKind, f Finding) {
		o.changes = append(o.changes, Change{Kind: kind, Finding: f, Rule: o.rule})
	}
	for _, key := range sortedKeys(found) {
		f := found[key]
		old, ok := stored[key]
		if !ok {
			row, err := f.row()
			if err != nil {
				return err
			}
			o.inserts = append(o.inserts, row)
			o.run.Appeared++
			add(Appeared, f)
			continue
		}
		f.FirstSeq = old.firstSeq
		row, err := f.row()
		if err != nil {
			return err
		}
		switch {
		case old.state == Gone:
			o.run.Appeared++
			add(Returned, f)
		case old.hash != f.Hash:
			o.run.Changed++
			add(Changed, f)
		case old.facts == row.Facts && old.version == f.Version:
			continue
		}
		o.updates = append(o.updates, row)
	}
	for _, key := range sortedKeys(stored) {
		if _, still := found[key]; still || stored[key].state == Gone || !judged(stored[key].unit) {
			continue
		}
		f, err := load(key)
		if err != nil {
			return err
		}
		f.State, f.LastSeq, f.SeenAt = Gone, r.ToSeq, r.StartedAt
		row, err := f.row()
		if err != nil {
			return err
		}
		o.updates = append(o.updates, row)
		o.run.Gone++
		add(Vanished, f)
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// match runs the rule's SELECT. Beyond the limit rows are only counted. Whoever a rule finds is among its
// candidates, so without candidates there is nothing to run.
func (p *Patrol) match(ctx context.Context, r *Round, o *outcome, v *warehouse.View) (map[string]Finding, int, error) {
	if o.rule.Candidates != "" && o.suspects == 0 {
		return nil, 0, nil
	}
	s, err := bind(o.rule.matchSQL(), o.params)
	if err != nil {
		return nil, 0, err
	}
	limit := cmp.Or(o.rule.Limits.MaxFindings, p.cfg.MaxFindings)
	columns := o.rule.columns()
	found, n := map[string]Finding{}, 0
	err = v.Each(ctx, s, func(row []any) error {
		if n++; n > limit {
			return nil
		}
		f, err := o.finding(columns, row)
		if err != nil {
			return err
		}
		if _, twice := found[f.Key]; twice {
			return fmt.Errorf("two rows for %s", f.Subject)
		}
		f.State, f.FirstSeq, f.LastSeq, f.SeenAt = Present, r.ToSeq, r.ToSeq, r.StartedAt
		found[f.Key] = f
		return nil
	})
	return found, n, err
}

// finding makes a Finding of one row.
func (o *outcome) finding(columns []string, row []any) (Finding, error) {
	f := Finding{Rule: o.rule.ID, Version: o.rule.Version, Facts: map[string]any{}, Params: o.params}
	f.Subject.Kind = o.rule.Subject
	var hasUnit bool
	for i, c := range columns {
		v, err := plainFact(row[i])
		if err != nil {
			return f, fmt.Errorf("column %s: %w", c, err)
		}
		n, isInt := v.(int64)
		text, _ := v.(string)
		switch c {
		case "subject":
			f.Subject.ID = text
			if isInt {
				f.Subject.ID = strconv.FormatInt(n, 10)
				f.unit, hasUnit = n, true
			}
		case "unit":
			f.unit, hasUnit = n, isInt
		case "region":
			f.Region = fundwatch.Region(text)
		case "line":
			f.Line = fundwatch.Insurance(text)
		case "amount":
			f.Amount = fundwatch.Fen(n)
		case "first_mi":
			f.FirstMonth = monthOf(v)
		case "last_mi":
			f.LastMonth = monthOf(v)
		default:
			if v != nil {
				f.Facts[c] = v
			}
		}
	}
	if f.Subject.ID == "" || !hasUnit {
		return f, errors.New("a finding without subject")
	}
	identity := make([]string, len(o.rule.Identity))
	for i, c := range o.rule.Identity {
		identity[i] = f.Subject.ID
		if c != "subject" {
			identity[i] = fmt.Sprint(f.Facts[c])
		}
	}
	f.Key = findingKey(o.rule, f.Subject.Kind, identity)
	return f, f.seal(o.rule)
}

// monthOf turns a month index into a month; no index is no month.
func monthOf(v any) fundwatch.Month {
	n, ok := v.(int64)
	if !ok {
		return 0
	}
	return fundwatch.MonthFromIndex(int(n))
}

// plainFact brings a cell into one of the forms facts have.
func plainFact(v any) (any, error) {
	switch v := v.(type) {
	case nil, string, int64:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v), nil
		}
		return v, nil
	case time.Time:
		if v.Hour() == 0 && v.Minute() == 0 && v.Second() == 0 {
			return v.Format(time.DateOnly), nil
		}
		return v.Format(time.DateTime), nil
	default:
		return nil, fmt.Errorf("value of type %T", v)
	}
}

// paramsText is the canonical form of resolved parameters.
func paramsText(params map[string]any) (string, error) {
	b, err := json.Marshal(params)
	return string(b), err
}
