// Package coretest is the conformance suite of the contract with the business core: whatever calls itself a core
// passes Exercise before the workbench relies on it.
//
// It owns the suite and nothing else. The suite runs against the reference core on every test run, and against a
// real core when FUNDWATCH_CORE_URL (or -core.url) names one. It reads; it gives orders only where Target.Orders
// allows it, because a real core carries them out.
package coretest

import (
	"context"
	"errors"
	"testing"

	"fundwatch"
	"fundwatch/core"
)

// Target is a core under test.
type Target struct {
	Client core.Client
	// URL and Token reach the same core without the client, to see what it answers to requests that the client would
	// not send. Without a URL those parts are left out.
	URL, Token string
	// Orders allows directives. Region and Person are then whom they concern.
	Orders bool
	// Settle lets so much time go by at the core that agencies have answered; nil leaves that part out.
	Settle func(ctx context.Context) error
	// Burst is a number of requests at once that goes beyond the core's limit; 0 leaves that part out.
	Burst int
	// MaxRows is how far a feed is followed; default 200,000 changes a table.
	MaxRows int64
}

// Exercise runs the suite. open is called once per part and gives a core in any state, with at least one person.
func Exercise(t *testing.T, open func(t *testing.T) Target) {
	t.Helper()
	parts := []struct {
		name string
		run  func(*suite, *testing.T)
	}{
		{"Feeds", (*suite).feeds},
		{"PagesAreStable", (*suite).stable},
		{"FeedsLeadToTheirHeads", (*suite).follow},
		{"JSONLines", (*suite).lines},
		{"Profiles", (*suite).profiles},
		{"Errors", (*suite).errors},
		{"Access", (*suite).access},
		{"Directives", (*suite).directives},
		{"Answers", (*suite).answers},
		{"Limits", (*suite).limits},
	}
	for _, p := range parts {
		t.Run(p.name, func(t *testing.T) {
			target := open(t)
			if target.MaxRows == 0 {
				target.MaxRows = 200_000
			}
			p.run(&suite{Target: target, contract: readContract(t)}, t)
		})
	}
}

type suite struct {
	Target
	contract contract
}

func (s *suite) profiles(t *testing.T) {
	for _, c := range []struct {
		kind        fundwatch.SubjectKind
		table, key  string
		mayBeAbsent bool
	}{{fundwatch.SubjectPerson, "AC01", "AAC001", false}, {fundwatch.SubjectUnit, "AB01", "AAB001", true}} {
		row := s.firstRow(t, c.table)
		if row == nil {
			if c.mayBeAbsent {
				continue
			}
			t.Fatalf("no row in %s", c.table)
		}
		subject := fundwatch.Subject{Kind: c.kind, ID: row[c.key]}
		p, err := s.Client.Profile(t.Context(), subject)
		if err != nil {
			t.Fatal(err)
		}
		if p.Region == "" || p.AsOf.IsZero() {
			t.Errorf("%s: profile without region or time", c.kind)
		}
		found := false
		for _, g := range p.Groups {
			found = found || g.Table == c.table
			if g.Title == "" || len(g.Rows) == 0 || g.Total < len(g.Rows) {
				t.Errorf("%s: group %s has %d of %d rows under the title %q", c.kind, g.Table, len(g.Rows), g.Total, g.Title)
			}
			s.checkGroup(t, g, c.key, subject.ID)
		}
		if !found {
			t.Errorf("%s: profile lacks %s", c.kind, c.table)
		}
	}
}

// checkGroup checks that a group's rows are about the subject and hold columns of the contract only.
func (s *suite) checkGroup(t *testing.T, g core.ProfileGroup, key, id string) {
	t.Helper()
	table, err := core.TableByCode(g.Table)
	if err != nil {
		t.Error(err)
		return
	}
	for _, row := range g.Rows {
		if row[key] != id {
			t.Errorf("%s: a row about %s %s stands in the profile of %s", g.Table, key, row[key], id)
		}
		for column := range row {
			if _, ok := table.Column(column); !ok {
				t.Errorf("%s: column %s is not in the contract", g.Table, column)
			}
		}
	}
}

func (s *suite) errors(t *testing.T) {
	ctx := t.Context()
	for _, c := range []struct {
		name string
		want fundwatch.Code
		call func() error
	}{
		{"unknown table", fundwatch.NotFound, func() error { return errOf(s.Client.Changes(ctx, "ZZ99", "")) }},
		{"unknown cursor", fundwatch.Invalid, func() error { return errOf(s.Client.Changes(ctx, "AC01", "no-such-cursor")) }},
		{"unknown person", fundwatch.NotFound, func() error {
			return errOf(s.Client.Profile(ctx, fundwatch.Subject{Kind: fundwatch.SubjectPerson, ID: "9223372036854775807"}))
		}},
		{"unknown unit", fundwatch.NotFound, func() error {
			return errOf(s.Client.Profile(ctx, fundwatch.Subject{Kind: fundwatch.SubjectUnit, ID: "9223372036854775807"}))
		}},
		{"unknown case", fundwatch.NotFound, func() error {
			return errOf(s.Client.Profile(ctx, fundwatch.Subject{Kind: core.SubjectCase, ID: "no-such-case"}))
		}},
		{"a person who is no number", fundwatch.Invalid, func() error {
			return errOf(s.Client.Profile(ctx, fundwatch.Subject{Kind: fundwatch.SubjectPerson, ID: "x1"}))
		}},
		{"a kind without profiles", fundwatch.Invalid, func() error {
			return errOf(s.Client.Profile(ctx, fundwatch.Subject{Kind: fundwatch.SubjectRegion, ID: "520000"}))
		}},
		{"no directives at all", fundwatch.Invalid, func() error { return errOf(s.Client.Directives(ctx, 0, 0)) }},
		{"directives before the first", fundwatch.Invalid, func() error { return errOf(s.Client.Directives(ctx, -1, 10)) }},
		{"an order without a reason", fundwatch.Invalid, func() error {
			return errOf(s.Client.Submit(ctx, core.Directive{ID: "x", Kind: core.Dispatch}))
		}},
	} {
		err := c.call()
		if got := fundwatch.CodeOf(err); got != c.want {
			t.Errorf("%s: want %s, got %v", c.name, c.want, err)
		}
		var e *fundwatch.Error
		if errors.As(err, &e) && e.Message == "" {
			t.Errorf("%s: no sentence for people", c.name)
		}
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Client.Feeds(gone); fundwatch.CodeOf(err) != fundwatch.Unavailable || !errors.Is(err, context.Canceled) {
		t.Errorf("a call given up: want Unavailable because of the context, got %v", err)
	}
}

func errOf[T any](_ T, err error) error { return err }
