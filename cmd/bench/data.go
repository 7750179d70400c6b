//go:build duckdb_arrow

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/duckdb/duckdb-go/v2"

	"fundwatch/core"
	"fundwatch/core/refcore"
	"fundwatch/core/synth"
	"fundwatch/warehouse"
	"fundwatch/warehouse/intake"
)

// bench holds what the parts of a run hand on to each other.
type bench struct {
	settings

	log      *slog.Logger
	progress io.Writer
	cleanup  []func()

	province  *synth.Province
	follower  *intake.Follower
	db        *warehouse.DB
	rows      int64   // loaded from the core
	made      float64 // seconds to make the province
	fullRound float64 // seconds of a full round of all rules
	coreURL   string
	desk      *desk
}

func (b *bench) close() {
	for i := len(b.cleanup) - 1; i >= 0; i-- {
		b.cleanup[i]()
	}
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

// generation makes the province.
func (b *bench) generation(ctx context.Context) ([]Row, error) {
	b.step("making a province of %d persons", b.persons)
	start := time.Now()
	if _, err := os.Stat(b.path("province")); errors.Is(err, os.ErrNotExist) {
		if err := synth.Make(ctx, synth.Options{Dir: b.path("province"), Seed: b.seed, Persons: b.persons}); err != nil {
			return nil, err
		}
	}
	b.made = time.Since(start).Seconds()
	var err error
	b.province, err = synth.Open(b.path("province"))
	return nil, err
}

const token = "bench-token-bench-token-bench-token"

// intake brings the province into the warehouse through the core's API, against DuckDB copying the same rows from
// Parquet files into a file of its own.
func (b *bench) intake(ctx context.Context) ([]Row, error) {
	server, err := refcore.New(refcore.Options{
		Province: b.province, Tokens: []string{token}, Now: time.Now, Logger: b.log, Dir: b.path("refcore"),
	})
	if err != nil {
		return nil, err
	}
	listener := httptest.NewServer(server)
	b.cleanup = append(b.cleanup, listener.Close)
	b.coreURL = listener.URL
	client, err := core.Dial(core.Config{BaseURL: listener.URL, Token: token}, core.Options{Now: time.Now, Logger: b.log})
	if err != nil {
		return nil, err
	}
	b.db, err = warehouse.Open(ctx, warehouse.Config{Dir: b.path("warehouse")}, warehouse.Options{Now: time.Now, Logger: b.log})
	if err != nil {
		return nil, err
	}
	b.cleanup = append(b.cleanup, func() { _ = b.db.Close() })
	b.follower, err = intake.NewFollower(intake.FollowerConfig{Dir: b.path("pages")},
		intake.FollowerOptions{Core: client, Warehouse: b.db, Now: time.Now, Logger: b.log})
	if err != nil {
		return nil, err
	}
	b.step("intake through the API")
	start := time.Now()
	sum, err := b.follower.Once(ctx)
	if err != nil {
		return nil, err
	}
	took := time.Since(start).Seconds()
	b.rows = sum.Rows
	b.step("such rows from Parquet")
	copied, copiedRows, err := b.copyParquet(ctx)
	if err != nil {
		return nil, err
	}
	perSecond, best := float64(sum.Rows)/took, float64(copiedRows)/copied
	return []Row{
		shown("GEN", "making the province against copying its rows from Parquet, rows a second", float64(sum.Rows)/b.made/best,
			fmt.Sprintf("%.2f M rows, %.1f s, %.2f M/s", float64(sum.Rows)/1e6, b.made, float64(sum.Rows)/b.made/1e6)),
		atLeast("P5", "core to queryable, hashed and reconciled, against COPY FROM Parquet, rows a second", perSecond/best, 0.6,
			fmt.Sprintf("%.1f s, %.2f M/s against %.2f M/s", took, perSecond/1e6, best/1e6)),
	}, nil
}

// copyRows is how many rows the comparison with Parquet takes at most: an even sample of every table's chunks, since
// a rate needs no more.
const copyRows = 20_000_000

// copyParquet writes deliveries as Parquet and times DuckDB taking them into a new database file. It returns the
// seconds and the rows.
func (b *bench) copyParquet(ctx context.Context) (float64, int64, error) {
	dir := b.path("parquet")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, 0, fmt.Errorf("bench: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	connector, err := duckdb.NewConnector(filepath.Join(dir, "copy.duckdb")+"?memory_limit=2GB", nil)
	if err != nil {
		return 0, 0, fmt.Errorf("bench: %w", err)
	}
	db := sql.OpenDB(connector)
	defer func() { _ = db.Close() }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("bench: %w", err)
	}
	defer func() { _ = conn.Close() }()
	tables, err := core.Tables()
	if err != nil {
		return 0, 0, err
	}
	every := 1 + int(b.rows/copyRows)
	for _, t := range tables {
		files, err := filepath.Glob(filepath.Join(b.path("province"), "feed", t.Code, "*.arrows"))
		if err != nil {
			return 0, 0, fmt.Errorf("bench: %w", err)
		}
		for i, f := range files {
			if i%every != 0 {
				continue
			}
			if err := toParquet(ctx, conn, f, filepath.Join(dir, fmt.Sprintf("%s-%06d.parquet", t.Code, i))); err != nil {
				return 0, 0, err
			}
		}
	}
	var rows int64
	start := time.Now()
	for _, t := range tables {
		files, _ := filepath.Glob(filepath.Join(dir, t.Code+"-*.parquet"))
		if len(files) == 0 {
			continue
		}
		quoted := "'" + strings.Join(files, "','") + "'"
		if _, err := conn.ExecContext(ctx, fmt.Sprintf("CREATE TABLE %s AS SELECT * FROM read_parquet([%s])", t.Code, quoted)); err != nil {
			return 0, 0, fmt.Errorf("bench: copy %s: %w", t.Code, err)
		}
		var n int64
		if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM "+t.Code).Scan(&n); err != nil {
			return 0, 0, fmt.Errorf("bench: count %s: %w", t.Code, err)
		}
		rows += n
	}
	if _, err := conn.ExecContext(ctx, "CHECKPOINT"); err != nil {
		return 0, 0, fmt.Errorf("bench: %w", err)
	}
	return time.Since(start).Seconds(), rows, nil
}

// toParquet writes one delivery as a Parquet file.
func toParquet(ctx context.Context, conn *sql.Conn, from, to string) error {
	f, err := os.Open(filepath.Clean(from))
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	defer func() { _ = f.Close() }()
	reader, err := ipc.NewReader(f)
	if err != nil {
		return fmt.Errorf("bench: %s: %w", from, err)
	}
	defer reader.Release()
	return conn.Raw(func(raw any) error {
		dc, ok := raw.(*duckdb.Conn)
		if !ok {
			return fmt.Errorf("bench: unexpected driver connection %T", raw)
		}
		ar, err := duckdb.NewArrowFromConn(dc)
		if err != nil {
			return fmt.Errorf("bench: %w", err)
		}
		release, err := ar.RegisterView(reader, "delivery")
		if err != nil {
			return fmt.Errorf("bench: %w", err)
		}
		defer release()
		if _, err := dc.ExecContext(ctx, "COPY (SELECT * FROM delivery) TO '"+to+"' (FORMAT parquet)", nil); err != nil {
			return fmt.Errorf("bench: write %s: %w", to, err)
		}
		return nil
	})
}
