package patrol_test

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/internal/store"
	"fundwatch/internal/store/storetest"
	"fundwatch/patrol"
	"fundwatch/warehouse"
	"fundwatch/warehouse/warehousetest"
)

// builtin loads the rulebook of the program.
func builtin(t testing.TB) *patrol.Rulebook {
	t.Helper()
	book, err := patrol.Load(patrol.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// open makes a patrol of the builtin rulebook over the warehouse.
func open(t testing.TB, db *warehouse.DB, st *store.DB, change ...func(*patrol.Config, *patrol.Options)) *patrol.Patrol {
	t.Helper()
	cfg := patrol.Config{}
	opts := patrol.Options{Warehouse: db, Store: st, Rulebook: builtin(t), Now: warehousetest.Now, Logger: quiet()}
	for _, f := range change {
		f(&cfg, &opts)
	}
	p, err := patrol.New(t.Context(), cfg, opts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func quiet() *slog.Logger {
	if os.Getenv("VERBOSE") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	return slog.New(slog.DiscardHandler)
}

// mustRun runs a round and wants every rule to have run.
func mustRun(t testing.TB, round func() (patrol.Round, error)) patrol.Round {
	t.Helper()
	r, err := round()
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range r.Runs {
		if run.State != patrol.RunOK {
			t.Fatalf("rule %s: %s: %s", run.Rule, run.State, run.Fault)
		}
	}
	return r
}

func delta(t testing.TB, p *patrol.Patrol) patrol.Round {
	t.Helper()
	return mustRun(t, func() (patrol.Round, error) { return p.Delta(t.Context()) })
}

func full(t testing.TB, p *patrol.Patrol) patrol.Round {
	t.Helper()
	return mustRun(t, func() (patrol.Round, error) { return p.Full(t.Context()) })
}

// findings lists what is present, with everything that must not depend on how it was found.
func findings(t testing.TB, p *patrol.Patrol) map[string]patrol.Finding {
	t.Helper()
	out := map[string]patrol.Finding{}
	err := p.Findings(t.Context(), func(f patrol.Finding) error {
		out[f.Key] = f
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// sameFindings compares what rounds by touched subjects left with what one full round finds in a fresh store.
func sameFindings(t testing.TB, db *warehouse.DB, p *patrol.Patrol) {
	t.Helper()
	fresh := open(t, db, storetest.Open(t))
	full(t, fresh)
	got, want := findings(t, p), findings(t, fresh)
	for key, w := range want {
		g, ok := got[key]
		switch {
		case !ok:
			t.Errorf("full round finds %s %s %v, delta rounds do not", w.Rule, w.Subject, w.Facts)
		case g.Hash != w.Hash || g.Amount != w.Amount || fmt.Sprint(g.Facts) != fmt.Sprint(w.Facts):
			t.Errorf("%s %s: delta %v %v, full %v %v", w.Rule, w.Subject, g.Amount, g.Facts, w.Amount, w.Facts)
		}
	}
	for key, g := range got {
		if _, ok := want[key]; !ok {
			t.Errorf("delta rounds keep %s %s %v, a full round does not find it", g.Rule, g.Subject, g.Facts)
		}
	}
}

// stage puts the cases of all rules into one province: every case gets persons, units, records and identity numbers
// of its own, and the cases of rules that compare a region with itself a prefecture of their own.
type stage struct {
	no     int64
	region string
	next   map[string]int64
}

const apart = 10_000_000 // between the numbers of two cases

func (s *stage) number(n int64) int64     { return s.no*apart + n }
func (s *stage) text(text string) string  { return fmt.Sprintf("%s~%d", text, s.no) }
func (s *stage) place(text string) string { return strings.ReplaceAll(text, "520102", s.region) }

// rows turns the rows of a case into rows to load. Months written 202601..202606 stand for a row each.
func (s *stage) rows(t testing.TB, tables map[string]core.Table, code string, list []map[string]any) []warehousetest.Row {
	t.Helper()
	table := tables[code]
	var out []warehousetest.Row
	for _, given := range list {
		for i := range int64(months(given)) {
			row := warehousetest.Row{}
			for name, v := range given {
				row[name] = s.value(table, given, name, v, int(i))
			}
			if _, ok := row["_rid"]; !ok {
				s.next[code]++
				row["_rid"] = s.no*1000 + 500 + s.next[code]
			}
			out = append(out, row)
		}
	}
	return out
}

// months is how many rows a row with ranges stands for.
func months(row map[string]any) int {
	n := 1
	for _, v := range row {
		if from, to, ok := span(v); ok {
			n = to.Index() - from.Index() + 1
		}
	}
	return n
}

func span(v any) (from, to fundwatch.Month, ok bool) {
	text, _ := v.(string)
	a, b, ok := strings.Cut(text, "..")
	if !ok {
		return 0, 0, false
	}
	x, errA := strconv.Atoi(a)
	y, errB := strconv.Atoi(b)
	return fundwatch.Month(x), fundwatch.Month(y), errA == nil && errB == nil
}

func (s *stage) value(table core.Table, given map[string]any, name string, v any, i int) any {
	if name == "_rid" {
		return s.no*1000 + integer(v)
	}
	if from, _, ok := span(v); ok {
		return int64(from.Add(i))
	}
	column, _ := table.Column(name)
	switch {
	case v == nil || name == "_op":
		return v
	case column.Type == core.Key:
		// One plan is paid per month, so its number goes on with the month; so do those of contributions.
		_, _, plans := span(given["AAE002"])
		if plans && (name == "AAZ220" || name == "AAZ223") {
			return s.number(integer(v) + int64(i))
		}
		return s.number(integer(v))
	case column.Mask == core.MaskID || column.Mask == core.MaskAccount:
		return s.text(fmt.Sprint(v))
	case name == "AAB301":
		return s.place(fmt.Sprint(v))
	case column.Type == core.Month:
		return integer(v)
	}
	return v
}

func integer(v any) int64 {
	n, err := strconv.ParseInt(fmt.Sprint(v), 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

// subject is the number under which a case's subject stands in the province.
func (s *stage) subject(db *warehouse.DB, text string) string {
	if account, ok := strings.CutPrefix(text, "@"); ok {
		return strconv.FormatInt(db.Pseudonym(s.text(account)), 10)
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return strconv.FormatInt(s.number(n), 10)
	}
	return s.place(text)
}

// TestCases plays the cases of every rule: what is given, a delta round, what comes later, a delta round. In the
// end a full round must say the same.
func TestCases(t *testing.T) {
	db, st := warehousetest.Open(t), storetest.Open(t)
	p := open(t, db, st)
	tables := contract(t)
	type played struct {
		rule  *patrol.Rule
		c     patrol.TestCase
		stage *stage
	}
	var all []played
	for _, r := range p.Rulebook().Rules() {
		for _, c := range r.Cases {
			s := &stage{no: int64(len(all) + 1), region: "520102", next: map[string]int64{}}
			if r.ID == "CW-001" || r.ID == "QY-071" {
				s.region = fmt.Sprintf("52%02d02", 30+len(all)%60)
			}
			all = append(all, played{r, c, s})
		}
	}
	load := func(pick func(patrol.TestCase) map[string][]map[string]any) {
		rows := map[string][]warehousetest.Row{}
		for _, x := range all {
			for code, list := range pick(x.c) {
				rows[code] = append(rows[code], x.stage.rows(t, tables, code, list)...)
			}
		}
		for _, code := range slices.Sorted(maps.Keys(rows)) {
			warehousetest.Load(t, db, code, rows[code])
		}
	}
	check := func(when string, want func(patrol.TestCase) []patrol.Expectation) {
		byRule := map[string]map[string][]patrol.Finding{}
		for _, f := range findings(t, p) {
			if byRule[f.Rule] == nil {
				byRule[f.Rule] = map[string][]patrol.Finding{}
			}
			byRule[f.Rule][f.Subject.ID] = append(byRule[f.Rule][f.Subject.ID], f)
		}
		for _, x := range all {
			t.Run(x.rule.ID+"/"+x.c.Name+"/"+when, func(t *testing.T) {
				expect(t, db, x.stage, byRule[x.rule.ID], want(x.c))
			})
		}
	}
	load(func(c patrol.TestCase) map[string][]map[string]any { return c.Given })
	delta(t, p)
	check("before", func(c patrol.TestCase) []patrol.Expectation {
		if len(c.Then) == 0 {
			return c.Expect
		}
		return c.Before
	})
	load(func(c patrol.TestCase) map[string][]map[string]any { return c.Then })
	delta(t, p)
	check("after", func(c patrol.TestCase) []patrol.Expectation { return c.Expect })
	sameFindings(t, db, p)
}

// expect compares the findings about a case's subjects with what the case says.
func expect(t *testing.T, db *warehouse.DB, s *stage, got map[string][]patrol.Finding, want []patrol.Expectation) {
	t.Helper()
	mine := 0
	for subject, list := range got {
		n, err := strconv.ParseInt(subject, 10, 64)
		if err == nil && n/apart == s.no && n < 1e12 || err != nil && strings.Contains(subject, s.region) {
			mine += len(list)
		}
	}
	accounts := 0
	for _, w := range want {
		id := s.subject(db, w.Subject)
		if strings.HasPrefix(w.Subject, "@") {
			accounts++
		}
		i := slices.IndexFunc(got[id], func(f patrol.Finding) bool {
			return w.First == 0 || f.FirstMonth == fundwatch.Month(w.First)
		})
		if i < 0 {
			t.Errorf("%s not found", w.Subject)
			continue
		}
		f := got[id][i]
		if w.Amount != nil && int64(f.Amount) != *w.Amount {
			t.Errorf("%s: amount %d, want %d", w.Subject, f.Amount, *w.Amount)
		}
		if w.Last != 0 && f.LastMonth != fundwatch.Month(w.Last) {
			t.Errorf("%s: last month %s, want %d", w.Subject, f.LastMonth, w.Last)
		}
		for name, v := range w.Facts {
			if fmt.Sprint(f.Facts[name]) != fmt.Sprint(v) {
				t.Errorf("%s: %s is %v, want %v", w.Subject, name, f.Facts[name], v)
			}
		}
	}
	if accounts == 0 && mine != len(want) {
		t.Errorf("%d findings, want %d", mine, len(want))
	}
}

func contract(t testing.TB) map[string]core.Table {
	t.Helper()
	list, err := core.Tables()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]core.Table{}
	for _, table := range list {
		out[table.Code] = table
	}
	return out
}

// TestLock proves that no rule's text changed under an old version.
func TestLock(t *testing.T) {
	if err := builtin(t).CheckLock(); err != nil {
		t.Fatal(cmp.Or(fundwatch.MessageOf(err), err.Error()))
	}
}
