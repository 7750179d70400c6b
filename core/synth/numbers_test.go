package synth

import (
	"testing"
	"time"
)

func TestDaysAndMonthsAgreeWithTheCalendar(t *testing.T) {
	start := time.Date(1890, 1, 1, 0, 0, 0, 0, time.UTC)
	first := dayOf(1890, 1, 1)
	for k := range int32(80_000) {
		at := start.AddDate(0, 0, int(k))
		y, m, d := civil(first + k)
		if int(y) != at.Year() || int(m) != int(at.Month()) || int(d) != at.Day() || dayOf(y, m, d) != first+k {
			t.Fatalf("day %d is %d-%d-%d, the calendar says %s", first+k, y, m, d, at.Format(time.DateOnly))
		}
		mi := monthOf(first + k)
		if ym(mi) != y*100+m || firstDay(mi) != first+k-d+1 {
			t.Fatalf("month %d of %s", mi, at.Format(time.DateOnly))
		}
	}
}

// The two examples were published with the law.
func TestRetirementIsDelayedAsPublished(t *testing.T) {
	if m := ym(statutoryMonth(dayOf(1967, 5, 9), false, false)); m != 202801 {
		t.Errorf("man born 1967-05 retires %d, want 202801", m)
	}
	if m := ym(statutoryMonth(dayOf(1974, 10, 9), true, true)); m != 203101 {
		t.Errorf("woman born 1974-10 retires %d, want 203101", m)
	}
	if m := ym(statutoryMonth(dayOf(1964, 12, 31), false, false)); m != 202412 {
		t.Errorf("man born 1964-12 retires %d, want 202412", m)
	}
	if m := ym(statutoryMonth(dayOf(1990, 1, 1), true, false)); m != 204501 {
		t.Errorf("woman born 1990-01 retires %d, want 204501", m)
	}
}

func TestNumbersAreValidAndUnique(t *testing.T) {
	ids, accounts := map[string]bool{}, map[string]bool{}
	day := dayOf(1960, 6, 1)
	for k := range int64(120_000) {
		i := k * 229 // up to 27 million persons, all of one birthday
		id, acc := idNumber(i, day, k%2 == 0), account(i, int32(i%7))
		if len(id) != 18 || idCheck([]byte(id[:17])) != id[17] || id[6:14] != "19600601" || (id[16]-'0')%2 != byte(k)%2 {
			t.Fatalf("identity number %s of person %d", id, i)
		}
		if id[0] != '9' && id[:3] != "529" {
			t.Fatalf("identity number %s is not plainly artificial", id)
		}
		sum := 0
		for p := range len(acc) {
			v := int(acc[len(acc)-1-p] - '0')
			if p%2 == 1 {
				if v *= 2; v > 9 {
					v -= 9
				}
			}
			sum += v
		}
		if len(acc) != 19 || sum%10 != 0 {
			t.Fatalf("account %s of person %d", acc, i)
		}
		if ids[id] || accounts[acc] {
			t.Fatalf("person %d shares %s or %s", i, id, acc)
		}
		ids[id], accounts[acc] = true, true
		if spoiled := spoiledID(id, uint64(k)); len(spoiled) == 18 && idCheck([]byte(spoiled[:17])) == spoiled[17] {
			t.Fatalf("spoiled number %s is valid", spoiled)
		}
	}
}

func TestCreditCodesAreValid(t *testing.T) {
	const alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	weights := []int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}
	for k := range int64(5000) {
		code := creditCode("92"[k%2], "520102", k*31)
		sum := 0
		for p, w := range weights {
			sum += indexByte(alphabet, code[p]) * w
		}
		if len(code) != 18 || (31-sum%31)%31 != indexByte(alphabet, code[17]) {
			t.Fatalf("credit code %s", code)
		}
	}
}

func TestSegmentsCoverEverybodyOnce(t *testing.T) {
	for _, n := range []int{500, 20_000, 270_000} {
		w, err := newWorld(Options{Seed: 5, Persons: n, PlantRate: 1}.withDefaults())
		if err != nil {
			t.Fatal(err)
		}
		next := int64(0)
		units := map[int64]bool{}
		for b := int64(0); b*blockSize < w.n; b++ {
			for _, s := range w.segments(nil, b) {
				if s.first != next || s.last <= s.first || s.at != &w.places[w.countyAt(s.first)] {
					t.Fatalf("%d persons: segment %d..%d after %d", n, s.first, s.last, next)
				}
				next = s.last
				for _, u := range s.units {
					if units[u.key] {
						t.Fatalf("unit %d stands twice", u.key)
					}
					units[u.key] = true
				}
			}
		}
		if next != w.n {
			t.Fatalf("%d of %d persons", next, n)
		}
		for k, in := range w.stories.instances {
			if in.first < 0 || in.first+in.def.run > w.n || w.edgeAfter(in.first) < in.first+in.def.run ||
				k > 0 && w.stories.instances[k-1].first+w.stories.instances[k-1].def.run > in.first {
				t.Fatalf("story %s at %d crosses a border or another story", in.def.name, in.first)
			}
		}
	}
}

func TestBooksSurviveWriting(t *testing.T) {
	b := newBooks(280, 283)
	b.add(2, 17, 281, subjBenefit, -5)
	b.add(2, 17, 299, subjBenefit, 5) // outside: dropped
	c, err := decodeBooks(b.encode())
	if err != nil || c.get(2, 17, 281, subjBenefit) != -5 || len(c.cells) != len(b.cells) {
		t.Fatalf("%v", err)
	}
}

func FuzzDecodeBooks(f *testing.F) {
	f.Add(newBooks(280, 280).encode()[:64])
	f.Fuzz(func(t *testing.T, data []byte) {
		if b, err := decodeBooks(data); err == nil && len(b.encode()) != len(data) {
			t.Fatal("read other than written")
		}
	})
}
