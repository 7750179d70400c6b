package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/warehouse"
)

// cell writes one value of the warehouse for a person: money in yuan, months and days as officials write them,
// codes in words. No value is empty text.
func cell(c core.Column, v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case time.Time:
		if c.Type == core.Date {
			return x.Format(time.DateOnly)
		}
		return x.Format(time.DateTime)
	case int64:
		switch c.Type {
		case core.Money:
			return strings.TrimSuffix(fundwatch.Fen(x).Yuan(), " 元")
		case core.Month:
			return fundwatch.Month(x).String() //nolint:gosec // months fit
		default:
			return strconv.FormatInt(x, 10)
		}
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case string:
		if label, ok := c.Codes[x]; ok {
			return label
		}
		return x
	default:
		return fmt.Sprint(x)
	}
}

// frameSheet writes an answer of the warehouse whose columns carry Chinese names.
func frameSheet(f *warehouse.Frame) Sheet {
	out := Sheet{Columns: []SheetColumn{}, Rows: [][]string{}, Total: int64(len(f.Rows)), Truncated: f.Truncated, AsOf: clock(f.AsOf)}
	for _, c := range f.Columns {
		out.Columns = append(out.Columns, SheetColumn{Code: c.Name, Name: c.Name, Kind: c.Type})
	}
	for _, row := range f.Rows {
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = cell(core.Column{Type: core.Type(f.Columns[i].Type)}, v)
		}
		out.Rows = append(out.Rows, cells)
	}
	return out
}
