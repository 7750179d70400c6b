package warehouse_test

import (
	"strings"
	"testing"

	"fundwatch"
	"fundwatch/warehouse"
	"fundwatch/warehouse/warehousetest"
)

// TestStatementsThatMustNotRun holds attacks and slips; each must be refused before it reaches a table, also in a
// system view.
func TestStatementsThatMustNotRun(t *testing.T) {
	db := warehousetest.Open(t)
	warehousetest.LoadYAML(t, db, people)
	cases := []string{
		"", " ", "--", "DROP TABLE {{AC01}}", "INSERT INTO {{AC01}} SELECT * FROM {{AC01}}", "DELETE FROM {{>AC01}}",
		"SELECT 1; DROP TABLE facts.AC01", "SELECT 1;", "SELECT * FROM facts.\"AC01\"", "SELECT * FROM AC01",
		"SELECT * FROM {{AC01}} JOIN facts.AC83 USING (AAC001)", "SELECT (SELECT max(AAC147) FROM facts.AC01)",
		"SELECT * FROM warehouse.facts.AC01", "SELECT facts.AC01.AAC147 FROM {{AC01}}",
		"SELECT * FROM history.AC01", "SELECT * FROM meta.load", "SELECT * FROM derived.x",
		"SELECT * FROM information_schema.tables", "SELECT * FROM pg_catalog.pg_class", "SELECT * FROM pg_class",
		"SELECT * FROM duckdb_tables", "SELECT * FROM duckdb_tables()", "SELECT * FROM duckdb_settings()",
		"SELECT * FROM sqlite_master", "SELECT * FROM pragma_database_list", "SELECT * FROM pragma_table_info('facts.AC01')",
		"SELECT * FROM 'x.csv'", "SELECT * FROM read_csv('x.csv')", "SELECT * FROM read_text('/etc/passwd')",
		"SELECT * FROM glob('/*')", "SELECT * FROM query('SELECT 1')", "SELECT * FROM query_table('facts.AC01')",
		"SELECT * FROM enable_logging('QueryLog', storage := 'file', storage_path := '/tmp/x')", "SELECT * FROM checkpoint()",
		"SELECT * FROM json_execute_serialized_sql('x')", "SELECT getvariable('x')", "SELECT current_setting('threads')",
		"SELECT sleep_ms(1000)", "SELECT repeat('x', 4000000000)", "SELECT format('{:>2000000000}', 'x')", "SELECT lpad('x', 2000000000, 'y')",
		"SELECT error('x')", "SELECT hash(AAC147) FROM {{AC01}}", "SELECT list_transform([1], x -> x)", "SELECT [x FOR x IN [1]]",
		"SELECT COLUMNS('AAC.*') FROM {{AC01}}", "SELECT * FROM {{AC01}} USING SAMPLE 1", "SELECT * FROM {{AC01}} AT (VERSION => 1)",
		"WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT * FROM t",
		"WITH duckdb_tables AS (SELECT 1) SELECT * FROM (SELECT * FROM duckdb_tables)",
		"WITH ac01 AS (SELECT 1) SELECT * FROM ac01, {{AC01}}", "SHOW TABLES", "DESCRIBE {{AC01}}", "SUMMARIZE {{AC01}}",
		"PIVOT {{AC01}} ON AAC004", "EXPLAIN SELECT 1", "PRAGMA database_list", "CALL enable_logging()", "SET threads = 9",
		"COPY {{AC01}} TO 'x'", "ATTACH 'x'", "SELECT $1", "SELECT $$x$$", "SELECT E'\\'' FROM {{AC01}}", "SELECT 'x",
		"SELECT * FROM {{AC01", "SELECT * FROM {{AC 01}}", "SELECT * FROM {{AC99}}", "SELECT * FROM {{facts.AC01}}",
		"SELECT * FROM {{AC01}} /* /* */ */", "SELECT * FROM \"{{AC83}}\"", "SELECT 1 \x00", "SELECT * FROM fw_incoming",
		"SELECT * FROM scratch.main.k1", "SELECT AAC999 FROM {{AC01}}", "SELECT AAC001 + AAC003 FROM {{AC01}}",
		"SELECT nextval('x')", "SELECT * FROM range(1000000000)", strings.Repeat("SELECT 1 UNION ALL ", 4000) + "SELECT 1",
	}
	for _, v := range []*warehouse.View{db.SystemView("test"), db.View(warehousetest.Actor("520000"))} {
		for _, sql := range cases {
			s := warehouse.Statement{SQL: sql}
			if err := v.Explain(t.Context(), s); fundwatch.CodeOf(err) != fundwatch.Invalid {
				t.Errorf("explain %.80q: %v", sql, err)
			}
			if _, err := v.Query(t.Context(), s); fundwatch.CodeOf(err) != fundwatch.Invalid {
				t.Errorf("query %.80q: %v", sql, err)
			}
		}
	}
	if sum := sumOf(t, db.SystemView("test")); sum != [2]any{int64(3), int64(572300)} {
		t.Fatalf("the tables changed: %v", sum)
	}
}

// TestStatementsThatMayRun holds the shapes that rules and topics are written in.
func TestStatementsThatMayRun(t *testing.T) {
	db := warehousetest.Open(t)
	warehousetest.LoadYAML(t, db, people)
	cases := map[string]int{ // rows for the system view
		"SELECT * FROM {{AC01}} -- all; of 'them'":                          3,
		"SELECT ';', '{{AC01}}', \"a\"\"b\" FROM (SELECT 1 AS \"a\"\"b\")":  1,
		"SELECT AC01.AAC001 FROM {{AC01}} WHERE AC01.AAC003 LIKE '王%'":      1,
		"/* who */ with p as (select AAC001 from {{AC01}}) select * from p": 3,
		"WITH p AS MATERIALIZED (SELECT AAC001, count(*) FILTER (WHERE AAE019 > 0) AS n FROM {{AC83}} GROUP BY AAC001 HAVING count(*) > 1), q AS (SELECT * FROM p) SELECT * FROM q JOIN {{AC01}} USING (AAC001)": 1,
		"SELECT a.AAC001, row_number() OVER (PARTITION BY AAE140 ORDER BY a.AAE019 DESC) FROM {{AC83}} a LEFT JOIN {{AC01}} b ON b.AAC001 = a.AAC001 AND b.AAB301 = a.AAB301":                                    3,
		"SELECT 1 WHERE EXISTS (SELECT 1 FROM {{X_GA_SW}} d WHERE d.AAC147 IN (SELECT AAC147 FROM {{AC01}}))":                                                                                                    1,
		"(SELECT AAC001 FROM {{AC01}} UNION SELECT AAC001 FROM {{AC83}}) EXCEPT SELECT 1 ORDER BY 1 LIMIT 1":                                                                                                     1,
		"SELECT CASE WHEN AAE019 BETWEEN 1 AND 2 THEN 'a' ELSE CAST(AAE019 AS VARCHAR) END FROM {{AC83}} WHERE AAE036 IS NULL":                                                                                   3,
		"SELECT sum(x.n) FROM (VALUES (1), (2)) AS x(n)":                                                                    1,
		"SELECT string_agg(AAC003, '、' ORDER BY AAC001), percentile_cont(0.5) WITHIN GROUP (ORDER BY AAC001) FROM {{AC01}}": 1,
		"SELECT EXTRACT(year FROM AAC006), date_trunc('month', AAC006), AAC006 + INTERVAL '1' MONTH FROM {{AC01}}":          3,
		"SELECT generate_series FROM generate_series(1, 5)":                                                                 5,
		"SELECT m FROM {{AC01}}, LATERAL (SELECT count(*) AS m FROM {{AC83}} p WHERE p.AAC001 = AC01.AAC001) AS l":          3,
	}
	system, actor := db.SystemView("test"), db.View(warehousetest.Actor("520000"))
	for sql, want := range cases {
		if err := actor.Explain(t.Context(), warehouse.Statement{SQL: sql}); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
		for _, v := range []*warehouse.View{system, actor, system.AsOf(9)} {
			f, err := v.Query(t.Context(), warehouse.Statement{SQL: sql})
			if err != nil {
				t.Errorf("%s: %v", sql, err)
			} else if len(f.Rows) != want && v != actor {
				t.Errorf("%s: %d rows, want %d", sql, len(f.Rows), want)
			}
		}
	}
}

func TestViewsOfNobody(t *testing.T) {
	var reasons []string
	opts := warehousetest.Options()
	opts.OnSystemView = func(r string) { reasons = append(reasons, r) }
	db, err := warehouse.Open(t.Context(), warehouse.Config{Dir: t.TempDir(), Threads: 2}, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	warehousetest.LoadYAML(t, db, people+"\nJA01:\n  - {ZJA001: a, AAE019: 1}\n")
	reasons = nil
	if _, err := db.SystemView(" ").Query(t.Context(), warehouse.Statement{SQL: "SELECT 1"}); fundwatch.CodeOf(err) != fundwatch.Denied {
		t.Errorf("a system view without a reason: %v", err)
	}
	db.SystemView("nightly patrol")
	if len(reasons) != 1 || reasons[0] != "nightly patrol" {
		t.Errorf("reasons told: %q", reasons)
	}
	nobody := []fundwatch.Actor{{}, {Scope: fundwatch.NewScope(nil, fundwatch.Insurances())},
		{Scope: fundwatch.NewScope([]fundwatch.Region{"520000"}, nil)}, {Scope: fundwatch.Scope{}.WithClear()},
		{Scope: fundwatch.NewScope([]fundwatch.Region{"' OR 1"}, fundwatch.Insurances())}}
	for i, a := range nobody {
		for _, table := range []string{"AC01", "AC83", "X_GA_SW", "JA01"} {
			f := warehousetest.Query(t, db.View(a), "SELECT * FROM {{"+table+"}}")
			if len(f.Rows) != 0 && (i != 4 || table != "JA01") { // JA01 is public to whoever has a scope
				t.Errorf("actor %d sees %d rows of %s", i, len(f.Rows), table)
			}
		}
	}
}

func FuzzGate(f *testing.F) {
	for _, s := range []string{"SELECT * FROM {{AC01}} WHERE AAC003 = 'x''y'", "WITH a AS (SELECT 1) SELECT * FROM a",
		"SELECT 'E''{{AC01}}' FROM facts.AC01", "SELECT * FROM {{AC01}} -- {{AC83}}\n, {{AC83}}"} {
		f.Add(s)
	}
	db := warehousetest.Open(f)
	warehousetest.LoadYAML(f, db, people)
	nobody := db.View(fundwatch.Actor{})
	f.Fuzz(func(t *testing.T, sql string) {
		err := nobody.Each(t.Context(), warehouse.Statement{SQL: sql}, func(row []any) error {
			for _, c := range row {
				if s, ok := c.(string); ok && strings.Contains(s, "52030219600101") && !strings.Contains(sql, "5203") {
					t.Fatalf("%q shows %s", sql, s)
				}
			}
			return nil
		})
		if code := fundwatch.CodeOf(err); err != nil && code != fundwatch.Invalid && code != fundwatch.Internal {
			t.Fatalf("%q: %v", sql, err)
		}
	})
}
