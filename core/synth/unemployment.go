package synth

// joblessness makes the claim that follows the loss of the first job.
func (w *world) joblessness(l *life, d *dice) {
	w.trim(l)
	lost := l.jobs[0]
	c := &l.claim
	c.unit, c.left, c.reason = lost.unit, lost.end, []string{"01", "02", "03"}[d.n(3)]
	c.registered = c.left + 5 + d.n(25)
	c.this = lost.to - lost.from + 1
	c.all = c.this + d.n(40)
	c.granted = benefitLimit(c.all)
	b := benefit{line: line210, start: lost.to + 1, approved: c.registered + 3 + d.n(10), stop: never, end: never,
		holder: l.i, category: "21", amount: [3]int64{0, 42_000, 0}}
	b.handler, b.reviewer = l.at.two(mix(l.h, 33, 0))
	b.last = b.start + c.granted - 1
	b.stop, b.end = payDay(b.last)+1, b.last
	if len(l.jobs) > 1 {
		w.returnToWork(l, &b, l.jobs[1].start)
	}
	if c.granted == 0 || b.last < b.firstPaid() || b.approved > l.died-60 {
		return
	}
	c.on, c.benefit = true, int8(len(l.benefits))
	l.benefits = append(l.benefits, b)
}

// returnToWork ends the benefit in time: the month in which work begins is still paid when the run comes before.
func (w *world) returnToWork(l *life, b *benefit, start int32) {
	last := monthOf(start) - 1
	if payDay(last+1) < start+2 {
		last++
	}
	if last <= b.last {
		b.last, b.end, b.stop = last, last, start+2
	}
}

// dropClaim takes back a claim that would run into retirement.
func (w *world) dropClaim(l *life, retired int32) {
	if !l.claim.on || payDay(l.benefits[l.claim.benefit].last) < retired {
		return
	}
	l.claim = claim{}
	l.benefits = l.benefits[:0]
}

// drawn counts the months of unemployment benefit paid up to a day.
func (w *world) drawn(l *life, b *benefit, to int32) int32 {
	first := b.firstPaid()
	if payDay(first) > to {
		return 0
	}
	hi := monthOf(to)
	if payDay(hi) > to {
		hi--
	}
	n := int32(0)
	for mi := b.start; mi <= min(hi, b.last); mi++ {
		if !b.paused(mi) && !w.held(l.i, line210, payDay(max(mi, first))) {
			n++
		}
	}
	return n
}

// tellClaim tells the unemployment file of a person.
func (w *world) tellClaim(o *output, win window, l *life) {
	c := &l.claim
	if !c.on {
		return
	}
	b := &l.benefits[c.benefit]
	touch := never
	if !win.history && win.payLo <= win.payHi && b.firstPaid() <= win.payLo && win.payLo <= b.last {
		touch = payDay(win.payLo)
	}
	if op := win.change(b.approved, never, touch, b.stop); op != opNone {
		drawn := w.drawn(l, b, win.to)
		granted := max(c.granted, drawn)
		state := "1"
		if b.stop <= win.to {
			state = "4"
		}
		o.row(tJC10, l.i*4, op).I(benefitKey(l, line210)).I(l.key).I(l.seg.units[c.unit].key).N(c.left).S(c.reason).
			N(c.registered).N(c.this).N(c.all).N(granted).N(drawn).N(granted-drawn).N(ym(b.start)).
			NZ(ym(min(b.end, 4000)), b.stop <= win.to).S(state).S(l.at.code).
			S(l.at.clerks[b.handler]).S(l.at.clerks[b.reviewer]).T(stamp(b.approved, 33_000+int32(l.h%20_000)))
		o.row(tJC12, l.i*4, op).I(l.key).I(benefitKey(l, line210)).N(ym(b.start)).
			NZ(ym(min(b.end, 4000)), b.stop <= win.to).S(l.at.code)
		for k, item := range []string{"210101", "210102"} {
			amount := b.amount[1]
			if k == 0 {
				amount = jobless(yearOf(b.start), l.at.class)
			}
			o.row(tJB15, l.i*8+int64(k), op).I(benefitKey(l, line210)).I(l.key).S(item).N(ym(b.start)).
				NZ(ym(min(b.end, 4000)), b.stop <= win.to).I(amount).S(l.at.code)
		}
	}
	if win.in(c.registered) {
		o.row(tJB12, l.i, opInsert).I(l.key*10 + 3).I(l.key).I(l.seg.units[c.unit].key).S("失业保险金申领").N(c.registered).
			S(l.at.clerks[b.handler]).S(l.at.clerks[b.reviewer]).S(l.at.code)
	}
}

// tellSubsidies tells the grants for skills and training.
func (w *world) tellSubsidies(o *output, win window, l *life) {
	if l.grantPaid == never || !win.in(l.grantPaid) {
		return
	}
	h := mix(l.h, 340, 0)
	issued := l.grantPaid - 30 - pick(h, 200)
	level := pick(h>>7, 3)
	trade := w.jobNames[pick(h>>13, int32(len(w.jobNames)))]
	certificate := number("S5200", l.i)
	if h%25 == 0 && l.story == nil { // the centre's own number typed instead of the certificate's
		certificate = number("S5200", int64(l.at.index/10))
	}
	amount := int64(100_000 + 50_000*level)
	o.row(tJC11, l.i, opInsert).I(l.key*10 + 4).I(l.key).S(trade).S([3]string{"5", "4", "3"}[level]).S(certificate).
		N(issued).S("贵州" + l.at.short + "技能评价中心").N(l.grantPaid - 10).I(amount).S(l.at.code)
	o.books.add(line210, l.at.index, monthOf(l.grantPaid), subjSkill, amount)
	if h%3 == 0 {
		o.row(tJC15, l.i, opInsert).I(l.key*10 + 5).I(l.key).S("贵州" + l.at.short + "职业培训学校").N(issued - 60).
			N(issued - 20).I(80_000).S(l.at.code)
		o.books.add(line210, l.at.index, monthOf(l.grantPaid), subjOther, 80_000)
	}
}

// tellCertificate tells the list of skill certificates, which knows them before the subsidy is paid.
func (w *world) tellCertificate(o *output, win window, l *life) {
	if l.grantPaid == never {
		return
	}
	h := mix(l.h, 340, 0)
	issued := l.grantPaid - 30 - pick(h, 200)
	if !win.in(issued + 7) {
		return
	}
	o.row(tXZS, l.i, opInsert).S(number("S5200", l.i)).S(l.id).S(l.name).
		S(w.jobNames[pick(h>>13, int32(len(w.jobNames)))]).S([3]string{"5", "4", "3"}[pick(h>>7, 3)]).N(issued)
}
