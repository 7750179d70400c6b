package warehouse_test

import (
	"sync"
	"testing"

	"fundwatch"
	"fundwatch/warehouse"
	"fundwatch/warehouse/warehousetest"
)

// TestTouchingNarrowsListedTables narrows to the persons of a load, for few keys and for many, and expects what a
// WHERE clause would give; a table that is not listed stays whole.
func TestTouchingNarrowsListedTables(t *testing.T) {
	db := warehousetest.Open(t)
	warehousetest.LoadYAML(t, db, people)
	load := func(from, to int64) int64 {
		d, err := payments(from, to)
		if err != nil {
			t.Fatal(err)
		}
		res, err := db.Load(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		return res.LoadSeq
	}
	load(10, 400)
	seqs := []int64{load(1000, 1003), load(2000, 2300)}
	base := db.SystemView("test")
	for i, want := range []int64{3, 300} {
		v := base.Touching(warehouse.Touched{Kind: fundwatch.SubjectPerson, SQL: "SELECT AAC001 FROM {{AC83}} WHERE load_seq = ?",
			Args: []any{seqs[i]}, Columns: map[string]string{"AC83": "AAC001", "AC82": "AAC001"}})
		var wg sync.WaitGroup
		for range 4 { // rules run side by side
			wg.Go(func() {
				f, err := v.Query(t.Context(), warehouse.Statement{SQL: `SELECT count(DISTINCT p.AAC001), count(*), (SELECT count(*) FROM {{AC82}}),
					(SELECT count(*) FROM {{AC01}}) FROM {{AC83}} p`})
				if err != nil {
					t.Error(err)
					return
				}
				if r := f.Rows[0]; r[0] != want || r[1] != want*72 || r[2] != int64(0) || r[3] != int64(3) {
					t.Errorf("load %d: %v", seqs[i], r)
				}
			})
		}
		wg.Wait()
		f := warehousetest.Query(t, v.AsOf(seqs[i]-1), "SELECT count(*) FROM {{AC83}}")
		if f.Rows[0][0] != int64(0) {
			t.Errorf("before load %d: %v", seqs[i], f.Rows)
		}
	}
	none := base.Touching(warehouse.Touched{SQL: "SELECT AAC001 FROM {{AC83}} WHERE load_seq > 99", Columns: map[string]string{"AC83": "AAC001"}})
	if got := sumOf(t, none); got != [2]any{int64(0), nil} {
		t.Errorf("nobody touched: %v", got)
	}
	actor := db.View(warehousetest.Actor("520100")).Touching(warehouse.Touched{SQL: "SELECT AAC001 FROM {{AC01}}",
		Columns: map[string]string{"AC01": "AAC001", "AC83": "AAC001"}})
	f := warehousetest.Query(t, actor, "SELECT AAC147, AC83.AAB301 FROM {{AC01}} JOIN {{AC83}} USING (AAC001)")
	if len(f.Rows) != 1 || f.Rows[0][0] != "5****************5" || f.Rows[0][1] != "520102" {
		t.Errorf("an actor's touched rows: %v", f.Rows)
	}
	gone := base.Touching(warehouse.Touched{SQL: "SELECT 2", Columns: map[string]string{"AC83": "AAC001", "AC83_GONE": "AAC001"}})
	warehousetest.Load(t, db, "AC83", []warehousetest.Row{with(payment(11*72, 10, 1), "_op", 2), with(payment(3, 2, 1), "_op", 2)})
	f = warehousetest.Query(t, gone, "SELECT count(*), max(AC83_GONE.AAC001), max(gone_seq), (SELECT count(*) FROM {{AC83}}) FROM {{AC83_GONE}}")
	if r := f.Rows[0]; r[0] != int64(1) || r[1] != int64(2) || r[2] != db.LoadSeq() || r[3] != int64(0) {
		t.Errorf("vanished rows: %v", r)
	}
	f = warehousetest.Query(t, db.View(warehousetest.Actor("520100")), "SELECT AC83_GONE.AAC001 FROM {{AC83_GONE}}")
	if len(f.Rows) != 1 || f.Rows[0][0] != int64(2) {
		t.Errorf("vanished rows that an actor sees: %v", f.Rows)
	}
	for name, bad := range map[string]warehouse.Touched{
		"column":    {SQL: "SELECT AAC001 FROM {{AC83}}", Columns: map[string]string{"AC83": "AAC999"}},
		"statement": {SQL: "SELECT AAC001 FROM facts.AC83", Columns: map[string]string{"AC83": "AAC001"}},
	} {
		if _, err := base.Touching(bad).Query(t.Context(), warehouse.Statement{SQL: "SELECT * FROM {{AC83}}"}); fundwatch.CodeOf(err) != fundwatch.Invalid {
			t.Errorf("bad %s: %v", name, err)
		}
	}
}
