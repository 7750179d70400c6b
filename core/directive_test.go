package core_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"fundwatch"
	"fundwatch/core"
)

func order() core.Directive {
	return core.Directive{
		ID: "D-1", Kind: core.Suspend, Subject: fundwatch.Subject{Kind: fundwatch.SubjectPerson, ID: "7"},
		Region: "520302", Line: "110", Reason: "疑似死亡后继续发放", Amount: 100, Deadline: now(),
		Items: map[string]string{core.ItemRule: "QY-047"},
	}
}

func TestDirectivesAreChecked(t *testing.T) {
	if err := order().Validate(); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*core.Directive){
		"id":      func(d *core.Directive) { d.ID = "../feeds" },
		"kind":    func(d *core.Directive) { d.Kind = "arrest" },
		"subject": func(d *core.Directive) { d.Subject.Kind = fundwatch.SubjectUnit },
		"region":  func(d *core.Directive) { d.Region = "52030x" },
		"line":    func(d *core.Directive) { d.Line = "" },
		"reason":  func(d *core.Directive) { d.Reason = " " },
		"amount":  func(d *core.Directive) { d.Amount = -1 },
		"items":   func(d *core.Directive) { d.Items = map[string]string{"x": strings.Repeat("x", 20000)} },
	} {
		d := order()
		change(&d)
		var e *fundwatch.Error
		if err := d.Validate(); !errors.As(err, &e) || e.Code != fundwatch.Invalid || e.Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
}

func TestCorrectionsSayWhatIsToBePutRight(t *testing.T) {
	for _, c := range []struct {
		line  string
		items map[string]string
		ok    bool
	}{
		{"", map[string]string{core.ItemTable: "AC01", core.ItemRow: "7"}, true},
		{"110", map[string]string{core.ItemMonths: "202609,202610"}, true},
		{"", map[string]string{core.ItemMonths: "202609"}, false},
		{"110", map[string]string{core.ItemTable: "AC01"}, false},
		{"110", nil, false},
	} {
		d := order()
		d.Kind, d.Line, d.Items = core.Correct, c.line, c.items
		if err := d.Validate(); (err == nil) != c.ok {
			t.Errorf("line %q, %v: %v", c.line, c.items, err)
		}
	}
}

func TestDirectivesThatSayTheSameAreTheSame(t *testing.T) {
	d := order()
	data, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var again core.Directive
	if err := json.Unmarshal(data, &again); err != nil {
		t.Fatal(err)
	}
	again.Deadline = again.Deadline.UTC()
	if !d.Same(again) {
		t.Fatalf("%+v is not %+v", d, again)
	}
	for name, change := range map[string]func(*core.Directive){
		"reason":   func(d *core.Directive) { d.Reason += "。" },
		"deadline": func(d *core.Directive) { d.Deadline = d.Deadline.Add(time.Hour) },
		"items":    func(d *core.Directive) { d.Items = nil },
		"amount":   func(d *core.Directive) { d.Amount++ },
	} {
		other := order()
		change(&other)
		if d.Same(other) {
			t.Errorf("%s makes no difference", name)
		}
	}
}
