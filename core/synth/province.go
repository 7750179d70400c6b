package synth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"fundwatch"
	"fundwatch/core"
)

// Options say which province to make. Equal options make equal bytes.
type Options struct {
	Dir       string    // folder of the province; must not hold another one
	Seed      uint64    // any number
	Persons   int       // default 20000
	Months    int       // months of history; default 36
	Through   time.Time // last day of history; default 2026-10-31
	PlantRate float64   // how many stories, 1 is the calibrated number; default 1
	// Progress is told how far the work is; it may be nil.
	Progress func(step string, done, total int64)
}

func (o Options) withDefaults() Options {
	if o.Persons == 0 {
		o.Persons = 20_000
	}
	if o.Months == 0 {
		o.Months = 36
	}
	if o.Through.IsZero() {
		o.Through = time.Date(2026, 10, 31, 0, 0, 0, 0, fundwatch.Shanghai())
	}
	if o.PlantRate == 0 {
		o.PlantRate = 1
	}
	if o.Progress == nil {
		o.Progress = func(string, int64, int64) {}
	}
	return o
}

func (o Options) validate() error {
	switch {
	case o.Dir == "":
		return fundwatch.FieldErrorf("dir", "请指定省份数据的存放目录")
	case o.Persons < 500 || o.Persons > 40_000_000:
		return fundwatch.FieldErrorf("persons", "人数应在 500 至 40000000 之间，收到 %d", o.Persons)
	case o.Months < 1 || o.Months > 120:
		return fundwatch.FieldErrorf("months", "历史月数应在 1 至 120 之间，收到 %d", o.Months)
	case o.PlantRate < 0 || o.PlantRate > 10:
		return fundwatch.FieldErrorf("plantRate", "故事密度应在 0 至 10 之间，收到 %g", o.PlantRate)
	case o.Through.Year() < 2015 || o.Through.Year() > 2060:
		return fundwatch.FieldErrorf("through", "历史截止日应在 2015 至 2060 年之间，收到 %s", o.Through.Format(time.DateOnly))
	}
	return nil
}

// plate is what a province remembers of its options.
type plate struct {
	Version   int     `json:"version"`
	Seed      uint64  `json:"seed"`
	Persons   int     `json:"persons"`
	Months    int     `json:"months"`
	Through   string  `json:"through"`
	PlantRate float64 `json:"plantRate"`
}

const plateVersion = 1

// Files of a province.
const (
	plateFile     = "province.json"
	commitFile    = "commits.jsonl"
	truthFile     = "truth.jsonl"
	directiveFile = "directives.jsonl"
)

// Make writes a province with its whole history. It works in a folder beside Dir and renames it at the end: a
// process killed meanwhile leaves no province. A folder that already holds a province is a Conflict.
func Make(ctx context.Context, opt Options) (err error) {
	opt = opt.withDefaults()
	if err := opt.validate(); err != nil {
		return err
	}
	if entries, err := os.ReadDir(opt.Dir); err == nil && len(entries) > 0 {
		return fundwatch.Errorf(fundwatch.Conflict, "目录 %s 已有内容，请换一个空目录", opt.Dir)
	}
	tmp := strings.TrimRight(opt.Dir, "/") + ".making"
	if err := os.RemoveAll(tmp); err != nil {
		return fmt.Errorf("synth: clear %s: %w", tmp, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(tmp))
		}
	}()
	if err := makeHistory(ctx, opt, tmp); err != nil {
		return err
	}
	if err := os.Remove(opt.Dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("synth: replace %s: %w", opt.Dir, err)
	}
	if err := os.Rename(tmp, opt.Dir); err != nil {
		return fmt.Errorf("synth: put the province in place: %w", err)
	}
	return syncDir(filepath.Dir(filepath.Clean(opt.Dir)))
}

func makeHistory(ctx context.Context, opt Options, dir string) error {
	tables, err := ownTables()
	if err != nil {
		return err
	}
	w, err := newWorld(opt)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "books"), 0o755); err != nil {
		return fmt.Errorf("synth: make folder: %w", err)
	}
	plateJSON, err := json.Marshal(plate{Version: plateVersion, Seed: opt.Seed, Persons: opt.Persons, Months: opt.Months,
		Through: opt.Through.In(fundwatch.Shanghai()).Format(time.DateOnly), PlantRate: opt.PlantRate})
	if err != nil {
		return fmt.Errorf("synth: %w", err)
	}
	if err := writeFile(filepath.Join(dir, plateFile), plateJSON); err != nil {
		return err
	}
	win := newWindow(always, w.t0, w.h0, true)
	_, err = w.step(ctx, dir, tables, win, newBooks(w.h0, monthOf(w.t0)+1), state{}, func(done, total int64) {
		opt.Progress("persons", done*blockSize, total*blockSize)
	})
	return err
}

// state is where the logs of a province stand.
type state struct {
	heads      map[string]int64
	truthSize  int64
	commitSize int64
	directives int
}

// step plays a window and commits it: chunks, books and truth first, the commit line last.
func (w *world) step(ctx context.Context, dir string, tables []core.Table, win window, all *books, s state, progress func(done, total int64)) (commit, error) {
	sp := newSpool(dir, tables, s.heads, !win.history)
	defer sp.abandon()
	truth, err := w.play(ctx, win, sp, all, progress)
	if err != nil {
		return commit{}, err
	}
	c := commit{Day: timeOf(win.to).Format(time.DateOnly), Directives: s.directives}
	if c.Chunks, err = sp.finish(); err != nil {
		return commit{}, err
	}
	data := all.encode()
	sum := sha256.Sum256(data)
	c.Books = c.Day + "-" + hex.EncodeToString(sum[:6]) + ".books"
	if err := writeFile(filepath.Join(dir, "books", c.Books), data); err != nil {
		return commit{}, err
	}
	lines, err := encodeTruth(truth)
	if err != nil {
		return commit{}, err
	}
	if err := appendLine(filepath.Join(dir, truthFile), s.truthSize, lines); err != nil {
		return commit{}, err
	}
	c.Truth = s.truthSize + int64(len(lines))
	line, err := json.Marshal(c)
	if err != nil {
		return commit{}, fmt.Errorf("synth: %w", err)
	}
	if err := appendLine(filepath.Join(dir, commitFile), s.commitSize, append(line, '\n')); err != nil {
		return commit{}, err
	}
	return c, syncDir(dir)
}

// Province is a made province that lives on, one business day at a time. All methods may be called from many
// goroutines; only one process may play days.
type Province struct {
	dir    string
	tables []core.Table
	world  *world

	playing sync.Mutex // held while a day is played or a directive is taken

	mu      sync.RWMutex
	commits []commit
	today   int32
	chunks  map[string][]placedChunk // by table, in the order of their numbers
	rows    map[string]int64
	state   state
}

// placedChunk is a chunk with the day that brought it.
type placedChunk struct {
	chunkMeta
	day int32
}

// Open opens a province at its last committed day.
func Open(dir string) (*Province, error) {
	data, err := os.ReadFile(filepath.Join(dir, plateFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fundwatch.Errorf(fundwatch.NotFound, "目录 %s 中没有合成省份，请先生成", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("synth: open province: %w", err)
	}
	var pl plate
	if err := json.Unmarshal(data, &pl); err != nil {
		return nil, fmt.Errorf("synth: read %s: %w", plateFile, err)
	}
	if pl.Version != plateVersion {
		return nil, fundwatch.Errorf(fundwatch.Conflict, "目录 %s 的省份由另一版本生成，请重新生成", dir)
	}
	through, err := time.ParseInLocation(time.DateOnly, pl.Through, fundwatch.Shanghai())
	if err != nil {
		return nil, fmt.Errorf("synth: read %s: %w", plateFile, err)
	}
	p := &Province{dir: dir, chunks: map[string][]placedChunk{}, rows: map[string]int64{}}
	p.state.heads = map[string]int64{}
	if p.tables, err = ownTables(); err != nil {
		return nil, err
	}
	p.world, err = newWorld(Options{Seed: pl.Seed, Persons: pl.Persons, Months: pl.Months, Through: through,
		PlantRate: pl.PlantRate})
	if err != nil {
		return nil, err
	}
	commits, size, err := readLines[commit](filepath.Join(dir, commitFile))
	if err != nil {
		return nil, err
	}
	if len(commits) == 0 {
		return nil, fundwatch.Errorf(fundwatch.NotFound, "目录 %s 中的省份没有生成完，请重新生成", dir)
	}
	p.state.commitSize = size
	for _, c := range commits {
		if err := p.publish(c); err != nil {
			return nil, err
		}
	}
	orders, _, err := readLines[order](filepath.Join(dir, directiveFile))
	if err != nil {
		return nil, err
	}
	for _, r := range orders {
		p.world.apply(r)
	}
	p.state.directives = len(orders)
	return p, nil
}

// publish takes a commit into the province's view of itself.
func (p *Province) publish(c commit) error {
	day, err := time.ParseInLocation(time.DateOnly, c.Day, fundwatch.Shanghai())
	if err != nil {
		return fmt.Errorf("synth: commit of day %q: %w", c.Day, err)
	}
	p.today = dayFrom(day)
	p.commits = append(p.commits, c)
	for table, metas := range c.Chunks {
		for _, m := range metas {
			p.chunks[table] = append(p.chunks[table], placedChunk{m, p.today})
			p.rows[table] += m.Rows
			p.state.heads[table] = m.N
		}
	}
	p.state.truthSize = c.Truth
	return nil
}

// Today is the last committed business day.
func (p *Province) Today() time.Time {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return timeOf(p.today)
}

// Day says what a business day brought.
type Day struct {
	Date   time.Time
	Rows   int64            // changes in all tables
	Tables map[string]int64 // changes by table
}

// NextDay plays the next business day and commits it. A day that was not committed is played again with the same
// bytes, as long as no directive came between.
func (p *Province) NextDay(ctx context.Context) (Day, error) {
	p.playing.Lock()
	defer p.playing.Unlock()
	p.mu.RLock()
	last, from, s := p.commits[len(p.commits)-1], p.today, p.state
	p.mu.RUnlock()
	data, err := os.ReadFile(filepath.Join(p.dir, "books", last.Books))
	if err != nil {
		return Day{}, fmt.Errorf("synth: read the books: %w", err)
	}
	old, err := decodeBooks(data)
	if err != nil {
		return Day{}, err
	}
	win := newWindow(from, from+1, p.world.h0, false)
	all := newBooks(max(p.world.h0, monthOf(win.to)-14), monthOf(win.to)+1)
	all.merge(old)
	c, err := p.world.step(ctx, p.dir, p.tables, win, all, s, func(int64, int64) {})
	if err != nil {
		return Day{}, err
	}
	line, err := json.Marshal(c)
	if err != nil {
		return Day{}, fmt.Errorf("synth: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.commitSize += int64(len(line)) + 1
	if err := p.publish(c); err != nil {
		return Day{}, err
	}
	if len(p.commits) > 3 { // the books of older days are not read again
		_ = os.Remove(filepath.Join(p.dir, "books", p.commits[len(p.commits)-3].Books))
	}
	d := Day{Date: timeOf(win.to), Tables: map[string]int64{}}
	for table, metas := range c.Chunks {
		for _, m := range metas {
			d.Tables[table] += m.Rows
			d.Rows += m.Rows
		}
	}
	return d, nil
}

// Feeds lists the heads of all tables at the last committed day.
func (p *Province) Feeds() []core.Feed {
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := make([]core.Feed, 0, len(p.tables))
	for _, t := range p.tables {
		out = append(out, core.Feed{Table: t.Code, Head: cursor(p.state.heads[t.Code]), Rows: p.rows[t.Code]})
	}
	return out
}

// Chunk finds the piece of a table's feed after a cursor; it has no rows when the reader is level. An unknown table
// is NotFound, a cursor that this feed never gave is Invalid.
func (p *Province) Chunk(table string, after core.Cursor) (Chunk, error) {
	known := false
	for _, t := range p.tables {
		known = known || t.Code == table
	}
	if !known {
		return Chunk{}, fundwatch.Errorf(fundwatch.NotFound, "没有数据表 %s", table)
	}
	n := int64(0)
	if after != "" {
		var err error
		if n, err = strconv.ParseInt(string(after), 10, 64); err != nil || n < 1 || cursor(n) != after {
			return Chunk{}, fundwatch.FieldErrorf("after", "游标 %q 无效，请用上次返回的游标或从头开始", string(after))
		}
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	list := p.chunks[table]
	if n > int64(len(list)) {
		return Chunk{}, fundwatch.FieldErrorf("after", "游标 %q 超出数据表 %s 的末尾，请用上次返回的游标", string(after), table)
	}
	if n == int64(len(list)) {
		return Chunk{Table: table, After: after, Next: after, AsOf: timeOf(p.today)}, nil
	}
	m := list[n]
	return Chunk{Table: table, After: after, Next: cursor(m.N), Rows: m.Rows, Sums: m.Sums, AsOf: timeOf(m.day), SHA: m.SHA,
		Path: filepath.Join(p.dir, "feed", table, chunkName(m.N))}, nil
}
