package sheet

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"

	"fundwatch"
)

// csvSource reads CSV. Comma, semicolon and tab are told apart by the first line.
type csvSource struct {
	file   *os.File
	r      *csv.Reader
	tether *tether
	limits Limits
	line   int // of the last row read
	cells  []Cell
}

func (f *File) openCSV(file *os.File, o Options) error {
	enc, start, err := detect(file, o.Encoding)
	if err != nil {
		return err
	}
	if _, err := file.Seek(start, io.SeekStart); err != nil {
		return fmt.Errorf("sheet: %w", err)
	}
	var r io.Reader = file
	if enc == GB18030 {
		r = transform.NewReader(file, simplifiedchinese.GB18030.NewDecoder())
	}
	s := &csvSource{file: file, limits: o.Limits}
	s.tether = &tether{r: r, slack: o.Limits.Row, err: errRowTooLong}
	buffered := bufio.NewReaderSize(s.tether, 64<<10)
	s.r = csv.NewReader(buffered)
	s.r.FieldsPerRecord = -1
	s.r.ReuseRecord = true
	s.r.Comma = delimiter(buffered)
	f.Encoding, f.source = enc, s
	row, err := s.next()
	if errors.Is(err, io.EOF) {
		return fundwatch.Errorf(fundwatch.Invalid, "文件没有表头：第一行应写列名")
	}
	if err != nil {
		return err
	}
	for _, c := range row.Cells {
		f.Header = append(f.Header, strings.TrimSpace(c.Text))
	}
	return nil
}

// delimiter takes the separator that the first line has most of.
func delimiter(r *bufio.Reader) rune {
	line, _ := r.Peek(4096) // a short file ends before: what is there is enough
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	best, most := ',', bytes.Count(line, []byte{','})
	for _, d := range []rune{'\t', ';'} {
		if n := bytes.Count(line, []byte{byte(d)}); n > most {
			best, most = d, n
		}
	}
	return best
}

// detect finds the encoding and where the text begins. It reads the whole file: a name in GB18030 may stand in its
// last line only.
func detect(file *os.File, wish Encoding) (Encoding, int64, error) {
	var head [3]byte
	n, err := file.ReadAt(head[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", 0, fmt.Errorf("sheet: %w", err)
	}
	switch h := string(head[:n]); {
	case strings.HasPrefix(h, "\xff\xfe"), strings.HasPrefix(h, "\xfe\xff"):
		return "", 0, fundwatch.Errorf(fundwatch.Invalid, "文件编码是 UTF-16，请另存为“CSV UTF-8”后再上传")
	case h == "\xef\xbb\xbf":
		return UTF8, 3, nil
	}
	switch wish {
	case UTF8, GB18030:
		return wish, 0, nil
	case Auto:
	default:
		return "", 0, fundwatch.FieldErrorf("encoding", "不支持编码“%s”，可选 utf-8 或 gb18030", clip(string(wish)))
	}
	valid, err := validUTF8(bufio.NewReaderSize(file, 256<<10))
	if err != nil {
		return "", 0, err
	}
	if valid {
		return UTF8, 0, nil
	}
	return GB18030, 0, nil
}

func validUTF8(r io.Reader) (bool, error) {
	buf := make([]byte, 256<<10)
	keep := 0
	for {
		n, err := r.Read(buf[keep:])
		n += keep
		if bytes.IndexByte(buf[:n], 0) >= 0 {
			return false, fundwatch.Errorf(fundwatch.Invalid, "这不是 CSV、XLSX 或 Parquet 文件，请检查后重新上传")
		}
		last := err != nil
		rest := buf[:n]
		for len(rest) > 0 {
			c, size := utf8.DecodeRune(rest)
			if c == utf8.RuneError && size <= 1 {
				if !last && !utf8.FullRune(rest) {
					break
				}
				return false, nil
			}
			rest = rest[size:]
		}
		keep = copy(buf, rest)
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("sheet: %w", err)
		}
	}
}

func (s *csvSource) next() (Row, error) {
	for {
		s.tether.mark = s.r.InputOffset()
		record, err := s.r.Read()
		if errors.Is(err, io.EOF) {
			return Row{}, io.EOF
		}
		if err != nil {
			return Row{}, s.explain(err)
		}
		s.line, _ = s.r.FieldPos(0)
		if len(record) > s.limits.Columns {
			return Row{}, tooManyColumns(s.line, s.limits.Columns)
		}
		s.cells = s.cells[:0]
		blank := true
		for _, v := range record {
			c := Cell{Text: strings.TrimSpace(v)}
			switch {
			case strings.ContainsRune(c.Text, utf8.RuneError) || strings.ContainsRune(c.Text, 0):
				c.Kind = Garbled
			case strings.HasPrefix(c.Text, "="):
				c.Kind = Formula
			}
			blank = blank && c.Empty()
			s.cells = append(s.cells, c)
		}
		if !blank {
			return Row{Line: s.line, Cells: s.cells}, nil
		}
	}
}

// errRowTooLong is what the tether hands to the parser; explain turns it into a sentence with the line.
var errRowTooLong = errors.New("row too long")

func (s *csvSource) explain(err error) error {
	var p *csv.ParseError
	switch {
	case errors.Is(err, errRowTooLong):
		return fundwatch.Errorf(fundwatch.Invalid, "第 %d 行之后有一行超过 %s：引号没有成对，或文件不是表格，请检查",
			s.line, Size(s.limits.Row))
	case errors.As(err, &p):
		return fundwatch.Errorf(fundwatch.Invalid, "第 %d 行第 %d 个字节处引号不成对：含引号的内容应整格加引号，格内引号写两个",
			p.Line, p.Column)
	default:
		return fmt.Errorf("sheet: read csv: %w", err)
	}
}

func (s *csvSource) address(line, col int) string { return lineAddress(line, col) }

func (s *csvSource) close() error { return s.file.Close() }
