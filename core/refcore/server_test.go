package refcore

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/goccy/go-yaml"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/core/coretest"
)

const token = "token-of-the-workbench"

// stage is a server over a hamlet, reached over HTTP.
type stage struct {
	*Server
	hamlet *hamlet
	url    string
	client *core.HTTP
}

func open(t *testing.T, change func(*Options)) *stage {
	t.Helper()
	h := newHamlet(t)
	o := Options{Province: h, Dir: t.TempDir(), Tokens: []string{"another", token}, Now: time.Now}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(func() {
		srv.Close()
		_ = s.Close()
	})
	client, err := core.Dial(core.Config{BaseURL: srv.URL, Token: token}, core.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return &stage{Server: s, hamlet: h, url: srv.URL, client: client}
}

func (s *stage) days(ctx context.Context, n int) error {
	for range n {
		if _, err := s.NextDay(ctx); err != nil {
			return err
		}
	}
	return nil
}

func TestHamletConforms(t *testing.T) {
	coretest.Exercise(t, func(t *testing.T) coretest.Target {
		s := open(t, func(o *Options) { o.Limit = Limit{PerSecond: 300, Burst: 100} })
		return coretest.Target{
			Client: s.client, URL: s.url, Token: token, Orders: true, Burst: 400,
			Settle: func(ctx context.Context) error { return s.days(ctx, 4) },
		}
	})
}

func TestRoutesAreThoseOfTheContract(t *testing.T) {
	var doc struct {
		Paths map[string]map[string]any `yaml:"paths"`
	}
	if err := yaml.Unmarshal(core.Contract(), &doc); err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for path, methods := range doc.Paths {
		for method := range methods {
			want = append(want, strings.ToUpper(method)+" "+path)
		}
	}
	for _, r := range open(t, nil).routes() {
		got = append(got, r.method+" "+r.path)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		t.Fatalf("contract has %v\nserver has %v", want, got)
	}
}

func TestProfileFollowsCorrectionsAndDeletions(t *testing.T) {
	s := open(t, nil)
	person := func(id string) (*core.Profile, error) {
		return s.client.Profile(t.Context(), fundwatch.Subject{Kind: fundwatch.SubjectPerson, ID: id})
	}
	p, err := person("1")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Groups[0].Rows; len(got) != 1 || got[0]["AAC003"] != "改名" || got[0]["AAE036"] != "2026-10-10T09:30:00+08:00" ||
		got[0]["AAC006"] != "1956-02-29" {
		t.Errorf("corrected row reads %v", got)
	}
	if p.Groups[1].Table != "AC83" || p.Groups[1].Total != 5 || p.Groups[1].Rows[0]["AAE019"] != "100" {
		t.Errorf("payments read %+v", p.Groups[1])
	}
	if _, err := person("2"); fundwatch.CodeOf(err) != fundwatch.NotFound {
		t.Errorf("deleted person: %v", err)
	}
	if err := s.days(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if p, err = person("3"); err != nil || p.Groups[1].Total != 7 {
		t.Errorf("after two days: %+v, %v", p, err)
	}
}

func TestDirectivesTakeEffect(t *testing.T) {
	s := open(t, func(o *Options) { o.Conduct.Careless = -1 })
	order := func(id string, kind core.DirectiveKind, person string, items ...map[string]string) {
		t.Helper()
		items = append(items, nil)
		_, err := s.client.Submit(t.Context(), core.Directive{
			ID: id, Kind: kind, Subject: fundwatch.Subject{Kind: fundwatch.SubjectPerson, ID: person},
			Region: "520302", Line: "110", Reason: "疑似死亡后继续发放", Amount: 500, Items: items[0],
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	order("stop-4", core.Suspend, "4")
	order("stop-99", core.Suspend, "99")
	order("check-4", core.Dispatch, "4")
	order("check-5", core.Dispatch, "5")
	order("back-4", core.Correct, "4", map[string]string{core.ItemMonths: "202610, 202608,202609,202612"})
	order("back-what", core.Correct, "4", map[string]string{core.ItemMonths: "last month"})
	order("row", core.Correct, "4", map[string]string{core.ItemTable: "AC01", core.ItemRow: "103"})
	if err := s.days(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if !s.hamlet.stopped["4 110"] {
		t.Error("payment goes on")
	}
	order("go-4", core.Resume, "4")
	if err := s.days(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	if s.hamlet.stopped["4 110"] {
		t.Error("payment stays stopped")
	}
	last := map[string]core.DirectiveStatus{}
	list, err := s.client.Directives(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range list {
		last[status.Directive.ID] = status
	}
	for id, want := range map[string]core.DirectiveState{
		"stop-4": core.Answered, "go-4": core.Answered, "stop-99": core.Refused, "check-4": core.Answered, "check-5": core.Answered,
		"back-4": core.Answered, "back-what": core.Refused, "row": core.Refused,
	} {
		if last[id].State != want {
			t.Errorf("%s is %s (%s), want %s", id, last[id].State, last[id].Message, want)
		}
	}
	if want := []string{"4 110 2026-08..2026-10", "4 110 2026-12..2026-12"}; !slices.Equal(s.hamlet.takenBack, want) {
		t.Errorf("taken back: %v, want %v", s.hamlet.takenBack, want)
	}
	if a := last["check-4"].Answer; a == nil || !a.Problem || a.Amount != 1234 || len(a.Evidence) == 0 {
		t.Errorf("check-4 found %+v", a)
	}
	if a := last["check-5"].Answer; a == nil || a.Problem || a.Amount != 0 {
		t.Errorf("check-5 found %+v", a)
	}
	if _, err := s.client.Submit(t.Context(), core.Directive{
		ID: "abroad", Kind: core.Dispatch, Subject: fundwatch.Subject{Kind: fundwatch.SubjectPerson, ID: "4"}, Region: "110101", Reason: "核查",
	}); fundwatch.CodeOf(err) != fundwatch.Invalid {
		t.Errorf("another province's region: %v", err)
	}
}

func TestAccountIsTheOneInTheEvidence(t *testing.T) {
	s := open(t, nil)
	for id, rows := range map[string]string{
		"a": "AC83:1000, AE10:7002", "b": "AE10:1,AE10:x,ZZ99:7001,AE10:7001", "c": "", "d": "AE10:7001",
	} {
		_, err := s.client.Submit(t.Context(), core.Directive{
			ID: id, Kind: core.Dispatch, Subject: fundwatch.Subject{Kind: fundwatch.SubjectAccount, ID: "-42"},
			Region: "520302", Reason: "核查", Items: map[string]string{core.ItemRows: rows},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.days(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, subject := range s.hamlet.judged {
		got = append(got, subject.ID)
	}
	slices.Sort(got)
	want := []string{"-42", "6217000000000000004", "6217000000000000004", "6217000000000000005"}
	if !slices.Equal(got, want) {
		t.Fatalf("judged %v, want %v", got, want)
	}
}

func TestConductIsMostlyRightAndRepeatable(t *testing.T) {
	c := Conduct{Seed: 7}.withDefaults()
	careless, days := 0, map[int]int{}
	const n = 2000
	for i := range n {
		id := time.Duration(i).String()
		if c.chance(id, "careless") < c.Careless {
			careless++
		}
		days[c.days(id)]++
		if c.days(id) != (Conduct{Seed: 7}).withDefaults().days(id) {
			t.Fatal("the same seed answers differently")
		}
	}
	if careless < n/20 || careless > n*3/20 {
		t.Errorf("%d of %d careless, want about a tenth", careless, n)
	}
	if len(days) != 3 || days[1] < n/4 || days[2] < n/4 || days[3] < n/4 {
		t.Errorf("days until the answer: %v", days)
	}
}

func TestAnswersComeByTheWallClockToo(t *testing.T) {
	s := open(t, func(o *Options) { o.Conduct = Conduct{MinDays: 50, After: 20 * time.Millisecond} })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	_, err := s.client.Submit(ctx, core.Directive{
		ID: "a", Kind: core.Dispatch, Subject: fundwatch.Subject{Kind: fundwatch.SubjectPerson, ID: "4"}, Region: "520302", Reason: "核查",
	})
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		list, err := s.client.Directives(ctx, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		if list[len(list)-1].State == core.Answered {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no answer: %+v", list)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestFaultsAreMetByTheClient(t *testing.T) {
	for name, fault := range map[string]Fault{
		"too many": {Status: 429, RetryAfter: time.Second}, "failed": {Status: 500}, "garbage": {Garbage: true},
		"half an answer": {CutAfter: 10},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			asked := 0
			s := open(t, func(o *Options) {
				o.Faults = func(*http.Request) Fault {
					mu.Lock()
					defer mu.Unlock()
					if asked++; asked == 1 {
						return fault
					}
					return Fault{}
				}
			})
			if _, err := s.client.Feeds(t.Context()); err != nil || asked != 2 {
				t.Fatalf("after %d requests: %v", asked, err)
			}
		})
	}
	s := open(t, func(o *Options) { o.Faults = func(*http.Request) Fault { return Fault{CutAfter: 900} } })
	page, err := s.client.Changes(t.Context(), "AC83", "")
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	if _, err := io.Copy(io.Discard, page.Body); fundwatch.CodeOf(err) != fundwatch.Unavailable {
		t.Fatalf("half a stream: %v", err)
	}
}

func TestLinesAndStreamSayTheSame(t *testing.T) {
	s := open(t, nil)
	var text strings.Builder
	for after, pages := "", 0; ; pages++ {
		req, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/v1/changes/AC83?limit=7&after="+after, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode == http.StatusNoContent {
			break
		}
		if res.StatusCode != http.StatusOK || pages > 100 {
			t.Fatalf("page %d answers %d: %s", pages, res.StatusCode, body)
		}
		text.Write(body)
		after = res.Header.Get(core.HeaderNext)
	}
	f, err := os.Open(s.hamlet.chunks["AC83"][0].Path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := ipc.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for r.Next() {
		l := lines{sums: map[string]int64{}}
		for row := range int(r.RecordBatch().NumRows()) {
			l.add(r.RecordBatch(), s.tables["AC83"], row)
		}
		want.Write(l.text)
	}
	if text.String() != want.String() || strings.Count(text.String(), "\n") != 5*hamletPersons {
		t.Fatalf("lines differ from the stream:\n%.300s\n%.300s", text.String(), want.String())
	}
}
