package warehouse_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"fundwatch"
	"fundwatch/warehouse"
	"fundwatch/warehouse/warehousetest"
)

// TestDialect proves the meaning of every fw_ macro and of the constructs that engines differ in. Another engine
// passes this table or is not one.
func TestDialect(t *testing.T) {
	db := warehousetest.Open(t)
	v := db.SystemView("test")
	cases := []struct{ sql, want string }{
		{"fw_div(7, 2)", "3"},
		{"fw_bits(CAST(5 AS BIGINT) | (CAST(1 AS BIGINT) << 40))", "3"},
		{"fw_month(200001)", "0"},
		{"fw_month(202610)", fmt.Sprint(fundwatch.Month(202610).Index())},
		{"fw_yyyymm(fw_month(202612))", "202612"},
		{"fw_add_months(202611, 2)", "202701"},
		{"fw_add_months(202601, -1)", "202512"},
		{"fw_add_months(202601, -13)", "202412"},
		{"fw_months_between(202511, 202602)", "3"},
		{"fw_month_of(DATE '2026-02-28')", "202602"},
		{"fw_mi_of(DATE '2026-10-31') - fw_month(202610)", "0"},
		{"fw_first_day(202602)", "2026-02-01"},
		{"fw_last_day(202402)", "2024-02-29"},
		{"fw_add_days(DATE '2026-02-28', 1)", "2026-03-01"},
		{"fw_days_between(DATE '2026-02-28', DATE '2026-03-02')", "2"},
		{"fw_age(DATE '1966-10-31', DATE '2026-10-30')", "59"},
		{"fw_age(DATE '1966-10-31', DATE '2026-10-31')", "60"},
		{"fw_age_month(DATE '1966-10-31', 60)", "202610"},
		{"fw_matches('520302196001011234', '^[0-9]{17}[0-9X]$')", "true"},
		{"fw_matches('x5203', '^5')", "false"},
		{"fw_extract('金额 120 元', '[0-9]+')", "120"},
		{"fw_extract('无', '[0-9]+')", "<nil>"},
		{"fw_try_int('12')", "12"},
		{"fw_try_int('1x')", "<nil>"},
		{"fw_try_date('2026-02-30')", "<nil>"},
		{"fw_arg_max(a, b) FROM (VALUES ('x', 1), ('y', 3), ('z', 2)) AS t(a, b)", "y"},
		{"fw_arg_min(a, b) FROM (VALUES ('x', 1), ('y', 3), ('z', 2)) AS t(a, b)", "x"},
		{"fw_hash('a') >= 0", "true"},
		{"'a' || NULL", "<nil>"},
		{"sum(x) FROM (VALUES (CAST(9000000000000 AS BIGINT)), (CAST(1 AS BIGINT))) AS t(x)", "9000000000001"},
		{"count(*) FILTER (WHERE x > 1) FROM (VALUES (1), (2)) AS t(x)", "1"},
		{"string_agg(x, '、' ORDER BY x DESC) FROM (VALUES ('a'), ('b')) AS t(x)", "b、a"},
		{"CAST('2026-10-31 08:00:00' AS TIMESTAMP)", "2026-10-31 08:00:00"},
		{"CAST(1 AS DOUBLE PRECISION) / 4", "0.25"},
		{"bool_or(x) FROM (VALUES (true), (false)) AS t(x)", "true"},
	}
	for _, c := range cases {
		f, err := v.Query(t.Context(), warehouse.Statement{SQL: "SELECT " + c.sql})
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		if got := show(f.Rows[0][0], f.Columns[0].Type); got != c.want {
			t.Errorf("%s = %s, want %s", c.sql, got, c.want)
		}
	}
}

func show(v any, typ string) string {
	at, ok := v.(time.Time)
	switch {
	case ok && typ == "date":
		return at.Format(time.DateOnly)
	case ok:
		return at.Format(time.DateTime)
	}
	return fmt.Sprint(v)
}

// TestMasks shows what an actor sees of personal data, and that odd values are hidden whole.
func TestMasks(t *testing.T) {
	db := warehousetest.Open(t)
	v := db.SystemView("test")
	cases := []struct{ mask, value, want string }{
		{"name", "王明", "王*"}, {"name", "王小明", "王*明"}, {"name", "欧阳小明", "欧*明"}, {"name", "王", "*"}, {"name", "", "*"},
		{"id", "520302196001011234", "5****************4"}, {"id", "52030219600101123X", "5****************X"},
		{"id", "520302600101123", "5*************3"}, {"id", "H1234567", "******"}, {"id", "５２０３０２196001011234", "******"},
		{"id", "520302 196001011234", "******"}, {"id", "", "******"},
		{"account", "6217000123456789", "****6789"}, {"account", "12345", "****"}, {"account", "", "****"},
		{"phone", "13812345678", "138****5678"}, {"phone", "0851-8123456", "****"},
		{"address", "贵州省遵义市红花岗区中山路1号", "贵州省遵义市红花岗区****"}, {"address", "贵州省遵义市仁怀市阳光小区3栋", "贵州省遵义市仁怀市****"},
		{"address", "贵州省黔东南苗族侗族自治州凯里市大十字街道5号", "贵州省黔东南苗族侗族自治州凯里市****"},
		{"address", "贵州省毕节市威宁彝族回族苗族自治县草海镇1组", "贵州省毕节市威宁彝族回族苗族自治县****"},
		{"address", "贵州省安顺市镇宁布依族苗族自治县城关镇", "贵州省安顺市镇宁布依族苗族自治县****"},
		{"address", "仁怀市茅台镇阳光小区3栋", "仁怀市****"}, {"address", "中山路1号阳光小区", "****"}, {"address", "", "****"},
		{"value", "520302196001011234", "5***4"}, {"value", "王明", "王*"}, {"value", "1", "*"}, {"value", "王小明", "王***明"},
	}
	for _, c := range cases {
		f := warehousetest.Query(t, v, "SELECT fw_mask_"+c.mask+"(?)", c.value)
		if f.Rows[0][0] != c.want {
			t.Errorf("%s %q is shown as %v, want %s", c.mask, c.value, f.Rows[0][0], c.want)
		}
		f = warehousetest.Query(t, v, "SELECT fw_mask_"+c.mask+"(nullif(?, ?))", c.value, c.value)
		if f.Rows[0][0] != nil {
			t.Errorf("%s of nothing is %v", c.mask, f.Rows[0][0])
		}
	}
}

func TestFrames(t *testing.T) {
	db := warehousetest.Open(t)
	d, err := payments(0, 200)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Load(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	v := db.SystemView("test")
	f := warehousetest.Query(t, v, "SELECT rid FROM {{AC83}} ORDER BY rid DESC")
	if len(f.Rows) != 10000 || !f.Truncated || f.Rows[0][0] != int64(14400) {
		t.Errorf("%d rows, truncated %v, first %v", len(f.Rows), f.Truncated, f.Rows[0])
	}
	f = warehousetest.Query(t, v, "SELECT rid FROM {{AC83}} ORDER BY rid LIMIT 12000")
	if len(f.Rows) != 10000 || !f.Truncated {
		t.Errorf("own limit: %d rows, truncated %v", len(f.Rows), f.Truncated)
	}
	n := 0
	if err := v.Each(t.Context(), warehouse.Statement{SQL: "SELECT rid FROM {{AC83}}"}, func([]any) error { n++; return nil }); err != nil || n != 14400 {
		t.Errorf("each: %d rows, %v", n, err)
	}
	at := time.Date(2026, 10, 31, 8, 0, 0, 0, fundwatch.Shanghai())
	f = warehousetest.Query(t, v, "SELECT CAST(? AS TIMESTAMP), CAST(? AS DATE), ?, ?, ?, ?, ? + 0.5, NULL", at, at, fundwatch.Month(202610),
		fundwatch.Fen(5), fundwatch.EnterprisePension, true, 1)
	want := []any{at, at.Add(-8 * time.Hour), int64(202610), int64(5), "110", true, 1.5, nil}
	for i, w := range want {
		got := f.Rows[0][i]
		if wt, ok := w.(time.Time); ok {
			if gt, ok := got.(time.Time); !ok || !gt.Equal(wt) {
				t.Errorf("cell %d: %v, want %v", i, got, w)
			}
		} else if got != w {
			t.Errorf("cell %d: %v (%T), want %v", i, got, got, w)
		}
	}
	if _, err := v.Query(t.Context(), warehouse.Statement{SQL: "SELECT ?", Args: []any{[]int{1}}}); err == nil {
		t.Error("a slice was bound")
	}
	if _, err := v.Query(t.Context(), warehouse.Statement{SQL: "SELECT ?"}); err == nil {
		t.Error("a missing argument was accepted")
	}
}

func TestQueriesGiveUpWithTheirContext(t *testing.T) {
	db := warehousetest.Open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := db.SystemView("test").Query(ctx, warehouse.Statement{
		SQL: "SELECT count(*) FROM generate_series(1, 200000) AS a(x), generate_series(1, 200000) AS b(y) WHERE x * y % 7 = 3"})
	if err == nil || time.Since(start) > 10*time.Second {
		t.Fatalf("after %v: %v", time.Since(start), err)
	}
	warehousetest.Query(t, db.SystemView("test"), "SELECT 1")
}
