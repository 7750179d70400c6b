package warehouse_test

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"fundwatch/warehouse"
	"fundwatch/warehouse/warehousetest"
)

// BenchmarkLoad loads deliveries of half a million payments from files.
func BenchmarkLoad(b *testing.B) {
	db := warehousetest.Open(b)
	const persons = 6900
	dir := b.TempDir()
	deliveries := make([]warehouse.Delivery, b.N)
	for i := range deliveries {
		d, err := payments(int64(i)*persons, int64(i+1)*persons)
		if err != nil {
			b.Fatal(err)
		}
		d.Path = filepath.Join(dir, strconv.Itoa(i))
		body, err := io.ReadAll(d.Body)
		if err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(d.Path, body, 0o600); err != nil {
			b.Fatal(err)
		}
		d.Body = nil
		deliveries[i] = d
	}
	runtime.GC()
	b.ResetTimer()
	var rows int64
	for _, d := range deliveries {
		res, err := db.Load(b.Context(), d)
		if err != nil {
			b.Fatal(err)
		}
		rows += res.Rows
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkQuery measures what a small question costs on top of the engine.
func BenchmarkQuery(b *testing.B) {
	db := warehousetest.Open(b)
	warehousetest.LoadYAML(b, db, people)
	for name, v := range map[string]*warehouse.View{
		"system": db.SystemView("bench"), "actor": db.View(warehousetest.Actor("520300")),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				warehousetest.Query(b, v, "SELECT count(*), sum(AAE019) FROM {{AC83}} WHERE AAC001 = ?", 1)
			}
		})
	}
}
