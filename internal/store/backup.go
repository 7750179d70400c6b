package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"fundwatch"
)

// Backup writes a consistent copy of the store to path while work goes on. The copy is checked, gets an epoch of
// its own and appears under its name only when it is whole; an existing file is never overwritten. Restoring is
// putting the copy in the place of the store while the program is stopped.
func (db *DB) Backup(ctx context.Context, path string) (err error) {
	defer fundwatch.Wrap(&err, "store.Backup(%s)", path)
	if _, err := os.Stat(path); err == nil {
		return fundwatch.FieldErrorf("path", "备份文件 %s 已存在，请换一个文件名", filepath.Base(path))
	}
	part := path + ".partial"
	if err := os.Remove(part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove an unfinished copy: %w", err)
	}
	if err := makeFile(part); err != nil { // VACUUM INTO fills an empty file and keeps its mode
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, removeCopy(part))
		}
	}()
	source, err := openPool(Config{Path: db.path}.WithDefaults(), 1, false)
	if err != nil {
		return err
	}
	_, err = source.ExecContext(ctx, `VACUUM INTO ?`, part)
	if err := errors.Join(err, source.Close()); err != nil {
		return Fault(err)
	}
	if err := sealCopy(ctx, part); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return syncPath(filepath.Dir(path))
}

// sealCopy checks the copy, gives it a new epoch and brings it to the disk.
func sealCopy(ctx context.Context, part string) (err error) {
	pool, err := openPool(Config{Path: part}.WithDefaults(), 1, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	var verdict string
	if err := pool.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&verdict); err != nil {
		return Fault(err)
	}
	if verdict != "ok" {
		return fmt.Errorf("the copy is damaged: %s", verdict)
	}
	if _, err := pool.ExecContext(ctx, `UPDATE store_identity SET epoch = ? WHERE id = 1`, NewID()); err != nil {
		return Fault(err)
	}
	// Back to one file: the copy is moved and shipped without side files.
	if _, err := pool.ExecContext(ctx, `PRAGMA journal_mode = DELETE`); err != nil {
		return Fault(err)
	}
	return syncPath(part)
}

func removeCopy(part string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(part + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func syncPath(path string) error {
	f, err := os.Open(path) //nolint:gosec // a path of the operator's own choice
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
