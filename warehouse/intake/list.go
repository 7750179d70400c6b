package intake

import (
	"errors"
	"fmt"
	"io"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/warehouse/intake/sheet"
)

// maxProblems is how many problems are told one by one; the rest are counted.
const maxProblems = 100

// Problem is one thing wrong with a file, and where it stands.
type Problem struct {
	Line    int    `json:"line"`
	Column  string `json:"column"`  // the header in the file
	Address string `json:"address"` // C12, or 第 12 行第 3 列
	Value   string `json:"value"`   // masked when personal
	Message string `json:"message"`
}

// String writes the problem as a sentence.
func (p Problem) String() string {
	if p.Column == "" {
		return fmt.Sprintf("%s：%s", p.Address, p.Message)
	}
	if p.Value == "" {
		return fmt.Sprintf("%s“%s”%s", p.Address, p.Column, p.Message)
	}
	return fmt.Sprintf("%s“%s”的值“%s”%s", p.Address, p.Column, p.Value, p.Message)
}

// list is a file being read as rows of a table.
type list struct {
	file     *sheet.File
	m        *mapping
	maxRows  int64
	rows     int64 // read so far, faulty ones included
	problems []Problem
	faults   int64
	values   []any
}

// openList opens a file for a table.
func openList(path string, t core.Table, r Request, maxRows int64) (*list, error) {
	file, err := sheet.Open(path, sheet.Options{Encoding: r.Encoding, Sheet: r.Sheet, Limits: sheet.Limits{}})
	if err != nil {
		return nil, err
	}
	m, err := mapHeader(t, file.Header, r.Mapping)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &list{file: file, m: m, maxRows: maxRows, values: make([]any, len(t.Columns))}, nil
}

// next reads the next row that is whole, its values in the order of the table's columns and valid until the next
// call; io.EOF after the last. Faulty rows are noted and passed over.
func (l *list) next() ([]any, int, error) {
	for {
		row, err := l.file.Next()
		if err != nil {
			return nil, 0, err
		}
		if l.rows++; l.rows > l.maxRows {
			return nil, 0, fundwatch.Errorf(fundwatch.Invalid,
				"文件超过 %d 行的上限，未装入任何数据；请拆分后分批导入，或改由业务系统接口提供", l.maxRows)
		}
		if l.read(row) {
			return l.values, row.Line, nil
		}
	}
}

// read fills values from a row and reports whether it is whole.
func (l *list) read(row sheet.Row) bool {
	clear(l.values)
	whole := true
	for i, cell := range row.Cells {
		if i >= len(l.m.to) || l.m.to[i] < 0 {
			if i >= len(l.m.header) && !cell.Empty() {
				l.problem(row.Line, i, "", "超出表头的列有内容，请检查分隔符或表头")
				whole = false
			}
			continue
		}
		c := l.m.table.Columns[l.m.to[i]]
		v, wrong := parse(c, cell)
		if wrong != "" {
			l.problem(row.Line, i, hide(c, cell.Text), wrong)
			whole = false
			continue
		}
		l.values[l.m.to[i]] = v
	}
	for i, to := range l.m.to {
		if to >= 0 && l.m.required[l.m.table.Columns[to].Code] && l.values[to] == nil &&
			(i >= len(row.Cells) || row.Cells[i].Empty()) {
			l.problem(row.Line, i, "", "不能为空")
			whole = false
		}
	}
	return whole
}

func (l *list) problem(line, col int, value, message string) {
	l.faults++
	if len(l.problems) >= maxProblems {
		return
	}
	p := Problem{Line: line, Address: l.file.Address(line, col), Value: value, Message: message}
	if col < len(l.m.header) {
		p.Column = l.m.header[col]
	}
	l.problems = append(l.problems, p)
}

// missing is the refusal of a file without the columns that every row needs.
func (l *list) missing() error {
	names := l.m.missing()
	if len(names) == 0 {
		return nil
	}
	hint := "请补齐，或指定列对应关系"
	if l.file.Encoding == sheet.GB18030 {
		hint += "；如表头是乱码，请将文件另存为 CSV UTF-8 后重试"
	}
	return fundwatch.FieldErrorf("mapping", "文件缺少必需的列：%s；现有表头：%s。%s", joined(names), joined(l.m.header), hint)
}

// refusal is the error for a file with problems: the first one in words, the others by number.
func (l *list) refusal() error {
	if l.faults == 0 {
		return nil
	}
	if l.faults == 1 {
		return fundwatch.Errorf(fundwatch.Invalid, "文件有 1 处问题，未装入任何数据：%s", l.problems[0])
	}
	return fundwatch.Errorf(fundwatch.Invalid, "文件有 %d 处问题，未装入任何数据。第一处：%s", l.faults, l.problems[0])
}

// readAll goes through the whole file without keeping anything but the first rows.
func (l *list) readAll(keep int) ([][]string, error) {
	var sample [][]string
	for {
		values, _, err := l.next()
		if errors.Is(err, io.EOF) {
			return sample, nil
		}
		if err != nil {
			return nil, err
		}
		if len(sample) < keep {
			line := make([]string, len(values))
			for i, c := range l.m.table.Columns {
				line[i] = show(c, values[i])
			}
			sample = append(sample, line)
		}
	}
}

func joined(names []string) string {
	if len(names) > 20 {
		names = append(names[:20:20], "……")
	}
	out := ""
	for i, n := range names {
		if i > 0 {
			out += "、"
		}
		out += n
	}
	return out
}
