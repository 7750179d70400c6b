package coretest

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"fundwatch/core"
)

func (s *suite) feeds(t *testing.T) {
	before := s.readFeeds(t)
	after := s.readFeeds(t)
	if _, ok := before["AC01"]; !ok {
		t.Error("no feed of AC01, the persons")
	}
	for table, f := range before {
		if _, err := core.TableByCode(table); err != nil {
			t.Error(err)
		}
		if (f.Head == "") != (f.Rows == 0) {
			t.Errorf("%s: head %q with %d rows", table, f.Head, f.Rows)
		}
		if later, ok := after[table]; !ok || later.Rows < f.Rows {
			t.Errorf("%s: went back from %d rows to %d", table, f.Rows, later.Rows)
		}
	}
}

func (s *suite) readFeeds(t *testing.T) map[string]core.Feed {
	t.Helper()
	list, err := s.Client.Feeds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]core.Feed{}
	for _, f := range list {
		out[f.Table] = f
	}
	return out
}

// stable asks for the same page twice, and then for the one after.
func (s *suite) stable(t *testing.T) {
	for table, f := range s.readFeeds(t) {
		if f.Rows == 0 {
			continue
		}
		one, body1 := s.readPage(t, table, "")
		two, body2 := s.readPage(t, table, "")
		if one.Next != two.Next || one.SHA != two.SHA || one.Rows != two.Rows || !maps.Equal(one.Sums, two.Sums) ||
			!one.AsOf.Equal(two.AsOf) || !bytes.Equal(body1, body2) {
			t.Errorf("%s: the first page changed between two readings", table)
		}
	}
}

// readPage reads a page to its end, which also checks rows and SHA.
func (s *suite) readPage(t *testing.T, table string, after core.Cursor) (*core.Page, []byte) {
	t.Helper()
	page, err := s.Client.Changes(t.Context(), table, after)
	if err != nil {
		t.Fatal(err)
	}
	if page.Table != table || page.After != after || page.AsOf.IsZero() {
		t.Fatalf("%s after %q: page is described as %+v", table, after, page)
	}
	if page.Rows == 0 {
		if page.Next != after || page.Body != nil {
			t.Fatalf("%s after %q: level, but next is %q", table, after, page.Next)
		}
		return page, nil
	}
	body, err := io.ReadAll(page.Body)
	if err != nil {
		t.Fatalf("%s after %q: %v", table, after, err)
	}
	if err := page.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return page, body
}

// follow reads every feed up to the head of one snapshot and checks all that a reader relies on.
func (s *suite) follow(t *testing.T) {
	for table, feed := range s.readFeeds(t) {
		contract, err := core.TableByCode(table)
		if err != nil {
			t.Error(err)
			continue
		}
		alive, seen, rows := map[int64]bool{}, map[core.Cursor]bool{"": true}, int64(0)
		at := core.Cursor("")
		var last *core.Page
		for at != feed.Head && rows < s.MaxRows {
			page, body := s.readPage(t, table, at)
			if page.Rows == 0 {
				t.Errorf("%s: level at %q, but the head was %q", table, at, feed.Head)
				break
			}
			if seen[page.Next] {
				t.Fatalf("%s: cursor %q comes twice", table, page.Next)
			}
			if last != nil && page.AsOf.Before(last.AsOf) {
				t.Errorf("%s: business time went back at %q", table, at)
			}
			checkPage(t, contract, page, body, alive)
			seen[page.Next], rows, at, last = true, rows+page.Rows, page.Next, page
		}
		if at == feed.Head && rows != feed.Rows {
			t.Errorf("%s: %d changes up to the head, the feed says %d", table, rows, feed.Rows)
		}
	}
}

// checkPage checks columns, control totals and the order of changes. alive are the rows that stand so far.
func checkPage(t *testing.T, table core.Table, page *core.Page, body []byte, alive map[int64]bool) {
	t.Helper()
	r, err := ipc.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatalf("%s: %v", table.Code, err)
	}
	defer r.Release()
	if err := checkSchema(table, r.Schema()); err != nil {
		t.Fatal(err)
	}
	n := len(table.Columns)
	sums := map[string]int64{}
	for r.Next() {
		batch := r.RecordBatch()
		if batch.NumRows() > 122_880 {
			t.Errorf("%s: batch of %d rows", table.Code, batch.NumRows())
		}
		rids, ops := batch.Column(n).(*array.Int64), batch.Column(n+1).(*array.Int8)
		for i := range int(batch.NumRows()) {
			rid, op := rids.Value(i), core.Op(ops.Value(i))
			if rids.IsNull(i) || ops.IsNull(i) || op < core.Insert || op > core.Delete {
				t.Fatalf("%s: change without row or kind", table.Code)
			}
			if alive[rid] != (op != core.Insert) {
				t.Fatalf("%s: change %d of row %d, which stands: %v", table.Code, op, rid, alive[rid])
			}
			alive[rid] = op != core.Delete
		}
		for _, name := range table.Sums {
			money := batch.Column(batch.Schema().FieldIndices(name)[0]).(*array.Int64)
			for i := range money.Len() {
				if money.IsValid(i) && core.Op(ops.Value(i)) != core.Delete {
					sums[name] += money.Value(i)
				}
			}
		}
	}
	if r.Err() != nil {
		t.Fatalf("%s: %v", table.Code, r.Err())
	}
	for _, name := range table.Sums {
		if got, ok := page.Sums[name]; !ok || got != sums[name] {
			t.Errorf("%s after %q: control total of %s is %d, rows add up to %d", table.Code, page.After, name, got, sums[name])
		}
	}
}

func checkSchema(table core.Table, schema *arrow.Schema) error {
	if schema.NumFields() != len(table.Columns)+2 {
		return fmt.Errorf("%s: %d fields, want %d and two more", table.Code, schema.NumFields(), len(table.Columns))
	}
	types := map[core.Type]arrow.DataType{
		core.Key: arrow.PrimitiveTypes.Int64, core.Money: arrow.PrimitiveTypes.Int64, core.Text: arrow.BinaryTypes.String,
		core.Date: arrow.FixedWidthTypes.Date32, core.Month: arrow.PrimitiveTypes.Int32, core.Int: arrow.PrimitiveTypes.Int32,
		core.Ratio: arrow.PrimitiveTypes.Float64, core.Time: &arrow.TimestampType{Unit: arrow.Microsecond},
	}
	for i, c := range table.Columns {
		if f := schema.Field(i); f.Name != c.Code || !arrow.TypeEqual(f.Type, types[c.Type]) {
			return fmt.Errorf("%s: field %d is %s %s, want %s %s", table.Code, i, f.Name, f.Type, c.Code, types[c.Type])
		}
	}
	rid, op := schema.Field(len(table.Columns)), schema.Field(len(table.Columns)+1)
	if rid.Name != core.RowColumn || rid.Type.ID() != arrow.INT64 || op.Name != core.OpColumn || op.Type.ID() != arrow.INT8 {
		return fmt.Errorf("%s: the last fields are %s and %s, want %s and %s", table.Code, rid, op, core.RowColumn, core.OpColumn)
	}
	return nil
}

// firstRow is a row that stands after the first page, as text by column; nil when the table is empty.
func (s *suite) firstRow(t *testing.T, table string) map[string]string {
	t.Helper()
	if s.readFeeds(t)[table].Rows == 0 {
		return nil
	}
	_, body := s.readPage(t, table, "")
	r, err := ipc.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	if !r.Next() {
		t.Fatalf("%s: first page without a batch", table)
	}
	batch := r.RecordBatch()
	row := map[string]string{}
	for i, f := range batch.Schema().Fields() {
		if batch.Column(i).IsValid(0) {
			row[f.Name] = batch.Column(i).ValueStr(0)
		}
	}
	return row
}
