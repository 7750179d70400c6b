package check

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"fundwatch/core"
)

// Grade says what has to happen to a row at fault (分级).
type Grade string

// The grades, worst first.
const (
	Discard Grade = "废弃"  // the row wastes resources or does harm: a second person, account, payment
	Adjust  Grade = "待调整" // must be put right before the row is relied on
	Convert Grade = "可转换" // nothing to do, or later
)

// rank orders the grades, the worst as 1.
func (g Grade) rank() int64 {
	switch g {
	case Discard:
		return 1
	case Adjust:
		return 2
	case Convert:
		return 3
	default:
		return 0
	}
}

// Case proves a point: rows that are added to a province in order, and how many of them the point must find. A row
// says only what differs from a good row of its table.
type Case struct {
	Finds int                         `yaml:"finds"`
	Rows  map[string][]map[string]any `yaml:"rows"`
}

// Point is one check point (校验点).
type Point struct {
	ID          string   `yaml:"id" json:"id"` // DQ-C01
	Title       string   `yaml:"title" json:"title"`
	Table       string   `yaml:"table" json:"table"`
	TableName   string   `yaml:"-" json:"tableName"`
	Grade       Grade    `yaml:"grade" json:"grade"`
	Tolerance   float64  `yaml:"tolerance" json:"tolerance"` // share of rows at fault with which the point still passes
	Explanation string   `yaml:"explanation" json:"explanation"`
	Fix         string   `yaml:"fix" json:"fix"`
	Args        []string `yaml:"args" json:"-"` // what the question marks of SQL stand for, see args
	SQL         string   `yaml:"sql" json:"sql"`
	// Checked counts the rows that the point looks at; all rows of the table when empty.
	Checked string `yaml:"checked" json:"-"`
	Cases   []Case `yaml:"cases" json:"-"`

	line string // the line that all rows of the table belong to, or ""
}

// Class is the kind of test that the point's number names.
func (p Point) Class() string {
	switch p.ID[3] {
	case 'C':
		return "完整性"
	case 'F':
		return "规范性"
	case 'U':
		return "唯一性"
	case 'R':
		return "关联性"
	case 'L':
		return "逻辑性"
	default:
		return "平衡性"
	}
}

// Load reads all points of a folder. An unknown key, table or argument, and a point without cases, is an error that
// names the file and, where it can, the line.
func Load(files fs.FS) ([]Point, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	slices.Sort(names)
	tables, err := core.Tables()
	if err != nil {
		return nil, err
	}
	var out []Point
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("check: %w", err)
		}
		var p Point
		if err := yaml.UnmarshalWithOptions(text, &p, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("check: %s: %w", name, err)
		}
		if err := p.complete(tables); err != nil {
			return nil, fmt.Errorf("check: %s: %w", name, err)
		}
		if p.ID != strings.TrimSuffix(path.Base(name), ".yaml") {
			return nil, fmt.Errorf("check: %s: holds point %s, the file must carry its id", name, p.ID)
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("check: no points found")
	}
	return out, nil
}

// complete checks a point as far as that goes without a warehouse.
func (p *Point) complete(tables []core.Table) error {
	i := slices.IndexFunc(tables, func(t core.Table) bool { return t.Code == p.Table })
	switch {
	case !regexp.MustCompile(`^DQ-[CFURLB][0-9]{2}[a-z]?$`).MatchString(p.ID):
		return fmt.Errorf("id %q is not like DQ-C01", p.ID)
	case i < 0:
		return fmt.Errorf("table %q is not in the contract", p.Table)
	case p.Grade.rank() == 0:
		return fmt.Errorf("grade %q is none of %s, %s, %s", p.Grade, Discard, Adjust, Convert)
	case p.Tolerance < 0 || p.Tolerance >= 1:
		return fmt.Errorf("tolerance %v is no share of rows", p.Tolerance)
	case p.Title == "" || p.SQL == "" || p.Explanation == "" || p.Fix == "":
		return fmt.Errorf("title, sql, explanation and fix are required")
	}
	p.TableName, p.line = tables[i].Name, tables[i].LineIs
	for _, a := range p.Args {
		if !slices.Contains(argNames(), a) {
			return fmt.Errorf("argument %q is none of %s", a, strings.Join(argNames(), ", "))
		}
	}
	fails, passes := false, false
	for _, c := range p.Cases {
		fails, passes = fails || c.Finds > 0, passes || c.Finds == 0
	}
	if !fails || !passes {
		return fmt.Errorf("needs a case that finds rows and one that finds none")
	}
	return nil
}
