package warehouse

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"fundwatch"
)

// View is the one door to the rows. Everything a View answers lies inside the scope it was made with, and personal
// data is masked unless that scope is clear. A View is a value to pass around: it holds no connection and may be
// used from many goroutines.
type View struct {
	db      *DB
	scope   fundwatch.Scope
	system  bool
	seq     int64 // 0: now
	touched *touchSet
	err     error // why the view cannot answer
}

// View is the door for a person.
func (db *DB) View(a fundwatch.Actor) *View { return &View{db: db, scope: a.Scope} }

// SystemView is the door for scheduled jobs: all rows in clear. The reason is handed to Options.OnSystemView for
// the audit; without one the view answers nothing.
func (db *DB) SystemView(reason string) *View {
	v := &View{db: db, system: true}
	if strings.TrimSpace(reason) == "" {
		v.err = fundwatch.Errorf(fundwatch.Denied, "系统视图须说明用途")
		return v
	}
	if db.opts.OnSystemView != nil {
		db.opts.OnSystemView(reason)
	}
	return v
}

// AsOf is the view of what was known after the load seq: later rows are absent, later corrections undone. Derived
// tables have no past and are refused in it. The regions of a person are those known then.
func (v *View) AsOf(seq int64) *View {
	out := *v
	out.seq = seq
	if v.touched != nil {
		before := *v.touched.view
		before.seq = seq
		out.touched = &touchSet{view: &before, touched: v.touched.touched}
	}
	if seq <= 0 {
		out.err = fundwatch.FieldErrorf("asOf", "时点须为正的装载序号")
	}
	return &out
}

// Query answers with at most Config.MaxRows rows; Frame.Truncated says that there were more.
func (v *View) Query(ctx context.Context, s Statement) (*Frame, error) {
	f := &Frame{}
	f.LoadSeq, f.AsOf = v.db.mark(v.seq)
	limit := v.db.cfg.MaxRows
	cols, err := v.each(ctx, s, limit+1, func(row []any) error {
		if len(f.Rows) == limit {
			f.Truncated = true
			return nil
		}
		f.Rows = append(f.Rows, row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	f.Columns = cols
	return f, nil
}

// Each calls fn for every row, without a cap; fn may keep the row. The engine holds the whole answer in memory
// while fn runs, so a statement over all rows should aggregate or be asked in slices. An error of fn ends the
// reading and is returned.
func (v *View) Each(ctx context.Context, s Statement, fn func(row []any) error) error {
	_, err := v.each(ctx, s, 0, fn)
	return err
}

// Explain binds the statement without running it: an unknown table, column or function, and anything but one
// SELECT, is an error that names it.
func (v *View) Explain(ctx context.Context, s Statement) error {
	return v.db.use(func(e engine) error {
		text, _, err := v.expand(ctx, e, s, 0)
		if err != nil {
			return err
		}
		stmt, err := e.Pool().PrepareContext(ctx, text)
		if err != nil {
			return v.db.explainError(e, err)
		}
		return stmt.Close()
	})
}

// each runs the statement. Rows are read outside the engine's guard, so that fn may ask the warehouse again.
func (v *View) each(ctx context.Context, s Statement, limit int, fn func([]any) error) ([]FrameColumn, error) {
	var rows *sql.Rows
	var eng engine
	err := v.db.use(func(e engine) error {
		text, args, err := v.expand(ctx, e, s, limit)
		if err != nil {
			return err
		}
		eng = e
		rows, err = e.Pool().QueryContext(ctx, text, args...)
		return v.db.explainError(e, err)
	})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return readRows(eng, rows, fn)
}

// readRows hands each row to fn in plain values.
func readRows(e engine, rows *sql.Rows, fn func([]any) error) ([]FrameColumn, error) {
	cols, err := frameColumns(rows)
	if err != nil {
		return nil, err
	}
	ptrs := make([]any, len(cols))
	for rows.Next() {
		row := make([]any, len(cols))
		for i := range row {
			ptrs[i] = &row[i]
		}
		if err := rows.Scan(ptrs...); err != nil {
			return nil, err
		}
		for i, c := range row {
			if row[i], err = e.Plain(c); err != nil {
				return nil, fmt.Errorf("column %s: %w", cols[i].Name, err)
			}
		}
		if err := fn(row); err != nil {
			return nil, err
		}
	}
	return cols, rows.Err()
}

// expand checks the statement and writes the SQL that runs: every {{T}} becomes what this view may see of T. A
// limit above 0 is added where the statement has none of its own.
func (v *View) expand(ctx context.Context, e engine, s Statement, limit int) (string, []any, error) {
	if v.err != nil {
		return "", nil, v.err
	}
	q, err := v.db.check(ctx, e, s.SQL)
	if err != nil {
		return "", nil, err
	}
	args, err := bindArgs(s.Args)
	if err != nil {
		return "", nil, err
	}
	var with []string
	inline := map[string]string{}
	for _, name := range q.tables {
		r, ok := v.db.cat.find(name)
		if !ok {
			return "", nil, refused("没有表 %s", name)
		}
		body, plain, err := v.table(ctx, e, r)
		if err != nil {
			return "", nil, err
		}
		inline[name] = ident(name)
		if plain {
			inline[name] = body
			continue
		}
		with = append(with, fmt.Sprintf("%s AS NOT MATERIALIZED (%s)", ident(name), body))
	}
	text := q.write(func(p piece) string { return inline[p.text] })
	if len(with) > 0 {
		text = prependWith(text, strings.Join(with, ", "))
	}
	if limit > 0 && !q.limited {
		text += fmt.Sprintf("\nLIMIT %d", limit)
	}
	return text, args, nil
}

// prependWith puts WITH entries before those of the statement.
func prependWith(text, entries string) string {
	text = strings.TrimSpace(text)
	if len(text) > 4 && strings.EqualFold(text[:4], "WITH") && !isWordByte(text[4]) {
		return "WITH " + entries + ", " + text[4:]
	}
	return "WITH " + entries + " " + text
}

// table writes what the view may see of one table: its name when that is all of it, or a SELECT.
func (v *View) table(ctx context.Context, e engine, r relation) (text string, plain bool, err error) {
	if v.touched != nil {
		if text, ok, err := v.touched.source(ctx, e, r); ok || err != nil {
			return text, false, err
		}
	}
	from, err := v.source(r)
	if err != nil {
		return "", false, err
	}
	if v.system {
		if v.seq == 0 && !r.gone { // a view whole and plain needs no SELECT of its own
			return from, true, nil
		}
		return "SELECT " + r.columnList() + " FROM " + from, false, nil
	}
	persons, _ := v.db.cat.find("AC01")
	people, err := v.source(persons)
	if err != nil {
		return "", false, err
	}
	var cols []string
	for _, c := range r.Columns {
		cols = append(cols, maskedColumn(c, v.scope.Clear()))
	}
	for _, x := range r.extras() {
		cols = append(cols, ident(x.name))
	}
	return "SELECT " + strings.Join(cols, ", ") + " FROM " + from + " WHERE " + scopeFilter(r, v.scope, people), false, nil
}

// source is where the rows of a table stand for the view's time.
func (v *View) source(r relation) (string, error) {
	if v.seq == 0 {
		return r.plain(), nil
	}
	if r.derived || r.gone {
		return "", refused("表 %s 不保存历史时点", r.name())
	}
	cols := r.columnList()
	return fmt.Sprintf("(SELECT %[1]s FROM facts.%[2]s WHERE load_seq <= %[3]d UNION ALL "+
		"SELECT %[1]s FROM history.%[2]s WHERE load_seq <= %[3]d AND gone_seq > %[3]d) AS %[2]s",
		cols, ident(r.Code), v.seq), nil
}

// mark is a load that can be seen: its number and business time.
type mark struct {
	seq  int64
	asOf time.Time
}

// mark gives the newest load up to seq, or of all when seq is 0, with the newest business time up to it.
func (db *DB) mark(seq int64) (int64, time.Time) {
	db.marksMu.RLock()
	defer db.marksMu.RUnlock()
	var m mark
	for i := len(db.marks) - 1; i >= 0; i-- {
		if seq == 0 || db.marks[i].seq <= seq {
			m = db.marks[i]
			break
		}
	}
	return m.seq, m.asOf
}
