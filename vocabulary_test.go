package fundwatch_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"fundwatch"
)

func TestMonthIndexRoundTrips(t *testing.T) {
	for i := range 1200 {
		m := fundwatch.MonthFromIndex(i)
		if !m.Valid() || m.Index() != i {
			t.Fatalf("index %d became %v with index %d", i, m, m.Index())
		}
	}
	for _, c := range []struct {
		from fundwatch.Month
		add  int
		want fundwatch.Month
	}{{202611, 1, 202612}, {202612, 1, 202701}, {202601, -1, 202512}, {202611, -36, 202311}, {202611, 0, 202611}} {
		if got := c.from.Add(c.add); got != c.want {
			t.Errorf("%v + %d = %v, want %v", c.from, c.add, got, c.want)
		}
	}
}

func TestMonthOfIsTheMonthInChina(t *testing.T) {
	utc := time.Date(2026, 10, 31, 17, 0, 0, 0, time.UTC) // already November in Guiyang
	if got := fundwatch.MonthOf(utc); got != 202611 {
		t.Fatalf("got %v", got)
	}
}

func TestRegionContains(t *testing.T) {
	for _, c := range []struct {
		outer, inner fundwatch.Region
		want         bool
	}{
		{"520000", "520302", true}, {"520300", "520302", true}, {"520302", "520302", true},
		{"520302", "520300", false}, {"520300", "520402", false}, {"", "520302", false},
		{"520000", "", false}, {"520000", "510000", false}, {"52", "520302", false},
	} {
		if got := c.outer.Contains(c.inner); got != c.want {
			t.Errorf("%q contains %q: got %v", c.outer, c.inner, got)
		}
	}
}

func TestZeroScopeSeesNothing(t *testing.T) {
	for _, s := range []fundwatch.Scope{
		{}, fundwatch.NewScope(nil, fundwatch.Insurances()), fundwatch.NewScope([]fundwatch.Region{"520000"}, nil),
		fundwatch.NewScope([]fundwatch.Region{"", "5"}, fundwatch.Insurances()), fundwatch.Scope{}.WithClear(),
	} {
		if !s.Empty() || s.Covers("520302", fundwatch.EnterprisePension) || s.Covers("520302", "") {
			t.Errorf("%+v sees something", s)
		}
	}
}

// Narrowing a scope may never show a row that the scope itself does not show.
func TestWithinOnlyNarrows(t *testing.T) {
	regions := []fundwatch.Region{"520000", "520300", "520400", "520302", "520303", "520402", "522301"}
	lines := fundwatch.Insurances()
	r := rand.New(rand.NewPCG(1, 2))
	pick := func() fundwatch.Region { return regions[r.IntN(len(regions))] }
	for range 5000 {
		s := fundwatch.NewScope([]fundwatch.Region{pick(), pick()}, lines[:1+r.IntN(len(lines))])
		narrow, to, row, line := s, pick(), pick(), lines[r.IntN(len(lines))]
		narrow = narrow.Within(to)
		got, want := narrow.Covers(row, line), s.Covers(row, line) && to.Contains(row)
		if got != want {
			t.Fatalf("%v within %s: row %s %s got %v, want %v", s.Regions(), to, row, line, got, want)
		}
	}
}

func TestFenWritesYuan(t *testing.T) {
	for f, want := range map[fundwatch.Fen]string{
		0: "0.00 元", 5: "0.05 元", -5: "-0.05 元", 123456: "1,234.56 元", 100000000: "1,000,000.00 元", -99999: "-999.99 元",
	} {
		if got := f.Yuan(); got != want {
			t.Errorf("%d: got %q, want %q", int64(f), got, want)
		}
	}
}

func TestErrorsKeepTheirCodeAndHideTheInside(t *testing.T) {
	cause := errors.New("dial tcp: refused")
	err := fmt.Errorf("intake.Once: %w", fundwatch.Errorf(fundwatch.Unavailable, "业务系统无法连接: %w", cause))
	if fundwatch.CodeOf(err) != fundwatch.Unavailable || !errors.Is(err, cause) {
		t.Fatalf("lost code or cause: %v", err)
	}
	if got := fundwatch.MessageOf(err); got != "业务系统无法连接" {
		t.Fatalf("the sentence for people reads %q", got)
	}
	if got := fundwatch.MessageOf(errors.New("sql: no rows")); got == "sql: no rows" {
		t.Fatal("an internal text reached a person")
	}
	if fundwatch.CodeOf(nil) != "" {
		t.Fatal("nil has a code")
	}
}
