package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"fundwatch"
)

// xlsxSource streams one sheet of a workbook. It reads the parts itself because the spreadsheet library's row
// iterator hides what an import must know: which cells are formulas, which are numbers that have already lost
// digits, and that the XML broke off half way.
type xlsxSource struct {
	file    *os.File
	part    io.ReadCloser
	tether  *tether
	dec     *xml.Decoder
	limits  Limits
	strings sharedStrings
	dates   []bool // by cell style: shows numbers as dates
	date04  bool   // days count from 1904
	line    int
	cells   []Cell
	text    []byte
	ended   bool
}

var (
	errXMLTooLong = errors.New("xml token too long")
	errBomb       = errors.New("unpacks to too much")
)

func (f *File) openXLSX(file *os.File, size int64, o Options) error {
	z, err := zip.NewReader(file, size)
	if err != nil {
		return brokenWorkbook(err)
	}
	parts := map[string]*zip.File{}
	var total uint64
	for _, e := range z.File {
		total += e.UncompressedSize64
		ratio := e.UncompressedSize64 / max(e.CompressedSize64, 1)
		if len(z.File) > 10_000 || total > uint64(o.Limits.Unpacked) || //nolint:gosec // limits are positive
			(e.UncompressedSize64 > 1<<20 && ratio > uint64(o.Limits.Ratio)) { //nolint:gosec // as above
			return bomb(o.Limits)
		}
		if e.Flags&1 != 0 {
			return fundwatch.Errorf(fundwatch.Invalid, "工作簿已加密，请去掉密码后再上传")
		}
		name := strings.TrimPrefix(strings.ReplaceAll(e.Name, `\`, "/"), "/")
		if strings.HasSuffix(strings.ToLower(name), "vbaproject.bin") {
			return fundwatch.Errorf(fundwatch.Invalid, "工作簿含有宏，请另存为不含宏的 XLSX 或 CSV 后再上传")
		}
		parts[name] = e
	}
	s := &xlsxSource{file: file, limits: o.Limits}
	book, err := readWorkbook(parts, o.Limits)
	if err != nil {
		return err
	}
	target, err := f.chooseSheet(book, o.Sheet)
	if err != nil {
		return err
	}
	s.date04 = book.Properties.Date1904
	if s.dates, err = readStyles(parts, book.styles, o.Limits); err != nil {
		return err
	}
	if err := s.strings.read(parts, book.strings, o.Limits); err != nil {
		return err
	}
	if s.part, s.tether, s.dec, err = openPart(parts, target, o.Limits.Row, o.Limits.Unpacked); err != nil {
		return err
	}
	f.source = s
	row, err := s.next()
	switch {
	case errors.Is(err, io.EOF):
		return fundwatch.Errorf(fundwatch.Invalid, "工作表“%s”没有内容：第一行应写列名", clip(f.Sheet))
	case err != nil:
		return err
	}
	for i, c := range row.Cells {
		if c.Kind == Formula {
			return fundwatch.Errorf(fundwatch.Invalid, "单元格 %s 是公式：表头应为文字，请粘贴为数值后再上传",
				s.address(row.Line, i))
		}
		f.Header = append(f.Header, strings.TrimSpace(c.Text))
	}
	return nil
}

func (f *File) chooseSheet(b *workbook, wish string) (string, error) {
	target := ""
	for _, sh := range b.Sheets {
		f.Sheets = append(f.Sheets, sh.Name)
		if target == "" && (sh.Name == wish || (wish == "" && sh.State == "")) {
			f.Sheet, target = sh.Name, b.targets[sh.ID]
		}
	}
	if target == "" {
		if wish != "" {
			return "", fundwatch.FieldErrorf("sheet", "工作簿里没有工作表“%s”，现有：%s", clip(wish),
				clip(strings.Join(f.Sheets, "、")))
		}
		return "", fundwatch.Errorf(fundwatch.Invalid, "工作簿里没有可见的工作表")
	}
	return target, nil
}

// next reads the next row with a value.
func (s *xlsxSource) next() (Row, error) {
	for !s.ended {
		tok, err := s.token()
		if err != nil {
			return Row{}, err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if t.Name.Local != "row" {
				continue
			}
			blank, err := s.row(t)
			if err != nil {
				return Row{}, err
			}
			if !blank {
				return Row{Line: s.line, Cells: s.cells}, nil
			}
		case xml.EndElement:
			if t.Name.Local == "sheetData" {
				s.ended = true
				if err := drain(s.tether.r, s.limits); err != nil {
					return Row{}, err
				}
			}
		}
	}
	return Row{}, io.EOF
}

// drain reads a part to its end: only there does the archive check its sum.
func drain(r io.Reader, l Limits) error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return partError(err, l)
	}
	return nil
}

// row reads one row element and reports whether it holds no value.
func (s *xlsxSource) row(start xml.StartElement) (bool, error) {
	line := s.line + 1
	if r := attr(start, "r"); r != "" {
		n, err := strconv.Atoi(r)
		if err != nil || n < line || n > 1<<24 {
			return false, brokenWorkbook(fmt.Errorf("row number %q after row %d", clip(r), s.line))
		}
		line = n
	}
	s.line, s.cells = line, s.cells[:0]
	blank, at := true, s.dec.InputOffset()
	for {
		tok, err := s.token()
		if err != nil {
			return false, err
		}
		if s.dec.InputOffset()-at > s.limits.Row {
			return false, fundwatch.Errorf(fundwatch.Invalid, "第 %d 行超过 %s，请检查该行内容", line, Size(s.limits.Row))
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if t.Name.Local != "c" {
				if err := s.skip(); err != nil {
					return false, err
				}
				continue
			}
			c, err := s.cell(t)
			if err != nil {
				return false, err
			}
			blank = blank && c.Empty()
		case xml.EndElement:
			return blank, nil
		}
	}
}

// cell reads one cell element into its place in the row.
func (s *xlsxSource) cell(start xml.StartElement) (Cell, error) {
	col := len(s.cells)
	if ref := attr(start, "r"); ref != "" {
		n, ok := columnOf(ref)
		if !ok || n < col {
			return Cell{}, brokenWorkbook(fmt.Errorf("cell reference %q in row %d", clip(ref), s.line))
		}
		col = n
	}
	if col >= s.limits.Columns {
		return Cell{}, tooManyColumns(s.line, s.limits.Columns)
	}
	text, formula, err := s.content()
	if err != nil {
		return Cell{}, err
	}
	c := Cell{Text: strings.TrimSpace(text)}
	switch typ := attr(start, "t"); {
	case formula:
		c.Kind = Formula
	case typ == "s":
		i, err := strconv.Atoi(c.Text)
		if c.Text, err = s.strings.at(i, err); err != nil {
			return Cell{}, brokenWorkbook(fmt.Errorf("row %d: %w", s.line, err))
		}
		c.Text = strings.TrimSpace(c.Text)
	case typ == "e":
		c.Kind = Broken
	case typ == "d":
		c.Kind = Date
		c.Text = strings.Replace(strings.TrimSuffix(c.Text, "Z"), "T", " ", 1)
	case (typ == "" || typ == "n") && c.Text != "":
		c.Kind = Number
		if style, err := strconv.Atoi(attr(start, "s")); err == nil && style >= 0 && style < len(s.dates) && s.dates[style] {
			c = serialDate(c.Text, s.date04)
		}
	}
	if c.Kind == Text && strings.ContainsRune(c.Text, utf8.RuneError) {
		c.Kind = Garbled
	}
	for len(s.cells) < col {
		s.cells = append(s.cells, Cell{})
	}
	s.cells = append(s.cells, c)
	return c, nil
}

// content reads to the end of a cell: its value or inline text, and whether it has a formula.
func (s *xlsxSource) content() (text string, formula bool, err error) {
	s.text = s.text[:0]
	for depth, in := 0, false; ; {
		tok, err := s.token()
		if err != nil {
			return "", false, err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if t.Name.Local == "rPh" { // a reading aid above the text, not part of it
				if err := s.skip(); err != nil {
					return "", false, err
				}
				continue
			}
			depth++
			formula = formula || t.Name.Local == "f"
			in = t.Name.Local == "v" || t.Name.Local == "t"
		case xml.CharData:
			if in {
				s.text = append(s.text, t...)
			}
		case xml.EndElement:
			in = false
			if depth--; depth < 0 {
				return string(s.text), formula, nil
			}
		}
	}
}

func (s *xlsxSource) token() (xml.Token, error) {
	tok, err := s.dec.Token()
	s.tether.mark = s.dec.InputOffset()
	switch {
	case err == nil:
		return tok, nil
	case errors.Is(err, errXMLTooLong):
		return nil, fundwatch.Errorf(fundwatch.Invalid, "第 %d 行之后有一个单元格超过 %s，请检查该行内容",
			s.line, Size(s.limits.Row))
	case errors.Is(err, errBomb):
		return nil, bomb(s.limits)
	case errors.Is(err, io.EOF):
		return nil, brokenWorkbook(io.ErrUnexpectedEOF)
	default:
		return nil, brokenWorkbook(err)
	}
}

// skip reads to the end of the element just begun.
func (s *xlsxSource) skip() error {
	for depth := 0; depth >= 0; {
		tok, err := s.token()
		if err != nil {
			return err
		}
		switch tok.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
	}
	return nil
}

func (s *xlsxSource) address(line, col int) string { return columnName(col) + strconv.Itoa(line) }

func (s *xlsxSource) close() error {
	_ = s.part.Close() // it holds nothing and repeats the error of the last read
	return s.file.Close()
}

// sharedStrings keeps all texts of a workbook end to end.
type sharedStrings struct {
	all  []byte
	ends []int
}

func (s *sharedStrings) at(i int, err error) (string, error) {
	if err != nil || i < 0 || i >= len(s.ends) {
		return "", fmt.Errorf("no shared string %d", i)
	}
	from := 0
	if i > 0 {
		from = s.ends[i-1]
	}
	return string(s.all[from:s.ends[i]]), nil
}

func (s *sharedStrings) read(parts map[string]*zip.File, name string, l Limits) error {
	if name == "" {
		return nil
	}
	rc, tether, dec, err := openPart(parts, name, l.Row, l.Unpacked)
	if err != nil {
		return err
	}
	defer rc.Close() //nolint:errcheck // it repeats the error of the last read
	in, aside := false, 0
	for {
		tok, err := dec.Token()
		tether.mark = dec.InputOffset()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return partError(err, l)
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if t.Name.Local == "rPh" {
				aside++
			}
			in = t.Name.Local == "t" && aside == 0
		case xml.CharData:
			if in {
				s.all = append(s.all, t...)
			}
		case xml.EndElement:
			in = false
			switch t.Name.Local {
			case "rPh":
				aside--
			case "si":
				s.ends = append(s.ends, len(s.all))
			}
		}
		if int64(len(s.all)+8*len(s.ends)) > l.Strings {
			return fundwatch.Errorf(fundwatch.Invalid, "工作簿里的文字超过 %s，请另存为 CSV 后再上传", Size(l.Strings))
		}
	}
}

// workbook is what is needed of xl/workbook.xml and its relations.
type workbook struct {
	Properties struct {
		Date1904 bool `xml:"date1904,attr"`
	} `xml:"workbookPr"`
	Sheets []struct {
		Name  string `xml:"name,attr"`
		State string `xml:"state,attr"`
		ID    string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
	} `xml:"sheets>sheet"`
	targets map[string]string
	styles  string
	strings string
}

type relations struct {
	Items []struct {
		ID     string `xml:"Id,attr"`
		Type   string `xml:"Type,attr"`
		Target string `xml:"Target,attr"`
	} `xml:"Relationship"`
}

func readWorkbook(parts map[string]*zip.File, l Limits) (*workbook, error) {
	name := "xl/workbook.xml"
	var root, rels relations
	if err := decodePart(parts, "_rels/.rels", l, &root); err != nil {
		return nil, err
	}
	for _, r := range root.Items {
		if strings.HasSuffix(r.Type, "/officeDocument") {
			name = resolve("", r.Target)
		}
	}
	b := &workbook{targets: map[string]string{}}
	if err := decodePart(parts, name, l, b); err != nil {
		return nil, err
	}
	dir := path.Dir(name)
	if err := decodePart(parts, dir+"/_rels/"+path.Base(name)+".rels", l, &rels); err != nil {
		return nil, err
	}
	for _, r := range rels.Items {
		to := resolve(dir, r.Target)
		switch path.Base(r.Type) {
		case "worksheet":
			b.targets[r.ID] = to
		case "styles":
			b.styles = to
		case "sharedStrings":
			b.strings = to
		}
	}
	return b, nil
}

func resolve(dir, target string) string {
	if strings.HasPrefix(target, "/") {
		return strings.TrimPrefix(path.Clean(target), "/")
	}
	return path.Join(dir, target)
}

// readStyles says for every cell style whether it shows a date.
func readStyles(parts map[string]*zip.File, name string, l Limits) ([]bool, error) {
	if name == "" {
		return nil, nil
	}
	var st struct {
		Formats []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Cells []struct {
			Format int `xml:"numFmtId,attr"`
		} `xml:"cellXfs>xf"`
	}
	if err := decodePart(parts, name, l, &st); err != nil {
		return nil, err
	}
	codes := map[int]string{}
	for _, f := range st.Formats {
		codes[f.ID] = f.Code
	}
	out := make([]bool, len(st.Cells))
	for i, c := range st.Cells {
		out[i] = showsDate(c.Format, codes[c.Format])
	}
	return out, nil
}

// decodePart reads a small part whole.
func decodePart(parts map[string]*zip.File, name string, l Limits, into any) error {
	const small = 16 << 20
	rc, tether, dec, err := openPart(parts, name, 2*small, min(small, l.Unpacked)) // the cap ends it first
	if err != nil {
		return err
	}
	defer rc.Close() //nolint:errcheck // it repeats the error of the last read
	if err := dec.Decode(into); err != nil {
		return partError(err, l)
	}
	return drain(tether.r, l)
}

func openPart(parts map[string]*zip.File, name string, slack, limit int64) (io.ReadCloser, *tether, *xml.Decoder, error) {
	e := parts[name]
	if e == nil {
		return nil, nil, nil, brokenWorkbook(fmt.Errorf("part %s is missing", name))
	}
	rc, err := e.Open()
	if err != nil {
		return nil, nil, nil, brokenWorkbook(err)
	}
	t := &tether{r: &capped{r: rc, left: limit}, slack: slack, err: errXMLTooLong}
	dec := xml.NewDecoder(t)
	dec.CharsetReader = func(charset string, r io.Reader) (io.Reader, error) {
		if strings.EqualFold(charset, "utf-8") {
			return r, nil
		}
		return nil, fmt.Errorf("charset %q", charset)
	}
	return rc, t, dec, nil
}

// capped ends a part that unpacks to more than it declared.
type capped struct {
	r    io.Reader
	left int64
}

// Read reads until the cap is used up.
func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errBomb
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.r.Read(p)
	c.left -= int64(n)
	return n, err
}

func partError(err error, l Limits) error {
	if errors.Is(err, errBomb) {
		return bomb(l)
	}
	return brokenWorkbook(err)
}

func bomb(l Limits) error {
	return fundwatch.Errorf(fundwatch.Invalid,
		"工作簿解压后过大（上限 %s，单个部件压缩比上限 %d 倍），可能是压缩炸弹；请另存为 CSV 后再上传", Size(l.Unpacked), l.Ratio)
}

func brokenWorkbook(cause error) error {
	return fundwatch.Errorf(fundwatch.Invalid, "工作簿已损坏，读不完整，请用表格软件打开后另存为 XLSX 或 CSV 再上传: %w", cause)
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// columnOf reads the letters of a cell reference; columns count from 0.
func columnOf(ref string) (int, bool) {
	n, i := 0, 0
	for ; i < len(ref) && ref[i] >= 'A' && ref[i] <= 'Z'; i++ {
		if n = n*26 + int(ref[i]-'A') + 1; n > 16384 {
			return 0, false
		}
	}
	return n - 1, n > 0 && len(bytes.Trim([]byte(ref[i:]), "0123456789")) == 0
}

func columnName(col int) string {
	name := ""
	for n := col + 1; n > 0; n = (n - 1) / 26 {
		name = string(rune('A'+(n-1)%26)) + name
	}
	return name
}
