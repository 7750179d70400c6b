package warehouse

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"

	"fundwatch/core"
)

// The names of the columns the warehouse adds to a table of the contract.
const (
	ColRID        = "rid"         // the supplier's stable row identity
	ColLoadSeq    = "load_seq"    // the load that brought this version of the row
	ColMonth      = "mi"          // months since 2000-01 of Table.Month
	ColPersonKey  = "person_key"  // keyed pseudonym of Table.ID
	ColAccountKey = "account_key" // keyed pseudonym of AAE010, the bank account
	colGoneSeq    = "gone_seq"    // in history: the load that replaced or deleted the version
	accountColumn = "AAE010"
)

// DerivedTable describes what a feature keeps in the warehouse: topic tables, tags, cubes. It is scoped like a
// table of the contract by the columns it names; one that names neither region nor person is public to everyone
// whose Scope is not empty and must say so with Public.
type DerivedTable struct {
	Name    string // lower or upper case letters, digits, underscore; no name of the contract
	Title   string // Chinese
	Columns []core.Column
	Person  string // column of AAC001
	Unit    string // column of AAB001
	Region  string
	Line    string
	Public  bool
}

// goneSuffix after a table of the contract names the versions that were replaced or deleted, with the load that did
// it in gone_seq: {{AC83_GONE}}. Delta rounds and refreshes need them to see what vanished.
const goneSuffix = "_GONE"

// relation is a table as the warehouse sees it: of the contract, its replaced versions, or derived.
type relation struct {
	core.Table
	derived bool
	gone    bool
}

// name is how a statement calls the relation.
func (r relation) name() string {
	if r.gone {
		return r.Code + goneSuffix
	}
	return r.Code
}

// plain is the physical name of the current rows.
func (r relation) plain() string {
	switch {
	case r.derived:
		return "derived." + ident(r.Code)
	case r.gone:
		return "history." + ident(r.Code)
	}
	return "facts." + ident(r.Code)
}

// extras lists the added columns with their types, in physical order.
func (r relation) extras() []extra {
	if r.derived {
		return nil
	}
	out := []extra{{ColRID, arrow.PrimitiveTypes.Int64, "BIGINT"}, {ColLoadSeq, arrow.PrimitiveTypes.Int64, "BIGINT"}}
	if r.Month != "" {
		out = append(out, extra{ColMonth, arrow.PrimitiveTypes.Int16, "SMALLINT"})
	}
	if r.ID != "" {
		out = append(out, extra{ColPersonKey, arrow.PrimitiveTypes.Int64, "BIGINT"})
	}
	if _, ok := r.Column(accountColumn); ok {
		out = append(out, extra{ColAccountKey, arrow.PrimitiveTypes.Int64, "BIGINT"})
	}
	if r.gone {
		out = append(out, extra{colGoneSeq, arrow.PrimitiveTypes.Int64, "BIGINT"})
	}
	return out
}

type extra struct {
	name  string
	arrow arrow.DataType
	sql   string
}

// columnList names the physical columns of the current rows, quoted, in order.
func (r relation) columnList() string {
	var names []string
	for _, c := range r.Columns {
		names = append(names, ident(c.Code))
	}
	for _, e := range r.extras() {
		names = append(names, ident(e.name))
	}
	return strings.Join(names, ", ")
}

// catalogue knows all tables by name; derived ones come while the program starts.
type catalogue struct {
	mu     sync.RWMutex
	byName map[string]relation
	order  []string // contract tables in contract order
}

func newCatalogue() (*catalogue, error) {
	tables, err := core.Tables()
	if err != nil {
		return nil, err
	}
	c := &catalogue{byName: map[string]relation{}}
	for _, t := range tables {
		c.byName[t.Code] = relation{Table: t}
		c.order = append(c.order, t.Code)
	}
	return c, nil
}

func (c *catalogue) find(name string) (relation, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	r, ok := c.byName[name]
	if base, gone := strings.CutSuffix(name, goneSuffix); !ok && gone {
		r, ok = c.byName[base]
		r.gone = true
		return r, ok && !r.derived
	}
	return r, ok
}

// contract lists the tables of the contract in its order.
func (c *catalogue) contract() []relation {
	c.mu.RLock()
	defer c.mu.RUnlock()
	out := make([]relation, 0, len(c.order))
	for _, n := range c.order {
		out = append(out, c.byName[n])
	}
	return out
}

// add enters a derived table; the same description again changes nothing.
func (c *catalogue) add(d DerivedTable) (relation, error) {
	r := relation{derived: true, Table: core.Table{
		Code: d.Name, Name: d.Title, Columns: slices.Clone(d.Columns), Person: d.Person, Unit: d.Unit,
		Region: d.Region, Line: d.Line,
	}}
	switch {
	case d.Region != "":
		r.Scope = scopeRegion
	case d.Person != "":
		r.Scope = scopePerson
	case d.Public:
		r.Scope = scopeAll
	default:
		return r, fmt.Errorf("warehouse: derived table %s names neither region nor person, nor is it public", d.Name)
	}
	if !isName(d.Name) || len(d.Columns) == 0 || strings.HasSuffix(strings.ToUpper(d.Name), goneSuffix) {
		return r, fmt.Errorf("warehouse: derived table %q needs a plain name and columns", d.Name)
	}
	for _, code := range []string{d.Person, d.Unit, d.Region, d.Line} {
		if _, ok := r.Column(code); code != "" && !ok {
			return r, fmt.Errorf("warehouse: derived table %s has no column %s", d.Name, code)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, old := range c.byName {
		if strings.EqualFold(name, d.Name) && (!old.derived || name != d.Name) {
			return r, fmt.Errorf("warehouse: the name %s is taken by %s", d.Name, name)
		}
	}
	c.byName[d.Name] = r
	return r, nil
}

// Schema is the Arrow schema of a delivery of the table: its columns, then _rid and _op.
func Schema(t core.Table) *arrow.Schema {
	fields := make([]arrow.Field, 0, len(t.Columns)+2)
	for _, c := range t.Columns {
		fields = append(fields, arrow.Field{Name: c.Code, Type: arrowType(c.Type), Nullable: true})
	}
	fields = append(fields,
		arrow.Field{Name: "_rid", Type: arrow.PrimitiveTypes.Int64},
		arrow.Field{Name: "_op", Type: arrow.PrimitiveTypes.Int8})
	return arrow.NewSchema(fields, nil)
}

func arrowType(t core.Type) arrow.DataType {
	switch t {
	case core.Key, core.Money:
		return arrow.PrimitiveTypes.Int64
	case core.Month, core.Int:
		return arrow.PrimitiveTypes.Int32
	case core.Ratio:
		return arrow.PrimitiveTypes.Float64
	case core.Date:
		return arrow.FixedWidthTypes.Date32
	case core.Time:
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	default:
		return arrow.BinaryTypes.String
	}
}
