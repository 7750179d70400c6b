package patrol_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"fundwatch/internal/store/storetest"
	"fundwatch/patrol"
	"fundwatch/warehouse/warehousetest"
)

// chaos makes rows without any sense of how people live: few persons, few months, few values, so that every rule
// meets every combination, and rows that change their person, plan or month under way.
type chaos struct {
	rng  *rand.Rand
	rows map[string]map[int64]warehousetest.Row // what stands, by table and row id
	next int64
}

func (c *chaos) pick(values ...any) any { return values[c.rng.IntN(len(values))] }
func (c *chaos) n(from, to int) int64   { return int64(from + c.rng.IntN(to-from+1)) }
func (c *chaos) month() int64 {
	return int64([]int{202509, 202510, 202511, 202512, 202601, 202602, 202603}[c.rng.IntN(7)])
}
func (c *chaos) day() string {
	return fmt.Sprintf("%d-%02d-%02d", c.n(2024, 2026), c.n(1, 12), c.n(1, 28))
}

func (c *chaos) row(table string) warehousetest.Row {
	person, region := c.n(1, 8), c.pick("520102", "520103", "520302")
	name, id := c.pick("张某", "李某"), fmt.Sprintf("id-%d", c.n(1, 8))
	line := c.pick("110", "120", "170", "210", "410")
	plan := c.n(1, 30)
	if c.rng.IntN(8) > 0 {
		person = plan%8 + 1 // mostly a plan is one person's
	}
	switch table {
	case "AC01":
		return warehousetest.Row{"AAC001": person, "AAC147": id, "AAC003": name, "AAC004": c.pick("1", "2"), "AAC006": c.pick("1966-01-05", "1971-09-09", nil), "AAB301": region}
	case "X_GA_SW":
		return warehousetest.Row{"AAC147": id, "AAC003": name, "AAE138": c.day()}
	case "X_SF_FX":
		return warehousetest.Row{"AAC147": id, "AAC003": name, "ZSF001": c.day(), "ZSF002": c.pick(c.day(), nil), "ZSF003": c.pick("1", "2", "4"), "ZSF004": c.pick(c.day(), nil)}
	case "AC82":
		return warehousetest.Row{"AAZ220": plan, "AAC001": person, "AAE140": line, "AAE002": c.month(), "AAE019": c.n(1, 5) * 100000, "AAE117": c.pick("1", "1", "1", "2", "0"), "AAE010": c.pick("acc-1", "acc-2", nil), "AAB301": region}
	case "AC83":
		items := map[any][]any{"110": {"110101", "110201"}, "120": {"120101"}, "170": {"170101"}, "210": {"210101"}, "410": {"410101", "410102", "410104"}}
		return warehousetest.Row{
			"AAZ220": plan, "AAA036": c.pick(items[line]...), "AAE003": c.month(), "AAC001": person, "AAE140": line, "AAE002": c.month(),
			"AAE019": c.n(-2, 9) * 1000000, "AAA088": c.pick("1", "1", "2", "3", nil), "AAB301": region,
		}
	case "AC60":
		return warehousetest.Row{"AAZ257": c.n(1, 99), "AAC001": person, "AAE140": line, "AAE116": c.pick("1", "4"), "AAE210": c.pick(int64(202401), int64(202410), int64(202601), nil), "AAB301": region}
	case "AC90":
		return warehousetest.Row{"AAZ103": c.n(1, 999), "AAC001": person, "AAE230": c.pick(c.day(), nil), "AAA094": c.pick("1", "0"), "AAB301": region}
	case "AC43":
		return warehousetest.Row{
			"AAZ223": c.n(1, 999), "AAC001": person, "AAB001": c.pick(int64(1), int64(2), nil), "AAE140": c.pick("110", "210"), "AAE003": c.month(), "AAA115": c.pick("10", "10", "30"),
			"AAE180": c.n(1, 9) * 100000, "AAE080": c.n(0, 3) * 1000, "AAE082": c.n(0, 3) * 1000, "YAE589": c.pick("0", "0", "1"), "AAB301": region,
		}
	case "AB01":
		return warehousetest.Row{"AAB001": c.n(1, 2), "AAB019": c.pick("10", "60"), "AAB301": region}
	case "IC10":
		return warehousetest.Row{"AAC001": person, "AIC161": c.pick("1", "2"), "AIC162": c.pick("2025-11-30", "2026-02-28", nil), "AAB301": region}
	case "JC10":
		return warehousetest.Row{"AAZ257": c.rid(), "AAC001": person, "AJC072": c.pick(int64(50), int64(70), nil), "AJC098": c.n(10, 22), "AAE210": c.month(), "AAB301": region}
	case "LC31":
		return warehousetest.Row{"AAZ127": c.rid(), "AAC001": person, "AAB001": c.n(1, 2), "ALC020": c.day(), "ALC029": c.pick("1", "2", "3"), "AAB301": region}
	case "AC20":
		return warehousetest.Row{"AAZ157": c.n(1, 999), "AAC001": person, "AAB001": c.n(1, 2), "AAE140": "410", "AAE030": c.pick(c.day(), nil), "AAB301": region}
	case "LC01":
		return warehousetest.Row{"AAZ257": c.n(1, 99), "AAC001": person, "ALA040": c.pick("07", "10", nil), "ALA042": c.n(1, 9) * 100000, "AAB301": region}
	case "LC26":
		return warehousetest.Row{"AAZ216": c.n(1, 99), "AAZ127": c.n(1, 40), "AAC001": person, "AAE187": c.n(1, 9) * 1000, "AAB301": region}
	case "AC62":
		return warehousetest.Row{"AAZ257": c.n(1, 99), "AAC001": c.n(1, 8), "AAC111": person, "AAB301": region}
	case "AE04":
		return warehousetest.Row{"AAZ206": c.n(1, 99), "AAC001": person, "AAE122": c.pick("AAC147", "AAC003"), "AAE123": "甲", "AAE124": c.pick("甲", "乙"), "AAE035": fmt.Sprintf("2026-01-%02d", c.n(1, 28)), "AAB301": region}
	case "AC71":
		return warehousetest.Row{"AAZ170": c.rid(), "AAC001": person, "AAE140": line, "AAE211": c.month(), "AAE129": c.n(1, 9), "AAE016": c.pick("1", "0"), "AAE011": c.pick("a", "b"), "YAE041": c.pick("a", "b", nil), "AAB301": region}
	default:
		return warehousetest.Row{"AAE140": line, "AAB301": region, "AAE002": c.month(), "ZCW001": c.pick("5001", "4001"), "AAE019": c.n(0, 4) * 100000}
	}
}

func (c *chaos) rid() int64 {
	c.next++
	return c.next
}

// step changes a few rows: half of the tables get new, changed and deleted rows.
func (c *chaos) step(most int) map[string][]warehousetest.Row {
	out := map[string][]warehousetest.Row{}
	for _, table := range []string{
		"AC01", "X_GA_SW", "X_SF_FX", "AC82", "AC83", "AC60", "AC90", "AC43", "AB01", "IC10", "JC10", "LC31", "AC20", "LC01", "LC26", "AC62", "AE04", "AC71", "FN01",
	} {
		if len(c.rows[table]) > 0 && c.rng.IntN(2) == 0 {
			continue
		}
		if c.rows[table] == nil {
			c.rows[table] = map[int64]warehousetest.Row{}
		}
		many := most
		if table == "AC83" || table == "AC82" {
			many *= 4
		}
		used := map[int64]bool{}
		for range 1 + many/2 + c.rng.IntN(many) {
			stands := slices.Sorted(maps.Keys(c.rows[table]))
			r, rid, op := c.row(table), c.rid(), 0
			if len(stands) > 0 && c.rng.IntN(3) == 0 {
				rid, op = stands[c.rng.IntN(len(stands))], 1+c.rng.IntN(2)
			}
			if used[rid] {
				continue
			}
			used[rid] = true
			if op == 2 {
				r = maps.Clone(c.rows[table][rid])
			}
			r["_rid"], r["_op"] = rid, op
			c.rows[table][rid] = r
			if op == 2 {
				delete(c.rows[table], rid)
			}
			out[table] = append(out[table], r)
		}
	}
	return out
}

// TestDeltaEqualsFull lets random rows come, change and go, with delta rounds between, and wants after every second
// round what a full round says. It also wants the findings of all rules to occur: an empty comparison proves nothing.
func TestDeltaEqualsFull(t *testing.T) {
	fired := map[string]bool{}
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			c := &chaos{rng: rand.New(rand.NewPCG(seed, 7)), rows: map[string]map[int64]warehousetest.Row{}}
			db, st := warehousetest.Open(t), storetest.Open(t)
			p := open(t, db, st)
			for step := range 5 {
				most := 4
				if step == 0 {
					most = 40
				}
				rows := c.step(most)
				for _, table := range slices.Sorted(maps.Keys(rows)) {
					warehousetest.Load(t, db, table, rows[table])
				}
				delta(t, p)
				if step%2 == 0 {
					sameFindings(t, db, p)
				}
				if t.Failed() {
					t.Fatalf("after step %d", step)
				}
				for _, f := range findings(t, p) {
					fired[f.Rule] = true
				}
			}
		})
	}
	if len(fired) < 18 {
		t.Errorf("only %d rules fired: %v", len(fired), slices.Sorted(maps.Keys(fired)))
	}
}

// TestNothingNew wants a delta round without new loads to do nothing at all.
func TestNothingNew(t *testing.T) {
	db, st := warehousetest.Open(t), storetest.Open(t)
	p := open(t, db, st)
	warehousetest.Load(t, db, "AC71", []warehousetest.Row{{"AAZ170": 1, "AAC001": 1, "AAE140": "110", "AAE016": "1", "AAE011": "a", "YAE041": "a", "AAB301": "520102"}})
	if r := delta(t, p); r.ID != 1 || r.Appeared != 1 {
		t.Fatalf("%+v", r)
	}
	if r := delta(t, p); r.ID != 0 || r.State != patrol.RoundDone {
		t.Errorf("%+v", r)
	}
	if _, total, err := p.Rounds(t.Context(), 10, 0); err != nil || total != 1 {
		t.Errorf("%d rounds: %v", total, err)
	}
}
