package check

import (
	"context"
	"fmt"
	"math"

	"fundwatch"
	"fundwatch/warehouse"
)

// Bounds are the shares by which headcounts may differ from the yearly statistics (规定范围). The requirement names
// none, so they are settings. A zero field takes its default.
type Bounds struct {
	Insured   float64 // default 0.01
	Paying    float64 // default 0.02
	Receiving float64 // default 0.005
	Warn      float64 // share of the bound from which a difference is pointed out; default 0.8
}

func (b Bounds) withDefaults() Bounds {
	def := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	def(&b.Insured, 0.01)
	def(&b.Paying, 0.02)
	def(&b.Receiving, 0.005)
	def(&b.Warn, 0.8)
	return b
}

// Verdict says how a headcount compares with the yearly statistics.
type Verdict string

// The verdicts. None means that no figure was entered.
const (
	VerdictOK   Verdict = "ok"
	VerdictWarn Verdict = "warn"
	VerdictFail Verdict = "fail"
)

// Count is one headcount beside the entered figure.
type Count struct {
	System    int64   `json:"system"`
	Entered   int64   `json:"entered"`
	Deviation float64 `json:"deviation"` // |System - Entered| / Entered
	Bound     float64 `json:"bound"`
	Verdict   Verdict `json:"verdict"`
}

// Headcount compares one line in one region at the end of one year.
type Headcount struct {
	Year      int64               `json:"year"`
	Line      fundwatch.Insurance `json:"line"`
	Region    fundwatch.Region    `json:"region"`
	Insured   Count               `json:"insured"`
	Paying    Count               `json:"paying"`
	Receiving Count               `json:"receiving"`
}

// The counts by line and place at the end of a year, from rows that know more than was known then. Insured are those
// whose relation had begun and is not ended, or ended because of a death that was registered later. Paying are those
// with a normal contribution for December, residents with one for the year. Receiving are those whose benefit had
// begun and not ended.
const (
	insuredSQL = `SELECT t.AAE140, t.AAB301, count(DISTINCT t.AAC001) FROM {{AC02}} t
		WHERE t.AAC030 <= make_date(?, 12, 31) AND (t.AAC008 IN ('1', '2') OR EXISTS (SELECT 1 FROM {{AC26}} d
			WHERE d.AAC001 = t.AAC001 AND d.AAE171 = '1' AND d.AAE036 > make_date(?, 12, 31)))
		GROUP BY 1, 2`
	payingSQL = `SELECT AAE140, AAB301, count(DISTINCT AAC001) FROM {{AC43}}
		WHERE mi = ? AND AAA115 = '10' AND YAE589 = '0' AND AAE080 + AAE082 > 0 GROUP BY 1, 2
		UNION ALL
		SELECT '170', AAB301, count(DISTINCT AAC001) FROM {{AC27}} WHERE AAE001 = ? AND AAE078 = '1' GROUP BY 1, 2`
	receivingSQL = `SELECT AAE140, AAB301, count(DISTINCT AAC001) FROM {{AC60}}
		WHERE AAE210 <= ? AND (AIC301 IS NULL OR AIC301 > ?) GROUP BY 1, 2`
)

// Headcounts compares the persons in the warehouse with every figure that was entered for the year, as far as the
// actor may see both. A figure of a prefecture or of the province is compared with the sum of what lies inside.
func (s *Service) Headcounts(ctx context.Context, actor fundwatch.Actor, year int) ([]Headcount, error) {
	if year < 1990 || year > 2199 {
		return nil, fundwatch.FieldErrorf("year", "年度 %d 无效", year)
	}
	view := s.opts.Warehouse.View(actor)
	december := fundwatch.Month(year*100 + 12)
	insured, err := countPlaces(ctx, view, insuredSQL, year, year)
	if err != nil {
		return nil, err
	}
	paying, err := countPlaces(ctx, view, payingSQL, december.Index(), year)
	if err != nil {
		return nil, err
	}
	receiving, err := countPlaces(ctx, view, receivingSQL, december, december)
	if err != nil {
		return nil, err
	}
	var out []Headcount
	err = view.Each(ctx, warehouse.Statement{SQL: `SELECT AAE140, AAB301, ZNB001, ZNB002, ZNB003 FROM {{NB01}} WHERE AAE001 = ?
		ORDER BY AAB301, AAE140`, Args: []any{year}}, func(row []any) error {
		line, ok1 := row[0].(string)
		region, ok2 := row[1].(string)
		if !ok1 || !ok2 {
			return nil // without line or place there is nothing to compare with; DQ-C01 tells of it
		}
		h := Headcount{Year: int64(year), Line: fundwatch.Insurance(line), Region: fundwatch.Region(region)}
		for i, c := range []struct {
			to     *Count
			counts places
			bound  float64
		}{{&h.Insured, insured, s.opts.Bounds.Insured}, {&h.Paying, paying, s.opts.Bounds.Paying}, {&h.Receiving, receiving, s.opts.Bounds.Receiving}} {
			entered, _ := row[2+i].(int64)
			*c.to = s.opts.Bounds.compare(c.counts.inside(h.Line, h.Region), entered, c.bound)
		}
		out = append(out, h)
		return nil
	})
	return out, err
}

// compare judges one count. Nothing entered and nothing there agree; nothing entered for persons that are there is
// the greatest difference.
func (b Bounds) compare(system, entered int64, bound float64) Count {
	c := Count{System: system, Entered: entered, Bound: bound, Verdict: VerdictOK}
	switch {
	case entered > 0:
		c.Deviation = math.Abs(float64(system-entered)) / float64(entered)
	case system > 0:
		c.Deviation = 1
	}
	switch {
	case c.Deviation > bound:
		c.Verdict = VerdictFail
	case c.Deviation >= b.Warn*bound && c.Deviation > 0:
		c.Verdict = VerdictWarn
	}
	return c
}

// places counts persons by line and place.
type places map[fundwatch.Insurance]map[fundwatch.Region]int64

// inside adds up the places in a region.
func (p places) inside(line fundwatch.Insurance, r fundwatch.Region) int64 {
	var n int64
	for place, count := range p[line] {
		if r.Contains(place) {
			n += count
		}
	}
	return n
}

func countPlaces(ctx context.Context, v *warehouse.View, sql string, args ...any) (places, error) {
	out := places{}
	err := v.Each(ctx, warehouse.Statement{SQL: sql, Args: args}, func(row []any) error {
		line, ok1 := row[0].(string)
		region, ok2 := row[1].(string)
		n, ok3 := row[2].(int64)
		if !ok1 || !ok2 {
			return nil // rows without line or place belong nowhere
		}
		if !ok3 {
			return fmt.Errorf("check: headcount of type %T", row[2])
		}
		l := fundwatch.Insurance(line)
		if out[l] == nil {
			out[l] = map[fundwatch.Region]int64{}
		}
		out[l][fundwatch.Region(region)] += n
		return nil
	})
	return out, err
}
