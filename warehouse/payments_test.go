package warehouse_test

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/warehouse"
	"fundwatch/warehouse/warehousetest"
)

// payments writes AC83 of the persons from..to, two items for each of 36 months, clustered by person.
func payments(from, to int64) (warehouse.Delivery, error) {
	table, err := core.TableByCode("AC83")
	if err != nil {
		return warehouse.Delivery{}, err
	}
	schema := warehouse.Schema(table)
	var out bytes.Buffer
	w := ipc.NewWriter(&out, ipc.WithSchema(schema))
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	flush := func() error {
		rec := b.NewRecordBatch()
		defer rec.Release()
		return w.Write(rec)
	}
	var rows, total int64
	first := fundwatch.Month(202311)
	for p := from; p < to; p++ {
		for m := range 36 {
			for item := range int64(2) {
				amount := 100000 + p*7919%300000 + int64(m)*100
				appendPayment(b, p*72+int64(m)*2+item+1, item, p, int32(first.Add(m)), amount)
				total += amount
				if rows++; rows%122880 == 0 {
					if err := flush(); err != nil {
						return warehouse.Delivery{}, err
					}
				}
			}
		}
	}
	if err := errors.Join(flush(), w.Close()); err != nil {
		return warehouse.Delivery{}, err
	}
	return warehouse.Delivery{ID: fmt.Sprintf("payments %d-%d", from, to), Table: "AC83", Source: "bench", AsOf: warehousetest.Now(),
		Rows: rows, Sums: map[string]int64{"AAE019": total}, Body: bytes.NewReader(out.Bytes())}, nil
}

func appendPayment(b *array.RecordBuilder, rid, item, person int64, month int32, amount int64) {
	text := func(i int, s string) { b.Field(i).(*array.StringBuilder).Append(s) }
	num := func(i int, v int64) { b.Field(i).(*array.Int64Builder).Append(v) }
	num(0, rid/2)
	text(1, [2]string{"110101", "110102"}[item])
	b.Field(2).(*array.Int32Builder).Append(month)
	num(3, person)
	text(4, "110")
	b.Field(5).(*array.Int32Builder).Append(month)
	num(6, amount)
	text(7, "1")
	text(8, fmt.Sprintf("OP%05d", person%2000))
	text(9, fmt.Sprintf("OP%05d", (person+1)%2000))
	text(10, fmt.Sprintf("52%02d%02d", person%9+1, person%10+1))
	b.Field(11).(*array.TimestampBuilder).Append(arrow.Timestamp(time.Date(int(month)/100, time.Month(month%100), 10, 9, 0, int(person%3600), 0, time.UTC).UnixMicro()))
	num(12, rid)
	b.Field(13).(*array.Int8Builder).Append(0)
}
