//go:build duckdb_arrow

package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// median of durations, in seconds.
func median(d []time.Duration) float64 {
	d = slices.Clone(d)
	slices.Sort(d)
	return d[len(d)/2].Seconds()
}

// interleave runs the contestants in turn, round after round, so that whatever else the machine does falls on all of
// them alike. A first round warms up and does not count. It returns each one's median in seconds.
func interleave(ctx context.Context, rounds int, contestants ...func(context.Context) error) ([]float64, error) {
	took := make([][]time.Duration, len(contestants))
	for round := range rounds + 1 {
		for i, c := range contestants {
			start := time.Now()
			if err := c(ctx); err != nil {
				return nil, err
			}
			if round > 0 {
				took[i] = append(took[i], time.Since(start))
			}
		}
	}
	out := make([]float64, len(took))
	for i, t := range took {
		out[i] = median(t)
	}
	return out, nil
}

// percentile p in 0..1 of durations.
func percentile(d []time.Duration, p float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	d = slices.Clone(d)
	slices.Sort(d)
	return d[min(len(d)-1, int(float64(len(d))*p))]
}

// peakMemory is the largest resident size of this process so far.
func peakMemory() string {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(status)) {
		if v, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			var kb float64
			if _, err := fmt.Sscan(v, &kb); err == nil {
				return fmt.Sprintf("%.1f GiB", kb/1024/1024)
			}
		}
	}
	return "unknown"
}
