package warehouse

import (
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"fundwatch"
)

// The operations of a delivery's _op column.
const (
	opInsert = 0
	opUpdate = 1
	opDelete = 2
)

// batches turns the batches of a delivery into rows of the warehouse: the added columns are computed, _op is
// dropped, or kept beside the position in the stream when the load is staged. It decodes ahead in a goroutine, so
// that decoding and hashing run while the engine inserts.
type batches struct {
	refs    atomic.Int64
	schema  *arrow.Schema
	out     chan arrow.RecordBatch
	stop    chan struct{}
	current arrow.RecordBatch
	err     error // written before out is closed
}

// newBatches starts decoding. Release must be called, also when not all was read.
func newBatches(r relation, in array.RecordReader, key []byte, seq int64, staged bool) *batches {
	b := &batches{out: make(chan arrow.RecordBatch, 2), stop: make(chan struct{}), schema: rowSchema(r, staged)}
	b.refs.Store(1)
	w := &widener{rel: r, seq: seq, staged: staged, schema: b.schema, person: newPseudonymizer(key), account: newPseudonymizer(key)}
	go func() {
		defer close(b.out)
		b.err = b.decode(in, w)
	}()
	return b
}

// decode feeds out until the stream ends. Arrow's reader panics on some malformed input.
func (b *batches) decode(in array.RecordReader, w *widener) (err error) {
	defer invalidStream(&err)
	for in.Next() {
		wide, err := w.widen(in.RecordBatch())
		if err != nil {
			return err
		}
		select {
		case b.out <- wide:
		case <-b.stop:
			return nil
		}
	}
	return in.Err()
}

// rowSchema is the order of columns in facts, with _op and _ord behind when staged.
func rowSchema(r relation, staged bool) *arrow.Schema {
	fields := make([]arrow.Field, 0, len(r.Columns)+7)
	for _, c := range r.Columns {
		fields = append(fields, arrow.Field{Name: c.Code, Type: arrowType(c.Type), Nullable: true})
	}
	for _, e := range r.extras() {
		fields = append(fields, arrow.Field{Name: e.name, Type: e.arrow, Nullable: true})
	}
	if staged {
		fields = append(fields, arrow.Field{Name: "_op", Type: arrow.PrimitiveTypes.Int8},
			arrow.Field{Name: "_ord", Type: arrow.PrimitiveTypes.Int64})
	}
	return arrow.NewSchema(fields, nil)
}

// widener computes the added columns of one batch after another.
type widener struct {
	rel     relation
	seq     int64
	staged  bool
	schema  *arrow.Schema
	person  *pseudonymizer
	account *pseudonymizer
	ord     int64
}

func (w *widener) widen(b arrow.RecordBatch) (arrow.RecordBatch, error) {
	n := int(b.NumRows())
	byName := map[string]arrow.Array{}
	for i := range int(b.NumCols()) {
		byName[b.ColumnName(i)] = b.Column(i)
	}
	cols := make([]arrow.Array, 0, w.schema.NumFields())
	for i, c := range w.rel.Columns {
		if col, ok := byName[c.Code]; ok {
			cols = append(cols, col)
		} else { // a landing file from before the contract gained the column
			cols = append(cols, array.MakeArrayOfNull(memory.DefaultAllocator, w.schema.Field(i).Type, n))
		}
	}
	for _, e := range w.rel.extras() {
		switch e.name {
		case ColRID:
			cols = append(cols, byName["_rid"])
		case ColLoadSeq:
			cols = append(cols, constant(w.seq, n))
		case ColMonth:
			cols = append(cols, monthIndex(byName[w.rel.Month], n))
		case ColPersonKey:
			cols = append(cols, keys(w.person, byName[w.rel.ID], n))
		case ColAccountKey:
			cols = append(cols, keys(w.account, byName[accountColumn], n))
		}
	}
	if w.staged {
		cols = append(cols, byName["_op"], sequence(w.ord, n))
		w.ord += int64(n)
	}
	return array.NewRecordBatch(w.schema, cols, int64(n)), nil
}

func constant(v int64, n int) arrow.Array {
	b := array.NewInt64Builder(memory.DefaultAllocator)
	b.Reserve(n)
	for range n {
		b.UnsafeAppend(v)
	}
	return b.NewArray()
}

func sequence(from int64, n int) arrow.Array {
	b := array.NewInt64Builder(memory.DefaultAllocator)
	b.Reserve(n)
	for i := range n {
		b.UnsafeAppend(from + int64(i))
	}
	return b.NewArray()
}

// monthIndex is months since 2000-01, null for a missing or impossible month.
func monthIndex(col arrow.Array, n int) arrow.Array {
	b := array.NewInt16Builder(memory.DefaultAllocator)
	b.Reserve(n)
	months, _ := col.(*array.Int32)
	for i := range n {
		if months == nil || months.IsNull(i) || !fundwatch.Month(months.Value(i)).Valid() {
			b.UnsafeAppendBoolToBitmap(false)
			continue
		}
		b.UnsafeAppend(int16(fundwatch.Month(months.Value(i)).Index()))
	}
	return b.NewArray()
}

// keys pseudonymizes a text column; nothing stays nothing.
func keys(p *pseudonymizer, col arrow.Array, n int) arrow.Array {
	b := array.NewInt64Builder(memory.DefaultAllocator)
	b.Reserve(n)
	text, _ := col.(*array.String)
	for i := range n {
		if text == nil || text.IsNull(i) {
			b.UnsafeAppendBoolToBitmap(false)
			continue
		}
		if key, ok := p.of(text.Value(i)); ok {
			b.UnsafeAppend(key)
		} else {
			b.UnsafeAppendBoolToBitmap(false)
		}
	}
	return b.NewArray()
}

// The methods of array.RecordReader.

// Retain counts one more user.
func (b *batches) Retain() { b.refs.Add(1) }

// Release stops the decoding when the last user is gone.
func (b *batches) Release() {
	if b.refs.Add(-1) == 0 {
		close(b.stop)
		for range b.out { // lets the goroutine end
		}
	}
}

// Schema is the order of columns in the warehouse.
func (b *batches) Schema() *arrow.Schema { return b.schema }

// Next moves to the next batch.
func (b *batches) Next() bool {
	rec, ok := <-b.out
	b.current = rec
	return ok
}

// RecordBatch is the batch Next moved to.
func (b *batches) RecordBatch() arrow.RecordBatch { return b.current }

// Record is RecordBatch by its old name, which the interface asks for.
func (b *batches) Record() arrow.RecordBatch { return b.current }

// Err is what ended the stream early; asked after Next said false.
func (b *batches) Err() error {
	select {
	case _, open := <-b.out:
		if open {
			return nil
		}
		return b.err
	default:
		return nil
	}
}
