package sheet_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"fundwatch"
	"fundwatch/warehouse/intake/sheet"
)

// write puts bytes into a file of the test.
func write(tb testing.TB, data []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "file")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// read reads a file whole, one line of text for each row: its number, then kind and text of every cell.
func read(path string, o sheet.Options) (header []string, rows []string, err error) {
	f, err := sheet.Open(path, o)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for {
		r, err := f.Next()
		if errors.Is(err, io.EOF) {
			return f.Header, rows, nil
		}
		if err != nil {
			return f.Header, rows, err
		}
		line := fmt.Sprint(r.Line)
		for _, c := range r.Cells {
			line += fmt.Sprintf("|%s%s", []string{"", "#", "@", "=", "!", "?"}[c.Kind], c.Text)
		}
		rows = append(rows, line)
	}
}

func gbk(tb testing.TB, s string) []byte {
	tb.Helper()
	out, err := simplifiedchinese.GB18030.NewEncoder().String(s)
	if err != nil {
		tb.Fatal(err)
	}
	return []byte(out)
}

// book writes a workbook with the spreadsheet library.
func book(tb testing.TB, fill func(f *excelize.File)) []byte {
	tb.Helper()
	f := excelize.NewFile()
	fill(f)
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func cells(tb testing.TB, f *excelize.File, sheetName string, values map[string]any) {
	tb.Helper()
	for at, v := range values {
		if err := f.SetCellValue(sheetName, at, v); err != nil {
			tb.Fatal(err)
		}
	}
}

// replacePart writes a workbook anew with one part changed.
func replacePart(tb testing.TB, data []byte, name string, content []byte) []byte {
	tb.Helper()
	in, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		tb.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range in.File {
		if e.Name == name {
			continue
		}
		if err := w.Copy(e); err != nil {
			tb.Fatal(err)
		}
	}
	p, err := w.Create(name)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := p.Write(content); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func TestCSV(t *testing.T) {
	const plain = "证件号码,姓名,死亡日期\r\n520101199001011000,张三,20260101\r\n\r\n,,\r\n52010119900101102X,\"李\n四\",\r\n"
	want := []string{"2|520101199001011000|张三|20260101", "5|52010119900101102X|李\n四|"}
	tests := []struct {
		name string
		data []byte
		o    sheet.Options
		want []string
	}{
		{"utf-8", []byte(plain), sheet.Options{}, want},
		{"utf-8 with mark", []byte("\ufeff" + plain), sheet.Options{}, want},
		{"gb18030 found out", gbk(t, plain), sheet.Options{}, want},
		{"gb18030 told", gbk(t, plain), sheet.Options{Encoding: sheet.GB18030}, want},
		{"tabs", []byte(strings.ReplaceAll(plain, ",", "\t")), sheet.Options{}, want},
		{"formula", []byte("姓名,金额\n张三,=1+1\n"), sheet.Options{}, []string{"2|张三|==1+1"}},
		{"told wrongly", gbk(t, "a,b\n张三,1\n"), sheet.Options{Encoding: sheet.UTF8}, []string{"2|?\xd5\xc5\xc8\xfd|1"}},
		{"neither encoding", []byte("a,b\n\xff\xff\xff,1\n"), sheet.Options{}, []string{"2|?\ufffd\ufffd\ufffd|1"}},
		{"wide space", []byte("a\n\u3000x\u3000\n"), sheet.Options{}, []string{"2|x"}},
		{"chinese in the last line only", append([]byte("a,b\n"+strings.Repeat("1,2\n", 200_000)), gbk(t, "张三,1\n")...),
			sheet.Options{}, append(numbered(200_000), "200002|张三|1")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, rows, err := read(write(t, tt.data), tt.o)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(rows, tt.want) {
				t.Errorf("rows\n got %.300q\nwant %.300q", rows, tt.want)
			}
		})
	}
}

func numbered(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%d|1|2", i+2)
	}
	return out
}

func TestXLSX(t *testing.T) {
	data := book(t, func(f *excelize.File) {
		date, err := f.NewStyle(&excelize.Style{CustomNumFmt: new("yyyy年m月d日")})
		if err != nil {
			t.Fatal(err)
		}
		money, err := f.NewStyle(&excelize.Style{CustomNumFmt: new(`#,##0.00"元"`)})
		if err != nil {
			t.Fatal(err)
		}
		cells(t, f, "Sheet1", map[string]any{
			"A1": "证件号码", "B1": "姓名", "C1": "日期", "D1": "金额",
			"A2": "520101199001011000", "B2": "张三", "C2": 46023, "D2": 1234.5,
			"A4": 520101199001011000, "B4": "李\n四", "D4": -3,
		})
		if err := errors.Join(f.SetCellStyle("Sheet1", "C2", "C2", date), f.SetCellStyle("Sheet1", "D2", "D2", money),
			f.SetCellFormula("Sheet1", "C4", "TODAY()"), f.SetCellFormula("Sheet1", "B6", `"王"&"五"`)); err != nil {
			t.Fatal(err)
		}
		if _, err := f.NewSheet("第二张"); err != nil {
			t.Fatal(err)
		}
		cells(t, f, "第二张", map[string]any{"B1": "x", "B3": true})
	})
	header, rows, err := read(write(t, data), sheet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"2|520101199001011000|张三|@2026-01-01|#1234.5", "4|#520101199001011000|李\n四|=|#-3", "6||="}
	if !slices.Equal(header, []string{"证件号码", "姓名", "日期", "金额"}) || !slices.Equal(rows, want) {
		t.Errorf("got %q %q, want %q", header, rows, want)
	}
	header, rows, err = read(write(t, data), sheet.Options{Sheet: "第二张"})
	if err != nil || !slices.Equal(header, []string{"", "x"}) || !slices.Equal(rows, []string{"3||1"}) {
		t.Errorf("second sheet: %q %q %v", header, rows, err)
	}
	f, err := sheet.Open(write(t, data), sheet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	if got := f.Address(12, 27); got != "AB12" {
		t.Errorf("address %s, want AB12", got)
	}
	if !slices.Equal(f.Sheets, []string{"Sheet1", "第二张"}) {
		t.Errorf("sheets %q", f.Sheets)
	}
}

// TestXLSXDates takes the spreadsheet library's own idea of a date as the measure.
func TestXLSXDates(t *testing.T) {
	for _, code := range []string{"yyyy-mm-dd", `yyyy"年"m"月"`, "[$-804]e年m月", "d/m/yy h:mm"} {
		for _, serial := range []float64{1, 59, 61, 43831, 46023.5} {
			data := book(t, func(f *excelize.File) {
				style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &code})
				if err != nil {
					t.Fatal(err)
				}
				cells(t, f, "Sheet1", map[string]any{"A1": "x", "A2": serial})
				if err := f.SetCellStyle("Sheet1", "A2", "A2", style); err != nil {
					t.Fatal(err)
				}
			})
			at, err := excelize.ExcelDateToTime(serial, false)
			if err != nil {
				t.Fatal(err)
			}
			want := "2|@" + at.Format("2006-01-02")
			if serial != float64(int(serial)) {
				want = "2|@" + at.Format("2006-01-02 15:04:05")
			}
			if _, rows, err := read(write(t, data), sheet.Options{}); err != nil || rows[0] != want {
				t.Errorf("%s of %v: %q %v, want %s", code, serial, rows, err, want)
			}
		}
	}
	for _, code := range []string{"0.00", `0"day"`, "0.00E+00", "[Red]0", `\d0`, "General"} {
		data := book(t, func(f *excelize.File) {
			style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &code})
			if err != nil {
				t.Fatal(err)
			}
			cells(t, f, "Sheet1", map[string]any{"A1": "x", "A2": 46023})
			if err := f.SetCellStyle("Sheet1", "A2", "A2", style); err != nil {
				t.Fatal(err)
			}
		})
		if _, rows, err := read(write(t, data), sheet.Options{}); err != nil || rows[0] != "2|#46023" {
			t.Errorf("%s: %q %v", code, rows, err)
		}
	}
}

// parquetFile writes rows of an identity number, an amount, a day, an instant and a year, in groups of 5,000; the
// second row has but the year.
func parquetFile(tb testing.TB, n int) []byte {
	tb.Helper()
	node := func(name string, l schema.LogicalType, t parquet.Type) schema.Node {
		out, err := schema.NewPrimitiveNodeLogical(name, parquet.Repetitions.Optional, l, t, 0, -1)
		if err != nil {
			tb.Fatal(err)
		}
		return out
	}
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, schema.FieldList{
		node("AAC147", schema.StringLogicalType{}, parquet.Types.ByteArray),
		node("AAE019", schema.NewDecimalLogicalType(16, 2), parquet.Types.Int64),
		node("AAE138", schema.DateLogicalType{}, parquet.Types.Int32),
		node("AAE036", schema.NewTimestampLogicalType(true, schema.TimeUnitMicros), parquet.Types.Int64),
		schema.NewInt32Node("AAE001", parquet.Repetitions.Required, -1),
	}, -1)
	if err != nil {
		tb.Fatal(err)
	}
	var out bytes.Buffer
	w := file.NewParquetWriter(&out, root)
	for from := 0; from < n; from += 5000 {
		to := min(from+5000, n)
		var ids []parquet.ByteArray
		var amounts, instants []int64
		var days, years []int32
		levels := make([]int16, to-from)
		for i := from; i < to; i++ {
			years = append(years, int32(2000+i))
			if i == 1 {
				continue
			}
			levels[i-from] = 1
			ids = append(ids, parquet.ByteArray(fmt.Sprintf("52010119900101%04d", i)))
			amounts = append(amounts, -int64(i)*100-5)
			days = append(days, 20454)
			instants = append(instants, 20454*86400*1_000_000)
		}
		g := w.AppendRowGroup()
		put := func(batch func(file.ColumnChunkWriter) (int64, error)) {
			c, err := g.NextColumn()
			if err != nil {
				tb.Fatal(err)
			}
			if _, err := batch(c); err != nil {
				tb.Fatal(err)
			}
			if err := c.Close(); err != nil {
				tb.Fatal(err)
			}
		}
		put(func(c file.ColumnChunkWriter) (int64, error) {
			return c.(*file.ByteArrayColumnChunkWriter).WriteBatch(ids, levels, nil)
		})
		put(func(c file.ColumnChunkWriter) (int64, error) {
			return c.(*file.Int64ColumnChunkWriter).WriteBatch(amounts, levels, nil)
		})
		put(func(c file.ColumnChunkWriter) (int64, error) {
			return c.(*file.Int32ColumnChunkWriter).WriteBatch(days, levels, nil)
		})
		put(func(c file.ColumnChunkWriter) (int64, error) {
			return c.(*file.Int64ColumnChunkWriter).WriteBatch(instants, levels, nil)
		})
		put(func(c file.ColumnChunkWriter) (int64, error) {
			return c.(*file.Int32ColumnChunkWriter).WriteBatch(years, nil, nil)
		})
		if err := g.Close(); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func TestParquet(t *testing.T) {
	header, rows, err := read(write(t, parquetFile(t, 12_345)), sheet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(header, []string{"AAC147", "AAE019", "AAE138", "AAE036", "AAE001"}) || len(rows) != 12_345 {
		t.Fatalf("header %q, %d rows", header, len(rows))
	}
	for i, want := range map[int]string{
		0:      "2|520101199001010000|#-0.05|@2026-01-01|@2026-01-01 08:00:00|#2000",
		1:      "3|||||#2001",
		12_344: "12346|5201011990010112344|#-12344.05|@2026-01-01|@2026-01-01 08:00:00|#14344",
	} {
		if rows[i] != want {
			t.Errorf("row %d: %s, want %s", i, rows[i], want)
		}
	}
}

func TestRefusals(t *testing.T) {
	one := book(t, func(f *excelize.File) { cells(t, f, "Sheet1", map[string]any{"A1": "a", "A2": "b"}) })
	sheetXML := func(rows string) []byte {
		return replacePart(t, one, "xl/worksheets/sheet1.xml", []byte(
			`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`+rows+`</sheetData></worksheet>`))
	}
	head := `<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>`
	tests := []struct {
		name   string
		data   []byte
		limits sheet.Limits
		sheet  string
		want   string // part of the sentence
	}{
		{"empty", nil, sheet.Limits{}, "", "空的"},
		{"too large", []byte("a,b\n1,2\n"), sheet.Limits{Bytes: 4}, "", "超过 4 字节"},
		{"only blank lines", []byte("\n\n"), sheet.Limits{}, "", "没有表头"},
		{"binary", []byte("\x01\x00\x02\x00"), sheet.Limits{}, "", "不是 CSV、XLSX 或 Parquet"},
		{"utf-16", []byte("\xff\xfea\x00"), sheet.Limits{}, "", "UTF-16"},
		{"old workbook", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), sheet.Limits{}, "", "旧版 XLS"},
		{"garbled header", []byte("\xff\xff,b\n1,2\n"), sheet.Limits{}, "", "表头第 1 列"},
		{"header twice", []byte("姓名,x,姓名\n"), sheet.Limits{}, "", "表头“姓名”出现两次（第 1 列和第 3 列）"},
		{"quote left open", []byte("a,b\n\"1,2\n"), sheet.Limits{}, "", "引号不成对"},
		{"quote within", []byte("a,b\n1\"1,2\n"), sheet.Limits{}, "", "第 2 行"},
		{"a million columns", []byte("a,b\n" + strings.Repeat(",", 1_000_000) + "\n"), sheet.Limits{}, "", "第 2 行超过 1000 列"},
		{"a cell without end", []byte("a,b\n1,\"" + strings.Repeat("x", 3<<20)), sheet.Limits{}, "", "超过 1 MB"},
		{"not a zip", []byte("PK\x03\x04 and no more"), sheet.Limits{}, "", "已损坏"},
		{"workbook cut off", one[:len(one)-100], sheet.Limits{}, "", "已损坏"},
		{"sheet cut off", sheetXML(head + `<row r="2"><c`), sheet.Limits{}, "", "已损坏"},
		{"damaged behind the rows", flip(one), sheet.Limits{}, "", "已损坏"},
		{"rows backwards", sheetXML(head + `<row r="3"><c r="A3"><v>1</v></c></row><row r="2"><c r="A2"><v>1</v></c></row>`), sheet.Limits{}, "", "已损坏"},
		{"column beyond", sheetXML(head + `<row r="2"><c r="ZZZZ2"><v>1</v></c></row>`), sheet.Limits{}, "", "已损坏"},
		{"columns by the thousand", sheetXML(head + `<row r="2"><c r="XFD2"><v>1</v></c></row>`), sheet.Limits{}, "", "超过 1000 列"},
		{"no such string", sheetXML(head + `<row r="2"><c r="A2" t="s"><v>9</v></c></row>`), sheet.Limits{}, "", "已损坏"},
		{"formula in the header", sheetXML(`<row r="1"><c r="A1"><f>1+1</f><v>2</v></c></row>`), sheet.Limits{}, "", "单元格 A1 是公式"},
		{"no such sheet", one, sheet.Limits{}, "没有", "没有工作表“没有”"},
		{"macros", replacePart(t, one, "xl/vbaProject.bin", []byte("x")), sheet.Limits{}, "", "宏"},
		{"bomb by ratio", replacePart(t, one, "xl/media/x", make([]byte, 40<<20)), sheet.Limits{}, "", "压缩炸弹"},
		{"bomb by size", one, sheet.Limits{Unpacked: 1000}, "", "压缩炸弹"},
		{"endless cell", sheetXML(head + `<row r="2"><c r="A2" t="inlineStr"><is><t>` + noise(6<<20) + `</t></is></c></row>`), sheet.Limits{}, "", "单元格超过 1 MB"},
		{"endless row", sheetXML(head + `<row r="2">` + strings.Repeat(`<x y="`+noise(10_000)+`"/>`, 300) + `</row>`), sheet.Limits{Ratio: 1 << 40}, "", "第 2 行超过 1 MB"},
		{"strings without end", one, sheet.Limits{Strings: 1}, "", "工作簿里的文字超过"},
		{"not parquet", []byte("PAR1 but no more PAR1"), sheet.Limits{}, "", "Parquet 文件已损坏"},
		{"parquet cut off", parquetFile(t, 10)[:500], sheet.Limits{}, "", "Parquet 文件已损坏"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := read(write(t, tt.data), sheet.Options{Limits: tt.limits, Sheet: tt.sheet})
			if fundwatch.CodeOf(err) != fundwatch.Invalid || !strings.Contains(fundwatch.MessageOf(err), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// flip turns over a bit near the end of the packed sheet, behind its rows.
func flip(data []byte) []byte {
	in, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		panic(err)
	}
	out := slices.Clone(data)
	for _, e := range in.File {
		if e.Name == "xl/worksheets/sheet1.xml" {
			at, err := e.DataOffset()
			if err != nil {
				panic(err)
			}
			out[at+int64(e.CompressedSize64)-12] ^= 4
		}
	}
	return out
}

// noise is text that does not compress, so that the guard under test is not the one against bombs.
func noise(n int) string {
	out := make([]byte, n)
	x := uint32(1)
	for i := range out {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		out[i] = 'a' + byte(x%26)
	}
	return string(out)
}

// TestSameInEveryFormat writes the same cells as CSV in both encodings and as a workbook and reads the same rows.
func TestSameInEveryFormat(t *testing.T) {
	texts := []string{"张三", "0123", "a,b", "引\"号", "长 空格", "𠀀乡", "１２", "-1.50"}
	for seed := range 20 {
		var table [][]string
		for r := range 5 + seed {
			row := make([]string, 4)
			for c := range row {
				row[c] = texts[(r*7+c*3+seed)%len(texts)]
			}
			table = append(table, row)
		}
		var csv strings.Builder
		csv.WriteString("c0,c1,c2,c3\n")
		xlsx := book(t, func(f *excelize.File) {
			_ = f.SetSheetRow("Sheet1", "A1", &[]string{"c0", "c1", "c2", "c3"})
			for i, row := range table {
				_ = f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+2), &row)
				for c, v := range row {
					if c > 0 {
						csv.WriteByte(',')
					}
					csv.WriteString(`"` + strings.ReplaceAll(v, `"`, `""`) + `"`)
				}
				csv.WriteByte('\n')
			}
		})
		_, want, err := read(write(t, []byte(csv.String())), sheet.Options{})
		if err != nil || len(want) != len(table) {
			t.Fatal(len(want), err)
		}
		for name, data := range map[string][]byte{"gb18030": gbk(t, csv.String()), "xlsx": xlsx} {
			_, got, err := read(write(t, data), sheet.Options{})
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: %v\n got %q\nwant %q", name, err, got, want)
			}
		}
	}
}

// FuzzOpen feeds any bytes to the three readers: they end, without a panic, with rows or with a sentence for people.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("姓名,金额\n\"张\n三\",1.00\n"))
	f.Add(gbk(f, "姓名\t金额\n张三\t1.00\n"))
	f.Add(book(f, func(x *excelize.File) { cells(f, x, "Sheet1", map[string]any{"A1": "a", "A2": 1, "B3": "x"}) }))
	f.Add(parquetFile(f, 3))
	path := filepath.Join(f.TempDir(), "file")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, rows, err := read(path, sheet.Options{Limits: sheet.Limits{Unpacked: 8 << 20, Row: 64 << 10}})
		if err != nil && fundwatch.CodeOf(err) != fundwatch.Invalid {
			t.Fatalf("after %d rows: %v", len(rows), err)
		}
	})
}
