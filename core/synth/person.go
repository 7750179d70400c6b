package synth

import "math"

// imagine computes the life of person i: first who it is, then an ordinary lawful life, then what the person's
// story makes of it.
func (w *world) imagine(l *life, i int64, seg *segment) {
	l.clear()
	l.i, l.key, l.seg, l.at = i, personKey(i), seg, seg.at
	l.h = mix(w.seed, 200, uint64(i))
	d := dice{s: l.h}
	w.cast(l, &d)
	if l.story = w.storyAt(i); l.story != nil {
		l.role = int32(i - l.story.first)
		l.story.def.cast(w, l, &d)
	}
	w.age(l, &d)
	w.live(l, &d)
	if l.story != nil {
		l.story.def.act(w, l, l.story.day)
	}
}

// cast draws what the person is; the shares follow the calibration in stories.md.
func (w *world) cast(l *life, d *dice) {
	l.female = d.chance(4900)
	r := d.n(10000)
	switch {
	case r < 5:
		l.kind = disabled
	case r < 2370:
		switch x := d.n(1000); {
		case x < 175:
			l.kind = retiree
		case x < 360:
			l.kind = flexible
		default:
			l.kind = worker
		}
	case r < 2975:
		l.kind = official
		if d.n(1000) < 275 {
			l.kind = emeritus
		}
	default:
		l.kind = peasant
		if d.n(1000) < 250 {
			l.kind = elder
		}
	}
	l.cadre = l.kind == official || l.kind == emeritus || d.chance(2500)
}

// age draws the birthday that fits the archetype, counted from the end of history.
func (w *world) age(l *life, d *dice) {
	limit := int32(60)
	if l.female {
		limit = 50
		if l.cadre {
			limit = 55
		}
	}
	const year = 365
	switch l.kind {
	case retiree, emeritus:
		since := d.n(13*year) + d.n(13*year)
		l.birth = w.t0 - limit*year - limit/4 - 400 - since
	case elder:
		l.birth = w.t0 - 60*year - 40 - d.n(14*year) - d.n(14*year)
	case peasant:
		l.birth = w.t0 - 16*year - 60 - d.n(44*year-90)
	case disabled:
		l.birth = w.t0 - 32*year - d.n((limit-35)*year)
	default:
		l.birth = w.t0 - 20*year - d.n((limit-20)*year)
	}
	if l.story != nil && l.story.def.born != nil {
		l.birth = l.story.def.born(w, l, d)
	}
}

// live draws an ordinary life.
func (w *world) live(l *life, d *dice) {
	l.wage = 560 + int64(d.n(140)) + int64(d.n(140))
	if d.chance(600) {
		l.wage += int64(d.n(1500))
	}
	w.mortality(l, d)
	switch l.kind {
	case peasant, elder:
		w.resident(l, d)
	case disabled:
		w.disability(l, d)
	default:
		w.work(l, d)
		w.retirement(l, d)
	}
	w.custom(l, d)
	w.certify(l, d)
	w.bury(l, d)
	l.joined = w.firstKnown(l)
}

// mortality draws the day of death; persons of a story die only by their story.
func (w *world) mortality(l *life, d *dice) {
	u := (float64(d.next()>>11) + 0.5) / (1 << 53)
	if l.story != nil {
		return
	}
	age := (w.t0 - l.birth) / 365
	q := 0.0012
	switch {
	case age >= 80:
		q = 0.085
	case age >= 70:
		q = 0.033
	case age >= 60:
		q = 0.013
	case age >= 50:
		q = 0.005
	}
	if years := -math.Log(u) / q; years < 6 {
		if day := firstDay(w.h0) + int32(years*365); day < w.horizon {
			l.died = day
		}
	}
}

// work draws the spells of work of an employee or of one who pays for himself.
func (w *world) work(l *life, d *dice) {
	entry := l.birth + (19+d.n(5))*365 + d.n(300)
	start := max(entry, firstDay(w.h0)-60-d.n(14*365))
	if l.kind == retiree || l.kind == emeritus {
		start = max(entry, l.birth+30*365)
	}
	units := l.seg.enterprises
	if l.pensionLine() == pension120 {
		units = l.seg.bureaus
	}
	first := job{unit: units[d.n(int32(len(units)))], start: start, end: never, inj: true}
	if l.story != nil {
		first.unit = units[0]
	}
	first.ue = d.chance(6200)
	if l.kind == flexible {
		first = job{unit: l.seg.counter, start: start, end: never}
	}
	pattern := d.n(100)
	cut := firstDay(w.h0) + 60 + d.n(w.horizon-firstDay(w.h0)-160)
	if l.pensionLine() == pension120 {
		first.ue = d.chance(7700)
	}
	if l.story != nil || l.kind == flexible || l.pensionLine() == pension120 || cut < start+400 {
		pattern = 0
	}
	switch {
	case pattern < 70:
		l.jobs = append(l.jobs, first)
	case pattern < 94:
		next := first
		first.end, first.reason = cut, "2405"
		next.unit, next.start = units[d.n(int32(len(units)))], cut+1+d.n(45)
		l.jobs = append(l.jobs, first, next)
	default:
		first.ue = true
		first.end, first.reason = cut, "2402"
		l.jobs = append(l.jobs, first)
		if gap := d.between(2, 20); d.chance(7500) {
			next := first
			next.end, next.reason = never, ""
			next.unit, next.start = units[d.n(int32(len(units)))], firstDay(monthOf(cut)+gap)+d.n(27)
			l.jobs = append(l.jobs, next)
		}
		w.joblessness(l, d)
	}
	w.trim(l)
}

// trim makes months of contribution from days of work; a month belongs to the earlier unit.
func (w *world) trim(l *life) {
	before := always
	for k := range l.jobs {
		j := &l.jobs[k]
		j.from, j.to = monthOf(j.start), never
		if contribDay(j.from) <= j.start+1 {
			j.from++
		}
		j.from = max(j.from, before)
		if j.end != never {
			j.to = monthOf(j.end)
		}
		before = j.to + 1
	}
}

// endWork closes what work there is on a day and drops spells that would begin later.
func (w *world) endWork(l *life, day int32, reason string) {
	kept := l.jobs[:0]
	for _, j := range l.jobs {
		if j.start >= day {
			continue
		}
		if j.end > day {
			j.end, j.reason, j.to = day, reason, monthOf(day)
		}
		kept = append(kept, j)
	}
	l.jobs = kept
}

// retirement draws when and how the person retires, and the pension.
func (w *world) retirement(l *life, d *dice) {
	at := statutoryMonth(l.birth, l.female, l.cadre)
	original := originalMonth(l.birth, l.female, l.cadre)
	l.retireKind = "1"
	switch how := d.n(100); {
	case l.story != nil:
	case how < 6 && at > original+1:
		l.retireKind, at = "4", at-d.between(1, at-original-1)
	case how < 9 && at >= january(2025):
		l.retireKind, at = "5", at+d.between(1, 24)
	case how < 12:
		l.retireKind, at = []string{"2", "3"}[d.n(2)], at-d.between(24, 60)
	}
	if l.story != nil && l.story.def.retire != nil {
		l.retireKind, at = l.story.def.retire(w, l, at)
	}
	_, _, day := civil(l.birth)
	retired := min(firstDay(at)+day-1, lastDay(at))
	lag := 4 + d.n(31)
	if d.chance(500) {
		lag += 60
	}
	if retired+lag > w.horizon || retired > l.died-120 {
		return
	}
	l.retire, l.retired, l.approved = at, retired, retired+lag
	l.fileBirth = l.birth
	if l.story != nil && l.story.def.approve != nil {
		l.approved = l.story.def.approve(w, l)
	}
	w.endWork(l, retired, "2406")
	w.dropClaim(l, retired)
	l.earlyWork = d.n(120)
	w.grant(l, d)
}

// grant makes the pension of a retired employee.
func (w *world) grant(l *life, d *dice) {
	b := benefit{line: l.pensionLine(), start: l.retire + 1, approved: l.approved, last: never, stop: never,
		end: never, holder: l.i, category: "11"}
	if n := len(l.jobs); n > 0 {
		b.unit = l.seg.units[l.jobs[n-1].unit].key
	}
	if b.line == pension110 {
		total := 95_000 + int64(d.n(130_000)) + int64(d.n(130_000))
		if d.chance(1000) {
			total += int64(d.n(250_000))
		}
		b.amount = [3]int64{total * 5 / 10, total * 3 / 10, 0}
		if d.chance(5000) {
			b.amount[2] = total * 2 / 10
		} else {
			b.amount[0] += total * 2 / 10
		}
	} else {
		total := 320_000 + int64(d.n(190_000)) + int64(d.n(190_000))
		b.amount = [3]int64{total * 8 / 10, total * 2 / 10, 0}
	}
	b.handler, b.reviewer = l.at.two(mix(l.h, 31, 0))
	l.benefits = append(l.benefits, b)
}

// certify plans the yearly proof of being alive: never more than 330 days apart.
func (w *world) certify(l *life, d *dice) {
	l.certStep = 290 + d.n(41)
	for k := range l.benefits {
		b := &l.benefits[k]
		if b.line == line210 {
			continue
		}
		l.certFirst = firstDay(w.h0) - 1 - d.n(l.certStep)
		if b.approved > firstDay(w.h0)-300 {
			l.certFirst = b.approved + d.n(280)
		}
	}
}

// bury registers a death in time for the next run of payments, and later only where nothing is paid.
func (w *world) bury(l *life, d *dice) {
	if l.died == never {
		return
	}
	next := payDay(monthOf(l.died) + 1)
	l.deathKnown = min(l.died+2+d.n(25), next-1)
	if l.kind == peasant && len(l.benefits) == 0 && d.chance(1500) {
		l.deathKnown = l.died + 30 + d.n(700)
	}
	l.listDied = l.died
	l.police = l.died + 3 + d.n(40)
	if d.chance(7000) {
		l.civil = l.died + 5 + d.n(30)
	}
	if d.chance(6000) {
		l.clinic = l.died + 3 + d.n(30)
	}
	w.endWork(l, l.died, "1401")
	l.certEnd = l.died
	l.residentEnd = min(l.residentEnd, l.died)
	for k := range l.benefits {
		b := &l.benefits[k]
		if b.stop > l.deathKnown {
			b.stop, b.end = l.deathKnown, monthOf(l.died)
			b.last = min(b.last, monthOf(l.died))
		}
	}
	w.funeral(l, d)
}

// funeral pays the lump sums after a death.
func (w *world) funeral(l *life, d *dice) {
	day := l.deathKnown + 3 + d.n(20)
	mi := monthOf(l.died)
	for _, b := range l.benefits {
		switch b.line {
		case pension110:
			income := urbanIncome(yearOf(mi)) / 12
			l.extras = append(l.extras,
				extra{day: day, line: b.line, act: '1', item: "110201", from: mi, to: mi, amount: 2 * income, batch: 0},
				extra{day: day, line: b.line, act: '1', item: "110202", from: mi, to: mi, amount: 9 * income, batch: 0})
		case pension170:
			l.extras = append(l.extras, extra{day: day, line: b.line, act: '1', item: "170201", from: mi, to: mi,
				amount: 120_000})
		}
	}
}

// firstKnown is the day on which the province first has a record of the person.
func (w *world) firstKnown(l *life) int32 {
	first := l.resident
	for _, j := range l.jobs {
		first = min(first, j.start+1)
	}
	for _, b := range l.benefits {
		first = min(first, b.approved)
	}
	return first
}
