package synth_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/core/synth"
)

// province makes and opens a province in a folder of the test.
func province(t *testing.T, opt synth.Options) (*synth.Province, string) {
	t.Helper()
	opt.Dir = filepath.Join(t.TempDir(), "province")
	if err := synth.Make(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	return reopen(t, opt.Dir), opt.Dir
}

func reopen(t *testing.T, dir string) *synth.Province {
	t.Helper()
	p, err := synth.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func live(t *testing.T, p *synth.Province, days int) {
	t.Helper()
	for range days {
		if _, err := p.NextDay(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// prints lists the hash of every chunk of every feed, and the truth.
func prints(t *testing.T, p *synth.Province, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, f := range p.Feeds() {
		after := core.Cursor("")
		for {
			c, err := p.Chunk(f.Table, after)
			if err != nil {
				t.Fatal(err)
			}
			if c.Rows == 0 {
				break
			}
			out[f.Table+" "+string(c.Next)] = c.SHA
			after = c.Next
		}
		if after != f.Head {
			t.Fatalf("%s: read up to %q, the head is %q", f.Table, after, f.Head)
		}
	}
	truth, err := os.ReadFile(filepath.Join(dir, "truth.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	out["truth"] = string(truth)
	return out
}

func same(t *testing.T, got, want map[string]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d chunks, want %d", len(got), len(want))
	}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s differs", k)
		}
	}
}

func TestEqualOptionsMakeEqualBytes(t *testing.T) {
	opt := synth.Options{Seed: 3, Persons: 3000}
	a, dirA := province(t, opt)
	b, dirB := province(t, opt)
	live(t, a, 16)
	live(t, b, 7)
	b = reopen(t, dirB)
	live(t, b, 9)
	same(t, prints(t, b, dirB), prints(t, a, dirA))
	opt.Seed = 4
	c, dirC := province(t, opt)
	if prints(t, c, dirC)["AC83 1"] == prints(t, a, dirA)["AC83 1"] {
		t.Error("another seed made the same payments")
	}
}

// TestMain plays days for ever when asked to: the process that TestKilledAnywhereLosesNothing kills.
func TestMain(m *testing.M) {
	dir := os.Getenv("SYNTH_TEST_LIVE_ON")
	if dir == "" {
		os.Exit(m.Run())
	}
	p, err := synth.Open(dir)
	for err == nil && p.Today().Before(time.Date(2026, 12, 20, 0, 0, 0, 0, fundwatch.Shanghai())) {
		_, err = p.NextDay(context.Background())
	}
	if err != nil {
		panic(err)
	}
}

func TestKilledAnywhereLosesNothing(t *testing.T) {
	opt := synth.Options{Seed: 9, Persons: 1500}
	calm, calmDir := province(t, opt)
	_, dir := province(t, opt)
	for kill := range 12 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), "SYNTH_TEST_LIVE_ON="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(40+37*kill%160) * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	p := reopen(t, dir)
	for calm.Today().Before(p.Today()) {
		live(t, calm, 1)
	}
	live(t, calm, 3)
	live(t, p, 3)
	same(t, prints(t, p, dir), prints(t, calm, calmDir))
}

func TestTornLogsAreIgnored(t *testing.T) {
	opt := synth.Options{Seed: 9, Persons: 1500}
	calm, calmDir := province(t, opt)
	_, dir := province(t, opt)
	for _, name := range []string{"commits.jsonl", "truth.jsonl"} {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(`{"day":"2026-11-`); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
	}
	if err := os.WriteFile(filepath.Join(dir, "feed", "AC90", "0000000002.arrows"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := reopen(t, dir)
	live(t, p, 4)
	live(t, calm, 4)
	same(t, prints(t, p, dir), prints(t, calm, calmDir))
}

func TestMakeRefusesBadOptions(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		opt  synth.Options
		code fundwatch.Code
	}{
		"no folder":      {synth.Options{}, fundwatch.Invalid},
		"too few":        {synth.Options{Dir: "x", Persons: 3}, fundwatch.Invalid},
		"too many":       {synth.Options{Dir: "x", Persons: 1 << 40}, fundwatch.Invalid},
		"negative month": {synth.Options{Dir: "x", Months: -1}, fundwatch.Invalid},
		"plant rate":     {synth.Options{Dir: "x", PlantRate: -1}, fundwatch.Invalid},
		"taken folder":   {synth.Options{Dir: full}, fundwatch.Conflict},
	} {
		if err := synth.Make(t.Context(), c.opt); fundwatch.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want code %s", name, err, c.code)
		}
	}
	if _, err := synth.Open(t.TempDir()); fundwatch.CodeOf(err) != fundwatch.NotFound {
		t.Errorf("opening nothing: %v", err)
	}
}

func TestShortHistoryHasNoStories(t *testing.T) {
	for _, months := range []int{1, 11, 12, 20} {
		p, dir := province(t, synth.Options{Seed: 1, Persons: 600, Months: months})
		live(t, p, 2)
		truth, err := synth.ReadTruth(dir)
		if err != nil || months < 12 && len(truth) > 0 {
			t.Errorf("%d months: %d truths, %v", months, len(truth), err)
		}
	}
}

func TestCancelledMakeLeavesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "province")
	ctx, cancel := context.WithCancel(t.Context())
	err := synth.Make(ctx, synth.Options{Dir: dir, Persons: 30_000, Progress: func(_ string, done, _ int64) {
		if done > 0 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("want context.Canceled, got %v", err)
	}
	left, err := filepath.Glob(dir + "*")
	if err != nil || len(left) > 0 {
		t.Fatalf("left behind: %v %v", left, err)
	}
}

func TestChunkRefusesForeignCursors(t *testing.T) {
	p, _ := province(t, synth.Options{Seed: 1, Persons: 600})
	for _, c := range []struct {
		table string
		after core.Cursor
		code  fundwatch.Code
	}{{"NONE", "", fundwatch.NotFound}, {"AC01", "x", fundwatch.Invalid}, {"AC01", "0", fundwatch.Invalid},
		{"AC01", "01", fundwatch.Invalid}, {"AC01", "99", fundwatch.Invalid}, {"AC01", "-1", fundwatch.Invalid}} {
		if _, err := p.Chunk(c.table, c.after); fundwatch.CodeOf(err) != c.code {
			t.Errorf("%s after %q: %v, want %s", c.table, c.after, err, c.code)
		}
	}
}
