package app

import (
	"testing"

	"fundwatch"
	"fundwatch/core/synth"
	"fundwatch/supervision"
)

func TestEvaluate(t *testing.T) {
	person := func(id string) fundwatch.Subject { return fundwatch.Subject{Kind: fundwatch.SubjectPerson, ID: id} }
	account := func(id string) fundwatch.Subject { return fundwatch.Subject{Kind: fundwatch.SubjectAccount, ID: id} }
	truth := []synth.Truth{
		{Story: "found", Kind: synth.Plant, Subject: person("1"), Rules: []string{"QY-047"}, May: []string{"QY-059"}},
		{Story: "missed", Kind: synth.Plant, Subject: person("2"), Rules: []string{"QY-047"}},
		{Story: "shared", Kind: synth.Plant, Subject: account("62280001"), Rules: []string{"CX-038"}},
		{Story: "lawful", Kind: synth.LookAlike, Subject: person("3"), Rules: []string{"QY-047"}},
		{Story: "flagged", Kind: synth.LookAlike, Subject: person("4"), Rules: []string{"QY-047"}},
		{Story: "both lives", Kind: synth.LookAlike, Subject: person("1"), Rules: []string{"QY-047"}},
		{Story: "rule of tomorrow", Kind: synth.Plant, Subject: person("9"), Rules: []string{"XX-999"}},
	}
	alerts := []supervision.Alert{
		{Rule: "QY-047", Subject: person("1")}, {Rule: "QY-059", Subject: person("1")}, {Rule: "CX-038", Subject: account("7")},
		{Rule: "QY-047", Subject: person("4")}, {Rule: "SY-005", Subject: person("5")},
	}
	r := Evaluate([]string{"QY-047", "CX-038"}, alerts, truth, func(clear string) int64 {
		if clear != "62280001" {
			t.Errorf("pseudonym asked of %q", clear)
		}
		return 7
	})
	want := []RuleReport{
		{ID: "QY-047", Planted: 2, Found: 1, LookAlikes: 3, LookAlikesFlagged: 1}, {ID: "CX-038", Planted: 1, Found: 1},
	}
	for i, x := range want {
		if r.Rules[i] != x {
			t.Errorf("rule %+v, want %+v", r.Rules[i], x)
		}
	}
	// The flagged look-alike and the alert out of nowhere; the side effect is explained.
	if r.Alerts != 5 || r.Unexplained != 2 || len(r.Missed) != 1 || r.Missed[0].Story != "missed" || len(r.Flagged) != 1 || r.Perfect() {
		t.Errorf("report %+v", r)
	}
}
