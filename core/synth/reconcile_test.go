//go:build duckdb_arrow

package synth_test

import (
	"fmt"
	"strings"
	"testing"

	"fundwatch/core"
	"fundwatch/core/synth"
)

// wrongs are queries that find nothing in a sound province.
func wrongs() map[string]string {
	q := map[string]string{
		"plans equal their details": `select * from (select AAZ220, sum(AAE019) s from AC83 group by 1) d
			full join AC82 h using (AAZ220) where d.s is distinct from h.AAE019`,
		"bank lines equal plans": `select * from AC82 h full join AC84 b using (_rid)
			where h.AAE019 is distinct from b.AAE019 or h.AAE117 is distinct from b.AAE117`,
		"units are levied what their people owe": `select * from (select AAB001, AAE140, AAE003, count(*) n, sum(AAE180) b,
			sum(AAE020+AAE022) d, sum(AAE080+AAE082) p from AC43 group by all) c full join AB07 u using (AAB001, AAE140, AAE003)
			where n is distinct from AAB119 or b is distinct from AAB120 or d is distinct from u.AAE020 or p is distinct from u.AAE080`,
		"the treasury received what units paid": `select * from (select * from AB07 where AAE078='1') u
			full join X_SW_ZJ t using (AAB001, AAE140, AAE003) where u.AAE080 is distinct from t.AAE019`,
		"books show what was received": `select * from (select AAE140, AAB301, AAE002, AAE019 from FN01 where ZCW001='4001') f
			full join (select AAE140, AAB301, (year(d)*100+month(d))::int AAE002, sum(v) s from
			(select AAE140, AAB301, AAB191 d, AAE080+AAE082 v from AC43 where AAE078='1' union all select '170', AAB301, AAB191, AAE019 from AC09)
			group by all) r using (AAE140, AAB301, AAE002)
			where f.AAE019 is distinct from r.s and AAE002 < (select max(AAE002) from FN01) `,
		"the balance is carried forward": `with m as (select AAE140, AAB301, AAE002, sum(case when ZCW001='3001' then AAE019 else 0 end) b,
			sum(case when ZCW001 like '4%' then AAE019 when ZCW001 like '5%' then -AAE019 else 0 end) c from FN01 group by all)
			select * from (select *, lag(b) over (partition by AAE140, AAB301 order by AAE002) a from m) where a + c <> b`,
		"vouchers balance": `select ZCW002 from FN02 group by 1 having sum(case ZCW004 when 'D' then AAE019 else -AAE019 end) <> 0`,
		"items add up to the regular plan": `select * from (select d.AAC001, d.AAE140, d.AAE003, d.AAA036, sum(d.AAE019) s from AC83 d
			where AAA088='1' and length(AAA036)=6 and AAE002=AAE003 and AAA036 not like '%20_' and AAE140 in ('110','120','170')
			and AAZ220 % 64 = 0 group by all) p
			left join AC61 i on i.AAC001=p.AAC001 and i.AAE140=p.AAE140 and i.AAA036=p.AAA036 and i.AAE041<=p.AAE003
			and coalesce(i.AAE042, 999999)>=p.AAE003 where i.AAE019 is distinct from p.s
			and p.AAC001 in (select AAC001 from AC60 group by 1 having max(AAE116)='1')`,
		"accounts add up": `select * from AC12 where AAE240 <> AAE252+AAE262+AAE264+AAE263-AAE357 union all
			select AAZ116, AAC001, 0, 0,0,0,0,0,AAE240, AAB301, 0, 0 from AC11 where AAE240 <> AAE238+AAE239-AAE357`,
		"the ledger carries over":  `select * from AC12 a join AC12 b on a.AAZ116=b.AAZ116 and b.AAE001=a.AAE001+1 where a.AAE240<>b.AAE252`,
		"months of benefit add up": `select * from JC10 where AJC098+AJC099<>AJC097 or AJC097 not between 1 and 24`,
		"nothing is paid before it is due": `select * from AC83 d join AC60 b using (AAC001, AAE140) where d.AAE003 < b.AAE210
			and d.AAA036 not in ('110201','110202','170201','400010','410101','410105','410106') and d.AAA088<>'2'`,
		"periods are not paid ahead":           `select * from AC83 where AAE003 > AAE002`,
		"plans have a person with the benefit": `select * from AC82 where AAE140<>'410' and not exists (select 1 from AC60 b where b.AAC001=AC82.AAC001 and b.AAE140=AC82.AAE140)`,
		"contributions belong to a spell":      `select * from AC43 c where not exists (select 1 from AC20 s where s.AAC001=c.AAC001 and s.AAB001=c.AAB001 and s.AAE140=c.AAE140 and c.AAE003>=s.AAE041 and c.AAE003<=coalesce(s.AAE042,999999))`,
		"spells belong to a unit and relation": `select * from AC20 s where not exists (select 1 from AB01 u where u.AAB001=s.AAB001) or not exists (select 1 from AC02 r where r.AAZ159=s.AAZ159)`,
		"everybody is registered":              `select AAC001 from AC02 where AAC001 not in (select AAC001 from AC01) union all select AAC001 from AC60 where AAC001 not in (select AAC001 from AC01) union all select AAC111 from AC62 where AAC111 not in (select AAC001 from AC01)`,
		"the dead are known dead":              `select * from AC01 where AAC060='2' and AAC001 not in (select AAC001 from AC26)`,
		"the dead draw nothing":                `select * from AC60 b join AC01 a using (AAC001) where a.AAC060='2' and b.AAE116='1'`,
		"insured at sixteen":                   `select * from AC02 r join AC01 a using (AAC001) where r.AAC030 < a.AAC006 + interval 16 year - interval 5 day`,
		"pensions begin after retirement":      `select * from AC60 b join IC10 i using (AAC001) where b.AAE140='110' and b.AAE210 <= year(i.AIC162)*100+month(i.AIC162)`,
		"retirement at a sane age":             `select * from IC10 i join AC01 a using (AAC001) where i.AIC162 < a.AAC006 + interval 43 year or i.AIC162 > a.AAC006 + interval 70 year`,
		"years fit the age":                    `select * from IC10 i join AC01 a using (AAC001) where AAE200+AAE201 > (AIC162-AAC006)/30.4 - 190`,
		"bases keep their bounds":              `select * from AC43 c join AA02 f on f.AAE001=c.AAE003//100 and f.ZAA001='base_floor' join AA02 g on g.AAE001=c.AAE003//100 and g.ZAA001='base_ceiling' where AAE180 not between f.ZAA002 and g.ZAA002`,
		"decisions follow their order":         `select * from LC31 where not (ALC031>=ALC017 and ALC017>=ALC026 and ALC026>=ALC020)`,
		"appraisals belong to decisions":       `select * from LC03 where AAZ127 not in (select AAZ127 from LC31) or ALA040 not between '01' and '10'`,
		"entitlements agree with appraisals":   `select * from LC01 e join LC03 g using (AAZ127) where e.ALA040<>g.ALA040`,
		"one open account each":                `select AAC001 from AC11 group by 1 having count(*)>1`,
		"one relation per line":                `select AAC001, AAE140 from AC02 group by all having count(*)>1`,
		"one contribution a month":             `select AAC001, AAB001, AAE140, AAE003 from AC43 group by all having count(*)>1`,
		"one month a line":                     `select AAC001, AAE140, AAE003 from AC43 group by all having count(*)>1`,
		"dependants of the dead":               `select * from AC62 d join AC01 a on a.AAC001=d.AAC111 where a.AAC060<>'2'`,
		"monthly totals of unemployment":       `select * from (select AAE002, AAB301, AAA036, count(*) n, sum(AAE019) s from JB17 group by all) j full join JB16 t using (AAE002, AAB301, AAA036) where n is distinct from AAB119 or s is distinct from t.AAE019`,
		"clerks are known":                     `select AAE011 from AC71 where AAE011 not in (select AAE011 from AF11) union all select YAE041 from AC83 where YAE041 not in (select AAE011 from AF11)`,
		"accounts are whole":                   `select * from AC82 where AAE009 is null or length(AAE010)<>19`,
	}
	for table, key := range map[string]string{"AC82": "AAZ220", "AC60": "AAZ257", "AC20": "AAZ157", "AC43": "AAZ223", "AC71": "AAZ170",
		"AC73": "AAZ171", "AC90": "AAZ103", "AE10": "AAZ003", "YWLOG": "AAZ002", "LC31": "AAZ127", "LC30": "AAZ128", "LC26": "AAZ216",
		"AC01": "AAC147", "AB01": "AAB998", "AC83": "AAZ220, AAA036, AAE003", "AC61": "AAZ257, AAA036, AAE041", "AE04": "AAZ206, AAE122",
		"FN01": "AAE140, AAB301, AAE002, ZCW001", "AB07": "AAB001, AAE140, AAE003", "X_GA_HJ": "AAC147", "X_GA_SW": "AAC147",
		"AC02": "AAZ159", "JC10": "AAZ257", "LC01": "AAZ257", "X_SW_ZJ": "ZSW001"} {
		q["keys of "+table] = fmt.Sprintf("select %s from %s group by all having count(*)>1", key, table)
	}
	for _, code := range strings.Fields("AC01 AC43 AC60 AC61 AC82 AC83 AC84 AC90 AC02 AC20 FN02 JB17") {
		q["row identity of "+code] = fmt.Sprintf("select _rid from %s group by 1 having count(*)>1", code)
	}
	return q
}

func TestProvinceReconciles(t *testing.T) {
	p, _ := province(t, synth.Options{Seed: 5, Persons: 6_000})
	for range 2 {
		db := warehouse(t, p)
		for what, q := range wrongs() {
			var n int
			if err := db.QueryRowContext(t.Context(), "select count(*) from ("+q+")").Scan(&n); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if n != 0 {
				t.Errorf("%s: %s: %d rows", p.Today().Format("2006-01-02"), what, n)
			}
		}
		_ = db.Close()
		for range 46 { // two runs of payments, two postings, two closings
			if _, err := p.NextDay(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestLiveDaysChangeRowsThatExist replays all changes: inserts are new, updates and deletes hit what is there.
func TestLiveDaysChangeRowsThatExist(t *testing.T) {
	p, _ := province(t, synth.Options{Seed: 6, Persons: 3_000})
	for range 45 {
		if _, err := p.NextDay(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	db := warehouse(t, p)
	defer func() { _ = db.Close() }()
	tables, err := core.Tables()
	if err != nil {
		t.Fatal(err)
	}
	for _, tb := range tables {
		var n int
		q := fmt.Sprintf(`select count(*) from (select _op, lag(_op) over (partition by _rid order by _n) earlier from log_%s)
			where (_op=0) <> (earlier is null or earlier=2)`, tb.Code)
		if err := db.QueryRowContext(t.Context(), q).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n != 0 {
			t.Errorf("%s: %d changes out of order", tb.Code, n)
		}
	}
}
