package synth

// disability makes the life of one who was hurt before the history began and draws an allowance.
func (w *world) disability(l *life, d *dice) {
	hurt := firstDay(w.h0) - 300 - d.n(9*365)
	units := l.seg.enterprises
	u := units[d.n(int32(len(units)))]
	l.jobs = append(l.jobs, job{unit: u, start: hurt - 200 - d.n(900), end: hurt + 200, reason: "1499", inj: true})
	w.trim(l)
	l.injury = injury{on: true, day: hurt, unit: u, declared: hurt + 12, accepted: hurt + 16, concluded: hurt + 40,
		appraised: hurt + 170, verdict: "1", grade: 1 + d.n(4), wage: 290_000 + int64(d.n(120_000)), visit: hurt,
		cost: 2_000_000 + int64(d.n(6_000_000))}
	if l.injury.grade == 1 {
		l.injury.care = 1 + d.n(3)
	}
	w.settleInjury(l, hurt+200)
	b := benefit{line: line410, start: monthOf(hurt+170) + 1, approved: hurt + 200, last: never, stop: never,
		end: never, holder: l.i, category: "41", unit: l.seg.units[u].key, steady: true}
	b.amount[0] = l.injury.wage * allowancePercent(l.injury.grade) / 100
	if l.injury.care > 0 {
		b.amount[1] = averageWage(2023) * int64(6-l.injury.care) / 10
	}
	b.handler, b.reviewer = l.at.two(mix(l.h, 34, 0))
	l.benefits = append(l.benefits, b)
}

// accident draws an accident at work with its decisions and payments; the person stays at work.
func (w *world) accident(l *life, d *dice) {
	if len(l.jobs) == 0 || !l.jobs[0].inj {
		return
	}
	j := l.jobs[0]
	from := max(j.start+40, firstDay(w.h0))
	to := min(j.end, l.retired, w.horizon) - 60
	if from >= to || l.died != never {
		return
	}
	day := from + d.n(to-from)
	l.injury = injury{on: true, day: day, unit: j.unit, declared: day + 4 + d.n(22), verdict: "1", visit: day,
		wage: averageWage(yearOf(monthOf(day))) * l.wage / 1000 / 100 * 100, cost: 100_000 + int64(d.n(1_000_000))}
	n := &l.injury
	n.accepted = n.declared + 1 + d.n(9)
	n.concluded = n.accepted + 8 + d.n(40)
	switch x := d.n(100); {
	case x < 4:
		n.verdict = "3"
	case x < 9:
		n.verdict = "2"
	}
	n.appraised = never
	if n.verdict != "3" && d.chance(5500) {
		n.grade = 5 + d.n(6)
		n.appraised = n.concluded + 50 + d.n(90)
	}
	if n.verdict != "3" {
		w.settleInjury(l, n.concluded+60+d.n(40))
	}
}

// settleInjury pays treatment and, after appraisal, the lump sum.
func (w *world) settleInjury(l *life, paid int32) {
	n := &l.injury
	mi := monthOf(n.visit)
	l.extras = append(l.extras, extra{day: paid, line: line410, act: '1', item: "400010", from: mi, to: mi,
		amount: n.cost * 9 / 10, batch: 1})
	if n.grade > 0 {
		mi = monthOf(n.appraised)
		l.extras = append(l.extras, extra{day: n.appraised + 25, line: line410, act: '1', item: "410101", from: mi,
			to: mi, amount: injuryMonths(n.grade) * n.wage, batch: 2})
	}
}

// tellInjury tells the file of an accident: report, decision, appraisal, entitlement, treatment.
func (w *world) tellInjury(o *output, win window, l *life) {
	n := &l.injury
	if !n.on {
		return
	}
	file := l.key*10 + 6
	unit := l.seg.units[n.unit].key
	part := w.bodyParts[l.h%uint64(len(w.bodyParts))]
	harm := "3"
	if n.grade > 0 && n.grade <= 4 {
		harm = "2"
	}
	if n.fatal {
		harm = "1"
	}
	handler, reviewer := l.at.two(mix(l.h, 35, 0))
	if win.in(n.declared) {
		o.row(tLC30, l.i, opInsert).I(file).I(l.key).I(unit).N(n.day).S(part).S(harm).N(n.declared).
			S("工作中受伤，送医治疗").S(l.at.code)
	}
	if win.in(n.concluded) {
		r := o.row(tLC31, l.i, opInsert).I(file + 1).I(file).I(l.key).I(unit).N(n.day).S(part).S(harm).N(n.declared).
			N(n.accepted).S(n.verdict).N(n.concluded).S("工伤保险条例第十四条").S(number("GSRD", l.i))
		if n.fatal {
			r.S("1").N(n.day)
		} else {
			r.Z().Z()
		}
		r.S(l.at.code).S(l.at.clerks[handler]).S(l.at.clerks[reviewer])
	}
	if n.verdict == "3" || n.verdict == "4" {
		return
	}
	w.tellTreatment(o, win, l)
	if n.grade == 0 {
		return
	}
	if win.in(n.appraised - 40) {
		o.row(tLC50, l.i, opInsert).I(file + 2).I(file + 1).I(l.key).N(n.appraised - 40).S("本人").S(l.at.code)
	}
	if win.in(n.appraised) {
		r := o.row(tLC03, l.i, opInsert).I(file + 2).I(file + 1).I(l.key).S(gradeCode(n.grade))
		r.SZ(careCode(n.care)).N(n.appraised).S(number("LJ", l.i)).S("因工").S("初次鉴定").S(l.at.code)
	}
	w.tellEntitlement(o, win, l)
}

// tellEntitlement tells LC01, which follows the benefit when there is a periodic one.
func (w *world) tellEntitlement(o *output, win window, l *life) {
	n := &l.injury
	born, stop, start, state := n.appraised+10, never, monthOf(n.appraised)+1, "1"
	if b := l.benefitOf(line410); b != nil {
		born, stop = max(born, b.approved), b.stop
	}
	if stop <= win.to {
		state = "4"
	}
	op := win.change(born, never, stop, never)
	if op == opNone {
		return
	}
	o.row(tLC01, l.i, op).I(benefitKey(l, line410)).I(l.key).I(l.key*10 + 7).S(gradeCode(n.grade)).SZ(careCode(n.care)).
		I(n.wage).S(state).N(ym(start)).S(l.at.code)
}

// tellTreatment tells the visit to a contracted hospital and its settlement.
func (w *world) tellTreatment(o *output, win window, l *life) {
	n := &l.injury
	file := l.key*10 + 7
	hospital := hospitalCode(l.at)
	if win.in(n.concluded + 5) {
		o.row(tLC24, l.i, opInsert).I(file).I(l.key).I(file).S(hospital).N(n.visit).N(n.visit + 9).S(l.at.code)
	}
	if win.in(n.concluded + 30) {
		o.row(tLC26, l.i, opInsert).I(file).I(file).I(l.key).I(file).S(hospital).N(n.visit).I(n.cost).I(n.cost * 9 / 10).
			N(n.concluded + 30).S(l.at.code)
	}
}

func gradeCode(g int32) string {
	return [11]string{"", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10"}[g]
}

func careCode(c int32) string { return [4]string{"", "1", "2", "3"}[c] }

func hospitalCode(at *place) string { return "YY" + at.code }
