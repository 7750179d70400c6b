package synth

// joblessStories are about unemployment benefit.
func joblessStories() []storyDef {
	return []storyDef{
		{name: "draws-while-working", kind: Plant, rules: []string{"SY-005"}, cast: castAs(worker), born: aged(32, 12),
			when: onContrib, note: "重新就业参保后继续领取失业金",
			act: func(w *world, l *life, v int32) {
				b := w.loseJob(l, monthOf(v)-6-l.chance(1, 3), 150)
				w.hire(l, firstDay(monthOf(v)-1)+4)
				b.last = monthOf(v) + l.chance(2, 3)
				b.stop, b.end = payDay(b.last)+5, monthOf(v)-2
				l.reveal(v, w.monthly(l, b, monthOf(v)))
			}},
		{name: "first-month-of-work", kind: LookAlike, rules: []string{"SY-005"}, cast: castAs(worker), born: aged(32, 12),
			when: onContrib, note: "就业当月已发失业金，次月停发",
			act: func(w *world, l *life, v int32) {
				b := w.loseJob(l, monthOf(v)-6-l.chance(1, 3), 150)
				w.hire(l, payDay(monthOf(v))+2)
				b.last, b.end, b.stop = monthOf(v), monthOf(v), payDay(monthOf(v))+4
				l.reveal(v, 0)
			}},
		{name: "works-after-benefit", kind: LookAlike, rules: []string{"SY-005"}, cast: castAs(worker), born: aged(32, 12),
			when: onContrib, note: "失业金期满后再就业",
			act: func(w *world, l *life, v int32) {
				b := w.loseJob(l, monthOf(v)-7, 150)
				w.hire(l, firstDay(monthOf(v))+3)
				b.last, b.end, b.stop = monthOf(v)-1, monthOf(v)-1, firstDay(monthOf(v))+4
				l.reveal(v, 0)
			}},
		{name: "draws-too-long", kind: Plant, rules: []string{"SY-019"}, cast: castAs(worker), born: aged(30, 10), when: onPay,
			note: "领取月数超过法定期限",
			act: func(w *world, l *life, v int32) {
				b := w.loseJob(l, monthOf(v)-13, 30)
				l.claim.granted = 14
				b.last = b.start + 13
				b.stop, b.end = payDay(b.last)+1, b.last
				l.reveal(v, w.monthly(l, b, monthOf(v)))
			}},
		{name: "draws-to-the-limit", kind: LookAlike, rules: []string{"SY-019"}, cast: castAs(worker), born: aged(30, 10), when: onPay,
			note: "恰好领满法定期限",
			act: func(w *world, l *life, v int32) {
				w.loseJob(l, monthOf(v)-12, 30)
				l.reveal(v, 0)
			}},
	}
}

// loseJob ends the work in month cut after paid months of contribution; the benefit begins with the month after.
func (w *world) loseJob(l *life, cut, paid int32) *benefit {
	end := firstDay(cut) + 24
	l.jobs = append(l.jobs[:0], job{unit: l.seg.enterprises[0], start: firstDay(cut-paid+1) + 2, end: end, reason: "2402",
		ue: true, inj: true})
	w.trim(l)
	l.retire, l.retired, l.approved = never, never, never
	c := &l.claim
	*c = claim{on: true, unit: l.seg.enterprises[0], left: end, registered: end + 4, reason: "02", this: paid, all: paid,
		granted: benefitLimit(paid)}
	b := benefit{line: line210, start: cut + 1, approved: end + 8, stop: never, end: never, holder: l.i, category: "21",
		amount: [3]int64{0, 42_000, 0}}
	b.handler, b.reviewer = l.at.two(mix(l.h, 33, 0))
	b.last = b.start + c.granted - 1
	b.stop, b.end = payDay(b.last)+1, b.last
	l.benefits = append(l.benefits[:0], b)
	l.joined = min(l.joined, l.jobs[0].start+1)
	return &l.benefits[0]
}

// hire gives the person new work at another unit of the segment.
func (w *world) hire(l *life, start int32) {
	units := l.seg.enterprises
	u := units[0]
	for _, other := range units[1:] {
		if l.seg.units[other].lag == 0 {
			u = other
		}
	}
	l.jobs = append(l.jobs, job{unit: u, start: start, end: never, ue: true, inj: true})
	w.trim(l)
}

// injuryStories are about accidents at work.
func injuryStories() []storyDef {
	return []storyDef{
		{name: "insured-after-accident", kind: Plant, rules: []string{"GS-004"}, cast: castAs(worker), born: aged(25, 20),
			note: "事故发生后才参保",
			act: func(w *world, l *life, v int32) {
				w.hurt(l, v-75, v-75-l.chance(1, 20), v)
				l.reveal(v, l.injury.cost*9/10)
			}},
		{name: "hurt-on-second-day", kind: LookAlike, rules: []string{"GS-004"}, cast: castAs(worker), born: aged(25, 20),
			note: "参保次日发生事故",
			act: func(w *world, l *life, v int32) {
				w.hurt(l, v-75, v-74, v)
				l.reveal(v, 0)
			}},
		{name: "wrong-lump-sum", kind: Plant, rules: []string{"GS-032"}, cast: castAs(worker), born: aged(30, 20),
			note: "一次性伤残补助金计发月数多算",
			act: func(w *world, l *life, v int32) {
				wage := w.lump(l, v)
				l.extras[len(l.extras)-1].amount += 2 * wage
				l.reveal(v, 2*wage)
			}},
		{name: "lump-sum-in-two", kind: LookAlike, rules: []string{"GS-032"}, cast: castAs(worker), born: aged(30, 20),
			note: "一次性伤残补助金同日分两笔足额支付",
			act: func(w *world, l *life, v int32) {
				wage := w.lump(l, v)
				l.extras[len(l.extras)-1].amount -= wage
				rest := l.extras[len(l.extras)-1]
				rest.act, rest.amount, rest.batch = '2', wage, 3
				l.extras = append(l.extras, rest)
				l.reveal(v, 0)
			}},
		{name: "death-at-work", cast: castFamily, born: aged(30, 20), run: 2, act: (*world).orphan},
	}
}

// hurt starts work on one day and has an accident on another; the decision falls on day v.
func (w *world) hurt(l *life, start, day, v int32) {
	l.jobs = append(l.jobs[:0], job{unit: l.seg.enterprises[0], start: start, end: never, ue: true, inj: true})
	w.trim(l)
	l.retire, l.retired, l.approved = never, never, never
	l.benefits = l.benefits[:0]
	l.joined = start + 1
	l.injury = injury{on: true, day: day, unit: l.seg.enterprises[0], declared: start + 12, accepted: start + 16,
		concluded: v, appraised: never, verdict: "1", wage: averageWage(yearOf(monthOf(day))) * l.wage / 1000 / 100 * 100,
		visit: day, cost: 1_500_000 + int64(l.chance(9, 2_000_000))}
	w.settleInjury(l, v+60)
}

// lump has a lawful accident whose lump sum is paid on day v; it returns the wage it is reckoned by.
func (w *world) lump(l *life, v int32) int64 {
	w.hurt(l, v-900, v-300, v-220)
	n := &l.injury
	n.declared, n.accepted = v-290, v-280
	n.grade, n.appraised = 6+l.chance(3, 5), v-25
	l.extras = l.extras[:0]
	w.settleInjury(l, v-150)
	return n.wage
}

// castFamily makes the first of two a worker, the second someone who depended on him.
func castFamily(w *world, l *life, d *dice) {
	kind := worker
	if l.role == 1 {
		kind = peasant
	}
	castAs(kind)(w, l, d)
	l.female = l.role == 1
}

// orphan has a worker die at work; lump sums and a monthly allowance go to the dependant.
func (w *world) orphan(l *life, v int32) {
	died := v - 70
	wage := averageWage(yearOf(monthOf(died))) * 8 / 10
	if l.role == 1 {
		l.sibling = l.story.first
		b := benefit{line: line410, start: monthOf(died) + 1, approved: v, last: never, stop: never, end: never, holder: l.i,
			category: "42", amount: [3]int64{wage * 4 / 10, 0, 0}, steady: true}
		b.handler, b.reviewer = l.at.two(mix(l.h, 34, 0))
		l.benefits = append(l.benefits[:0], b)
		l.certFirst = v + l.chance(1, 200)
		return
	}
	w.hurt(l, died-900, died, v-10)
	n := &l.injury
	n.fatal, n.declared, n.accepted = true, died+8, died+12
	l.extras = l.extras[:0]
	w.register(l, died, died+6, died+9)
	w.endWork(l, died, "1401")
	mi := monthOf(died)
	l.extras = append(l.extras,
		extra{day: v, line: line410, act: '1', item: "410105", from: mi, to: mi, amount: 20 * urbanIncome(yearOf(mi)-1)},
		extra{day: v, line: line410, act: '1', item: "410106", from: mi, to: mi, amount: 6 * averageWage(yearOf(mi)-1)})
}
