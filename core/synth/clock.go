package synth

import (
	"math"
	"time"

	"fundwatch"
)

// Days are counted from 1970-01-01, months from 2000-01: both int32, because lives are computed by the million.
const (
	never  int32 = math.MaxInt32 / 4 // a day or month that does not come
	always int32 = math.MinInt32 / 4 // before everything
)

// Fixed days of the business month.
const (
	payDayOfMonth     = 10 // all periodic benefits of the month are paid
	contribDayOfMonth = 15 // contributions of the month are posted
	closeDayOfMonth   = 5  // the fund books of the month before are closed
)

// dayOf is the day number of a civil date.
func dayOf(y, m, d int32) int32 {
	if m <= 2 {
		y--
	}
	era := floorDiv(y, 400)
	yoe := y - era*400
	mp := (m + 9) % 12
	doy := (153*mp+2)/5 + d - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return era*146097 + doe - 719468
}

// civil is the inverse of dayOf.
func civil(z int32) (y, m, d int32) {
	z += 719468
	era := floorDiv(z, 146097)
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = doy - (153*mp+2)/5 + 1
	m = mp + 3
	if m > 12 {
		m -= 12
	}
	y = yoe + era*400
	if m <= 2 {
		y++
	}
	return y, m, d
}

func floorDiv(a, b int32) int32 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// monthOf is the month in which a day falls.
func monthOf(d int32) int32 {
	y, m, _ := civil(d)
	return (y-2000)*12 + m - 1
}

// firstDay is the first day of a month.
func firstDay(mi int32) int32 {
	y := 2000 + floorDiv(mi, 12)
	return dayOf(y, mi-(y-2000)*12+1, 1)
}

// lastDay is the last day of a month.
func lastDay(mi int32) int32 { return firstDay(mi+1) - 1 }

// yearOf is the year of a month.
func yearOf(mi int32) int32 { return 2000 + floorDiv(mi, 12) }

// ym writes a month as yyyymm.
func ym(mi int32) int32 {
	y := yearOf(mi)
	return y*100 + mi - (y-2000)*12 + 1
}

// january is the first month of a year.
func january(y int32) int32 { return (y - 2000) * 12 }

func payDay(mi int32) int32     { return firstDay(mi) + payDayOfMonth - 1 }
func contribDay(mi int32) int32 { return firstDay(mi) + contribDayOfMonth - 1 }

// closeDay is the day on which the books of month mi are closed.
func closeDay(mi int32) int32 { return firstDay(mi+1) + closeDayOfMonth - 1 }

// stamp is a moment of a day in microseconds of local time.
func stamp(day, second int32) int64 { return (int64(day)*86400 + int64(second)) * 1_000_000 }

// dayFrom is the day number of a time in China.
func dayFrom(t time.Time) int32 {
	t = t.In(fundwatch.Shanghai())
	return dayOf(int32(t.Year()), int32(t.Month()), int32(t.Day()))
}

// timeOf is the start of a day in China.
func timeOf(d int32) time.Time {
	y, m, dd := civil(d)
	return time.Date(int(y), time.Month(m), int(dd), 0, 0, 0, 0, fundwatch.Shanghai())
}

// addMonths moves a day by whole months and keeps it inside the month it lands in.
func addMonths(d, n int32) int32 {
	_, _, dd := civil(d)
	mi := monthOf(d) + n
	return min(firstDay(mi)+dd-1, lastDay(mi))
}

// window is the span (from, to] of business days whose changes are told.
type window struct {
	from, to     int32
	payLo, payHi int32 // months whose payday falls inside
	conLo, conHi int32 // months whose contribution day falls inside
	history      bool  // from is before everything
}

func newWindow(from, to, h0 int32, history bool) window {
	w := window{from: from, to: to, history: history}
	if history {
		w.from = always
		w.payLo, w.conLo = h0, h0
	} else {
		w.payLo, w.conLo = monthOf(from), monthOf(from)
		if payDay(w.payLo) <= from {
			w.payLo++
		}
		if contribDay(w.conLo) <= from {
			w.conLo++
		}
	}
	w.payHi, w.conHi = monthOf(to), monthOf(to)
	if payDay(w.payHi) > to {
		w.payHi--
	}
	if contribDay(w.conHi) > to {
		w.conHi--
	}
	return w
}

// in reports whether a day falls inside the window.
func (w *window) in(d int32) bool { return d > w.from && d <= w.to }

// change says what a row that is born, touched on up to two days and gone on the given days does inside the window.
func (w *window) change(born, gone, t1, t2 int32) int8 {
	switch {
	case born > w.to:
		return opNone
	case gone <= w.to:
		if gone > w.from && born <= w.from {
			return opDelete
		}
		return opNone
	case born > w.from:
		return opInsert
	case w.in(t1) || w.in(t2):
		return opUpdate
	default:
		return opNone
	}
}

// The changes of a row, as in the contract; opNone is no change.
const (
	opNone   int8 = -1
	opInsert int8 = 0
	opUpdate int8 = 1
	opDelete int8 = 2
)
