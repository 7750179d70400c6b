//go:build duckdb_arrow

package main

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"testing/fstest"
	"time"

	"fundwatch/core"
	"fundwatch/internal/store"
	"fundwatch/patrol"
	"fundwatch/warehouse"
)

// rules measures full rounds: the twelve representative rules and the whole rulebook against one scan of nine columns
// and against the same twelve in plain SQL, then each rule against one scan of the columns it reads.
func (b *bench) rules(ctx context.Context) ([]Row, error) {
	naive := naiveRules()
	var ids []string
	for _, n := range naive {
		ids = append(ids, n.id)
	}
	twelve, err := b.patrol(ctx, "twelve", ids...)
	if err != nil {
		return nil, err
	}
	all, err := b.patrol(ctx, "all")
	if err != nil {
		return nil, err
	}
	b.step("full rounds, %d interleaved", b.rounds)
	var round patrol.Round
	view := b.db.SystemView("性能基准")
	scan := func(ctx context.Context) error {
		_, err := view.Query(ctx, warehouse.Statement{SQL: scanSQL})
		return err
	}
	took, err := interleave(ctx, b.rounds, scan,
		func(ctx context.Context) error { _, err := twelve.Full(ctx); return err },
		func(ctx context.Context) (err error) { round, err = all.Full(ctx); return err })
	if err != nil {
		return nil, err
	}
	unit, full12, full := took[0], took[1], took[2]
	b.fullRound = full
	b.step("the twelve rules in plain SQL")
	plain, slowest, err := b.naive(ctx, naive)
	if err != nil {
		return nil, err
	}
	live := len(round.Runs)
	rows := []Row{
		atMost("P1a", "12 rules, full round from the rows, masks included, in scans of nine columns", full12/unit, 11,
			fmt.Sprintf("%.2f s against %.3f s", full12, unit)),
		atLeast("P1b", "plain SQL of the same 12 rules against the round", plain/full12, 12,
			fmt.Sprintf("%.1f s against %.2f s; slowest plain rule %s", plain, full12, slowest)),
		atMost("P2", fmt.Sprintf("%d rules, full round, scans per rule on average", live), full/unit/float64(live), 0.25,
			fmt.Sprintf("%.2f s for %d rules, scan %.3f s, peak %s", full, live, unit, peakMemory())),
	}
	perRule, err := b.eachRule(ctx, all.Rulebook(), round)
	return append(rows, perRule...), err
}

// patrol makes a patrol of its own with a fresh store, with the named rules or with all.
func (b *bench) patrol(ctx context.Context, name string, ids ...string) (*patrol.Patrol, error) {
	files := patrol.Builtin()
	if len(ids) > 0 {
		some := fstest.MapFS{}
		names := []string{"lock.yaml"}
		for _, id := range ids {
			names = append(names, id+".yaml", id+".test.yaml")
		}
		for _, name := range names {
			body, err := fs.ReadFile(files, name)
			if err != nil {
				return nil, fmt.Errorf("bench: rule file %s: %w", name, err)
			}
			some[name] = &fstest.MapFile{Data: body}
		}
		files = some
	}
	book, err := patrol.Load(files)
	if err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, store.Config{Path: b.path(name + ".sqlite")}, store.Options{Now: time.Now, Logger: b.log})
	if err != nil {
		return nil, err
	}
	b.cleanup = append(b.cleanup, func() { _ = st.Close() })
	return patrol.New(ctx, patrol.Config{}, patrol.Options{
		Warehouse: b.db, Store: st, Rulebook: book, Now: time.Now, Logger: b.log,
	})
}

// naive runs the plain statements twice and counts the second run.
func (b *bench) naive(ctx context.Context, rules []naiveRule) (total float64, slowest string, err error) {
	view := b.db.SystemView("性能基准")
	worst := 0.0
	for _, r := range rules {
		took, err := interleave(ctx, 1, func(ctx context.Context) error {
			_, err := view.Query(ctx, warehouse.Statement{SQL: r.sql})
			return err
		})
		if err != nil {
			return 0, "", fmt.Errorf("bench: plain %s: %w", r.id, err)
		}
		total += took[0]
		if took[0] > worst {
			worst, slowest = took[0], fmt.Sprintf("%s %.1f s", r.id, took[0])
		}
	}
	return total, slowest, nil
}

// eachRule sets the time of each rule in the last full round against one scan of the columns its inputs name.
func (b *bench) eachRule(ctx context.Context, book *patrol.Rulebook, round patrol.Round) ([]Row, error) {
	view := b.db.SystemView("性能基准")
	var rows []Row
	for _, run := range round.Runs {
		rule, ok := book.Rule(run.Rule)
		if !ok {
			return nil, fmt.Errorf("bench: the round names %s, the rulebook does not", run.Rule)
		}
		scans := make([]func(context.Context) error, 0, len(rule.Inputs))
		for _, in := range rule.Inputs {
			sql, err := scanOf(in.Table, in.Fields)
			if err != nil {
				return nil, err
			}
			scans = append(scans, func(ctx context.Context) error {
				_, err := view.Query(ctx, warehouse.Statement{SQL: sql})
				return err
			})
		}
		took, err := interleave(ctx, 1, scans...)
		if err != nil {
			return nil, err
		}
		own := 0.0
		for _, t := range took {
			own += t
		}
		spent := float64(run.Millis) / 1000
		rows = append(rows, shown("P2 "+run.Rule, rule.Title+", in scans of its own columns", spent/own,
			fmt.Sprintf("%.3f s against %.3f s, %d findings", spent, own, run.Findings)))
	}
	return rows, nil
}

// scanOf reads the columns of a table and reduces them to one row.
func scanOf(table string, fields []string) (string, error) {
	t, err := core.TableByCode(table)
	if err != nil {
		return "", err
	}
	var terms []string
	for _, f := range fields {
		c, ok := t.Column(f)
		switch {
		case !ok:
			terms = append(terms, "sum("+f+")") // a column the warehouse adds: an integer
		case c.Type == core.Text:
			terms = append(terms, "sum(length("+f+"))")
		case c.Type == core.Date || c.Type == core.Time:
			terms = append(terms, "count("+f+")")
		default:
			terms = append(terms, "sum("+f+")")
		}
	}
	return "SELECT " + strings.Join(terms, ", ") + " FROM {{" + table + "}}", nil
}
