package warehouse_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/warehouse"
	"fundwatch/warehouse/warehousetest"
)

func payment(rid, person, amount int) warehousetest.Row {
	return warehousetest.Row{"_rid": rid, "AAZ220": rid, "AAA036": "110101", "AAE003": 202609, "AAC001": person,
		"AAE140": "110", "AAE002": 202609, "AAE019": amount, "AAA088": "1", "AAB301": "520302"}
}

func with(r warehousetest.Row, k string, v any) warehousetest.Row {
	out := maps.Clone(r)
	out[k] = v
	return out
}

// body reads the delivery's bytes, so that a test can spoil or repeat them.
func body(t *testing.T, d warehouse.Delivery) []byte {
	t.Helper()
	b, err := io.ReadAll(d.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func sumOf(t *testing.T, v *warehouse.View) [2]any {
	t.Helper()
	f := warehousetest.Query(t, v, "SELECT count(*), sum(AAE019) FROM {{AC83}}")
	return [2]any{f.Rows[0][0], f.Rows[0][1]}
}

func TestLoadIsIdempotentByID(t *testing.T) {
	db := warehousetest.Open(t)
	d := warehousetest.Delivery(t, db, "AC83", []warehousetest.Row{payment(1, 1, 100), payment(2, 1, 200)})
	bytesOf := body(t, d)
	d.Body = bytes.NewReader(bytesOf)
	first, err := db.Load(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	d.Body = bytes.NewReader(bytesOf)
	again, err := db.Load(t.Context(), d)
	if err != nil || !again.Repeated || again.LoadSeq != first.LoadSeq || again.Sums["AAE019"] != 300 {
		t.Fatalf("%+v, %v", again, err)
	}
	d.Rows = 3
	if _, err := db.Load(t.Context(), d); fundwatch.CodeOf(err) != fundwatch.Conflict {
		t.Fatalf("other content under the same id: %v", err)
	}
	if got := sumOf(t, db.SystemView("test")); got != [2]any{int64(2), int64(300)} {
		t.Fatal(got)
	}
}

func TestChangesMoveOldVersionsToHistory(t *testing.T) {
	db := warehousetest.Open(t)
	bring := func(rows ...warehousetest.Row) warehouse.LoadResult { return warehousetest.Load(t, db, "AC83", rows) }
	bring(payment(1, 1, 100), payment(2, 1, 200), payment(3, 2, 400))
	res := bring(with(payment(2, 1, 250), "_op", 1), with(payment(3, 2, 400), "_op", 2), payment(4, 2, 800))
	if res.Inserted != 1 || res.Updated != 1 || res.Deleted != 1 {
		t.Fatalf("%+v", res)
	}
	// Several changes of one row in one delivery leave the last one.
	bring(payment(5, 3, 1), with(payment(5, 3, 2), "_op", 1), payment(6, 3, 3), with(payment(6, 3, 3), "_op", 2),
		with(payment(1, 1, 100), "_op", 2), payment(1, 1, 1600))
	want := map[int64][2]any{1: {int64(3), int64(700)}, 2: {int64(3), int64(1150)}, 3: {int64(4), int64(2652)}}
	v := db.SystemView("test")
	for seq, w := range want {
		if got := sumOf(t, v.AsOf(seq)); got != w {
			t.Errorf("as of load %d: %v, want %v", seq, got, w)
		}
	}
	if got := sumOf(t, v); got != want[3] {
		t.Errorf("now: %v", got)
	}
	if f := warehousetest.Query(t, v.AsOf(2), "SELECT 1 AS one"); f.LoadSeq != 2 || !f.AsOf.Equal(warehousetest.Now()) {
		t.Errorf("frame of load 2 says %d, %v", f.LoadSeq, f.AsOf)
	}
	status, err := db.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range status {
		if s.Table == "AC83" && (s.Rows != 4 || s.LoadSeq != 3 || s.Loads != 3) {
			t.Errorf("%+v", s)
		}
	}
}

// TestUnfitDeliveriesChangeNothing spoils a good delivery in every way and wants a clear refusal, an untouched
// warehouse and the file set aside.
func TestUnfitDeliveriesChangeNothing(t *testing.T) {
	dir := t.TempDir()
	db := warehousetest.OpenIn(t, dir)
	warehousetest.Load(t, db, "AC83", []warehousetest.Row{payment(1, 1, 100)})
	before, err := db.TableHashes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	good := []warehousetest.Row{payment(2, 1, 200), payment(3, 1, 300)}
	cases := map[string]struct {
		table string
		rows  []warehousetest.Row
		spoil func(*warehouse.Delivery, []byte)
		field string
	}{
		"rows":          {rows: good, spoil: func(d *warehouse.Delivery, _ []byte) { d.Rows++ }, field: "rows"},
		"sums":          {rows: good, spoil: func(d *warehouse.Delivery, _ []byte) { d.Sums["AAE019"]++ }, field: "sums"},
		"unknown sum":   {rows: good, spoil: func(d *warehouse.Delivery, _ []byte) { d.Sums["AAE020"] = 0 }, field: "sums"},
		"sha":           {rows: good, spoil: func(d *warehouse.Delivery, _ []byte) { d.SHA = strings.Repeat("0", 64) }, field: "sha"},
		"other table":   {rows: good, spoil: func(d *warehouse.Delivery, _ []byte) { d.Table = "AC82" }, field: "schema"},
		"unknown table": {rows: good, spoil: func(d *warehouse.Delivery, _ []byte) { d.Table = "AC99" }, field: "table"},
		"the past":      {rows: good, spoil: func(d *warehouse.Delivery, _ []byte) { d.Table = "AC83_GONE" }, field: "table"},
		"no id":         {rows: good, spoil: func(d *warehouse.Delivery, _ []byte) { d.ID = "" }, field: "id"},
		"half a stream": {rows: good, spoil: func(d *warehouse.Delivery, b []byte) { d.Body = bytes.NewReader(b[:len(b)/2]) }, field: "body"},
		"garbage":       {rows: good, spoil: func(d *warehouse.Delivery, _ []byte) { d.Body = strings.NewReader("<html>502") }, field: "body"},
		"nothing":       {rows: good, spoil: func(d *warehouse.Delivery, _ []byte) { d.Body = nil }, field: "body"},
		"insert twice":  {rows: []warehousetest.Row{payment(2, 1, 2), payment(2, 1, 2)}, field: "_rid"},
		"insert again":  {rows: []warehousetest.Row{payment(1, 1, 100), payment(2, 1, 2)}, field: "_rid"},
		"update nobody": {rows: []warehousetest.Row{with(payment(9, 1, 2), "_op", 1)}, field: "_rid"},
		"delete nobody": {rows: []warehousetest.Row{payment(2, 1, 2), with(payment(9, 1, 2), "_op", 2)}, field: "_rid"},
		"bad op":        {rows: []warehousetest.Row{with(payment(2, 1, 2), "_op", 3)}, field: "_op"},
		"gone and back": {rows: []warehousetest.Row{with(payment(1, 1, 1), "_op", 2), with(payment(1, 1, 1), "_op", 1)}, field: "_rid"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := warehousetest.Delivery(t, db, "AC83", c.rows)
			b := body(t, d)
			d.ID, d.Body = name, bytes.NewReader(b)
			if c.spoil != nil {
				c.spoil(&d, b)
			}
			_, err := db.Load(t.Context(), d)
			var e *fundwatch.Error
			if !errors.As(err, &e) || e.Code != fundwatch.Invalid || e.Field != c.field {
				t.Fatalf("want an invalid %s, got %v", c.field, err)
			}
		})
	}
	after, err := db.TableHashes(t.Context())
	if err != nil || !maps.Equal(before, after) {
		t.Fatalf("tables changed: %v", err)
	}
	if db.LoadSeq() != 1 {
		t.Fatalf("load sequence %d", db.LoadSeq())
	}
	landed, _ := filepath.Glob(filepath.Join(dir, "landing", "*.*"))
	aside, _ := filepath.Glob(filepath.Join(dir, "landing", "aside", "*.arrows"))
	if len(landed) != 2 || len(aside) < 10 {
		t.Fatalf("landing holds %v, %d files set aside", landed, len(aside))
	}
}

func TestBrokenSupplierIsUnavailable(t *testing.T) {
	db := warehousetest.Open(t)
	d, err := payments(0, 2000)
	if err != nil {
		t.Fatal(err)
	}
	whole := body(t, d)
	cut := io.MultiReader(bytes.NewReader(whole[:len(whole)/2]), iotest.ErrReader(errors.New("connection reset")))
	d.Body = cut
	if _, err := db.Load(t.Context(), d); fundwatch.CodeOf(err) != fundwatch.Unavailable {
		t.Fatalf("want unavailable, got %v", err)
	}
	d.Body = bytes.NewReader(whole)
	if res, err := db.Load(t.Context(), d); err != nil || res.LoadSeq != 1 || res.Inserted != 144000 {
		t.Fatalf("the same delivery afterwards: %+v, %v", res, err)
	}
}

func TestConcurrentLoadsTakeTurns(t *testing.T) {
	db := warehousetest.Open(t)
	var wg sync.WaitGroup
	for i := range 8 {
		d, err := payments(int64(i)*100, int64(i)*100+100)
		if err != nil {
			t.Fatal(err)
		}
		whole := body(t, d)
		for range 2 { // each delivery comes twice
			d := d
			d.Body = bytes.NewReader(whole)
			wg.Go(func() {
				if _, err := db.Load(t.Context(), d); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	if db.LoadSeq() != 8 {
		t.Fatalf("load sequence %d", db.LoadSeq())
	}
	f := warehousetest.Query(t, db.SystemView("test"), "SELECT count(*), count(DISTINCT rid), count(DISTINCT load_seq) FROM {{AC83}}")
	if f.Rows[0][0] != int64(57600) || f.Rows[0][1] != int64(57600) || f.Rows[0][2] != int64(8) {
		t.Fatal(f.Rows)
	}
}

// TestComputedColumns checks month index and pseudonyms against their definitions in Go.
func TestComputedColumns(t *testing.T) {
	db := warehousetest.Open(t)
	warehousetest.LoadYAML(t, db, `
AC82:
  - {AAZ220: 1, AAE002: 202610, AAE010: "6217 0001 2345 6789", AAE019: 1}
  - {AAZ220: 2, AAE002: 202699, AAE010: "6217000123456789", AAE019: 1}
  - {AAZ220: 3, AAE019: 1}
AC01:
  - {AAC001: 1, AAC147: "52030219600101123x"}
X_GA_SW:
  - {AAC147: "52030219600101123X"}
`)
	v := db.SystemView("test")
	f := warehousetest.Query(t, v, "SELECT mi, account_key FROM {{AC82}} ORDER BY rid")
	key := db.Pseudonym("6217000123456789")
	want := [][]any{{int64(fundwatch.Month(202610).Index()), key}, {nil, key}, {nil, nil}}
	for i, w := range want {
		if f.Rows[i][0] != w[0] || f.Rows[i][1] != w[1] {
			t.Errorf("row %d: %v, want %v", i, f.Rows[i], w)
		}
	}
	f = warehousetest.Query(t, v, "SELECT count(*) FROM {{AC01}} JOIN {{X_GA_SW}} USING (person_key)")
	if f.Rows[0][0] != int64(1) {
		t.Error("the same identity number in two spellings has two keys")
	}
}

// TestRebuildGivesEqualTables loses or spoils the database file in several ways; what comes out of the landing
// folder is what was there.
func TestRebuildGivesEqualTables(t *testing.T) {
	dir := t.TempDir()
	db := warehousetest.OpenIn(t, dir)
	warehousetest.LoadYAML(t, db, people)
	d, err := payments(10, 2000)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Load(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	warehousetest.Load(t, db, "AC83", []warehousetest.Row{
		with(payment(1, 1, 7), "_op", 1), with(payment(800, 12, 7), "_op", 2), payment(9_000_000, 1, 5)})
	want, err := db.TableHashes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := db.Ledger(t.Context(), warehouse.LedgerFilter{})
	if err != nil || len(ledger) != 5 {
		t.Fatalf("%v, %v", ledger, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "warehouse.duckdb")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	torn := bytes.Clone(whole)
	for i := 12288; i < len(torn); i += 512 {
		torn[i] ^= 0x5a
	}
	block := func(i int) func() error { // one block, which opening may not even read
		return func() error {
			b := bytes.Clone(whole)
			at := 12288 + i*262144
			for j := at; j < min(at+262144, len(b)); j += 512 {
				b[j] ^= 0x5a
			}
			return os.WriteFile(file, b, 0o600)
		}
	}
	last := (len(whole) - 12288 - 1) / 262144
	spoil := map[string]func() error{
		"first block": block(0), "middle block": block(last / 2), "third quarter": block(last * 3 / 4), "last block": block(last),
		"rebuild": func() error {
			return warehouse.Rebuild(t.Context(), warehouse.Config{Dir: dir}, warehousetest.Options())
		},
		"missing":  func() error { return os.Remove(file) },
		"torn":     func() error { return os.WriteFile(file, torn, 0o600) },
		"cut":      func() error { return os.WriteFile(file, whole[:len(whole)/3], 0o600) },
		"not ours": func() error { return os.WriteFile(file, []byte(strings.Repeat("not a database ", 9999)), 0o600) },
	}
	for name, f := range spoil {
		t.Run(name, func(t *testing.T) {
			if err := f(); err != nil {
				t.Fatal(err)
			}
			db, err := warehouse.Open(t.Context(), warehouse.Config{Dir: dir}, warehousetest.Options())
			if err != nil {
				t.Fatal(err)
			}
			got, err := db.TableHashes(t.Context())
			if fundwatch.CodeOf(err) == fundwatch.Unavailable { // found while reading: made again for the next
				got, err = db.TableHashes(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
			again, err := db.Ledger(t.Context(), warehouse.LedgerFilter{})
			if err != nil || len(again) != len(ledger) || !again[0].LoadedAt.Equal(ledger[0].LoadedAt) || again[0].SHA != ledger[0].SHA {
				t.Errorf("ledger: %+v, %v", again, err)
			}
			if !maps.Equal(got, want) {
				t.Error("tables differ from those before")
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestOneInstancePerFolder(t *testing.T) {
	dir := t.TempDir()
	warehousetest.OpenIn(t, dir)
	_, err := warehouse.Open(t.Context(), warehouse.Config{Dir: dir}, warehousetest.Options())
	if fundwatch.CodeOf(err) != fundwatch.Conflict {
		t.Fatalf("a second instance: %v", err)
	}
}

func TestKeyAndFilesArePrivate(t *testing.T) {
	dir := t.TempDir()
	db := warehousetest.OpenIn(t, dir)
	warehousetest.LoadYAML(t, db, people)
	for _, pattern := range []string{"pseudonym.key", "landing/*.*"} {
		files, _ := filepath.Glob(filepath.Join(dir, pattern))
		if len(files) == 0 {
			t.Errorf("no %s", pattern)
		}
		for _, f := range files {
			if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v", f, info.Mode(), err)
			}
		}
	}
}

// mutate spoils some bytes of a stream, often with lengths beyond reason.
func mutate(rng *rand.Rand, stream []byte) []byte {
	b := bytes.Clone(stream)
	for range 1 + rng.IntN(4) {
		at := rng.IntN(len(b) - 4)
		switch rng.IntN(3) {
		case 0:
			b[at] = byte(rng.Uint32())
		case 1:
			b[at] ^= 1 << rng.IntN(8)
		default:
			copy(b[at:], []byte{0xff, 0xff, 0xff, 0x7f}[:1+rng.IntN(4)])
		}
	}
	return b
}

// TestSpoiledStreams loads streams with spoiled bytes: each is loaded whole or refused as invalid, and the process
// lives.
func TestSpoiledStreams(t *testing.T) {
	db := warehousetest.Open(t)
	rng := rand.New(rand.NewPCG(2026, 10))
	for i := range 150 {
		load(t, db, strconv.Itoa(i), mutate(rng, deaths(t)))
	}
}

// deaths is a stream of two rows of X_GA_SW.
func deaths(t testing.TB) []byte {
	t.Helper()
	table, err := core.TableByCode("X_GA_SW")
	if err != nil {
		t.Fatal(err)
	}
	b, _, err := warehousetest.Encode(table, []warehousetest.Row{{"AAC147": "520302196001011234", "AAE138": "2026-08-15"}, {}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// load loads foreign bytes and checks what the warehouse says of them.
func load(t *testing.T, db *warehouse.DB, id string, stream []byte) {
	t.Helper()
	seq := db.LoadSeq()
	_, err := db.Load(t.Context(), warehouse.Delivery{ID: id, Table: "X_GA_SW", Source: "fuzz", Rows: 2, AsOf: warehousetest.Now(),
		Body: bytes.NewReader(stream)})
	if err != nil && fundwatch.CodeOf(err) != fundwatch.Invalid {
		t.Fatalf("%q: %v", stream, err)
	}
	if err != nil && db.LoadSeq() != seq {
		t.Fatal("a refused delivery moved the load sequence")
	}
}

// FuzzLoad feeds the warehouse bytes from outside.
func FuzzLoad(f *testing.F) {
	good := deaths(f)
	f.Add(good)
	f.Add(good[:len(good)-9])
	f.Add([]byte("ARROW1"))
	db := warehousetest.Open(f)
	n := 0
	f.Fuzz(func(t *testing.T, data []byte) {
		n++
		load(t, db, strconv.Itoa(n), data)
	})
}
