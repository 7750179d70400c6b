package intake

import (
	"fmt"
	"strings"
	"testing"
	"testing/quick"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/warehouse/intake/sheet"
)

func TestParse(t *testing.T) {
	text := func(s string) sheet.Cell { return sheet.Cell{Text: s} }
	number := func(s string) sheet.Cell { return sheet.Cell{Text: s, Kind: sheet.Number} }
	date := func(s string) sheet.Cell { return sheet.Cell{Text: s, Kind: sheet.Date} }
	id := core.Column{Type: core.Text, Mask: core.MaskID}
	sex := core.Column{Type: core.Text, Codes: map[string]string{"1": "男", "2": "女"}}
	of := func(typ core.Type) core.Column { return core.Column{Type: typ} }
	tests := []struct {
		column core.Column
		cell   sheet.Cell
		want   string // the value as %v, or part of what is wrong after !
	}{
		{of(core.Money), text("1,234.50"), "123450"},
		{of(core.Money), text("¥ 12"), "!两位小数"},
		{of(core.Money), text("¥12元"), "1200"},
		{of(core.Money), text("-0.05"), "-5"},
		{of(core.Money), text("+1.5"), "150"},
		{of(core.Money), text("１２．３"), "1230"},
		{of(core.Money), text("1.500"), "150"},
		{of(core.Money), text("1.005"), "!两位小数"},
		{of(core.Money), text("1,23.00"), "!两位小数"},
		{of(core.Money), text("--1"), "!两位小数"},
		{of(core.Money), text("1e3"), "!两位小数"},
		{of(core.Money), text(".5"), "!两位小数"},
		{of(core.Money), text("1234567890123456"), "!两位小数"},
		{of(core.Money), number("0.28999999999999998"), "29"},
		{of(core.Money), number("1.2345E+3"), "123450"},
		{of(core.Money), number("0.005"), "!两位小数"},
		{of(core.Money), number("1e300"), "!两位小数"},
		{of(core.Date), text("2026-01-31"), "2026-01-31 00:00:00 +0000 UTC"},
		{of(core.Date), text("2026年1月5日"), "2026-01-05 00:00:00 +0000 UTC"},
		{of(core.Date), number("20260131"), "2026-01-31 00:00:00 +0000 UTC"},
		{of(core.Date), date("2026-01-31 08:30:00"), "2026-01-31 00:00:00 +0000 UTC"},
		{of(core.Date), text("2026-02-30"), "!日期"},
		{of(core.Date), number("46023"), "!日期"},
		{of(core.Date), text("1799-01-01"), "!日期"},
		{of(core.Month), text("202601"), "202601"},
		{of(core.Month), text("2026年1月"), "202601"},
		{of(core.Month), date("2026-01-31"), "202601"},
		{of(core.Month), text("202613"), "!年月"},
		{of(core.Time), text("2026/1/5 08:30:00"), "2026-01-05 08:30:00 +0000 UTC"},
		{of(core.Time), text("昨天"), "!时间"},
		{of(core.Ratio), text("8%"), "0.08"},
		{of(core.Ratio), number("0.5"), "0.5"},
		{of(core.Ratio), text("NaN"), "!小数"},
		{of(core.Key), number("1.2E+3"), "1200"},
		{of(core.Key), text("12a"), "!整数"},
		{of(core.Int), text("3000000000"), "!超出范围"},
		{id, text(" 52030219600101001x "), "52030219600101001X"},
		{id, number("520302196001010015"), "!末位已经丢失"},
		{id, number("5.20302196001010E+17"), "!末位已经丢失"},
		{of(core.Text), number("123"), "123"},
		{of(core.Text), date("2026-01-31"), "20260131"},
		{of(core.Text), text(strings.Repeat("长", 4001)), "!4000 个字"},
		{of(core.Text), text("a\x00b"), "!控制字符"},
		{sex, text("女"), "2"},
		{sex, text("2"), "2"},
		{sex, text("3"), "!可填：1 男、2 女"},
		{of(core.Text), text(""), "<nil>"},
		{of(core.Text), sheet.Cell{Kind: sheet.Broken, Text: "#N/A"}, "!错误值"},
		{of("other"), text("x"), "!类型"},
	}
	for _, tt := range tests {
		v, wrong := parse(tt.column, tt.cell)
		got := fmt.Sprint(v)
		if wrong != "" {
			got = "!" + wrong
		}
		if want, isWrong := strings.CutPrefix(tt.want, "!"); got != tt.want && (!isWrong || !strings.HasPrefix(got, "!") || !strings.Contains(got, want)) {
			t.Errorf("%s %q: %s, want %s", tt.column.Type, tt.cell.Text, got, tt.want)
		}
	}
}

// TestMoneyRoundTrip writes any amount as the product does and reads it back.
func TestMoneyRoundTrip(t *testing.T) {
	c := core.Column{Type: core.Money}
	same := func(n int64) bool {
		n %= 1e15
		for _, s := range []string{fundwatch.Fen(n).String(), strings.TrimSuffix(fundwatch.Fen(n).Yuan(), " 元")} {
			if v, wrong := parse(c, sheet.Cell{Text: s}); wrong != "" || v != n {
				return false
			}
		}
		return true
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
}

// FuzzParse reads any text as any type: it gives a value of that type or says what is wrong, never both.
func FuzzParse(f *testing.F) {
	f.Add("1,234.50", uint8(0), uint8(0))
	f.Add("2026年1月31日", uint8(1), uint8(2))
	types := []core.Type{core.Key, core.Text, core.Date, core.Month, core.Money, core.Int, core.Ratio, core.Time}
	f.Fuzz(func(t *testing.T, s string, typ, kind uint8) {
		c := core.Column{Type: types[int(typ)%len(types)], Mask: core.MaskID}
		v, wrong := parse(c, sheet.Cell{Text: s, Kind: sheet.Kind(kind % 6)})
		if v != nil && wrong != "" {
			t.Fatalf("%v and %q", v, wrong)
		}
		if n, ok := v.(int64); ok && c.Type == core.Month && !fundwatch.Month(n).Valid() {
			t.Fatalf("month %d", n)
		}
		_ = show(c, v)
	})
}
