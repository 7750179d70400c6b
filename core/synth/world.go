package synth

import (
	"math"
	"strconv"
)

// world is all that lives are computed from. It is read-only while lives are computed.
type world struct {
	seed     uint64
	n        int64
	h0       int32 // first month of history
	t0       int32 // last day of history
	horizon  int32 // last day on which stories and turns of life are planned
	places   []place
	agencies []agency
	stories  *schedule

	roads, bodyParts, jobNames        []string
	trades, fancies, bureaus, schools []string

	holds       map[int64][]hold     // orders to stop payment, by person
	corrections map[int64][]recovery // repayments ordered, by person
}

// horizonDays is how far beyond the history lives are planned: two years and a month.
const horizonDays = 760

func newWorld(o Options) (*world, error) {
	w := &world{seed: o.Seed, n: int64(o.Persons), t0: dayFrom(o.Through)}
	w.h0 = monthOf(w.t0) - int32(o.Months) + 1
	w.horizon = w.t0 + horizonDays
	w.roads, w.bodyParts, w.jobNames = split(roads), split(parts), split(jobsNames)
	w.trades, w.fancies, w.bureaus, w.schools = split(trades), split(fancies), split(bureaus), split(schools)
	w.holds, w.corrections = map[int64][]hold{}, map[int64][]recovery{}
	var err error
	if w.places, w.agencies, err = layOut(w.seed, w.n); err != nil {
		return nil, err
	}
	w.stories = w.plot(o.PlantRate)
	return w, nil
}

// number writes a document number: a prefix and at least eight digits.
func number(prefix string, v int64) string {
	var b [24]byte
	n := copy(b[:], prefix)
	width := 8
	if v >= 100_000_000 {
		width = 1 + int(math.Log10(float64(v)))
		if width > 20 {
			return prefix + strconv.FormatInt(v, 10)
		}
		width++
	}
	digits(b[n:n+width], v)
	return string(b[:n+width])
}

// output gathers what one block tells.
type output struct {
	tabs     [tableCount]*rows
	books    *books
	truth    []Truth
	levies   []levy
	levyLo   int32
	levySpan int32
	life     life
	segs     []segment
}

func (o *output) row(table int, rid int64, op int8) *rows { return o.tabs[table].row(rid, op) }

// collect adds a contribution to its unit's month.
func (o *output) collect(s *segment, unit int32, slot int, mi int32, base, due int64, paid bool) {
	if mi < o.levyLo || mi >= o.levyLo+o.levySpan {
		return
	}
	v := o.levy(unit, int32(slot), mi)
	v.count++
	v.base += base
	v.due += due
	if paid {
		v.paid += due
	}
}

func (o *output) levy(unit, slot, mi int32) *levy {
	return &o.levies[(unit*3+slot)*o.levySpan+mi-o.levyLo]
}

// begin makes room for the levies of a segment.
func (o *output) begin(win window, s *segment) {
	o.levyLo, o.levySpan = win.conLo-3, max(0, win.conHi-win.conLo+4)
	if win.history {
		o.levyLo, o.levySpan = win.conLo, max(0, win.conHi-win.conLo+1)
	}
	if win.conLo > win.conHi {
		o.levySpan = 0
	}
	n := len(s.units) * 3 * int(o.levySpan)
	if cap(o.levies) < n {
		o.levies = make([]levy, n)
	}
	o.levies = o.levies[:n]
	clear(o.levies)
}

// tellBlock tells everything of block b inside the window.
func (w *world) tellBlock(o *output, win window, b int64) {
	o.segs = w.segments(o.segs, b)
	l := &o.life
	for k := range o.segs {
		s := &o.segs[k]
		o.begin(win, s)
		for i := s.first; i < s.last; i++ {
			w.imagine(l, i, s)
			w.tell(o, win, l)
		}
		w.tellUnits(o, win, s)
		w.tellStrangers(o, win, s)
	}
}

// tell tells all rows of one life.
func (w *world) tell(o *output, win window, l *life) {
	w.identify(l)
	w.tellPerson(o, win, l)
	w.tellResident(o, win, l)
	w.tellBenefits(o, win, l)
	w.tellPayments(o, win, l)
	w.tellClaim(o, win, l)
	w.tellInjury(o, win, l)
	w.tellSubsidies(o, win, l)
	w.tellLists(o, win, l)
	w.census(o, win, l)
	if l.story != nil {
		o.truth = append(o.truth, w.truths(win, l)...)
	}
}

// tellWhole tells what belongs to no person, once the blocks have been added up.
func (w *world) tellWhole(o *output, win window, all *books) {
	w.tellPolicy(o, win)
	if win.history {
		w.tellOffices(o)
	}
	w.tellFinance(o, win, all)
	o.truth = append(o.truth, w.divergences(win)...)
}

// tellOffices tells agencies, clerks and contracted hospitals.
func (w *world) tellOffices(o *output) {
	for k, a := range w.agencies {
		o.row(tAF01, int64(k), opInsert).S(a.code).S(a.name).S(a.region)
	}
	for c := range w.places {
		p := &w.places[c]
		for k, clerk := range p.clerks {
			o.row(tAF11, int64(c)*16+int64(k), opInsert).S(clerk).S(nameOf(mix(w.seed, 701, uint64(c*16+k)))).S(p.code + "01").
				S("1").N(dayOf(2018, 1, 1)).Z().S(p.code)
		}
		o.row(tLB01, int64(c), opInsert).S(hospitalCode(p)).S(p.short + "人民医院").N(dayOf(2020, 1, 1)).Z().S(p.code)
	}
}
