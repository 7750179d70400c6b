package supervision_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"fundwatch"
	"fundwatch/access"
	"fundwatch/core"
	"fundwatch/internal/audit"
	"fundwatch/internal/jobs"
	"fundwatch/internal/live"
	"fundwatch/internal/store"
	"fundwatch/internal/store/storetest"
	"fundwatch/patrol"
	"fundwatch/supervision"
)

// agencies is a business core that keeps directives in memory and answers when told to.
type agencies struct {
	core.Client // the parts of the core that casework never calls

	mu   sync.Mutex
	list []core.DirectiveStatus
	down bool
}

func (a *agencies) Submit(_ context.Context, d core.Directive) (*core.DirectiveStatus, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.down {
		return nil, fundwatch.Errorf(fundwatch.Unavailable, "业务系统暂不可用")
	}
	if err := d.Validate(); err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(a.list, func(s core.DirectiveStatus) bool { return s.Directive.ID == d.ID }); i >= 0 {
		if !a.list[i].Directive.Same(d) {
			return nil, fundwatch.Errorf(fundwatch.Conflict, "指令编号已被使用")
		}
		return &a.list[i], nil
	}
	return a.put(core.DirectiveStatus{Directive: d, State: core.Received}), nil
}

func (a *agencies) put(s core.DirectiveStatus) *core.DirectiveStatus {
	s.Seq, s.At = int64(len(a.list)+1), noon()
	a.list = append(a.list, s)
	return &s
}

func (a *agencies) Directives(_ context.Context, after int64, limit int) ([]core.DirectiveStatus, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []core.DirectiveStatus
	for _, s := range a.list {
		if s.Seq > after && len(out) < limit {
			out = append(out, s)
		}
	}
	return out, nil
}

// reply has the agency begin, or finish with an answer.
func (a *agencies) reply(id string, answer *core.Answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.IndexFunc(a.list, func(s core.DirectiveStatus) bool { return s.Directive.ID == id })
	s := core.DirectiveStatus{Directive: a.list[i].Directive, State: core.InProgress, Message: "已派至经办机构"}
	if answer != nil {
		s.State, s.Answer = core.Answered, answer
	}
	a.put(s)
}

func noon() time.Time { return time.Date(2026, 11, 6, 12, 0, 0, 0, fundwatch.Shanghai()) } // a Friday

// bench is a desk over a fresh store.
type bench struct {
	t     *testing.T
	db    *store.DB
	log   *audit.Log
	desk  *supervision.Desk
	core  *agencies
	rules map[string]*patrol.Rule
}

func newBench(t *testing.T) *bench {
	t.Helper()
	began := time.Now()
	now := func() time.Time { return noon().Add(time.Since(began)) } // a clock that stands still would never retry
	db := storetest.OpenAt(t, t.TempDir()+"/store.db", now)
	logger := slog.New(slog.DiscardHandler)
	log, err := audit.Open(t.Context(), db, audit.Config{}, logger)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, db: db, log: log, core: &agencies{}, rules: map[string]*patrol.Rule{}}
	b.desk, err = supervision.New(supervision.Options{Store: db, Audit: log, Core: b.core, Now: now, Rows: evidence, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	book, err := patrol.Load(patrol.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range book.Rules() {
		b.rules[r.ID] = r
	}
	return b
}

// evidence is two rows for every finding.
func evidence(context.Context, string) ([]string, error) { return []string{"AC82:7", "AC83:8"}, nil }

// work runs the jobs that are due.
func (b *bench) work() {
	b.t.Helper()
	q := jobs.New(b.db, jobs.Config{Workers: 1, BackoffMin: time.Millisecond}, slog.New(slog.DiscardHandler))
	if err := b.desk.Register(q); err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(b.t.Context(), 10*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- q.Run(ctx) }()
	for ctx.Err() == nil {
		_, open, err := jobs.List(ctx, b.db, jobs.Filter{State: jobs.Ready, Limit: 1})
		_, busy, err2 := jobs.List(ctx, b.db, jobs.Filter{State: jobs.Running, Limit: 1})
		if err := errors.Join(err, err2); err != nil && ctx.Err() == nil {
			b.t.Fatal(err)
		}
		if open+busy == 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	<-done
}

func (b *bench) poll() {
	b.t.Helper()
	if _, err := b.desk.Poll(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

// finding is a change about a person.
func (b *bench) change(kind patrol.ChangeKind, person int, region string, amount int64, hash string) patrol.Change {
	r := b.rules["QY-047"]
	f := patrol.Finding{
		Key: fmt.Sprintf("key-%d", person), Rule: r.ID, Version: 1, Subject: fundwatch.Subject{Kind: fundwatch.SubjectPerson, ID: strconv.Itoa(1000000 + person)},
		Region: fundwatch.Region(region), Line: fundwatch.EnterprisePension, Amount: fundwatch.Fen(amount), FirstMonth: 202606, LastMonth: 202608,
		Facts: map[string]any{"death_on": "2026-05-20", "months": int64(3)}, Hash: hash, SeenAt: noon(),
	}
	return patrol.Change{Kind: kind, Finding: f, Rule: r, Round: 1, AsOf: noon()}
}

func (b *bench) raise(changes ...patrol.Change) {
	b.t.Helper()
	err := b.db.WithTx(b.t.Context(), func(ctx context.Context, tx *store.Tx) error { return b.desk.Raise(ctx, tx, changes) })
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) list(actor fundwatch.Actor, f supervision.Filter) supervision.Page {
	b.t.Helper()
	p, err := b.desk.List(b.t.Context(), actor, f)
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

func (b *bench) get(id string) *supervision.Detail {
	b.t.Helper()
	d, err := b.desk.Get(b.t.Context(), supervisor(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

func actor(region string, roles ...string) fundwatch.Actor {
	return fundwatch.Actor{ID: "u-" + region + roles[0], Name: "李处", Roles: roles, Scope: fundwatch.NewScope([]fundwatch.Region{fundwatch.Region(region)}, fundwatch.Insurances())}
}

func supervisor() fundwatch.Actor { return actor("520000", access.Supervisor) }

func wantCode(t *testing.T, err error, code fundwatch.Code) {
	t.Helper()
	if got := fundwatch.CodeOf(err); got != code {
		t.Fatalf("error %v is %q, want %q", err, got, code)
	}
}

// TestLifeOfAnAlert goes the whole way: found, reviewed, dispatched, verified, sent back, verified again, confirmed,
// rectified, closed, with every step in the timeline and the audit chain.
func TestLifeOfAnAlert(t *testing.T) {
	b, me := newBench(t), supervisor()
	b.raise(b.change(patrol.Appeared, 1, "520102", 900000, "h1"))
	p := b.list(me, supervision.Filter{})
	if p.Total != 1 || p.Items[0].State != supervision.Raised || p.Items[0].Severity != supervision.Orange {
		t.Fatalf("list: %+v", p)
	}
	if s := p.Items[0].Title; !strings.Contains(s, "9,000.00 元") || !strings.Contains(s, "2026-06 至 2026-08") {
		t.Errorf("title %q", s)
	}
	if strings.Contains(p.Items[0].SubjectName, "1000001") {
		t.Errorf("subject in clear: %q", p.Items[0].SubjectName)
	}
	id := p.Items[0].ID
	a, err := b.desk.Review(t.Context(), me, id, 1, supervision.Review{Accept: true})
	if err != nil || a.State != supervision.Accepted {
		t.Fatal(a, err)
	}
	a, err = b.desk.Dispatch(t.Context(), me, id, a.Rev, supervision.Order{Note: "核实死亡时间与账户支取"})
	if err != nil || a.State != supervision.Dispatched {
		t.Fatal(a, err)
	}
	if want := time.Date(2026, 11, 20, 23, 59, 59, 0, fundwatch.Shanghai()); !a.DueAt.Equal(want) {
		t.Errorf("due %s, want ten working days after a Friday: %s", a.DueAt, want)
	}
	b.work()
	b.core.reply("PF-1-1", nil)
	b.poll()
	if got := b.get(id).Alert.State; got != supervision.Verifying {
		t.Fatalf("state %s after the agency began", got)
	}
	b.core.reply("PF-1-1", &core.Answer{Problem: false, Note: "未发现问题", Clerk: "王某", At: noon()})
	b.poll()
	d := b.get(id)
	if d.Alert.State != supervision.Answered || d.Answer == nil || d.Answer.Problem {
		t.Fatalf("answered: %+v %+v", d.Alert, d.Answer)
	}
	a, err = b.desk.ReturnForRework(t.Context(), me, id, d.Alert.Rev, supervision.Order{Note: "无佐证材料，请补充"})
	if err != nil || a.State != supervision.Dispatched {
		t.Fatal(a, err)
	}
	b.work()
	b.core.reply("PF-1-2", &core.Answer{Problem: true, Amount: 900000, Recovered: 300000, Note: "属实", Clerk: "王某", At: noon()})
	b.poll()
	b.poll() // nothing is done twice
	d = b.get(id)
	if d.Alert.State != supervision.Answered || !d.Answer.Problem {
		t.Fatalf("second answer: %+v %+v", d.Alert, d.Answer)
	}
	a, err = b.desk.Confirm(t.Context(), me, id, d.Alert.Rev, supervision.Outcome{Verdict: supervision.Violation, Amount: 900000, Recovered: 300000})
	if err != nil || a.State != supervision.Confirmed {
		t.Fatal(a, err)
	}
	a, err = b.desk.Rectify(t.Context(), me, id, a.Rev, "责令退回")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = b.desk.Close(t.Context(), me, id, a.Rev, 300000, ""); fundwatch.CodeOf(err) != fundwatch.Invalid {
		t.Fatalf("closing short of the amount without a reason: %v", err)
	}
	a, err = b.desk.Close(t.Context(), me, id, a.Rev, 900000, "")
	if err != nil || a.State != supervision.Closed || a.ClosedAt.IsZero() {
		t.Fatal(a, err)
	}
	var steps []string
	for _, e := range b.get(id).Timeline {
		steps = append(steps, string(e.Action))
		if e.Title == "" || e.Actor == "" {
			t.Errorf("event without words: %+v", e)
		}
	}
	if got := strings.Join(steps, " "); got != "raise accept dispatch start answer return answer confirm rectify close" {
		t.Errorf("timeline: %s", got)
	}
	entries, n, err := b.log.Find(t.Context(), audit.Filter{Object: "alert:" + id, Limit: 100})
	if err != nil || n != 6 {
		t.Fatalf("%d audit entries, want one for each of six actions of a person: %v %v", n, entries, err)
	}
	s, err := b.desk.Stats(t.Context(), me, "")
	if err != nil || s.Confirmed != 900000 || s.Recovered != 900000 || s.Open != 0 || s.ByDay[len(s.ByDay)-1].Handled != 1 {
		t.Errorf("stats %+v %v", s, err)
	}
}

// TestScope reads and writes as people of other places and other roles.
func TestScope(t *testing.T) {
	b := newBench(t)
	b.raise(b.change(patrol.Appeared, 1, "520102", 100, "h"), b.change(patrol.Appeared, 2, "520302", 100, "h"), b.change(patrol.Appeared, 3, "520303", 100, "h"))
	tests := []struct {
		who  fundwatch.Actor
		want int64
	}{
		{actor("520000", access.Supervisor), 3}, {actor("520100", access.Supervisor), 1}, {actor("520300", access.Leader), 2},
		{actor("520303", access.Monitor), 1}, {actor("520400", access.Supervisor), 0}, {actor("520000", access.Agency), 0},
		{fundwatch.Actor{ID: "x", Roles: []string{access.Supervisor}}, 0},
		{fundwatch.Actor{ID: "y", Roles: []string{access.Supervisor}, Scope: fundwatch.NewScope([]fundwatch.Region{"520000"}, []fundwatch.Insurance{fundwatch.WorkInjury})}, 0},
	}
	for _, tt := range tests {
		p := b.list(tt.who, supervision.Filter{})
		if p.Total != tt.want {
			t.Errorf("%v sees %d alerts, want %d", tt.who.Roles, p.Total, tt.want)
		}
	}
	_, err := b.desk.List(t.Context(), actor("520000", access.SysAdmin), supervision.Filter{})
	wantCode(t, err, fundwatch.Denied)
	foreign := actor("520100", access.Supervisor)
	_, err = b.desk.Get(t.Context(), foreign, "2")
	wantCode(t, err, fundwatch.NotFound)
	_, err = b.desk.Review(t.Context(), foreign, "2", 1, supervision.Review{Accept: true})
	wantCode(t, err, fundwatch.NotFound)
	_, err = b.desk.Dispatch(t.Context(), foreign, "1", 1, supervision.Order{Agency: "520302", Note: "核实"})
	wantCode(t, err, fundwatch.Invalid)
	_, err = b.desk.Review(t.Context(), actor("520000", access.Leader), "1", 1, supervision.Review{Accept: true})
	wantCode(t, err, fundwatch.Denied)
	_, denied, err := b.log.Find(t.Context(), audit.Filter{Outcome: audit.Denied, Limit: 100})
	if err != nil || denied != 4 {
		t.Errorf("%d denials in the audit chain, want 4: %v", denied, err)
	}
	if _, err := b.desk.Dispatch(t.Context(), foreign, "1", 1, supervision.Order{Note: "核实"}); err != nil {
		t.Fatal(err)
	}
	if got := b.list(actor("520102", access.Agency), supervision.Filter{}).Total; got != 1 {
		t.Errorf("the agency sees %d dispatched alerts, want 1", got)
	}
	if got := b.list(actor("520302", access.Agency), supervision.Filter{}).Total; got != 0 {
		t.Errorf("another agency sees %d", got)
	}
}

// TestVersions has two people act on what they saw: the second is told, the first's repeated request is not.
func TestVersions(t *testing.T) {
	b, me := newBench(t), supervisor()
	b.raise(b.change(patrol.Appeared, 1, "520102", 100, "h"))
	first := supervision.Review{Verdict: supervision.Lawful, Note: "已核对手续齐全"}
	a, err := b.desk.Review(t.Context(), me, "1", 1, first)
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.desk.Review(t.Context(), me, "1", 1, first)
	if err != nil || again.Rev != a.Rev {
		t.Fatalf("the same request again: %+v %v", again, err)
	}
	_, err = b.desk.Review(t.Context(), me, "1", 1, supervision.Review{Verdict: supervision.Lawful, Note: "另一理由说明"})
	wantCode(t, err, fundwatch.Conflict)
	_, err = b.desk.Review(t.Context(), actor("520100", access.Supervisor), "1", 1, first)
	wantCode(t, err, fundwatch.Conflict)
	_, err = b.desk.Dispatch(t.Context(), me, "1", a.Rev, supervision.Order{Note: "核实"})
	wantCode(t, err, fundwatch.Conflict)
	if n := len(b.get("1").Timeline); n != 2 {
		t.Errorf("%d events, want raise and dismiss", n)
	}
}

// TestRecurrence raises the same finding again after each way in which an alert can end.
func TestRecurrence(t *testing.T) {
	tests := []struct {
		name   string
		end    func(b *bench)
		again  func(b *bench) patrol.Change
		alerts int64
		open   int64
	}{
		{"open goes on", func(*bench) {}, func(b *bench) patrol.Change { return b.change(patrol.Changed, 1, "520102", 200, "h2") }, 1, 1},
		{"false positive, same evidence", dismissed(supervision.FalsePositive), func(b *bench) patrol.Change { return b.change(patrol.Returned, 1, "520102", 100, "h1") }, 1, 0},
		{"lawful, new evidence", dismissed(supervision.Lawful), func(b *bench) patrol.Change { return b.change(patrol.Changed, 1, "520102", 200, "h2") }, 2, 1},
		{"data error, still there", dismissed(supervision.DataError), func(b *bench) patrol.Change { return b.change(patrol.Returned, 1, "520102", 100, "h1") }, 2, 1},
		{"cleared and back", func(b *bench) { b.raise(b.change(patrol.Vanished, 1, "520102", 100, "h1")) }, func(b *bench) patrol.Change { return b.change(patrol.Returned, 1, "520102", 100, "h1") }, 2, 1},
		{"settled, nothing later", settled, func(b *bench) patrol.Change { return b.change(patrol.Returned, 1, "520102", 100, "h1") }, 1, 0},
		{"settled, paid for a later month", settled, func(b *bench) patrol.Change {
			c := b.change(patrol.Changed, 1, "520102", 100, "h3")
			c.Finding.LastMonth = 202609
			return c
		}, 2, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			b.raise(b.change(patrol.Appeared, 1, "520102", 100, "h1"))
			tt.end(b)
			b.raise(tt.again(b))
			all, open := b.list(supervisor(), supervision.Filter{}), b.list(supervisor(), supervision.Filter{Open: true})
			if all.Total != tt.alerts || open.Total != tt.open {
				t.Errorf("%d alerts, %d open; want %d, %d", all.Total, open.Total, tt.alerts, tt.open)
			}
		})
	}
}

func dismissed(v supervision.Verdict) func(*bench) {
	return func(b *bench) {
		b.t.Helper()
		if _, err := b.desk.Review(b.t.Context(), supervisor(), "1", 1, supervision.Review{Verdict: v, Note: "核对后排除"}); err != nil {
			b.t.Fatal(err)
		}
	}
}

func settled(b *bench) {
	b.t.Helper()
	me := supervisor()
	a, err := b.desk.Dispatch(b.t.Context(), me, "1", 1, supervision.Order{Note: "核实"})
	if err != nil {
		b.t.Fatal(err)
	}
	b.work()
	b.core.reply("PF-1-1", &core.Answer{Problem: true, Amount: 100, At: noon()})
	b.poll()
	a, err = b.desk.Confirm(b.t.Context(), me, "1", a.Rev+1, supervision.Outcome{Verdict: supervision.Violation, Amount: 100, Recovered: 100})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.desk.Close(b.t.Context(), me, "1", a.Rev, 100, ""); err != nil {
		b.t.Fatal(err)
	}
}

// TestVanished clears what nobody has begun and only notes it on what is under verification.
func TestVanished(t *testing.T) {
	b := newBench(t)
	b.raise(b.change(patrol.Appeared, 1, "520102", 100, "h"), b.change(patrol.Appeared, 2, "520102", 100, "h"))
	if _, err := b.desk.Dispatch(t.Context(), supervisor(), "2", 1, supervision.Order{Note: "核实"}); err != nil {
		t.Fatal(err)
	}
	b.raise(b.change(patrol.Vanished, 1, "520102", 100, "h"), b.change(patrol.Vanished, 2, "520102", 100, "h"))
	one, two := b.get("1"), b.get("2")
	if one.Alert.State != supervision.Cleared || one.Alert.Found {
		t.Errorf("undispatched: %+v", one.Alert)
	}
	if two.Alert.State != supervision.Dispatched || two.Alert.Found || two.Timeline[len(two.Timeline)-1].Title != "数据中已不再出现" {
		t.Errorf("dispatched: %+v %+v", two.Alert, two.Timeline)
	}
}

// TestOutbox dispatches while the core is away and hands over once it is back, once; an order the core will never
// take returns to the desk.
func TestOutbox(t *testing.T) {
	b, me := newBench(t), supervisor()
	b.raise(b.change(patrol.Appeared, 1, "520102", 100, "h"))
	b.core.down = true
	if _, err := b.desk.Dispatch(t.Context(), me, "1", 1, supervision.Order{Note: "核实"}); err != nil {
		t.Fatal(err)
	}
	go func() {
		time.Sleep(30 * time.Millisecond)
		b.core.mu.Lock()
		b.core.down = false
		b.core.mu.Unlock()
	}()
	b.work()
	if len(b.core.list) != 1 || b.core.list[0].Directive.ID != "PF-1-1" {
		t.Fatalf("the core has %+v", b.core.list)
	}
	got := b.core.list[0].Directive
	if got.Items[core.ItemRule] != "QY-047" || got.Items[core.ItemMonths] != "202606,202607,202608" || got.Items[core.ItemRows] != "AC82:7,AC83:8" || got.Subject.ID != "1000001" {
		t.Errorf("directive %+v", got)
	}
	b.core.mu.Lock()
	b.core.list[0].Directive.Reason = "别人的指令"
	b.core.mu.Unlock()
	b.raise(b.change(patrol.Appeared, 2, "520102", 100, "h"))
	b.core.put(core.DirectiveStatus{Directive: core.Directive{ID: "PF-2-1"}, State: core.Received})
	if _, err := b.desk.Dispatch(t.Context(), me, "2", 1, supervision.Order{Note: "核实"}); err != nil {
		t.Fatal(err)
	}
	b.work()
	if d := b.get("2"); d.Alert.State != supervision.Accepted || !strings.Contains(d.Timeline[len(d.Timeline)-1].Note, "指令编号已被使用") {
		t.Errorf("refused: %+v %+v", d.Alert, d.Timeline)
	}
}

// TestSuspend asks the core to stop the payment and notes what became of it.
func TestSuspend(t *testing.T) {
	b, me := newBench(t), supervisor()
	b.raise(b.change(patrol.Appeared, 1, "520102", 100, "h"))
	a, err := b.desk.SuspendPayment(t.Context(), me, "1", 1, "公安已登记死亡，先行止付")
	if err != nil || !a.Suspended || a.State != supervision.Raised {
		t.Fatal(a, err)
	}
	b.work()
	if len(b.core.list) != 1 || b.core.list[0].Directive.Kind != core.Suspend || b.core.list[0].Directive.Line != "110" {
		t.Fatalf("the core has %+v", b.core.list)
	}
	_, err = b.desk.SuspendPayment(t.Context(), me, "1", a.Rev, "公安已登记死亡，再次止付")
	wantCode(t, err, fundwatch.Conflict)
	b.core.reply(b.core.list[0].Directive.ID, &core.Answer{})
	b.poll()
	if d := b.get("1"); d.Timeline[len(d.Timeline)-1].Title != "业务系统已执行" {
		t.Errorf("timeline %+v", d.Timeline)
	}
}

// TestListAgainstModel compares filter, order, pages and facets with a plain loop over the same alerts.
func TestListAgainstModel(t *testing.T) {
	b, rng := newBench(t), rand.New(rand.NewPCG(1, 2))
	regions := []string{"520102", "520103", "520302", "520423"}
	var changes []patrol.Change
	for i := range 120 {
		changes = append(changes, b.change(patrol.Appeared, i+1, regions[rng.IntN(4)], rng.Int64N(10_000_000), "h"))
	}
	b.raise(changes...)
	for i := range 12 {
		if _, err := b.desk.Review(t.Context(), supervisor(), strconv.Itoa(i*9+1), 1, supervision.Review{Accept: i%2 == 0, Verdict: supervision.Lawful, Note: "核对后处理"}); err != nil {
			t.Fatal(err)
		}
	}
	var all []supervision.Alert
	for page := 0; ; page++ {
		p := b.list(supervisor(), supervision.Filter{Sort: "-amount", Offset: page * 50, Limit: 50})
		all = append(all, p.Items...)
		if len(p.Items) < 50 {
			break
		}
	}
	if len(all) != 120 || !slices.IsSortedFunc(all, func(x, y supervision.Alert) int { return int(y.Amount - x.Amount) }) {
		t.Fatalf("%d alerts by amount", len(all))
	}
	for range 60 {
		f := supervision.Filter{Limit: 200}
		if rng.IntN(2) == 0 {
			f.States = []supervision.State{[]supervision.State{supervision.Raised, supervision.Accepted, supervision.Dismissed}[rng.IntN(3)]}
		}
		if rng.IntN(2) == 0 {
			f.Region = []fundwatch.Region{"520100", "520102", "520300"}[rng.IntN(3)]
		}
		if rng.IntN(2) == 0 {
			f.Severities = []supervision.Severity{supervision.Red, supervision.Blue}
		}
		f.Open = rng.IntN(3) == 0
		matches := func(a supervision.Alert, states bool) bool {
			return (len(f.States) == 0 || !states || a.State == f.States[0]) && (f.Region == "" || f.Region.Contains(a.Region)) &&
				(len(f.Severities) == 0 || slices.Contains(f.Severities, a.Severity)) && (!f.Open || a.State.Open())
		}
		var want, anyState int64
		for _, a := range all {
			if matches(a, true) {
				want++
			}
			if matches(a, false) {
				anyState++
			}
		}
		p := b.list(supervisor(), f)
		var counted int64
		for _, c := range p.Facets.State {
			counted += c.Count
		}
		if p.Total != want || int64(len(p.Items)) != want || counted != anyState {
			t.Fatalf("%+v: %d of %d alerts, %d counted by state; want %d and %d", f, len(p.Items), p.Total, counted, want, anyState)
		}
	}
}

// TestLive gives every change of an alert one event, with nothing personal in it.
func TestLive(t *testing.T) {
	b := newBench(t)
	b.raise(b.change(patrol.Appeared, 1, "520102", 100, "h"), b.change(patrol.Appeared, 2, "520102", 100, "h"))
	if _, err := b.desk.Review(t.Context(), supervisor(), "1", 1, supervision.Review{Accept: true}); err != nil {
		t.Fatal(err)
	}
	batch, err := live.Since(t.Context(), b.db, supervision.Topic, 0, 100)
	if err != nil || len(batch.Events) != 3 {
		t.Fatalf("%d events: %v", len(batch.Events), err)
	}
	var a supervision.Alert
	if strings.Contains(string(batch.Events[0].Data), "1000001") {
		t.Errorf("the event names the person: %s", batch.Events[0].Data)
	}
	if err := json.Unmarshal(batch.Events[2].Data, &a); err != nil || a.ID != "1" || a.State != supervision.Accepted {
		t.Errorf("event %s: %v", batch.Events[2].Data, err)
	}
	if p := b.list(supervisor(), supervision.Filter{}); p.Seq != 3 {
		t.Errorf("the list reflects %d, want 3", p.Seq)
	}
	var many []patrol.Change
	for i := range 500 {
		many = append(many, b.change(patrol.Appeared, i+10, "520102", 100, "h"))
	}
	b.raise(many...)
	batch, err = live.Since(t.Context(), b.db, supervision.Topic, 3, 100)
	if err != nil || len(batch.Events) != 1 || !strings.Contains(string(batch.Events[0].Data), `"raised":500`) {
		t.Errorf("a crowd: %d events %v", len(batch.Events), err)
	}
}
