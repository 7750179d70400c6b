package warehouse_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/warehouse"
	"fundwatch/warehouse/warehousetest"
)

// TestScopeHoldsForRandomActorsAndQueries asks 200 random questions as random actors. The answer to each must be the
// answer of a warehouse that holds nothing but the rows of the actor's scope, filtered in Go by Scope.Covers; and as
// seen by the same actor with masks, no cell holds personal data in clear.
func TestScopeHoldsForRandomActorsAndQueries(t *testing.T) {
	const actors, questions = 5, 40
	rows := warehousetest.Random(7, 150)
	dir := t.TempDir()
	db := warehousetest.OpenIn(t, dir)
	fill(t, db, rows)
	canaries := warehousetest.Canaries(rows)
	rng := rand.New(rand.NewPCG(20261031, 7))
	answered := 0
	for a := range actors {
		scope := randomScope(rng)
		own, err := warehouse.Open(t.Context(), warehouse.Config{Dir: t.TempDir(), Threads: 2,
			KeyFile: filepath.Join(dir, "pseudonym.key")}, warehousetest.Options())
		if err != nil {
			t.Fatal(err)
		}
		fill(t, own, within(t, rows, scope))
		clear := fundwatch.Actor{ID: "a", Scope: scope.WithClear()}
		for range questions {
			sql := question(rng)
			want := answer(t, own.SystemView("oracle"), sql)
			got := answer(t, db.View(clear), sql)
			if !slices.Equal(got, want) {
				t.Fatalf("actor %d %v %v\n%s\nsees %d rows, should see %d\n%.500v\n%.500v", a, scope.Regions(), scope.Lines(), sql, len(got), len(want), got, want)
			}
			masked := answer(t, db.View(fundwatch.Actor{ID: "a", Scope: scope}), sql)
			text := strings.Join(masked, "\n")
			for _, c := range canaries {
				if strings.Contains(text, c) {
					t.Fatalf("%s\nshows %s", sql, c)
				}
			}
			if len(want) > 0 {
				answered++
			}
		}
		if err := own.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if answered < actors*questions/2 {
		t.Fatalf("only %d of %d questions had an answer: the test proves little", answered, actors*questions)
	}
}

func fill(t *testing.T, db *warehouse.DB, rows map[string][]warehousetest.Row) {
	t.Helper()
	for _, table := range warehousetest.RandomTables() {
		warehousetest.Load(t, db, table, rows[table])
	}
}

func randomScope(rng *rand.Rand) fundwatch.Scope {
	var regions []fundwatch.Region
	all := []fundwatch.Region{"520000", "520100", "520102", "520300", "520325", "520500", "522300", "522301"}
	for range 1 + rng.IntN(3) {
		regions = append(regions, all[rng.IntN(len(all))])
	}
	var lines []fundwatch.Insurance
	for _, l := range fundwatch.Insurances() {
		if rng.IntN(3) > 0 {
			lines = append(lines, l)
		}
	}
	return fundwatch.NewScope(regions, lines)
}

// within keeps the rows of a scope, by the words of the contract and not by the warehouse's SQL.
func within(t *testing.T, rows map[string][]warehousetest.Row, s fundwatch.Scope) map[string][]warehousetest.Row {
	t.Helper()
	home := map[any]fundwatch.Region{}
	for _, r := range rows["AC01"] {
		home[r["AAC147"]] = fundwatch.Region(r["AAB301"].(string))
	}
	out := map[string][]warehousetest.Row{}
	for code, list := range rows {
		table, err := core.TableByCode(code)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			line := fundwatch.Insurance(table.LineIs)
			if table.Line != "" {
				line = fundwatch.Insurance(r[table.Line].(string))
			}
			var in bool
			switch table.Scope {
			case "all":
				in = !s.Empty()
			case "person":
				in = s.Covers(home[r["AAC147"]], line)
			default:
				in = s.Covers(fundwatch.Region(r[table.Region].(string)), line)
			}
			if in {
				out[code] = append(out[code], r)
			}
		}
	}
	return out
}

// answer is the rows of a question in a comparable form.
func answer(t *testing.T, v *warehouse.View, sql string) []string {
	t.Helper()
	var out []string
	err := v.Each(t.Context(), warehouse.Statement{SQL: sql}, func(row []any) error {
		out = append(out, fmt.Sprint(row...))
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	slices.Sort(out)
	return out
}

// question writes a random query. Row numbers and load numbers are left out: they differ between the two
// warehouses that a question is put to.
func question(rng *rand.Rand) string {
	byPerson := []string{"AC01", "AC02", "AC43", "AC60", "AC82", "AC83", "AC84", "AE04", "AE10", "JC10"}
	pick := func() string { return byPerson[rng.IntN(len(byPerson))] }
	a, b := pick(), pick()
	switch rng.IntN(12) {
	case 0:
		return fmt.Sprintf("SELECT %s FROM {{%s}} AS x WHERE x.AAC001 %% %d = 0 OR 1 = 1", columns("x", a), a, 1+rng.IntN(5))
	case 1:
		return fmt.Sprintf("SELECT %s, %s FROM {{%s}} x %s JOIN {{%s}} y ON x.AAC001 = y.AAC001", columns("x", a), columns("y", b), a,
			[]string{"INNER", "LEFT", "FULL"}[rng.IntN(3)], b)
	case 2:
		return fmt.Sprintf("WITH p AS (SELECT AAC001, AAB301, count(*) AS n FROM {{%s}} GROUP BY 1, 2), q AS (SELECT p.*, x.AAB301 AS other FROM p JOIN {{%s}} x USING (AAC001)) SELECT * FROM q", a, b)
	case 3:
		return fmt.Sprintf("SELECT AAC001, AAB301 FROM {{%s}} UNION ALL SELECT AAC001, AAB301 FROM {{%s}}", a, b)
	case 4:
		return fmt.Sprintf("SELECT %s FROM {{%s}} x WHERE EXISTS (SELECT 1 FROM {{%s}} y WHERE y.AAC001 = x.AAC001)", columns("x", a), a, b)
	case 5:
		return fmt.Sprintf("SELECT AAB301, count(*), min(AAC001), max(AAC001) FROM {{%s}} WHERE AAC001 NOT IN (SELECT AAC001 FROM {{%s}}) GROUP BY AAB301", a, b)
	case 6:
		return fmt.Sprintf("SELECT d.AAC147, d.AAC003, d.AAE138, p.AAC003, p.AAB301 FROM {{X_GA_SW}} d %s JOIN {{AC01}} p USING (person_key)",
			[]string{"LEFT", "INNER", "FULL"}[rng.IntN(3)])
	case 7:
		return "SELECT AAC147, AAC003, AAE140, person_key FROM {{X_QG_DY}}"
	case 8:
		return fmt.Sprintf("SELECT (SELECT string_agg(AAC003 || AAC147 || AAC067, ',' ORDER BY AAC001) FROM {{AC01}}), (SELECT max(AAE010) FROM {{AE10}}), count(*) FROM {{%s}}", a)
	case 9:
		return "SELECT AAE122, AAE123, AAE124, upper(reverse(AAE124)), u.AAE045, u.AAE046, u.AAE005 FROM {{AE04}} e, {{AB01}} u"
	case 10:
		return "SELECT * FROM (SELECT AAE009, AAE010, AAE136, account_key, AAE140, mi, sum(AAE019) OVER (PARTITION BY AAE140) AS s FROM {{AC82}}) z JOIN {{JA01}} j ON true"
	default:
		return fmt.Sprintf("WITH AC AS (SELECT * FROM {{%s}} WHERE AAB301 >= '52') SELECT l.AAB301, count(DISTINCT AC.AAC001), (SELECT count(*) FROM AC) FROM AC RIGHT JOIN {{%s}} l ON l.AAC001 = AC.AAC001 GROUP BY 1", a, b)
	}
}

// columns lists the contract's columns of a table.
func columns(alias, table string) string {
	def, err := core.TableByCode(table)
	if err != nil {
		return "*"
	}
	var out []string
	for _, c := range def.Columns {
		out = append(out, alias+"."+c.Code)
	}
	return strings.Join(out, ", ")
}
