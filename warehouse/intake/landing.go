package intake

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"fundwatch/core"
	"fundwatch/warehouse"
)

// landingBatch is how many rows are gathered before they are written; it bounds memory.
const landingBatch = 16_384

// landing writes changes of a table as the Arrow stream of a delivery.
type landing struct {
	table core.Table
	file  *os.File
	buf   *bufio.Writer
	w     *ipc.Writer
	b     *array.RecordBuilder
	n     int
	rows  int64
	sums  map[string]int64
}

func newLanding(t core.Table, dir string) (*landing, error) {
	f, err := os.CreateTemp(dir, "list-*.arrows")
	if err != nil {
		return nil, fmt.Errorf("intake: %w", err)
	}
	l := &landing{table: t, file: f, buf: bufio.NewWriterSize(f, 1<<20), sums: map[string]int64{}}
	schema := warehouse.Schema(t)
	l.w = ipc.NewWriter(l.buf, ipc.WithSchema(schema))
	l.b = array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for _, s := range t.Sums {
		l.sums[s] = 0
	}
	return l, nil
}

// add writes one change.
func (l *landing) add(op core.Op, rid int64, values []any) error {
	for i, v := range values {
		if err := appendTo(l.b.Field(i), v); err != nil {
			return fmt.Errorf("intake: column %s: %w", l.table.Columns[i].Code, err)
		}
		if n, money := v.(int64); money && op != core.Delete {
			if _, summed := l.sums[l.table.Columns[i].Code]; summed {
				l.sums[l.table.Columns[i].Code] += n
			}
		}
	}
	if err := errors.Join(appendTo(l.b.Field(len(values)), rid), appendTo(l.b.Field(len(values)+1), int64(op))); err != nil {
		return err
	}
	l.rows++
	if l.n++; l.n == landingBatch {
		return l.flush()
	}
	return nil
}

func (l *landing) flush() error {
	l.n = 0
	batch := l.b.NewRecordBatch()
	defer batch.Release()
	return l.w.Write(batch)
}

// finish completes the stream and gives its path and size.
func (l *landing) finish() (path string, size int64, err error) {
	if err := errors.Join(l.flush(), l.w.Close(), l.buf.Flush()); err != nil {
		return "", 0, fmt.Errorf("intake: %w", err)
	}
	info, err := l.file.Stat()
	if err != nil {
		return "", 0, fmt.Errorf("intake: %w", err)
	}
	return l.file.Name(), info.Size(), nil
}

// discard removes the file; the warehouse has its own copy of what it took.
func (l *landing) discard() error {
	l.b.Release()
	return errors.Join(l.file.Close(), os.Remove(l.file.Name()))
}

func appendTo(b array.Builder, v any) error {
	switch b := b.(type) {
	case *array.Int64Builder:
		if n, ok := v.(int64); ok {
			b.Append(n)
			return nil
		}
	case *array.Int32Builder:
		if n, ok := v.(int64); ok {
			b.Append(int32(n)) //nolint:gosec // parse has bounded it
			return nil
		}
	case *array.Int8Builder:
		if n, ok := v.(int64); ok {
			b.Append(int8(n)) //nolint:gosec // an operation
			return nil
		}
	case *array.Float64Builder:
		if f, ok := v.(float64); ok {
			b.Append(f)
			return nil
		}
	case *array.StringBuilder:
		if s, ok := v.(string); ok {
			b.Append(s)
			return nil
		}
	case *array.Date32Builder:
		if t, ok := v.(time.Time); ok {
			b.Append(arrow.Date32FromTime(utc(t)))
			return nil
		}
	case *array.TimestampBuilder:
		if t, ok := v.(time.Time); ok {
			b.Append(arrow.Timestamp(utc(t).UnixMicro()))
			return nil
		}
	}
	if v == nil {
		b.AppendNull()
		return nil
	}
	return fmt.Errorf("value of type %T does not fit", v)
}

// utc keeps what the clock showed and drops the zone, as the warehouse does.
func utc(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}
