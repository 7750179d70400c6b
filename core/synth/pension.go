package synth

// tellBenefits tells the entitlements of a person: approval, items, proofs of life, accounts.
func (w *world) tellBenefits(o *output, win window, l *life) {
	for k := range l.benefits {
		b := &l.benefits[k]
		w.tellEntitled(o, win, l, b)
		w.tellItems(o, win, l, b)
		w.tellApproval(o, win, l, b)
		w.tellProofs(o, win, l, b)
		if win.in(b.approved) && b.holder == l.i && (k == 0 || b.line != line210) {
			w.bank(l, l.i)
			o.row(tAE10, l.i*4+int64(k), opInsert).I((l.i*4+int64(k))*8 + 1).I(l.key).S(l.name).S(l.scratch.account).
				S(bankCode(l.i)).S("1").S(l.at.code).T(stamp(b.approved, 36_000+int32(l.h&4095)))
		}
	}
	if len(l.benefits) > 0 {
		w.tellMistake(o, win, l)
	}
	if l.retired != never {
		w.tellRetirement(o, win, l)
	}
}

// tellMistake tells an account that was entered twice and taken back two weeks later.
func (w *world) tellMistake(o *output, win window, l *life) {
	if l.h%509 != 11 || l.story != nil {
		return
	}
	day := firstDay(w.h0) + int32(mix(l.h, 61, 0)%uint64(w.horizon-firstDay(w.h0)))
	if day < l.benefits[0].approved || day > l.deathKnown {
		return
	}
	op := win.change(day, day+14, never, never)
	if op == opNone {
		return
	}
	o.row(tAE10, l.i*4+3, op).I((l.i*4+3)*8 + 1).I(l.key).S(l.name).S(account(l.i, 9)).S("102").S("1").S(l.at.code).
		T(stamp(day, 36_000+int32(l.h&4095)))
}

func (w *world) tellEntitled(o *output, win window, l *life, b *benefit) {
	t1, now := never, "1"
	for _, p := range b.pauses {
		if p.from == 0 {
			continue
		}
		off, on := payDay(p.from)-5, payDay(min(p.to, 4000)+1)-5
		if win.in(off) || win.in(on) {
			t1 = win.to
		}
		if off <= win.to && on > win.to {
			now = "2"
		}
	}
	if day, off := w.heldSince(l.i, b.line, win); day != never {
		t1 = day
		if off {
			now = "2"
		}
	} else if w.held(l.i, b.line, win.to) {
		now = "2"
	}
	op := win.change(b.approved, never, b.stop, t1)
	if op == opNone {
		return
	}
	stopped := b.stop <= win.to
	if stopped {
		now = "4"
	}
	r := o.row(tAC60, l.i*8+int64(b.line), op).I(benefitKey(l, b.line)).I(l.key).S(lineCode(b.line)).S(b.category).S(now).
		N(ym(b.start))
	if stopped {
		r.N(ym(b.end))
	} else {
		r.Z()
	}
	r.N(ym(b.firstPaid()))
	if b.unit == 0 {
		r.Z()
	} else {
		r.I(b.unit)
	}
	r.S(l.at.code).T(stamp(b.approved, 34_000+int32(l.h&8191)))
	if b.line == line410 && l.sibling >= 0 {
		o.row(tAC62, l.i, op).I(benefitKey(l, b.line)).I(l.key).I(personKey(l.sibling)).S("1").S("1").S("0").
			N(ym(b.start)).S(l.at.code)
	}
}

// tellItems tells the items of the benefit; those that are raised every January have one row a year.
func (w *world) tellItems(o *output, win window, l *life, b *benefit) {
	y0, y1 := max(yearOf(b.start), yearOf(w.h0)), yearOf(monthOf(win.to))
	y1 = max(y0, y1)
	if b.approved > win.to || !win.in(b.approved) && !win.in(b.stop) && !win.in(dayOf(y1, 1, 1)) {
		return
	}
	for k := range 4 {
		for y := y0; y <= y1; y++ {
			it, ok := w.itemIn(l, b, k, y)
			if !ok || y > y0 && b.stop <= dayOf(y, 1, 1) {
				continue
			}
			since, born := max(b.start, january(y)), max(b.approved, dayOf(y, 1, 1))
			if before, _ := w.itemIn(l, b, k, y-1); y > y0 && before == it {
				continue
			}
			if first, _ := w.itemIn(l, b, k, yearOf(b.start)); y == y0 && first == it {
				since, born = b.start, b.approved
			}
			over, until := never, never
			for next := y + 1; next <= y1; next++ {
				if later, _ := w.itemIn(l, b, k, next); later != it {
					over, until = dayOf(next, 1, 1), january(next)-1
					break
				}
			}
			w.tellItem(o, win, l, b, it, itemRow{k: k, y: y, since: since, born: born, over: over, until: until})
		}
	}
}

// itemIn is the k-th item as it is in a year.
func (w *world) itemIn(l *life, b *benefit, k int, y int32) (item, bool) {
	var items [4]item
	n := w.due(l, b, max(b.start, january(y)), &items)
	return items[k], k < n
}

// itemRow is one row of AC61: months since..until, told on day born and closed on day over.
type itemRow struct {
	k                           int
	y, since, born, over, until int32
}

func (w *world) tellItem(o *output, win window, l *life, b *benefit, it item, t itemRow) {
	if b.stop < t.over {
		t.over, t.until = b.stop, max(b.end, t.since)
	}
	op := win.change(t.born, never, t.over, never)
	if op == opNone {
		return
	}
	r := o.row(tAC61, ((l.i*8+int64(b.line))*4+int64(t.k))*128+int64(t.y-1990), op).I(benefitKey(l, b.line)).I(l.key).
		S(lineCode(b.line)).S(it.code).N(ym(t.since))
	if t.over <= win.to {
		r.N(ym(t.until))
	} else {
		r.Z()
	}
	r.I(it.amount).S(l.at.code)
}

// tellApproval tells the decision on the benefit and its items.
func (w *world) tellApproval(o *output, win window, l *life, b *benefit) {
	if !win.in(b.approved) || b.approved < firstDay(w.h0)-20*365 {
		return
	}
	event := l.i*8 + int64(b.line)
	reviewer := b.reviewer
	if l.handledSelf {
		reviewer = b.handler
	}
	var items [4]item
	n := w.due(l, b, b.start, &items)
	total := int64(0)
	for k, it := range items[:n] {
		total += it.amount
		o.row(tAC73, event*4+int64(k), opInsert).I(event*4 + int64(k) + 1).I(event + 1).I(l.key).S(lineCode(b.line)).
			S(it.code).S("1").I(it.amount).S(l.at.code)
	}
	o.row(tAC71, event, opInsert).I(event + 1).I(l.key).S(lineCode(b.line)).S("01").Z().N(ym(monthOf(b.approved))).I(total).
		I(total).S("1").S(l.at.clerks[b.handler]).S(l.at.clerks[reviewer]).S(l.at.code).
		T(stamp(b.approved, 34_000+int32(l.h&8191)))
	if b.approved >= firstDay(w.h0)-365 {
		w.log(o, l, 2+int64(b.line), "待遇核定", b.approved)
	}
}

func (w *world) tellProofs(o *output, win window, l *life, b *benefit) {
	if b.line == line210 {
		return
	}
	from := l.certFirst
	if !win.history && win.from > from {
		from += (win.from - from) / l.certStep * l.certStep
	}
	for day := from; day <= win.to; day += l.certStep {
		if !win.in(day) || day < b.approved || day > l.certEnd || day > b.stop {
			continue
		}
		seq := int64((day - l.certFirst) / l.certStep)
		h := mix(l.h, 62, uint64(day))
		handler, _ := l.at.two(h)
		rid := (l.i*8+int64(b.line))*64 + seq
		y, _, _ := civil(day)
		o.row(tAC90, rid, opInsert).I(rid + 1).I(l.key).I(benefitKey(l, b.line)).N(y).N(day).
			S([6]string{"1", "1", "1", "2", "3", "4"}[h%6]).S("1").S([2]string{"手机", "窗口终端"}[h>>8%2]).
			S(l.at.clerks[handler]).S(l.at.code)
	}
}

// tellRetirement tells IC10 or IC11.
func (w *world) tellRetirement(o *output, win window, l *life) {
	b := l.benefitOf(l.pensionLine())
	if b == nil || !win.in(b.approved) {
		return
	}
	reviewer := b.reviewer
	first := l.birth + 22*365
	if len(l.jobs) > 0 {
		first = l.jobs[0].start
	}
	paid := max(monthOf(l.retired)-monthOf(first), 1)
	credited := min(l.earlyWork, max(0, monthOf(first)-monthOf(l.birth)-17*12))
	index := float64(max(l.wage, 600)) / 1000
	if l.pensionLine() == pension120 {
		o.row(tIC11, l.i, opInsert).I(l.key).S(l.retireKind).N(l.retired).N(first).N(credited).N(paid).F(index).
			N(l.fileBirth).I(b.unit).S(l.at.code).S(l.at.clerks[b.handler]).S(l.at.clerks[reviewer]).
			T(stamp(b.approved, 34_000+int32(l.h&8191)))
		return
	}
	special := int32(0)
	if l.retireKind == "2" {
		special = 96
	}
	o.row(tIC10, l.i, opInsert).I(l.key).S(l.retireKind).N(l.retired).N(first).N(credited).N(paid).F(index).S("0").N(special).
		N(l.fileBirth).I(b.unit).S(l.at.code).S(l.at.clerks[b.handler]).S(l.at.clerks[reviewer]).
		T(stamp(b.approved, 34_000+int32(l.h&8191)))
}
