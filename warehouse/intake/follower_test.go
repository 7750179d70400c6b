package intake_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/warehouse"
	"fundwatch/warehouse/intake"
	"fundwatch/warehouse/warehousetest"
)

// village is a business core in memory: it keeps pages, and fails as it is told.
type village struct {
	core.Client // the directives, which intake never asks for

	mu     sync.Mutex
	pages  map[string][]core.Page
	bodies map[string][][]byte
	extra  map[string]int64 // rows that the heads claim beyond the pages
	fault  func(table string, call int) error
	mangle func(table string, call int, body []byte) []byte // what arrives instead
	calls  int
}

func newVillage() *village {
	return &village{pages: map[string][]core.Page{}, bodies: map[string][][]byte{}, extra: map[string]int64{}}
}

// add appends a page of rows to a table's feed.
func (v *village) add(tb testing.TB, table string, rows ...warehousetest.Row) {
	tb.Helper()
	def, err := core.TableByCode(table)
	if err != nil {
		tb.Fatal(err)
	}
	body, sums, err := warehousetest.Encode(def, rows, int64(len(v.pages[table])*1000+1))
	if err != nil {
		tb.Fatal(err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	n := len(v.pages[table])
	after := core.Cursor("")
	if n > 0 {
		after = v.pages[table][n-1].Next
	}
	sum := sha256.Sum256(body)
	v.pages[table] = append(v.pages[table], core.Page{Table: table, After: after, Next: core.Cursor(strconv.Itoa(n + 1)),
		Rows: int64(len(rows)), Sums: sums, AsOf: warehousetest.Now().AddDate(0, 0, n), SHA: hex.EncodeToString(sum[:])})
	v.bodies[table] = append(v.bodies[table], body)
}

// Feeds implements core.Client.
func (v *village) Feeds(ctx context.Context) ([]core.Feed, error) {
	if err := v.ask("", ctx); err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	var out []core.Feed
	for t, pages := range v.pages {
		f := core.Feed{Table: t, Head: pages[len(pages)-1].Next, Rows: v.extra[t]}
		for _, p := range pages {
			f.Rows += p.Rows
		}
		out = append(out, f)
	}
	return out, nil
}

// Changes implements core.Client.
func (v *village) Changes(ctx context.Context, table string, after core.Cursor) (*core.Page, error) {
	if err := v.ask(table, ctx); err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for i, p := range v.pages[table] {
		if p.After != after {
			continue
		}
		body := v.bodies[table][i]
		var end error
		if v.mangle != nil {
			body = v.mangle(table, v.calls, body)
			if len(body) < len(v.bodies[table][i]) {
				end = fundwatch.Errorf(fundwatch.Unavailable, "连接中断")
			}
		}
		p.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{end}))
		return &p, nil
	}
	return &core.Page{Table: table, After: after, Next: after}, nil
}

func (v *village) ask(table string, ctx context.Context) error {
	v.mu.Lock()
	v.calls++
	fault, call := v.fault, v.calls
	v.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if fault != nil {
		return fault(table, call)
	}
	return nil
}

// failing ends a stream with an error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}

func follower(tb testing.TB, v *village, db *warehouse.DB, change func(*intake.FollowerConfig, *intake.FollowerOptions)) *intake.Follower {
	tb.Helper()
	c := intake.FollowerConfig{Dir: filepath.Join(tb.TempDir(), "spool"), FirstWait: time.Millisecond, LastWait: 2 * time.Millisecond}
	o := intake.FollowerOptions{Core: v, Warehouse: db, Logger: slog.New(slog.DiscardHandler), Now: warehousetest.Now}
	if change != nil {
		change(&c, &o)
	}
	f, err := intake.NewFollower(c, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if left, _ := filepath.Glob(filepath.Join(c.Dir, "*")); len(left) > 0 {
			tb.Errorf("left behind: %v", left)
		}
	})
	return f
}

func person(n int) warehousetest.Row {
	return warehousetest.Row{"AAC001": n, "AAC147": fmt.Sprintf("52030219600101%04d", n), "AAC003": "王明", "AAB301": "520302"}
}

func payment(n, fen int) warehousetest.Row {
	return warehousetest.Row{"AAZ220": n, "AAA036": "110101", "AAE003": 202610, "AAC001": n, "AAE140": "110", "AAE002": 202610,
		"AAE019": fen, "AAA088": "1", "AAB301": "520302"}
}

// town is a core with two tables of three pages each, among them corrections and a deletion.
func town(tb testing.TB) *village {
	v := newVillage()
	for i := range 3 {
		v.add(tb, "AC01", person(3*i+1), person(3*i+2), person(3*i+3))
		v.add(tb, "AC83", payment(2*i+1, 100), payment(2*i+2, 50))
	}
	gone, new := payment(1, 100), payment(2, 70)
	gone["_rid"], gone["_op"], new["_rid"], new["_op"] = 1, 2, 2, 1
	v.add(tb, "AC83", gone, new)
	return v
}

// state reads what the warehouse holds of the town.
func state(tb testing.TB, db *warehouse.DB) string {
	tb.Helper()
	f := warehousetest.Query(tb, db.SystemView("test"), `SELECT (SELECT string_agg(AAC147, ',' ORDER BY AAC001) FROM {{AC01}}),
		(SELECT string_agg(AAZ220 || '=' || AAE019, ',' ORDER BY AAZ220) FROM {{AC83}})`)
	return fmt.Sprint(f.Rows[0]...)
}

func find(f *intake.Follower, table string) intake.FeedStatus {
	feeds := f.Feeds()
	return feeds[slices.IndexFunc(feeds, func(s intake.FeedStatus) bool { return s.Table == table })]
}

func TestOnceBringsEveryTableLevel(t *testing.T) {
	v, db := town(t), warehousetest.Open(t)
	var seen []intake.Progress
	f := follower(t, v, db, func(_ *intake.FollowerConfig, o *intake.FollowerOptions) {
		o.Progress = func(p intake.Progress) { seen = append(seen, p) }
	})
	sum, err := f.Once(t.Context())
	if err != nil || !sum.Level || sum.Rows != 17 || sum.Loads != 7 || !slices.Equal(sum.Tables, []string{"AC01", "AC83"}) {
		t.Fatalf("first round: %+v %v", sum, err)
	}
	if last := seen[len(seen)-1]; len(seen) != 7 || last.AllRows != 17 || last.AllOf != 17 || last.AllBytes == 0 {
		t.Errorf("progress %+v", seen)
	}
	got := find(f, "AC83")
	want := intake.FeedStatus{Table: "AC83", Name: "应付计划明细", State: intake.FeedOK, Message: "已与业务系统一致", Cursor: "4", Head: "4",
		Rows: 8, CoreRows: 8, AsOf: warehousetest.Now().AddDate(0, 0, 3), LoadedAt: warehousetest.Now(), Sums: map[string]int64{"AAE019": 520}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("status\n got %+v\nwant %+v", got, want)
	}
	if c := f.Core(); c.State != intake.FeedOK || c.LevelAt.IsZero() {
		t.Errorf("core %+v", c)
	}
	again, err := f.Once(t.Context())
	if err != nil || !again.Level || again.Rows != 0 {
		t.Errorf("second round: %+v %v", again, err)
	}
	v.add(t, "AC01", person(10))
	other := follower(t, v, db, nil) // a new process knows where to go on
	third, err := other.Once(t.Context())
	if err != nil || third.Rows != 1 || find(other, "AC01").Rows != 10 || find(other, "AC83").Sums["AAE019"] != 520 {
		t.Errorf("third round: %+v %v %+v", third, err, find(other, "AC01"))
	}
}

func TestOnceStopsAtTheHeadsOfTheBeginning(t *testing.T) {
	v, db := town(t), warehousetest.Open(t)
	grown := false
	v.fault = func(table string, _ int) error {
		if table == "AC83" && !grown { // the next day is committed while this one is read
			grown = true
			v.add(t, "AC01", person(99))
			v.add(t, "AC83", payment(99, 1))
		}
		return nil
	}
	f := follower(t, v, db, func(c *intake.FollowerConfig, _ *intake.FollowerOptions) { c.Ahead = 1 })
	sum, err := f.Once(t.Context())
	if err != nil || sum.Rows != 17 || !sum.Level {
		t.Fatalf("%+v %v", sum, err)
	}
	if sum, err = f.Once(t.Context()); err != nil || sum.Rows != 2 {
		t.Errorf("the day after: %+v %v", sum, err)
	}
}

func TestFaultsOfOneTableLeaveTheOthersAlone(t *testing.T) {
	unavailable := fundwatch.Errorf(fundwatch.Unavailable, "业务系统没有应答")
	tests := []struct {
		name   string
		fault  func(table string, call int) error
		mangle func(table string, call int, body []byte) []byte
		want   string
		loaded int64 // rows of AC83
	}{
		{"out of reach", func(table string, _ int) error {
			if table == "AC83" {
				return unavailable
			}
			return nil
		}, nil, "业务系统没有应答", 0},
		{"refused", func(table string, _ int) error {
			if table == "AC83" {
				return fundwatch.Errorf(fundwatch.Denied, "令牌无效")
			}
			return nil
		}, nil, "令牌无效", 0},
		{"half a stream", nil, func(table string, _ int, body []byte) []byte {
			if table == "AC83" {
				return body[:len(body)/2]
			}
			return body
		}, "连接中断", 0},
		{"garbage", nil, func(table string, _ int, body []byte) []byte {
			if table == "AC83" {
				return append(slices.Clone(body), 1)
			}
			return body
		}, "摘要不符", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, db := town(t), warehousetest.Open(t)
			v.fault, v.mangle = tt.fault, tt.mangle
			f := follower(t, v, db, func(c *intake.FollowerConfig, _ *intake.FollowerOptions) { c.Attempts = 3 })
			sum, err := f.Once(t.Context())
			if err == nil || sum.Level || !slices.Equal(sum.Failed, []string{"AC83"}) || sum.Rows != 9 {
				t.Fatalf("%+v %v", sum, err)
			}
			got := find(f, "AC83")
			if got.State != intake.FeedFailed || !strings.Contains(got.Message, tt.want) || got.Rows != tt.loaded || got.Behind != 8 {
				t.Errorf("status %+v, want %s", got, tt.want)
			}
			if n := warehousetest.Query(t, db.SystemView("test"), "SELECT count(*) FROM {{AC83}}").Rows[0][0]; n != tt.loaded {
				t.Errorf("%v rows of AC83 in the warehouse", n)
			}
			v.fault, v.mangle = nil, nil
			if sum, err := f.Once(t.Context()); err != nil || !sum.Level || sum.Rows != 8 || find(f, "AC83").State != intake.FeedOK {
				t.Errorf("after the fault: %+v %v", sum, err)
			}
		})
	}
}

func TestCoreOutOfReach(t *testing.T) {
	v, db := town(t), warehousetest.Open(t)
	v.fault = func(_ string, call int) error {
		if call <= 2 {
			return fundwatch.Errorf(fundwatch.Unavailable, "业务系统没有应答")
		}
		return nil
	}
	f := follower(t, v, db, nil)
	if sum, err := f.Once(t.Context()); err != nil || !sum.Level {
		t.Fatalf("two failures then an answer: %+v %v", sum, err)
	}
	v.fault = func(string, int) error { return fundwatch.Errorf(fundwatch.Unavailable, "业务系统没有应答") }
	if _, err := f.Once(t.Context()); err == nil {
		t.Fatal("no error from a core out of reach")
	}
	if c := f.Core(); c.State != intake.FeedFailed || !strings.Contains(c.Message, "没有应答") || c.Attempts != 6 {
		t.Errorf("core %+v", c)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	slow := follower(t, v, db, func(c *intake.FollowerConfig, _ *intake.FollowerOptions) {
		c.FirstWait, c.LastWait = time.Hour, time.Hour
	})
	if _, err := slow.Once(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a cancelled wait: %v", err)
	}
}

func TestDifferenceIsReported(t *testing.T) {
	v, db := town(t), warehousetest.Open(t)
	v.extra["AC01"] = 5
	f := follower(t, v, db, nil)
	sum, err := f.Once(t.Context())
	if err != nil || sum.Level || !slices.Equal(sum.Failed, []string{"AC01"}) {
		t.Fatalf("%+v %v", sum, err)
	}
	if got := find(f, "AC01"); got.Difference != -5 || !strings.Contains(got.Message, "业务系统 14 条，已装载 9 条，相差 -5 条") {
		t.Errorf("%+v", got)
	}
}

func TestFullDiskRefusesTheLoad(t *testing.T) {
	v, db := town(t), warehousetest.Open(t)
	f := follower(t, v, db, func(_ *intake.FollowerConfig, o *intake.FollowerOptions) {
		o.Free = func(string) (int64, error) { return 1000, nil }
	})
	sum, err := f.Once(t.Context())
	if fundwatch.CodeOf(err) != fundwatch.Unavailable || !strings.Contains(fundwatch.MessageOf(err), "磁盘空间不足") || sum.Rows != 0 {
		t.Fatalf("%+v %v", sum, err)
	}
	if db.LoadSeq() != 0 {
		t.Errorf("load %d happened", db.LoadSeq())
	}
}

// TestDisturbedEqualsUndisturbed interrupts rounds at random, by faults, broken streams and cancelled contexts, each
// time with a new Follower as after a crash, and compares the end with a warehouse that was left in peace.
func TestDisturbedEqualsUndisturbed(t *testing.T) {
	v, calm := town(t), warehousetest.Open(t)
	if _, err := follower(t, v, calm, nil).Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := state(t, calm)
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var mu sync.Mutex
		chance := func(n int) bool { mu.Lock(); defer mu.Unlock(); return rng.IntN(n) == 0 }
		v, db := town(t), warehousetest.Open(t)
		cancel := func() {}
		v.fault = func(string, int) error {
			if chance(12) {
				cancel()
			}
			if chance(4) {
				return fundwatch.Errorf(fundwatch.Unavailable, "故障")
			}
			return nil
		}
		v.mangle = func(_ string, _ int, body []byte) []byte {
			if chance(3) {
				return body[:len(body)/3]
			}
			return body
		}
		broken := 0
		for level := false; !level; broken++ {
			if broken == 200 {
				t.Fatalf("seed %d: not level after %d rounds", seed, broken)
			}
			ctx, stop := context.WithCancel(t.Context())
			cancel = stop
			if broken%2 == 0 { // in the middle of whatever happens then
				time.AfterFunc(time.Duration(rng.IntN(60))*time.Millisecond, stop)
			}
			f := follower(t, v, db, func(c *intake.FollowerConfig, o *intake.FollowerOptions) {
				c.Attempts = 2
				o.Progress = func(intake.Progress) {
					if chance(5) {
						stop()
					}
				}
			})
			sum, err := f.Once(ctx)
			stop()
			level = err == nil && sum.Level
		}
		if got := state(t, db); got != want {
			t.Errorf("seed %d, after %d rounds:\n got %s\nwant %s", seed, broken, got, want)
		}
	}
}

func TestRunTellsOfLevelRounds(t *testing.T) {
	v, db := town(t), warehousetest.Open(t)
	f := follower(t, v, db, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var told []int64
	err := f.Run(ctx, time.Millisecond, func(_ context.Context, s intake.Summary) error {
		told = append(told, s.Rows)
		switch len(told) {
		case 1:
			return errors.New("patrol failed") // is called again although nothing changes
		case 2:
			v.add(t, "AC01", person(50))
		case 3:
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || !slices.Equal(told, []int64{17, 0, 1}) {
		t.Errorf("told %v, ended with %v", told, err)
	}
}

func TestNewFollowerSweeps(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "page-1.arrows"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	follower(t, town(t), warehousetest.Open(t), func(c *intake.FollowerConfig, _ *intake.FollowerOptions) { c.Dir = dir })
}
