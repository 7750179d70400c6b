package patrol

import (
	"errors"
	"io/fs"
	"slices"
	"strconv"

	"github.com/goccy/go-yaml/parser"
)

// TestCase is one case a rule is tested with (规则用例): rows that arrive, rows that arrive later, and the findings
// that must and must not come of them. The cases run with the tests of this package.
type TestCase struct {
	Name   string                      `yaml:"name"`
	Kind   string                      `yaml:"kind"` // hit, miss, late, undecidable
	Given  map[string][]map[string]any `yaml:"given"`
	Before []Expectation               `yaml:"before"` // found after Given, when Then follows
	Then   map[string][]map[string]any `yaml:"then"`   // rows that come later
	Expect []Expectation               `yaml:"expect"` // found in the end; empty: nothing
}

// Expectation is what a case says of one finding. Values left out are not compared.
type Expectation struct {
	Subject string         `yaml:"subject"`
	Amount  *int64         `yaml:"amount"`
	First   int32          `yaml:"first"`
	Last    int32          `yaml:"last"`
	Facts   map[string]any `yaml:"facts"`
}

type caseFile struct {
	Rule  string     `yaml:"rule"`
	Cases []TestCase `yaml:"cases"`
}

// loadCases reads the cases that stand beside a rule. A live rule has at least one hit and one lawful look-alike.
func loadCases(fsys fs.FS, name string, r *Rule, catalog map[string]tableColumns) ([]TestCase, error) {
	data, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		if r.Status == Live {
			return nil, faultAt(r.where("status"), "启用的规则须有用例文件 %s", name)
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var f caseFile
	if err := decodeStrict(name, data, &f); err != nil {
		return nil, err
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, yamlFault(name, err)
	}
	lines := keyLines(file)
	if f.Rule != r.ID {
		return nil, faultAt(place(name, lines["rule"]), "用例属于规则 %q，应为 %s", f.Rule, r.ID)
	}
	kinds := map[string]int{}
	for i, c := range f.Cases {
		at := place(name, lines["cases/"+strconv.Itoa(i)])
		if !slices.Contains([]string{"hit", "miss", "late", "undecidable"}, c.Kind) {
			return nil, faultAt(at, "用例类别 %q 应为 hit、miss、late 或 undecidable", c.Kind)
		}
		kinds[c.Kind]++
		for _, tables := range []map[string][]map[string]any{c.Given, c.Then} {
			if err := checkCaseRows(at, tables, catalog); err != nil {
				return nil, err
			}
		}
	}
	if r.Status == Live && (kinds["hit"] == 0 || kinds["miss"] == 0) {
		return nil, faultAt(name, "启用的规则须至少有一个命中用例（hit）和一个合规近似用例（miss）")
	}
	return f.Cases, nil
}

func checkCaseRows(at string, tables map[string][]map[string]any, catalog map[string]tableColumns) error {
	for table, rows := range tables {
		t, ok := catalog[table]
		if !ok {
			return faultAt(at, "没有表 %s", table)
		}
		for _, row := range rows {
			for column := range row {
				if _, ok := t.columns[column]; !ok && column != "_rid" && column != "_op" {
					return faultAt(at, "表 %s 没有列 %s", table, column)
				}
			}
		}
	}
	return nil
}
