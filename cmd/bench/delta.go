//go:build duckdb_arrow

package main

import (
	"context"
	"fmt"
	"time"

	"fundwatch/warehouse"
)

// delta plays business days and measures the rounds over what they changed against the full round.
func (b *bench) delta(ctx context.Context) ([]Row, error) {
	p, err := b.patrol(ctx, "delta")
	if err != nil {
		return nil, err
	}
	if _, err := p.Full(ctx); err != nil {
		return nil, err
	}
	b.step("%d business days", b.days)
	var rounds, loads []time.Duration
	var largest time.Duration
	var changed, units int64
	for range b.days {
		if _, err := b.province.NextDay(ctx); err != nil {
			return nil, err
		}
		start := time.Now()
		sum, err := b.follower.Once(ctx)
		if err != nil {
			return nil, err
		}
		loads = append(loads, time.Since(start))
		start = time.Now()
		round, err := p.Delta(ctx)
		if err != nil {
			return nil, err
		}
		took := time.Since(start)
		rounds = append(rounds, took)
		largest = max(largest, took)
		changed += sum.Rows
		for _, run := range round.Runs {
			units = max(units, run.Units)
		}
	}
	ratio := median(rounds) / b.fullRound
	return []Row{
		atMost("P3", "delta round of one business day, alerts stored, against the full round", ratio, 0.10,
			fmt.Sprintf("median %.2f s, largest %.2f s against %.2f s; %d rows in %d days, up to %d subjects",
				median(rounds), largest.Seconds(), b.fullRound, changed, b.days, units)),
		shown("P3i", "intake of one business day, seconds", median(loads), "median"),
	}, b.fingerprint(ctx)
}

// fingerprint reads one row, so that a warehouse that stopped answering is noticed before the next part.
func (b *bench) fingerprint(ctx context.Context) error {
	_, err := b.db.SystemView("性能基准").Query(ctx, warehouse.Statement{SQL: "SELECT count(*) FROM {{AC01}}"})
	return err
}
