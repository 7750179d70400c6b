// Package warehousetest gives tests a real warehouse with a few rows: Open makes one in a temporary folder, Load and
// LoadYAML bring rows in by the same road as the core's deliveries, View asks as a person of some region.
//
// It holds no fake: what a test sees is what the product does.
package warehousetest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/goccy/go-yaml"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/warehouse"
)

// Now is the clock of the tests: noon of the last day of history.
func Now() time.Time { return time.Date(2026, 10, 31, 12, 0, 0, 0, fundwatch.Shanghai()) }

// Options are quiet options with the clock of Now.
func Options() warehouse.Options {
	return warehouse.Options{Logger: slog.New(slog.DiscardHandler), Now: Now}
}

// Open makes an empty warehouse that is closed when the test ends.
func Open(t testing.TB) *warehouse.DB {
	t.Helper()
	return OpenIn(t, t.TempDir())
}

// OpenIn opens the warehouse of a folder; it is closed when the test ends.
func OpenIn(t testing.TB, dir string) *warehouse.DB {
	t.Helper()
	db, err := warehouse.Open(t.Context(), warehouse.Config{Dir: dir, Memory: "1GB", Threads: 2}, Options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// Row is one row of a table by column code. Dates are "2026-10-31", times "2026-10-31 08:30:00" or time.Time,
// money is fen, months are yyyymm; a column left out is null. "_rid" and "_op" may be given: 0 insert (default), 1
// update, 2 delete.
type Row = map[string]any

// Load loads the rows as one delivery and gives its result. Rows without _rid get the next free ones.
func Load(t testing.TB, db *warehouse.DB, table string, rows []Row) warehouse.LoadResult {
	t.Helper()
	res, err := db.Load(t.Context(), Delivery(t, db, table, rows))
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// LoadYAML loads a document of tables, each with a list of rows, in the order of the document:
//
//	AC01:
//	  - {AAC001: 1, AAC003: 王明, AAB301: "520302"}
func LoadYAML(t testing.TB, db *warehouse.DB, text string) {
	t.Helper()
	var doc yaml.MapSlice
	if err := yaml.UnmarshalWithOptions([]byte(text), &doc, yaml.UseOrderedMap()); err != nil {
		t.Fatal(err)
	}
	for _, item := range doc {
		list, _ := item.Value.([]any)
		rows := make([]Row, 0, len(list))
		for _, x := range list {
			fields, ok := x.(yaml.MapSlice)
			if !ok {
				t.Fatalf("%v: a row must be a mapping, not %T", item.Key, x)
			}
			row := Row{}
			for _, f := range fields {
				row[fmt.Sprint(f.Key)] = f.Value
			}
			rows = append(rows, row)
		}
		Load(t, db, fmt.Sprint(item.Key), rows)
	}
}

// Delivery makes the delivery that Load would load.
func Delivery(t testing.TB, db *warehouse.DB, table string, rows []Row) warehouse.Delivery {
	t.Helper()
	def, err := core.TableByCode(table)
	if err != nil {
		t.Fatal(err)
	}
	f, err := db.SystemView("test rows").Query(t.Context(), warehouse.Statement{SQL: "SELECT coalesce(max(rid), 0) FROM {{" + table + "}}"})
	if err != nil {
		t.Fatal(err)
	}
	next := f.Rows[0][0].(int64) + 1
	body, sums, err := Encode(def, rows, next)
	if err != nil {
		t.Fatal(err)
	}
	return warehouse.Delivery{
		ID: fmt.Sprintf("test:%s:%d", table, db.LoadSeq()+1), Table: table, Source: "test",
		Next: core.Cursor(strconv.FormatInt(db.LoadSeq()+1, 10)), AsOf: Now(), Rows: int64(len(rows)), Sums: sums,
		Body: bytes.NewReader(body),
	}
}

// Encode writes rows as the Arrow stream of a delivery, with its control sums. Rows without _rid are numbered from
// firstRID.
func Encode(table core.Table, rows []Row, firstRID int64) ([]byte, map[string]int64, error) {
	schema := warehouse.Schema(table)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	sums := map[string]int64{}
	for _, s := range table.Sums {
		sums[s] = 0
	}
	for i, row := range rows {
		for name := range row {
			if !schema.HasField(name) {
				return nil, nil, fmt.Errorf("table %s has no column %s", table.Code, name)
			}
		}
		for j, field := range schema.Fields() {
			v, ok := row[field.Name]
			switch {
			case !ok && field.Name == "_rid":
				v = firstRID + int64(i)
			case !ok && field.Name == "_op":
				v = 0
			}
			if err := appendValue(b.Field(j), v); err != nil {
				return nil, nil, fmt.Errorf("row %d column %s: %w", i+1, field.Name, err)
			}
		}
		for _, s := range table.Sums {
			if n, ok := integer(row[s]); ok && fmt.Sprint(row["_op"]) != "2" {
				sums[s] += n
			}
		}
	}
	batch := b.NewRecordBatch()
	defer batch.Release()
	var out bytes.Buffer
	w := ipc.NewWriter(&out, ipc.WithSchema(schema))
	if err := w.Write(batch); err != nil {
		return nil, nil, err
	}
	if err := w.Close(); err != nil {
		return nil, nil, err
	}
	return out.Bytes(), sums, nil
}

func appendValue(b array.Builder, v any) error {
	if v == nil {
		b.AppendNull()
		return nil
	}
	n, isInt := integer(v)
	switch b := b.(type) {
	case *array.Int64Builder:
		if isInt {
			b.Append(n)
			return nil
		}
	case *array.Int32Builder:
		if isInt {
			b.Append(int32(n))
			return nil
		}
	case *array.Int8Builder:
		if isInt {
			b.Append(int8(n))
			return nil
		}
	case *array.Float64Builder:
		f, err := strconv.ParseFloat(fmt.Sprint(v), 64)
		if err == nil {
			b.Append(f)
		}
		return err
	case *array.StringBuilder:
		b.Append(fmt.Sprint(v))
		return nil
	case *array.Date32Builder:
		d, err := clock(v)
		if err == nil {
			b.Append(arrow.Date32FromTime(d))
		}
		return err
	case *array.TimestampBuilder:
		d, err := clock(v)
		if err == nil {
			b.Append(arrow.Timestamp(d.UnixMicro()))
		}
		return err
	}
	return fmt.Errorf("value %v of type %T does not fit", v, v)
}

// integer reads any kind of whole number.
func integer(v any) (int64, bool) {
	if v == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(fmt.Sprintf("%d", v), 10, 64)
	return n, err == nil
}

// clock reads a date or time as the clock of China, marked as UTC for Arrow, which has no zone here.
func clock(v any) (time.Time, error) {
	if t, ok := v.(time.Time); ok {
		t = t.In(fundwatch.Shanghai())
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC), nil
	}
	s := fmt.Sprint(v)
	for _, layout := range []string{time.DateOnly, time.DateTime} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is neither 2026-10-31 nor 2026-10-31 08:30:00", s)
}

// Query asks the view and ends the test on an error.
func Query(t testing.TB, v *warehouse.View, sql string, args ...any) *warehouse.Frame {
	t.Helper()
	f, err := v.Query(context.WithoutCancel(t.Context()), warehouse.Statement{SQL: sql, Args: args})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return f
}

// Actor is a supervisor of the regions with all lines, personal data masked.
func Actor(regions ...fundwatch.Region) fundwatch.Actor {
	return fundwatch.Actor{ID: "test", Name: "test", Scope: fundwatch.NewScope(regions, fundwatch.Insurances())}
}
