package check

import (
	"fmt"
	"strings"
	"time"

	"fundwatch"
	"fundwatch/core"
)

// argNames are the values that a point's statement may ask for with a question mark. All come from the data, none
// from the clock on the wall: a run of yesterday's data says today what it said yesterday.
func argNames() []string { return []string{"today", "this_month", "regions"} }

// args are those values for one run.
type args map[string]any

// newArgs takes today as the newest business day that the warehouse knows.
func newArgs(asOf time.Time) (args, error) {
	regions, err := core.Regions()
	if err != nil {
		return nil, err
	}
	var codes strings.Builder
	codes.WriteByte(',')
	for _, r := range regions {
		codes.WriteString(string(r.Code) + ",")
	}
	return args{"today": asOf, "this_month": int64(fundwatch.MonthOf(asOf)), "regions": codes.String()}, nil
}

// of gives a point's arguments in order.
func (a args) of(p Point) ([]any, error) {
	out := make([]any, len(p.Args))
	for i, name := range p.Args {
		v, ok := a[name]
		if !ok {
			return nil, fmt.Errorf("check: %s: no argument %s", p.ID, name)
		}
		out[i] = v
	}
	return out, nil
}
