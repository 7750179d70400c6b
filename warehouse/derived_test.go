package warehouse_test

import (
	"errors"
	"testing"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/warehouse"
	"fundwatch/warehouse/warehousetest"
)

func totals() warehouse.DerivedTable {
	return warehouse.DerivedTable{Name: "person_total", Title: "人员待遇合计", Person: "AAC001", Region: "AAB301", Line: "AAE140",
		Columns: []core.Column{{Code: "AAC001", Type: core.Key}, {Code: "AAC003", Type: core.Text, Mask: core.MaskName},
			{Code: "AAE140", Type: core.Text}, {Code: "AAB301", Type: core.Text}, {Code: "total", Type: core.Money}}}
}

const fillTotals = `INSERT INTO {{>person_total}} (AAC001, AAC003, AAE140, AAB301, total)
	SELECT p.AAC001, a.AAC003, p.AAE140, p.AAB301, CAST(sum(p.AAE019) AS BIGINT) FROM {{AC83}} p JOIN {{AC01}} a USING (AAC001) GROUP BY 1, 2, 3, 4`

func TestDerivedTablesAreScopedLikeFacts(t *testing.T) {
	dir := t.TempDir()
	db := warehousetest.OpenIn(t, dir)
	warehousetest.LoadYAML(t, db, people)
	if err := errors.Join(db.Derive(t.Context(), totals()), db.Derive(t.Context(), totals())); err != nil {
		t.Fatal(err)
	}
	err := db.Write(t.Context(), func(w *warehouse.Writer) error {
		if n, err := w.Exec(t.Context(), warehouse.Statement{SQL: fillTotals}); err != nil || n != 3 {
			return errors.Join(err, errors.New("not three rows"))
		}
		rows, err := w.Query(t.Context(), warehouse.Statement{SQL: "SELECT count(*) FROM {{person_total}} WHERE total > ?", Args: []any{12300}})
		if err != nil || rows[0][0] != int64(2) {
			return errors.Join(err, errors.New("the writer does not see its rows"))
		}
		_, err = w.Exec(t.Context(), warehouse.Statement{SQL: "DELETE FROM {{>person_total}} WHERE total < ? AND AAC001 IN (SELECT AAC001 FROM {{AC01}})", Args: []any{13000}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	f := warehousetest.Query(t, db.View(warehousetest.Actor("520300")), "SELECT AAC003, total FROM {{person_total}}")
	if len(f.Rows) != 1 || f.Rows[0][0] != "王*明" || f.Rows[0][1] != int64(250000) {
		t.Errorf("zunyi sees %v", f.Rows)
	}
	if f := warehousetest.Query(t, db.SystemView("test"), "SELECT * FROM {{person_total}}"); len(f.Rows) != 2 {
		t.Errorf("the system sees %v", f.Rows)
	}
	if _, err := db.SystemView("test").AsOf(1).Query(t.Context(), warehouse.Statement{SQL: "SELECT * FROM {{person_total}}"}); fundwatch.CodeOf(err) != fundwatch.Invalid {
		t.Errorf("derived rows of the past: %v", err)
	}
	changed := totals()
	changed.Columns = append(changed.Columns, core.Column{Code: "months", Type: core.Int})
	if err := db.Derive(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	if f := warehousetest.Query(t, db.SystemView("test"), "SELECT months FROM {{person_total}}"); len(f.Rows) != 0 {
		t.Errorf("after a change of columns: %v", f.Rows)
	}
}

func TestFailedWriteLeavesNothing(t *testing.T) {
	db := warehousetest.Open(t)
	warehousetest.LoadYAML(t, db, people)
	if err := db.Derive(t.Context(), totals()); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	err := db.Write(t.Context(), func(w *warehouse.Writer) error {
		if _, err := w.Exec(t.Context(), warehouse.Statement{SQL: fillTotals}); err != nil {
			return err
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if f := warehousetest.Query(t, db.SystemView("test"), "SELECT * FROM {{person_total}}"); len(f.Rows) != 0 {
		t.Errorf("rows of a failed write: %v", f.Rows)
	}
	for _, sql := range []string{
		"INSERT INTO {{>AC01}} SELECT * FROM {{AC01}}", "INSERT INTO {{>nowhere}} SELECT 1", "DELETE FROM {{>AC83}}", "DELETE FROM {{person_total}}",
		"UPDATE {{>person_total}} SET total = 0", "DROP TABLE {{>person_total}}", "INSERT INTO derived.person_total SELECT 1",
		"INSERT INTO {{>person_total}} SELECT * FROM facts.AC01", "DELETE FROM {{>person_total}} WHERE total IN (SELECT 1 FROM meta.load)",
		"INSERT INTO {{>person_total}} (AAC001) SELECT 1 FROM {{AC01}}; DROP TABLE facts.AC01", "INSERT INTO {{>person_total}} (rowid) SELECT 1",
		"INSERT INTO {{>person_total}} (AAC001, (SELECT 1)) SELECT 1", "INSERT INTO {{>person_total}} SELECT * FROM {{>person_total}}",
		"DELETE FROM {{>person_total}} USING facts.AC01", "DELETE FROM {{>person_total}} RETURNING *", "INSERT INTO {{>person_total}} (AAC001) VALUES (1) RETURNING *",
	} {
		err := db.Write(t.Context(), func(w *warehouse.Writer) error {
			_, err := w.Exec(t.Context(), warehouse.Statement{SQL: sql})
			return err
		})
		if fundwatch.CodeOf(err) != fundwatch.Invalid {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

func TestDeriveRefusesUnscopedAndTakenNames(t *testing.T) {
	db := warehousetest.Open(t)
	open := totals()
	open.Person, open.Region = "", ""
	taken := totals()
	taken.Name = "ac01"
	foreign := totals()
	foreign.Region = "AAB999"
	for name, d := range map[string]warehouse.DerivedTable{"no scope": open, "name of the contract": taken, "unknown column": foreign, "no name": {Public: true}} {
		if err := db.Derive(t.Context(), d); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
