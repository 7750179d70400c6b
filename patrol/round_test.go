package patrol_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"fundwatch"
	"fundwatch/access"
	"fundwatch/internal/store"
	"fundwatch/internal/store/storetest"
	"fundwatch/patrol"
	"fundwatch/warehouse/warehousetest"
)

// oneDead is a person who died in May and was paid until August, with a benefit event a clerk checked himself.
const oneDead = `
AC01:
  - {AAC001: 1000000001, AAC147: "520102194001000010", AAC003: 王小明, AAC006: "1940-01-01", AAB301: "520102"}
X_GA_SW:
  - {AAC147: "520102194001000010", AAC003: 王小明, AAE138: "2026-05-20"}
AC82:
  - {AAZ220: 1, AAC001: 1000000001, AAE140: "110", AAE002: 202606, AAE019: 300000, AAE117: "1", AAE009: 王小明, AAE010: "6217990000000012345", AAB301: "520102"}
  - {AAZ220: 2, AAC001: 1000000001, AAE140: "110", AAE002: 202607, AAE019: 300000, AAE117: "1", AAE009: 王小明, AAE010: "6217990000000012345", AAB301: "520102"}
AC83:
  - {AAZ220: 1, AAA036: "110101", AAE003: 202606, AAC001: 1000000001, AAE140: "110", AAE002: 202606, AAE019: 300000, AAA088: "1", AAB301: "520102"}
  - {AAZ220: 2, AAA036: "110101", AAE003: 202607, AAC001: 1000000001, AAE140: "110", AAE002: 202607, AAE019: 300000, AAA088: "1", AAB301: "520102"}
AC71:
  - {AAZ170: 1, AAC001: 1000000001, AAE140: "110", AAE016: "1", AAE011: a, YAE041: a, AAE211: 202601, AAB301: "520102"}
  - {AAZ170: 2, AAC001: 1000000001, AAE140: "110", AAE016: "1", AAE011: a, YAE041: a, AAE211: 202602, AAB301: "520102"}
`

func of(list map[string]patrol.Finding, rule string) []patrol.Finding {
	var out []patrol.Finding
	for _, f := range list {
		if f.Rule == rule {
			out = append(out, f)
		}
	}
	return out
}

// TestEvidence shows the rows behind a finding to those who may see them, masked, with Chinese names.
func TestEvidence(t *testing.T) {
	db := warehousetest.Open(t)
	warehousetest.LoadYAML(t, db, oneDead)
	p := open(t, db, storetest.Open(t))
	full(t, p)
	f := of(findings(t, p), "QY-047")
	if len(f) != 1 {
		t.Fatalf("%d findings", len(f))
	}
	who := func(region string, roles ...string) fundwatch.Actor {
		return fundwatch.Actor{ID: "u", Roles: roles, Scope: fundwatch.NewScope([]fundwatch.Region{fundwatch.Region(region)}, fundwatch.Insurances())}
	}
	e, err := p.Evidence(t.Context(), who("520100", access.Supervisor), f[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	if want := "公安登记该人员于 2026-05-20 死亡，2026-06 至 2026-07 仍发放企业职工养老待遇 2 个月，扣除已扣发和冲回后净额 6,000.00 元。"; e.Explanation != want {
		t.Errorf("explanation %q", e.Explanation)
	}
	rows := map[string]int{}
	var all strings.Builder
	for _, table := range e.Tables {
		rows[table.Table] = len(table.Rows)
		for _, c := range table.Columns {
			if c.Name == "" || c.Name == c.Code {
				t.Errorf("column %s of %s has no Chinese name", c.Code, table.Table)
			}
		}
		for _, row := range table.Rows {
			all.WriteString(strings.Join(row, "|") + "\n")
		}
	}
	if rows["X_GA_SW"] != 1 || rows["AC83"] != 2 || rows["AC82"] != 2 {
		t.Errorf("rows %v", rows)
	}
	for _, clear := range []string{"王小明", "520102194001000010", "6217990000000012345"} {
		if strings.Contains(all.String(), clear) {
			t.Errorf("evidence shows %s:\n%s", clear, all.String())
		}
	}
	for _, shown := range []string{"王*明", "基础养老金", "3000.00", "2026-06", "已支付"} {
		if !strings.Contains(all.String(), shown) {
			t.Errorf("evidence lacks %s:\n%s", shown, all.String())
		}
	}
	for _, a := range []fundwatch.Actor{who("520300", access.Supervisor), {ID: "u", Roles: []string{access.Supervisor}}} {
		if _, err := p.Evidence(t.Context(), a, f[0].Key); fundwatch.CodeOf(err) != fundwatch.NotFound {
			t.Errorf("outside the scope: %v", err)
		}
	}
	if _, err := p.Evidence(t.Context(), who("520000", access.SysAdmin), f[0].Key); fundwatch.CodeOf(err) != fundwatch.Denied {
		t.Errorf("without the permission: %v", err)
	}
	ids, err := p.EvidenceRows(t.Context(), f[0].Key)
	if err != nil || strings.Join(ids, " ") != "X_GA_SW:1 AC83:1 AC83:2 AC82:1 AC82:2" {
		t.Errorf("rows %v %v", ids, err)
	}
}

// TestHeld holds a rule that finds more than its limit: nothing of it is stored, it is seen, and once the limit is
// raised it goes on from where it was.
func TestHeld(t *testing.T) {
	db, st := warehousetest.Open(t), storetest.Open(t)
	warehousetest.LoadYAML(t, db, oneDead)
	strict := open(t, db, st, func(c *patrol.Config, _ *patrol.Options) { c.MaxFindings = 1 })
	r, err := strict.Full(t.Context())
	if err != nil || r.State != patrol.RoundPartial || r.Failed != 1 {
		t.Fatalf("%+v %v", r, err)
	}
	if got := findings(t, strict); len(of(got, "NK-001")) != 0 || len(of(got, "QY-047")) != 1 {
		t.Errorf("findings %v", got)
	}
	runs, err := strict.Runs(t.Context(), "NK-001", 5)
	if err != nil || len(runs) != 1 || runs[0].State != patrol.RunHeld || runs[0].Findings != 2 || !strings.Contains(runs[0].Fault, "超过上限") {
		t.Errorf("runs %+v %v", runs, err)
	}
	loose := open(t, db, st)
	if r := delta(t, loose); r.Appeared != 2 {
		t.Errorf("%+v", r)
	}
	last, err := loose.LastRuns(t.Context())
	if err != nil || last["NK-001"].State != patrol.RunOK || last["NK-001"].Appeared != 2 || len(last) != 24 {
		t.Errorf("last %+v %v", last["NK-001"], err)
	}
}

// TestRuleFails lets one rule fail while it runs: the others are stored, it is recorded and judged again later.
func TestRuleFails(t *testing.T) {
	db, st := warehousetest.Open(t), storetest.Open(t)
	warehousetest.LoadYAML(t, db, oneDead)
	files := edited(t, "NK-001", "coalesce(AAE129, 0) AS amount", "CAST(AAE011 AS BIGINT) AS amount")
	book, err := patrol.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	broken := open(t, db, st, func(_ *patrol.Config, o *patrol.Options) { o.Rulebook = book })
	r, err := broken.Full(t.Context())
	if err != nil || r.State != patrol.RoundPartial || r.Runs[0].State != patrol.RunFailed || r.Runs[0].Fault == "" {
		t.Fatalf("%+v %v", r, err)
	}
	if r := delta(t, open(t, db, st)); r.Appeared < 3 {
		t.Errorf("%+v", r)
	}
}

// TestSinkIsPartOfTheRound rolls everything back when the Sink refuses, and tells it each change once.
func TestSinkIsPartOfTheRound(t *testing.T) {
	db, st := warehousetest.Open(t), storetest.Open(t)
	warehousetest.LoadYAML(t, db, oneDead)
	var got []patrol.Change
	refuse := errors.New("no")
	p := open(t, db, st, func(_ *patrol.Config, o *patrol.Options) {
		o.Sink = func(_ context.Context, _ *store.Tx, changes []patrol.Change) error {
			got = append(got, changes...)
			return refuse
		}
	})
	r, err := p.Delta(t.Context())
	if !errors.Is(err, refuse) || len(got) != 3 {
		t.Fatalf("%v, %d changes", err, len(got))
	}
	if again, err := p.Round(t.Context(), r.ID); err != nil || again.State != patrol.RoundFailed || again.Fault == "" {
		t.Errorf("%+v %v", again, err)
	}
	if n := len(findings(t, p)); n != 0 {
		t.Errorf("%d findings of a round that failed", n)
	}
	got, refuse = nil, nil
	delta(t, p)
	for _, c := range got {
		if c.Kind != patrol.Appeared || c.Rule == nil || c.Round == 0 || c.AsOf.IsZero() {
			t.Errorf("change %+v", c)
		}
	}
	if len(got) != 3 {
		t.Errorf("%d changes", len(got))
	}
}

// TestInterrupted marks a round that a crash cut short when the program starts again.
func TestInterrupted(t *testing.T) {
	db, st := warehousetest.Open(t), storetest.Open(t)
	warehousetest.LoadYAML(t, db, oneDead)
	ctx, cancel := context.WithCancel(t.Context())
	p := open(t, db, st, func(_ *patrol.Config, o *patrol.Options) {
		o.Progress = func(x patrol.Progress) {
			if x.Done == 3 {
				cancel()
			}
		}
	})
	if _, err := p.Full(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled round: %v", err)
	}
	err := st.WithTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE patrol_round SET state = 'running'`) // as a kill would have left it
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	p = open(t, db, st)
	rounds, _, err := p.Rounds(t.Context(), 1, 0)
	if err != nil || rounds[0].State != patrol.RoundInterrupted {
		t.Errorf("%+v %v", rounds, err)
	}
	if r := delta(t, p); r.Appeared != 3 {
		t.Errorf("%+v", r)
	}
}
