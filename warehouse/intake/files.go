package intake

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/internal/audit"
	"fundwatch/internal/store"
	"fundwatch/warehouse"
	"fundwatch/warehouse/intake/sheet"
)

// Mode says what a file means for the rows that earlier files brought into the table.
type Mode string

// The modes. Neither touches what the business core delivered.
const (
	Append  Mode = "append"  // add, and correct rows with the same key
	Replace Mode = "replace" // this list takes the place of all earlier ones: rows it lacks are deleted
)

// Request is a file to look at or to load.
type Request struct {
	Table    string            // of the contract
	Name     string            // of the file, for people
	Body     io.Reader         // the file
	Mapping  map[string]string // header of the file to code or name of the column; "" leaves a column out
	Encoding sheet.Encoding    // of a CSV file; empty finds out
	Sheet    string            // of a workbook; empty takes the first visible one
	Mode     Mode              // default Append
	AsOf     time.Time         // business time of the list; default now
}

// Preview is what a file would bring.
type Preview struct {
	Table    string         `json:"table"`
	Name     string         `json:"name"`
	Format   sheet.Format   `json:"format"`
	Encoding sheet.Encoding `json:"encoding,omitempty"`
	Sheet    string         `json:"sheet,omitempty"`
	Sheets   []string       `json:"sheets,omitempty"`
	Matches  []Match        `json:"matches"`
	Missing  []string       `json:"missing"` // required columns that the file lacks
	Columns  []string       `json:"columns"` // headings of Sample
	Sample   [][]string     `json:"sample"`  // the first rows as they would be loaded, personal data masked
	Rows     int64          `json:"rows"`
	Faults   int64          `json:"faults"` // problems in all
	Problems []Problem      `json:"problems"`
}

// Import is one import of a file, running or ended.
type Import struct {
	ID       string      `json:"id"`
	Table    string      `json:"table"`
	Name     string      `json:"name"` // of the file
	Mode     Mode        `json:"mode"`
	Bytes    int64       `json:"bytes"`
	State    ImportState `json:"state"`
	Rows     int64       `json:"rows"` // in the file
	Inserted int64       `json:"inserted"`
	Updated  int64       `json:"updated"`
	Deleted  int64       `json:"deleted"`
	Doubled  int64       `json:"doubled"` // rows whose key stood in the file before
	LoadSeq  int64       `json:"loadSeq"` // 0 when nothing was loaded
	Message  string      `json:"message"`
	Actor    string      `json:"actor"`
	Started  time.Time   `json:"started"`
	Ended    time.Time   `json:"ended,omitzero"`
	Faults   int64       `json:"faults,omitempty"`   // problems in all; only in the answer to the import itself
	Problems []Problem   `json:"problems,omitempty"` // the first of them
}

// ImportState is how an import ended.
type ImportState string

// The states of an import. Unchanged is a success: the warehouse holds what the file says.
const (
	ImportRunning   ImportState = "running"
	ImportDone      ImportState = "done"
	ImportUnchanged ImportState = "unchanged"
	ImportFailed    ImportState = "failed"
)

// FilesConfig bounds the import of files. A zero field takes its default.
type FilesConfig struct {
	Dir      string // folder for files on their way; required
	MaxBytes int64  // size of one file; default 2 GiB
	MaxRows  int64  // rows of one file; default 1,200,000, more than a worksheet holds
}

// FilesOptions are what Files is given to work with.
type FilesOptions struct {
	Warehouse *warehouse.DB
	Store     *store.DB
	Audit     *audit.Log
	Logger    *slog.Logger
	Now       func() time.Time
	Free      func(dir string) (int64, error) // free disk space; nil asks the system
}

// Files imports lists that people send. Whether the actor may do so is the caller's question.
type Files struct {
	cfg  FilesConfig
	opts FilesOptions
	one  sync.Mutex // imports compare with what is there, so one runs at a time
}

// NewFiles makes the service and closes what an earlier process left open: an import that had reached the warehouse
// is finished, any other has failed without a trace.
func NewFiles(ctx context.Context, c FilesConfig, o FilesOptions) (*Files, error) {
	if o.Warehouse == nil || o.Store == nil || o.Audit == nil || o.Logger == nil || o.Now == nil || c.Dir == "" {
		return nil, errors.New("intake: Files needs Dir, Warehouse, Store, Audit, Logger and Now")
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = 2 << 30
	}
	if c.MaxRows == 0 {
		c.MaxRows = 1_200_000
	}
	if o.Free == nil {
		o.Free = freeSpace
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("intake: %w", err)
	}
	for _, pattern := range []string{"upload-*", "list-*.arrows"} {
		left, err := filepath.Glob(filepath.Join(c.Dir, pattern))
		if err != nil {
			return nil, fmt.Errorf("intake: %w", err)
		}
		for _, p := range left {
			if err := os.Remove(p); err != nil {
				return nil, fmt.Errorf("intake: %w", err)
			}
		}
	}
	f := &Files{cfg: c, opts: o}
	return f, f.recoverOpen(ctx)
}

// Preview reads a whole file and says what importing it would bring and what stands in the way. Nothing is kept.
func (f *Files) Preview(ctx context.Context, r Request) (out *Preview, err error) {
	t, err := tableOf(r)
	if err != nil {
		return nil, err
	}
	path, _, _, err := f.spool(ctx, r)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.Remove(path)) }()
	l, err := openList(path, t, r, f.cfg.MaxRows)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.file.Close()) }()
	out = &Preview{Table: t.Code, Name: t.Name, Format: l.file.Format, Encoding: l.file.Encoding, Sheet: l.file.Sheet,
		Sheets: l.file.Sheets, Matches: l.m.matches(), Missing: l.m.missing(), Columns: titles(t)}
	if out.Sample, err = l.readAll(20); err != nil {
		return nil, err
	}
	out.Rows, out.Faults, out.Problems = l.rows, l.faults, l.problems
	return out, nil
}

// Import loads a file, whole or not at all. When the file has problems the error says how many and the first, and
// the Import lists them. A file that was imported last, with the same meaning, is recognised and not loaded again.
func (f *Files) Import(ctx context.Context, actor fundwatch.Actor, r Request) (imp Import, err error) {
	t, err := tableOf(r)
	if err != nil {
		return Import{}, err
	}
	if r.Mode == "" {
		r.Mode = Append
	}
	if r.Mode != Append && r.Mode != Replace {
		return Import{}, fundwatch.FieldErrorf("mode", "导入方式“%s”无效，可选 append（追加）或 replace（取代）", r.Mode)
	}
	f.one.Lock()
	defer f.one.Unlock()
	path, digest, size, err := f.spool(ctx, r)
	if err != nil {
		return Import{}, err
	}
	defer func() { err = errors.Join(err, os.Remove(path)) }()
	row := importRow{ID: store.NewID(), TableCode: t.Code, FileName: filepath.Base(r.Name), Mode: string(r.Mode), Digest: digest,
		FileBytes: size, State: string(ImportRunning), ActorID: actor.ID, ActorName: actor.Name, StartedAt: f.opts.Now().UnixMilli()}
	same, err := f.sameAsLast(ctx, row)
	if err != nil {
		return Import{}, err
	}
	if same != "" {
		row.State, row.Message = string(ImportUnchanged), same
		return row.public(), f.end(ctx, actor, &row, true)
	}
	if err := f.begin(ctx, row); err != nil {
		return Import{}, err
	}
	l, err := f.load(ctx, t, r, path, &row)
	if err != nil {
		row.State, row.Message = string(ImportFailed), fundwatch.MessageOf(err)
	}
	// The end is written down even when the person who asked has gone away.
	err = errors.Join(err, f.end(context.WithoutCancel(ctx), actor, &row, false))
	imp = row.public()
	if l != nil {
		imp.Faults, imp.Problems = l.faults, l.problems
	}
	return imp, err
}

// load reads the file, compares it with what is there and loads the difference. The list comes back with its
// problems, also beside an error.
func (f *Files) load(ctx context.Context, t core.Table, r Request, path string, row *importRow) (l *list, err error) {
	if l, err = openList(path, t, r, f.cfg.MaxRows); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.file.Close()) }()
	if err := l.missing(); err != nil {
		return l, err
	}
	land, err := newLanding(t, f.cfg.Dir)
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, land.discard()) }()
	if err := f.compare(ctx, t, Mode(row.Mode), l, land, row); err != nil {
		return l, err
	}
	if land.rows == 0 {
		row.State, row.Message = string(ImportUnchanged), "文件内容与仓库现有名单完全一致，没有需要装入的变化"
		return l, nil
	}
	body, size, err := land.finish()
	if err != nil {
		return l, err
	}
	if err := needSpace(f.opts.Free, f.cfg.Dir, size); err != nil {
		return l, err
	}
	asOf := r.AsOf
	if asOf.IsZero() {
		asOf = f.opts.Now()
	}
	res, err := f.opts.Warehouse.Load(ctx, warehouse.Delivery{ID: row.source(), Table: t.Code, Source: row.source(), AsOf: asOf,
		Rows: land.rows, Sums: land.sums, Path: body})
	if err != nil {
		return l, err
	}
	row.State, row.LoadSeq = string(ImportDone), res.LoadSeq
	row.Inserted, row.Updated, row.Deleted = res.Inserted, res.Updated, res.Deleted
	row.Message = row.sentence()
	return l, nil
}

// compare writes what the file changes against the rows of earlier files.
func (f *Files) compare(ctx context.Context, t core.Table, mode Mode, l *list, land *landing, row *importRow) error {
	view := f.opts.Warehouse.SystemView("名单导入比对：" + t.Name) //nolint:forbidigo // a list spans all regions
	ids := newIdentities(t)
	earlier := map[int64]int64{} // identity to content
	if err := eachEarlier(ctx, view, t, func(rid int64, values []any) error {
		earlier[rid] = ids.content(values)
		return nil
	}); err != nil {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		values, line, err := l.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := f.compareRow(ids, earlier, l, land, row, values, line); err != nil {
			return err
		}
	}
	row.FileRows = l.rows
	if err := l.refusal(); err != nil {
		return err
	}
	if mode == Append || len(earlier) == 0 {
		return nil
	}
	return eachEarlier(ctx, view, t, func(rid int64, values []any) error {
		if _, gone := earlier[rid]; gone {
			return land.add(core.Delete, rid, values)
		}
		return nil
	})
}

// compareRow writes one row of the file unless it is there already, and takes its identity off the earlier ones.
func (f *Files) compareRow(ids *identities, earlier map[int64]int64, l *list, land *landing, row *importRow, values []any, line int) error {
	rid, doubled, ok := ids.of(values)
	if !ok {
		l.problem(line, 0, "", fmt.Sprintf("关键列的值重复超过 %d 次，请检查列对应关系", maxDoubles))
		return nil
	}
	if doubled {
		row.Doubled++
	}
	if l.faults > 0 {
		return nil // nothing will be loaded; only the count of problems goes on
	}
	old, there := earlier[rid]
	delete(earlier, rid)
	switch {
	case !there:
		return land.add(core.Insert, rid, values)
	case old != ids.content(values):
		return land.add(core.Update, rid, values)
	default:
		return nil
	}
}

// Enter loads rows that a person typed, such as the yearly figures of NB01, by the same road as a file: texts by
// column code or name, keys deciding what they correct.
func (f *Files) Enter(ctx context.Context, actor fundwatch.Actor, table string, rows []map[string]string) (Import, error) {
	if len(rows) == 0 {
		return Import{}, fundwatch.FieldErrorf("rows", "没有填写任何内容")
	}
	var header []string
	for _, r := range rows {
		for name := range r {
			if !slices.Contains(header, name) {
				header = append(header, name)
			}
		}
	}
	slices.Sort(header)
	var body bytes.Buffer
	w := csv.NewWriter(&body)
	lines := [][]string{header}
	for _, r := range rows {
		line := make([]string, len(header))
		for i, name := range header {
			line[i] = r[name]
		}
		lines = append(lines, line)
	}
	if err := w.WriteAll(lines); err != nil {
		return Import{}, fmt.Errorf("intake: %w", err)
	}
	return f.Import(ctx, actor, Request{Table: table, Name: "填报", Body: &body, Encoding: sheet.UTF8})
}

// spool writes the file to disk and gives its digest: of the bytes, and of how they are to be read.
func (f *Files) spool(ctx context.Context, r Request) (path, digest string, size int64, err error) {
	file, err := os.CreateTemp(f.cfg.Dir, "upload-*")
	if err != nil {
		return "", "", 0, fmt.Errorf("intake: %w", err)
	}
	h := sha256.New()
	size, err = io.Copy(io.MultiWriter(file, h), io.LimitReader(withContext{ctx, r.Body}, f.cfg.MaxBytes+1))
	if err == nil && size > f.cfg.MaxBytes {
		err = sheet.TooLarge(f.cfg.MaxBytes)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return "", "", 0, errors.Join(err, os.Remove(file.Name()))
	}
	fmt.Fprintf(h, "\x00%s\x00%s", r.Encoding, r.Sheet)
	for _, k := range slices.Sorted(maps.Keys(r.Mapping)) {
		fmt.Fprintf(h, "\x00%s\x00%s", k, r.Mapping[k])
	}
	return file.Name(), hex.EncodeToString(h.Sum(nil)), size, nil
}

// withContext ends reading when the context ends.
type withContext struct {
	ctx context.Context //nolint:containedctx // it lives as long as the call
	r   io.Reader
}

// Read reads on while the context lives.
func (c withContext) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

func tableOf(r Request) (core.Table, error) {
	if r.Body == nil {
		return core.Table{}, fundwatch.FieldErrorf("file", "没有收到文件")
	}
	return tableByCode(r.Table)
}

func tableByCode(code string) (core.Table, error) {
	tables, err := core.Tables()
	if err != nil {
		return core.Table{}, err
	}
	i := slices.IndexFunc(tables, func(t core.Table) bool { return t.Code == code })
	if i < 0 {
		return core.Table{}, fundwatch.FieldErrorf("table", "没有表 %s，可选的表见数据页", code)
	}
	return tables[i], nil
}
