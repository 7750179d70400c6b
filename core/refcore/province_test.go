package refcore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/core/synth"
)

// hamlet is the smallest place with records: 30 persons in AC01 and their payments in AC83, in chunks of several
// batches, with an update and a deletion, and a payment a day. What the server makes of its chunks can be foretold
// to the row, which a whole province does not allow.
type hamlet struct {
	mu      sync.Mutex
	dir     string
	tb      testing.TB
	today   time.Time
	chunks  map[string][]synth.Chunk
	stopped map[string]bool // person and line
	judged  []fundwatch.Subject

	takenBack []string
}

const hamletPersons = 30

type change struct {
	rid, person, money int64
	op                 core.Op
	name, account      string
}

func newHamlet(tb testing.TB) *hamlet {
	tb.Helper()
	h := &hamlet{
		dir: tb.TempDir(), tb: tb, chunks: map[string][]synth.Chunk{}, stopped: map[string]bool{},
		today: time.Date(2026, 10, 31, 0, 0, 0, 0, fundwatch.Shanghai()),
	}
	var persons, payments []change
	for i := range int64(hamletPersons) {
		persons = append(persons, change{rid: 100 + i, person: 1 + i, name: fmt.Sprintf("张\"%d\"", i)})
		for m := range int64(5) {
			payments = append(payments, change{rid: 1000 + 10*i + m, person: 1 + i, money: 100 * (1 + i)})
		}
	}
	h.write("AC01", persons, 10)
	h.write("AC01", []change{
		{rid: 100, person: 1, op: core.Update, name: "改名"}, {rid: 101, person: 2, op: core.Delete, name: "张"},
	}, 10)
	h.write("AC83", payments, 40)
	h.write("AE10", []change{
		{rid: 7001, person: 4, account: "6217000000000000004"}, {rid: 7002, person: 5, account: "6217000000000000005"},
	}, 10)
	return h
}

// write appends a chunk of batches of the given length. Columns other than those of a change stay empty.
func (h *hamlet) write(code string, changes []change, batch int) {
	h.tb.Helper()
	table, err := core.TableByCode(code)
	if err != nil {
		h.tb.Fatal(err)
	}
	schema := schemaOf(table)
	var body bytes.Buffer
	w := ipc.NewWriter(&body, ipc.WithSchema(schema))
	sums := map[string]int64{}
	for at := 0; at < len(changes); at += batch {
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for _, c := range changes[at:min(at+batch, len(changes))] {
			for i, f := range schema.Fields() {
				c.put(b.Field(i), f.Name)
			}
			for _, s := range table.Sums {
				if c.op != core.Delete {
					sums[s] += c.money
				}
			}
		}
		if err := w.Write(b.NewRecordBatch()); err != nil {
			h.tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		h.tb.Fatal(err)
	}
	n := len(h.chunks[code]) + 1
	path := filepath.Join(h.dir, fmt.Sprintf("%s-%d.arrows", code, n))
	if err := os.WriteFile(path, body.Bytes(), 0o600); err != nil {
		h.tb.Fatal(err)
	}
	sha := sha256.Sum256(body.Bytes())
	h.chunks[code] = append(h.chunks[code], synth.Chunk{
		Table: code, After: cursor(n - 1), Next: cursor(n), Rows: int64(len(changes)), Sums: sums, AsOf: h.today,
		SHA: hex.EncodeToString(sha[:]), Path: path,
	})
}

func schemaOf(t core.Table) *arrow.Schema {
	types := map[core.Type]arrow.DataType{
		core.Key: arrow.PrimitiveTypes.Int64, core.Money: arrow.PrimitiveTypes.Int64, core.Text: arrow.BinaryTypes.String,
		core.Date: arrow.FixedWidthTypes.Date32, core.Month: arrow.PrimitiveTypes.Int32, core.Int: arrow.PrimitiveTypes.Int32,
		core.Ratio: arrow.PrimitiveTypes.Float64, core.Time: &arrow.TimestampType{Unit: arrow.Microsecond},
	}
	var fields []arrow.Field
	for _, c := range t.Columns {
		fields = append(fields, arrow.Field{Name: c.Code, Type: types[c.Type], Nullable: true})
	}
	return arrow.NewSchema(append(fields, arrow.Field{Name: core.RowColumn, Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		arrow.Field{Name: core.OpColumn, Type: arrow.PrimitiveTypes.Int8, Nullable: true}), nil)
}

func (c change) put(b array.Builder, column string) {
	switch column {
	case core.RowColumn:
		b.(*array.Int64Builder).Append(c.rid)
	case core.OpColumn:
		b.(*array.Int8Builder).Append(int8(c.op))
	case "AAC001":
		b.(*array.Int64Builder).Append(c.person)
	case "AAC003":
		b.(*array.StringBuilder).Append(c.name)
	case "AAE010":
		if c.account == "" {
			b.AppendNull()
			return
		}
		b.(*array.StringBuilder).Append(c.account)
	case "AAB301":
		b.(*array.StringBuilder).Append("520302")
	case "AAE019":
		b.(*array.Int64Builder).Append(c.money)
	case "AAE003":
		b.(*array.Int32Builder).Append(202610)
	case "AAE036":
		b.(*array.TimestampBuilder).Append(arrow.Timestamp(time.Date(2026, 10, 10, 9, 30, 0, 0, time.UTC).UnixMicro()))
	case "AAC006":
		b.(*array.Date32Builder).Append(arrow.Date32FromTime(time.Date(1956, 2, 29, 0, 0, 0, 0, time.UTC)))
	default:
		b.AppendNull()
	}
}

func cursor(n int) core.Cursor {
	if n == 0 {
		return ""
	}
	return core.Cursor(strconv.Itoa(n))
}

func (h *hamlet) Today() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.today
}

func (h *hamlet) NextDay(context.Context) (synth.Day, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.today = h.today.AddDate(0, 0, 1)
	h.write("AC83", []change{{rid: int64(5000 + h.today.YearDay()), person: 3, money: 7}}, 1)
	return synth.Day{}, nil
}

func (h *hamlet) Feeds() []core.Feed {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []core.Feed
	for code, chunks := range h.chunks {
		f := core.Feed{Table: code, Head: cursor(len(chunks))}
		for _, c := range chunks {
			f.Rows += c.Rows
		}
		out = append(out, f)
	}
	return out
}

func (h *hamlet) Chunk(table string, after core.Cursor) (synth.Chunk, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	if after != "" {
		var err error
		if n, err = strconv.Atoi(string(after)); err != nil || n < 1 || n > len(h.chunks[table]) {
			return synth.Chunk{}, fundwatch.FieldErrorf("after", "游标不是本系统给出的")
		}
	}
	if n == len(h.chunks[table]) {
		return synth.Chunk{Table: table, After: after, Next: after, AsOf: h.today}, nil
	}
	return h.chunks[table][n], nil
}

func (h *hamlet) Suspend(person, line string, _ time.Time) error { return h.set(person, line, true) }

func (h *hamlet) Resume(person, line string, _ time.Time) error { return h.set(person, line, false) }

func (h *hamlet) set(person, line string, stopped bool) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n, err := strconv.Atoi(person); err != nil || n < 1 || n > hamletPersons {
		return fundwatch.Errorf(fundwatch.NotFound, "没有编号为 %s 的个人", person)
	}
	h.stopped[person+" "+line] = stopped
	return nil
}

func (h *hamlet) CorrectPayment(person, line string, from, to fundwatch.Month, _ time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.takenBack = append(h.takenBack, fmt.Sprintf("%s %s %s..%s", person, line, from, to))
	return nil
}

// Judge finds something with everyone whose number is even.
func (h *hamlet) Judge(s fundwatch.Subject, _ string) core.Answer {
	h.mu.Lock()
	h.judged = append(h.judged, s)
	h.mu.Unlock()
	n, err := strconv.Atoi(s.ID)
	if err != nil || n%2 == 1 {
		return core.Answer{}
	}
	return core.Answer{Problem: true, Category: "违规领取", Amount: 1234}
}
