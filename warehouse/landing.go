package warehouse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"fundwatch"
	"fundwatch/core"
)

// asideFolder keeps what was refused, for a person to look at.
const asideFolder = "aside"

// landed is a delivery that stands in the landing folder: its sidecar, and what reading it through told. A sidecar
// on the disk is the decision to load: whatever happens afterwards, the delivery ends up in the tables.
type landed struct {
	Seq      int64            `json:"loadSeq"`
	ID       string           `json:"id"`
	Table    string           `json:"table"`
	Source   string           `json:"source"`
	After    core.Cursor      `json:"after"`
	Next     core.Cursor      `json:"next"`
	AsOf     time.Time        `json:"asOf"`
	SHA      string           `json:"sha256"`
	Rows     int64            `json:"rows"`
	Sums     map[string]int64 `json:"sums"`
	Plain    bool             `json:"plain"` // only inserts, row identities ascending
	FirstRID int64            `json:"firstRid"`
	LastRID  int64            `json:"lastRid"`
	LoadedAt time.Time        `json:"loadedAt"`
}

func (db *DB) dataFile(l landed) string {
	return filepath.Join(db.cfg.landing(), fmt.Sprintf("%010d-%s.arrows", l.Seq, l.Table))
}

func (l landed) sidecar(dir string) string {
	return filepath.Join(dir, fmt.Sprintf("%010d-%s.json", l.Seq, l.Table))
}

// errMixed ends a stream that turned out to hold more than inserts in ascending order: it needs the staged road.
var errMixed = errors.New("delivery changes rows that exist")

// lander writes a delivery's bytes to the landing folder and reads them through on the way, as an array.RecordReader:
// form, schema, rows, control sums and hash must be what was announced. When the last batch has been read, the file
// and its sidecar stand on the disk.
type lander struct {
	landed
	db        *DB
	rel       relation
	announced Delivery
	plainOnly bool // end with errMixed instead of handing out changes

	tmp  string
	body io.Closer // of a Delivery.Path
	file *os.File
	hash hash.Hash
	tee  *teeReader
	rd   *ipc.Reader
	done bool
	err  error
}

// newLander opens the landing file and reads the stream's schema. The caller calls close at the end.
func (db *DB) newLander(ctx context.Context, d Delivery, r relation, seq int64) (*lander, error) {
	l := &lander{db: db, rel: r, announced: d, hash: sha256.New(), landed: landed{Seq: seq, ID: d.ID, Table: d.Table,
		Source: d.Source, After: d.After, Next: d.Next, AsOf: d.AsOf.UTC(), LoadedAt: db.opts.Now().UTC().Truncate(time.Microsecond),
		Plain: true, FirstRID: math.MaxInt64, LastRID: math.MinInt64, Sums: map[string]int64{}}}
	for _, s := range r.Sums {
		l.Sums[s] = 0
	}
	from := d.Body
	if d.Path != "" {
		f, err := os.Open(d.Path)
		if err != nil {
			return nil, fmt.Errorf("warehouse: open the delivery: %w", err)
		}
		from, l.body = f, f
	}
	if from == nil {
		return nil, fundwatch.FieldErrorf("body", "交付没有内容")
	}
	l.tmp = filepath.Join(db.cfg.landing(), fmt.Sprintf("%010d.tmp", seq))
	f, err := os.OpenFile(l.tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("warehouse: land: %w", err), l.close())
	}
	l.file = f
	l.tee = &teeReader{ctx: ctx, from: from, to: io.MultiWriter(f, l.hash)}
	if l.err = l.open(); l.err != nil {
		return nil, errors.Join(l.finish(), l.close())
	}
	return l, nil
}

// open reads the schema.
func (l *lander) open() (err error) {
	if l.rd, err = openStream(l.tee); err != nil {
		return err
	}
	return checkSchema(l.rd.Schema(), l.rel, false)
}

// Next reads the next batch through; at the end of the stream it finishes the landing.
func (l *lander) Next() bool {
	if l.done || l.err != nil {
		return false
	}
	more, err := l.step()
	if err == nil && more && l.plainOnly && !l.Plain {
		err = errMixed
	}
	if err != nil || !more {
		l.err = err
		if !errors.Is(err, errMixed) {
			l.err = l.finish()
		}
		return false
	}
	return true
}

func (l *lander) step() (more bool, err error) {
	defer invalidStream(&err)
	if !l.rd.Next() {
		if err := l.rd.Err(); err != nil {
			return false, fundwatch.FieldErrorf("body", "交付内容在第 %d 行之后损坏或不完整：%v", l.Rows, err)
		}
		return false, nil
	}
	return true, l.readBatch(l.rd.RecordBatch(), l.rel)
}

// readOn reads the rest of a mixed stream through without handing it out.
func (l *lander) readOn() error {
	l.err, l.plainOnly = nil, false // it was errMixed, or nil with all read
	for l.Next() {
		continue
	}
	return l.err
}

// finish compares the whole with what was announced, and either makes the landing durable or takes it back.
func (l *lander) finish() error {
	l.done = true
	err := l.err
	if l.tee.err == nil {
		_, _ = io.Copy(io.Discard, l.tee) // its error is tee.err
		l.SHA = hex.EncodeToString(l.hash.Sum(nil))
		err = l.compare(l.announced, err)
	}
	if l.tee.err != nil {
		err = l.tee.err
	}
	if err == nil {
		err = l.file.Sync()
	}
	err = errors.Join(err, l.file.Close())
	dir := l.db.cfg.landing()
	if err == nil {
		if err = os.Rename(l.tmp, l.db.dataFile(l.landed)); err == nil {
			err = writeSidecar(dir, l.landed)
		}
		if err != nil {
			err = errors.Join(err, removeAll(l.sidecar(dir), l.db.dataFile(l.landed)))
		}
	} else if fundwatch.CodeOf(err) == fundwatch.Invalid {
		err = errors.Join(err, l.db.setAside(l.tmp, l.ID, l.Table, err))
	}
	if err != nil {
		if duckdbFull(err) {
			err = diskFull(err)
		}
		err = errors.Join(err, removeAll(l.tmp))
	}
	return err
}

// close lets go of the streams. A landing that was not finished leaves nothing.
func (l *lander) close() error {
	var err error
	if l.rd != nil {
		l.rd.Release()
	}
	if l.body != nil {
		err = l.body.Close()
	}
	if l.file != nil && !l.done {
		err = errors.Join(err, l.file.Close(), removeAll(l.tmp))
	}
	return err
}

// The rest of array.RecordReader.

// Retain does nothing: the lander lives until close.
func (l *lander) Retain() {}

// Release does nothing: the lander lives until close.
func (l *lander) Release() {}

// Schema is that of the stream.
func (l *lander) Schema() *arrow.Schema { return l.rd.Schema() }

// RecordBatch is the batch Next moved to.
func (l *lander) RecordBatch() arrow.RecordBatch { return l.rd.RecordBatch() }

// Record is RecordBatch by its old name, which the interface asks for.
func (l *lander) Record() arrow.RecordBatch { return l.rd.RecordBatch() }

// Err is why the stream ended early, or why the delivery was refused.
func (l *lander) Err() error { return l.err }

// teeReader reads from one stream and writes what it read to another, remembering which side failed.
type teeReader struct {
	ctx  context.Context
	from io.Reader
	to   io.Writer
	err  error
}

func (t *teeReader) Read(p []byte) (int, error) {
	if t.err = t.ctx.Err(); t.err != nil {
		return 0, t.err
	}
	n, err := t.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		t.err = fundwatch.Errorf(fundwatch.Unavailable, "读取交付内容中断，请重试: %w", err)
		return n, t.err
	}
	if _, werr := t.to.Write(p[:n]); werr != nil {
		t.err = fmt.Errorf("warehouse: land: %w", werr)
		if duckdbFull(werr) {
			t.err = diskFull(werr)
		}
		return 0, t.err
	}
	return n, err
}

// readBatch notes rows, sums and row identities of one batch.
func (l *landed) readBatch(b arrow.RecordBatch, r relation) error {
	for i, col := range b.Columns() {
		if err := checkColumn(col, int(b.NumRows())); err != nil {
			return fundwatch.FieldErrorf(b.ColumnName(i), "交付内容在第 %d 行之后损坏：%v", l.Rows, err)
		}
	}
	n := len(r.Columns)
	rids, ok1 := b.Column(n).(*array.Int64)
	ops, ok2 := b.Column(n + 1).(*array.Int8)
	if !ok1 || !ok2 || rids.NullN() > 0 || ops.NullN() > 0 {
		return fundwatch.FieldErrorf("_rid", "第 %d 行之后缺少行标识或操作类型", l.Rows)
	}
	for i, op := range ops.Int8Values() {
		if op < opInsert || op > opDelete {
			return fundwatch.FieldErrorf("_op", "第 %d 行的操作类型 %d 无效，须为 0、1 或 2", l.Rows+int64(i)+1, op)
		}
		rid := rids.Value(i)
		if op != opInsert || rid <= l.LastRID && l.Rows+int64(i) > 0 {
			l.Plain = false
		}
		l.FirstRID, l.LastRID = min(l.FirstRID, rid), max(l.LastRID, rid)
	}
	for _, name := range r.Sums {
		i := slices.IndexFunc(r.Columns, func(c core.Column) bool { return c.Code == name })
		money, ok := b.Column(i).(*array.Int64)
		if !ok {
			return fundwatch.FieldErrorf(name, "金额列类型不符")
		}
		l.Sums[name] += sum(money, ops)
	}
	l.Rows += b.NumRows()
	return nil
}

// sum adds the values of inserts and of the new side of updates.
func sum(money *array.Int64, ops *array.Int8) int64 {
	var total int64
	for i, op := range ops.Int8Values() {
		if op != opDelete && money.IsValid(i) {
			total += money.Value(i)
		}
	}
	return total
}

// checkSchema compares a stream's schema with the contract. A landing file from before the contract gained a
// column may lack it.
func checkSchema(s *arrow.Schema, r relation, older bool) error {
	want := Schema(r.Table)
	if !older && s.NumFields() != want.NumFields() {
		return fundwatch.FieldErrorf("schema", "表 %s 应有 %d 列，交付有 %d 列", r.Code, want.NumFields(), s.NumFields())
	}
	for i, f := range want.Fields() {
		at := slices.IndexFunc(s.Fields(), func(g arrow.Field) bool { return g.Name == f.Name })
		switch {
		case at < 0 && older && i < len(r.Columns):
		case at < 0:
			return fundwatch.FieldErrorf(f.Name, "表 %s 的交付缺少列 %s", r.Code, f.Name)
		case !arrow.TypeEqual(s.Field(at).Type, f.Type):
			return fundwatch.FieldErrorf(f.Name, "列 %s 的类型应为 %s，交付为 %s", f.Name, f.Type, s.Field(at).Type)
		case !older && at != i:
			return fundwatch.FieldErrorf(f.Name, "列 %s 应排在第 %d 位，交付在第 %d 位", f.Name, i+1, at+1)
		}
	}
	return nil
}

// compare checks what was read against what was announced. A wrong hash explains a broken stream better than its
// symptom does.
func (l *landed) compare(d Delivery, broken error) error {
	if d.SHA != "" && !strings.EqualFold(d.SHA, l.SHA) {
		return fundwatch.FieldErrorf("sha", "交付内容与摘要不符：应为 %s，实为 %s", d.SHA, l.SHA)
	}
	if broken != nil {
		return broken
	}
	if d.Rows != l.Rows {
		return fundwatch.FieldErrorf("rows", "交付行数不符：应为 %d，实为 %d", d.Rows, l.Rows)
	}
	for name, want := range d.Sums {
		got, ok := l.Sums[name]
		if !ok {
			return fundwatch.FieldErrorf("sums", "列 %s 不是对账金额列", name)
		}
		if got != want {
			return fundwatch.FieldErrorf("sums", "列 %s 合计不符：应为 %s 元，实为 %s 元", name, fundwatch.Fen(want), fundwatch.Fen(got))
		}
	}
	return nil
}

// setAside keeps a refused file with the reason beside it.
func (db *DB) setAside(file, id, table string, reason error) error {
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	f, err := os.CreateTemp(filepath.Join(db.cfg.landing(), asideFolder), table+"-*.arrows")
	if err != nil {
		return err
	}
	if err := errors.Join(f.Close(), os.Rename(file, f.Name())); err != nil {
		return err
	}
	note, err := json.MarshalIndent(map[string]string{"id": id, "table": table, "reason": reason.Error(),
		"at": db.opts.Now().Format(time.RFC3339)}, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(strings.TrimSuffix(f.Name(), ".arrows")+".json", note)
}

func writeSidecar(dir string, l landed) error {
	text, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(l.sidecar(dir), text)
}

// landings reads the sidecars of loads behind after, in load order. Their names tell the number, so that opening does
// not read the sidecars of years.
func (db *DB) landings(after int64) ([]landed, error) {
	names, err := filepath.Glob(filepath.Join(db.cfg.landing(), "*.json"))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var out []landed
	for _, name := range names {
		number, _, _ := strings.Cut(filepath.Base(name), "-")
		if seq, err := strconv.ParseInt(number, 10, 64); err != nil || seq <= after {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var l landed
		if err := json.Unmarshal(text, &l); err != nil {
			return nil, fmt.Errorf("warehouse: %s: %w", filepath.Base(name), err)
		}
		out = append(out, l)
	}
	return out, nil
}

// writeFile writes a whole file so that after a crash it is there whole or not at all.
func writeFile(path string, text []byte) (err error) {
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, removeAll(tmp))
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// removeAll removes files; those that are not there do not count.
func removeAll(paths ...string) error {
	var errs []error
	for _, p := range paths {
		if err := os.Remove(p); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
