package warehouse

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
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

// land writes the delivery's bytes to the landing folder and reads them through on the way: form, schema, rows,
// control sums and hash must be what was announced. Nothing but a file set aside remains of a refused delivery.
func (db *DB) land(ctx context.Context, d Delivery, r relation, seq int64) (landed, error) {
	l := landed{Seq: seq, ID: d.ID, Table: d.Table, Source: d.Source, After: d.After, Next: d.Next,
		AsOf: d.AsOf.UTC(), LoadedAt: db.opts.Now().UTC().Truncate(time.Microsecond)}
	tmp := filepath.Join(db.cfg.landing(), fmt.Sprintf("%010d.tmp", seq))
	err := db.landBytes(ctx, d, r, tmp, &l)
	if err == nil {
		if err = os.Rename(tmp, db.dataFile(l)); err == nil {
			err = writeSidecar(db.cfg.landing(), l)
		}
		if err == nil {
			return l, nil
		}
		return l, errors.Join(err, removeAll(db.dataFile(l), l.sidecar(db.cfg.landing())))
	}
	if fundwatch.CodeOf(err) == fundwatch.Invalid {
		return l, errors.Join(err, db.setAside(tmp, d.ID, d.Table, err))
	}
	return l, errors.Join(err, removeAll(tmp))
}

func (db *DB) landBytes(ctx context.Context, d Delivery, r relation, tmp string, l *landed) (err error) {
	body := d.Body
	if d.Path != "" {
		f, err := os.Open(d.Path)
		if err != nil {
			return fmt.Errorf("warehouse: open the delivery: %w", err)
		}
		defer f.Close()
		body = f
	}
	if body == nil {
		return fundwatch.FieldErrorf("body", "交付没有内容")
	}
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("warehouse: land: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	hash := sha256.New()
	tee := &teeReader{ctx: ctx, from: body, to: io.MultiWriter(f, hash)}
	readErr := l.read(bufio.NewReaderSize(tee, 1<<20), r)
	if tee.err != nil { // the supplier's stream or the disk failed, not the content
		return tee.err
	}
	if readErr == nil || fundwatch.CodeOf(readErr) == fundwatch.Invalid {
		if _, err := io.Copy(io.Discard, tee); err != nil {
			return err
		}
	}
	l.SHA = hex.EncodeToString(hash.Sum(nil))
	if err := errors.Join(l.compare(d), readErr); err != nil {
		return err
	}
	return f.Sync()
}

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
		t.err = fundwatch.Errorf(fundwatch.Unavailable, "读取交付内容中断，请重试：%w", err)
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

// read goes through the stream and notes rows, sums and row identities.
func (l *landed) read(in io.Reader, r relation) (err error) {
	defer func() {
		var panicked error
		recoverInto(&panicked)
		if panicked != nil {
			err = fundwatch.FieldErrorf("body", "交付内容不是有效的 Arrow 流：%v", panicked)
		}
	}()
	rd, err := ipc.NewReader(in)
	if err != nil {
		return fundwatch.FieldErrorf("body", "交付内容不是有效的 Arrow 流：%v", err)
	}
	defer rd.Release()
	if err := checkSchema(rd.Schema(), r, false); err != nil {
		return err
	}
	l.Plain, l.FirstRID, l.LastRID = true, math.MaxInt64, math.MinInt64
	l.Sums = map[string]int64{}
	for _, s := range r.Sums {
		l.Sums[s] = 0
	}
	for rd.Next() {
		if err := l.readBatch(rd.RecordBatch(), r); err != nil {
			return err
		}
	}
	if err := rd.Err(); err != nil {
		return fundwatch.FieldErrorf("body", "交付内容在第 %d 行之后损坏或不完整：%v", l.Rows, err)
	}
	return nil
}

func (l *landed) readBatch(b arrow.RecordBatch, r relation) error {
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

// compare checks what was read against what was announced.
func (l *landed) compare(d Delivery) error {
	if d.SHA != "" && !strings.EqualFold(d.SHA, l.SHA) {
		return fundwatch.FieldErrorf("sha", "交付内容与摘要不符：应为 %s，实为 %s", d.SHA, l.SHA)
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
	base := filepath.Join(db.cfg.landing(), asideFolder, fmt.Sprintf("%d-%s", db.opts.Now().UnixNano(), table))
	if err := os.Rename(file, base+".arrows"); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	}
	note, err := json.MarshalIndent(map[string]string{"id": id, "table": table, "reason": reason.Error(),
		"at": db.opts.Now().Format(time.RFC3339)}, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(base+".json", note)
}

func writeSidecar(dir string, l landed) error {
	text, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(l.sidecar(dir), text)
}

// landings reads all sidecars in load order.
func (db *DB) landings() ([]landed, error) {
	names, err := filepath.Glob(filepath.Join(db.cfg.landing(), "*.json"))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	out := make([]landed, 0, len(names))
	for _, name := range names {
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
