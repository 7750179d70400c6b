package supervision

import (
	"time"

	"fundwatch"
)

// Calendar says which days are working days (工作日历). The zero Calendar knows weekends only; the days off and the
// weekends worked that the State Council announces each year are given as dates (2026-10-01).
type Calendar struct {
	Off []string
	On  []string
}

// workday reports whether people work on the day.
func (c Calendar) workday(t time.Time) bool {
	day := t.Format(time.DateOnly)
	for _, d := range c.On {
		if d == day {
			return true
		}
	}
	for _, d := range c.Off {
		if d == day {
			return false
		}
	}
	return t.Weekday() != time.Saturday && t.Weekday() != time.Sunday
}

// after is the end of the n-th working day after t: the day itself does not count.
func (c Calendar) after(t time.Time, n int) time.Time {
	t = t.In(fundwatch.Shanghai())
	for n > 0 {
		t = t.AddDate(0, 0, 1)
		if c.workday(t) {
			n--
		}
	}
	return endOfDay(t)
}

// endOfDay is the last second of the day in China.
func endOfDay(t time.Time) time.Time {
	t = t.In(fundwatch.Shanghai())
	return time.Date(t.Year(), t.Month(), t.Day(), 23, 59, 59, 0, fundwatch.Shanghai())
}
