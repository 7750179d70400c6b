package warehouse

import (
	"database/sql"
	"fmt"
	"reflect"
	"strings"
	"time"

	"fundwatch"
)

// FrameColumn is one column of a Frame.
type FrameColumn struct {
	Name string `json:"name"`
	Type string `json:"type"` // int, float, text, date, time, bool
}

// Frame is the answer to a Statement. Cells are int64, float64, string, bool, time.Time or nil.
type Frame struct {
	Columns   []FrameColumn `json:"columns"`
	Rows      [][]any       `json:"rows"`
	Truncated bool          `json:"truncated"` // there were more rows than a Frame may hold
	AsOf      time.Time     `json:"asOf"`      // business time of the newest load that could be seen
	LoadSeq   int64         `json:"loadSeq"`   // that load; rows of later loads may appear in a view of now
}

// Column is the index of the named column, or -1.
func (f *Frame) Column(name string) int {
	for i, c := range f.Columns {
		if strings.EqualFold(c.Name, name) {
			return i
		}
	}
	return -1
}

// frameColumns describes the result's columns.
func frameColumns(rows *sql.Rows) ([]FrameColumn, error) {
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	out := make([]FrameColumn, len(types))
	for i, t := range types {
		out[i] = FrameColumn{Name: t.Name(), Type: plainType(t.DatabaseTypeName())}
	}
	return out, nil
}

func plainType(db string) string {
	switch base, _, _ := strings.Cut(db, "("); base {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT":
		return "int"
	case "FLOAT", "DOUBLE", "DECIMAL":
		return "float"
	case "BOOLEAN":
		return "bool"
	case "DATE":
		return "date"
	case "TIMESTAMP", "TIMESTAMPTZ":
		return "time"
	default:
		return "text"
	}
}

// bindArgs turns arguments into what a database takes: the vocabulary's types into their plain kinds, and times
// into the clock of China without a zone, as the tables hold them.
func bindArgs(args []any) ([]any, error) {
	out := make([]any, len(args))
	for i, a := range args {
		switch v := reflect.ValueOf(a); {
		case a == nil:
		case v.Type() == reflect.TypeFor[time.Time]():
			t := a.(time.Time).In(fundwatch.Shanghai())
			out[i] = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
		case v.CanInt():
			out[i] = v.Int()
		case v.CanFloat():
			out[i] = v.Float()
		case v.Kind() == reflect.String:
			out[i] = v.String()
		case v.Kind() == reflect.Bool:
			out[i] = v.Bool()
		default:
			return nil, fmt.Errorf("warehouse: argument %d of type %T cannot be bound", i+1, a)
		}
	}
	return out, nil
}
