package synth

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// What the books add up by line, county and month.
const (
	subjBenefit      = iota // benefits paid
	subjContribution        // contributions received
	subjRefund
	subjSkill
	subjOther
	subjDole
	subjDoleCount
	subjMedical
	subjMedicalCount
	subjInsured
	subjPaying
	subjDrawing
	subjBalance // at the end of a closed month
	subjects
)

// books add up the money of every line and county by month. They are all that is carried from day to day.
type books struct {
	m0, span int32
	cells    []int64
}

func newBooks(m0, m1 int32) *books {
	span := m1 - m0 + 1
	return &books{m0: m0, span: span, cells: make([]int64, lines*counties*int(span)*subjects)}
}

func (b *books) at(line, county, mi, subj int32) int {
	return int(((line*counties+county)*b.span+mi-b.m0)*subjects + subj)
}

func (b *books) add(line, county, mi, subj int32, v int64) {
	if mi >= b.m0 && mi < b.m0+b.span {
		b.cells[b.at(line, county, mi, subj)] += v
	}
}

func (b *books) get(line, county, mi, subj int32) int64 {
	if mi < b.m0 || mi >= b.m0+b.span {
		return 0
	}
	return b.cells[b.at(line, county, mi, subj)]
}

// merge adds the months that both books have.
func (b *books) merge(o *books) {
	for line := range int32(lines) {
		for c := range int32(counties) {
			for mi := max(b.m0, o.m0); mi < min(b.m0+b.span, o.m0+o.span); mi++ {
				from, to := o.at(line, c, mi, 0), b.at(line, c, mi, 0)
				for s := range subjects {
					b.cells[to+s] += o.cells[from+s]
				}
			}
		}
	}
}

// encode writes the books down.
func (b *books) encode() []byte {
	var buf bytes.Buffer
	buf.Grow(16 + 8*len(b.cells))
	_ = binary.Write(&buf, binary.LittleEndian, []int64{int64(b.m0), int64(b.span)}) // a Buffer does not fail
	_ = binary.Write(&buf, binary.LittleEndian, b.cells)
	return buf.Bytes()
}

func decodeBooks(data []byte) (*books, error) {
	if len(data) < 16 {
		return nil, fmt.Errorf("synth: books of %d bytes", len(data))
	}
	m0 := int32(binary.LittleEndian.Uint64(data))
	span := int32(binary.LittleEndian.Uint64(data[8:]))
	if span < 1 || span > 4800 || len(data) != 16+8*lines*counties*int(span)*subjects {
		return nil, fmt.Errorf("synth: books of %d bytes for %d months", len(data), span)
	}
	b := newBooks(m0, m0+span-1)
	for k := range b.cells {
		b.cells[k] = int64(binary.LittleEndian.Uint64(data[16+8*k:]))
	}
	return b, nil
}

// reserve is how many months of expense a line has saved when the history begins.
func reserve(line int32) int64 { return [lines]int64{23, 2, 43, 30, 15}[line] }

// tellFinance closes the months that come due inside the window.
func (w *world) tellFinance(o *output, win window, all *books) {
	lo, hi := w.h0, monthOf(win.to)
	if !win.history {
		lo = monthOf(win.from) - 1
	}
	for mi := lo; mi <= hi; mi++ {
		if mi < w.h0 || !win.in(closeDay(mi)) {
			continue
		}
		for line := range int32(lines) {
			for c := range int32(counties) {
				w.closeMonth(o, all, line, c, mi)
			}
		}
	}
	w.tellDole(o, win, all)
	w.tellYearbook(o, win, all)
}

// posting is one subject of a month's accounts.
type posting struct {
	code   string
	amount int64
}

// closeMonth tells the accounts of one line, county and month and carries the balance forward.
func (w *world) closeMonth(o *output, all *books, line, c, mi int32) {
	spent := all.get(line, c, mi, subjBenefit)
	income := all.get(line, c, mi, subjContribution)
	balance := reserve(line) * spent
	if mi > w.h0 {
		balance = all.get(line, c, mi-1, subjBalance)
	}
	booked := spent + w.divergence(line, c, mi)
	refund, skill, other := all.get(line, c, mi, subjRefund), all.get(line, c, mi, subjSkill), all.get(line, c, mi, subjOther)
	interest := balance / 800
	subsidy := int64(0)
	if short := booked*105/100 - income; short > 0 && line != line210 {
		subsidy = short
	}
	moved := spent / 400
	balance += income + interest + subsidy - booked - refund - skill - other - moved
	all.add(line, c, mi, subjBalance, balance)
	code := w.places[c].code
	row := int64((line*counties+c)<<10|mi) * 16
	for k, p := range []posting{
		{"4001", income}, {"4101", interest}, {"4201", subsidy}, {"5001", booked}, {"5101", moved}, {"5201", refund},
		{"5202", skill}, {"5901", other}, {"3001", balance}, {"1001", balance / 20}, {"1002", balance / 10},
		{"1003", balance - balance/20 - balance/10},
	} {
		if p.amount == 0 && p.code != "5001" {
			continue
		}
		o.row(tFN01, row+int64(k), opInsert).S(lineCode(line)).S(code).N(ym(mi)).S(p.code).I(p.amount)
	}
	day := closeDay(mi)
	for k, p := range []posting{{"4001", income}, {"5001", booked}} {
		if p.amount == 0 {
			continue
		}
		w.voucher(o, row+int64(k)*4, line, c, mi, day, p)
	}
}

// voucher tells both sides of a posting; the books of one in a dozen months have it in two vouchers.
func (w *world) voucher(o *output, row int64, line, c, mi, day int32, p posting) {
	bank, text, own, other := "1002", "支付社会保险待遇", "D", "C"
	if p.code == "4001" {
		bank, text, own, other = "1001", "社会保险费收入", "C", "D"
	}
	first := p.amount
	if mix(w.seed, 601, uint64(row))%12 == 0 {
		first = p.amount / 3
	}
	for k, amount := range []int64{first, p.amount - first} {
		if amount == 0 {
			continue
		}
		no := number("PZ", row+int64(k))
		for side, v := range []string{p.code, bank} {
			r := o.row(tFN02, (row+int64(k))*2+int64(side), opInsert).S(no).S(lineCode(line)).S(w.places[c].code).N(ym(mi)).
				N(day).S(v).S(text).S([2]string{own, other}[side]).I(amount)
			if p.code == "5001" {
				r.I(noticeKey(line, c, mi))
			} else {
				r.Z()
			}
		}
	}
}

// tellDole tells the monthly totals of unemployment benefit on the day after the run.
func (w *world) tellDole(o *output, win window, all *books) {
	lo := w.h0
	if !win.history {
		lo = monthOf(win.to)
	}
	for mi := lo; mi <= monthOf(win.to); mi++ {
		if !win.in(payDay(mi) + 1) {
			continue
		}
		for c := range int32(counties) {
			for k, p := range [2][2]int32{{subjDole, subjDoleCount}, {subjMedical, subjMedicalCount}} {
				n := all.get(line210, c, mi, p[1])
				if n == 0 {
					continue
				}
				o.row(tJB16, (int64(c)<<10|int64(mi))*2+int64(k), opInsert).N(ym(mi)).S(w.places[c].code).
					S([2]string{"210101", "210102"}[k]).N(int32(n)).I(all.get(line210, c, mi, p[0]))
			}
		}
	}
}

// tellYearbook tells the yearly headcounts in January.
func (w *world) tellYearbook(o *output, win window, all *books) {
	y1 := yearOf(monthOf(win.to))
	y0 := y1
	if win.history {
		y0 = yearOf(w.h0) + 1
	}
	for y := y0; y <= y1; y++ {
		if !win.in(dayOf(y, 1, 20)) {
			continue
		}
		for line := range int32(lines) {
			for c := range int32(counties) {
				mi := january(y) - 1
				o.row(tNB01, int64((line*counties+c)<<10|mi), opInsert).N(y - 1).S(lineCode(line)).S(w.places[c].code).
					N(int32(all.get(line, c, mi, subjInsured))).N(int32(all.get(line, c, mi, subjPaying))).
					N(int32(all.get(line, c, mi, subjDrawing)))
			}
		}
	}
}

// census counts a person in the headcounts of every year that ends inside the window.
func (w *world) census(o *output, win window, l *life) {
	y1 := yearOf(monthOf(win.to))
	y0 := y1
	if win.history {
		y0 = yearOf(w.h0)
	}
	for y := y0; y <= y1; y++ {
		day := dayOf(y, 12, 31)
		if !win.in(day) {
			continue
		}
		mi := monthOf(day)
		for _, b := range l.benefits {
			if b.approved <= day && b.stop > day {
				o.books.add(b.line, l.at.index, mi, subjDrawing, 1)
			}
		}
		if l.deathKnown <= day {
			continue
		}
		if l.resident <= day {
			o.books.add(pension170, l.at.index, mi, subjInsured, 1)
			if _, ok := w.pays(l, y); ok {
				o.books.add(pension170, l.at.index, mi, subjPaying, 1)
			}
		}
		w.countWork(o, l, day, mi)
	}
}

func (w *world) countWork(o *output, l *life, day, mi int32) {
	if len(l.jobs) == 0 || l.jobs[0].start+1 > day {
		return
	}
	first := &l.jobs[0]
	for slot, has := range [3]bool{true, first.ue, first.inj} {
		if !has || slot > 0 && l.approved <= day {
			continue
		}
		line := [3]int32{l.pensionLine(), line210, line410}[slot]
		o.books.add(line, l.at.index, mi, subjInsured, 1)
		for k := range l.jobs {
			if l.jobs[k].from <= mi && l.jobs[k].to >= mi {
				o.books.add(line, l.at.index, mi, subjPaying, 1)
			}
		}
	}
}
