package warehouse

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"strconv"
	"sync"

	"fundwatch"
)

// Touched names the subjects that a delta round looks at (触及对象).
type Touched struct {
	Kind fundwatch.SubjectKind
	// SQL selects the subjects' keys, one column; it may use {{T}} and load_seq > ?. Repeated keys and nulls do not
	// count.
	SQL  string
	Args []any
	// Columns says for each table which column holds the key. Tables absent here are not restricted.
	Columns map[string]string
}

// Touching is the view narrowed to the rows of touched subjects in the tables that t names. Keys and rows are
// picked out once, when a statement first needs them, and every later statement of the view reads the picked rows:
// a round of many rules scans each table once. They are those of that moment; make a new view for the next round.
func (v *View) Touching(t Touched) *View {
	out := *v
	out.touched = &touchSet{view: v, touched: t}
	return &out
}

// maxPicked is the number of rows of one table up to which they are picked out; above it each statement joins the
// keys anew. Two million payments take about a quarter of a gigabyte.
const maxPicked = 2_000_000

// touchSet holds what a view picked out, in tables of the instance that every connection sees.
type touchSet struct {
	view    *View // as it was before it was narrowed
	touched Touched

	mu      sync.Mutex
	eng     engine // where the tables stand; another instance, after a fault, has lost them
	scratch *scratchTables
	keys    string
	picked  map[string]string // table -> picked rows, or "" when they are too many
}

// scratchTables are dropped when their view is no longer used.
type scratchTables struct {
	pool  *sql.DB
	names []string
}

func (s *scratchTables) drop() {
	for _, n := range s.names {
		_, _ = s.pool.Exec("DROP TABLE IF EXISTS " + n) // an instance that is gone has dropped it
	}
}

// source selects the touched rows of the relation; false when t does not restrict it.
func (t *touchSet) source(ctx context.Context, e engine, r relation) (string, bool, error) {
	col, ok := t.touched.Columns[r.name()]
	if !ok {
		return "", false, nil
	}
	if !hasColumn(r, col) {
		return "", false, fundwatch.FieldErrorf("touched", "表 %s 没有列 %s", r.name(), col)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.eng != e {
		if err := t.findKeys(ctx, e); err != nil {
			return "", false, err
		}
	}
	body, plain, err := t.view.table(ctx, e, r)
	if err != nil {
		return "", false, err
	}
	if !plain {
		body = "(" + body + ") AS " + ident(r.name())
	}
	rows := fmt.Sprintf("SELECT * FROM %s WHERE %s IN (SELECT k FROM %s)", body, ident(col), t.keys)
	name, known := t.picked[r.name()]
	if !known {
		if name, err = t.pick(ctx, e, rows); err != nil {
			return "", false, t.view.db.explainError(e, err)
		}
		t.picked[r.name()] = name
	}
	if name == "" {
		return rows, true, nil
	}
	return "SELECT * FROM " + name, true, nil
}

// findKeys materialises the keys in the instance.
func (t *touchSet) findKeys(ctx context.Context, e engine) error {
	text, args, err := t.view.expand(ctx, e, Statement{SQL: t.touched.SQL, Args: t.touched.Args}, 0)
	if err != nil {
		return err
	}
	scratch := &scratchTables{pool: e.Pool()}
	name, err := t.make(ctx, e, scratch, fmt.Sprintf("SELECT DISTINCT k FROM (%s) AS t(k) WHERE k IS NOT NULL", text), args...)
	if err != nil {
		return t.view.db.explainError(e, err)
	}
	t.eng, t.scratch, t.keys, t.picked = e, scratch, name, map[string]string{}
	runtime.AddCleanup(t, (*scratchTables).drop, scratch)
	return nil
}

// pick materialises rows, unless they are too many.
func (t *touchSet) pick(ctx context.Context, e engine, rows string) (string, error) {
	name, err := t.make(ctx, e, t.scratch, fmt.Sprintf("%s LIMIT %d", rows, maxPicked+1))
	if err != nil {
		return "", err
	}
	var n int
	if err := e.Pool().QueryRowContext(ctx, "SELECT count(*) FROM "+name).Scan(&n); err != nil {
		return "", err
	}
	if n <= maxPicked {
		return name, nil
	}
	_, err = e.Pool().ExecContext(ctx, "DROP TABLE "+name)
	return "", err
}

func (t *touchSet) make(ctx context.Context, e engine, scratch *scratchTables, query string, args ...any) (string, error) {
	name := e.KeyTable("k" + strconv.FormatInt(t.view.db.keySets.Add(1), 10))
	scratch.names = append(scratch.names, name)
	_, err := e.Pool().ExecContext(ctx, "CREATE TABLE "+name+" AS "+query, args...)
	return name, err
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
