package patrol_test

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/core/synth"
	"fundwatch/internal/store/storetest"
	"fundwatch/patrol"
	"fundwatch/warehouse"
	"fundwatch/warehouse/warehousetest"
)

// province is a synthetic province whose feeds flow into a warehouse.
type province struct {
	t       testing.TB
	dir     string
	synth   *synth.Province
	db      *warehouse.DB
	cursors map[string]core.Cursor
}

func newProvince(t testing.TB, seed uint64, persons int) *province {
	t.Helper()
	dir := t.TempDir() + "/province"
	if err := synth.Make(t.Context(), synth.Options{Dir: dir, Seed: seed, Persons: persons, PlantRate: 1}); err != nil {
		t.Fatal(err)
	}
	prov, err := synth.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	p := &province{t: t, dir: dir, synth: prov, db: warehousetest.Open(t), cursors: map[string]core.Cursor{}}
	p.follow()
	return p
}

// follow loads what the feeds have beyond what was loaded.
func (p *province) follow() (rows int64) {
	p.t.Helper()
	for _, feed := range p.synth.Feeds() {
		for {
			c, err := p.synth.Chunk(feed.Table, p.cursors[feed.Table])
			if err != nil {
				p.t.Fatal(err)
			}
			if c.Rows == 0 {
				break
			}
			body, err := os.Open(c.Path)
			if err != nil {
				p.t.Fatal(err)
			}
			_, err = p.db.Load(p.t.Context(), warehouse.Delivery{
				ID: feed.Table + ":" + string(c.Next), Table: feed.Table, Source: "core", After: c.After, Next: c.Next,
				AsOf: c.AsOf, SHA: c.SHA, Rows: c.Rows, Sums: c.Sums, Body: io.Reader(body),
			})
			if cerr := body.Close(); err != nil || cerr != nil {
				p.t.Fatal(err, cerr)
			}
			p.cursors[feed.Table], rows = c.Next, rows+c.Rows
		}
	}
	return rows
}

func (p *province) nextDay() {
	p.t.Helper()
	if _, err := p.synth.NextDay(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	p.follow()
}

// judge compares the findings with the truth: every plant found by the rules that must see it, no look-alike taken
// for a plant, nothing found that neither explains.
func (p *province) judge(pat *patrol.Patrol) {
	p.t.Helper()
	truth, err := synth.ReadTruth(p.dir)
	if err != nil {
		p.t.Fatal(err)
	}
	type hit struct{ rule, subject string }
	found, explained := map[hit]patrol.Finding{}, map[hit]bool{}
	for _, f := range findings(p.t, pat) {
		found[hit{f.Rule, f.Subject.ID}] = f
	}
	planted, seen := 0, 0
	for _, x := range truth {
		id := x.Subject.ID
		if x.Subject.Kind == fundwatch.SubjectAccount {
			id = strconv.FormatInt(p.db.Pseudonym(id), 10)
		}
		for _, rule := range slices.Concat(x.Rules, x.May) {
			if x.Kind == synth.Plant || slices.Contains(x.May, rule) {
				explained[hit{rule, id}] = true
			}
		}
		for _, rule := range x.Rules {
			_, ok := found[hit{rule, id}]
			switch {
			case x.Kind == synth.LookAlike && ok && !explained[hit{rule, id}]:
				p.t.Errorf("look-alike %s: %s takes %s for a plant: %v (%s)", x.Story, rule, x.Subject, found[hit{rule, id}].Facts, x.Note)
			case x.Kind == synth.Plant:
				planted++
				if ok {
					seen++
				} else {
					p.t.Errorf("plant %s: %s does not see %s (%s)", x.Story, rule, x.Subject, x.Note)
				}
			}
		}
	}
	for h, f := range found {
		if !explained[h] {
			p.t.Errorf("unexplained: %s %s: %v %s %s..%s", h.rule, f.Subject, f.Amount, f.Facts, f.FirstMonth, f.LastMonth)
		}
	}
	p.t.Logf("%d of %d plants seen, %d findings", seen, planted, len(found))
}

// TestProvince lets days go by in small provinces of several seeds. Delta rounds must end where a full round does,
// and the findings must be those that the stories of the province explain.
func TestProvince(t *testing.T) {
	seeds, persons, days := []uint64{7, 11}, 1500, 4
	if s := os.Getenv("PATROL_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seeds = []uint64{n}
	}
	if s := os.Getenv("PATROL_PERSONS"); s != "" {
		persons, _ = strconv.Atoi(s)
	}
	if s := os.Getenv("PATROL_DAYS"); s != "" {
		days, _ = strconv.Atoi(s)
	}
	for _, seed := range seeds {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			p := newProvince(t, seed, persons)
			clock := func(_ *patrol.Config, o *patrol.Options) { o.Now = time.Now }
			pat := open(t, p.db, storetest.Open(t), clock)
			report(t, full(t, pat))
			for range days {
				p.nextDay()
				report(t, delta(t, pat))
			}
			sameFindings(t, p.db, pat)
			p.judge(pat)
		})
	}
}

// report logs how long a round took, with the slowest rules.
func report(t testing.TB, r patrol.Round) {
	t.Helper()
	slices.SortFunc(r.Runs, func(a, b patrol.Run) int { return int(b.Millis - a.Millis) })
	var slow bytes.Buffer
	rules := int64(0)
	for i, run := range r.Runs {
		rules += run.Millis
		if i < 8 {
			slow.WriteString(" " + run.Rule + "=" + strconv.FormatInt(run.Millis, 10))
		}
	}
	t.Logf("%s round to %d: %s, rules %d ms, %d findings, +%d ~%d -%d;%s", r.Kind, r.ToSeq, r.EndedAt.Sub(r.StartedAt).Round(time.Millisecond),
		rules, r.Findings, r.Appeared, r.Changed, r.Gone, slow.String())
}
