package refcore

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"fundwatch"
	"fundwatch/core"
)

func taken(id string) core.DirectiveStatus {
	return core.DirectiveStatus{State: core.Received, Directive: core.Directive{
		ID: id, Kind: core.Dispatch, Region: "520302", Reason: "核查",
		Subject: fundwatch.Subject{Kind: fundwatch.SubjectPerson, ID: "1"},
	}}
}

// TestLedgerSurvivesBeingCutAnywhere cuts the file at every byte, as a kill during a write would, and demands that
// all whole entries are there and that the ledger goes on with the next number.
func TestLedgerSurvivesBeingCutAnywhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "directives.jsonl")
	l, err := openLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		if _, isNew, err := l.receive(taken(fmt.Sprint("d", i))); err != nil || !isNew {
			t.Fatal(err)
		}
	}
	if _, isNew, err := l.receive(taken("d2")); err != nil || isNew {
		t.Fatalf("the same again: new %v, %v", isNew, err)
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) + 1 {
		torn := filepath.Join(t.TempDir(), "torn.jsonl")
		if err := os.WriteFile(torn, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := openLedger(torn)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		want := bytes.Count(whole[:cut], []byte{'\n'})
		next, _, err := l.receive(taken("new"))
		if err != nil || len(l.states) != want+1 || next.Seq != int64(want)+1 {
			t.Fatalf("cut at %d: %d entries, next is %d, want %d: %v", cut, len(l.states), next.Seq, want, err)
		}
		if err := l.close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLedgerIsOneServersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "directives.jsonl")
	l, err := openLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openLedger(path); err == nil {
		t.Fatal("opened twice")
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.receive(taken("late")); fundwatch.CodeOf(err) != fundwatch.Unavailable {
		t.Fatalf("after closing: %v", err)
	}
}

func TestLedgerRefusesWhatItDidNotWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "directives.jsonl")
	for _, text := range []string{"{\n", `{"seq":2}` + "\n", "\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openLedger(path); err == nil {
			t.Errorf("%q was believed", text)
		}
	}
}
