package core

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/iotest"

	"fundwatch"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
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

// FuzzPageBody feeds bytes from outside to the checking reader. It must neither panic nor hang, must say the same
// however the bytes are cut, and must count as Arrow's own reader does where that reads the stream to its end.
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
		if count, ok := arrowCount(data); ok && !errors.Is(err, errArrow) && count != rows {
			t.Fatalf("counted %d rows, Arrow reads %d", rows, count)
		}
	})
}

// arrowCount counts with Arrow's reader; it may fail where ours does not look.
func arrowCount(data []byte) (rows int64, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	r, err := ipc.NewReader(bytes.NewReader(data))
	if err != nil {
		return 0, false
	}
	defer r.Release()
	for r.Next() {
		rows += r.RecordBatch().NumRows()
	}
	return rows, r.Err() == nil
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
