package refcore

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/core/synth"
)

// TestSuspensionStopsThePaymentsOfAProvince orders a stop over HTTP and looks into the feeds whether the next
// payment day passes the person by, and only that person.
func TestSuspensionStopsThePaymentsOfAProvince(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "province")
	if err := synth.Make(t.Context(), synth.Options{Dir: dir, Seed: 3, Persons: 2000}); err != nil {
		t.Fatal(err)
	}
	province, err := synth.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Options{Province: province, Dir: dir, Tokens: []string{token}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	defer srv.Close()
	defer s.Close()
	client, err := core.Dial(core.Config{BaseURL: srv.URL, Token: token}, core.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()

	payments := func(id string) (paid int, drawing bool) {
		t.Helper()
		p, err := client.Profile(t.Context(), fundwatch.Subject{Kind: fundwatch.SubjectPerson, ID: id})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range p.Groups {
			for _, row := range g.Rows {
				switch {
				case g.Table == "AC82" && row["AAE140"] == "170":
					paid++
				case g.Table == "AC60" && row["AAE140"] == "170" && row["AAE116"] == "1":
					drawing = true
				}
			}
		}
		return paid, drawing
	}
	// Two pensioners of the residents' line, both paid so far: one to stop, one to compare with.
	var two []string
	chunk, err := province.Chunk("AC60", "")
	if err != nil {
		t.Fatal(err)
	}
	page, err := readLines(chunk.Path, s.tables["AC60"], 0, 400)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range personsOf(t, page) {
		if len(two) == 2 {
			break
		}
		if paid, drawing := payments(id); drawing && paid > 2 {
			two = append(two, id)
		}
	}
	if len(two) < 2 {
		t.Fatal("the province has no two pensioners to compare")
	}
	if _, err := client.Submit(t.Context(), core.Directive{
		ID: "stop", Kind: core.Suspend, Subject: fundwatch.Subject{Kind: fundwatch.SubjectPerson, ID: two[0]},
		Region: "520000", Line: "170", Reason: "疑似死亡后继续发放",
	}); err != nil {
		t.Fatal(err)
	}
	before, _ := payments(two[0])
	compare, _ := payments(two[1])
	for range 31 {
		if _, err := s.NextDay(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if after, _ := payments(two[0]); after != before {
		t.Errorf("stopped, yet paid %d times more", after-before)
	}
	if after, _ := payments(two[1]); after != compare+1 {
		t.Errorf("the other one was paid %d times in a month", after-compare)
	}
	status, err := client.Directives(t.Context(), 0, 10)
	if err != nil || status[len(status)-1].State != core.Answered {
		t.Errorf("the order ended as %+v, %v", status, err)
	}
}

// personsOf reads the person numbers off JSON lines.
func personsOf(t *testing.T, page *lines) []string {
	t.Helper()
	var out []string
	for line := range bytes.Lines(page.text) {
		var row struct {
			Person string `json:"AAC001"`
		}
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		out = append(out, row.Person)
	}
	return out
}
