package core

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed columns.yaml
var columnsYAML []byte

//go:embed tables.yaml
var tablesYAML []byte

// Type is the type of a data element. See columns.yaml for units.
type Type string

// The types of the contract. Money is int64 fen, a Month int32 yyyymm, a Time local time of +08:00.
const (
	Key   Type = "key"
	Text  Type = "text"
	Date  Type = "date"
	Month Type = "month"
	Money Type = "money"
	Int   Type = "int"
	Ratio Type = "ratio"
	Time  Type = "time"
)

// Mask says how a personal data element is hidden from those who may not see it.
type Mask string

// The masks. MaskNone marks elements that are not personal.
const (
	MaskNone    Mask = ""
	MaskID      Mask = "id"
	MaskName    Mask = "name"
	MaskAccount Mask = "account"
	MaskPhone   Mask = "phone"
	MaskAddress Mask = "address"
	MaskValue   Mask = "value"
)

// Column is one data element (数据元).
type Column struct {
	Code  string            `yaml:"-" json:"code"`
	Name  string            `yaml:"name" json:"name"`
	Type  Type              `yaml:"type" json:"type"`
	Mask  Mask              `yaml:"mask" json:"mask,omitempty"`
	Codes map[string]string `yaml:"codes" json:"codes,omitempty"`
	Own   bool              `yaml:"own" json:"own,omitempty"`
}

// Table is one table the core delivers, or one external list (外部名单).
type Table struct {
	Code    string   // AC01, X_GA_SW
	Name    string   // 人员基本信息
	Centre  string   // C1..C15; empty for a list
	List    string   // who supplies an external list; empty for a core table
	Key     []string // business key, not enforced
	Person  string   // column of the internal person number, or ""
	Unit    string   // column of the internal unit number, or ""
	ID      string   // column of the identity number, or ""
	Region  string   // scope column, or ""
	Line    string   // scope column, or "" when LineIs is set or the table belongs to no line
	LineIs  string   // constant line of every row, or ""
	Scope   string   // "region", "person" or "all"
	Month   string   // the month a row belongs to, or ""
	Sums    []string // money columns reconciled on every delivery
	Columns []Column
}

// Column finds a column by code.
func (t Table) Column(code string) (Column, bool) {
	for _, c := range t.Columns {
		if c.Code == code {
			return c, true
		}
	}
	return Column{}, false
}

type tableLine struct {
	Table   string `yaml:"table"`
	Name    string `yaml:"name"`
	Centre  string `yaml:"centre"`
	List    string `yaml:"list"`
	Key     string `yaml:"key"`
	Person  string `yaml:"person"`
	Unit    string `yaml:"unit"`
	ID      string `yaml:"id"`
	Region  string `yaml:"region"`
	Line    string `yaml:"line"`
	Scope   string `yaml:"scope"`
	Month   string `yaml:"month"`
	Sum     string `yaml:"sum"`
	Columns string `yaml:"columns"`
}

// Tables reads the contract's tables in the order of tables.yaml. It fails when the embedded files are at odds,
// which a test rules out.
func Tables() ([]Table, error) {
	var dict map[string]Column
	if err := yaml.UnmarshalWithOptions(columnsYAML, &dict, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("core: columns.yaml: %w", err)
	}
	var lines []tableLine
	if err := yaml.UnmarshalWithOptions(tablesYAML, &lines, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("core: tables.yaml: %w", err)
	}
	out := make([]Table, 0, len(lines))
	for _, l := range lines {
		t, err := l.table(dict)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// TableByCode finds one table of the contract.
func TableByCode(code string) (Table, error) {
	all, err := Tables()
	if err != nil {
		return Table{}, err
	}
	for _, t := range all {
		if t.Code == code {
			return t, nil
		}
	}
	return Table{}, fmt.Errorf("core: no table %q in the contract", code)
}

func (l tableLine) table(dict map[string]Column) (Table, error) {
	t := Table{
		Code: l.Table, Name: l.Name, Centre: l.Centre, List: l.List, Key: strings.Fields(l.Key),
		Person: l.Person, Unit: l.Unit, ID: l.ID, Region: l.Region, Month: l.Month, Sums: strings.Fields(l.Sum),
		Scope: l.Scope,
	}
	if t.Scope == "" {
		t.Scope = "region"
	}
	if is, ok := strings.CutPrefix(l.Line, "="); ok {
		t.LineIs = is
	} else {
		t.Line = l.Line
	}
	for _, code := range strings.Fields(l.Columns) {
		c, ok := dict[code]
		if !ok {
			return Table{}, fmt.Errorf("core: table %s names column %s, which columns.yaml lacks", l.Table, code)
		}
		c.Code = code
		t.Columns = append(t.Columns, c)
	}
	named := append(append([]string{t.Person, t.Unit, t.ID, t.Region, t.Line, t.Month}, t.Key...), t.Sums...)
	for _, code := range named {
		if _, ok := t.Column(code); code != "" && !ok {
			return Table{}, fmt.Errorf("core: table %s refers to column %s, which it does not have", l.Table, code)
		}
	}
	return t, nil
}
