package core

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The bounds of one message: ours take a few kilobytes and some ten megabytes. Arrow's reader reserves whatever
// length a message claims, so a claim beyond reason must not get that far.
const (
	maxArrowMetadata = 4 << 20
	maxArrowBody     = 1 << 30
)

// arrowPrefix is what stands before a message's metadata: continuation mark and length.
const arrowPrefix = 8

// The message headers of the Arrow format that a page may hold.
const (
	arrowSchema          = 1
	arrowDictionaryBatch = 2
	arrowRecordBatch     = 3
)

var errArrow = errors.New("not an Arrow IPC stream")

// Batch is one record batch of an Arrow stream: where it stands and where its buffers are.
type Batch struct {
	Offset  int64 // of the batch's first byte in the stream
	Size    int64 // of the whole batch
	Rows    int64
	Buffers []Span // in the order of the format: per column validity, then offsets of a text, then values
}

// Span is a stretch of a stream.
type Span struct{ Offset, Size int64 }

// Batches lists the record batches of an Arrow stream of size bytes without reading their data. The stream's
// schema stands before the first batch.
func Batches(r io.ReaderAt, size int64) ([]Batch, error) {
	var out []Batch
	var prefix [arrowPrefix]byte
	for at := int64(0); at < size; {
		if _, err := r.ReadAt(prefix[:], at); err != nil {
			return nil, fmt.Errorf("%w: %w", errArrow, err)
		}
		length, err := readArrowPrefix(prefix[:])
		if err != nil {
			return nil, err
		}
		if length == 0 {
			return out, nil
		}
		metadata := make([]byte, length)
		if _, err := r.ReadAt(metadata, at+arrowPrefix); err != nil {
			return nil, fmt.Errorf("%w: %w", errArrow, err)
		}
		m, err := readArrowMessage(metadata)
		if err != nil {
			return nil, err
		}
		body := at + arrowPrefix + int64(length)
		if m.body > size-body {
			return nil, fmt.Errorf("%w: it ends in the middle", errArrow)
		}
		if m.kind == arrowRecordBatch {
			for i := range m.buffers {
				m.buffers[i].Offset += body
			}
			out = append(out, Batch{Offset: at, Size: body + m.body - at, Rows: m.rows, Buffers: m.buffers})
		}
		at = body + m.body
	}
	return out, nil
}

// readArrowPrefix reads the length of the metadata that follows; 0 is the end of the stream.
func readArrowPrefix(b []byte) (int, error) {
	mark, size := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	switch {
	case mark != 0xFFFFFFFF:
		return 0, fmt.Errorf("%w: no frame where one should begin", errArrow)
	case size > maxArrowMetadata:
		return 0, fmt.Errorf("%w: metadata of %d bytes", errArrow, size)
	}
	return int(size), nil
}

type arrowMessage struct {
	kind    byte
	body    int64 // length of what follows the metadata
	rows    int64
	buffers []Span // relative to the body
}

// readArrowMessage reads a Message flatbuffer (Message.fbs of the Arrow format: version, header_type, header,
// bodyLength; RecordBatch: length, nodes, buffers).
func readArrowMessage(metadata []byte) (m arrowMessage, err error) {
	b := flat(metadata)
	message, ok1 := b.indirect(0)
	kindAt, ok2 := b.field(message, 1)
	headerAt, ok3 := b.field(message, 2)
	header, ok4 := b.indirect(headerAt)
	if !ok1 || !ok2 || !ok3 || !ok4 || kindAt >= len(b) {
		return m, fmt.Errorf("%w: unreadable metadata", errArrow)
	}
	m.kind = b[kindAt]
	if m.kind != arrowSchema && m.kind != arrowDictionaryBatch && m.kind != arrowRecordBatch {
		return m, fmt.Errorf("%w: message of kind %d", errArrow, m.kind)
	}
	if at, ok := b.field(message, 3); ok {
		if m.body, ok = b.int64(at); !ok || m.body < 0 || m.body > maxArrowBody {
			return m, fmt.Errorf("%w: body of unreadable length", errArrow)
		}
	}
	if m.kind != arrowRecordBatch {
		return m, nil
	}
	if at, ok := b.field(header, 0); ok {
		if m.rows, ok = b.int64(at); !ok || m.rows < 0 || m.rows > 1<<40 {
			return m, fmt.Errorf("%w: batch of unreadable length", errArrow)
		}
	}
	m.buffers, err = b.spans(header, m.body)
	return m, err
}

// flat reads a flatbuffer with every access checked: the bytes come from outside.
type flat []byte

func (b flat) uint32(at int) (uint32, bool) {
	if at < 0 || at > len(b)-4 {
		return 0, false
	}
	return binary.LittleEndian.Uint32(b[at:]), true
}

func (b flat) uint16(at int) (int, bool) {
	if at < 0 || at > len(b)-2 {
		return 0, false
	}
	return int(binary.LittleEndian.Uint16(b[at:])), true
}

func (b flat) int64(at int) (int64, bool) {
	if at < 0 || at > len(b)-8 {
		return 0, false
	}
	return int64(binary.LittleEndian.Uint64(b[at:])), true //nolint:gosec // a signed number stored in eight bytes
}

// spans reads the buffers of a RecordBatch, all of which lie inside the body.
func (b flat) spans(batch int, body int64) ([]Span, error) {
	at, ok := b.field(batch, 2)
	if !ok {
		return nil, nil
	}
	vector, ok1 := b.indirect(at)
	n, ok2 := b.uint32(vector)
	if !ok1 || !ok2 || int64(n) > int64(len(b))/16 {
		return nil, fmt.Errorf("%w: unreadable buffers", errArrow)
	}
	out := make([]Span, n)
	for i := range out {
		offset, ok1 := b.int64(vector + 4 + 16*i)
		size, ok2 := b.int64(vector + 12 + 16*i)
		if !ok1 || !ok2 || offset < 0 || size < 0 || offset > body || size > body-offset {
			return nil, fmt.Errorf("%w: a buffer lies outside its batch", errArrow)
		}
		out[i] = Span{Offset: offset, Size: size}
	}
	return out, nil
}

// indirect follows the offset stored at the place.
func (b flat) indirect(at int) (int, bool) {
	off, ok := b.uint32(at)
	to := at + int(off)
	return to, ok && to < len(b)
}

// field finds a table's field by its number; absent fields have their default and are not ok.
func (b flat) field(table, number int) (int, bool) {
	back, ok := b.uint32(table)
	if !ok {
		return 0, false
	}
	vtable := table - int(int32(back)) //nolint:gosec // the offset to the vtable is signed
	size, ok := b.uint16(vtable)
	if !ok || 4+2*number+2 > size {
		return 0, false
	}
	off, ok := b.uint16(vtable + 4 + 2*number)
	return table + off, ok && off != 0
}
