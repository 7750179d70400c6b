package synth

import (
	"slices"
	"strconv"

	"fundwatch"
)

// instance is one story that happens to the persons from first on, and comes to light on day.
type instance struct {
	first int64
	day   int32
	def   *storyDef
}

// divergence is a month whose books show another sum of benefits than was paid.
type divergence struct {
	line, county, mi int32
	delta            int64
}

// schedule is all stories of a province.
type schedule struct {
	instances   []instance // by first
	divergences []divergence
}

const (
	leastMonths = 12 // of history, for any story

	liveDays = 400 // days after history for which stories are planned
	maxRun   = 4
	minSpace = 2*maxRun + 4
)

// plot plans the stories: a calibrated number in the history, then some every day and with every run.
func (w *world) plot(rate float64) *schedule {
	s := &schedule{}
	if rate == 0 || monthOf(w.t0)-w.h0+1 < leastMonths {
		return s
	}
	defs := storyDefs()
	d := dice{s: mix(w.seed, 900, 0)}
	var list []instance
	for k := range defs {
		def := &defs[k]
		if w.n < int64(def.least) || monthOf(w.t0)-w.h0+1 < def.months {
			continue
		}
		count := max(2, int(rate*1.2e-4*float64(w.n)))
		if def.kind == "" {
			count = max(2, count/10)
		}
		for range count {
			list = append(list, instance{day: w.pastDay(&d, def), def: def})
		}
	}
	list = append(list, w.comingDays(&d, defs, rate)...)
	if most := int(w.n / minSpace); len(list) > most { // a small province keeps its past and the nearest future
		list = list[:most]
	}
	w.place(&d, list)
	s.instances = list
	s.divergences = w.diverge(&d, rate)
	return s
}

// pastDay draws a day of history on which a story may come to light.
func (w *world) pastDay(d *dice, def *storyDef) int32 {
	last := monthOf(w.t0 - 40)
	mi := last - d.n(min(def.reach, last-w.h0-9))
	return w.timed(def, mi, d.n(28))
}

// timed is the day in a month on which a story can come to light.
func (w *world) timed(def *storyDef, mi, day int32) int32 {
	switch def.when {
	case onPay:
		return payDay(mi)
	case onContrib:
		return contribDay(mi)
	default:
		return firstDay(mi) + day
	}
}

// comingDays plans the stories of the live days, nearest first.
func (w *world) comingDays(d *dice, defs []storyDef, rate float64) []instance {
	var free, look, family, fixed []*storyDef
	for k := range defs {
		def := &defs[k]
		switch {
		case w.n < int64(def.least) || monthOf(w.t0)-w.h0+1 < def.months:
		case def.when != anyDay:
			fixed = append(fixed, def)
		case def.kind == Plant:
			free = append(free, def)
		case def.kind == "":
			family = append(family, def)
		default:
			look = append(look, def)
		}
	}
	shuffle(d, free)
	shuffle(d, look)
	each := max(1, int(rate*(1+float64(w.n)/70_000)))
	var list []instance
	nextFree, nextLook := 0, 0
	for day := w.t0 + 1; day <= w.t0+liveDays; day++ {
		for range each {
			list = append(list, instance{day: day, def: free[nextFree%len(free)]})
			nextFree++
		}
		for k := 0; k < each && (each > 1 || day%2 == 0); k++ {
			list = append(list, instance{day: day, def: look[nextLook%len(look)]})
			nextLook++
		}
		if day%20 == 0 {
			list = append(list, instance{day: day, def: family[0]})
		}
		for _, def := range fixed {
			if w.timed(def, monthOf(day), 0) != day {
				continue
			}
			for range max(1, each/2) {
				list = append(list, instance{day: day, def: def})
			}
		}
	}
	return list
}

func shuffle[T any](d *dice, list []T) {
	for k := len(list) - 1; k > 0; k-- {
		j := d.n(int32(k + 1))
		list[k], list[j] = list[j], list[k]
	}
}

// place spreads the stories over the persons, each inside one segment and clear of its neighbours.
func (w *world) place(d *dice, list []instance) {
	order := make([]int32, len(list))
	for k := range order {
		order[k] = int32(k)
	}
	shuffle(d, order)
	for slot, k := range order {
		from := w.n * int64(slot) / int64(len(list))
		to := w.n * int64(slot+1) / int64(len(list))
		at := from + int64(d.n(int32(min(to-from-2*maxRun, 1<<30))))
		run := list[k].def.run
		if edge := w.edgeAfter(at); edge < at+run {
			at = edge
		}
		list[k].first = min(at, w.n-run)
	}
	slices.SortFunc(list, func(a, b instance) int {
		switch {
		case a.first < b.first:
			return -1
		case a.first > b.first:
			return 1
		default:
			return 0
		}
	})
}

// edgeAfter is the first person of the segment after the one person i is in.
func (w *world) edgeAfter(i int64) int64 {
	edge := (i/blockSize + 1) * blockSize
	if c := w.countyAt(i); c+1 < counties {
		edge = min(edge, w.places[c+1].first)
	}
	return edge
}

// storyAt finds the story a person is in.
func (w *world) storyAt(i int64) *instance {
	list := w.stories.instances
	lo, hi := 0, len(list)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if list[mid].first <= i {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 || i >= list[lo-1].first+list[lo-1].def.run {
		return nil
	}
	return &list[lo-1]
}

// diverge plans the months whose books do not agree with what was paid.
func (w *world) diverge(d *dice, rate float64) []divergence {
	var list []divergence
	add := func(mi int32) {
		v := divergence{line: d.n(3), county: d.n(counties), mi: mi, delta: int64(d.between(50, 90_000)) * 100}
		for _, other := range list {
			if other.line == v.line && other.county == v.county && other.mi == v.mi {
				return
			}
		}
		list = append(list, v)
	}
	last := monthOf(w.t0)
	for range max(2, int(rate*float64(w.n)/50_000)) {
		add(last - 1 - d.n(min(20, last-w.h0-1)))
	}
	for mi := last; mi < last+liveDays/30; mi++ {
		for range max(1, int(rate*(1+float64(w.n)/200_000))) {
			add(mi)
		}
	}
	return list
}

// divergence is by how much the books of a month are wrong.
func (w *world) divergence(line, c, mi int32) int64 {
	for _, v := range w.stories.divergences {
		if v.line == line && v.county == c && v.mi == mi {
			return v.delta
		}
	}
	return 0
}

// divergences is the truth about books closed inside the window.
func (w *world) divergences(win window) []Truth {
	var out []Truth
	for _, v := range w.stories.divergences {
		if day := closeDay(v.mi); win.in(day) {
			id := lineCode(v.line) + "-" + w.places[v.county].code + "-" + strconv.Itoa(int(ym(v.mi)))
			out = append(out, Truth{Story: "books-diverge", Kind: Plant, Rules: []string{"CW-001"}, May: []string{},
				Subject: fundwatch.Subject{Kind: fundwatch.SubjectRegion, ID: id}, VisibleOn: isoDay(day), Amount: v.delta,
				Note: "财务账列支与业务实付不一致"})
		}
	}
	return out
}

func isoDay(d int32) string { return timeOf(d).Format("2006-01-02") }

func decimal(v int64) string { return strconv.FormatInt(v, 10) }
