package testenv_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"fundwatch"
	"fundwatch/core/synth"
	"fundwatch/dashboards"
	"fundwatch/internal/testenv"
	"fundwatch/web"
)

// TestWorkbench is one long day on a real province: data comes in, rules find, people act, the agency answers, the
// page hears of it, and a restart changes nothing.
func TestWorkbench(t *testing.T) {
	r := testenv.Start(t, testenv.Options{Reveals: 2})
	t.Run("Ready", func(t *testing.T) { ready(t, r) })
	t.Run("Alerts", func(t *testing.T) { alerts(t, r) })
	t.Run("Sec17Regions", func(t *testing.T) { regions(t, r) })
	t.Run("Sec24Masking", func(t *testing.T) { masking(t, r) })
	t.Run("Data", func(t *testing.T) { data(t, r) })
	t.Run("Screen", func(t *testing.T) { screen(t, r) })
	t.Run("Live", func(t *testing.T) { live(t, r) })
	t.Run("Casework", func(t *testing.T) { casework(t, r) })
	t.Run("Sec25Reveal", func(t *testing.T) { reveal(t, r) })
	t.Run("Sec26Export", func(t *testing.T) { export(t, r) })
	t.Run("Files", func(t *testing.T) { files(t, r) })
	t.Run("FullRoundAgrees", func(t *testing.T) { fullRound(t, r) })
	t.Run("Checks", func(t *testing.T) { checks(t, r) })
	t.Run("Sec15Audit", func(t *testing.T) { audited(t, r) })
	t.Run("Restart", func(t *testing.T) { restart(t, r) })
}

func ready(t *testing.T, r *testenv.Runner) {
	res, err := http.Get(r.URL + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	meta := testenv.Get[web.Meta](r.Nobody(), "/meta")
	if res.StatusCode != http.StatusOK || !meta.Ready || !meta.Demo || len(meta.Parts) != 5 {
		t.Errorf("readyz %d, meta %+v", res.StatusCode, meta)
	}
}

func alerts(t *testing.T, r *testenv.Runner) {
	v := r.As("jiandu")
	list := testenv.Get[web.AlertList](v, "/alerts?size=200&sort=-amount")
	if list.Total < 20 || int64(len(list.Items)) != list.Total {
		t.Fatalf("%d alerts, %d listed", list.Total, len(list.Items))
	}
	for i := 1; i < len(list.Items); i++ {
		if list.Items[i].Amount > list.Items[i-1].Amount {
			t.Fatal("the list is not in the order asked for")
		}
	}
	var byState int64
	for _, c := range list.Facets.State {
		byState += c.Count
	}
	if byState != list.Total {
		t.Errorf("the facet counts %d of %d alerts", byState, list.Total)
	}
	planted := map[string]bool{}
	for _, s := range r.Truth() {
		if s.Kind == synth.Plant {
			for _, rule := range s.Rules {
				planted[rule] = true
			}
		}
	}
	for rule := range planted {
		if n := testenv.Get[web.AlertList](v, "/alerts?rule="+rule).Total; n == 0 {
			t.Errorf("rule %s has plants and no alert", rule)
		}
	}
	for _, a := range list.Items {
		d := testenv.Get[web.AlertDetail](v, "/alerts/"+a.ID)
		if d.Explanation == "" || len(d.Basis) == 0 || len(d.Timeline) == 0 || len(d.Evidence) == 0 || d.RuleVersion == 0 {
			t.Errorf("alert %s of %s lacks explanation, basis, timeline or evidence", a.ID, a.Rule)
		}
		rows := 0
		for _, sheet := range d.Evidence {
			rows += len(sheet.Rows)
			for _, c := range sheet.Columns {
				if c.Name == "" || c.Name == c.Code {
					t.Errorf("alert %s shows column %s without a Chinese name", a.ID, c.Code)
				}
			}
		}
		if rows == 0 {
			t.Errorf("alert %s of %s has no row of evidence", a.ID, a.Rule)
		}
	}
}

// regions is the third axis of the matrix: the same question about one's own region and about a foreign one.
func regions(t *testing.T, r *testenv.Runner) {
	all := testenv.Get[web.AlertList](r.As("jiandu"), "/alerts?size=200").Items
	for login, region := range map[string]fundwatch.Region{
		"jiandu": "520000", "jiandu.zunyi": "520300", "jiandu.honghuagang": "520302", "lingdao": "520000", "fenxi": "520000",
		"jiance": "520000",
	} {
		v := r.As(login)
		own := map[string]bool{}
		for _, a := range testenv.Get[web.AlertList](v, "/alerts?size=200").Items {
			own[a.ID] = true
		}
		for _, a := range all {
			inside := region.Contains(fundwatch.Region(a.Region))
			if own[a.ID] != inside {
				t.Errorf("%s (%s): alert of %s listed: %v", login, region, a.Region, own[a.ID])
			}
			got := v.Do(http.MethodGet, "/alerts/"+a.ID, nil)
			if want := map[bool]int{true: 200, false: 404}[inside]; got.Status != want {
				t.Errorf("%s (%s): alert of %s answers %d, want %d", login, region, a.Region, got.Status, want)
			}
			if inside {
				continue
			}
			for path, body := range map[string]any{
				"review":   map[string]any{"rev": a.Rev, "verdict": "accept", "note": ""},
				"dispatch": map[string]any{"rev": a.Rev, "deadline": "2026-12-01", "content": "核查"},
				"suspend":  map[string]any{"rev": a.Rev, "reason": "越权尝试暂停"},
				"reveal":   map[string]any{"reason": "verify", "note": "越权尝试查看"},
			} {
				if got := v.Do(http.MethodPost, "/alerts/"+a.ID+"/"+path, body); got.Status != 404 && got.Status != 403 {
					t.Errorf("%s did %s to an alert of %s: %d %s", login, path, a.Region, got.Status, got.Body)
				}
			}
		}
		foreign := "520100"
		got := v.Do(http.MethodGet, "/screen/overview?region="+foreign, nil)
		if want := map[bool]int{true: 200, false: 404}[region == "520000"]; got.Status != want {
			t.Errorf("%s: screen of %s answers %d, want %d", login, foreign, got.Status, want)
		}
		sample := v.Do(http.MethodGet, "/tables/AC01/rows?size=200", nil)
		var sheet web.Sheet
		if sample.Status == http.StatusOK && json.Unmarshal([]byte(sample.Body), &sheet) == nil {
			at := slices.IndexFunc(sheet.Columns, func(c web.SheetColumn) bool { return c.Code == "AAB301" })
			for _, row := range sheet.Rows {
				if !region.Contains(fundwatch.Region(row[at])) {
					t.Fatalf("%s (%s) sees a person of %s", login, region, row[at])
				}
			}
		}
	}
}

// masking reads everything that anybody may read and looks for clear numbers.
func masking(t *testing.T, r *testenv.Runner) {
	clear := regexp.MustCompile(`[^0-9][1-9]\d{5}(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])\d{3}[0-9X][^0-9]`)
	for login := range r.Role {
		v := r.As(login)
		paths := []string{"/session", "/words", "/regions", "/meta", "/alerts?size=200", "/alerts/stats", "/rules", "/rounds", "/tables",
			"/loads", "/intake", "/checks", "/checks/problems", "/headcounts", "/screen/overview", "/users", "/roles", "/grants",
			"/sessions", "/audit", "/jobs", "/live/changes?topics=alerts:0&wait=0"}
		for _, table := range []string{"AC01", "AC82", "AE10", "X_GA_SW", "AC89", "AE04", "YWLOG"} {
			paths = append(paths, "/tables/"+table, "/tables/"+table+"/rows?size=50")
		}
		if list := v.Do(http.MethodGet, "/alerts?size=10", nil); list.Status == http.StatusOK {
			var page web.AlertList
			if err := json.Unmarshal([]byte(list.Body), &page); err != nil {
				t.Fatal(err)
			}
			for _, a := range page.Items {
				paths = append(paths, "/alerts/"+a.ID)
			}
		}
		for _, path := range paths {
			if found := clear.FindString(v.Do(http.MethodGet, path, nil).Body); found != "" {
				t.Errorf("%s reads an identity number in clear at %s: …%s…", login, path, found[:8])
			}
		}
	}
}

func data(t *testing.T, r *testenv.Runner) {
	v := r.As("shuju")
	tables := testenv.Get[web.List[web.Table]](v, "/tables")
	var rows int64
	for _, x := range tables.Items {
		rows += x.Rows
		if x.Name == "" || x.Centre == "" || x.State != "level" && x.State != "empty" {
			t.Errorf("table %+v", x)
		}
	}
	if rows < 100_000 || tables.AsOf == nil {
		t.Errorf("%d rows as of %v", rows, tables.AsOf)
	}
	if in := testenv.Get[web.Intake](v, "/intake"); in.State != "level" || in.AsOf == nil {
		t.Errorf("intake %+v", in)
	}
	first := testenv.Get[web.LoadPage](v, "/loads?size=10")
	if len(first.Items) != 10 || first.Next == 0 {
		t.Fatalf("loads %+v", first)
	}
	second := testenv.Get[web.LoadPage](v, fmt.Sprintf("/loads?size=10&before=%d", first.Next))
	if second.Items[0].Seq != first.Items[9].Seq-1 {
		t.Errorf("the second page begins with %d after %d", second.Items[0].Seq, first.Items[9].Seq)
	}
	detail := testenv.Get[web.TableDetail](v, "/tables/AC01")
	if detail.Name != "人员基本信息" || len(detail.Columns) < 20 {
		t.Errorf("table %+v", detail.Table)
	}
	rules := testenv.Get[web.List[web.Rule]](v, "/rules")
	if rules.Total != 24 {
		t.Errorf("%d rules", rules.Total)
	}
	for _, x := range rules.Items {
		d := testenv.Get[web.RuleDetail](v, "/rules/"+x.ID)
		if d.SQL == "" || d.Reading == "" || len(d.Basis) == 0 || len(d.Inputs) == 0 || len(d.Tests) == 0 || d.LastState != "ok" {
			t.Errorf("rule %s lacks words, inputs or tests, or ended %q: %s", x.ID, d.LastState, d.LastNote)
		}
	}
}

func screen(t *testing.T, r *testenv.Runner) {
	v := r.As("lingdao")
	board := testenv.Get[dashboards.Overview](v, "/screen/overview")
	stats := testenv.Get[web.AlertStats](v, "/alerts/stats")
	if len(board.KPIs) != 5 || board.KPIs[0].Value != float64(stats.Open) || board.KPIs[2].Value != float64(stats.Red) {
		t.Errorf("figures %+v beside %+v", board.KPIs, stats)
	}
	var onMap int64
	counties := 0
	for _, tile := range board.Map.Prefectures {
		onMap += tile.Open
		counties += len(tile.Counties)
	}
	if counties != 88 || onMap != stats.Open {
		t.Errorf("the map shows %d of %d open alerts in %d counties", onMap, stats.Open, counties)
	}
	for name, h := range map[string]dashboards.Head{
		"lines": board.Lines.Head, "spend": board.Spend.Head, "map": board.Map.Head, "trend": board.Trend.Head, "feed": board.Feed.Head,
	} {
		if h.State != dashboards.OK || h.AsOf == nil || h.Definition == "" {
			t.Errorf("panel %s: %+v", name, h)
		}
	}
	if len(board.Spend.Series) != 5 || len(board.Spend.Months) != 12 {
		t.Errorf("spend of %d lines over %d months", len(board.Spend.Series), len(board.Spend.Months))
	}
	var amount int64
	for _, x := range board.Lines.Items {
		amount += x.Amount
	}
	if amount == 0 || amount > stats.Amount {
		t.Errorf("lines add up to %d of %d fen", amount, stats.Amount)
	}
}

func live(t *testing.T, r *testenv.Runner) {
	province, county := r.As("jiandu").Listen("alerts", "rounds"), r.As("jiandu.honghuagang").Listen("alerts", "rounds")
	for range 3 {
		if err := r.Province.NextDay(t.Context()); err != nil {
			t.Fatal(err)
		}
		day := r.Province.Today().Format(time.DateOnly)
		for _, line := range []*testenv.Line{province, county} {
			line.Event("rounds", func(f web.LiveFrame) bool { return f.AsOf != nil && f.AsOf.Format(time.DateOnly) >= day })
		}
	}
	r.WaitLevel()
}

// open finds an alert about a person that nobody has touched.
func open(t *testing.T, v *testenv.Visitor) web.Alert {
	t.Helper()
	for _, a := range testenv.Get[web.AlertList](v, "/alerts?state=new&size=200&sort=-amount").Items {
		if a.SubjectKind == "person" && a.Line == "110" {
			return a
		}
	}
	t.Fatal("no new alert about a person")
	return web.Alert{}
}

func casework(t *testing.T, r *testenv.Runner) {
	v := r.As("jiandu")
	a := open(t, v)
	at := "/alerts/" + a.ID
	heard := v.Listen("alerts")
	stale := a.Rev
	d := testenv.Post[web.AlertDetail](v, at+"/review", map[string]any{"rev": a.Rev, "verdict": "accept", "note": "情况属实待查"})
	if d.State != "accepted" || d.Rev <= stale {
		t.Fatalf("after the review: %s rev %d", d.State, d.Rev)
	}
	heard.Event("alerts", func(f web.LiveFrame) bool { return f.ID == a.ID })
	if got := v.Do(http.MethodPost, at+"/dispatch", map[string]any{"rev": stale, "deadline": "2026-12-31", "content": "请核查"}); got.Status != 409 {
		t.Errorf("a write on an old version: %d %s", got.Status, got.Body)
	}
	if got := v.Do(http.MethodPost, at+"/dispatch", map[string]any{"rev": d.Rev, "deadline": "2020-01-01", "content": "请核查"}); got.Status != 422 {
		t.Errorf("a deadline in the past: %d %s", got.Status, got.Body)
	}
	d = testenv.Post[web.AlertDetail](v, at+"/dispatch", map[string]any{"rev": d.Rev, "deadline": "2026-12-31", "content": "请核查是否死亡后继续发放"})
	if d.State != "dispatched" || d.DueAt == nil {
		t.Fatalf("after dispatching: %+v", d.Alert)
	}
	r.NextDay()
	r.NextDay()
	r.Wait("the agency's answer", func() bool { return testenv.Get[web.AlertDetail](v, at).State == "answered" })
	d = testenv.Get[web.AlertDetail](v, at)
	if d.Answer == nil || d.Answer.Clerk == "" {
		t.Fatalf("answer %+v", d.Answer)
	}
	amount := max(d.Answer.Amount, 100)
	d = testenv.Post[web.AlertDetail](v, at+"/confirm",
		map[string]any{"rev": d.Rev, "outcome": "violation", "amount": amount, "recovered": 0, "note": "核查属实"})
	d = testenv.Post[web.AlertDetail](v, at+"/suspend", map[string]any{"rev": d.Rev, "reason": "核查属实，先行暂停发放"})
	// The core carries the order out in its own time, which is a step of its own.
	r.Wait("the payment to stop", func() bool {
		d = testenv.Get[web.AlertDetail](v, at)
		return slices.ContainsFunc(d.Timeline, func(e web.AlertEvent) bool { return e.Action == "carry_out" })
	})
	d = testenv.Post[web.AlertDetail](v, at+"/rectify", map[string]any{"rev": d.Rev, "note": "限期追回"})
	d = testenv.Post[web.AlertDetail](v, at+"/close", map[string]any{"rev": d.Rev, "recovered": amount, "note": "已全额追回"})
	if d.State != "closed" || d.Open || d.Recovered != amount || len(d.Timeline) < 8 {
		t.Errorf("in the end: %+v with %d steps", d.Alert, len(d.Timeline))
	}
	if stats := testenv.Get[web.AlertStats](v, "/alerts/stats"); stats.Recovered != amount {
		t.Errorf("recovered this year %d, want %d", stats.Recovered, amount)
	}
}

func reveal(t *testing.T, r *testenv.Runner) {
	v := r.As("jiandu")
	a := open(t, v)
	ask := func(reason, note string) testenv.Answer {
		return v.Do(http.MethodPost, "/alerts/"+a.ID+"/reveal", map[string]any{"reason": reason, "note": note})
	}
	for _, bad := range [][2]string{{"curiosity", "只是想看看是谁"}, {"verify", "看看"}} {
		if got := ask(bad[0], bad[1]); got.Status != 422 {
			t.Errorf("reveal for %v: %d %s", bad, got.Status, got.Body)
		}
	}
	got := ask("verify", "核对与户籍信息是否一致")
	var clear web.Revealed
	if err := json.Unmarshal([]byte(got.Body), &clear); err != nil || got.Status != 200 || clear.Left != 1 {
		t.Fatalf("reveal: %d %s", got.Status, got.Body)
	}
	if !regexp.MustCompile(`\d{17}[0-9X]`).MatchString(got.Body) {
		t.Errorf("nothing was revealed: %s", got.Body)
	}
	ask("verify", "再次核对户籍信息")
	if got := ask("verify", "第三次核对户籍信息"); got.Status != http.StatusTooManyRequests || got.Code() != "too_many" {
		t.Errorf("beyond the quota: %d %s", got.Status, got.Body)
	}
	entries := testenv.Get[web.List[web.AuditEntry]](r.As("auditadmin"), "/audit?action=alert.reveal&actor=jiandu")
	phases := map[string]int{}
	for _, e := range entries.Items {
		phases[e.Detail["phase"]+e.Outcome]++
		if strings.Contains(fmt.Sprint(e.Detail), clear.Items[0].Value) {
			t.Error("a clear value is in the audit chain")
		}
	}
	if phases["intentdone"] != 2 || phases["showndone"] != 2 || phases["intentdenied"] != 1 {
		t.Errorf("audit entries of reveals: %v", phases)
	}
}

func export(t *testing.T, r *testenv.Runner) {
	v := r.As("fenxi")
	got := v.Do(http.MethodPost, "/alerts/export", map[string]any{"filter": map[string]any{"line": []string{"110"}}, "reason": "月度分析报告用"})
	if got.Status != 200 || !strings.Contains(got.Header.Get("Content-Disposition"), ".xlsx") {
		t.Fatalf("export: %d %s", got.Status, got.Body)
	}
	book, err := excelize.OpenReader(bytes.NewReader([]byte(got.Body)))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	rows, err := book.GetRows("预警")
	if err != nil {
		t.Fatal(err)
	}
	total := testenv.Get[web.AlertList](v, "/alerts?line=110").Total
	if int64(len(rows)) != total+1 {
		t.Errorf("%d rows for %d alerts", len(rows), total)
	}
	about, err := book.GetRows("说明")
	if err != nil || !strings.Contains(fmt.Sprint(about), "月度分析报告用") || !strings.Contains(fmt.Sprint(about), "fenxi") {
		t.Errorf("the workbook does not say where it comes from: %v %v", about, err)
	}
	if kind, err := book.GetCellType("预警", "A2"); err != nil || kind != excelize.CellTypeSharedString && kind != excelize.CellTypeInlineString {
		t.Errorf("numbers are cells of type %v, %v", kind, err)
	}
	if n := testenv.Get[web.List[web.AuditEntry]](r.As("auditadmin"), "/audit?action=alert.export").Total; n != 1 {
		t.Errorf("%d audit entries of the export", n)
	}
}

func files(t *testing.T, r *testenv.Runner) {
	v := r.As("shuju")
	bad := []byte("证件号码,姓名,死亡时间\n110101199001011237,甲,2026-13-45\n")
	got := v.Upload("/files/preview", "死亡名单.csv", bad, map[string]string{"table": "X_GA_SW"})
	var p web.Preview
	if err := json.Unmarshal([]byte(got.Body), &p); err != nil || got.Status != 200 || p.OK || len(p.Faults) == 0 {
		t.Fatalf("preview: %d %s", got.Status, got.Body)
	}
	if got := v.Upload("/files", "死亡名单.csv", bad, map[string]string{"table": "X_GA_SW"}); got.Status != 422 {
		t.Errorf("a faulty file was taken: %d %s", got.Status, got.Body)
	}
	good := []byte("证件号码,姓名,死亡日期\n110101199001011237,甲,2026-10-05\n")
	loaded := v.Upload("/files", "死亡名单.csv", good, map[string]string{"table": "X_GA_SW", "mapping": `{"死亡日期":"AAE138"}`})
	var done web.Imported
	if err := json.Unmarshal([]byte(loaded.Body), &done); err != nil || loaded.Status != 200 || done.Rows != 1 || done.LoadSeq == 0 {
		t.Fatalf("import: %d %s", loaded.Status, loaded.Body)
	}
	if first := testenv.Get[web.LoadPage](v, "/loads?size=1").Items[0]; first.Source != "file" || first.Seq != done.LoadSeq {
		t.Errorf("the newest load is %+v", first)
	}
	r.Wait("the round after the file", func() bool {
		return testenv.Get[web.List[web.Round]](r.As("jiance"), "/rounds?size=1").Items[0].ToSeq >= done.LoadSeq
	})
}

// fullRound starts a full round from the page: it changes no alert, because days and files were judged one by one.
func fullRound(t *testing.T, r *testenv.Runner) {
	v := r.As("jiandu")
	before := testenv.Get[web.AlertList](v, "/alerts?size=1")
	job := testenv.Post[web.Job](v, "/rounds", nil)
	r.Wait("the full round", func() bool { return testenv.Get[web.Job](v, "/jobs/"+job.ID).State == "done" })
	round := testenv.Get[web.List[web.Round]](v, "/rounds?size=1").Items[0]
	if round.Kind != "full" || round.Raised != 0 || round.Changed != 0 || round.Gone != 0 || round.State != "done" {
		t.Errorf("the full round found otherwise than the days: %+v", round)
	}
	if after := testenv.Get[web.AlertList](v, "/alerts?size=1"); after.Total != before.Total {
		t.Errorf("%d alerts before, %d after", before.Total, after.Total)
	}
}

func checks(t *testing.T, r *testenv.Runner) {
	v := r.As("shuju")
	job := testenv.Post[web.Job](v, "/checks/runs", nil)
	r.Wait("the check points", func() bool { return testenv.Get[web.Job](v, "/jobs/"+job.ID).State == "done" })
	all := testenv.Get[web.Checks](v, "/checks")
	if all.Points < 60 || all.RunAt == nil || all.RowRate == 0 {
		t.Errorf("%d points, rates %f and %f", all.Points, all.PointRate, all.RowRate)
	}
	for _, c := range all.Items {
		if c.State == "broken" || c.State == "never" {
			t.Errorf("check point %s: %s %s", c.ID, c.State, c.Note)
		}
	}
	problems := testenv.Get[web.List[web.CheckProblem]](v, "/checks/problems?size=1")
	if problems.Total == 0 {
		return
	}
	p := problems.Items[0]
	testenv.Get[web.Sheet](v, "/checks/problems/"+p.ID+"/rows?size=5")
	given := testenv.Post[web.CheckProblem](v, "/checks/problems/"+p.ID+"/assign", map[string]any{"owner": "shuju", "deadline": "2027-01-31", "note": "请核对"})
	if given.Owner != "shuju" || given.State != "assigned" || given.Deadline == nil {
		t.Errorf("assigned: %+v", given)
	}
	testenv.Get[web.List[web.Headcount]](v, "/headcounts")
}

// audited checks that everything done above is in the chain, and that the chain is whole.
func audited(t *testing.T, r *testenv.Runner) {
	v := r.As("auditadmin")
	for _, action := range []string{
		"login", "account.seed", "alert.accept", "alert.dispatch", "alert.confirm", "alert.suspend", "alert.rectify", "alert.close",
		"alert.reveal", "alert.export", "data.sample", "patrol.full", "checks.run", "system.view",
	} {
		list := testenv.Get[web.List[web.AuditEntry]](v, "/audit?action="+action)
		if list.Total == 0 {
			t.Errorf("no audit entry of %s", action)
			continue
		}
		if list.Items[0].ActionName == action {
			t.Errorf("action %s has no Chinese name", action)
		}
	}
	if report := testenv.Post[web.AuditReport](v, "/audit/verify", nil); !report.OK || report.Entries < 50 {
		t.Errorf("the chain: %+v", report)
	}
}

func restart(t *testing.T, r *testenv.Runner) {
	v := r.As("jiandu")
	before := testenv.Get[web.AlertList](v, "/alerts?size=200&sort=-amount")
	meta := testenv.Get[web.Meta](v, "/meta")
	r.Close()
	r.Open()
	after := testenv.Get[web.AlertList](v, "/alerts?size=200&sort=-amount") // with the session from before
	if after.Total != before.Total || after.Seq != before.Seq {
		t.Errorf("%d alerts at %d before the restart, %d at %d after", before.Total, before.Seq, after.Total, after.Seq)
	}
	if again := testenv.Get[web.Meta](v, "/meta"); again.Epoch != meta.Epoch || again.Build != meta.Build {
		t.Error("the epoch or the build changed with the restart")
	}
	r.NextDay()
}
