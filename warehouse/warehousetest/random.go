package warehousetest

import (
	"fmt"
	"math/rand/v2"

	"fundwatch"
	"fundwatch/core"
)

// RandomTables are the tables that Random fills, in load order: of every kind of scope, with and without lines,
// with every mask.
func RandomTables() []string {
	return []string{"AC01", "AC02", "AC43", "AC60", "AC82", "AC83", "AC84", "AE04", "AE10", "AB01", "JC10", "JA01",
		"X_GA_SW", "X_QG_DY"}
}

// Random makes rows of RandomTables for a number of persons in counties of several prefectures, the same for the
// same seed. Identity numbers, names, accounts and phones are unlike anything else in the rows, so that Canaries
// finds them wherever they leak.
func Random(seed uint64, persons int) map[string][]Row {
	rng := rand.New(rand.NewPCG(seed, 1))
	regions := []string{"520102", "520103", "520302", "520303", "520325", "520502", "522301", "520000"}
	lines := []string{"110", "120", "170", "210", "410"}
	out := map[string][]Row{}
	add := func(table string, r Row) { out[table] = append(out[table], r) }
	pick := func(list []string) string { return list[rng.IntN(len(list))] }
	for i := range persons {
		p := int64(1000 + i)
		id, name, account, phone := canary(i)
		home, line := pick(regions), pick(lines)
		add("AC01", Row{"AAC001": p, "AAC002": id, "AAC147": id, "AAC003": name, "AAC067": phone, "AAB301": home,
			"AAC010": "贵州省遵义市红花岗区" + name + "路1号", "AAC006": "1960-05-05", "AAC004": pick([]string{"1", "2"})})
		add("AC02", Row{"AAZ159": p * 10, "AAC001": p, "AAE140": line, "AAB301": pick(regions), "AAC008": "1"})
		add("AE10", Row{"AAZ003": p, "AAC001": p, "AAE009": name, "AAE010": account, "AAB301": home})
		add("AE04", Row{"AAZ206": p, "AAC001": p, "AAE122": "AAC147", "AAE123": id, "AAE124": pick([]string{name, account, phone}), "AAB301": home})
		if rng.IntN(3) == 0 {
			add("X_GA_SW", Row{"AAC147": id, "AAC003": name, "AAE138": "2026-08-15"})
			add("JC10", Row{"AAZ257": p, "AAC001": p, "AJC098": rng.IntN(24), "AAB301": pick(regions)})
		}
		if rng.IntN(3) == 0 {
			add("X_QG_DY", Row{"AAC147": id, "AAC003": name, "AAE140": line, "ZWS001": "5100", "AAE116": "1"})
		}
		for range rng.IntN(5) {
			m := int(fundwatch.Month(202601).Add(rng.IntN(10)))
			line, region := pick(lines), pick(regions)
			add("AC43", Row{"AAZ223": p, "AAC001": p, "AAB001": p % 7, "AAE140": line, "AAE003": m, "AAE080": rng.IntN(90000), "AAB301": region})
			add("AC83", Row{"AAZ220": p, "AAC001": p, "AAE140": line, "AAE002": m, "AAE003": m, "AAE019": rng.IntN(500000), "AAB301": region})
			add("AC82", Row{"AAZ220": p, "AAC001": p, "AAE140": line, "AAE002": m, "AAE019": rng.IntN(500000), "AAE009": name,
				"AAE010": account, "AAE136": id, "AAE117": "1", "AAB301": region})
			add("AC84", Row{"AAZ031": p, "AAC001": p, "AAE140": line, "AAE010": account, "AAE019": 5, "AAB301": region})
			add("AC60", Row{"AAZ257": p, "AAC001": p, "AAE140": line, "AAE116": "1", "AAB301": region})
		}
	}
	for u := range int64(7) {
		id, name, _, phone := canary(persons + int(u))
		add("AB01", Row{"AAB001": u, "AAB004": "测试单位", "AAE045": name, "AAE046": id, "AAE005": phone, "AAB301": pick(regions)})
		add("JA01", Row{"ZJA001": fmt.Sprint(u), "AAE019": u})
	}
	return out
}

// canary makes personal data that cannot be mistaken for anything else; the surname and the last digits, which
// masks show, repeat.
func canary(i int) (id, name, account, phone string) {
	given := string([]rune{rune(0x9a6c + i%97), rune(0x7f8a + i/97)})
	return fmt.Sprintf("5%05d19770%04d%03d7", 77000+i, i, 999-i%1000)[:17] + "4", "赵" + given + "云",
		fmt.Sprintf("62179%010d8888", 3141592653+i*7919), fmt.Sprintf("139%04d6666", 1000+i)
}

// Canaries lists what must not be seen by an actor whose personal data is masked.
func Canaries(rows map[string][]Row) []string {
	var out []string
	for _, table := range RandomTables() {
		t, err := core.TableByCode(table)
		if err != nil {
			continue
		}
		for _, c := range t.Columns {
			if c.Mask == core.MaskNone || c.Mask == core.MaskAddress {
				continue
			}
			for _, r := range rows[table] {
				if s, ok := r[c.Code].(string); ok && len(s) > 3 {
					out = append(out, s)
				}
			}
		}
	}
	return out
}
