package synth

// order is a directive as the province keeps it. From and On are business days, Months a range for a repayment.
type order struct {
	Person int64  `json:"person"`
	Line   string `json:"line"`
	Act    string `json:"act"` // suspend, resume, repay
	Day    int32  `json:"day"` // first day on which it works
	From   int32  `json:"from,omitempty"`
	To     int32  `json:"to,omitempty"`
}

// hold is a stop of payment by order, from a day on until it is lifted.
type hold struct {
	line     int32
	from, to int32
}

// recovery is a repayment of what was paid for a range of months.
type recovery struct {
	line     int32
	day      int32
	from, to int32
}

// apply takes an order into the world.
func (w *world) apply(r order) {
	line, ok := lineOf(r.Line)
	if !ok {
		return
	}
	i := r.Person - firstPerson
	switch r.Act {
	case "suspend":
		w.holds[i] = append(w.holds[i], hold{line: line, from: r.Day, to: never})
	case "resume":
		for k := range w.holds[i] {
			if h := &w.holds[i][k]; h.line == line && h.to == never {
				h.to = max(h.from, r.Day)
			}
		}
	case "repay":
		w.corrections[i] = append(w.corrections[i], recovery{line: line, day: r.Day, from: r.From, to: r.To})
	}
}

// held reports whether an order stops the person's payments of a line on a day.
func (w *world) held(i int64, line, day int32) bool {
	if len(w.holds) == 0 {
		return false
	}
	for _, h := range w.holds[i] {
		if h.line == line && day >= h.from && day < h.to {
			return true
		}
	}
	return false
}

// heldSince finds an order that begins or ends to work inside the window, and whether it stops.
func (w *world) heldSince(i int64, line int32, win window) (day int32, off bool) {
	if len(w.holds) == 0 {
		return never, false
	}
	for _, h := range w.holds[i] {
		if h.line != line {
			continue
		}
		if win.in(h.from) {
			return h.from, h.to > win.to
		}
		if win.in(h.to) {
			return h.to, false
		}
	}
	return never, false
}

// tellRecovery deducts what was paid regularly for the months of a repayment.
func (w *world) tellRecovery(o *output, win window, l *life, r recovery) {
	b := l.benefitOf(r.line)
	if b == nil {
		return
	}
	mi := monthOf(r.day)
	p := w.newPlan(l, r.line, mi, 15, r.day)
	for m := max(r.from, b.firstPaid()); m <= min(r.to, b.last); m++ {
		if payDay(m) < r.day && !b.paused(m) && !w.held(l.i, r.line, payDay(m)) {
			w.whole(o, l, &p, b, m, "3")
		}
	}
	if p.lines == 0 {
		return
	}
	o.books.add(r.line, l.at.index, mi, subjBenefit, p.total)
	w.close(o, l, &p, b, "1", opInsert)
}
