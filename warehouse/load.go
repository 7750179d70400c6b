package warehouse

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/warehouse/duckdb"
)

// Delivery is one page of a table's changes, from the core or from a file.
type Delivery struct {
	ID     string           // makes it idempotent: the same ID is loaded once
	Table  string           // of the contract
	Source string           // where it came from, such as core or file:NAME
	After  core.Cursor      // the place in the feed it follows
	Next   core.Cursor      // the place in the feed it reaches
	AsOf   time.Time        // business time up to which it is complete
	SHA    string           // SHA-256 of the body in hex; empty when nobody announced one
	Rows   int64            // announced rows
	Sums   map[string]int64 // announced control sums in fen over inserts and new sides of updates; may be nil
	Path   string           // file that holds the body, or
	Body   io.Reader        // the body: an Arrow IPC stream of Schema(table)
}

// LoadResult says what a load did.
type LoadResult struct {
	LoadSeq  int64            `json:"loadSeq"`
	Rows     int64            `json:"rows"`
	Inserted int64            `json:"inserted"`
	Updated  int64            `json:"updated"`
	Deleted  int64            `json:"deleted"`
	Sums     map[string]int64 `json:"sums"`
	Repeated bool             `json:"repeated"` // the delivery had been loaded before; nothing was done
}

// Load brings one delivery into the tables, whole or not at all: it lands as a file, and one transaction applies it
// and enters it in the ledger. Old versions of changed rows move to history. The same ID again is answered with the
// first result; with another body it is a Conflict. A delivery that is not what it says (form, schema, rows, sums,
// hash) is Invalid and set aside.
func (db *DB) Load(ctx context.Context, d Delivery) (LoadResult, error) {
	r, ok := db.cat.find(d.Table)
	if !ok || r.derived || r.gone {
		return LoadResult{}, fundwatch.FieldErrorf("table", "没有表 %s", d.Table)
	}
	if d.ID == "" || len(d.ID) > 200 {
		return LoadResult{}, fundwatch.FieldErrorf("id", "交付编号须为 1 至 200 个字符")
	}
	db.loading.Lock()
	defer db.loading.Unlock()
	if done, err := db.loadedBefore(ctx, d); err != nil || done.Repeated {
		return done, err
	}
	l, err := db.newLander(ctx, d, r, db.LoadSeq()+1)
	if err != nil {
		return LoadResult{}, fmt.Errorf("warehouse: land %s: %w", d.ID, err)
	}
	res, err := db.landAndApply(ctx, l)
	return res, errors.Join(err, l.close())
}

// landAndApply takes a delivery of new rows in one pass: while the bytes are landing, their rows go into the tables.
// Any other delivery lands first and is applied from its file.
func (db *DB) landAndApply(ctx context.Context, l *lander) (LoadResult, error) {
	l.plainOnly = true
	b := newBatches(l.rel, l, db.key, l.Seq, false)
	var res LoadResult
	err := db.use(func(e engine) (err error) {
		res, err = db.transact(ctx, e, func(c *sql.Conn) (LoadResult, error) { return db.applyPlain(ctx, e, c, l, b) })
		return err
	})
	b.Release() // ends the decoding; from here on the lander is ours alone
	switch {
	case err == nil:
		db.note(l.Seq, l.AsOf)
		return res, nil
	case l.err != nil && !errors.Is(l.err, errMixed): // refused: nothing landed
		return LoadResult{}, fmt.Errorf("warehouse: land %s: %w", l.ID, l.err)
	case errors.Is(err, errMixed):
		if err := l.readOn(); err != nil {
			return LoadResult{}, fmt.Errorf("warehouse: land %s: %w", l.ID, err)
		}
		err = db.use(func(e engine) (err error) {
			res, err = db.apply(ctx, e, l.landed, l.rel)
			return err
		})
		if err == nil {
			return res, nil
		}
	case !l.done: // the engine failed before the bytes had landed
		return LoadResult{}, fmt.Errorf("warehouse: load %s: %w", l.ID, err)
	}
	return db.settle(l.landed, l.announced, err)
}

// applyPlain inserts while the delivery lands. Row identities that exist already are for the staged road to name.
func (db *DB) applyPlain(ctx context.Context, e engine, c *sql.Conn, l *lander, b *batches) (LoadResult, error) {
	if err := e.Bulk(ctx, c, l.rel.plain(), b); err != nil {
		return LoadResult{}, err
	}
	n, err := countRows(ctx, c, "SELECT count(*) FROM "+l.rel.plain()+" WHERE rid BETWEEN ? AND ? AND load_seq <> ?",
		l.FirstRID, l.LastRID, l.Seq)
	if err != nil {
		return LoadResult{}, err
	}
	if n > 0 {
		return LoadResult{}, errMixed
	}
	res := LoadResult{LoadSeq: l.Seq, Rows: l.Rows, Inserted: l.Rows, Sums: l.Sums}
	return res, enter(ctx, c, l.landed, res)
}

// settle decides what becomes of a landed delivery whose transaction failed. A commit may have succeeded before the
// instance broke: the ledger knows.
func (db *DB) settle(l landed, d Delivery, cause error) (LoadResult, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if done, err := db.loadedBefore(ctx, d); err == nil && done.Repeated {
		done.Repeated = false
		db.note(l.Seq, l.AsOf)
		return done, nil
	}
	return LoadResult{}, fmt.Errorf("warehouse: load %s: %w", d.ID, db.discard(l, cause))
}

// discard takes a landed delivery back, the sidecar first: without it the data file means nothing.
func (db *DB) discard(l landed, cause error) error {
	err := errors.Join(cause, removeAll(l.sidecar(db.cfg.landing())))
	if fundwatch.CodeOf(cause) == fundwatch.Invalid {
		err = errors.Join(err, db.setAside(db.dataFile(l), l.ID, l.Table, cause))
	}
	return errors.Join(err, removeAll(db.dataFile(l)))
}

// loadedBefore looks the delivery up in the ledger.
func (db *DB) loadedBefore(ctx context.Context, d Delivery) (LoadResult, error) {
	var res LoadResult
	err := db.use(func(e engine) error {
		var table, sha, sums string
		err := e.Pool().QueryRowContext(ctx, `SELECT load_seq, "table", sha, "rows", inserted, updated, deleted, sums
			FROM meta.load WHERE id = ?`, d.ID).
			Scan(&res.LoadSeq, &table, &sha, &res.Rows, &res.Inserted, &res.Updated, &res.Deleted, &sums)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if table != d.Table || d.SHA != "" && !strings.EqualFold(sha, d.SHA) || res.Rows != d.Rows {
			return fundwatch.Errorf(fundwatch.Conflict, "交付编号 %s 已用于另一份内容（表 %s，%d 行）", d.ID, table, res.Rows)
		}
		res.Repeated = true
		return json.Unmarshal([]byte(sums), &res.Sums)
	})
	return res, err
}

// transact runs f in a transaction on one connection.
func (db *DB) transact(ctx context.Context, e engine, f func(*sql.Conn) (LoadResult, error)) (LoadResult, error) {
	c, err := e.Pool().Conn(ctx)
	if err != nil {
		return LoadResult{}, err
	}
	defer c.Close()
	tx, err := c.BeginTx(ctx, nil)
	if err != nil {
		return LoadResult{}, err
	}
	res, err := f(c)
	if err != nil {
		return LoadResult{}, errors.Join(err, rollback(tx))
	}
	return res, tx.Commit()
}

// rollback ends a failed transaction; one that the engine ended itself is no further error.
func rollback(tx *sql.Tx) error {
	if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return fmt.Errorf("rollback: %w", err)
	}
	return nil
}

// apply brings a landed delivery into the tables in one transaction.
func (db *DB) apply(ctx context.Context, e engine, l landed, r relation) (LoadResult, error) {
	res, err := db.transact(ctx, e, func(c *sql.Conn) (LoadResult, error) { return db.applyLanded(ctx, e, c, l, r) })
	if err == nil {
		db.note(l.Seq, l.AsOf)
	}
	return res, err
}

func (db *DB) applyLanded(ctx context.Context, e engine, c *sql.Conn, l landed, r relation) (LoadResult, error) {
	res := LoadResult{LoadSeq: l.Seq, Rows: l.Rows, Inserted: l.Rows, Sums: l.Sums}
	if l.Rows == 0 {
		return res, enter(ctx, c, l, res)
	}
	staged := !l.Plain
	if l.Plain {
		n, err := countRows(ctx, c, "SELECT count(*) FROM "+r.plain()+" WHERE rid BETWEEN ? AND ?", l.FirstRID, l.LastRID)
		if err != nil {
			return res, err
		}
		staged = n > 0
	}
	if !staged {
		if err := db.insert(ctx, e, c, l, r, r.plain(), false); err != nil {
			return res, err
		}
		return res, enter(ctx, c, l, res)
	}
	if _, err := c.ExecContext(ctx, stageDDL(r, e.Type)); err != nil {
		return res, err
	}
	if err := db.insert(ctx, e, c, l, r, stageTable, true); err != nil {
		return res, err
	}
	if err := mergeStage(ctx, c, r, l.Seq, &res); err != nil {
		return res, err
	}
	return res, enter(ctx, c, l, res)
}

func countRows(ctx context.Context, c *sql.Conn, q string, args ...any) (int64, error) {
	var n int64
	err := c.QueryRowContext(ctx, q, args...).Scan(&n)
	return n, err
}

// enter writes the load into the ledger.
func enter(ctx context.Context, c *sql.Conn, l landed, res LoadResult) error {
	sums, err := json.Marshal(l.Sums)
	if err != nil {
		return err
	}
	_, err = c.ExecContext(ctx, `INSERT INTO meta.load VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		l.Seq, l.ID, l.Table, l.Source, string(l.After), string(l.Next), local(l.AsOf), l.SHA, l.Rows,
		res.Inserted, res.Updated, res.Deleted, string(sums), local(l.LoadedAt))
	return err
}

// insert streams the landing file into the target.
func (db *DB) insert(ctx context.Context, e engine, c *sql.Conn, l landed, r relation, target string, staged bool) error {
	f, err := os.Open(db.dataFile(l))
	if err != nil {
		return err
	}
	defer f.Close()
	rd, err := openStream(f)
	if err != nil {
		return err
	}
	defer rd.Release()
	if err := checkSchema(rd.Schema(), r, true); err != nil {
		return err
	}
	b := newBatches(r, rd, db.key, l.Seq, staged)
	defer b.Release()
	return e.Bulk(ctx, c, target, b)
}

// catchUp reads the ledger and completes loads that were decided and not committed. With a new file that is all of
// them: a rebuild.
func (db *DB) catchUp(ctx context.Context, e engine) error {
	if err := db.readMarks(ctx, e); err != nil {
		return err
	}
	pending, err := db.landings(db.LoadSeq())
	if err != nil {
		return err
	}
	for i, l := range pending {
		r, ok := db.cat.find(l.Table)
		if !ok {
			return fmt.Errorf("landing file %d is for table %s, which the contract lacks", l.Seq, l.Table)
		}
		if l.Seq != db.LoadSeq()+1 {
			return fmt.Errorf("landing file %d is missing, %d is there", db.LoadSeq()+1, l.Seq)
		}
		if err := db.checkLanded(l); err != nil {
			return err
		}
		_, err := db.apply(ctx, e, l, r)
		if fundwatch.CodeOf(err) == fundwatch.Invalid && i == len(pending)-1 { // a crash came before the refusal
			db.opts.Logger.WarnContext(ctx, "landing file refused", "load_seq", l.Seq, "table", l.Table, "error", db.discard(l, err))
			continue
		}
		if err != nil {
			return fmt.Errorf("apply landing file %d of %s: %w", l.Seq, l.Table, err)
		}
		db.opts.Logger.InfoContext(ctx, "landing file applied", "load_seq", l.Seq, "table", l.Table, "rows", l.Rows)
	}
	return nil
}

// checkLanded makes sure that a landing file still holds the bytes that were checked when it came.
func (db *DB) checkLanded(l landed) error {
	f, err := os.Open(db.dataFile(l))
	if err != nil {
		return fmt.Errorf("landing file %d of %s: %w", l.Seq, l.Table, err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return fmt.Errorf("landing file %d of %s: %w", l.Seq, l.Table, err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != l.SHA {
		return fmt.Errorf("landing file %d of %s is damaged: SHA-256 %s, landed as %s", l.Seq, l.Table, got, l.SHA)
	}
	return nil
}

// sweep removes what a crash left half written: temporary files, and data files without a sidecar.
func (db *DB) sweep() error {
	files, err := os.ReadDir(db.cfg.landing())
	if err != nil {
		return err
	}
	var rest []string
	for _, f := range files {
		path := filepath.Join(db.cfg.landing(), f.Name())
		switch base, data := strings.CutSuffix(path, ".arrows"); {
		case strings.HasSuffix(path, ".tmp"):
			rest = append(rest, path)
		case data:
			if _, err := os.Stat(base + ".json"); errors.Is(err, os.ErrNotExist) {
				rest = append(rest, path)
			}
		}
	}
	return removeAll(rest...)
}

// Rebuild makes the database file again from the landing folder. Facts, history and ledger come out as they were;
// derived tables are left to their owners.
func Rebuild(ctx context.Context, c Config, o Options) error {
	lock, err := lockDir(c.Dir)
	if err != nil {
		return err
	}
	file := c.withDefaults().file()
	if err := errors.Join(removeAll(file, file+".wal"), lock.Close()); err != nil {
		return fmt.Errorf("warehouse: rebuild: %w", err)
	}
	db, err := Open(ctx, c, o)
	if err != nil {
		return err
	}
	return db.Close()
}

// duckdbFull reports whether the disk is full, wherever the error came from.
func duckdbFull(err error) bool { return duckdb.Classify(err) == duckdb.Full }
