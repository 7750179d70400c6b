package synth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"

	"fundwatch"
)

// Truth says what a story is: who, which rules must find it, and from which day on. The workbench never reads it.
type Truth struct {
	Story     string            `json:"story"`
	Kind      string            `json:"kind"` // plant or lookalike
	Subject   fundwatch.Subject `json:"subject"`
	Rules     []string          `json:"rules"` // a plant: must find it; a lookalike: might take it for a plant
	May       []string          `json:"may"`   // may find it too, as a documented side effect
	VisibleOn string            `json:"visible_on"`
	Amount    int64             `json:"amount"` // fen at stake when it becomes visible
	Note      string            `json:"note"`
}

// The kinds of truth.
const (
	Plant     = "plant"
	LookAlike = "lookalike"
)

// ReadTruth reads what is visible in a province so far.
func ReadTruth(dir string) ([]Truth, error) {
	commits, _, err := readLines[commit](filepath.Join(dir, commitFile))
	if err != nil || len(commits) == 0 {
		return nil, err
	}
	all, _, err := readLines[Truth](filepath.Join(dir, truthFile))
	if err != nil {
		return nil, err
	}
	today := commits[len(commits)-1].Day
	out := all[:0]
	for _, t := range all {
		if t.VisibleOn <= today {
			out = append(out, t)
		}
	}
	return out, nil
}

func encodeTruth(truth []Truth) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	for _, t := range truth {
		if err := enc.Encode(t); err != nil {
			return nil, fmt.Errorf("synth: write truth: %w", err)
		}
	}
	return buf.Bytes(), nil
}
