package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"fundwatch"
	"fundwatch/core"
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
