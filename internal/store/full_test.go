package store

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fundwatch"
)

// TestDiskFull gives the database no more pages, which SQLite reports as it does a full disk: the change fails
// with a sentence, what was committed stays, and work goes on once there is room.
func TestDiskFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	db, err := Open(t.Context(), Config{Path: path}, Options{Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	fill := func(rows int) error {
		return db.WithTx(t.Context(), func(ctx context.Context, tx *Tx) error {
			for range rows {
				_, err := tx.ExecContext(ctx, `INSERT INTO store_sequence (name, last) VALUES (?, 1)`, NewID()+strings.Repeat("x", 2000))
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	count := func() (n int) {
		if err := db.Read().QueryRowContext(t.Context(), `SELECT count(*) FROM store_sequence`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	limit := func(pages int) {
		if _, err := db.write.ExecContext(t.Context(), `PRAGMA max_page_count = ?`, pages); err != nil {
			t.Fatal(err)
		}
	}
	if err := fill(10); err != nil {
		t.Fatal(err)
	}
	limit(1) // SQLite takes the present size as the least limit
	err = fill(100)
	if fundwatch.CodeOf(err) != fundwatch.Unavailable || !strings.Contains(fundwatch.MessageOf(err), "磁盘空间不足") {
		t.Fatalf("got %v", err)
	}
	if n := count(); n != 10 {
		t.Errorf("%d rows after the failure, want 10", n)
	}
	var verdict string
	if err := db.Read().QueryRowContext(t.Context(), `PRAGMA integrity_check`).Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity: %s %v", verdict, err)
	}
	limit(1 << 20)
	if err := fill(100); err != nil || count() != 110 {
		t.Errorf("with room again: %v, %d rows", err, count())
	}
}
