package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"fundwatch"
	"fundwatch/access"
	"fundwatch/core/synth"
	"fundwatch/supervision"
)

// Report compares the alerts with what really happened in a synthetic province.
type Report struct {
	Rules       []RuleReport `json:"rules"`
	Alerts      int          `json:"alerts"`
	Unexplained int          `json:"unexplained"`

	// Missed, Flagged and Strange name the cases behind the figures, for whoever mends a rule or a story.
	Missed  []Case `json:"missed,omitempty"`
	Flagged []Case `json:"flagged,omitempty"`
	Strange []Case `json:"strange,omitempty"`
}

// RuleReport is one rule's share.
type RuleReport struct {
	ID                string `json:"id"`
	Planted           int    `json:"planted"`
	Found             int    `json:"found"`
	LookAlikes        int    `json:"lookalikes"`
	LookAlikesFlagged int    `json:"lookalikes_flagged"`
}

// Case is one subject under one rule.
type Case struct {
	Rule    string `json:"rule"`
	Subject string `json:"subject"`
	Story   string `json:"story,omitempty"`
	Note    string `json:"note,omitempty"`
}

// Perfect reports whether every plant was found, no look-alike was flagged, and every alert is explained.
func (r Report) Perfect() bool {
	return len(r.Missed) == 0 && len(r.Flagged) == 0 && r.Unexplained == 0
}

// pair is a subject under a rule.
type pair struct {
	rule    string
	subject fundwatch.Subject
}

// Evaluate compares alerts with the truth. pseudonym turns a clear account number into the key the alerts name.
func Evaluate(rules []string, alerts []supervision.Alert, truth []synth.Truth, pseudonym func(string) int64) Report {
	raised := map[pair]bool{}
	for _, a := range alerts {
		raised[pair{a.Rule, a.Subject}] = true
	}
	byRule := map[string]*RuleReport{}
	for _, id := range rules {
		byRule[id] = &RuleReport{ID: id}
	}
	out := Report{Alerts: len(alerts)}
	explained := map[pair]bool{}
	planted := map[pair]bool{}
	for _, t := range truth {
		subject := t.Subject
		if subject.Kind == fundwatch.SubjectAccount {
			subject.ID = strconv.FormatInt(pseudonym(subject.ID), 10)
		}
		for _, id := range t.May {
			explained[pair{id, subject}] = true
		}
		for _, id := range t.Rules {
			if t.Kind == synth.Plant {
				explained[pair{id, subject}] = true
				planted[pair{id, subject}] = true
			}
		}
	}
	for _, t := range truth {
		subject := t.Subject
		if subject.Kind == fundwatch.SubjectAccount {
			subject.ID = strconv.FormatInt(pseudonym(subject.ID), 10)
		}
		for _, id := range t.Rules {
			r := byRule[id]
			if r == nil {
				continue // a rule that the rulebook does not have yet
			}
			p := pair{id, subject}
			c := Case{Rule: id, Subject: subject.String(), Story: t.Story, Note: t.Note}
			switch {
			case t.Kind == synth.Plant:
				r.Planted++
				if raised[p] {
					r.Found++
				} else {
					out.Missed = append(out.Missed, c)
				}
			case t.Kind == synth.LookAlike:
				r.LookAlikes++
				// The same person may live through a lawful story and an unlawful one.
				if raised[p] && !planted[p] {
					r.LookAlikesFlagged++
					out.Flagged = append(out.Flagged, c)
				}
			}
		}
	}
	for _, a := range alerts {
		if p := (pair{a.Rule, a.Subject}); !explained[p] {
			out.Unexplained++
			out.Strange = append(out.Strange, Case{Rule: a.Rule, Subject: a.Subject.String(), Note: a.Title})
		}
	}
	for _, id := range rules {
		out.Rules = append(out.Rules, *byRule[id])
	}
	order := func(a, b Case) int { return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Subject, b.Subject)) }
	slices.SortFunc(out.Missed, order)
	slices.SortFunc(out.Flagged, order)
	slices.SortFunc(out.Strange, order)
	return out
}

// evaluator may read every alert and nothing else.
func evaluator() fundwatch.Actor {
	return fundwatch.Actor{
		ID: "console", Name: "console", Roles: []string{access.Supervisor},
		Scope: fundwatch.NewScope([]fundwatch.Region{"520000"}, fundwatch.Insurances()),
	}
}

// evaluate compares every alert there is with the truth.
func (w *works) evaluate(ctx context.Context, truth []synth.Truth) (Report, error) {
	var alerts []supervision.Alert
	f := supervision.Filter{Limit: supervision.MaxPage, Sort: "raisedAt"}
	for {
		page, err := w.desk.List(ctx, evaluator(), f)
		if err != nil {
			return Report{}, fmt.Errorf("app: read the alerts: %w", err)
		}
		alerts = append(alerts, page.Items...)
		if f.Offset += len(page.Items); len(page.Items) < supervision.MaxPage {
			break
		}
	}
	var rules []string
	for _, r := range w.patrol.Rulebook().Rules() {
		rules = append(rules, r.ID)
	}
	return Evaluate(rules, alerts, truth, w.warehouse.Pseudonym), nil
}
