package synth

// item is one item of a month's benefit.
type item struct {
	code   string
	amount int64
}

// benefitKey is AAZ257: one per person and line.
func benefitKey(l *life, line int32) int64 { return l.key*8 + int64(line) }

// planKey is AAZ220: slot 0 is the regular plan of the month, 1 arrears, 2 a payment the bank had returned, from 4
// on payments outside the run, from firstRecovery on repayments by order.
func planKey(i int64, line, mi, slot int32) int64 {
	return ((i*8+int64(line))<<10|int64(mi))<<6 | int64(slot)
}

// noticeKey is AAZ031: one payment notice per line, county and month.
func noticeKey(line, county, mi int32) int64 { return (int64(mi)*128+int64(county))*8 + int64(line) }

// due lists the items of a benefit in a month.
func (w *world) due(l *life, b *benefit, mi int32, out *[4]item) int {
	y := yearOf(mi)
	switch b.line {
	case pension110:
		out[0], out[1] = item{"110101", b.amount[0]}, item{"110102", b.amount[1]}
		n := 2
		if b.amount[2] > 0 {
			out[n] = item{"110103", b.amount[2]}
			n++
		}
		if years := y - yearOf(b.start); years > 0 {
			out[n] = item{"110104", (b.amount[0] + b.amount[1] + b.amount[2]) * 3 * int64(min(12, years)) / 100}
			n++
		}
		return n
	case pension120:
		out[0] = item{"120101", b.amount[0] * (100 + 3*int64(y-2023)) / 100}
		out[1] = item{"120102", b.amount[1]}
		return 2
	case pension170:
		out[0], out[1] = item{"170101", residentBase(y)}, item{"170102", b.amount[1]}
		return 2
	case line210:
		out[0], out[1] = item{"210101", jobless(y, l.at.class)}, item{"210102", b.amount[1]}
		return 2
	default:
		if l.sibling >= 0 {
			out[0] = item{"410104", b.amount[0]}
			return 1
		}
		out[0] = item{"410102", b.amount[0]}
		if b.amount[1] == 0 {
			return 1
		}
		out[1] = item{"410103", b.amount[1]}
		return 2
	}
}

// returned reports whether the bank sent back the payment of a month, to be made again with the next run.
func (w *world) returned(l *life, b *benefit, mi int32) bool {
	return b.line <= pension170 && !b.steady && l.story == nil && mix(l.h, 401, uint64(mi))&1023 == 5 &&
		mi+1 <= b.last && b.stop > payDay(mi+1) && b.amount[0]+b.amount[1]+b.amount[2] < 450_000 &&
		!b.paused(mi+1) && mi >= b.firstPaid()
}

// tellPayments tells all payments of a person inside the window.
func (w *world) tellPayments(o *output, win window, l *life) {
	for k := range l.benefits {
		b := &l.benefits[k]
		first := b.firstPaid()
		for mi := max(win.payLo, first); mi <= min(win.payHi, b.last); mi++ {
			if b.paused(mi) || w.held(l.i, b.line, payDay(mi)) {
				continue
			}
			w.tellRegular(o, win, l, b, mi)
			if w.returned(l, b, mi-1) && mi-1 >= w.h0 {
				w.tellAgain(o, win, l, b, mi)
			}
		}
		if first > b.start && first >= win.payLo && first <= win.payHi {
			w.tellArrears(o, win, l, b, first)
		}
		if !win.history {
			w.tellReturn(o, win, l, b)
		}
	}
	for k := 0; k < len(l.extras); {
		j := k + 1
		for j < len(l.extras) && l.extras[j].day == l.extras[k].day && l.extras[j].line == l.extras[k].line &&
			l.extras[j].batch == l.extras[k].batch {
			j++
		}
		if day := l.extras[k].day; win.in(day) && day >= firstDay(w.h0) {
			w.tellExtra(o, win, l, k, j)
		}
		k = j
	}
	if len(w.corrections) == 0 {
		return
	}
	for k, r := range w.corrections[l.i] {
		if win.in(r.day) {
			w.tellRecovery(o, l, r, int32(k))
		}
	}
}

// plan is what all rows of one payment plan share.
type plan struct {
	key, notice int64
	line, mi    int32
	day         int32
	handler     string
	reviewer    string
	total       int64
	lines       int64 // details written
}

func (w *world) newPlan(l *life, line, mi, slot, day int32) plan {
	handler, reviewer := l.at.two(mix(l.h, 41, uint64(line)))
	return plan{key: planKey(l.i, line, mi, slot), notice: noticeKey(line, l.at.index, mi), line: line, mi: mi, day: day,
		handler: l.at.clerks[handler], reviewer: l.at.clerks[reviewer]}
}

// detail tells one line of a plan.
func (w *world) detail(o *output, l *life, p *plan, code string, mi int32, amount int64, act string) {
	o.row(tAC83, p.key<<8|p.lines, opInsert).I(p.key).S(code).N(ym(mi)).I(l.key).S(lineCode(p.line)).N(ym(p.mi)).I(amount).
		S(act).S(p.handler).S(p.reviewer).S(l.at.code).T(stamp(p.day, 28_800+int32(l.h>>40&8191)))
	p.lines++
	p.total += amount
	if p.line == line210 {
		w.tellJoblessPay(o, l, p, code, mi, amount, act)
	}
}

func (w *world) tellJoblessPay(o *output, l *life, p *plan, code string, mi int32, amount int64, act string) {
	o.row(tJB17, p.key<<8|(p.lines-1), opInsert).I(p.key).I(benefitKey(l, line210)).I(l.key).N(ym(p.mi)).S(code).I(amount).
		S(l.at.code)
	first, count := int32(subjDole), int32(subjDoleCount)
	if code == "210102" {
		first, count = subjMedical, subjMedicalCount
		if act == "1" || act == "2" {
			o.row(tJC13, l.i<<10|int64(mi), opInsert).I(l.key).I(benefitKey(l, line210)).N(ym(mi)).I(amount).S(l.at.code)
		}
	}
	o.books.add(line210, l.at.index, p.mi, first, amount)
	o.books.add(line210, l.at.index, p.mi, count, 1)
	if act != "1" {
		kind := "1"
		if act == "3" {
			kind = "2"
		}
		o.row(tJB18, p.key<<8|(p.lines-1), opInsert).I(p.key<<8 | p.lines).I(benefitKey(l, line210)).I(l.key).S(kind).
			N(ym(mi)).I(amount).S(l.at.code)
	}
}

// close tells the plan itself and the bank's line; state is 1 paid or 2 returned.
func (w *world) close(o *output, l *life, p *plan, b *benefit, state string, op int8) {
	holder, unit := l.i, int64(0)
	if b != nil {
		holder, unit = b.holder, b.unit
	}
	w.bank(l, holder)
	reason := ""
	if state == "2" {
		reason = "账号或户名不符"
	}
	r := o.row(tAC82, p.key, op).I(p.key).I(l.key)
	if unit == 0 {
		r.Z()
	} else {
		r.I(unit)
	}
	r.S(lineCode(p.line)).N(ym(p.mi)).I(p.total).S("11").S(l.scratch.holderName).S(l.scratch.account).
		S(bankCode(holder)).S(state).S(l.id).SZ(reason).I(p.notice).S(l.at.code)
	o.row(tAC84, p.key, op).I(p.notice).I(l.key).S(lineCode(p.line)).S(l.scratch.account).I(p.total).S(state).
		SZ(reason).N(p.day).S(l.at.code)
}

func (w *world) tellRegular(o *output, win window, l *life, b *benefit, mi int32) {
	p := w.newPlan(l, b.line, mi, 0, payDay(mi))
	var items [4]item
	for _, it := range items[:w.due(l, b, mi, &items)] {
		w.detail(o, l, &p, it.code, mi, it.amount, "1")
	}
	state := "1"
	if w.returned(l, b, mi) && payDay(mi)+3 <= win.to {
		state = "2"
	} else {
		o.books.add(b.line, l.at.index, mi, subjBenefit, p.total)
	}
	w.close(o, l, &p, b, state, opInsert)
}

// tellArrears pays with the first run what was due before it.
func (w *world) tellArrears(o *output, win window, l *life, b *benefit, first int32) {
	p := w.newPlan(l, b.line, first, 1, payDay(first))
	var items [4]item
	for mi := b.start; mi < first && mi <= b.last; mi++ {
		for _, it := range items[:w.due(l, b, mi, &items)] {
			w.detail(o, l, &p, it.code, mi, it.amount, "2")
		}
	}
	if p.lines == 0 {
		return
	}
	o.books.add(b.line, l.at.index, first, subjBenefit, p.total)
	w.close(o, l, &p, b, "1", opInsert)
}

// tellAgain pays with the run of mi what the bank had returned the month before.
func (w *world) tellAgain(o *output, win window, l *life, b *benefit, mi int32) {
	p := w.newPlan(l, b.line, mi, 2, payDay(mi))
	var items [4]item
	for _, it := range items[:w.due(l, b, mi-1, &items)] {
		w.detail(o, l, &p, it.code, mi-1, it.amount, "2")
	}
	o.books.add(b.line, l.at.index, mi, subjBenefit, p.total)
	w.close(o, l, &p, b, "1", opInsert)
}

// tellReturn tells three days after a live run that the bank sent the payment back.
func (w *world) tellReturn(o *output, win window, l *life, b *benefit) {
	mi := monthOf(win.to)
	if !win.in(payDay(mi)+3) || !w.returned(l, b, mi) || b.paused(mi) || w.held(l.i, b.line, payDay(mi)) {
		return
	}
	p := w.newPlan(l, b.line, mi, 0, payDay(mi))
	var items [4]item
	for _, it := range items[:w.due(l, b, mi, &items)] {
		p.total += it.amount
	}
	o.books.add(b.line, l.at.index, mi, subjBenefit, -p.total)
	w.close(o, l, &p, b, "2", opUpdate)
}

// tellExtra tells the plan made of extras k..j-1.
func (w *world) tellExtra(o *output, win window, l *life, k, j int) {
	e := l.extras[k]
	mi := monthOf(e.day)
	p := w.newPlan(l, e.line, mi, 4+int32(k), e.day)
	b := l.benefitOf(e.line)
	for _, x := range l.extras[k:j] {
		act := string(rune(x.act))
		for m := x.from; m <= x.to; m++ {
			if x.item != "" {
				w.detail(o, l, &p, x.item, m, x.amount, act)
				continue
			}
			w.whole(o, l, &p, b, m, act)
		}
	}
	o.books.add(e.line, l.at.index, mi, subjBenefit, p.total)
	w.close(o, l, &p, b, "1", opInsert)
}

// whole tells all items of a month once more, negative when they are deducted.
func (w *world) whole(o *output, l *life, p *plan, b *benefit, mi int32, act string) {
	var items [4]item
	for _, it := range items[:w.due(l, b, mi, &items)] {
		if act == "3" {
			it.amount = -it.amount
		}
		w.detail(o, l, p, it.code, mi, it.amount, act)
	}
}

// bankCode is the type of the bank that keeps a holder's account.
func bankCode(holder int64) string {
	return [7]string{"102", "103", "104", "105", "301", "402", "403"}[holder%7]
}

// scratch keeps what is computed once per person told.
type scratch struct {
	holder              int64
	account, holderName string
}

// bank fills in the account that receives the person's benefits.
func (w *world) bank(l *life, holder int64) {
	s := &l.scratch
	if s.account != "" && s.holder == holder {
		return
	}
	s.holder, s.holderName = holder, l.name
	if holder != l.i {
		s.holderName = nameOf(mix(w.seed, 201, uint64(holder)))
	}
	s.account = account(holder, int32(holder%7))
}
