package dashboards

import (
	"encoding/json"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
)

// A chart leaves this package as JSON only: the library's own pages put text unescaped into scripts. Colours and
// fonts are the client's theme; names like @wan in a formatter are the client's formatters.

// theme keeps the library from writing its palette over the client's.
const theme = "gov"

func common(legend bool, left string) []charts.GlobalOpts {
	return []charts.GlobalOpts{
		charts.WithInitializationOpts(opts.Initialization{Theme: theme, ChartID: "chart"}),
		charts.WithAnimation(false),
		charts.WithLegendOpts(opts.Legend{Show: opts.Bool(legend), Top: "0", Right: "0"}),
		charts.WithTitleOpts(opts.Title{Show: opts.Bool(false)}),
		charts.WithTooltipOpts(opts.Tooltip{Show: opts.Bool(true), Trigger: "axis"}),
		charts.WithGridOpts(opts.Grid{Left: left, Right: "24", Top: "40", Bottom: "8", ContainLabel: opts.Bool(true)}),
	}
}

// plain turns the library's structs into a bare JSON object.
func plain(options map[string]any) map[string]any {
	b, err := json.Marshal(options)
	if err != nil {
		return nil // a chart without option: the client draws from the figures
	}
	var out map[string]any
	if json.Unmarshal(b, &out) != nil {
		return nil
	}
	delete(out, "toolbox")
	return out
}

// lineChart draws the amounts as lying bars, the first line on top.
func lineChart(items []LineAmount) map[string]any {
	bar := charts.NewBar()
	bar.SetGlobalOptions(append(common(false, "8"),
		charts.WithXAxisOpts(opts.XAxis{Type: "value", AxisLabel: &opts.AxisLabel{Formatter: "@wan"}}),
		charts.WithYAxisOpts(opts.YAxis{Type: "category"}),
	)...)
	names := make([]string, 0, len(items))
	values := make([]opts.BarData, 0, len(items))
	for i := len(items) - 1; i >= 0; i-- {
		names = append(names, items[i].Name)
		values = append(values, opts.BarData{Name: items[i].Line, Value: items[i].Amount})
	}
	bar.SetXAxis(names).AddSeries("疑点金额", values,
		charts.WithLabelOpts(opts.Label{Show: opts.Bool(true), Position: "right", Formatter: "@wan"}))
	bar.XYReversal()
	bar.Validate()
	return plain(bar.JSON())
}

func trendChart(p TrendPanel) map[string]any {
	line := charts.NewLine()
	line.SetGlobalOptions(append(common(true, "8"), charts.WithYAxisOpts(opts.YAxis{Type: "value"}))...)
	raised := make([]opts.LineData, 0, len(p.Days))
	handled := make([]opts.LineData, 0, len(p.Days))
	for i := range p.Days {
		raised = append(raised, opts.LineData{Value: p.Raised[i]})
		handled = append(handled, opts.LineData{Value: p.Handled[i]})
	}
	line.SetXAxis(p.Days).AddSeries("预警", raised).
		AddSeries("办结", handled, charts.WithLineStyleOpts(opts.LineStyle{Type: "dashed"}))
	line.Validate()
	return plain(line.JSON())
}

func spendChart(p SpendPanel) map[string]any {
	bar := charts.NewBar()
	bar.SetGlobalOptions(append(common(true, "8"),
		charts.WithYAxisOpts(opts.YAxis{Type: "value", AxisLabel: &opts.AxisLabel{Formatter: "@wan"}}))...)
	bar.SetXAxis(p.Months)
	for _, s := range p.Series {
		values := make([]opts.BarData, 0, len(s.Values))
		for _, v := range s.Values {
			values = append(values, opts.BarData{Value: v})
		}
		bar.AddSeries(s.Name, values, charts.WithBarChartOpts(opts.BarChart{Stack: "spend"}))
	}
	bar.Validate()
	return plain(bar.JSON())
}

func progressChart(items []Progress) map[string]any {
	bar := charts.NewBar()
	bar.SetGlobalOptions(append(common(true, "8"),
		charts.WithXAxisOpts(opts.XAxis{Type: "value"}),
		charts.WithYAxisOpts(opts.YAxis{Type: "category"}),
	)...)
	names := make([]string, 0, len(items))
	series := [3][]opts.BarData{}
	for i := len(items) - 1; i >= 0; i-- {
		names = append(names, items[i].Name)
		for n, v := range []int64{items[i].Closed, items[i].Open, items[i].Overdue} {
			series[n] = append(series[n], opts.BarData{Name: items[i].Code, Value: v})
		}
	}
	bar.SetXAxis(names)
	for n, name := range []string{"已办结", "在办", "超期"} {
		bar.AddSeries(name, series[n], charts.WithBarChartOpts(opts.BarChart{Stack: "work"}))
	}
	bar.XYReversal()
	bar.Validate()
	return plain(bar.JSON())
}
