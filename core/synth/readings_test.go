//go:build duckdb_arrow

package synth_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"os"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	duckdb "github.com/duckdb/duckdb-go/v2"

	"fundwatch/core"
	"fundwatch/core/synth"
)

// The readings of the rules as the design states them, each giving (subject, first day is not asked). They stand
// here to prove that stories show and that lawful life does not; the product's rules are written elsewhere.
const readingsSQL = `
create macro mi(m) as (m//100-2000)*12 + m%100 - 1;
create macro dmi(d) as (year(d)-2000)*12 + month(d) - 1;
create table paid as select d.AAC001 p, d.AAE140 line, mi(d.AAE003) m, d.AAA036 item, sum(d.AAE019) net
  from AC83 d join AC82 h using (AAZ220) where h.AAE117='1' group by all having sum(d.AAE019) > 0;
create table regular as select * from paid where item not in ('110201','110202','170201','410105','410106');
create table dead as select a.AAC001 p, min(dmi(s.AAE138)) m from X_GA_SW s
  join AC01 a on a.AAC147=s.AAC147 and a.AAC003=s.AAC003 group by 1;
create table hits (rule varchar, subject varchar);
insert into hits select distinct case r.line when '110' then 'QY-047' when '120' then 'JG-019' when '170' then 'CX-021' else 'GS-045' end, r.p::varchar
  from regular r join dead using (p) where r.m > dead.m and r.line in ('110','120','170','410');
insert into hits select distinct case r.line when '110' then 'QY-053' else 'CX-026' end, r.p::varchar
  from regular r join AC01 a on a.AAC001=r.p join X_SF_FX s on s.AAC147=a.AAC147
  where s.ZSF003 in ('1','2','3') and r.line in ('110','170') and r.m > dmi(s.ZSF001)
  and r.m <= least(coalesce(dmi(s.ZSF002), 99999), coalesce(dmi(s.ZSF004), 99999));
insert into hits select distinct case a.line when '110' then 'QY-059' else 'JG-022' end, a.p::varchar
  from regular a join regular b using (p, m) where a.line in ('110','120') and b.line='170';
insert into hits select distinct 'QY-073', p::varchar from (select AAC001 p, AAA036, AAE003,
  count(*) filter (where AAA088='1' and AAE019>0) - count(*) filter (where AAE019<0) n from AC83 where AAE140='110' group by all) where n > 1;
insert into hits select distinct 'QY-023', c.AAC001::varchar from AC43 c join IC10 i using (AAC001)
  join AC60 b on b.AAC001=c.AAC001 and b.AAE140='110' and b.AAE116='1'
  where c.AAE140='110' and c.AAA115='10' and c.YAE589='0' and c.AAE080+c.AAE082>0 and mi(c.AAE003) > dmi(i.AIC162);
insert into hits select 'QY-033', p::varchar from (select a.AAC001 p, dmi(i.AIC162) r, a.AAC004 sex, a.AAC012 id,
  dmi(a.AAC006) + 12*case when a.AAC004='1' then 60 when a.AAC012='干部' then 55 else 50 end m0
  from IC10 i join AC01 a using (AAC001) where i.AIC161='1')
  where r < m0 + case when m0 < 300 then 0 when sex='2' and id<>'干部' then least(60, (m0-300)//2+1) else least(36, (m0-300)//4+1) end;
insert into hits select 'QY-003', p::varchar from (select c.AAC001 p,
  avg(AAE180) filter (where mi(AAE003) between dmi(AIC162)-24 and dmi(AIC162)-1) late,
  avg(AAE180) filter (where mi(AAE003) between dmi(AIC162)-60 and dmi(AIC162)-25) early,
  count(*) filter (where mi(AAE003) between dmi(AIC162)-60 and dmi(AIC162)-25) n
  from AC43 c join IC10 i using (AAC001) where c.AAE140='110' and c.AAA115='10' group by 1) where n >= 6 and late >= 2.0*early;
insert into hits select distinct 'QY-068', p::varchar from (select AAC001 p, AAE002, sum(AAE019) s, count(distinct AAE003) n
  from AC83 where AAE140='110' and AAA088='2' group by all) where s > 5000000 or n > 24;
create table months as select r.p, r.m, sum(net) net, left(a.AAB301,4) pref, r.m//12 y from regular r join AC01 a on a.AAC001=r.p
  where r.line='110' group by all;
insert into hits select distinct 'QY-071', p::varchar from months join (select pref, y, avg(net) mean, count(distinct p) n
  from months group by all) using (pref, y) where n >= 30 and net > 5*mean;
insert into hits select 'CX-018', b.AAC001::varchar from AC60 b join AC01 a using (AAC001)
  where b.AAE140='170' and mi(b.AAE210) <= dmi(a.AAC006)+720;
insert into hits select distinct 'CX-030', r.p::varchar from regular r join AC60 b on b.AAC001=r.p and b.AAE140='170'
  where r.line='170' and r.m > mi(b.AAE210)+12 and not exists (select 1 from AC90 c where c.AAC001=r.p and c.AAA094='1'
    and c.AAE230 <= last_day(make_date((2000+r.m//12)::int, (r.m%12+1)::int, 1))
    and c.AAE230 > last_day(make_date((2000+r.m//12-1)::int, (r.m%12+1)::int, 1)));
insert into hits select distinct 'CX-038', AAE010 from (select AAE010, AAE002, count(distinct AAC001) n from AC82
  where AAE140='170' and AAE117='1' group by all) where n >= 3;
insert into hits select distinct 'SY-005', r.p::varchar from regular r join AC43 c on c.AAC001=r.p and mi(c.AAE003)=r.m
  where r.line='210' and r.item='210101' and c.AAE140 in ('210','110') and c.AAA115='10' and c.AAE080+c.AAE082>0
  and exists (select 1 from AC43 e where e.AAC001=r.p and e.AAB001=c.AAB001 and e.AAE140=c.AAE140 and mi(e.AAE003)=r.m-1 and e.AAE080+e.AAE082>0);
insert into hits select 'SY-019', AAC001::varchar from JC10
  where AJC098 > case when AJC072>=120 then 24 when AJC072>=60 then 18 when AJC072>=12 then 12 else 0 end;
insert into hits select distinct 'GS-004', l.AAC001::varchar from LC31 l join (select AAC001, AAB001, min(AAE030) d from AC20
  where AAE140='410' group by all) s using (AAC001, AAB001) where l.ALC029 in ('1','2') and l.ALC020 <= s.d;
insert into hits select 'GS-032', p::varchar from (select AAC001 p, sum(AAE019) s from AC83 where AAA036='410101' group by 1) x
  join LC01 l on l.AAC001=x.p where abs(s - list_extract([27,25,23,21,18,16,13,11,9,7], l.ALA040::int)*l.ALA042) > 100;
insert into hits select distinct 'TY-026', a.AAC001::varchar from AE04 a join AE04 b using (AAC001)
  where a.AAE122='AAC147' and b.AAE122='AAC003' and abs(date_diff('day', a.AAE035, b.AAE035)) <= 30;
insert into hits select 'CW-001', f.AAE140||'-'||f.AAB301||'-'||f.AAE002 from FN01 f left join (select AAE140, AAB301, AAE002,
  sum(AAE019) s from AC82 where AAE117='1' group by all) p using (AAE140, AAB301, AAE002)
  where f.ZCW001='5001' and abs(f.AAE019-coalesce(p.s,0)) > 1;
insert into hits select distinct 'NK-001', AAC001::varchar from AC71 where AAE016='1' and AAE011=YAE041;
`

// warehouse loads the current rows of every table into DuckDB; the caller closes it.
func warehouse(t *testing.T, p *synth.Province) *sql.DB {
	t.Helper()
	connector, err := duckdb.NewConnector("?memory_limit=1GB&threads=2&temp_directory="+t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for _, f := range p.Feeds() {
		if f.Rows == 0 {
			t.Fatalf("%s has no rows", f.Table)
		}
		err := conn.Raw(func(dc any) error { return load(t.Context(), dc.(driver.Conn), p, f.Table) })
		if err != nil {
			t.Fatalf("%s: %v", f.Table, err)
		}
	}
	return db
}

func load(ctx context.Context, dc driver.Conn, p *synth.Province, table string) error {
	a, err := duckdb.NewArrowFromConn(dc)
	if err != nil {
		return err
	}
	exec := func(q string) error {
		r, err := a.QueryContext(ctx, q)
		if err == nil {
			for r.Next() {
			}
			r.Release()
		}
		return err
	}
	after := core.Cursor("")
	for n := 0; ; n++ {
		c, err := p.Chunk(table, after)
		if err != nil {
			return err
		}
		if c.Rows == 0 {
			break
		}
		file, err := os.Open(c.Path)
		if err != nil {
			return err
		}
		reader, err := ipc.NewReader(file)
		if err != nil {
			return err
		}
		release, err := a.RegisterView(reader, "part")
		if err != nil {
			return err
		}
		into := "create table log_" + table + " as select *, 0 _n from part"
		if n > 0 {
			into = fmt.Sprintf("insert into log_%s select *, %d from part", table, n)
		}
		if err := exec(into); err != nil {
			return err
		}
		release()
		reader.Release()
		_ = file.Close()
		after = c.Next
	}
	return exec(fmt.Sprintf(`create table %[1]s as select * exclude (_n, r) from (select *, row_number() over
		(partition by _rid order by _n desc) r from log_%[1]s) where r=1 and _op<>2`, table))
}

// TestStoriesShowAndLawfulLifeDoesNot plays a province and holds what the readings find against the truth.
func TestStoriesShowAndLawfulLifeDoesNot(t *testing.T) {
	for _, seed := range []uint64{7} {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			p, dir := province(t, synth.Options{Seed: seed, Persons: 20_000})
			compare(t, p, dir)
			for range 30 {
				if _, err := p.NextDay(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			compare(t, p, dir)
		})
	}
}

func compare(t *testing.T, p *synth.Province, dir string) {
	t.Helper()
	db := warehouse(t, p)
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), readingsSQL); err != nil {
		t.Fatal(err)
	}
	truth, err := synth.ReadTruth(dir)
	if err != nil {
		t.Fatal(err)
	}
	must, may := map[[2]string]string{}, map[[2]string]bool{}
	plants := map[string]int{}
	for _, tr := range truth {
		if tr.Kind != synth.Plant {
			continue
		}
		for _, r := range tr.Rules {
			must[[2]string{r, tr.Subject.ID}] = tr.Story + " " + tr.VisibleOn
			plants[r]++
		}
		for _, r := range tr.May {
			may[[2]string{r, tr.Subject.ID}] = true
		}
	}
	rows, err := db.QueryContext(t.Context(), "select distinct rule, subject from hits")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	found := map[[2]string]bool{}
	for rows.Next() {
		var k [2]string
		if err := rows.Scan(&k[0], &k[1]); err != nil {
			t.Fatal(err)
		}
		found[k] = true
		if must[k] == "" && !may[k] {
			t.Errorf("%s: %s %s is flagged and no plant explains it (%s)", p.Today().Format("2006-01-02"), k[0], k[1], storyOf(truth, k[1]))
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for k, story := range must {
		if !found[k] {
			t.Errorf("%s: %s %s is not found: %s", p.Today().Format("2006-01-02"), k[0], k[1], story)
		}
	}
	if len(plants) != 24 {
		t.Errorf("plants of %d rules: %v", len(plants), plants)
	}
}

func storyOf(truth []synth.Truth, subject string) string {
	out := "no story"
	for _, tr := range truth {
		if tr.Subject.ID == subject {
			out = tr.Story + " " + tr.VisibleOn
		}
	}
	return out
}
