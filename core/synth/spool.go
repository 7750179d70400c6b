package synth

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"fundwatch/core"
)

// Sizes of the spool: a batch is at most maxBatch rows; a chunk is closed once it has chunkRows.
const (
	maxBatch  = 122_880
	goodBatch = 61_440
	chunkRows = 368_640
)

// Chunk is one immutable piece of a table's change feed, kept as an Arrow IPC stream.
type Chunk struct {
	Table string
	After core.Cursor
	Next  core.Cursor
	Rows  int64            // 0 when the reader is level; then there is no file
	Sums  map[string]int64 // control totals in fen
	AsOf  time.Time        // business time up to which the feed is complete with this chunk
	SHA   string           // SHA-256 of the file, hex
	Path  string
}

// chunkMeta is a chunk in the commit log.
type chunkMeta struct {
	N    int64            `json:"n"`
	Rows int64            `json:"rows"`
	Sums map[string]int64 `json:"sums,omitempty"`
	SHA  string           `json:"sha"`
}

// commit is one line of the commit log: all that became true together.
type commit struct {
	Day        string                 `json:"day"` // last business day included
	Truth      int64                  `json:"truth"`
	Directives int                    `json:"directives"`
	Books      string                 `json:"books"`
	Chunks     map[string][]chunkMeta `json:"chunks"`
}

// spool writes chunks under a folder. Nothing it writes counts before the commit line that names it.
type spool struct {
	dir     string
	durable bool // fsync every chunk
	writers []*chunkWriter
	tables  []core.Table
}

// chunkWriter gathers the rows of one table into batches and chunks.
type chunkWriter struct {
	table   core.Table
	schema  *arrow.Schema
	dir     string
	durable bool
	next    int64 // number of the chunk being written
	pending *rows
	file    *os.File
	buf     *bufio.Writer
	hash    hash.Hash
	ipc     *ipc.Writer
	meta    chunkMeta
	done    []chunkMeta
}

func newSpool(dir string, tables []core.Table, heads map[string]int64, durable bool) *spool {
	s := &spool{dir: dir, durable: durable, tables: tables}
	for _, t := range tables {
		s.writers = append(s.writers, &chunkWriter{
			table: t, schema: schemaOf(t), dir: filepath.Join(dir, "feed", t.Code), durable: durable,
			next: heads[t.Code] + 1, pending: newRows(t),
		})
	}
	return s
}

// add takes a batch of rows of one table.
func (w *chunkWriter) add(b *rows) error {
	if b.len() == 0 {
		return nil
	}
	if err := b.check(w.table); err != nil {
		return err
	}
	if w.pending.len() > 0 || b.len() < goodBatch {
		w.pending.take(b)
		if w.pending.len() < goodBatch {
			return nil
		}
		b = w.pending
	}
	err := w.write(b)
	if b == w.pending {
		w.pending.reset()
	}
	return err
}

func (w *chunkWriter) write(b *rows) error {
	if w.file == nil {
		if err := w.begin(); err != nil {
			return err
		}
	}
	rec := b.pack(w.schema)
	defer rec.Release()
	for at := int64(0); at < rec.NumRows(); at += maxBatch {
		part := rec.NewSlice(at, min(at+maxBatch, rec.NumRows()))
		err := w.ipc.Write(part)
		part.Release()
		if err != nil {
			return fmt.Errorf("synth: write chunk of %s: %w", w.table.Code, err)
		}
	}
	w.meta.Rows += int64(b.len())
	b.sums(w.table, w.meta.Sums)
	if w.meta.Rows >= chunkRows {
		return w.end()
	}
	return nil
}

func chunkName(n int64) string { return fmt.Sprintf("%010d.arrows", n) }

func (w *chunkWriter) begin() error {
	if err := os.MkdirAll(w.dir, 0o755); err != nil {
		return fmt.Errorf("synth: make feed folder: %w", err)
	}
	f, err := os.Create(filepath.Join(w.dir, chunkName(w.next)))
	if err != nil {
		return fmt.Errorf("synth: make chunk: %w", err)
	}
	w.file, w.hash = f, sha256.New()
	w.buf = bufio.NewWriterSize(io.MultiWriter(f, w.hash), 1<<18)
	w.ipc = ipc.NewWriter(w.buf, ipc.WithSchema(w.schema))
	w.meta = chunkMeta{N: w.next, Sums: map[string]int64{}}
	return nil
}

// end closes the chunk being written, if any.
func (w *chunkWriter) end() error {
	if w.file == nil {
		return nil
	}
	err := errors.Join(w.ipc.Close(), w.buf.Flush())
	if err == nil && w.durable {
		err = w.file.Sync()
	}
	err = errors.Join(err, w.file.Close())
	w.file = nil
	if err != nil {
		return fmt.Errorf("synth: close chunk %d of %s: %w", w.next, w.table.Code, err)
	}
	w.meta.SHA = hex.EncodeToString(w.hash.Sum(nil))
	w.done = append(w.done, w.meta)
	w.next++
	return nil
}

// finish flushes what is pending and returns the chunks written, by table.
func (s *spool) finish() (map[string][]chunkMeta, error) {
	out := map[string][]chunkMeta{}
	for _, w := range s.writers {
		if w.pending.len() > 0 {
			if err := w.write(w.pending); err != nil {
				return nil, err
			}
			w.pending.reset()
		}
		if err := w.end(); err != nil {
			return nil, err
		}
		if len(w.done) == 0 {
			continue
		}
		out[w.table.Code] = w.done
		if s.durable {
			if err := syncDir(w.dir); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// abandon closes open files of a failed run.
func (s *spool) abandon() {
	for _, w := range s.writers {
		if w.file != nil {
			_ = w.file.Close()
			w.file = nil
		}
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("synth: open folder: %w", err)
	}
	err = d.Sync()
	if e := d.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("synth: sync folder: %w", err)
	}
	return nil
}

// writeFile writes a small file durably under its final name: whole or not at all.
func writeFile(path string, data []byte) error {
	tmp := path + ".new"
	f, err := os.Create(tmp)
	if err != nil {
		return fmt.Errorf("synth: make file: %w", err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return fmt.Errorf("synth: write %s: %w", filepath.Base(path), err)
	}
	return syncDir(filepath.Dir(path))
}

// appendLine appends bytes to a log durably at a known offset: what stood behind the offset was never committed.
func appendLine(path string, at int64, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("synth: open log: %w", err)
	}
	err = f.Truncate(at)
	if err == nil {
		_, err = f.WriteAt(data, at)
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("synth: append to %s: %w", filepath.Base(path), err)
	}
	return nil
}

// readLines reads the whole lines of a log of JSON lines and the length they take; a torn last line is left out.
func readLines[T any](path string) (items []T, size int64, err error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("synth: read log: %w", err)
	}
	for {
		line, rest, whole := bytes.Cut(data, []byte{'\n'})
		if !whole {
			return items, size, nil
		}
		var item T
		if err := json.Unmarshal(line, &item); err != nil {
			return nil, 0, fmt.Errorf("synth: %s at byte %d: %w", filepath.Base(path), size, err)
		}
		items = append(items, item)
		size += int64(len(line)) + 1
		data = rest
	}
}

func cursor(n int64) core.Cursor {
	if n == 0 {
		return ""
	}
	return core.Cursor(strconv.FormatInt(n, 10))
}
