package synth

// resident draws the years of a person in the resident scheme: joining, yearly contributions, a pension from the
// month after the sixtieth birthday.
func (w *world) resident(l *life, d *dice) {
	l.resident = max(l.birth+16*365+30, dayOf(2011, 1, 1)+d.n(8*365))
	if d.chance(400) && l.story == nil && l.kind == peasant {
		l.resident = max(l.resident, firstDay(w.h0)+d.n(w.horizon-firstDay(w.h0)))
	}
	l.grade = [8]int32{0, 0, 1, 2, 2, 3, 4, 5}[d.n(8)]
	start := monthOf(l.birth) + 60*12 + 1
	approved := firstDay(start) + d.n(9)
	if d.chance(500) {
		approved += 20 + d.n(70)
	}
	acct := 200 + int64(d.n(1400))
	if approved > w.horizon || approved > l.died-40 {
		return
	}
	b := benefit{line: pension170, start: start, approved: approved, last: never, stop: never, end: never,
		holder: l.i, category: "17", amount: [3]int64{0, acct, 0}}
	b.handler, b.reviewer = l.at.two(mix(l.h, 32, 0))
	l.benefits = append(l.benefits, b)
	l.residentEnd = min(l.residentEnd, approved)
}

// residentGrade is the yearly contribution of a grade.
func residentGrade(g int32) int64 {
	return [6]int64{20_000, 30_000, 50_000, 100_000, 150_000, 200_000}[g]
}

// pays reports whether the person contributes to the resident scheme in a year, and on which day.
func (w *world) pays(l *life, year int32) (day int32, ok bool) {
	h := mix(l.h, 301, uint64(year))
	day = dayOf(year, 3, 1) + pick(h, 240)
	return day, l.resident < day && l.residentEnd > day && mix(l.h, 300, 0)%100 < 93
}

// tellResident tells contributions, account and yearly ledger of the resident scheme.
func (w *world) tellResident(o *output, win window, l *life) {
	if l.resident == never {
		return
	}
	y0, y1 := yearOf(w.h0)+1, yearOf(monthOf(win.to))
	if !win.history {
		y0 = y1 - 1
	}
	for y := y0; y <= y1; y++ {
		w.tellContribution(o, win, l, y)
	}
	w.tellAccount(o, win, l)
}

func (w *world) tellContribution(o *output, win window, l *life, y int32) {
	day, ok := w.pays(l, y)
	if !ok || !win.in(day) {
		return
	}
	own, subsidy := residentGrade(l.grade), w.subsidy(l)
	rid := l.i*128 + int64(y-2000)
	special, poor := "011", l.h%97 == 0
	if poor {
		special = "031"
	}
	r := o.row(tAC27, rid, opInsert).I(l.key).N(y).S("10").I(own).I(subsidy).I(0)
	if poor {
		r.I(10_000)
	} else {
		r.I(0)
	}
	r.S(special).S("1").S(l.at.code).T(stamp(day, 32_400+int32(l.h%20_000)))
	o.row(tAC09, rid, opInsert).I(l.key).N(y).I(own).N(day).N(day - int32(l.h%3)).S(number("ZJ", rid)).S(l.at.code)
	o.books.add(pension170, l.at.index, monthOf(day), subjContribution, own)
}

func (w *world) subsidy(l *life) int64 { return 3_000 + int64(l.grade)*1_500 }

// tellAccount tells the account and its ledger, both brought up to date on the first days of January.
func (w *world) tellAccount(o *output, win window, l *life) {
	settled := yearOf(monthOf(win.to))
	if win.to < settleDay(settled) {
		settled--
	}
	touch := settleDay(settled)
	op := win.change(l.resident+2, never, touch, never)
	if op == opNone {
		return
	}
	b := l.benefitOf(pension170)
	opened := yearOf(monthOf(l.resident))
	years := max(0, yearOf(w.h0)+1-opened)
	principal := int64(years) * (residentGrade(l.grade) + w.subsidy(l)) * 6 / 10
	if b != nil {
		principal += b.amount[1] * 200
	}
	interest, out := principal/12, int64(0)
	for y := max(opened, yearOf(w.h0)+1); y < settled; y++ {
		opening := principal + interest - out
		var paid, added, subsidy int64
		if _, ok := w.pays(l, y); ok {
			added, subsidy = residentGrade(l.grade), w.subsidy(l)
		}
		if b != nil {
			paid = int64(w.monthsPaid(l, b, y)) * b.amount[1]
		}
		gain := opening / 40
		if born := max(settleDay(y+1), l.resident+2); win.in(born) {
			o.row(tAC12, l.i*128+int64(y-2000), opInsert).I(l.key*10 + 1).I(l.key).N(y).I(opening).I(added).
				I(subsidy).I(gain).I(paid).I(opening + added + subsidy + gain - paid).S(l.at.code)
		}
		principal += added + subsidy
		interest += gain
		out += paid
	}
	r := o.row(tAC11, l.i, op).I(l.key*10 + 1).I(l.key).I(principal).I(interest).I(out).I(principal + interest - out)
	r.N(ym(monthOf(l.resident))).S("1").S(l.at.code)
}

// settleDay is the day in January on which the accounts of the year before are settled.
func settleDay(y int32) int32 { return dayOf(y, 1, 5) }

// monthsPaid counts the runs of a year in which the benefit was paid regularly.
func (w *world) monthsPaid(l *life, b *benefit, y int32) int32 {
	n := int32(0)
	for mi := max(january(y), b.firstPaid()); mi < january(y+1) && mi <= b.last; mi++ {
		if !b.paused(mi) && !w.held(l.i, b.line, payDay(mi)) {
			n++
		}
	}
	return n
}
