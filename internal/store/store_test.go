package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fundwatch"
	"fundwatch/internal/store"
	"fundwatch/internal/store/storetest"
)

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, bytes.Repeat([]byte("not a database "), 500), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		cfg  store.Config
		code fundwatch.Code
		says string
	}{
		"no path":       {store.Config{}, fundwatch.Invalid, "store.path"},
		"readers":       {store.Config{Path: filepath.Join(dir, "a.db"), Readers: 100}, fundwatch.Invalid, "100"},
		"another file":  {store.Config{Path: garbage}, fundwatch.Unavailable, "不是本系统的数据库"},
		"negative wait": {store.Config{Path: filepath.Join(dir, "a.db"), BusyTimeout: -1}, fundwatch.Invalid, "负数"},
	} {
		db, err := store.Open(t.Context(), c.cfg, store.Options{Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
		if err == nil {
			t.Errorf("%s: opened", name)
			_ = db.Close()
			continue
		}
		if fundwatch.CodeOf(err) != c.code || !strings.Contains(fundwatch.MessageOf(err)+err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFileIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "库 ?#%.db") // a name that a DSN must not misread
	storetest.OpenAt(t, path, time.Now)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", suffix, info.Mode())
		}
	}
}

func TestTxCommitsOrRollsBack(t *testing.T) {
	db := storetest.Open(t)
	boom := errors.New("boom")
	next := func(fail error) (n int64, err error) {
		err = db.WithTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			if n, err = tx.Next(ctx, "alert"); err != nil {
				return err
			}
			return fail
		})
		return n, err
	}
	for i, fail := range []error{nil, boom, nil, boom, boom, nil} {
		n, err := next(fail)
		if !errors.Is(err, fail) {
			t.Fatalf("%d: %v", i, err)
		}
		t.Log(i, n)
	}
	if n, err := next(nil); err != nil || n != 4 {
		t.Errorf("the fourth number kept is %d, %v", n, err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = db.WithTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.Next(ctx, "alert"); err != nil {
				return err
			}
			panic("boom")
		})
	}()
	if n, err := next(nil); err != nil || n != 5 {
		t.Errorf("after a panic: %d, %v", n, err)
	}
}

func TestTxInsideTx(t *testing.T) {
	db := storetest.Open(t)
	err := db.WithTx(t.Context(), func(ctx context.Context, _ *store.Tx) error {
		return db.WithTx(ctx, func(context.Context, *store.Tx) error { return nil })
	})
	if err == nil || !strings.Contains(err.Error(), "WithTx inside WithTx") {
		t.Errorf("got %v", err)
	}
}

func TestReadPoolRefusesWrites(t *testing.T) {
	db := storetest.Open(t)
	if _, err := db.Read().ExecContext(t.Context(), `DELETE FROM store_sequence`); err == nil {
		t.Error("the read pool wrote")
	}
}

func TestWakeComesAfterCommitOnly(t *testing.T) {
	db := storetest.Open(t)
	signal, cancel := db.Watch("topic")
	defer cancel()
	other, cancelOther := db.Watch("other")
	defer cancelOther()
	ran := 0
	touch := func(fail error) {
		_ = db.WithTx(t.Context(), func(_ context.Context, tx *store.Tx) error {
			tx.Wake("topic")
			tx.AfterCommit(func() { ran++ })
			return fail
		})
	}
	waiting := func(ch <-chan struct{}) bool {
		select {
		case <-ch:
			return true
		default:
			return false
		}
	}
	touch(errors.New("no"))
	if waiting(signal) || ran != 0 {
		t.Error("a rollback signalled")
	}
	touch(nil)
	touch(nil)
	if !waiting(signal) || waiting(signal) || waiting(other) || ran != 2 {
		t.Errorf("two commits: want one signal and two calls, got %d calls", ran)
	}
	cancel()
	touch(nil)
	if waiting(signal) {
		t.Error("signal after cancel")
	}
}

// TestManyWriters lets writers of two handles, as two processes have them, meet: nobody fails, no number is lost.
func TestManyWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	handles := []*store.DB{storetest.OpenAt(t, path, time.Now), storetest.OpenAt(t, path, time.Now)}
	const writers, each = 8, 20
	var wg sync.WaitGroup
	errs := make(chan error, writers*each)
	for w := range writers {
		wg.Go(func() {
			for range each {
				errs <- handles[w%2].WithTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
					_, err := tx.Next(ctx, "n")
					return err
				})
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	var last int
	if err := handles[0].Read().QueryRowContext(t.Context(), `SELECT last FROM store_sequence`).Scan(&last); err != nil {
		t.Fatal(err)
	}
	if last != writers*each {
		t.Errorf("%d of %d", last, writers*each)
	}
}

func TestBackup(t *testing.T) {
	dir := t.TempDir()
	db := storetest.OpenAt(t, filepath.Join(dir, "store.db"), time.Now)
	for range 3 {
		err := db.WithTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Next(ctx, "n")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	copyPath := filepath.Join(dir, "copy.db")
	if err := os.WriteFile(copyPath+".partial", []byte("left by a killed back-up"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := db.Backup(t.Context(), copyPath); err != nil {
		t.Fatal(err)
	}
	if err := db.Backup(t.Context(), copyPath); fundwatch.CodeOf(err) != fundwatch.Invalid {
		t.Errorf("overwrote a back-up: %v", err)
	}
	info, err := os.Stat(copyPath)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	left, err := filepath.Glob(copyPath + "?*")
	if err != nil || len(left) > 0 {
		t.Errorf("side files left: %v %v", left, err)
	}
	restored := storetest.OpenAt(t, copyPath, time.Now)
	var last int
	if err := restored.Read().QueryRowContext(t.Context(), `SELECT last FROM store_sequence`).Scan(&last); err != nil || last != 3 {
		t.Errorf("restored %d, %v", last, err)
	}
	if restored.Epoch() == db.Epoch() || restored.Epoch() == "" {
		t.Error("the copy kept the epoch: clients would take old numbers for new ones")
	}
	if again := storetest.OpenAt(t, filepath.Join(dir, "store.db"), time.Now); again.Epoch() != db.Epoch() {
		t.Error("opening again changed the epoch")
	}
}

func TestIsUnique(t *testing.T) {
	db := storetest.Open(t)
	err := db.WithTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		for range 2 {
			if _, err := tx.ExecContext(ctx, `INSERT INTO store_sequence (name, last) VALUES ('x', 1)`); err != nil {
				return fmt.Errorf("insert: %w", err)
			}
		}
		return nil
	})
	if !store.IsUnique(err) || store.IsUnique(errors.New("x")) || store.IsUnique(nil) {
		t.Errorf("%v", err)
	}
}
