package synth

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"fundwatch"
)

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

// firstRecovery is the plan slot of a person's first repayment; maxRecoveries is how many there can be.
const (
	firstRecovery = 32
	maxRecoveries = 32
)

// tellRecovery deducts what was paid regularly for the months of a person's k-th repayment.
func (w *world) tellRecovery(o *output, l *life, r recovery, k int32) {
	b := l.benefitOf(r.line)
	if b == nil {
		return
	}
	mi := monthOf(r.day)
	p := w.newPlan(l, r.line, mi, firstRecovery+k, r.day)
	for m := max(r.from, b.start, w.h0); m <= min(r.to, b.last); m++ {
		if run := max(m, b.firstPaid()); payDay(run) < r.day && !b.paused(m) && !w.held(l.i, r.line, payDay(run)) {
			w.whole(o, l, &p, b, m, "3")
		}
	}
	if p.lines == 0 {
		return
	}
	o.books.add(r.line, l.at.index, mi, subjBenefit, p.total)
	w.close(o, l, &p, b, "1", opInsert)
}

// Suspend stops the payments of a person's benefit from the first run after on, and never in the past. To stop what
// is stopped changes nothing. An unknown person or a line without a benefit is NotFound.
func (p *Province) Suspend(person, line string, on time.Time) error {
	return p.order("suspend", person, line, on, 0, 0)
}

// Resume lifts a stop of payment; the months between stay unpaid.
func (p *Province) Resume(person, line string, on time.Time) error {
	return p.order("resume", person, line, on, 0, 0)
}

// CorrectPayment takes back on the next business day what was paid regularly for the months from to to. The same
// repayment is taken once, however often it is asked for.
func (p *Province) CorrectPayment(person, line string, from, to fundwatch.Month, on time.Time) error {
	if !from.Valid() || !to.Valid() || to < from {
		return fundwatch.FieldErrorf("months", "扣回的起止年月应为有效年月且先后有序，收到 %s 至 %s", from, to)
	}
	return p.order("repay", person, line, on, int32(from.Index()), int32(to.Index()))
}

// order checks a directive, writes it down durably and lets it work from the next business day on.
func (p *Province) order(act, person, line string, on time.Time, from, to int32) error {
	key, err := strconv.ParseInt(person, 10, 64)
	i := key - firstPerson
	if err != nil || i < 0 || i >= p.world.n {
		return fundwatch.Errorf(fundwatch.NotFound, "没有编号为 %s 的人员", person)
	}
	l, ok := lineOf(line)
	if !ok {
		return fundwatch.FieldErrorf("line", "没有险种 %s", line)
	}
	p.playing.Lock()
	defer p.playing.Unlock()
	p.mu.RLock()
	today := p.today
	p.mu.RUnlock()
	life := p.world.lifeOf(i)
	if b := life.benefitOf(l); b == nil || b.approved > today {
		return fundwatch.Errorf(fundwatch.NotFound, "编号为 %s 的人员没有险种 %s 的定期待遇", person, line)
	}
	r := order{Person: key, Line: line, Act: act, Day: max(today+1, dayFrom(on)), From: from, To: to}
	if done, err := p.world.redundant(i, l, r); done || err != nil {
		return err
	}
	_, size, err := readLines[order](filepath.Join(p.dir, directiveFile))
	if err != nil {
		return err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("synth: %w", err)
	}
	if err := appendLine(filepath.Join(p.dir, directiveFile), size, append(text, '\n')); err != nil {
		return err
	}
	p.world.apply(r)
	p.mu.Lock()
	p.state.directives++
	p.mu.Unlock()
	return nil
}

// redundant reports whether an order would change nothing.
func (w *world) redundant(i int64, line int32, r order) (bool, error) {
	switch r.Act {
	case "suspend":
		return w.held(i, line, r.Day), nil
	case "resume":
		return !w.held(i, line, r.Day), nil
	default:
		for _, c := range w.corrections[i] {
			if c.line == line && c.from == r.From && c.to == r.To {
				return true, nil
			}
		}
		if len(w.corrections[i]) >= maxRecoveries {
			return false, fundwatch.Errorf(fundwatch.Conflict, "该人员的扣回次数已达上限 %d 次", maxRecoveries)
		}
		return false, nil
	}
}

// lifeOf computes the life of one person.
func (w *world) lifeOf(i int64) *life {
	s, _ := w.segmentAt(i, nil)
	l := &life{}
	w.imagine(l, i, s)
	w.identify(l)
	return l
}
