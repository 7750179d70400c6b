package patrol

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/warehouse"
)

// Horizon is how many months the masks hold: two words of 60 bits, so that no word has a sign.
const Horizon = 120

// derived describes the tables that patrol keeps in the warehouse. Masks are kept up to date by touched persons;
// the others are filled anew in each round for the persons it looks at.
//
// PAYMASK, FEEMASK and CERTMASK hold, per person, the months paid, contributed and covered by a certification as
// bits from the epoch on. They may show more than is true (they know nothing of reversals and unpaid plans) but
// never less: rules take their candidates from them and judge candidates on NETPAY, MONTHNET and NETFEE, which are
// made of the rows themselves.
func derived() []warehouse.DerivedTable {
	out := []warehouse.DerivedTable{
		table("PAYMASK", "待遇月份掩码", "AAC001 AAB301 AAE140",
			"AAC001:key AAE140:text AAA036:text AAB301:text periodic:int n:key b0:key b1:key p0:key p1:key rows_n:key "+
				"first_mi:int last_mi:int top:money back_n:key back:money"),
		table("FEEMASK", "缴费月份掩码", "AAC001 - AAE140", "AAC001:key AAE140:text b0:key b1:key first_mi:int last_mi:int"),
		table("CERTMASK", "认证有效月份掩码", "AAC001 - -", "AAC001:key c0:key c1:key"),
		table("PAYCUBE", "待遇月度汇总", "- AAB301 AAE140", "AAB301:text AAE140:text mi:int net:money"),
		table("PAYMEAN", "人均月待遇", "- - -", "AAE140:text city:text pay_year:int persons:key person_months:key net:money"),
		table("MONTHS", "月份掩码对照", "- - -", "mi:int mi_year:int from0:key from1:key"),
		table("TOUCHED", "本轮触及对象", "k - -", "k:key"),
		table("REVISED", "有更正的人员", "AAC001 - -", "AAC001:key"),
		table("DEATH", "可判定的死亡登记", "AAC001 - -", "AAC001:key death_on:date death_mi:int"),
		table("PRISON", "可判定的服刑期间", "AAC001 - -", "AAC001:key admitted_on:date released_on:date from_mi:int to_mi:int"),
		table("SUSPECT", "本轮候选人员", "AAC001 - -", "rule:text AAC001:key"),
		table("NETPAY", "候选人员已付净额（项目）", "AAC001 region AAE140",
			"AAC001:key AAE140:text AAA036:text mi:int periodic:int net:money normal_n:key minus_n:key top:money region:text"),
		table("MONTHNET", "候选人员已付净额（月）", "AAC001 region AAE140", "AAC001:key AAE140:text mi:int net:money region:text"),
		table("NETFEE", "候选人员实缴净额（月）", "AAC001 region AAE140",
			"AAC001:key AAE140:text mi:int net:money unit_net:money base:money region:text"),
		table("MASKSTATE", "掩码状态", "- - -", "seq:key epoch:int"),
	}
	for _, d := range out[:4] {
		d.Name, d.Title = freshTable(d.Name), d.Title+"（更新中）"
		out = append(out, d)
	}
	return out
}

// table writes one description: person, region and line columns ("-" for none), then name:type of each column.
func table(name, title, scope, columns string) warehouse.DerivedTable {
	d := warehouse.DerivedTable{Name: name, Title: title}
	for i, column := range strings.Fields(scope) {
		if column != "-" {
			*[]*string{&d.Person, &d.Region, &d.Line}[i] = column
		}
	}
	d.Public = d.Person == "" && d.Region == ""
	for _, c := range strings.Fields(columns) {
		col, typ, _ := strings.Cut(c, ":")
		d.Columns = append(d.Columns, core.Column{Code: col, Name: col, Type: core.Type(typ)})
	}
	return d
}

func derivedNames() []string {
	var out []string
	for _, d := range derived() {
		out = append(out, d.Name)
	}
	return out
}

// personTables maps every table whose rows are about one person to its person column, for narrowing a view to the
// touched persons. AC62 names two persons, so it is never narrowed.
func personTables(tables []core.Table) map[string]string {
	out := map[string]string{}
	for _, t := range tables {
		if t.Person != "" && t.Code != "AC62" {
			out[t.Code] = t.Person
		}
	}
	for _, d := range derived() {
		if d.Person != "" {
			out[d.Name] = d.Person
		}
	}
	return out
}

// mask is a kept table: how it is made from its source, and how two parts of it are put together.
type mask struct {
	name   string
	source string
	where  string
	join   string   // further tables the expressions need
	keys   []string // of the table and of the source alike
	values []value
	// additive masks are sums over rows: what vanished is subtracted instead of recomputed.
	additive bool
}

// value is one column of a mask.
type value struct{ name, expr, combine string }

// oneTime lists the benefit items that are paid once: no month of theirs is a month of a benefit.
const oneTime = "'110201', '110202', '170201', '410101', '410105', '410106', '400010', '400012'"

// masks are the kept tables for an epoch, in the order in which they are refreshed.
func masks(epoch int) []mask {
	within := fmt.Sprintf("s.mi >= %d AND s.mi < %d", epoch, epoch+Horizon)
	bit := func(word int, cond string) string {
		lo := epoch + 60*word
		return fmt.Sprintf("bit_or(CASE WHEN %s s.mi >= %d AND s.mi < %d THEN CAST(1 AS BIGINT) << (s.mi - %d) ELSE 0 END)",
			cond, lo, lo+60, lo)
	}
	sum := func(cond, what string) string {
		return fmt.Sprintf("CAST(sum(CASE WHEN %s THEN %s ELSE 0 END) AS BIGINT)", cond, what)
	}
	return []mask{
		{
			name: "PAYMASK", source: "AC83", keys: []string{"AAC001", "AAE140", "AAA036", "AAB301"},
			where: "s.AAE019 > 0 AND coalesce(s.AAA088, '1') <> '3' AND " + within,
			values: []value{
				{"periodic", "max(CASE WHEN s.AAA036 IN (" + oneTime + ") THEN 0 ELSE 1 END)", "max"},
				{"n", sum("s.AAA088 = '1'", "1"), "sum"},
				{"b0", bit(0, "s.AAA088 = '1' AND"), "bit_or"}, {"b1", bit(1, "s.AAA088 = '1' AND"), "bit_or"},
				{"p0", bit(0, ""), "bit_or"}, {"p1", bit(1, ""), "bit_or"},
				{"rows_n", "count(*)", "sum"},
				{"first_mi", "min(s.mi)", "min"}, {"last_mi", "max(s.mi)", "max"}, {"top", "max(s.AAE019)", "max"},
				{"back_n", sum("s.AAA088 = '2'", "1"), "sum"}, {"back", sum("s.AAA088 = '2'", "s.AAE019"), "sum"},
			},
		},
		{
			name: "FEEMASK", source: "AC43", keys: []string{"AAC001", "AAE140"},
			where: "s.AAA115 = '10' AND s.YAE589 = '0' AND coalesce(s.AAE080, 0) + coalesce(s.AAE082, 0) > 0 AND " + within,
			values: []value{
				{"b0", bit(0, ""), "bit_or"}, {"b1", bit(1, ""), "bit_or"},
				{"first_mi", "min(s.mi)", "min"}, {"last_mi", "max(s.mi)", "max"},
			},
		},
		{
			// A certification covers its month and the eleven after it: from(c) without from(c+12).
			name: "CERTMASK", source: "AC90", keys: []string{"AAC001"},
			join:  "JOIN {{MONTHS}} f ON f.mi = fw_mi_of(s.AAE230) JOIN {{MONTHS}} t ON t.mi = fw_mi_of(s.AAE230) + 12",
			where: "s.AAA094 = '1'",
			values: []value{
				{"c0", "bit_or(f.from0 - t.from0)", "bit_or"}, {"c1", "bit_or(f.from1 - t.from1)", "bit_or"},
			},
		},
		{
			name: "PAYCUBE", source: "AC83", keys: []string{"AAB301", "AAE140", "mi"}, additive: true,
			where:  "s.AAA036 NOT IN (" + oneTime + ") AND " + within,
			values: []value{{"net", "CAST(sum(" + signed("s") + ") AS BIGINT)", "sum"}},
		},
	}
}

// signed is a payment row's amount: a deduction counts against, whichever sign the core wrote.
func signed(alias string) string {
	return fmt.Sprintf("CASE WHEN %[1]s.AAA088 = '3' THEN -abs(%[1]s.AAE019) ELSE %[1]s.AAE019 END", alias)
}

func (m mask) columns() string {
	names := slices.Clone(m.keys)
	for _, v := range m.values {
		names = append(names, v.name)
	}
	return strings.Join(names, ", ")
}

// aggregate is the SELECT that makes the mask from rows of a table like its source.
func (m mask) aggregate(source, cond string) string {
	keys := "s." + strings.Join(m.keys, ", s.")
	exprs := []string{keys}
	for _, v := range m.values {
		exprs = append(exprs, v.expr+" AS "+v.name)
	}
	return fmt.Sprintf("SELECT %s FROM {{%s}} s %s WHERE %s%s AND s.%s IS NOT NULL GROUP BY %s",
		strings.Join(exprs, ", "), source, m.join, m.where, cond, m.keys[0], keys)
}

// rebuild makes the mask from all rows.
func (m mask) rebuild() []warehouse.Statement {
	return []warehouse.Statement{
		{SQL: "DELETE FROM {{>" + m.name + "}}"},
		{SQL: fmt.Sprintf("INSERT INTO {{>%s}} (%s) %s", m.name, m.columns(), m.aggregate(m.source, ""))},
	}
}

// touch fills REVISED and TOUCHED with the persons whose rows of the source changed since the load `from`.
func (m mask) touch(from int64) []warehouse.Statement {
	gone := fmt.Sprintf("SELECT s.AAC001 FROM {{%s_GONE}} s WHERE s.gone_seq > ? AND s.AAC001 IS NOT NULL", m.source)
	return []warehouse.Statement{
		{SQL: "DELETE FROM {{>REVISED}}"},
		{SQL: "INSERT INTO {{>REVISED}} SELECT DISTINCT AAC001 FROM (" + gone + ") AS g", Args: []any{from}},
		{SQL: "DELETE FROM {{>TOUCHED}}"},
		{SQL: fmt.Sprintf("INSERT INTO {{>TOUCHED}} SELECT AAC001 FROM {{%s}} WHERE load_seq > ? AND AAC001 IS NOT NULL "+
			"UNION SELECT AAC001 FROM {{REVISED}}", m.source), Args: []any{from}},
	}
}

// refresh brings the mask from the load `from` to now. Persons with new rows only are merged; persons whose rows
// were corrected or deleted are recomputed, since a bit cannot be taken back. Cost follows the change, not the
// history.
func (m mask) refresh(ctx context.Context, w *warehouse.Writer, from int64) error {
	if m.additive {
		return runAll(ctx, w, m.refreshSums(from))
	}
	if err := runAll(ctx, w, m.touch(from)); err != nil {
		return err
	}
	rows, err := w.Query(ctx, warehouse.Statement{SQL: "SELECT 1 FROM {{TOUCHED}} LIMIT 1"})
	if err != nil || len(rows) == 0 {
		return err
	}
	return runAll(ctx, w, m.merge(from))
}

// merge replaces the mask's rows of the persons in TOUCHED.
func (m mask) merge(from int64) []warehouse.Statement {
	combined := []string{strings.Join(m.keys, ", ")}
	for _, v := range m.values {
		expr := v.combine + "(" + v.name + ")"
		if v.combine == "sum" {
			expr = "CAST(" + expr + " AS BIGINT)"
		}
		combined = append(combined, expr)
	}
	fresh := freshTable(m.name)
	parts := []string{
		fmt.Sprintf("SELECT %s FROM {{%s}} WHERE AAC001 IN (SELECT k FROM {{TOUCHED}}) AND AAC001 NOT IN (SELECT AAC001 FROM {{REVISED}})",
			m.columns(), m.name),
		m.aggregate(m.source, " AND s.load_seq > ? AND s.AAC001 NOT IN (SELECT AAC001 FROM {{REVISED}})"),
		m.aggregate(m.source, " AND s.AAC001 IN (SELECT AAC001 FROM {{REVISED}})"),
	}
	return []warehouse.Statement{
		{SQL: fmt.Sprintf("DELETE FROM {{>%s}}", fresh)},
		{SQL: fmt.Sprintf("INSERT INTO {{>%s}} (%s) SELECT %s FROM (%s) AS parts GROUP BY %s", fresh, m.columns(),
			strings.Join(combined, ", "), strings.Join(parts, " UNION ALL "), strings.Join(m.keys, ", ")), Args: []any{from}},
		{SQL: fmt.Sprintf("DELETE FROM {{>%s}} WHERE AAC001 IN (SELECT k FROM {{TOUCHED}})", m.name)},
		{SQL: fmt.Sprintf("INSERT INTO {{>%s}} (%s) SELECT %s FROM {{%s}}", m.name, m.columns(), m.columns(), fresh)},
		{SQL: fmt.Sprintf("DELETE FROM {{>%s}}", fresh)},
	}
}

// refreshSums adds what came and subtracts what went as rows of their own, then folds them together.
func (m mask) refreshSums(from int64) []warehouse.Statement {
	fresh := freshTable(m.name)
	keys := strings.Join(m.keys, ", ")
	minus := strings.Replace(m.aggregate(m.source+"_GONE", " AND s.gone_seq > ? AND s.load_seq <= ?"),
		m.values[0].expr, "-"+m.values[0].expr, 1)
	parts := fmt.Sprintf("SELECT %s FROM {{%s}} UNION ALL %s UNION ALL %s", m.columns(), m.name,
		m.aggregate(m.source, " AND s.load_seq > ?"), minus)
	return []warehouse.Statement{
		{SQL: fmt.Sprintf("DELETE FROM {{>%s}}", fresh)},
		{SQL: fmt.Sprintf("INSERT INTO {{>%s}} (%s) SELECT %s, CAST(sum(%s) AS BIGINT) FROM (%s) AS parts GROUP BY %s",
			fresh, m.columns(), keys, m.values[0].name, parts, keys), Args: []any{from, from, from}},
		{SQL: fmt.Sprintf("DELETE FROM {{>%s}}", m.name)},
		{SQL: fmt.Sprintf("INSERT INTO {{>%s}} (%s) SELECT %s FROM {{%s}} WHERE %s <> 0", m.name, m.columns(), m.columns(),
			fresh, m.values[0].name)},
		{SQL: fmt.Sprintf("DELETE FROM {{>%s}}", fresh)},
	}
}

// freshTable is where a refresh of the mask is put together.
func freshTable(name string) string { return "FRESH_" + name }

// firstMonth is 1970-01, before which no benefit that is watched here had begun.
const firstMonth = -360

// months fills MONTHS: for each month the bits of that month and all after it, over all months that a date in the
// books can name.
func months(epoch int) warehouse.Statement {
	const full = int64(1)<<60 - 1
	from := func(k int) int64 {
		switch {
		case k <= 0:
			return full
		case k >= 60:
			return 0
		}
		return full &^ (int64(1)<<k - 1)
	}
	var rows []string
	for mi := firstMonth; mi <= epoch+Horizon+13; mi++ {
		year := int(fundwatch.MonthFromIndex(mi+1200))/100 - 100
		rows = append(rows, fmt.Sprintf("(%d, %d, %d, %d)", mi, year, from(mi-epoch), from(mi-epoch-60)))
	}
	return warehouse.Statement{SQL: "INSERT INTO {{>MONTHS}} SELECT * FROM (VALUES " + strings.Join(rows, ", ") + ") AS m"}
}

// payMean fills PAYMEAN from the masks and the cube: all persons, for a comparison needs the whole group.
func payMean(epoch int) []warehouse.Statement {
	return []warehouse.Statement{
		{SQL: "DELETE FROM {{>PAYMEAN}}"},
		{SQL: fmt.Sprintf(`INSERT INTO {{>PAYMEAN}}
WITH person AS (
  SELECT AAC001, AAE140, substr(AAB301, 1, 4) AS city, bit_or(p0) AS p0, bit_or(p1) AS p1
  FROM {{PAYMASK}} WHERE periodic = 1 AND AAE140 = '110'
  GROUP BY AAC001, AAE140, substr(AAB301, 1, 4)
), years AS (
  SELECT a.mi_year AS pay_year, a.from0 - b.from0 AS y0, a.from1 - b.from1 AS y1
  FROM {{MONTHS}} a JOIN {{MONTHS}} b ON b.mi = a.mi + 12
  WHERE a.mi %% 12 = 0 AND a.mi > %d AND a.mi < %d
), head AS (
  SELECT p.AAE140, p.city, y.pay_year, count(*) AS persons,
         CAST(sum(fw_bits(p.p0 & y.y0) + fw_bits(p.p1 & y.y1)) AS BIGINT) AS person_months
  FROM person p CROSS JOIN years y
  WHERE (p.p0 & y.y0) <> 0 OR (p.p1 & y.y1) <> 0
  GROUP BY p.AAE140, p.city, y.pay_year
), spend AS (
  SELECT AAE140, substr(AAB301, 1, 4) AS city, 2000 + fw_div(mi, 12) AS pay_year, CAST(sum(net) AS BIGINT) AS net
  FROM {{PAYCUBE}} GROUP BY AAE140, substr(AAB301, 1, 4), 2000 + fw_div(mi, 12)
)
SELECT h.AAE140, h.city, h.pay_year, h.persons, h.person_months, s.net
FROM head h JOIN spend s ON s.AAE140 = h.AAE140 AND s.city = h.city AND s.pay_year = h.pay_year`, epoch-12, epoch+Horizon)},
	}
}

// lists fills DEATH and PRISON for the persons looked at: a list entry counts when identity number and name agree.
func lists(narrow bool) []warehouse.Statement {
	only := ""
	if narrow {
		only = " AND a.AAC001 IN (SELECT k FROM {{TOUCHED}})"
	}
	return []warehouse.Statement{
		{SQL: "DELETE FROM {{>DEATH}}"},
		{SQL: `INSERT INTO {{>DEATH}} SELECT a.AAC001, min(x.AAE138), fw_mi_of(min(x.AAE138))
FROM {{AC01}} a JOIN {{X_GA_SW}} x ON x.person_key = a.person_key AND x.AAC003 = a.AAC003
WHERE x.AAE138 IS NOT NULL` + only + ` GROUP BY a.AAC001`},
		{SQL: "DELETE FROM {{>PRISON}}"},
		{SQL: `INSERT INTO {{>PRISON}} SELECT DISTINCT a.AAC001, x.ZSF001, least(x.ZSF002, x.ZSF004), fw_mi_of(x.ZSF001),
  least(coalesce(fw_mi_of(x.ZSF002), 9999), coalesce(fw_mi_of(x.ZSF004), 9999))
FROM {{AC01}} a JOIN {{X_SF_FX}} x ON x.person_key = a.person_key AND x.AAC003 = a.AAC003
WHERE x.ZSF001 IS NOT NULL AND x.ZSF003 IN ('1', '2', '3')` + only},
	}
}

// nets fills NETPAY, MONTHNET and NETFEE for the suspects: one pass over the payments and one over the
// contributions for all rules together. A row counts when its plan, of the same person, was paid.
func nets(epoch int) []warehouse.Statement {
	within := fmt.Sprintf("d.mi >= %d AND d.mi < %d", epoch, epoch+Horizon)
	suspect := "d.AAC001 IN (SELECT AAC001 FROM {{SUSPECT}})"
	paid := "coalesce(d.AAE080, 0) + coalesce(d.AAE082, 0)"
	return []warehouse.Statement{
		{SQL: "DELETE FROM {{>NETPAY}}"},
		{SQL: `INSERT INTO {{>NETPAY}} SELECT d.AAC001, d.AAE140, d.AAA036, d.mi,
  max(CASE WHEN d.AAA036 IN (` + oneTime + `) THEN 0 ELSE 1 END), CAST(sum(` + signed("d") + `) AS BIGINT),
  CAST(sum(CASE WHEN d.AAA088 = '1' AND d.AAE019 > 0 THEN 1 ELSE 0 END) AS BIGINT),
  CAST(sum(CASE WHEN d.AAA088 = '3' OR d.AAE019 < 0 THEN 1 ELSE 0 END) AS BIGINT),
  max(CASE WHEN d.AAA088 = '1' THEN d.AAE019 ELSE 0 END), max(d.AAB301)
FROM {{AC83}} d
WHERE ` + suspect + ` AND ` + within + `
  AND EXISTS (SELECT 1 FROM {{AC82}} p WHERE p.AAZ220 = d.AAZ220 AND p.AAC001 = d.AAC001 AND p.AAE117 = '1'
    AND p.AAC001 IN (SELECT AAC001 FROM {{SUSPECT}}))
GROUP BY d.AAC001, d.AAE140, d.AAA036, d.mi`},
		{SQL: "DELETE FROM {{>MONTHNET}}"},
		{SQL: `INSERT INTO {{>MONTHNET}} SELECT AAC001, AAE140, mi, CAST(sum(net) AS BIGINT), max(region)
FROM {{NETPAY}} WHERE periodic = 1 GROUP BY AAC001, AAE140, mi HAVING sum(net) > 0`},
		{SQL: "DELETE FROM {{>NETFEE}}"},
		{SQL: `INSERT INTO {{>NETFEE}} SELECT d.AAC001, d.AAE140, d.mi,
  CAST(sum(CASE WHEN d.AAA115 = '10' THEN ` + paid + ` ELSE -abs(` + paid + `) END) AS BIGINT),
  CAST(sum(CASE WHEN d.AAB001 IS NULL OR d.AAB001 IN (SELECT AAB001 FROM {{AB01}} WHERE AAB019 = '60') THEN 0
       WHEN d.AAA115 = '10' THEN ` + paid + ` ELSE -abs(` + paid + `) END) AS BIGINT),
  max(CASE WHEN d.AAA115 = '10' THEN d.AAE180 END), max(d.AAB301)
FROM {{AC43}} d
WHERE ` + suspect + ` AND ` + within + ` AND d.AAA115 IN ('10', '30') AND d.YAE589 = '0'
GROUP BY d.AAC001, d.AAE140, d.mi`},
	}
}

// runAll executes statements in order.
func runAll(ctx context.Context, w *warehouse.Writer, stmts []warehouse.Statement) error {
	for _, s := range stmts {
		if _, err := w.Exec(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", firstWords(s.SQL), err)
		}
	}
	return nil
}

// firstWords is the beginning of a statement, for errors.
func firstWords(sql string) string {
	if len(sql) > 60 {
		sql = sql[:60]
	}
	return strings.Join(strings.Fields(sql), " ")
}
