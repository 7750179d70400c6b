package intake

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"fundwatch/core"
	"fundwatch/warehouse/intake/sheet"
)

// maxText is the longest text a column takes, in characters.
const maxText = 4000

// parse turns a cell into the value of a column: int64, float64, string, time.Time (clock of China, marked UTC) or
// nil. The second result says what is wrong, as a sentence for the person who sent the file.
func parse(c core.Column, cell sheet.Cell) (value any, wrong string) {
	switch cell.Kind {
	case sheet.Formula:
		return nil, "是公式，请粘贴为数值"
	case sheet.Broken:
		return nil, "是错误值，请更正"
	case sheet.Garbled:
		return nil, "含有无法识别的字符，请检查文件编码（应为 UTF-8 或 GB18030）"
	case sheet.Text, sheet.Number, sheet.Date:
	}
	if cell.Text == "" {
		return nil, ""
	}
	switch c.Type {
	case core.Key:
		return parseKey(cell)
	case core.Int:
		v, wrong := parseKey(cell)
		if n, ok := v.(int64); ok && (n > math.MaxInt32 || n < math.MinInt32) {
			return nil, "超出范围"
		}
		return v, wrong
	case core.Money:
		return parseMoney(cell)
	case core.Ratio:
		return parseRatio(cell)
	case core.Date:
		return parseDate(cell)
	case core.Month:
		return parseMonth(cell)
	case core.Time:
		return parseTime(cell)
	case core.Text:
		return parseText(c, cell)
	default:
		return nil, "的类型尚不支持由文件导入"
	}
}

// narrow folds full-width digits, letters and signs, which input methods produce.
func narrow(s string) string { return strings.TrimSpace(norm.NFKC.String(s)) }

func parseKey(cell sheet.Cell) (any, string) {
	s := wholeNumber(cell)
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return nil, "应为整数"
	}
	return n, ""
}

// wholeNumber writes a number cell without an exponent or a decimal point that says nothing.
func wholeNumber(cell sheet.Cell) string {
	s := narrow(cell.Text)
	if cell.Kind != sheet.Number {
		return s
	}
	if v, err := strconv.ParseFloat(s, 64); err == nil && v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return s
}

func parseText(c core.Column, cell sheet.Cell) (any, string) {
	s := cell.Text
	switch {
	case cell.Kind == sheet.Number:
		s = wholeNumber(cell)
		if digits := strings.Count(s, "") - 1; digits > 15 || strings.ContainsAny(s, "eE") {
			return nil, "是数字格式，超过 15 位的数字末位已经丢失，请将该列设为文本格式后重新录入"
		}
	case cell.Kind == sheet.Date:
		s = strings.ReplaceAll(strings.TrimSuffix(s, " 00:00:00"), "-", "")
	}
	if utf8.RuneCountInString(s) > maxText {
		return nil, "超过 " + strconv.Itoa(maxText) + " 个字"
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' && r != '\r' }) {
		return nil, "含有控制字符，请清除"
	}
	switch {
	case c.Mask == core.MaskID || c.Mask == core.MaskAccount:
		s = strings.ToUpper(strings.ReplaceAll(narrow(s), " ", ""))
	case c.Code == "AAB301":
		if s = narrow(s); len(s) != 6 || strings.Trim(s, "0123456789") != "" {
			return nil, "应为 6 位行政区划代码"
		}
	case len(c.Codes) > 0:
		return parseCode(c, narrow(s))
	}
	return s, ""
}

// parseCode takes a code of the column's list, or its meaning in words.
func parseCode(c core.Column, s string) (any, string) {
	if _, ok := c.Codes[s]; ok {
		return s, ""
	}
	var codes []string
	for code, title := range c.Codes {
		if title == s {
			return code, ""
		}
		codes = append(codes, code+" "+title)
	}
	slices.Sort(codes)
	if len(codes) > 8 {
		codes = append(codes[:8], "……")
	}
	return nil, "不在代码表中，可填：" + strings.Join(codes, "、")
}

const moneyWrong = "应为金额（元，最多两位小数）"

// parseMoney reads yuan with at most two decimals into fen. Amounts of files are always in yuan.
func parseMoney(cell sheet.Cell) (any, string) {
	s := narrow(cell.Text)
	if cell.Kind == sheet.Number {
		// A workbook keeps 0.29 as 0.28999999999999998: the nearest fen is what was meant, half a fen is not.
		v, err := strconv.ParseFloat(s, 64)
		fen := math.Round(v * 100)
		if err != nil || math.Abs(fen) > 1e17 || math.Abs(v*100-fen) > 1e-4 {
			return nil, moneyWrong
		}
		return int64(fen), ""
	}
	s = strings.TrimSuffix(strings.TrimLeft(s, "¥￥"), "元")
	negative := strings.HasPrefix(s, "-")
	whole, cents, _ := strings.Cut(strings.TrimLeft(s, "+-"), ".")
	if strings.Contains(whole, ",") {
		groups := strings.Split(whole, ",")
		for i, g := range groups {
			if len(g) != 3 && (i > 0 || len(g) > 3 || g == "") {
				return nil, moneyWrong
			}
		}
		whole = strings.Join(groups, "")
	}
	if len(cents) > 2 {
		cents = strings.TrimRight(cents, "0")
	}
	digits := whole + cents + strings.Repeat("0", max(2-len(cents), 0))
	if whole == "" || len(cents) > 2 || len(digits) > 17 || strings.Trim(digits, "0123456789") != "" ||
		strings.Count(s, "-")+strings.Count(s, "+") > 1 {
		return nil, moneyWrong
	}
	fen, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return nil, moneyWrong
	}
	if negative {
		fen = -fen
	}
	return fen, ""
}

func parseRatio(cell sheet.Cell) (any, string) {
	s, percent := strings.CutSuffix(narrow(cell.Text), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return nil, "应为小数或百分数"
	}
	if percent {
		v /= 100
	}
	return v, ""
}

// dayLayouts are the spellings of days that people use.
func dayLayouts() []string {
	return []string{"2006-01-02", "2006-1-2", "2006/1/2", "2006.1.2", "20060102", "2006年1月2日"}
}

func monthLayouts() []string {
	return []string{"200601", "2006-01", "2006-1", "2006/1", "2006.1", "2006年1月"}
}

func timeLayouts() []string {
	return []string{"2006-01-02 15:04:05", "2006-1-2 15:04:05", "2006/1/2 15:04:05", "2006-01-02 15:04", "2006/1/2 15:04",
		"2006-01-02T15:04:05", "20060102150405"}
}

func parseDate(cell sheet.Cell) (any, string) {
	s := wholeNumber(cell)
	s, _ = strings.CutSuffix(s, " 00:00:00")
	s, _ = strings.CutSuffix(s, " 0:00:00")
	if t, ok := parseLayouts(s, dayLayouts()); ok {
		return t, ""
	}
	if t, ok := parseLayouts(s, timeLayouts()); ok {
		return t.Truncate(24 * time.Hour), ""
	}
	return nil, "应为 1900 至 2199 年间的日期，如 2026-01-31"
}

func parseMonth(cell sheet.Cell) (any, string) {
	s := wholeNumber(cell)
	t, ok := parseLayouts(s, monthLayouts())
	if !ok {
		s, _ = strings.CutSuffix(s, " 00:00:00")
		t, ok = parseLayouts(s, dayLayouts())
	}
	if !ok {
		return nil, "应为年月，如 202601"
	}
	return int64(t.Year()*100 + int(t.Month())), ""
}

func parseTime(cell sheet.Cell) (any, string) {
	s := wholeNumber(cell)
	if t, ok := parseLayouts(s, timeLayouts()); ok {
		return t, ""
	}
	if t, ok := parseLayouts(s, dayLayouts()); ok {
		return t, ""
	}
	return nil, "应为时间，如 2026-01-31 08:30:00"
}

func parseLayouts(s string, layouts []string) (time.Time, bool) {
	for _, l := range layouts {
		if t, err := time.Parse(l, s); err == nil {
			return t, t.Year() >= 1900 && t.Year() < 2200
		}
	}
	return time.Time{}, false
}

// show writes a value for a preview. Personal data is hidden as in any other place.
func show(c core.Column, v any) string {
	var s string
	switch v := v.(type) {
	case nil:
		return ""
	case int64:
		s = strconv.FormatInt(v, 10)
		if c.Type == core.Money {
			s = strconv.FormatFloat(float64(v)/100, 'f', 2, 64)
		}
	case float64:
		s = strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		s = v.Format(time.DateOnly)
		if c.Type == core.Time {
			s = v.Format(time.DateTime)
		}
	case string:
		s = v
		if title := c.Codes[s]; title != "" {
			s += " " + title
		}
	}
	return hide(c, s)
}

// hide masks the value of a personal column: enough is left to find it in the file.
func hide(c core.Column, s string) string {
	r := []rune(s)
	switch {
	case c.Mask == core.MaskNone:
		if len(r) > 40 {
			return string(r[:40]) + "…"
		}
		return s
	case len(r) <= 1:
		return "*"
	case len(r) <= 4:
		return string(r[:1]) + strings.Repeat("*", len(r)-1)
	default:
		return string(r[:2]) + "****" + string(r[len(r)-1:])
	}
}
