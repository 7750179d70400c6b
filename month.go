package fundwatch

import (
	"fmt"
	"time"
)

// Month is a calendar month as yyyymm (所属期), for example 202611. The zero Month is no month.
type Month int32

// Shanghai is the one time zone of the business: China Standard Time, +08:00, without daylight saving.
func Shanghai() *time.Location { return time.FixedZone("CST", 8*3600) }

// MonthOf is the month in which t falls in China.
func MonthOf(t time.Time) Month {
	t = t.In(Shanghai())
	return Month(t.Year()*100 + int(t.Month()))
}

// MonthFromIndex is the inverse of Index.
func MonthFromIndex(i int) Month { return Month((2000+i/12)*100 + i%12 + 1) }

// Index counts months since 2000-01, which is 0; the warehouse keeps it as the column mi.
func (m Month) Index() int { return (int(m)/100-2000)*12 + int(m)%100 - 1 }

// Add moves n months forward, or back when n is negative.
func (m Month) Add(n int) Month { return MonthFromIndex(m.Index() + n) }

// Valid reports whether m names a month between 1900-01 and 2199-12.
func (m Month) Valid() bool {
	return m >= 190001 && m <= 219912 && m%100 >= 1 && m%100 <= 12
}

// First is the first instant of the month in China.
func (m Month) First() time.Time {
	return time.Date(int(m)/100, time.Month(int(m)%100), 1, 0, 0, 0, 0, Shanghai())
}

// String writes the month as 2026-11, and an invalid month as its number.
func (m Month) String() string {
	if !m.Valid() {
		return fmt.Sprintf("%d", int32(m))
	}
	return fmt.Sprintf("%04d-%02d", int(m)/100, int(m)%100)
}
