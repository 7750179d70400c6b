//go:build duckdb_arrow

package synth_test

import (
	"database/sql"
	"testing"

	"fundwatch"
	"fundwatch/core/synth"
)

func one[T any](t *testing.T, db *sql.DB, q string, args ...any) T {
	t.Helper()
	var v T
	if err := db.QueryRowContext(t.Context(), q, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return v
}

func TestOrdersStopResumeAndTakeBackPayments(t *testing.T) {
	p, dir := province(t, synth.Options{Seed: 2, Persons: 2000})
	db := warehouse(t, p)
	who := one[string](t, db, `select AAC001::varchar from AC60 join AC01 using (AAC001) where AAE140='170' and AAE116='1'
		and AAC006 < '1960-01-01' and AAE210 < 202001 order by AAC001 limit 1 offset 20`)
	_ = db.Close()
	for range 2 { // the second time changes nothing
		if err := p.Suspend(who, "170", p.Today()); err != nil {
			t.Fatal(err)
		}
	}
	live(t, p, 12)
	if err := p.Resume(who, "170", p.Today()); err != nil {
		t.Fatal(err)
	}
	p = reopen(t, dir)
	live(t, p, 28)
	for range 2 {
		if err := p.CorrectPayment(who, "170", 202608, 202609, p.Today()); err != nil {
			t.Fatal(err)
		}
	}
	live(t, p, 1)
	db = warehouse(t, p)
	defer func() { _ = db.Close() }()
	if n := one[int](t, db, `select count(*) from AC82 where AAC001::varchar=? and AAE002=202611`, who); n != 0 {
		t.Errorf("%d payments while suspended", n)
	}
	if n := one[int](t, db, `select count(*) from AC82 where AAC001::varchar=? and AAE002=202612 and AAE019>0`, who); n != 1 {
		t.Errorf("%d payments after resuming, want 1", n)
	}
	if n := one[int](t, db, `select count(*) from log_AC60 where AAC001::varchar=? and _op=1`, who); n != 2 {
		t.Errorf("the entitlement changed %d times, want 2", n)
	}
	if v := one[int64](t, db, `select sum(AAE019) from AC83 where AAC001::varchar=? and AAE003 in (202608, 202609)`, who); v != 0 {
		t.Errorf("%d fen stay of the months taken back", v)
	}
	for name, err := range map[string]error{
		"person": p.Suspend("17", "170", p.Today()), "number": p.Suspend("x", "170", p.Today()), "line": p.Suspend(who, "110", p.Today()),
	} {
		if fundwatch.CodeOf(err) != fundwatch.NotFound {
			t.Errorf("%s: %v, want not_found", name, err)
		}
	}
	if err := p.Suspend(who, "999", p.Today()); fundwatch.CodeOf(err) != fundwatch.Invalid {
		t.Errorf("unknown line: %v", err)
	}
	if err := p.CorrectPayment(who, "170", 202609, 202608, p.Today()); fundwatch.CodeOf(err) != fundwatch.Invalid {
		t.Errorf("months reversed: %v", err)
	}
}

func TestJudgeKnowsTheTruth(t *testing.T) {
	p, dir := province(t, synth.Options{Seed: 2, Persons: 6000})
	truth, err := synth.ReadTruth(dir)
	if err != nil || len(truth) == 0 {
		t.Fatalf("no truth: %v", err)
	}
	for _, tr := range truth {
		a := p.Judge(tr.Subject, tr.Rules[0])
		if a.Problem != (tr.Kind == synth.Plant) || a.Note == "" || a.Problem && a.Category == "" {
			t.Errorf("%s: %+v", tr.Story, a)
		}
	}
	if a := p.Judge(fundwatch.Subject{Kind: fundwatch.SubjectPerson, ID: "1"}, "QY-047"); a.Problem {
		t.Error("found a problem with nobody")
	}
}
