package check_test

import (
	"io/fs"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"fundwatch"
	"fundwatch/internal/audit"
	"fundwatch/internal/store/storetest"
	"fundwatch/warehouse"
	"fundwatch/warehouse/intake"
	"fundwatch/warehouse/intake/check"
	"fundwatch/warehouse/warehousetest"
)

// bench is a Service with all that it stands on.
type bench struct {
	*check.Service
	db    *warehouse.DB
	audit *audit.Log
}

func openService(t *testing.T, points fs.FS) (*bench, error) {
	t.Helper()
	b := &bench{db: warehousetest.Open(t)}
	st := storetest.Open(t)
	var err error
	if b.audit, err = audit.Open(t.Context(), st, audit.Config{}, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	b.Service, err = check.New(t.Context(), check.Options{Warehouse: b.db, Store: st, Audit: b.audit, Points: points,
		Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	return b, err
}

func open(t *testing.T) (*bench, map[string][]warehousetest.Row) {
	t.Helper()
	b, err := openService(t, intake.Checks())
	if err != nil {
		t.Fatal(err)
	}
	return b, loadBase(t, b.db)
}

func (b *bench) run(t *testing.T) check.Run {
	t.Helper()
	r, err := b.RunChecks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (b *bench) issues(t *testing.T, a fundwatch.Actor, f check.IssueFilter) []check.Issue {
	t.Helper()
	out, n, err := b.Issues(t.Context(), a, f)
	if err != nil || n != len(out) {
		t.Fatal(n, err)
	}
	return out
}

func TestRun(t *testing.T) {
	b, good := open(t)
	r := b.run(t)
	if r.PointsOK != r.Points || r.Points != int64(len(b.Points())) || r.PointRate != 1 || r.RowRate != 1 || r.RowsFaulty != 0 || r.State != "done" {
		t.Errorf("good province: %+v", r)
	}
	// A person in the next county without a name, doubled, and with letters in the telephone number: one row at fault
	// of the worst grade, three issues.
	bad := map[string]any{"AAC001": 2, "AAC003": nil, "AAB301": "520303", "AAC067": "x"}
	row := warehousetest.Row{}
	for k, v := range good["AC01"][0] {
		row[k] = v
	}
	for k, v := range bad {
		row[k] = v
	}
	warehousetest.Load(t, b.db, "AC01", []warehousetest.Row{row})
	r = b.run(t)
	if r.RowsFaulty != 1 || r.Discard != 1 || r.Adjust+r.Convert != 0 || r.PointsOK != r.Points-3 || r.RowRate >= 1 || r.LoadSeq != b.db.LoadSeq() {
		t.Errorf("one row at fault: %+v", r)
	}
	zunyi, county, elsewhere := warehousetest.Actor("520300"), warehousetest.Actor("520302"), warehousetest.Actor("520100")
	issues := b.issues(t, zunyi, check.IssueFilter{})
	if len(issues) != 3 || issues[0].Point != "DQ-U01" || issues[0].Grade != check.Discard || issues[0].Region != "520303" || issues[0].Rows != 1 {
		t.Errorf("issues %+v", issues)
	}
	if n := len(b.issues(t, county, check.IssueFilter{})) + len(b.issues(t, elsewhere, check.IssueFilter{})); n != 0 {
		t.Errorf("%d issues outside the scope", n)
	}
	f, err := b.Rows(t.Context(), zunyi, "DQ-U01", "520303", 0, 10)
	if err != nil || len(f.Rows) != 1 {
		t.Fatal(f, err)
	}
	id := f.Rows[0][f.Column("证件号码")].(string)
	if !strings.Contains(id, "***") {
		t.Errorf("an identity number in clear: %s", id)
	}
	if f, err := b.Rows(t.Context(), elsewhere, "DQ-U01", "", 0, 10); err != nil || len(f.Rows) != 0 {
		t.Errorf("rows outside the scope: %v %v", f, err)
	}
	status, err := b.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(status, func(s check.PointStatus) bool { return s.ID == "DQ-U01" })
	if l := status[i].Last; l == nil || l.Passed || l.Faulty != 1 || l.Checked != 2 || status[i].Class != "唯一性" {
		t.Errorf("status %+v", status[i])
	}
	history, err := b.History(t.Context(), "DQ-U01", 10)
	if err != nil || len(history) != 2 || history[0].Faulty != 1 || history[1].Faulty != 0 || !history[1].Passed {
		t.Errorf("history %+v %v", history, err)
	}
	if runs, err := b.Runs(t.Context(), 10); err != nil || len(runs) != 2 || runs[0].Seq != 2 {
		t.Errorf("runs %+v %v", runs, err)
	}
	if _, err := b.History(t.Context(), "DQ-X99", 1); fundwatch.CodeOf(err) != fundwatch.NotFound {
		t.Error(err)
	}
}

// TestToleranceDecidesPass fails one row of six: above a tolerance of 5 %, below one of 20 %.
func TestToleranceDecidesPass(t *testing.T) {
	b, good := open(t)
	for i := range 5 {
		row := warehousetest.Row{}
		for k, v := range good["AC01"][0] {
			row[k] = v
		}
		row["AAC001"], row["AAC147"], row["AAE100"] = 10+i, nil, "0"
		if i == 0 {
			row["AAC067"] = nil
		}
		if i == 1 {
			row["AAC067"] = "1"
		}
		warehousetest.Load(t, b.db, "AC01", []warehousetest.Row{row})
	}
	b.run(t)
	status, err := b.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range status {
		if s.ID == "DQ-C14" && (!s.Last.Passed || s.Last.Faulty != 1) || s.ID == "DQ-F11" && (s.Last.Passed || s.Last.Faulty != 1) {
			t.Errorf("%s: %+v", s.ID, s.Last)
		}
	}
}

func TestIssueLife(t *testing.T) {
	b, good := open(t)
	actor, other := warehousetest.Actor("520300"), warehousetest.Actor("520100")
	missing := func(rid int64, op int) {
		row := warehousetest.Row{"_rid": rid, "_op": op}
		for k, v := range good["AB01"][0] {
			row[k] = v
		}
		row["AAB001"], row["AAB004"], row["AAB998"] = 100+rid, nil, nil
		warehousetest.Load(t, b.db, "AB01", []warehousetest.Row{row})
	}
	state := func() check.Issue {
		t.Helper()
		b.run(t)
		return b.issues(t, actor, check.IssueFilter{Point: "DQ-C02"})[0]
	}
	missing(50, 0)
	if i := state(); i.State != check.Open || i.Rows != 1 {
		t.Fatalf("found: %+v", i)
	}
	deadline := time.Now().Add(24 * time.Hour)
	if _, err := b.Assign(t.Context(), other, "DQ-C02", "520302", "li", deadline, ""); fundwatch.CodeOf(err) != fundwatch.NotFound {
		t.Errorf("assigned from elsewhere: %v", err)
	}
	if _, err := b.Assign(t.Context(), actor, "DQ-C02", "520302", "", deadline, ""); fundwatch.CodeOf(err) != fundwatch.Invalid {
		t.Errorf("assigned to nobody: %v", err)
	}
	if _, err := b.Assign(t.Context(), actor, "DQ-C02", "520302", "li", time.Now().Add(-time.Hour), ""); fundwatch.CodeOf(err) != fundwatch.Invalid {
		t.Errorf("deadline in the past: %v", err)
	}
	i, err := b.Assign(t.Context(), actor, "DQ-C02", "520302", "li", deadline, "请补录")
	if err != nil || i.State != check.Assigned || i.Owner != "li" {
		t.Fatal(i, err)
	}
	if i := state(); i.State != check.Assigned || i.Owner != "li" {
		t.Errorf("a run forgot who has it: %+v", i)
	}
	if i, err = b.SetState(t.Context(), actor, "DQ-C02", "520302", check.Fixed, "已补录"); err != nil || i.State != check.Fixed {
		t.Fatal(i, err)
	}
	if i := state(); i.State != check.Open || i.Owner != "" || !strings.Contains(i.Note, "仍有问题") {
		t.Errorf("called fixed and is not: %+v", i)
	}
	if _, err := b.SetState(t.Context(), actor, "DQ-C02", "520302", check.Accepted, " "); fundwatch.CodeOf(err) != fundwatch.Invalid {
		t.Errorf("accepted without a reason: %v", err)
	}
	if _, err := b.SetState(t.Context(), actor, "DQ-C02", "520302", check.Accepted, "历史遗留，不影响待遇"); err != nil {
		t.Fatal(err)
	}
	if i := state(); i.State != check.Accepted {
		t.Errorf("accepted and the same: %+v", i)
	}
	missing(51, 0)
	if i := state(); i.State != check.Open || i.Rows != 2 || !strings.Contains(i.Note, "由 1 行增至 2 行") {
		t.Errorf("accepted and grown: %+v", i)
	}
	missing(50, 2)
	missing(51, 2)
	if i := state(); i.State != check.Fixed || i.Rows != 0 {
		t.Errorf("gone: %+v", i)
	}
	missing(52, 0)
	if i := state(); i.State != check.Open || i.Rows != 1 {
		t.Errorf("back: %+v", i)
	}
	records, _, err := b.audit.Find(t.Context(), audit.Filter{Action: "check."})
	if err != nil || len(records) != 3 || records[0].Object != "issue:DQ-C02/520302" {
		t.Errorf("audit %+v %v", records, err)
	}
}

func TestHeadcounts(t *testing.T) {
	b, _ := open(t)
	var persons, paid []warehousetest.Row
	for n := range 1000 {
		persons = append(persons, warehousetest.Row{"AAZ159": 5000 + n, "AAC001": 5000 + n, "AAE140": "120", "AAC008": "1", "AAC030": "2020-01-01", "AAB301": []string{"520302", "520303"}[n%2]})
		paid = append(paid, warehousetest.Row{"AAZ223": 5000 + n, "AAC001": 5000 + n, "AAB001": 10, "AAE140": "120", "AAE003": 202512, "AAA115": "10", "YAE589": "0", "AAE080": 1, "AAE082": 0, "AAB301": []string{"520302", "520303"}[n%2]})
	}
	warehousetest.Load(t, b.db, "AC02", persons)
	warehousetest.Load(t, b.db, "AC43", paid)
	warehousetest.Load(t, b.db, "NB01", []warehousetest.Row{
		{"AAE001": 2025, "AAE140": "120", "AAB301": "520300", "ZNB001": 1009, "ZNB002": 1100, "ZNB003": 0},
		{"AAE001": 2025, "AAE140": "120", "AAB301": "520302", "ZNB001": 500, "ZNB002": 500, "ZNB003": 7},
		{"AAE001": 2024, "AAE140": "120", "AAB301": "520300", "ZNB001": 1, "ZNB002": 1, "ZNB003": 1},
	})
	all, err := b.Headcounts(t.Context(), warehousetest.Actor("520300"), 2025)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(h check.Headcount) bool { return h.Region == "520300" })
	h := all[i]
	if h.Insured.System != 1000 || h.Insured.Verdict != check.VerdictWarn || math.Abs(h.Insured.Deviation-9.0/1009) > 1e-9 {
		t.Errorf("insured %+v", h.Insured)
	}
	if h.Paying.System != 1000 || h.Paying.Verdict != check.VerdictFail || h.Receiving.Verdict != check.VerdictOK {
		t.Errorf("paying %+v, receiving %+v", h.Paying, h.Receiving)
	}
	mine, err := b.Headcounts(t.Context(), warehousetest.Actor("520303"), 2025)
	if err != nil || len(mine) != 0 {
		t.Errorf("figures outside the scope: %+v %v", mine, err)
	}
	if _, err := b.Headcounts(t.Context(), warehousetest.Actor("520000"), 25); fundwatch.CodeOf(err) != fundwatch.Invalid {
		t.Error(err)
	}
}
