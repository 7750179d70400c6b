package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// Tx is a write transaction. It reads its own writes; nobody else sees them before the commit.
type Tx struct {
	bun.IDB
	db    *DB
	woken map[string]bool
	after []func()
}

// Now is the store's clock.
func (tx *Tx) Now() time.Time { return tx.db.now() }

// Wake signals the watchers of the topic after the commit; a rollback forgets it.
func (tx *Tx) Wake(topic string) {
	if tx.woken == nil {
		tx.woken = map[string]bool{}
	}
	tx.woken[topic] = true
}

// AfterCommit runs f after the commit, in the order of the calls and before WithTx returns. A crash between the
// commit and f loses f: what must happen is a job, not a function.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

// Next takes the next number of a named sequence, from 1 upwards and without gaps: a rollback gives it back.
func (tx *Tx) Next(ctx context.Context, sequence string) (int64, error) {
	res, err := tx.ExecContext(ctx, `UPDATE store_sequence SET last = last + 1 WHERE name = ?`, sequence)
	if err != nil {
		return 0, fmt.Errorf("sequence %s: %w", sequence, err)
	}
	if n, err := res.RowsAffected(); err != nil {
		return 0, fmt.Errorf("sequence %s: %w", sequence, err)
	} else if n == 0 {
		if _, err := tx.ExecContext(ctx, `INSERT INTO store_sequence (name, last) VALUES (?, 1)`, sequence); err != nil {
			return 0, fmt.Errorf("sequence %s: %w", sequence, err)
		}
		return 1, nil
	}
	var n int64
	err = tx.QueryRowContext(ctx, `SELECT last FROM store_sequence WHERE name = ?`, sequence).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("sequence %s: %w", sequence, err)
	}
	return n, nil
}

// inTx marks a context as being inside a transaction of this DB.
type inTx struct{ db *DB }

// WithTx runs fn in one write transaction: commits when it returns nil, rolls back when it returns an error or
// panics. There is one writer at a time, so fn does no slow work: no network, no warehouse query, no password
// hashing. Calling WithTx inside fn is an error at once; without it the inner call would wait for the outer for
// ever.
func (db *DB) WithTx(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) (err error) {
	if ctx.Value(inTx{db}) != nil {
		return errors.New("store: WithTx inside WithTx: pass the *Tx on instead")
	}
	raw, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return Fault(fmt.Errorf("begin: %w", err))
	}
	tx := &Tx{IDB: raw, db: db}
	done := false
	defer func() {
		if done {
			return
		}
		if rerr := raw.Rollback(); rerr != nil && !errors.Is(rerr, sql.ErrTxDone) && err != nil {
			err = errors.Join(err, fmt.Errorf("rollback: %w", rerr))
		}
	}()
	if err := fn(context.WithValue(ctx, inTx{db}, true), tx); err != nil {
		return Fault(err)
	}
	if err := raw.Commit(); err != nil {
		return Fault(fmt.Errorf("commit: %w", err))
	}
	done = true
	for _, f := range tx.after {
		f()
	}
	for topic := range tx.woken {
		db.signal(topic)
	}
	return nil
}
