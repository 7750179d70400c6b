package sheet

import (
	"fmt"
	"io"
	"math/big"
	"os"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"fundwatch"
)

const (
	parquetBatch = 4096
	parquetPage  = 64 << 20 // a page that declares more is refused before memory is taken for it
)

// parquetSource reads a flat Parquet file, a few thousand rows at a time. It uses the column readers directly: they
// run in the caller's goroutine, so that a panic over a damaged file can be caught.
type parquetSource struct {
	file   *os.File
	r      *file.Reader
	group  int // next row group
	left   int64
	cols   []file.ColumnChunkReader
	batch  [][]Cell // by column
	rows   int      // in batch
	at     int      // next row of batch
	line   int
	limits Limits
	cells  []Cell
}

func (f *File) openParquet(in *os.File, o Options) (err error) {
	defer recoverDamage(&err)
	props := parquet.NewReaderProperties(memory.DefaultAllocator)
	props.BufferedStreamEnabled = true
	props.MaxCompressedPageSize, props.MaxUncompressedPageSize = parquetPage, parquetPage
	r, err := file.NewParquetReader(in, file.WithReadProps(props))
	if err != nil {
		return damaged(err)
	}
	sc := r.MetaData().Schema
	if sc.NumColumns() > o.Limits.Columns {
		return tooManyColumns(1, o.Limits.Columns)
	}
	s := &parquetSource{file: in, r: r, line: 1, limits: o.Limits, batch: make([][]Cell, sc.NumColumns())}
	for i := range sc.NumColumns() {
		c := sc.Column(i)
		if c.MaxRepetitionLevel() > 0 || c.MaxDefinitionLevel() > 1 || len(c.ColumnPath()) > 1 {
			return fundwatch.Errorf(fundwatch.Invalid, "第 %d 列“%s”是嵌套结构，请导出为平面表后再上传", i+1, clip(c.Name()))
		}
		f.Header = append(f.Header, c.Name())
	}
	f.source = s
	return nil
}

func (s *parquetSource) next() (row Row, err error) {
	defer recoverDamage(&err)
	for {
		if s.at == s.rows {
			if err := s.fill(); err != nil {
				return Row{}, err
			}
		}
		s.cells = s.cells[:0]
		blank, size := true, int64(0)
		for _, c := range s.batch {
			s.cells = append(s.cells, c[s.at])
			blank = blank && c[s.at].Empty()
			size += int64(len(c[s.at].Text))
		}
		s.at++
		s.line++
		if size > s.limits.Row {
			return Row{}, fundwatch.Errorf(fundwatch.Invalid, "第 %d 行超过 %s，请检查该行内容", s.line, Size(s.limits.Row))
		}
		if !blank {
			return Row{Line: s.line, Cells: s.cells}, nil
		}
	}
}

// fill reads the next batch of every column.
func (s *parquetSource) fill() error {
	for s.left == 0 {
		if s.group == s.r.NumRowGroups() {
			return io.EOF
		}
		g := s.r.RowGroup(s.group)
		s.group++
		s.left = g.NumRows()
		s.cols = s.cols[:0]
		for i := range g.NumColumns() {
			c, err := g.Column(i)
			if err != nil {
				return damaged(err)
			}
			s.cols = append(s.cols, c)
		}
	}
	n := min(s.left, parquetBatch)
	for i, c := range s.cols {
		s.batch[i] = s.batch[i][:0]
		for int64(len(s.batch[i])) < n {
			cells, err := readColumn(c, n-int64(len(s.batch[i])), s.batch[i])
			if err != nil {
				return damaged(err)
			}
			if len(cells) == len(s.batch[i]) {
				return damaged(fmt.Errorf("column %d ends early", i))
			}
			s.batch[i] = cells
		}
	}
	s.left -= n
	s.rows, s.at = int(n), 0
	return nil
}

// readColumn appends up to n cells of a column.
func readColumn(c file.ColumnChunkReader, n int64, to []Cell) ([]Cell, error) {
	d := c.Descriptor()
	switch r := c.(type) {
	case *file.ByteArrayColumnChunkReader:
		return read(d, n, to, r.ReadBatch, func(v parquet.ByteArray) Cell { return bytesCell(d, v) })
	case *file.FixedLenByteArrayColumnChunkReader:
		return read(d, n, to, r.ReadBatch, func(v parquet.FixedLenByteArray) Cell { return bytesCell(d, v) })
	case *file.Int32ColumnChunkReader:
		return read(d, n, to, r.ReadBatch, func(v int32) Cell { return intCell(d, int64(v)) })
	case *file.Int64ColumnChunkReader:
		return read(d, n, to, r.ReadBatch, func(v int64) Cell { return intCell(d, v) })
	case *file.Int96ColumnChunkReader:
		return read(d, n, to, r.ReadBatch, func(v parquet.Int96) Cell { return timeCell(v.ToTime(), false) })
	case *file.Float32ColumnChunkReader:
		return read(d, n, to, r.ReadBatch, func(v float32) Cell { return floatCell(float64(v), 32) })
	case *file.Float64ColumnChunkReader:
		return read(d, n, to, r.ReadBatch, func(v float64) Cell { return floatCell(v, 64) })
	case *file.BooleanColumnChunkReader:
		return read(d, n, to, r.ReadBatch, func(v bool) Cell {
			if v {
				return Cell{Text: "1"}
			}
			return Cell{Text: "0"}
		})
	default:
		return nil, fmt.Errorf("column %s has a type that cannot be read", d.Name())
	}
}

// read reads one batch of values and puts the missing ones in their places.
func read[T any](d *schema.Column, n int64, to []Cell,
	batch func(int64, []T, []int16, []int16) (int64, int, error), cell func(T) Cell,
) ([]Cell, error) {
	values := make([]T, n)
	levels := make([]int16, n)
	total, got, err := batch(n, values, levels, nil)
	if err != nil {
		return nil, err
	}
	if total > n || int64(got) > total {
		return nil, fmt.Errorf("column %s has more values than rows", d.Name())
	}
	v := 0
	for i := range total {
		if d.MaxDefinitionLevel() > 0 && levels[i] == 0 {
			to = append(to, Cell{})
			continue
		}
		if v == got {
			return nil, fmt.Errorf("column %s has fewer values than it says", d.Name())
		}
		to = append(to, cell(values[v]))
		v++
	}
	return to, nil
}

func bytesCell(d *schema.Column, v []byte) Cell {
	if dec, ok := d.LogicalType().(schema.DecimalLogicalType); ok {
		n := new(big.Int).SetBytes(v)
		if len(v) > 0 && v[0]&0x80 != 0 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(len(v))*8)) //nolint:gosec // a length is not negative
		}
		return Cell{Text: scaled(n.String(), int(dec.Scale())), Kind: Number}
	}
	if !utf8.Valid(v) {
		return Cell{Kind: Garbled}
	}
	return Cell{Text: string(v)}
}

func intCell(d *schema.Column, v int64) Cell {
	switch t := d.LogicalType().(type) {
	case schema.DateLogicalType:
		return Cell{Text: time.Unix(v*86400, 0).UTC().Format("2006-01-02"), Kind: Date}
	case schema.DecimalLogicalType:
		return Cell{Text: scaled(strconv.FormatInt(v, 10), int(t.Scale())), Kind: Number}
	case schema.TimestampLogicalType:
		var at time.Time
		switch t.TimeUnit() {
		case schema.TimeUnitMillis:
			at = time.UnixMilli(v)
		case schema.TimeUnitMicros:
			at = time.UnixMicro(v)
		default:
			at = time.Unix(0, v)
		}
		return timeCell(at, t.IsAdjustedToUTC())
	default:
		return Cell{Text: strconv.FormatInt(v, 10), Kind: Number}
	}
}

// timeCell writes an instant as the clock on the wall showed it.
func timeCell(t time.Time, instant bool) Cell {
	t = t.UTC()
	if instant {
		t = t.In(fundwatch.Shanghai())
	}
	return Cell{Text: t.Format("2006-01-02 15:04:05"), Kind: Date}
}

func floatCell(v float64, bits int) Cell {
	if v != v || v-v != 0 { // not a number, or infinite
		return Cell{Kind: Broken}
	}
	return Cell{Text: strconv.FormatFloat(v, 'f', -1, bits), Kind: Number}
}

// scaled sets the decimal point of an unscaled decimal.
func scaled(digits string, scale int) string {
	if scale <= 0 || scale > 38 {
		return digits
	}
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	for len(digits) <= scale {
		digits = "0" + digits
	}
	return sign + digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
}

func (s *parquetSource) address(line, col int) string { return lineAddress(line, col) }

func (s *parquetSource) close() error { return s.r.Close() }

// recoverDamage turns a panic of the Parquet library over a damaged file into the error that it should have been.
func recoverDamage(err *error) {
	if p := recover(); p != nil {
		*err = damaged(fmt.Errorf("%v", p))
	}
}

func damaged(cause error) error {
	return fundwatch.Errorf(fundwatch.Invalid, "Parquet 文件已损坏或用了不支持的写法，请重新导出后再上传: %w", cause)
}
