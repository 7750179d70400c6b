package refcore

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"fundwatch/core"
)

// lines is a page in JSON lines.
type lines struct {
	text []byte
	rows int64
	sums map[string]int64
}

// readLines turns up to limit rows of a chunk, after the first skip, into JSON lines.
func readLines(path string, table core.Table, skip int64, limit int) (*lines, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	r, err := ipc.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("chunk of %s: %w", table.Code, err)
	}
	defer r.Release()
	out := &lines{sums: map[string]int64{}}
	for _, column := range table.Sums {
		out.sums[column] = 0
	}
	for out.rows < int64(limit) && r.Next() {
		batch := r.RecordBatch()
		if skip >= batch.NumRows() {
			skip -= batch.NumRows()
			continue
		}
		for row := int(skip); row < int(batch.NumRows()) && out.rows < int64(limit); row++ {
			out.add(batch, table, row)
		}
		skip = 0
	}
	return out, r.Err()
}

// add writes one row and adds it to the control totals.
func (l *lines) add(batch arrow.RecordBatch, table core.Table, row int) {
	counts := false
	for i, field := range batch.Schema().Fields() {
		l.text = append(l.text, "{,"[min(i, 1)])
		l.text = strconv.AppendQuote(l.text, field.Name)
		l.text = append(l.text, ':')
		value, ok := cell(batch.Column(i), row)
		column, _ := table.Column(field.Name)
		switch {
		case !ok:
			l.text = append(l.text, "null"...)
		case isNumber(field.Name, column.Type):
			l.text = append(l.text, value...)
		default:
			quoted, _ := json.Marshal(value) // a string always can
			l.text = append(l.text, quoted...)
		}
		if field.Name == core.OpColumn {
			counts = value != strconv.Itoa(int(core.Delete))
		}
	}
	l.text = append(l.text, '}', '\n')
	l.rows++
	if !counts {
		return
	}
	for _, name := range table.Sums {
		for _, i := range batch.Schema().FieldIndices(name) {
			if money, ok := batch.Column(i).(*array.Int64); ok && money.IsValid(row) {
				l.sums[name] += money.Value(row)
			}
		}
	}
}

// isNumber says which values stand in JSON as numbers: internal numbers do not, they outgrow what readers keep exact.
func isNumber(name string, t core.Type) bool {
	switch t {
	case core.Money, core.Month, core.Int, core.Ratio:
		return true
	default:
		return name == core.OpColumn
	}
}

// cell writes a value as text; false is no value.
func cell(column arrow.Array, row int) (string, bool) {
	if column.IsNull(row) {
		return "", false
	}
	switch c := column.(type) {
	case *array.Int64:
		return strconv.FormatInt(c.Value(row), 10), true
	case *array.Int32:
		return strconv.Itoa(int(c.Value(row))), true
	case *array.Int8:
		return strconv.Itoa(int(c.Value(row))), true
	case *array.Float64:
		return strconv.FormatFloat(c.Value(row), 'g', -1, 64), true
	case *array.String:
		return c.Value(row), true
	case *array.Date32:
		return c.Value(row).ToTime().Format(time.DateOnly), true
	case *array.Timestamp:
		return time.UnixMicro(int64(c.Value(row))).UTC().Format("2006-01-02T15:04:05.999999") + "+08:00", true
	default:
		return column.ValueStr(row), true
	}
}
