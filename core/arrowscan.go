package core

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// maxArrowMetadata bounds one message's metadata: ours take a few kilobytes.
const maxArrowMetadata = 4 << 20

// The message headers of the Arrow format that a page may hold.
const (
	arrowSchema          = 1
	arrowDictionaryBatch = 2
	arrowRecordBatch     = 3
)

var errArrow = errors.New("not an Arrow IPC stream")

// arrowScan counts the rows of an Arrow IPC stream as its bytes pass by. It looks at the frames and at two numbers
// of each message and leaves the data alone, so it costs next to nothing and holds one message's metadata at most.
type arrowScan struct {
	rows     int64
	messages int
	done     bool   // the end-of-stream mark has passed
	skip     int64  // bytes of a message's body still to pass
	want     int    // bytes that buf must reach before it can be read
	inside   bool   // buf collects metadata, not a frame's prefix
	buf      []byte // the prefix or the metadata so far
}

const arrowPrefix = 8 // continuation mark and length

// Write takes the next bytes of the stream. It implements io.Writer and consumes all of p or fails.
func (s *arrowScan) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if s.skip > 0 {
			k := min(s.skip, int64(len(p)))
			s.skip -= k
			p = p[k:]
			continue
		}
		if s.done {
			return 0, fmt.Errorf("%w: bytes after the end", errArrow)
		}
		if s.want == 0 {
			s.want = arrowPrefix
		}
		k := min(s.want-len(s.buf), len(p))
		s.buf = append(s.buf, p[:k]...)
		p = p[k:]
		if len(s.buf) < s.want {
			break
		}
		if err := s.step(); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// End says whether the stream may end here: after whole messages, the first of which was a schema.
func (s *arrowScan) End() error {
	if s.messages == 0 || s.skip > 0 || len(s.buf) > 0 || s.inside {
		return fmt.Errorf("%w: it ends in the middle", errArrow)
	}
	return nil
}

// step reads what buf has collected: a frame's prefix or a message's metadata.
func (s *arrowScan) step() error {
	if !s.inside {
		mark, size := binary.LittleEndian.Uint32(s.buf), binary.LittleEndian.Uint32(s.buf[4:])
		s.buf, s.want = s.buf[:0], 0
		switch {
		case mark != 0xFFFFFFFF:
			return fmt.Errorf("%w: no frame where one should begin", errArrow)
		case size == 0:
			s.done = true
		case size > maxArrowMetadata:
			return fmt.Errorf("%w: metadata of %d bytes", errArrow, size)
		default:
			s.inside, s.want = true, int(size)
		}
		return nil
	}
	kind, body, rows, err := arrowMessage(s.buf)
	if err != nil {
		return err
	}
	if (kind == arrowSchema) != (s.messages == 0) {
		return fmt.Errorf("%w: message %d is of kind %d", errArrow, s.messages, kind)
	}
	s.messages++
	s.rows += rows
	s.skip = body
	s.buf, s.want, s.inside = s.buf[:0], 0, false
	return nil
}

// arrowMessage reads the kind, the length of the body and the rows out of a Message flatbuffer (Message.fbs of the
// Arrow format: version, header_type, header, bodyLength; RecordBatch: length first).
func arrowMessage(buf []byte) (kind byte, body, rows int64, err error) {
	b := flat(buf)
	message, ok1 := b.indirect(0)
	kindAt, ok2 := b.field(message, 1)
	headerAt, ok3 := b.field(message, 2)
	header, ok4 := b.indirect(headerAt)
	if !ok1 || !ok2 || !ok3 || !ok4 || kindAt >= len(b) {
		return 0, 0, 0, fmt.Errorf("%w: unreadable metadata", errArrow)
	}
	kind = b[kindAt]
	if kind != arrowSchema && kind != arrowDictionaryBatch && kind != arrowRecordBatch {
		return 0, 0, 0, fmt.Errorf("%w: message of kind %d", errArrow, kind)
	}
	if at, ok := b.field(message, 3); ok {
		body, ok = b.int64(at)
		if !ok || body < 0 {
			return 0, 0, 0, fmt.Errorf("%w: body of unreadable length", errArrow)
		}
	}
	if at, ok := b.field(header, 0); ok && kind == arrowRecordBatch {
		rows, ok = b.int64(at)
		if !ok || rows < 0 || rows > 1<<40 {
			return 0, 0, 0, fmt.Errorf("%w: batch of unreadable length", errArrow)
		}
	}
	return kind, body, rows, nil
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
