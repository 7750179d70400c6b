package refcore

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"fundwatch"
	"fundwatch/core"
)

// maxGroupRows is how many rows of one table a profile shows; older ones are counted only.
const maxGroupRows = 500

// profiler finds the rows about one person or unit in the chunks of the feeds. It keeps, for every record batch seen,
// the smallest and the largest number in it: chunks are immutable, rows stand clustered by person, so a later search
// opens a few batches. The first search reads the one column of every chunk and nothing else of it.
type profiler struct {
	province Province
	tables   []core.Table
	turn     chan struct{} // one search at a time: memory stays bounded by one batch

	mu    sync.Mutex
	known map[string][]extent // by column and path of the chunk
}

// extent is a record batch and the range of numbers in it.
type extent struct {
	batch    core.Batch
	low, top int64
}

func newProfiler(p Province, tables []core.Table) *profiler {
	return &profiler{province: p, tables: tables, turn: make(chan struct{}, 1), known: map[string][]extent{}}
}

// subjectColumn is the column that says whom a row of the table is about. Rows about a unit's people are not the
// unit's.
func subjectColumn(t core.Table, kind fundwatch.SubjectKind) string {
	switch {
	case kind == fundwatch.SubjectPerson:
		return t.Person
	case t.Person == "" && t.ID == "":
		return t.Unit
	default:
		return ""
	}
}

// gather returns the present rows about the subject, by table in the order of the contract.
func (p *profiler) gather(ctx context.Context, kind fundwatch.SubjectKind, number int64) ([]core.ProfileGroup, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	var out []core.ProfileGroup
	for _, t := range p.tables {
		column := subjectColumn(t, kind)
		if column == "" {
			continue
		}
		rows, err := p.rows(ctx, t.Code, column, number)
		if err != nil {
			return nil, fmt.Errorf("refcore: profile from %s: %w", t.Code, err)
		}
		if len(rows) == 0 {
			continue
		}
		g := core.ProfileGroup{Table: t.Code, Title: t.Name, Total: len(rows)}
		for _, r := range rows[max(0, len(rows)-maxGroupRows):] {
			g.Rows = append(g.Rows, r.values)
		}
		out = append(out, g)
	}
	return out, nil
}

// factRow is the last version of a row and when it was told.
type factRow struct {
	order  int
	values map[string]string
}

// rows follows a table's feed to its head and keeps what it says about the number in the column.
func (p *profiler) rows(ctx context.Context, table, column string, number int64) ([]factRow, error) {
	current := map[string]factRow{}
	told := 0
	for after := core.Cursor(""); ; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		chunk, err := p.province.Chunk(table, after)
		if err != nil {
			return nil, err
		}
		if chunk.Rows == 0 {
			break
		}
		after = chunk.Next
		err = p.search(chunk.Path, column, number, func(batch arrow.RecordBatch, row int) {
			told++
			values := map[string]string{}
			for i, f := range batch.Schema().Fields() {
				if v, ok := cell(batch.Column(i), row); ok {
					values[f.Name] = v
				}
			}
			rid, op := values[core.RowColumn], values[core.OpColumn]
			delete(values, core.RowColumn)
			delete(values, core.OpColumn)
			if op == strconv.Itoa(int(core.Delete)) {
				delete(current, rid)
				return
			}
			current[rid] = factRow{order: told, values: values}
		})
		if err != nil {
			return nil, err
		}
	}
	out := slices.Collect(maps.Values(current))
	slices.SortFunc(out, func(a, b factRow) int { return cmp.Compare(a.order, b.order) })
	return out, nil
}

// row finds one row by its identity; nil when there is none.
func (p *profiler) row(ctx context.Context, table string, rid int64) (map[string]string, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	found, err := p.rows(ctx, table, core.RowColumn, rid)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0].values, nil
}

// search calls found for every row of the chunk with the number in the column.
func (p *profiler) search(path, column string, number int64, found func(arrow.RecordBatch, int)) error {
	apart := func(e extent) bool { return number < e.low || number > e.top }
	p.mu.Lock()
	extents, known := p.known[column+" "+path]
	p.mu.Unlock()
	if known && !slices.ContainsFunc(extents, func(e extent) bool { return !apart(e) }) {
		return nil // most chunks are not even opened
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if !known {
		if extents, err = readExtents(f, column); err != nil {
			return err
		}
		p.mu.Lock()
		p.known[column+" "+path] = extents
		p.mu.Unlock()
	}
	for _, e := range extents {
		if apart(e) {
			continue
		}
		if err := readBatch(f, e.batch, extents[0].batch.Offset, func(batch arrow.RecordBatch) {
			keys, ok := batch.Column(batch.Schema().FieldIndices(column)[0]).(*array.Int64)
			for row := 0; ok && row < keys.Len(); row++ {
				if keys.IsValid(row) && keys.Value(row) == number {
					found(batch, row)
				}
			}
		}); err != nil {
			return err
		}
	}
	return nil
}

// readBatch reads one batch of a chunk: to Arrow's reader the chunk ends after it.
func readBatch(f *os.File, b core.Batch, schemaEnd int64, use func(arrow.RecordBatch)) error {
	r, err := ipc.NewReader(io.MultiReader(io.NewSectionReader(f, 0, schemaEnd), io.NewSectionReader(f, b.Offset, b.Size)))
	if err != nil {
		return err
	}
	defer r.Release()
	for r.Next() {
		use(r.RecordBatch())
	}
	return r.Err()
}

// readExtents lists the batches of a chunk with the range of the column in each.
func readExtents(f *os.File, column string) ([]extent, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	batches, err := core.Batches(f, info.Size())
	if err != nil {
		return nil, err
	}
	if len(batches) == 0 {
		return nil, errors.New("chunk holds no batch")
	}
	at, err := valuesBuffer(f, batches[0].Offset, column)
	if err != nil {
		return nil, err
	}
	out := make([]extent, 0, len(batches))
	for _, b := range batches {
		if at >= len(b.Buffers) {
			return nil, fmt.Errorf("batch at %d has %d buffers", b.Offset, len(b.Buffers))
		}
		e := extent{batch: b}
		values := b.Buffers[at]
		in := bufio.NewReaderSize(io.NewSectionReader(f, values.Offset, values.Size), 1<<18)
		if e.low, e.top, err = span(in, b.Rows); err != nil {
			return nil, err
		}
		e.batch.Buffers = nil
		out = append(out, e)
	}
	return out, nil
}

// valuesBuffer is the place of a column's values among the buffers of a batch.
func valuesBuffer(f *os.File, schemaEnd int64, column string) (int, error) {
	r, err := ipc.NewReader(io.NewSectionReader(f, 0, schemaEnd))
	if err != nil {
		return 0, err
	}
	defer r.Release()
	at := 0
	for _, field := range r.Schema().Fields() {
		if field.Name == column {
			if field.Type.ID() != arrow.INT64 {
				return 0, fmt.Errorf("column %s is %s, want int64", column, field.Type)
			}
			return at + 1, nil // after its validity
		}
		at += 2
		if field.Type.ID() == arrow.STRING {
			at++
		}
	}
	return 0, fmt.Errorf("chunk lacks column %s", column)
}

// span finds the smallest and the largest of n numbers.
func span(r io.Reader, n int64) (low, top int64, err error) {
	var buf [8]byte
	for i := range n {
		if _, err := io.ReadFull(r, buf[:]); err != nil {
			return 0, 0, err
		}
		v := int64(binary.LittleEndian.Uint64(buf[:])) //nolint:gosec // a signed number stored in eight bytes
		if i == 0 {
			low, top = v, v
		}
		low, top = min(low, v), max(top, v)
	}
	return low, top, nil
}
