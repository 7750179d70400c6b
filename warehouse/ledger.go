package warehouse

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"fundwatch"
	"fundwatch/core"
)

// LoadEntry is one line of the ledger of loads (装载台账).
type LoadEntry struct {
	LoadSeq  int64            `json:"loadSeq"`
	ID       string           `json:"id"`
	Table    string           `json:"table"`
	Source   string           `json:"source"`
	After    core.Cursor      `json:"after"`
	Next     core.Cursor      `json:"next"`
	AsOf     time.Time        `json:"asOf"`
	SHA      string           `json:"sha256"`
	Rows     int64            `json:"rows"`
	Inserted int64            `json:"inserted"`
	Updated  int64            `json:"updated"`
	Deleted  int64            `json:"deleted"`
	Sums     map[string]int64 `json:"sums"`
	LoadedAt time.Time        `json:"loadedAt"`
}

// LedgerFilter picks lines of the ledger. Zero fields do not narrow.
type LedgerFilter struct {
	Table  string
	Source string
	Before int64 // only loads with a smaller LoadSeq, for the next page
	Limit  int   // default 100
}

// Ledger lists loads, newest first.
func (db *DB) Ledger(ctx context.Context, f LedgerFilter) ([]LoadEntry, error) {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	var out []LoadEntry
	err := db.use(func(e engine) error {
		rows, err := e.Pool().QueryContext(ctx, `SELECT load_seq, id, "table", source, after_cursor, next_cursor, as_of, sha,
			"rows", inserted, updated, deleted, sums, loaded_at FROM meta.load
			WHERE (? = '' OR "table" = ?) AND (? = '' OR source = ?) AND (? = 0 OR load_seq < ?)
			ORDER BY load_seq DESC LIMIT ?`, f.Table, f.Table, f.Source, f.Source, f.Before, f.Before, f.Limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var l LoadEntry
			var after, next, sums string
			if err := rows.Scan(&l.LoadSeq, &l.ID, &l.Table, &l.Source, &after, &next, &l.AsOf, &l.SHA, &l.Rows,
				&l.Inserted, &l.Updated, &l.Deleted, &sums, &l.LoadedAt); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(sums), &l.Sums); err != nil {
				return fmt.Errorf("ledger line %d: %w", l.LoadSeq, err)
			}
			l.After, l.Next = core.Cursor(after), core.Cursor(next)
			l.AsOf, l.LoadedAt = zoned(l.AsOf), zoned(l.LoadedAt)
			out = append(out, l)
		}
		return rows.Err()
	})
	return out, err
}

// Cursor is the place in the source's feed of the table that was loaded last, empty when nothing was.
func (db *DB) Cursor(ctx context.Context, source, table string) (core.Cursor, error) {
	last, err := db.Ledger(ctx, LedgerFilter{Table: table, Source: source, Limit: 1})
	if err != nil || len(last) == 0 {
		return "", err
	}
	return last[0].Next, nil
}

// TableStatus is one table of the contract as it stands.
type TableStatus struct {
	Table    string    `json:"table"`
	Name     string    `json:"name"`
	Rows     int64     `json:"rows"`
	LoadSeq  int64     `json:"loadSeq"` // newest load, 0 when none
	Loads    int64     `json:"loads"`
	AsOf     time.Time `json:"asOf"`
	LoadedAt time.Time `json:"loadedAt"`
}

// Tables lists the tables of the contract in its order. Rows are counted by the ledger, so this costs the same for
// any province.
func (db *DB) Tables(ctx context.Context) ([]TableStatus, error) {
	byTable := map[string]TableStatus{}
	err := db.use(func(e engine) error {
		rows, err := e.Pool().QueryContext(ctx, `SELECT "table", CAST(sum(inserted - deleted) AS BIGINT), max(load_seq),
			count(*), max(as_of), max(loaded_at) FROM meta.load GROUP BY 1`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var t TableStatus
			if err := rows.Scan(&t.Table, &t.Rows, &t.LoadSeq, &t.Loads, &t.AsOf, &t.LoadedAt); err != nil {
				return err
			}
			t.AsOf, t.LoadedAt = zoned(t.AsOf), zoned(t.LoadedAt)
			byTable[t.Table] = t
		}
		return rows.Err()
	})
	var out []TableStatus
	for _, r := range db.cat.contract() {
		t := byTable[r.Code]
		t.Table, t.Name = r.Code, r.Name
		out = append(out, t)
	}
	return out, err
}

// readMarks reads which loads the instance holds, after opening it.
func (db *DB) readMarks(ctx context.Context, e engine) error {
	db.marksMu.Lock()
	db.marks = nil
	db.marksMu.Unlock()
	rows, err := e.Pool().QueryContext(ctx, "SELECT load_seq, as_of FROM meta.load ORDER BY load_seq")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var seq int64
		var asOf time.Time
		if err := rows.Scan(&seq, &asOf); err != nil {
			return err
		}
		db.note(seq, zoned(asOf))
	}
	return rows.Err()
}

// note enters a load that can be seen from now on.
func (db *DB) note(seq int64, asOf time.Time) {
	db.marksMu.Lock()
	defer db.marksMu.Unlock()
	if n := len(db.marks); n > 0 {
		if db.marks[n-1].seq >= seq {
			return
		}
		if db.marks[n-1].asOf.After(asOf) {
			asOf = db.marks[n-1].asOf
		}
	}
	db.marks = append(db.marks, mark{seq: seq, asOf: asOf.In(fundwatch.Shanghai())})
}

// TableHashes gives rows and a hash over all columns of every table of facts and history, in any order of rows.
// Two warehouses with equal hashes hold the same rows under the same loads and keys, as a rebuilt one does.
func (db *DB) TableHashes(ctx context.Context) (map[string]string, error) {
	return db.hashes(ctx, func(r relation) (string, string) { return r.columnList(), r.columnList() + ", gone_seq" })
}

// ContentHashes is TableHashes over what the suppliers sent alone: warehouses with other pseudonym keys, or with the
// same deliveries in another order, agree.
func (db *DB) ContentHashes(ctx context.Context) (map[string]string, error) {
	return db.hashes(ctx, func(r relation) (string, string) {
		sent := ColRID
		for _, c := range r.Columns {
			sent += ", " + ident(c.Code)
		}
		return sent, sent
	})
}

// hashes takes the columns of facts and of history that count.
func (db *DB) hashes(ctx context.Context, columns func(r relation) (facts, history string)) (map[string]string, error) {
	out := map[string]string{}
	err := db.use(func(e engine) error {
		for _, r := range db.cat.contract() {
			facts, history := columns(r)
			for schema, cols := range map[string]string{"facts": facts, "history": history} {
				var h string
				q := fmt.Sprintf("SELECT count(*) || ':' || coalesce(sum(CAST(hash(%s) AS HUGEINT)), 0) FROM %s.%s", cols, schema, ident(r.Code))
				if err := e.Pool().QueryRowContext(ctx, q).Scan(&h); err != nil {
					return err
				}
				out[schema+"."+r.Code] = h
			}
		}
		return nil
	})
	return out, err
}

// local is a time as the tables hold it: the clock of China without a zone.
func local(t time.Time) time.Time {
	t = t.In(fundwatch.Shanghai())
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// zoned is the inverse of local.
func zoned(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), fundwatch.Shanghai())
}
