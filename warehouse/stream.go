package warehouse

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	flatbuffers "github.com/google/flatbuffers/go"

	"fundwatch"
)

// The bounds of what a stream may claim. Arrow's reader reserves what the metadata says before it looks at the data.
const (
	maxSchemaBytes = 1 << 20
	maxFields      = 2000
	maxNotes       = 1000      // custom metadata of the schema or a field
	maxBuffer      = 512 << 20 // one column of one batch
)

// openStream reads the schema of an Arrow stream that came from outside.
func openStream(in io.Reader) (rd *ipc.Reader, err error) {
	defer invalidStream(&err)
	br := bufio.NewReaderSize(in, maxSchemaBytes+16)
	if err := checkSchemaMessage(br); err != nil {
		return nil, invalidArrow(err)
	}
	rd, err = ipc.NewReader(br, ipc.WithAllocator(boundedAllocator{memory.DefaultAllocator}))
	if err != nil {
		return nil, invalidArrow(err)
	}
	return rd, nil
}

func invalidArrow(err error) error {
	return fundwatch.FieldErrorf("body", "交付内容不是有效的 Arrow 流：%v", err)
}

// checkSchemaMessage looks at the counts in the first message without consuming it. The places are those of the
// Arrow format's Message, Schema and Field; reading outside the bytes panics, which the caller turns into an error.
func checkSchemaMessage(br *bufio.Reader) error {
	prefix, err := br.Peek(8)
	if err != nil {
		return err
	}
	size := binary.LittleEndian.Uint32(prefix[4:])
	if binary.LittleEndian.Uint32(prefix) != 0xffffffff || size == 0 || size > maxSchemaBytes {
		return fmt.Errorf("it does not begin with a schema")
	}
	bytes, err := br.Peek(8 + int(size))
	if err != nil {
		return err
	}
	message := flatbuffers.Table{Bytes: bytes[8:], Pos: flatbuffers.GetUOffsetT(bytes[8:])}
	if message.GetByteSlot(6, 0) != 1 {
		return fmt.Errorf("its first message is no schema")
	}
	schema := below(message, 8)
	if count(schema, 6) > maxFields || count(schema, 8) > maxNotes {
		return fmt.Errorf("its schema claims %d fields", count(schema, 6))
	}
	for i := range count(schema, 6) {
		at := schema.Vector(flatbuffers.UOffsetT(schema.Offset(6))) + flatbuffers.UOffsetT(i*4)
		field := flatbuffers.Table{Bytes: schema.Bytes, Pos: schema.Indirect(at)}
		if field.Offset(12) != 0 || count(field, 14) != 0 || count(field, 16) > maxNotes {
			return fmt.Errorf("field %d of its schema is nested or encoded by a dictionary", i+1)
		}
	}
	return nil
}

// below is the table that a slot of t refers to.
func below(t flatbuffers.Table, slot flatbuffers.VOffsetT) flatbuffers.Table {
	return flatbuffers.Table{Bytes: t.Bytes, Pos: t.Indirect(t.Pos + flatbuffers.UOffsetT(t.Offset(slot)))}
}

// count is the length of the vector in a slot of t.
func count(t flatbuffers.Table, slot flatbuffers.VOffsetT) int {
	at := flatbuffers.UOffsetT(t.Offset(slot))
	if at == 0 {
		return 0
	}
	return t.VectorLen(at)
}

// boundedAllocator refuses buffers beyond reason, which a claim in compressed or broken data may ask for.
type boundedAllocator struct{ memory.Allocator }

// Allocate implements memory.Allocator; the panic becomes an error where the stream is read.
func (a boundedAllocator) Allocate(size int) []byte {
	if size > maxBuffer {
		panic(fmt.Errorf("a buffer of %d bytes", size))
	}
	return a.Allocator.Allocate(size)
}

// Reallocate implements memory.Allocator.
func (a boundedAllocator) Reallocate(size int, b []byte) []byte {
	if size > maxBuffer {
		panic(fmt.Errorf("a buffer of %d bytes", size))
	}
	return a.Allocator.Reallocate(size, b)
}

// checkColumn makes sure that an engine which trusts Arrow reads nothing outside the column's buffers: the validity
// bits reach over all rows, texts lie inside their buffer in order and are UTF-8.
func checkColumn(col arrow.Array, rows int) error {
	if col.Len() != rows {
		return fmt.Errorf("%d values for %d rows", col.Len(), rows)
	}
	data := col.Data()
	if bits := data.Buffers()[0]; bits != nil && bits.Len() > 0 && bits.Len() < int(bitutil.BytesForBits(int64(data.Offset()+data.Len()))) {
		return fmt.Errorf("validity bits end early")
	}
	text, ok := col.(*array.String)
	if !ok || text.Len() == 0 {
		return nil
	}
	if err := text.Validate(); err != nil {
		return err
	}
	offsets := text.ValueOffsets()
	first, last := offsets[0], offsets[len(offsets)-1]
	if first < 0 || last < first {
		return fmt.Errorf("text offsets run backwards")
	}
	values := text.ValueBytes()
	for i := 1; i < len(offsets); i++ {
		at := offsets[i]
		if at < offsets[i-1] || at > last {
			return fmt.Errorf("text offsets run backwards at row %d", i)
		}
		if at < last && !utf8.RuneStart(values[at-first]) {
			return fmt.Errorf("text at row %d ends inside a character", i)
		}
	}
	if !utf8.Valid(values) {
		return fmt.Errorf("text is not UTF-8")
	}
	return nil
}

// invalidStream turns a panic of the Arrow decoder, which some malformed streams cause, into an error.
func invalidStream(err *error) {
	if r := recover(); r != nil {
		*err = invalidArrow(fmt.Errorf("%v", r))
	}
}
