package synth

// tellLists tells what other authorities know of the person, each with its own delay.
func (w *world) tellLists(o *output, win window, l *life) {
	if l.listDied != never {
		name, id := l.policeName, l.policeID
		if name == "" {
			name = l.shown("AAC003", l.name, win.to)
		}
		if id == "" {
			id = l.id
		}
		if op := win.change(l.police, l.policeGone, never, never); op != opNone {
			o.row(tXGASW, l.i, op).S(id).S(name).N(l.listDied)
		}
		if win.in(l.civil) {
			o.row(tXMZHH, l.i, opInsert).S(id).S(name).N(l.listDied).S(number("HH", l.i))
		}
		if win.in(l.clinic) {
			o.row(tXWJSW, l.i, opInsert).S(id).S(name).N(l.listDied).S(number("SW", l.i))
		}
	}
	if s := &l.prison; s.on {
		if op := win.change(s.listed, never, s.amended, never); op != opNone {
			r := o.row(tXSFFX, l.i, op).S(l.id).S(l.name).N(s.from)
			r.NZ(s.until, s.until <= win.to).S(s.kind).NZ(s.paroled, s.paroled <= win.to)
		}
	}
	w.tellCertificate(o, win, l)
	w.tellElsewhere(o, win, l)
}

// tellElsewhere tells the memberships in other provinces.
func (w *world) tellElsewhere(o *output, win window, l *life) {
	h := mix(l.h, 71, 0)
	if h%40 != 3 || l.kind != peasant || l.joined > win.to {
		return
	}
	day := firstDay(w.h0) + int32(h>>8%uint64(w.horizon-firstDay(w.h0)))
	if !win.in(day) {
		return
	}
	province := [5]string{"440000", "330000", "320000", "350000", "500000"}[h>>20%5]
	since := monthOf(day) - 3 - int32(h>>30%60)
	if h>>40%8 != 0 {
		o.row(tXQGCB, l.i, opInsert).S(l.id).S(l.name).S("110").S(province).S("1").N(ym(since)).Z()
		return
	}
	o.row(tXQGDY, l.i, opInsert).S(l.id).S(l.name).S("170").S(province).S("4").N(ym(since - 12)).N(ym(since))
}

// tellStrangers tells deaths of people whom the province does not insure: noise on the lists.
func (w *world) tellStrangers(o *output, win window, s *segment) {
	for i := s.first; i < s.last; i += 64 {
		h := mix(w.seed, 72, uint64(i))
		day := firstDay(w.h0) + int32(h%uint64(w.horizon-firstDay(w.h0)))
		if !win.in(day) {
			continue
		}
		birth := day - 365*(30+int32(h>>20%55))
		o.row(tXGASW, w.n+i, opInsert).S(strangerID(h>>8, birth, h&1 == 0)).S(nameOf(h)).N(day - 10)
	}
}
