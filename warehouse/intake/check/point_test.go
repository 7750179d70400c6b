package check_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/goccy/go-yaml"

	"fundwatch"
	"fundwatch/warehouse"
	"fundwatch/warehouse/intake"
	"fundwatch/warehouse/intake/check"
	"fundwatch/warehouse/warehousetest"
)

// base reads the good province: the first row of a table is the pattern for the rows of the cases.
func base(t *testing.T) map[string][]warehousetest.Row {
	t.Helper()
	text, err := os.ReadFile("testdata/base.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var out map[string][]warehousetest.Row
	if err := yaml.UnmarshalWithOptions(text, &out, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return out
}

// loadBase loads the good province.
func loadBase(t *testing.T, db *warehouse.DB) map[string][]warehousetest.Row {
	t.Helper()
	rows := base(t)
	for _, table := range slices.Sorted(maps.Keys(rows)) {
		warehousetest.Load(t, db, table, rows[table])
	}
	return rows
}

// values are what the arguments of a point stand for on the day of the tests.
var values = map[string]any{"today": warehousetest.Now(), "this_month": 202610,
	"regions": ",520000,520300,520302,520100,"}

// evaluate gives the identities that a point finds.
func evaluate(t *testing.T, db *warehouse.DB, p check.Point) []int64 {
	t.Helper()
	var args []any
	for _, a := range p.Args {
		args = append(args, values[a])
	}
	var out []int64
	for _, r := range warehousetest.Query(t, db.SystemView("test"), p.SQL, args...).Rows {
		out = append(out, r[0].(int64))
	}
	return out
}

// TestPoints proves every point by its own cases: rows added to a good province are found or not, and nothing of the
// good province ever is.
func TestPoints(t *testing.T) {
	points, err := check.Load(intake.Checks())
	if err != nil {
		t.Fatal(err)
	}
	if len(points) < 60 {
		t.Errorf("%d points, want at least 60", len(points))
	}
	db := warehousetest.Open(t)
	good := loadBase(t, db)
	for _, p := range points {
		if found := evaluate(t, db, p); len(found) > 0 {
			t.Errorf("%s finds rows %v of the good province", p.ID, found)
		}
	}
	// Points over one table follow each other, so that one load takes the rows of the last case away and brings those of
	// the next.
	slices.SortStableFunc(points, func(a, b check.Point) int { return strings.Compare(a.Table, b.Table) })
	next := int64(1000)
	last := map[string][]warehousetest.Row{}
	for _, p := range points {
		for i, c := range p.Cases {
			added := map[string][]warehousetest.Row{}
			for table, rows := range c.Rows {
				if len(good[table]) == 0 {
					t.Fatalf("%s case %d: no pattern for table %s", p.ID, i+1, table)
				}
				for _, differs := range rows {
					row := maps.Clone(good[table][0])
					maps.Copy(row, differs)
					row["_rid"] = next
					next++
					added[table] = append(added[table], row)
				}
			}
			replace(t, db, last, added)
			last = added
			found := evaluate(t, db, p)
			if len(found) != c.Finds {
				t.Errorf("%s case %d: finds %d rows, want %d", p.ID, i+1, len(found), c.Finds)
			}
			for _, rid := range found {
				if !slices.ContainsFunc(added[p.Table], func(r warehousetest.Row) bool { return r["_rid"] == rid }) {
					t.Errorf("%s case %d: finds row %d, which the case did not add", p.ID, i+1, rid)
				}
			}
		}
	}
}

// replace takes the rows of one case away and brings those of another.
func replace(t *testing.T, db *warehouse.DB, old, new map[string][]warehousetest.Row) {
	t.Helper()
	changes := map[string][]warehousetest.Row{}
	for table, rows := range old {
		for _, r := range rows {
			r = maps.Clone(r)
			r["_op"] = 2
			changes[table] = append(changes[table], r)
		}
	}
	for table, rows := range new {
		changes[table] = append(changes[table], rows...)
	}
	for table, rows := range changes {
		warehousetest.Load(t, db, table, rows)
	}
}

func TestLoadRefuses(t *testing.T) {
	ok := "id: DQ-C01\ntitle: t\ntable: AC01\ngrade: 待调整\nexplanation: e\nfix: f\nsql: SELECT 1\ncases:\n  - finds: 1\n  - finds: 0\n"
	if _, err := check.Load(fstest.MapFS{"DQ-C01.yaml": {Data: []byte(ok)}}); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ old, new, want string }{
		"unknown key":      {"title: t", "title: t\ntytle: t", "tytle"},
		"unknown table":    {"AC01", "AC00", `table "AC00"`},
		"unknown grade":    {"待调整", "坏", `grade "坏"`},
		"wrong id":         {"DQ-C01", "C01", "not like DQ-C01"},
		"other file":       {"DQ-C01", "DQ-C02", "must carry its id"},
		"no passing case":  {"  - finds: 0\n", "", "needs a case"},
		"unknown argument": {"fix: f", "fix: f\nargs: [yesterday]", `"yesterday"`},
		"tolerance":        {"fix: f", "fix: f\ntolerance: 2", "tolerance"},
		"no fix":           {"fix: f\n", "", "required"},
	} {
		_, err := check.Load(fstest.MapFS{"DQ-C01.yaml": {Data: []byte(strings.Replace(ok, tt.old, tt.new, 1))}})
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "DQ-C01.yaml") {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	if _, err := check.Load(fstest.MapFS{}); err == nil {
		t.Error("no error for an empty folder")
	}
}

// TestNewBinds refuses a point that names a column that is not there, or writes.
func TestNewBinds(t *testing.T) {
	for _, sql := range []string{"SELECT rid, AAX999 AS region FROM {{AC01}}", "DELETE FROM {{AC01}}", "SELECT rid FROM {{AC01}}"} {
		text := "id: DQ-C01\ntitle: t\ntable: AC01\ngrade: 待调整\nexplanation: e\nfix: f\nsql: \"" + sql + "\"\ncases:\n  - finds: 1\n  - finds: 0\n"
		_, err := openService(t, fstest.MapFS{"DQ-C01.yaml": {Data: []byte(text)}})
		if err == nil || !strings.Contains(err.Error(), "DQ-C01.yaml") || fundwatch.CodeOf(err) == fundwatch.Internal {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
