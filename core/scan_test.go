package core

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/iotest"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"fundwatch"
)

func sampleStream(tb testing.TB, rows ...int) []byte {
	tb.Helper()
	schema := arrow.NewSchema([]arrow.Field{{Name: "AAE019", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)
	var buf bytes.Buffer
	w := ipc.NewWriter(&buf, ipc.WithSchema(schema))
	for _, n := range rows {
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for i := range n {
			b.Field(0).(*array.Int64Builder).Append(int64(i))
		}
		if err := w.Write(b.NewRecordBatch()); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

// FuzzPageBody feeds bytes from outside to the checking reader. It must neither panic nor hang, and must say the same
// however the bytes are cut. Arrow's own reader is no measure here: it reserves whatever such bytes claim.
func FuzzPageBody(f *testing.F) {
	f.Add(sampleStream(f))
	f.Add(sampleStream(f, 1))
	f.Add(sampleStream(f, 5, 0, 7))
	f.Add([]byte("<html>"))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 4, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, data []byte) {
		read := func(src io.Reader) (int64, error) {
			sum := sha256.Sum256(data)
			page := &Page{Rows: -1, SHA: hex.EncodeToString(sum[:])}
			b := newPageBody(io.NopCloser(src), page, 1<<20, func(err error) error { return err })
			_, err := io.Copy(io.Discard, b)
			return b.scan.rows, err
		}
		rows, err := read(bytes.NewReader(data))
		if err == nil {
			t.Fatal("a page of -1 rows was believed")
		}
		slow, slowErr := read(iotest.OneByteReader(bytes.NewReader(data)))
		if errors.Is(err, errArrow) != errors.Is(slowErr, errArrow) || (!errors.Is(err, errArrow) && rows != slow) {
			t.Fatalf("whole: %d rows, %v; byte by byte: %d rows, %v", rows, err, slow, slowErr)
		}
	})
}

func TestScanCountsAsArrowDoes(t *testing.T) {
	for _, lengths := range [][]int{{}, {0}, {1}, {1000, 1, 0, 77}} {
		data := sampleStream(t, lengths...)
		r, err := ipc.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		var want int64
		for r.Next() {
			want += r.RecordBatch().NumRows()
		}
		r.Release()
		var s arrowScan
		if _, err := s.Write(data); err != nil || s.End() != nil || s.rows != want {
			t.Errorf("batches of %v: counted %d, Arrow counts %d: %v", lengths, s.rows, want, err)
		}
	}
}

func TestBatchesFindTheValues(t *testing.T) {
	data := sampleStream(t, 5, 0, 7)
	batches, err := Batches(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(batches) != 3 {
		t.Fatalf("found %d batches: %v", len(batches), err)
	}
	for i, rows := range []int64{5, 0, 7} {
		values := batches[i].Buffers[1]
		if batches[i].Rows != rows || values.Size < 8*rows {
			t.Fatalf("batch %d is %+v", i, batches[i])
		}
		for r := range rows {
			if v := binary.LittleEndian.Uint64(data[values.Offset+8*r:]); v != uint64(r) {
				t.Fatalf("batch %d row %d is %d", i, r, v)
			}
		}
	}
}

// FuzzBatches lists batches of bytes from outside: no panic, and nothing outside the stream.
func FuzzBatches(f *testing.F) {
	f.Add(sampleStream(f, 5, 0, 7))
	f.Fuzz(func(t *testing.T, data []byte) {
		batches, err := Batches(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		for _, b := range batches {
			for _, s := range append(b.Buffers, Span{b.Offset, b.Size}) {
				if s.Offset < 0 || s.Size < 0 || s.Offset+s.Size > int64(len(data)) {
					t.Fatalf("%+v lies outside %d bytes", b, len(data))
				}
			}
		}
	})
}

// FuzzPageHeader reads headers from outside: what is accepted must be written back alike.
func FuzzPageHeader(f *testing.F) {
	f.Add("", "3", "12", "AAE019=5, AAE080=-7", "2026-11-05T00:00:00+08:00", hex.EncodeToString(make([]byte, 32)))
	f.Add("3", "3", "0", "", "2026-11-05T00:00:00+08:00", "")
	f.Add("3", "4", "-1", "=,=", "now", "zz")
	f.Fuzz(func(t *testing.T, after, next, rows, sums, asOf, sha string) {
		h := http.Header{}
		h.Set(HeaderAfter, after)
		h.Set(HeaderNext, next)
		h.Set(HeaderRows, rows)
		h.Set(HeaderSums, sums)
		h.Set(HeaderAsOf, asOf)
		h.Set(HeaderSHA, sha)
		p, err := readPageHeader(h, "AC01", Cursor(after))
		if err != nil {
			return
		}
		again := http.Header{}
		p.SetHeader(again)
		q, err := readPageHeader(again, "AC01", Cursor(after))
		if err != nil {
			t.Fatalf("%+v cannot be read back: %v", p, err)
		}
		if p.Next != q.Next || p.Rows != q.Rows || p.SHA != q.SHA && p.Rows > 0 || len(p.Sums) != len(q.Sums) {
			t.Fatalf("%+v became %+v", p, q)
		}
	})
}

func TestScanRefusesWhatIsNoPage(t *testing.T) {
	good := sampleStream(t, 2)
	for name, data := range map[string][]byte{
		"a batch before the schema": good[bytes.LastIndex(good[:len(good)-8], []byte{0xff, 0xff, 0xff, 0xff}):],
		"two streams in a row":      append(bytes.Clone(good), good...),
		"metadata without end":      {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
	} {
		var s arrowScan
		_, err := s.Write(data)
		if err == nil {
			err = s.End()
		}
		if !errors.Is(err, errArrow) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if code := codeOf(statusOf(fundwatch.Conflict)); code != fundwatch.Conflict {
		t.Errorf("conflict comes back as %s", code)
	}
}
