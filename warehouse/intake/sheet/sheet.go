package sheet

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"fundwatch"
)

// Format is the form of a file.
type Format string

// The formats. They are told apart by content; the name of a file decides nothing.
const (
	CSV     Format = "csv"
	XLSX    Format = "xlsx"
	Parquet Format = "parquet"
)

// Encoding is the character encoding of a CSV file.
type Encoding string

// The encodings. Auto takes UTF-8 when the whole file is valid UTF-8, and GB18030 otherwise.
const (
	Auto    Encoding = ""
	UTF8    Encoding = "utf-8"
	GB18030 Encoding = "gb18030"
)

// Kind says what a Cell holds, as the file itself understands it.
type Kind uint8

// The kinds. Formula, Broken and Garbled cells hold no value that could be trusted.
const (
	Text    Kind = iota // characters; a CSV file knows no other
	Number              // a number as the file wrote it, possibly with an exponent
	Date                // 2006-01-02 or 2006-01-02 15:04:05
	Formula             // a formula, whatever its last result was
	Broken              // an error value such as #N/A
	Garbled             // characters that the encoding does not have
)

// Cell is one value. An empty Text of kind Text is no value.
type Cell struct {
	Text string
	Kind Kind
}

// Empty reports whether the cell holds no value.
func (c Cell) Empty() bool { return c.Kind == Text && c.Text == "" }

// Row is one row below the header. Line is its number as a person counts: from 1, header included. Cells are valid
// until the next row is read and may be fewer or more than the header has.
type Row struct {
	Line  int
	Cells []Cell
}

// Limits bound what a file may cost. A zero field takes its default.
type Limits struct {
	Bytes    int64 // size of the file as it arrived; default 2 GiB
	Unpacked int64 // size of an XLSX file unpacked; default 4 GiB
	Ratio    int64 // unpacked to packed size of one part of an XLSX file above 1 MiB; default 200
	Strings  int64 // shared strings of an XLSX file, held in memory; default 64 MiB
	Row      int64 // size of one row; default 1 MiB
	Columns  int   // columns of a row; default 1,000
}

// WithDefaults fills the zero fields.
func (l Limits) WithDefaults() Limits {
	def := func(v *int64, d int64) {
		if *v == 0 {
			*v = d
		}
	}
	def(&l.Bytes, 2<<30)
	def(&l.Unpacked, 4<<30)
	def(&l.Ratio, 200)
	def(&l.Strings, 64<<20)
	def(&l.Row, 1<<20)
	if l.Columns == 0 {
		l.Columns = 1000
	}
	return l
}

// Options say how to read a file. The zero value finds out by itself.
type Options struct {
	Encoding Encoding // of a CSV file
	Sheet    string   // of an XLSX file; default the first visible one
	Limits   Limits
}

// File is an open file, positioned below its header.
type File struct {
	Format   Format
	Encoding Encoding // CSV only
	Sheet    string   // XLSX only: the sheet that is read
	Sheets   []string // XLSX only: all sheets
	Header   []string
	source   source
}

// source is one format. next returns io.EOF after the last row; rows without any value are left out.
type source interface {
	next() (Row, error)
	address(line, col int) string
	close() error
}

// Open opens the file at path and reads its header. What is wrong with the file comes back as a fundwatch.Error of
// code Invalid whose sentence says where and how to put it right.
func Open(path string, o Options) (*File, error) {
	o.Limits = o.Limits.WithDefaults()
	f, err := os.Open(path) //nolint:gosec // the path is one that the program made itself for an upload
	if err != nil {
		return nil, fmt.Errorf("sheet: %w", err)
	}
	out, err := open(f, o)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return out, nil
}

func open(f *os.File, o Options) (*File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("sheet: %w", err)
	}
	if info.Size() == 0 {
		return nil, fundwatch.Errorf(fundwatch.Invalid, "文件是空的，请确认导出成功后重新上传")
	}
	if info.Size() > o.Limits.Bytes {
		return nil, TooLarge(o.Limits.Bytes)
	}
	head := make([]byte, 8)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("sheet: %w", err)
	}
	out := &File{}
	switch magic := string(head[:n]); {
	case strings.HasPrefix(magic, "PK\x03\x04"):
		out.Format = XLSX
		err = out.openXLSX(f, info.Size(), o)
	case strings.HasPrefix(magic, "PAR1"):
		out.Format = Parquet
		err = out.openParquet(f, o)
	case strings.HasPrefix(magic, "\xd0\xcf\x11\xe0"):
		return nil, fundwatch.Errorf(fundwatch.Invalid, "这是旧版 XLS 或加密的工作簿，请去掉密码并另存为 XLSX 或 CSV 后再上传")
	default:
		out.Format = CSV
		err = out.openCSV(f, o)
	}
	if err != nil {
		return nil, err
	}
	if err := out.checkHeader(); err != nil {
		return nil, err
	}
	return out, nil
}

// checkHeader refuses a header that cannot name columns: none at all, garbled, or the same name twice.
func (f *File) checkHeader() error {
	for len(f.Header) > 0 && f.Header[len(f.Header)-1] == "" {
		f.Header = f.Header[:len(f.Header)-1]
	}
	seen := map[string]int{}
	for i, h := range f.Header {
		if strings.ContainsRune(h, utf8.RuneError) || strings.ContainsRune(h, 0) {
			return fundwatch.Errorf(fundwatch.Invalid,
				"表头第 %d 列含有无法识别的字符：文件编码应为 UTF-8 或 GB18030，请另存后重新上传", i+1)
		}
		if first, twice := seen[h]; twice && h != "" {
			return fundwatch.Errorf(fundwatch.Invalid, "表头“%s”出现两次（第 %d 列和第 %d 列），请删去或改名其中一列",
				clip(h), first+1, i+1)
		}
		seen[h] = i
	}
	if len(seen) == 0 {
		return fundwatch.Errorf(fundwatch.Invalid, "文件没有表头：第一行应写列名")
	}
	return nil
}

// Next reads the next row that holds a value; io.EOF after the last.
func (f *File) Next() (Row, error) { return f.source.next() }

// Address says where a cell stands, as a person would: C12 in a workbook, 第 12 行第 3 列 elsewhere. Columns count
// from 0.
func (f *File) Address(line, col int) string { return f.source.address(line, col) }

// Close closes the file.
func (f *File) Close() error { return f.source.close() }

// TooLarge is the refusal of a file above the limit, for those who see its size before they open it.
func TooLarge(limit int64) error {
	return fundwatch.Errorf(fundwatch.Invalid, "文件超过 %s 的上限，请拆分后分批导入", Size(limit))
}

// Size writes a number of bytes for a sentence.
func Size(n int64) string {
	units := []string{"字节", "KB", "MB", "GB", "TB"}
	v, i := float64(n), 0
	for v >= 1024 && i < len(units)-1 {
		v, i = v/1024, i+1
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") + " " + units[i]
}

// clip shortens what is quoted in a sentence, so that a cell of a megabyte does not fill the page.
func clip(s string) string {
	if utf8.RuneCountInString(s) <= 30 {
		return s
	}
	return string([]rune(s)[:30]) + "…"
}

func lineAddress(line, col int) string { return fmt.Sprintf("第 %d 行第 %d 列", line, col+1) }

func tooManyColumns(line, limit int) error {
	return fundwatch.Errorf(fundwatch.Invalid, "第 %d 行超过 %d 列，请检查分隔符或删去多余的列", line, limit)
}

// tether stops a parser that reads on and on without ever finishing a piece: a cell or a row without an end would
// otherwise be gathered in memory whole. The parser moves the mark whenever it has finished a piece.
type tether struct {
	r     io.Reader
	read  int64
	mark  int64
	slack int64
	err   error
}

// Read reads on unless the parser is more than slack bytes beyond its mark.
func (t *tether) Read(p []byte) (int, error) {
	if t.read-t.mark > t.slack {
		return 0, t.err
	}
	n, err := t.r.Read(p)
	t.read += int64(n)
	return n, err
}
