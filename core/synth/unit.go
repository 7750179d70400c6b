package synth

// unit is an employer, or the window for those who pay for themselves. All but its number follows from its hash.
type unit struct {
	key   int64
	no    int64
	h     uint64
	kind  string // AAB019
	class int32  // risk class
	rate  int64
	lag   int32 // months by which it pays late when it does; 0 for those who never do
	since int32
}

// settle gives a segment its units: one window, a quarter for the state, the rest enterprises.
func (w *world) settle(s *segment) {
	n := min(30, max(4, int((s.last-s.first)/90)))
	s.units, s.enterprises, s.bureaus = s.units[:0], s.enterprises[:0], s.bureaus[:0]
	for k := range int32(n) {
		no := s.no*32 + int64(k)
		h := mix(w.seed, 501, uint64(no))
		u := unit{key: firstUnit + no, no: no, h: h, kind: "10", class: 1 + pick(h, 8)}
		u.since = dayOf(1996, 1, 1) + pick(mix(h, 2, 0), 5000)
		switch {
		case k == 0:
			u.kind, u.class = "60", 1
			s.counter = k
		case k <= int32(n)/4:
			u.kind, u.class = []string{"20", "30"}[h%2], 1
			s.bureaus = append(s.bureaus, k)
		default:
			s.enterprises = append(s.enterprises, k)
			if len(s.enterprises) > 1 && h%33 == 0 {
				u.lag = 1 + pick(mix(h, 3, 0), 3)
			}
		}
		u.rate = injuryRate(u.class)
		s.units = append(s.units, u)
	}
}

// late reports whether the unit pays the month's contributions late.
func (u *unit) late(mi int32) bool { return u.lag > 0 && mix(u.h, 502, uint64(mi))%6 == 0 }

// paidDay is the day on which the unit pays the month's contributions.
func (u *unit) paidDay(mi int32) int32 {
	if u.late(mi) {
		return contribDay(mi + u.lag)
	}
	return contribDay(mi)
}

func (u *unit) code(at *place) string {
	kind := byte('9')
	if u.kind == "20" || u.kind == "30" {
		kind = '2'
	}
	return creditCode(kind, at.code, u.no+1)
}

func (w *world) unitName(u *unit, at *place) string {
	h := mix(u.h, 503, 0)
	switch u.kind {
	case "60":
		return at.short + "灵活就业人员参保窗口"
	case "20":
		return at.short + w.bureaus[h%uint64(len(w.bureaus))]
	case "30":
		return at.short + w.schools[h%uint64(len(w.schools))]
	default:
		return at.short + w.fancies[h%uint64(len(w.fancies))] + w.trades[h>>16%uint64(len(w.trades))] + "有限公司"
	}
}

// tellUnits tells the employers of a segment once all of its persons are told.
func (w *world) tellUnits(o *output, win window, s *segment) {
	for k := range s.units {
		u := &s.units[k]
		w.tellUnit(o, win, s, u)
		w.tellLevies(o, win, s, int32(k))
		if u.kind == "10" {
			w.tellGrants(o, win, s, u)
			w.tellProject(o, win, s, u)
		}
	}
}

func (w *world) tellUnit(o *output, win window, s *segment, u *unit) {
	changed := never
	if u.h%23 == 1 {
		changed = firstDay(w.h0) + int32(mix(u.h, 504, 0)%uint64(w.horizon-firstDay(w.h0)))
	}
	head := mix(u.h, 505, 0)
	if changed <= win.to {
		head = mix(u.h, 506, 0)
	}
	name, code := "", ""
	op := win.change(u.since, never, changed, never)
	if op != opNone {
		name, code = w.unitName(u, s.at), u.code(s.at)
		phone := mobile(60_000_000 + u.no)
		if u.h%90 == 3 {
			phone = ""
		}
		birth := dayOf(1965, 1, 1) + int32(head%8000)
		o.row(tAB01, u.no, op).I(u.key).S(name).S(code).S(u.kind).S("100").S("50").
			S([6]string{"C13", "E47", "F51", "G54", "H62", "O80"}[u.h>>8%6]).S(s.at.short + "人民政府").S(nameOf(head)).
			S(strangerID(head, birth, head&1 == 0)).N(u.since).SZ(phone).S(s.at.short + w.roads[u.h>>12%10]).
			S(s.at.towns[u.h>>20%8]).S(s.at.code).S("1").S("1").T(stamp(u.since+20, 36_000))
		o.row(tXSG, u.no, op).S(code).S(name).S("1").S(nameOf(head)).N(u.since)
	}
	born := u.since + 30
	if op = win.change(born, never, never, never); op == opNone {
		return
	}
	for slot := range int32(3) {
		line := levyLine(u, slot)
		o.row(tAB02, u.no*4+int64(slot), op).I(u.key).S(lineCode(line)).N(born).S("1").S("税务征收").
			S(gradeCode(u.class)).F(float64(levyRate(u, slot)) / 10000).S("0").S(s.at.code).T(stamp(born, 36_000))
	}
}

// levyLine is the line of a unit's levy slot: pension, unemployment, injury.
func levyLine(u *unit, slot int32) int32 {
	switch {
	case slot == 1:
		return line210
	case slot == 2:
		return line410
	case u.kind == "20" || u.kind == "30":
		return pension120
	default:
		return pension110
	}
}

func levyRate(u *unit, slot int32) int64 {
	switch slot {
	case 0:
		return 1600
	case 1:
		return 70
	default:
		return u.rate
	}
}

// levy adds up a month of one line at one unit.
type levy struct {
	count           int32
	base, due, paid int64
}

// tellLevies tells what was levied from a unit: the sums of its people's contributions, and the tax list.
func (w *world) tellLevies(o *output, win window, s *segment, k int32) {
	u := &s.units[k]
	for slot := range int32(3) {
		for mi := o.levyLo; mi < o.levyLo+o.levySpan; mi++ {
			v := o.levy(k, slot, mi)
			if v.count == 0 {
				continue
			}
			op := opInsert
			if !win.in(contribDay(mi)) {
				op = opUpdate
			}
			rid := (u.no*4+int64(slot))<<10 | int64(mi)
			line := lineCode(levyLine(u, slot))
			paidDay := u.paidDay(mi)
			r := o.row(tAB07, rid, op).I(u.key).S(line).N(ym(mi)).N(v.count).I(v.base).I(v.due).I(v.paid)
			if paidDay <= win.to {
				r.S("1").N(paidDay)
			} else {
				r.S("0").Z()
			}
			r.S(s.at.code)
			if win.in(paidDay) {
				o.row(tXSWZJ, rid, opInsert).S(number("SP", rid)).I(u.key).S(line).N(ym(mi)).I(v.paid).N(paidDay).S(s.at.code)
			}
		}
	}
}

// tellGrants tells the yearly refunds for keeping and adding jobs.
func (w *world) tellGrants(o *output, win window, s *segment, u *unit) {
	y1 := yearOf(monthOf(win.to))
	y0 := y1
	if win.history {
		y0 = yearOf(w.h0) + 1
	}
	for y := y0; y <= y1; y++ {
		h := mix(u.h, 507, uint64(y))
		size := 8 + int32(h>>8%30)
		if day := dayOf(y, 7, 20); h%3 == 0 && win.in(day) {
			amount := int64(size) * 36_000
			lost := int32(h >> 20 % 2)
			o.row(tJB13, u.no*128+int64(y-2000), opInsert).I(u.no*1000 + int64(y-2000)).I(u.key).N(y).N(size).N(size - lost).
				N(size).F(float64(lost) / float64(size)).I(amount).S(s.at.code)
			o.books.add(line210, s.at.index, monthOf(day), subjRefund, amount)
		}
		if day := dayOf(y, 9, 12); h%9 == 1 && win.in(day) {
			amount := int64(150_000)
			rid := u.no*128 + int64(y-2000)
			o.row(tJB14, rid, opInsert).I(u.no*1000 + int64(y-2000)).I(u.key).N(y).I(amount).S(s.at.code)
			who := s.first + int64(h>>24%uint64(s.last-s.first))
			o.row(tJC14, rid, opInsert).I(u.no*1000 + int64(y-2000)).I(personKey(who)).I(u.key).N(y).I(amount).S(s.at.code)
			o.books.add(line210, s.at.index, monthOf(day), subjOther, amount)
		}
	}
}

// tellProject tells a building project with the people reported for it.
func (w *world) tellProject(o *output, win window, s *segment, u *unit) {
	h := mix(u.h, 508, 0)
	if h%6 != 0 {
		return
	}
	start := firstDay(w.h0) + int32(h>>8%1200)
	if !win.in(start) {
		return
	}
	id := number("GC", u.no)
	cost := int64(200+h>>30%5000) * 1_000_000
	o.row(tAB58, u.no, opInsert).S(id).S(w.unitName(u, s.at) + "施工项目").I(u.key).I(cost).N(start).N(start + 500).
		I(cost * 15 / 10000).S(s.at.code)
	handler, _ := s.at.two(h)
	o.row(tAC88, u.no, opInsert).I(u.no + 1).S(id).I(u.key).N(start).S(s.at.clerks[handler]).T(stamp(start, 36_000)).
		S(s.at.code)
	for k := range int64(3) {
		g := mix(h, 509, uint64(k))
		birth := dayOf(1975, 1, 1) + int32(g%9000)
		o.row(tAC89, u.no*4+k, opInsert).S(id).S(strangerID(g>>8, birth, g&1 == 0)).S(nameOf(g)).N(start + 3).Z().S(s.at.code)
	}
}
