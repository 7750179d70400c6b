package warehouse

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"fundwatch"
)

// Touched names the subjects that a delta round looks at (触及对象).
type Touched struct {
	Kind fundwatch.SubjectKind
	// SQL selects the subjects' keys, one column; it may use {{T}} and ColLoadSeq > ?. Repeated keys and nulls do not
	// count.
	SQL  string
	Args []any
	// Columns says for each table which column holds the key. Tables absent here are not restricted.
	Columns map[string]string
}

// Touching is the view narrowed to the rows of touched subjects in the tables that t names. The keys are found
// once, by the view as it was, when the first statement runs.
func (v *View) Touching(t Touched) *View {
	out := *v
	out.touched = &touchSet{view: v, touched: t}
	return &out
}

// manyKeys is the number of keys above which they are joined instead of listed. A list prunes row groups by their
// key ranges, which pays while the groups are more than the keys.
const manyKeys = 128

// touchSet holds a view's touched keys: short sets as a list for the statement, long ones in a key table of the
// instance that every connection sees.
type touchSet struct {
	view    *View
	touched Touched

	mu    sync.Mutex
	eng   engine // where table stands; another instance after a fault has lost it
	table string
	list  string // literals; empty with no keys
	count int
}

// filter is the condition that narrows the relation, or nothing when it is not restricted.
func (t *touchSet) filter(ctx context.Context, e engine, r relation) (string, error) {
	col, ok := t.touched.Columns[r.Code]
	if !ok {
		return "", nil
	}
	if !hasColumn(r, col) {
		return "", fundwatch.FieldErrorf("touched", "表 %s 没有列 %s", r.Code, col)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.eng != e {
		if err := t.find(ctx, e); err != nil {
			return "", err
		}
	}
	switch {
	case t.count == 0:
		return "false", nil
	case t.table == "":
		return fmt.Sprintf("%s IN (%s)", ident(col), t.list), nil
	}
	return fmt.Sprintf("%s IN (SELECT k FROM %s)", ident(col), t.table), nil
}

// find materialises the keys.
func (t *touchSet) find(ctx context.Context, e engine) error {
	text, args, err := t.view.expand(ctx, e, Statement{SQL: t.touched.SQL, Args: t.touched.Args}, 0)
	if err != nil {
		return err
	}
	name := e.KeyTable("k" + strconv.FormatInt(t.view.db.keySets.Add(1), 10))
	pool := e.Pool()
	if _, err := pool.ExecContext(ctx, fmt.Sprintf("CREATE TABLE %s AS SELECT DISTINCT k FROM (%s) AS t(k) WHERE k IS NOT NULL ORDER BY k",
		name, text), args...); err != nil {
		return t.view.db.explainError(e, err)
	}
	drop := func(name string) { _, _ = pool.Exec("DROP TABLE " + name) } // a closed pool has dropped it already
	if err := pool.QueryRowContext(ctx, "SELECT count(*) FROM "+name).Scan(&t.count); err != nil {
		drop(name)
		return err
	}
	t.eng, t.table, t.list = e, name, ""
	if t.count > manyKeys {
		runtime.AddCleanup(t, drop, name)
		return nil
	}
	defer drop(name)
	t.table = ""
	if t.list, err = keyList(ctx, e, name); err != nil {
		t.eng = nil
	}
	return err
}

// keyList writes a short key set as literals.
func keyList(ctx context.Context, e engine, table string) (string, error) {
	rows, err := e.Pool().QueryContext(ctx, "SELECT k FROM "+table)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var keys []string
	_, err = readRows(e, rows, func(row []any) error {
		switch k := row[0].(type) {
		case int64:
			keys = append(keys, strconv.FormatInt(k, 10))
		case string:
			keys = append(keys, literal(k))
		default:
			return fundwatch.FieldErrorf("touched", "触及对象的键须为整数或文本，实为 %T", k)
		}
		return nil
	})
	return strings.Join(keys, ", "), err
}

func hasColumn(r relation, name string) bool {
	if _, ok := r.Column(name); ok {
		return true
	}
	for _, x := range r.extras() {
		if x.name == name {
			return true
		}
	}
	return false
}
