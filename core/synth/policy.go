package synth

// Lines of the province as small numbers, in the order of the books.
const (
	pension110 = iota
	pension120
	pension170
	line210
	line410
	lines
)

func lineCode(line int32) string {
	return [lines]string{"110", "120", "170", "210", "410"}[line]
}

func lineOf(code string) (int32, bool) {
	for l := range int32(lines) {
		if lineCode(l) == code {
			return l, true
		}
	}
	return 0, false
}

// averageWage is the monthly average wage of a year in fen.
func averageWage(year int32) int64 {
	switch {
	case year <= 2022:
		return 640_000
	case year == 2023:
		return 665_500
	case year == 2024:
		return 690_800
	case year == 2025:
		return 706_700
	case year == 2026:
		return 728_000
	default:
		return 728_000 + int64(year-2026)*20_000
	}
}

func baseFloor(year int32) int64   { return averageWage(year) * 6 / 10 / 100 * 100 }
func baseCeiling(year int32) int64 { return averageWage(year) * 3 / 100 * 100 }

// minimumWage by class of county.
func minimumWage(year, class int32) int64 {
	if year >= 2025 {
		return [3]int64{213_000, 200_000, 189_000}[class]
	}
	return [3]int64{189_000, 176_000, 166_000}[class]
}

// jobless is the monthly unemployment benefit: eighty per cent of the minimum wage.
func jobless(year, class int32) int64 { return minimumWage(year, class) * 8 / 10 }

// residentBase is the basic pension of the resident scheme.
func residentBase(year int32) int64 {
	switch {
	case year <= 2023:
		return 12_800
	case year == 2024:
		return 13_800
	case year == 2025:
		return 15_800
	default:
		return 15_800 + int64(year-2025)*500
	}
}

// urbanIncome is the national urban disposable income of a year, in fen.
func urbanIncome(year int32) int64 {
	switch {
	case year <= 2023:
		return 5_182_100
	case year == 2024:
		return 5_418_800
	default:
		return 5_418_800 + int64(year-2024)*230_000
	}
}

// injuryMonths is the number of monthly wages of the lump sum for a grade 1..10.
func injuryMonths(grade int32) int64 {
	return [11]int64{0, 27, 25, 23, 21, 18, 16, 13, 11, 9, 7}[grade]
}

// allowancePercent is the allowance of grades 1..4 in per cent of the own wage.
func allowancePercent(grade int32) int64 { return [5]int64{0, 90, 85, 80, 75}[grade] }

// statutoryMonth is the month of lawful retirement: 60 for men, 55 or 50 for women, delayed from 2025 on.
func statutoryMonth(birth int32, female, cadre bool) int32 {
	m0 := originalMonth(birth, female, cadre)
	d := m0 - january(2025)
	switch {
	case d < 0:
		return m0
	case female && !cadre:
		return m0 + min(60, d/2+1)
	default:
		return m0 + min(36, d/4+1)
	}
}

// originalMonth is the month of retirement as it was before the delay.
func originalMonth(birth int32, female, cadre bool) int32 {
	switch {
	case !female:
		return monthOf(birth) + 60*12
	case cadre:
		return monthOf(birth) + 55*12
	default:
		return monthOf(birth) + 50*12
	}
}

// benefitLimit is the longest time of unemployment benefit in months.
func benefitLimit(paid int32) int32 {
	switch {
	case paid >= 120:
		return 24
	case paid >= 60:
		return 18
	case paid >= 12:
		return 12
	default:
		return 0
	}
}

// injuryRate is the contribution rate of a risk class 1..8 in 1/10000.
func injuryRate(class int32) int64 {
	return [9]int64{0, 20, 40, 70, 90, 110, 130, 160, 190}[class]
}

// tellPolicy tells the yearly parameters and the standards of unemployment benefit.
func (w *world) tellPolicy(o *output, win window) {
	years := yearOf(monthOf(win.to))
	for y := yearOf(w.h0) - 4; y <= years; y++ {
		born := dayOf(y, 1, 1)
		op := win.change(born, never, never, never)
		if op == opNone {
			continue
		}
		for k, v := range []struct {
			name string
			v    int64
		}{
			{"average_wage", averageWage(y)}, {"base_floor", baseFloor(y)}, {"base_ceiling", baseCeiling(y)},
			{"minimum_wage", minimumWage(y, 0)}, {"urban_income", urbanIncome(y)}, {"resident_pension", residentBase(y)},
		} {
			o.row(tAA02, int64(y)*10+int64(k), op).N(y).S(v.name).I(v.v)
		}
		w.tellJobless(o, win, y)
	}
	if !win.history {
		return
	}
	for k, r := range [][3]int32{{12, 59, 12}, {60, 119, 18}, {120, 999, 24}} {
		o.row(tJA02, int64(k), opInsert).N(r[0]).N(r[1]).N(r[2])
	}
}

// tellJobless tells the benefit standards: one row per class, closed when the next one begins.
func (w *world) tellJobless(o *output, win window, y int32) {
	if y != 2023 && y != 2025 {
		return
	}
	for class := range int32(3) {
		o.row(tJA01, int64(y)*10+int64(class), opInsert).S([3]string{"一类", "二类", "三类"}[class]).N(ym(january(y))).
			NZ(202412, y == 2023).I(jobless(y, class))
	}
}
