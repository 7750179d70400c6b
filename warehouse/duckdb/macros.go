package duckdb

// Macros are the functions of the dialect that the engines spell differently, as CREATE statements. Each is written
// for this engine; its meaning stands in warehouse/dialect.md and is proven by the conformance tests there.
func (e *Engine) Macros() []string {
	bodies := []string{
		`fw_div(a, b) AS a // b`,
		`fw_bits(x) AS bit_count(x)`,
		`fw_month(ym) AS (ym // 100 - 2000) * 12 + ym % 100 - 1`,
		`fw_yyyymm(mi) AS CAST((2000 + mi // 12) * 100 + mi % 12 + 1 AS INTEGER)`,
		`fw_add_months(ym, n) AS fw_yyyymm(fw_month(ym) + n)`,
		`fw_months_between(a, b) AS fw_month(b) - fw_month(a)`,
		`fw_month_of(d) AS CAST(year(d) * 100 + month(d) AS INTEGER)`,
		`fw_mi_of(d) AS CAST((year(d) - 2000) * 12 + month(d) - 1 AS INTEGER)`,
		`fw_first_day(ym) AS make_date(ym // 100, ym % 100, 1)`,
		`fw_last_day(ym) AS last_day(make_date(ym // 100, ym % 100, 1))`,
		`fw_add_days(d, n) AS CAST(d AS DATE) + CAST(n AS INTEGER)`,
		`fw_days_between(a, b) AS CAST(b AS DATE) - CAST(a AS DATE)`,
		`fw_age(birth, d) AS CAST(year(d) - year(birth) - CASE WHEN month(d) * 100 + day(d) < month(birth) * 100 + day(birth) THEN 1 ELSE 0 END AS INTEGER)`,
		`fw_age_month(birth, years) AS CAST((year(birth) + years) * 100 + month(birth) AS INTEGER)`,
		`fw_matches(x, pattern) AS regexp_matches(x, pattern)`,
		`fw_extract(x, pattern) AS nullif(regexp_extract(x, pattern), '')`,
		`fw_try_int(x) AS TRY_CAST(x AS BIGINT)`,
		`fw_try_date(x) AS TRY_CAST(x AS DATE)`,
		`fw_arg_min(v, k) AS arg_min(v, k)`,
		`fw_arg_max(v, k) AS arg_max(v, k)`,
		`fw_hash(x) AS CAST(hash(x) >> 1 AS BIGINT)`,
		`fw_stars(n) AS repeat('*', CAST(greatest(n, 1) AS INTEGER))`,
		`fw_mask_name(x) AS CASE WHEN length(x) <= 1 THEN '*' WHEN length(x) = 2 THEN left(x, 1) || '*' ELSE left(x, 1) || '*' || right(x, 1) END`,
		`fw_mask_id(x) AS CASE WHEN regexp_full_match(x, '[0-9]{17}[0-9Xx]|[0-9]{15}') THEN left(x, 1) || fw_stars(length(x) - 2) || right(x, 1) WHEN x IS NOT NULL THEN '******' END`,
		`fw_mask_account(x) AS CASE WHEN length(x) >= 10 THEN '****' || right(x, 4) WHEN x IS NOT NULL THEN '****' END`,
		`fw_mask_phone(x) AS CASE WHEN regexp_full_match(x, '[0-9]{11}') THEN left(x, 3) || '****' || right(x, 4) WHEN x IS NOT NULL THEN '****' END`,
		`fw_mask_address(x) AS CASE WHEN x IS NOT NULL THEN regexp_extract(x, '^(?:[^省]{2,8}省)?(?:[^省市州县区镇乡街路村]{2,11}[市州])?(?:镇?[^省市州县区镇乡街路村]{1,13}[县区市])?') || '****' END`,
		`fw_mask_value(x) AS CASE WHEN length(x) <= 1 THEN '*' WHEN length(x) = 2 THEN left(x, 1) || '*' WHEN x IS NOT NULL THEN left(x, 1) || '***' || right(x, 1) END`,
	}
	out := make([]string, len(bodies))
	for i, b := range bodies {
		out[i] = "CREATE OR REPLACE MACRO " + b
	}
	return out
}
