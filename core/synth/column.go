package synth

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"fundwatch/core"
)

// column holds the values of one column in the memory layout of Arrow, so that a batch is made without copying.
type column struct {
	typ   core.Type
	i64   []int64
	i32   []int32
	f64   []float64
	off   []int32 // len = rows+1
	str   []byte
	nulls []int32 // rows without a value, ascending
}

// rows is a growing batch of one table. A row is appended with row and then one call per column in the order of the
// contract; pack fails when a column was left out.
type rows struct {
	cols []column
	at   int
	rid  []int64
	op   []int8
}

func newRows(t core.Table) *rows {
	b := &rows{cols: make([]column, len(t.Columns))}
	for i, c := range t.Columns {
		b.cols[i].typ = c.Type
		if c.Type == core.Text {
			b.cols[i].off = append(b.cols[i].off, 0)
		}
	}
	return b
}

func (b *rows) len() int { return len(b.rid) }

// row begins a row.
func (b *rows) row(rid int64, op int8) *rows {
	b.at = 0
	b.rid = append(b.rid, rid)
	b.op = append(b.op, op)
	return b
}

// I appends a key or money.
func (b *rows) I(v int64) *rows {
	c := &b.cols[b.at]
	b.at++
	c.i64 = append(c.i64, v)
	return b
}

// N appends a month or an int, D a date.
func (b *rows) N(v int32) *rows {
	c := &b.cols[b.at]
	b.at++
	c.i32 = append(c.i32, v)
	return b
}

// T appends a moment.
func (b *rows) T(v int64) *rows { return b.I(v) }

// S appends a text.
func (b *rows) S(v string) *rows {
	c := &b.cols[b.at]
	b.at++
	c.str = append(c.str, v...)
	c.off = append(c.off, int32(len(c.str)))
	return b
}

// B appends a text from bytes.
func (b *rows) B(v []byte) *rows {
	c := &b.cols[b.at]
	b.at++
	c.str = append(c.str, v...)
	c.off = append(c.off, int32(len(c.str)))
	return b
}

// F appends a ratio.
func (b *rows) F(v float64) *rows {
	c := &b.cols[b.at]
	b.at++
	c.f64 = append(c.f64, v)
	return b
}

// Z appends no value.
func (b *rows) Z() *rows {
	c := &b.cols[b.at]
	b.at++
	c.nulls = append(c.nulls, int32(len(b.rid)-1))
	switch c.typ {
	case core.Text:
		c.off = append(c.off, int32(len(c.str)))
	case core.Key, core.Money, core.Time:
		c.i64 = append(c.i64, 0)
	case core.Ratio:
		c.f64 = append(c.f64, 0)
	default:
		c.i32 = append(c.i32, 0)
	}
	return b
}

// SZ appends a text, or no value when it is empty.
func (b *rows) SZ(v string) *rows {
	if v == "" {
		return b.Z()
	}
	return b.S(v)
}

// NZ appends a date or month, or no value when it has not come by the day now.
func (b *rows) NZ(v int32, known bool) *rows {
	if !known {
		return b.Z()
	}
	return b.N(v)
}

// reset empties the batch and keeps its memory.
func (b *rows) reset() {
	b.rid, b.op = b.rid[:0], b.op[:0]
	for i := range b.cols {
		c := &b.cols[i]
		c.i64, c.i32, c.f64, c.str, c.nulls = c.i64[:0], c.i32[:0], c.f64[:0], c.str[:0], c.nulls[:0]
		if c.off != nil {
			c.off = c.off[:1]
		}
	}
}

// take appends all rows of other.
func (b *rows) take(other *rows) {
	base := int32(len(b.rid))
	b.rid = append(b.rid, other.rid...)
	b.op = append(b.op, other.op...)
	for i := range b.cols {
		c, o := &b.cols[i], &other.cols[i]
		for _, n := range o.nulls {
			c.nulls = append(c.nulls, base+n)
		}
		switch {
		case c.off != nil:
			shift := int32(len(c.str))
			c.str = append(c.str, o.str...)
			for _, v := range o.off[1:] {
				c.off = append(c.off, shift+v)
			}
		default:
			c.i64 = append(c.i64, o.i64...)
			c.i32 = append(c.i32, o.i32...)
			c.f64 = append(c.f64, o.f64...)
		}
	}
}

// check reports a column that does not have one value per row: a writer forgot it.
func (b *rows) check(t core.Table) error {
	n := len(b.rid)
	for i, c := range b.cols {
		have := len(c.i64)
		switch c.typ {
		case core.Text:
			have = len(c.off) - 1
		case core.Ratio:
			have = len(c.f64)
		case core.Date, core.Month, core.Int:
			have = len(c.i32)
		default:
		}
		if have != n {
			return fmt.Errorf("synth: table %s column %s has %d values for %d rows", t.Code, t.Columns[i].Code, have, n)
		}
	}
	return nil
}

// sums adds up the money columns named by the contract over inserts and the new side of updates.
func (b *rows) sums(t core.Table, into map[string]int64) {
	for _, name := range t.Sums {
		for i, c := range t.Columns {
			if c.Code != name {
				continue
			}
			var total int64
			for r, v := range b.cols[i].i64 {
				if b.op[r] != opDelete {
					total += v
				}
			}
			into[name] += total
		}
	}
}

// arrowType is the Arrow type of an element of the contract.
func arrowType(t core.Type) arrow.DataType {
	switch t {
	case core.Key, core.Money:
		return arrow.PrimitiveTypes.Int64
	case core.Date:
		return arrow.FixedWidthTypes.Date32
	case core.Month, core.Int:
		return arrow.PrimitiveTypes.Int32
	case core.Ratio:
		return arrow.PrimitiveTypes.Float64
	case core.Time:
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	default:
		return arrow.BinaryTypes.String
	}
}

// schemaOf is the Arrow schema of a table's change feed.
func schemaOf(t core.Table) *arrow.Schema {
	fields := make([]arrow.Field, 0, len(t.Columns)+2)
	for _, c := range t.Columns {
		fields = append(fields, arrow.Field{Name: c.Code, Type: arrowType(c.Type), Nullable: true})
	}
	fields = append(fields,
		arrow.Field{Name: "_rid", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		arrow.Field{Name: "_op", Type: arrow.PrimitiveTypes.Int8, Nullable: true})
	return arrow.NewSchema(fields, nil)
}

// pack shows the rows as one Arrow batch that shares their memory.
func (b *rows) pack(schema *arrow.Schema) arrow.RecordBatch {
	n := len(b.rid)
	arrays := make([]arrow.Array, 0, len(b.cols)+2)
	for i := range b.cols {
		c := &b.cols[i]
		bufs := []*memory.Buffer{c.validity(n), nil}
		switch c.typ {
		case core.Text:
			bufs[1] = memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(c.off))
			bufs = append(bufs, memory.NewBufferBytes(c.str))
		case core.Key, core.Money, core.Time:
			bufs[1] = memory.NewBufferBytes(arrow.Int64Traits.CastToBytes(c.i64))
		case core.Ratio:
			bufs[1] = memory.NewBufferBytes(arrow.Float64Traits.CastToBytes(c.f64))
		default:
			bufs[1] = memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(c.i32))
		}
		arrays = append(arrays, array.MakeFromData(array.NewData(schema.Field(i).Type, n, bufs, nil, len(c.nulls), 0)))
	}
	rid := []*memory.Buffer{nil, memory.NewBufferBytes(arrow.Int64Traits.CastToBytes(b.rid))}
	op := []*memory.Buffer{nil, memory.NewBufferBytes(arrow.Int8Traits.CastToBytes(b.op))}
	arrays = append(arrays,
		array.MakeFromData(array.NewData(arrow.PrimitiveTypes.Int64, n, rid, nil, 0, 0)),
		array.MakeFromData(array.NewData(arrow.PrimitiveTypes.Int8, n, op, nil, 0, 0)))
	return array.NewRecordBatch(schema, arrays, int64(n))
}

// validity is the bitmap of present values, or nil when every value is.
func (c *column) validity(n int) *memory.Buffer {
	if len(c.nulls) == 0 {
		return nil
	}
	bits := make([]byte, (n+7)/8)
	for i := range bits {
		bits[i] = 0xff
	}
	for _, r := range c.nulls {
		bits[r>>3] &^= 1 << (r & 7)
	}
	return memory.NewBufferBytes(bits)
}
