package fundwatch

import "fmt"

// Fen is money in fen (分), one hundredth of a yuan. Sums of the whole province stay far below its range.
type Fen int64

// String writes yuan with two decimals and no separators: -1234.50.
func (f Fen) String() string {
	sign, v := "", uint64(f)
	if f < 0 {
		sign, v = "-", uint64(-f)
	}
	return fmt.Sprintf("%s%d.%02d", sign, v/100, v%100)
}

// Yuan writes the amount for a sentence with thousands separators: 1,234.50 元.
func (f Fen) Yuan() string {
	s := f.String()
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	whole, cents := s[:len(s)-3], s[len(s)-3:]
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return sign + whole + cents + " 元"
}
