package synth

// tellPerson tells the registers of a person: who it is, what it is insured for, its work.
func (w *world) tellPerson(o *output, win window, l *life) {
	w.tellIdentity(o, win, l)
	w.tellRelations(o, win, l)
	w.tellJobs(o, win, l)
	w.tellAmendments(o, win, l)
	if win.in(l.deathKnown) {
		handler, _ := l.at.two(mix(l.h, 51, 0))
		r := o.row(tAC26, l.i, opInsert).I(l.key).S("1401").N(l.died).S(number("SW", l.i))
		if l.civil != never {
			r.S(number("HH", l.i)).S("火化")
		} else {
			r.Z().S("土葬")
		}
		r.S("1").S(l.at.clerks[handler]).T(stamp(l.deathKnown, 34_000+int32(l.h&16383))).S(l.at.code)
		w.log(o, l, 9, "死亡登记", l.deathKnown)
	}
	if l.h%331 == 0 && (l.kind == peasant || l.kind == elder) && win.in(l.joined) {
		r := o.row(tAC10, l.i, opInsert).I(l.key).S([3]string{"021", "022", "031"}[l.h/331%3]).N(l.joined)
		r.Z().S([3]string{"残联", "残联", "民政"}[l.h/331%3]).S(l.at.code)
	}
	if win.in(l.joined) && l.joined >= firstDay(w.h0)-365 {
		w.log(o, l, 1, "参保登记", l.joined)
	}
}

// log tells a line of the business log.
func (w *world) log(o *output, l *life, slot int64, what string, day int32) {
	handler, reviewer := l.at.two(mix(l.h, 52, uint64(slot)))
	at := stamp(day, 30_000+int32(mix(l.h, 53, uint64(slot))&16383))
	force := "0"
	if mix(l.h, 54, uint64(slot))%200 == 0 {
		force = "1"
	}
	o.row(tYWLOG, l.i*64+slot, opInsert).I(l.i*64 + slot + 1).S(what).I(l.key).S(l.at.clerks[handler]).
		S(l.at.clerks[reviewer]).T(at + 900_000_000).T(at).S(l.at.code).S(l.at.machines[handler]).S("0").S(force)
}

// shown is the value of a field of the person on a day, before the amendments that come later.
func (l *life) shown(code, value string, day int32) string {
	for k := len(l.amendments) - 1; k >= 0; k-- {
		if a := &l.amendments[k]; a.code == code && a.day > day {
			value = a.before
		}
	}
	return value
}

func (w *world) tellIdentity(o *output, win window, l *life) {
	if win.history {
		o.row(tXGAHJ, l.i, opInsert).S(l.id).S(l.name).N(l.birth).S(sexCode(l)).S(l.at.code)
	}
	if len(l.amendments) == 0 && l.joined > win.to {
		return
	}
	t1 := never
	for _, a := range l.amendments {
		if win.in(a.day) {
			t1 = a.day
		}
	}
	op := win.change(l.joined, never, l.deathKnown, t1)
	if op == opNone {
		return
	}
	id := l.shown("AAC147", l.recordedID, win.to)
	phone := mobile(l.i)
	if l.h%113 == 7 {
		phone = ""
	}
	address := w.address(l)
	if l.h%577 == 9 {
		address = ""
	}
	h := l.h >> 24
	rural, education := "10", []string{"21", "31", "41", "61", "71"}[h%5]
	if l.kind == peasant || l.kind == elder {
		rural = "20"
	}
	alive := "1"
	if l.deathKnown <= win.to {
		alive = "2"
	}
	identity := "工人"
	if l.cadre {
		identity = "干部"
	} else if rural == "20" {
		identity = "农民"
	}
	handler, _ := l.at.two(mix(l.h, 51, 1))
	r := o.row(tAC01, l.i, op).I(l.key).S(id).S(l.shown("AAC003", l.recordedName, win.to)).S(sexCode(l)).
		S([6]string{"01", "06", "09", "12", "03", "15"}[h>>8%6]).N(l.birth)
	if len(l.jobs) > 0 {
		r.N(l.jobs[0].start)
	} else {
		r.Z()
	}
	r.S(rural).SZ(address).S(education).S(identity).S("0").S("01").S(alive).
		SZ(l.shown("AAC067", phone, win.to)).S(id).S("CHN").SZ(l.shown("AAE006", address, win.to)).S(l.at.code).
		S(l.at.towns[h>>16%8]).S(l.at.villages[h>>16%8*4+h>>22%4]).S("1").S(l.at.clerks[handler]).
		T(stamp(l.joined, 31_000+int32(l.h&16383)))
}

// address is where the person lives now.
func (w *world) address(l *life) string {
	return "贵州省" + l.at.short + w.roads[l.h>>8%10] + string(rune('1'+l.h>>16%9)) + "号"
}

func sexCode(l *life) string {
	if l.female {
		return "2"
	}
	return "1"
}

// tellRelations tells one relation per line the person belongs to.
func (w *world) tellRelations(o *output, win window, l *life) {
	if l.resident != never {
		t := l.residentEnd
		if b := l.benefitOf(pension170); b != nil {
			t = b.stop
		}
		w.relation(o, win, l, pension170, l.resident, t)
	}
	if len(l.jobs) == 0 {
		return
	}
	end := never
	if l.died != never {
		end = l.deathKnown
	}
	first := l.jobs[0].start + 1
	w.relation(o, win, l, l.pensionLine(), first, end)
	if l.jobs[0].inj {
		w.relation(o, win, l, line410, first, end)
	}
	if l.jobs[0].ue {
		w.relation(o, win, l, line210, first, end)
	}
}

func (w *world) relation(o *output, win window, l *life, line, born, end int32) {
	touch := never
	if win.in(l.approved) {
		touch = l.approved
	}
	for k := range l.jobs {
		if win.in(l.jobs[k].end+1) || win.in(l.jobs[k].start+1) {
			touch = win.to
		}
	}
	op := win.change(born, never, touch, end)
	if op == opNone {
		return
	}
	state := "1"
	switch {
	case end <= win.to, (line == line210 || line == line410) && l.approved <= win.to && !l.working(win.to):
		state = "4"
	case line != pension170 && !l.working(win.to) && l.approved > win.to:
		state = "2"
	}
	kind := "011"
	if line == pension170 && l.h%97 == 0 {
		kind = "031"
	}
	o.row(tAC02, l.i*8+int64(line), op).I(l.key*8 + int64(line)).I(l.key).S(lineCode(line)).S(state).N(born - 1).
		N(ym(monthOf(born - 1))).S(kind).S(l.at.code).T(stamp(born, 32_000+int32(l.h&8191)))
}

// working reports whether the person has an open job on a day.
func (l *life) working(day int32) bool {
	for k := range l.jobs {
		if l.jobs[k].start+1 <= day && l.jobs[k].end+1 > day {
			return true
		}
	}
	return false
}

// tellJobs tells the insured spells of work and their monthly contributions.
func (w *world) tellJobs(o *output, win window, l *life) {
	for k := range l.jobs {
		j := &l.jobs[k]
		w.tellSpell(o, win, l, k, l.pensionLine())
		w.tellContributions(o, win, l, k, l.pensionLine(), 0)
		if j.ue {
			w.tellSpell(o, win, l, k, line210)
			w.tellContributions(o, win, l, k, line210, 1)
		}
		if j.inj {
			w.tellSpell(o, win, l, k, line410)
			w.tellContributions(o, win, l, k, line410, 2)
		}
		if born := j.start + 4; win.in(born) && born >= firstDay(w.h0) && l.kind == worker {
			o.row(tXJY, l.i*8+int64(k), opInsert).S(l.id).S(l.name).S(l.seg.units[j.unit].code(l.at)).N(j.start).Z()
		}
	}
}

func (w *world) tellSpell(o *output, win window, l *life, k int, line int32) {
	j := &l.jobs[k]
	op := win.change(j.start+1, never, j.end+1, never)
	if op == opNone {
		return
	}
	state, closed := "1", j.end+1 <= win.to
	if closed {
		state = "3"
	}
	form := "10"
	if j.unit == l.seg.counter {
		form = "20"
	}
	base := w.base(l, max(j.from, w.h0))
	r := o.row(tAC20, (l.i*8+int64(k))*8+int64(line), op).I((l.key*8+int64(k))*8 + int64(line)).I(l.key*8 + int64(line)).
		I(l.key).I(l.seg.units[j.unit].key).S(lineCode(line)).S(state).S(form).I(base).I(base).N(j.start).N(ym(j.from))
	if closed {
		r.N(ym(j.to)).SZ(j.reason)
	} else {
		r.Z().Z()
	}
	r.S(l.at.code).T(stamp(j.start+1, 33_000+int32(l.h&8191)))
}

// base is the contribution base of a month.
func (w *world) base(l *life, mi int32) int64 {
	y := yearOf(mi)
	v := averageWage(y) * l.wage / 1000
	if mi >= l.raiseFrom && mi <= l.raiseTo {
		v = v * l.raise / 1000
	}
	return min(max(v/100*100, baseFloor(y)), baseCeiling(y))
}

// tellContributions tells the monthly contributions of one line of a spell and adds them to the unit's.
func (w *world) tellContributions(o *output, win window, l *life, k int, line int32, slot int) {
	j := &l.jobs[k]
	u := &l.seg.units[j.unit]
	for mi := max(win.conLo, j.from); mi <= min(win.conHi, j.to); mi++ {
		w.contribution(o, win, l, k, line, slot, mi, opInsert)
	}
	if u.lag > 0 && !win.history && win.conLo <= win.conHi {
		if mi := win.conLo - u.lag; mi >= max(j.from, w.h0) && mi <= j.to && u.late(mi) {
			w.contribution(o, win, l, k, line, slot, mi, opUpdate)
		}
	}
}

func (w *world) contribution(o *output, win window, l *life, k int, line int32, slot int, mi int32, op int8) {
	j := &l.jobs[k]
	u := &l.seg.units[j.unit]
	base := w.base(l, mi)
	var unitRate, ownRate int64
	switch line {
	case line210:
		unitRate, ownRate = 70, 30
	case line410:
		unitRate = u.rate
	default:
		unitRate, ownRate = 1600, 800
	}
	if j.unit == l.seg.counter {
		unitRate, ownRate = 0, 2000
	}
	unitDue, ownDue := base*unitRate/10000, base*ownRate/10000
	due := unitDue + ownDue
	paidDay := u.paidDay(mi)
	paid := paidDay <= win.to
	key := ((l.i*8+int64(k))*4+int64(slot))<<10 | int64(mi)
	r := o.row(tAC43, key, op).I(key + 1).I(l.key).I(u.key).S(lineCode(line)).N(ym(mi)).N(ym(mi)).S("10").I(base).I(unitDue).
		I(ownDue)
	toAccount := int64(0)
	if line <= pension120 {
		toAccount = base * 800 / 10000
	}
	if paid {
		r.I(unitDue).I(ownDue).I(toAccount).N(1).S("1").N(paidDay)
		o.books.add(line, l.at.index, monthOf(paidDay), subjContribution, due)
	} else {
		r.I(0).I(0).I(0).N(0).S("0").Z()
	}
	handler, _ := l.at.two(mix(l.h, 55, 0))
	r.S("0").S(l.at.code).S(l.at.clerks[handler]).T(stamp(contribDay(mi), 32_400+int32(l.h>>44&8191)))
	o.collect(l.seg, j.unit, slot, mi, base, due, paid)
}

// tellAmendments tells changes of the person's record.
func (w *world) tellAmendments(o *output, win window, l *life) {
	for k, a := range l.amendments {
		if !win.in(a.day) {
			continue
		}
		handler, reviewer := l.at.two(mix(l.h, 56, uint64(k)))
		event := l.i*16 + int64(k)
		at := stamp(a.day, 35_000+int32(l.h&8191))
		o.row(tAE02, event, opInsert).I(event + 1).I(l.key).Z().S("1499").N(a.day).S(l.at.clerks[handler]).
			S(l.at.clerks[reviewer]).T(at).S(l.at.code)
		o.row(tAE04, event, opInsert).I(event + 1).I(l.key).Z().S(a.code).S(a.name).S(a.before).S(a.after).N(a.day).
			S(l.at.code)
		w.log(o, l, 20+int64(k), a.name+"变更", a.day)
	}
}
