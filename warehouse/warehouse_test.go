package warehouse_test

import (
	"testing"

	"fundwatch/warehouse/warehousetest"
)

// people are three persons of two prefectures.
const people = `
AC01:
  - {AAC001: 1, AAC002: "520302196001011234", AAC147: "520302196001011234", AAC003: 王小明, AAC006: "1960-01-01", AAC067: "13812345678", AAC010: 贵州省遵义市红花岗区中山路1号, AAB301: "520302"}
  - {AAC001: 2, AAC002: "520102197005052345", AAC147: "520102197005052345", AAC003: 李四, AAB301: "520102"}
  - {AAC001: 3, AAC147: "520102850101123", AAC003: 张, AAB301: "520102"}
AC83:
  - {AAZ220: 10, AAA036: "110101", AAE003: 202609, AAC001: 1, AAE140: "110", AAE002: 202609, AAE019: 250000, AAA088: "1", AAB301: "520302"}
  - {AAZ220: 11, AAA036: "170101", AAE003: 202609, AAC001: 1, AAE140: "170", AAE002: 202610, AAE019: 12300, AAA088: "1", AAB301: "520302"}
  - {AAZ220: 12, AAA036: "110101", AAE003: 202610, AAC001: 2, AAE140: "110", AAE002: 202610, AAE019: 310000, AAA088: "1", AAB301: "520102"}
X_GA_SW:
  - {AAC147: "520302196001011234", AAC003: 王小明, AAE138: "2026-08-15"}
`

func TestFirst(t *testing.T) {
	db := warehousetest.Open(t)
	warehousetest.LoadYAML(t, db, people)
	f := warehousetest.Query(t, db.SystemView("test"), "SELECT * FROM {{AC83}} ORDER BY rid")
	t.Log(f)
	f = warehousetest.Query(t, db.View(warehousetest.Actor("520300")), "SELECT a.*, b.* FROM {{AC83}} a JOIN {{AC01}} b USING (AAC001) ORDER BY AAZ220")
	t.Log(f)
	f = warehousetest.Query(t, db.View(warehousetest.Actor("520300")), "SELECT * FROM {{X_GA_SW}}")
	t.Log(f)
	f = warehousetest.Query(t, db.View(warehousetest.Actor("520100")), "SELECT * FROM {{X_GA_SW}}")
	t.Log(f)
}
