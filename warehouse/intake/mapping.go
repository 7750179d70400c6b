package intake

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"golang.org/x/text/unicode/norm"

	"fundwatch"
	"fundwatch/core"
)

//go:embed aliases.yaml
var aliasesYAML []byte

// Match is one column of a file and the column of the table it goes to.
type Match struct {
	Header string `json:"header"`
	Code   string `json:"code,omitempty"` // empty: not loaded
	Name   string `json:"name,omitempty"`
}

// mapping sends the columns of a file to the columns of a table.
type mapping struct {
	table    core.Table
	header   []string
	to       []int // by column of the file: index into table.Columns, -1 when not loaded
	required map[string]bool
}

// mapHeader finds for every column of the file the column of the table: by what the person said, by code, by name,
// by alias. Asked says header to code or name; an empty answer leaves the column out.
func mapHeader(t core.Table, header []string, asked map[string]string) (*mapping, error) {
	m := &mapping{table: t, header: header, required: map[string]bool{}}
	names, err := columnNames(t)
	if err != nil {
		return nil, err
	}
	for h := range asked {
		if !slices.Contains(header, h) {
			return nil, fundwatch.FieldErrorf("mapping", "列对应中的“%s”不在文件表头里，表头为：%s", h, strings.Join(header, "、"))
		}
	}
	taken := map[int]string{}
	for _, h := range header {
		want, said := asked[h]
		if !said {
			want = h
		}
		i, ok := names[plainName(want)]
		switch {
		case !ok && said && want != "":
			return nil, fundwatch.FieldErrorf("mapping", "表“%s”没有列“%s”，可选：%s", t.Name, want, strings.Join(titles(t), "、"))
		case !ok || want == "":
			m.to = append(m.to, -1)
			continue
		}
		if other, twice := taken[i]; twice {
			return nil, fundwatch.FieldErrorf("mapping", "文件的“%s”和“%s”两列都对应“%s”，请指定其中一列不导入", other, h, t.Columns[i].Name)
		}
		taken[i] = h
		m.to = append(m.to, i)
	}
	for _, code := range requiredColumns(t) {
		m.required[code] = true
	}
	return m, nil
}

// missing names the required columns that no column of the file goes to.
func (m *mapping) missing() []string {
	var out []string
	for i, c := range m.table.Columns {
		if m.required[c.Code] && !slices.Contains(m.to, i) {
			out = append(out, c.Name)
		}
	}
	return out
}

// matches lists where each column of the file goes.
func (m *mapping) matches() []Match {
	out := make([]Match, 0, len(m.header))
	for i, h := range m.header {
		match := Match{Header: h}
		if to := m.to[i]; to >= 0 {
			match.Code, match.Name = m.table.Columns[to].Code, m.table.Columns[to].Name
		}
		out = append(out, match)
	}
	return out
}

// requiredColumns are those without which a row could not be told apart, placed or found.
func requiredColumns(t core.Table) []string {
	out := slices.Clone(t.Key)
	for _, c := range []string{t.ID, t.Region, t.Line, t.Month} {
		if c != "" && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// columnNames maps everything a column may be called to its index.
func columnNames(t core.Table) (map[string]int, error) {
	var aliases map[string][]string
	if err := yaml.UnmarshalWithOptions(aliasesYAML, &aliases, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("intake: aliases.yaml: %w", err)
	}
	out := map[string]int{}
	for i, c := range t.Columns {
		for _, a := range aliases[c.Code] {
			out[plainName(a)] = i
		}
	}
	for i, c := range t.Columns { // codes and names win over aliases
		out[plainName(c.Name)] = i
	}
	for i, c := range t.Columns {
		out[plainName(c.Code)] = i
	}
	return out, nil
}

// plainName folds what does not matter in a column's name: width, case, blanks, a star for "required".
func plainName(s string) string {
	s = strings.ToUpper(norm.NFKC.String(s))
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == '*' || r == 0xfeff || r == 0x3000 {
			return -1
		}
		return r
	}, s)
}

func titles(t core.Table) []string {
	var out []string
	for _, c := range t.Columns {
		out = append(out, c.Name)
	}
	return out
}
