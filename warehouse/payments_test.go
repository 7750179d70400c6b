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
		clerk, checker := fmt.Sprintf("OP%05d", p%2000), fmt.Sprintf("OP%05d", (p+1)%2000)
		region := fmt.Sprintf("52%02d%02d", p%9+1, p%10+1)
		for m := range 36 {
			month := int32(first.Add(m))
			at := time.Date(int(month)/100, time.Month(month%100), 10, 9, 0, int(p%3600), 0, time.UTC).UnixMicro()
			for item := range int64(2) {
				amount := 100000 + p*7919%300000 + int64(m)*100
				appendPayment(b, p*72+int64(m)*2+item+1, item, p, month, amount, at, clerk, checker, region)
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

// appendPayment appends one row in the contract's order of columns.
func appendPayment(b *array.RecordBuilder, rid, item, person int64, month int32, amount, at int64, clerk, checker, region string) {
	values := []any{rid / 2, [2]string{"110101", "110102"}[item], month, person, "110", month, amount, "1", clerk, checker, region,
		arrow.Timestamp(at), rid, int8(0)}
	for i, v := range values {
		switch f := b.Field(i).(type) {
		case *array.Int64Builder:
			f.Append(v.(int64))
		case *array.Int32Builder:
			f.Append(v.(int32))
		case *array.Int8Builder:
			f.Append(v.(int8))
		case *array.StringBuilder:
			f.Append(v.(string))
		case *array.TimestampBuilder:
			f.Append(v.(arrow.Timestamp))
		}
	}
}
