package coretest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"fundwatch"
	"fundwatch/core"
)

// order is a directive about the first person in AC01, with an id that no earlier run has used.
func (s *suite) order(t *testing.T, kind core.DirectiveKind) core.Directive {
	t.Helper()
	if !s.Orders {
		t.Skip("the target may not be given orders")
	}
	row := s.firstRow(t, "AC01")
	page, _ := s.readPage(t, "AC01", "")
	return core.Directive{
		ID: fmt.Sprintf("coretest-%s-%s", kind, rand.Text()), Kind: kind,
		Subject: fundwatch.Subject{Kind: fundwatch.SubjectPerson, ID: row["AAC001"]},
		Region:  fundwatch.Region(row["AAB301"]), Line: "110", Reason: "接口一致性检验", Amount: 12345,
		Deadline: page.AsOf.AddDate(0, 1, 0),
		Items:    map[string]string{core.ItemRule: "QY-047", core.ItemMonths: "202609,202610"},
	}
}

func (s *suite) directives(t *testing.T) {
	ctx := t.Context()
	d := s.order(t, core.Dispatch)
	first, err := s.Client.Submit(ctx, d)
	if err != nil {
		t.Fatal(err)
	}
	if !first.Directive.Same(d) || first.At.IsZero() {
		t.Fatalf("sent %+v, taken as %+v", d, first)
	}
	again, err := s.Client.Submit(ctx, d)
	if err != nil || !again.Directive.Same(d) || again.Seq < first.Seq {
		t.Fatalf("sent again: %+v, %v", again, err)
	}
	other := d
	other.Reason += "，内容不同"
	if _, err := s.Client.Submit(ctx, other); fundwatch.CodeOf(err) != fundwatch.Conflict {
		t.Errorf("other content under the same id: want Conflict, got %v", err)
	}
	var mine []core.DirectiveStatus
	for _, status := range s.since(t, first.Seq-1, 100) {
		if status.Directive.ID == d.ID {
			mine = append(mine, status)
		}
	}
	if len(mine) == 0 || mine[0].Seq != first.Seq || mine[0].State != first.State {
		t.Fatalf("the list has %+v of a directive that was taken as %+v", mine, first)
	}
	all := s.since(t, 0, 100)
	if small := s.since(t, 0, 1); !slices.EqualFunc(small[:min(len(small), len(all))], all[:min(len(small), len(all))],
		func(a, b core.DirectiveStatus) bool { return a.Seq == b.Seq && a.State == b.State }) {
		t.Error("the list differs by the length of its pages")
	}
	p, err := s.Client.Profile(ctx, fundwatch.Subject{Kind: core.SubjectCase, ID: d.ID})
	if err != nil || p.Region != d.Region || len(p.Groups) < 2 {
		t.Errorf("the case reads %+v, %v", p, err)
	}
	s.rawOrder(t)
}

// rawOrder checks the two statuses of success, which the client does not tell apart.
func (s *suite) rawOrder(t *testing.T) {
	t.Helper()
	if s.URL == "" {
		return
	}
	d := s.order(t, core.Dispatch)
	body, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	path := "/v1/directives/{id} /v1/directives/" + d.ID
	for i, want := range []int{http.StatusCreated, http.StatusOK} {
		if r := s.ask(t, "PUT", path, string(body)); r.StatusCode != want {
			t.Errorf("time %d answers %d, want %d", i+1, r.StatusCode, want)
		}
	}
	d.Amount++
	if body, err = json.Marshal(d); err != nil {
		t.Fatal(err)
	}
	if r := s.ask(t, "PUT", path, string(body)); r.StatusCode != http.StatusConflict {
		t.Errorf("other content answers %d", r.StatusCode)
	}
	s.ask(t, "GET", "/v1/cases/{id} /v1/cases/"+d.ID, "")
	s.ask(t, "GET", "/v1/directives", "")
}

// since reads all changes above a sequence number, page by page.
func (s *suite) since(t *testing.T, after int64, limit int) []core.DirectiveStatus {
	t.Helper()
	var out []core.DirectiveStatus
	for {
		page, err := s.Client.Directives(t.Context(), after, limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) > limit {
			t.Fatalf("asked for %d, got %d", limit, len(page))
		}
		for _, status := range page {
			if status.Seq <= after {
				t.Fatalf("sequence %d after %d", status.Seq, after)
			}
			after = status.Seq
		}
		out = append(out, page...)
		if len(page) < limit {
			return out
		}
	}
}

// answers waits for the end of one directive of each kind and checks how it came there.
func (s *suite) answers(t *testing.T) {
	if s.Settle == nil {
		t.Skip("the target's time cannot be moved")
	}
	ctx := t.Context()
	kinds := []core.DirectiveKind{core.Dispatch, core.Suspend, core.Resume}
	ids := map[string]core.DirectiveKind{}
	from := int64(0)
	for _, kind := range kinds {
		status, err := s.Client.Submit(ctx, s.order(t, kind))
		if err != nil {
			t.Fatal(err)
		}
		if from == 0 {
			from = status.Seq - 1
		}
		ids[status.Directive.ID] = kind
	}
	if err := s.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	last := map[string]core.DirectiveStatus{}
	for _, status := range s.since(t, from, 100) {
		before, ok := last[status.Directive.ID]
		if ok && before.State.Final() {
			t.Errorf("%s goes on after %s", status.Directive.ID, before.State)
		}
		if ok && status.At.Before(before.At) {
			t.Errorf("%s: time goes back", status.Directive.ID)
		}
		last[status.Directive.ID] = status
	}
	for id, kind := range ids {
		status := last[id]
		if !status.State.Final() {
			t.Errorf("%s is still %s", kind, status.State)
		}
		if status.State == core.Refused && status.Message == "" {
			t.Errorf("%s was refused without a reason", kind)
		}
		if kind == core.Dispatch && status.State == core.Answered {
			checkAnswer(t, status)
		}
	}
}

func checkAnswer(t *testing.T, status core.DirectiveStatus) {
	t.Helper()
	a := status.Answer
	switch {
	case a == nil:
		t.Error("a verification was answered without an answer")
	case a.Clerk == "" || a.Note == "" || a.At.IsZero():
		t.Errorf("an answer without who, what or when: %+v", *a)
	case a.Problem && (a.Category == "" || a.Recovered > a.Amount || a.Recovered < 0):
		t.Errorf("a problem that does not add up: %+v", *a)
	case !a.Problem && (a.Amount != 0 || a.Recovered != 0):
		t.Errorf("money without a problem: %+v", *a)
	}
}
