package sheet

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// showsDate reports whether a number format shows a date: one of the built-in ones, Chinese ones included, or a
// code that names year, month or day.
func showsDate(id int, code string) bool {
	switch {
	case code != "":
		return codeShowsDate(code)
	case id >= 14 && id <= 22, id >= 27 && id <= 36, id >= 50 && id <= 58:
		return true
	default:
		return false
	}
}

func codeShowsDate(code string) bool {
	code = strings.ReplaceAll(strings.ToLower(code), "general", "") // a word of its own, whatever its letters
	quoted, bracket := false, false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\\' || c == '_' || c == '*':
			i++ // the next character is shown as it stands
		case c == '[':
			bracket = true
		case c == ']':
			bracket = false
		case !bracket && strings.ContainsRune("yde", rune(c)):
			// e is the Chinese calendar year, but E+ is an exponent
			if c == 'e' && i+1 < len(code) && (code[i+1] == '+' || code[i+1] == '-') {
				return false
			}
			return true
		}
	}
	return false
}

// serialDate turns the day number of a workbook into a date. A number outside the calendar stays a number.
func serialDate(text string, from1904 bool) Cell {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v < 0 || v >= 2_958_466 {
		return Cell{Text: text, Kind: Number}
	}
	first := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if from1904 {
		first = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	} else if v < 60 {
		first = first.AddDate(0, 0, 1) // the calendar of 1900 has a 29 February that never was
	}
	day, part := math.Modf(v)
	t := first.AddDate(0, 0, int(day)).Add(time.Duration(math.Round(part*86400)) * time.Second)
	layout := "2006-01-02"
	if part > 0 {
		layout = "2006-01-02 15:04:05"
	}
	return Cell{Text: t.Format(layout), Kind: Date}
}
