//go:build duckdb_arrow

package main

// naiveRule is a rule as one writes it without thinking of speed: straight over the rows, one statement a rule. It
// counts persons, so that nothing is lost to the carrying of rows.
type naiveRule struct {
	id  string
	sql string
}

// naiveRules are the twelve representative rules in their plain form.
func naiveRules() []naiveRule {
	return []naiveRule{
		{"QY-047", `SELECT count(DISTINCT p.AAC001) FROM {{AC83}} p JOIN {{AC01}} a ON a.AAC001 = p.AAC001
			JOIN {{X_GA_SW}} d ON d.AAC147 = a.AAC147 AND d.AAC003 = a.AAC003
			WHERE p.AAE140 = '110' AND p.AAE019 > 0
			  AND p.AAE003 > date_part('year', d.AAE138) * 100 + date_part('month', d.AAE138)`},
		{"QY-053", `SELECT count(DISTINCT p.AAC001) FROM {{AC83}} p JOIN {{AC01}} a ON a.AAC001 = p.AAC001
			JOIN {{X_SF_FX}} f ON f.AAC147 = a.AAC147
			WHERE p.AAE140 = '110' AND f.ZSF003 IN ('1', '2', '3')
			  AND p.AAE003 > date_part('year', f.ZSF001) * 100 + date_part('month', f.ZSF001)
			  AND p.AAE003 <= coalesce(date_part('year', f.ZSF002) * 100 + date_part('month', f.ZSF002), 999912)`},
		{"QY-059", `SELECT count(DISTINCT AAC001) FROM (SELECT AAC001, AAE003 FROM {{AC83}}
			WHERE AAE140 IN ('110', '170') GROUP BY AAC001, AAE003 HAVING count(DISTINCT AAE140) > 1) t`},
		{"QY-073", `SELECT count(DISTINCT AAC001) FROM (SELECT AAC001, AAA036, AAE003 FROM {{AC83}} WHERE AAA088 = '1'
			GROUP BY AAC001, AAA036, AAE003 HAVING count(*) > 1) t`},
		{"CX-038", `SELECT count(*) FROM (SELECT AAE010, AAE002 FROM {{AC82}} WHERE AAE140 = '170'
			GROUP BY AAE010, AAE002 HAVING count(DISTINCT AAC001) >= 3) t`},
		{"SY-005", `SELECT count(DISTINCT p.AAC001) FROM {{AC83}} p JOIN {{AC43}} c
			ON c.AAC001 = p.AAC001 AND c.AAE003 = p.AAE003
			WHERE p.AAE140 = '210' AND c.AAE140 IN ('110', '210') AND c.AAE080 + c.AAE082 > 0`},
		{"QY-033", `SELECT count(DISTINCT p.AAC001) FROM {{AC83}} p JOIN {{IC10}} r ON r.AAC001 = p.AAC001
			JOIN {{AC01}} a ON a.AAC001 = p.AAC001
			WHERE p.AAE140 = '110' AND r.AIC161 = '1'
			  AND date_part('year', r.AIC162) * 12 + date_part('month', r.AIC162)
			    < date_part('year', a.AAC006) * 12 + date_part('month', a.AAC006)
			      + CASE WHEN a.AAC004 = '1' THEN 720 WHEN a.AAC012 = '干部' THEN 660 ELSE 600 END`},
		{"QY-071", `SELECT count(*) FROM (SELECT AAC001, AAE003, left(AAB301, 4) AS city, sum(AAE019) AS paid FROM {{AC83}}
			WHERE AAE140 = '110' GROUP BY AAC001, AAE003, left(AAB301, 4)) m
			JOIN (SELECT left(AAB301, 4) AS city, AAE003, sum(AAE019) / count(DISTINCT AAC001) AS mean FROM {{AC83}}
			WHERE AAE140 = '110' GROUP BY left(AAB301, 4), AAE003) c ON c.city = m.city AND c.AAE003 = m.AAE003
			WHERE m.paid > 5 * c.mean`},
		{"QY-068", `SELECT count(*) FROM (SELECT AAC001, AAE002 FROM {{AC83}} WHERE AAA088 = '2'
			GROUP BY AAC001, AAE002 HAVING sum(AAE019) > 5000000 OR count(DISTINCT AAE003) > 24) t`},
		{"NK-001", `SELECT count(DISTINCT AAC001) FROM {{AC71}} WHERE AAE016 = '1' AND AAE011 = YAE041`},
		{"GS-004", `SELECT count(DISTINCT i.AAC001) FROM {{LC31}} i JOIN {{AC20}} s ON s.AAC001 = i.AAC001
			AND s.AAB001 = i.AAB001 AND s.AAE140 = '410' WHERE i.ALC029 IN ('1', '2') AND i.ALC020 <= s.AAE030`},
		{"QY-003", `SELECT count(*) FROM (SELECT c.AAC001,
			avg(CASE WHEN c.AAE003 >= date_part('year', r.AIC162) * 100 + date_part('month', r.AIC162) - 200 THEN c.AAE180 END) AS late,
			avg(CASE WHEN c.AAE003 < date_part('year', r.AIC162) * 100 + date_part('month', r.AIC162) - 200 THEN c.AAE180 END) AS early
			FROM {{AC43}} c JOIN {{IC10}} r ON r.AAC001 = c.AAC001 WHERE c.AAE140 = '110'
			GROUP BY c.AAC001) t WHERE late > 2 * early`},
	}
}

// scanSQL reads and sums the nine fixed-width columns of the payment table: the unit of the rule figures.
const scanSQL = `SELECT sum(AAZ220), sum(AAE003), sum(AAC001), sum(AAE002), sum(AAE019), sum(mi), sum(rid), sum(load_seq),
	count(AAE036) FROM {{AC83}}`
