//go:build duckdb_arrow

// Command bench measures the workbench against what its engine can do at best (性能基准): every row of its table is a
// ratio of two figures taken in one run, so that the machine matters little.
//
// It owns the measurements and their targets; it never changes what it measures. To add one, write a function that
// returns rows and enter it in the list of run.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		os.Exit(1)
	}
}

// settings are the flags of a run.
type settings struct {
	persons int
	seed    uint64
	dir     string
	out     string
	rounds  int
	days    int
	keep    bool
}

func command() *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "measure intake, rules, delta rounds, lists and the live socket as ratios taken in one run",
		Args:  cobra.NoArgs, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), s, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.IntVar(&s.persons, "persons", 2_700_000, "persons of the synthetic province")
	f.Uint64Var(&s.seed, "seed", 7, "seed of the synthetic province")
	f.StringVar(&s.dir, "dir", "", "folder for data; default a temporary one, removed at the end")
	f.StringVar(&s.out, "out", "bench.json", "file for the rows as JSON")
	f.IntVar(&s.rounds, "rounds", 5, "interleaved rounds of each comparison; the median counts")
	f.IntVar(&s.days, "days", 10, "business days played for the delta rounds")
	f.BoolVar(&s.keep, "keep", false, "keep the data folder")
	return cmd
}

// Row is one line of the table.
type Row struct {
	ID     string  `json:"id"`
	What   string  `json:"what"`
	Ratio  float64 `json:"ratio"`
	Target string  `json:"target"`
	OK     bool    `json:"ok"`
	Detail string  `json:"detail"` // the two figures behind the ratio
}

func atMost(id, what string, ratio, limit float64, detail string) Row {
	return Row{ID: id, What: what, Ratio: ratio, Target: fmt.Sprintf("≤ %g", limit), OK: ratio <= limit, Detail: detail}
}

func atLeast(id, what string, ratio, limit float64, detail string) Row {
	return Row{ID: id, What: what, Ratio: ratio, Target: fmt.Sprintf("≥ %g", limit), OK: ratio >= limit, Detail: detail}
}

// shown is a row without a target: printed to be read beside its neighbours.
func shown(id, what string, ratio float64, detail string) Row {
	return Row{ID: id, What: what, Ratio: ratio, Target: "shown", OK: true, Detail: detail}
}

func run(ctx context.Context, s settings, out, progress io.Writer) error {
	if s.dir == "" {
		dir, err := os.MkdirTemp("", "fundwatch-bench-")
		if err != nil {
			return fmt.Errorf("bench: make data folder: %w", err)
		}
		s.dir = dir
		if !s.keep {
			defer func() { _ = os.RemoveAll(dir) }()
		}
	}
	b := &bench{settings: s, log: slog.New(slog.NewTextHandler(progress, &slog.HandlerOptions{Level: slog.LevelWarn})), progress: progress}
	defer b.close()
	var rows []Row
	for _, part := range []func(context.Context) ([]Row, error){b.generation, b.intake, b.rules, b.delta, b.list, b.fanout} {
		got, err := part(ctx)
		if err != nil {
			return err
		}
		rows = append(rows, got...)
		for _, r := range got {
			printRow(out, r)
		}
	}
	fmt.Fprintf(out, "\n%d persons, seed %d, %d cores, Go %s, peak memory %s\n", s.persons, s.seed, runtime.NumCPU(),
		runtime.Version(), peakMemory())
	body, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	if err := os.WriteFile(filepath.Clean(s.out), append(body, '\n'), 0o644); err != nil {
		return fmt.Errorf("bench: write %s: %w", s.out, err)
	}
	for _, r := range rows {
		if !r.OK {
			fmt.Fprintf(out, "%s misses its target: %.2f, wanted %s\n", r.ID, r.Ratio, r.Target)
		}
	}
	return nil
}

func printRow(out io.Writer, r Row) {
	mark := "ok  "
	if !r.OK {
		mark = "MISS"
	}
	fmt.Fprintf(out, "%s  %-6s %9.3f  %-8s  %s  (%s)\n", mark, r.ID, r.Ratio, r.Target, r.What, r.Detail)
}

func (b *bench) step(format string, args ...any) {
	fmt.Fprintf(b.progress, "-- %s %s\n", time.Now().Format("15:04:05"), fmt.Sprintf(format, args...))
}
