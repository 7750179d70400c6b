// Package storetest opens throw-away stores for tests.
package storetest

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"fundwatch/internal/store"
)

// Open opens a fresh store with every migration applied; it is closed when the test ends.
func Open(t testing.TB) *store.DB {
	t.Helper()
	return OpenAt(t, filepath.Join(t.TempDir(), "store.db"), time.Now)
}

// OpenAt opens, or opens again, the store at path with the given clock.
func OpenAt(t testing.TB, path string, now func() time.Time) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{Path: path}, store.Options{Now: now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatalf("open store: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	return db
}
