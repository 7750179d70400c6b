package dashboards

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/warehouse"
)

// make computes every panel. A panel that fails says so and leaves the others alone.
func (b *Boards) make(ctx context.Context, a fundwatch.Actor, place core.RegionInfo, load int64, asOf time.Time) *Overview {
	board := &Overview{
		Title: place.Name + "社会保险基金监管大屏", Region: string(place.Code), Name: place.Name, LoadSeq: load,
		AsOf: stamp(asOf), Cartogram: "示意分布，非行政区划图",
	}
	if !asOf.IsZero() {
		board.Today = dayOf(asOf)
	}
	rounds, err := b.o.Rounds(ctx)
	if err == nil {
		board.Round = rounds
	}
	figures, err := b.o.Alerts(ctx, a, AlertQuestion{Region: place.Code, Today: asOf, Days: trendDays, Newest: feedLength})
	head := b.head(asOf, err)
	if err != nil {
		figures = &AlertFigures{}
	}
	board.AlertSeq = figures.Seq
	board.KPIs = kpis(head, figures)
	board.Lines = linePanel(head, a.Scope, figures)
	board.Map = b.mapPanel(head, a.Scope, figures)
	board.Trend = trendPanel(head, asOf, figures)
	board.Feed = feedPanel(head, figures)
	board.Progress = b.progressPanel(head, a.Scope, figures)
	board.Spend = b.spendPanel(ctx, a, asOf)
	return board
}

// head begins a panel: its business time, and the state that follows from it.
func (b *Boards) head(asOf time.Time, err error) Head {
	h := Head{AsOf: stamp(asOf), State: OK}
	switch {
	case err != nil && fundwatch.CodeOf(err) == fundwatch.Denied:
		h.State, h.Note = Forbidden, fundwatch.MessageOf(err)
	case err != nil:
		h.State, h.Note = Failed, fundwatch.MessageOf(err)
	case asOf.IsZero():
		h.State, h.Note = Empty, "数据尚未接入"
	}
	return h
}

// titled fills the words of a panel; empty says that there is nothing to show.
func (h Head) titled(id, title, unit, period, definition, source string, empty bool) Head {
	h.ID, h.Title, h.Unit, h.Period, h.Definition, h.Source = id, title, unit, period, definition, source
	if empty && h.State == OK {
		h.State, h.Note = Empty, "暂无数据"
	}
	return h
}

const (
	fromAlerts = "预警台账"
	fromBooks  = "基金财务月报"
)

func kpis(h Head, f *AlertFigures) []KPI {
	number := func(id, title, unit, period, definition string, value int64, level string) KPI {
		return KPI{
			Head: h.titled(id, title, unit, period, definition, fromAlerts, false), Value: float64(value),
			Text: strconv.FormatInt(value, 10), Level: level,
		}
	}
	level := func(bad bool, otherwise string) string {
		if bad {
			return "bad"
		}
		return otherwise
	}
	open := number("open", "在办预警", "条", "截至当前", "尚未办结的预警条数，按对象、规则与期间去重", f.Open, "none")
	open.Link = "/risk/alerts?open=true"
	today := number("today", "今日新增预警", "条", "最近一个业务日", "首次发现日为最近一个业务日的预警条数", f.Today, "watch")
	today.Link = "/risk/alerts?sort=-raisedAt"
	red := number("red", "红色预警", "条", "截至当前", "尚未办结且级别为红色的预警条数", f.Red, level(f.Red > 0, "good"))
	red.Link = "/risk/alerts?open=true&severity=red"
	recovered := KPI{
		Head: h.titled("recovered", "本年追回资金", "万元", "本年", "本年办结预警中已追回的金额；认定涉及金额 "+
			wan(f.Involved)+" 万元", fromAlerts, false),
		Value: float64(f.Recovered) / 1e6, Text: wan(f.Recovered), Level: "good",
	}
	onTime := KPI{
		Head: h.titled("ontime", "按期办结率", "%", "截至当前", "已派发的预警中，已反馈或办结的占（已反馈或办结与超期未办之和）的比例；"+
			strconv.FormatInt(f.OnTime, 10)+"/"+strconv.FormatInt(f.Due, 10), fromAlerts, f.Due == 0),
		Text: "—", Level: "none",
	}
	if f.Due > 0 {
		onTime.Value = 100 * float64(f.OnTime) / float64(f.Due)
		onTime.Text = strconv.FormatFloat(onTime.Value, 'f', 1, 64)
		onTime.Level = level(onTime.Value < 80, "good")
	}
	return []KPI{open, today, red, recovered, onTime}
}

func linePanel(h Head, scope fundwatch.Scope, f *AlertFigures) LinePanel {
	p := LinePanel{Items: []LineAmount{}}
	var sum int64
	for _, line := range fundwatch.Insurances() {
		if !slices.Contains(scope.Lines(), line) {
			continue
		}
		item := f.Lines[line]
		item.Line, item.Name = string(line), line.Title()
		sum += item.Alerts
		p.Items = append(p.Items, item)
	}
	p.Head = h.titled("lines", "各险种疑点金额", "万元", "截至当前", "在办预警涉及的金额，按险种合计", fromAlerts, sum == 0)
	p.Link = "/risk/alerts?open=true"
	p.Chart = lineChart(p.Items)
	return p
}

// mapPanel lays the prefectures on a 3 by 3 grid that resembles where they lie, each with its counties.
func (b *Boards) mapPanel(h Head, scope fundwatch.Scope, f *AlertFigures) MapPanel {
	p := MapPanel{Prefectures: []Prefecture{}}
	for _, info := range b.regions {
		if info.Code.Level() != fundwatch.LevelPrefecture || scope.Within(info.Code).Empty() {
			continue
		}
		tile := Prefecture{Code: string(info.Code), Name: info.Name, Short: info.Short, Counties: []County{}}
		tile.Open = f.Counties[info.Code].Open
		for _, c := range b.regions {
			if c.Parent != info.Code || scope.Within(c.Code).Empty() {
				continue
			}
			cell := f.Counties[c.Code]
			cell.Code, cell.Name, cell.Short = string(c.Code), c.Name, c.Short
			tile.Open += cell.Open
			p.Max = max(p.Max, cell.Open)
			tile.Counties = append(tile.Counties, cell)
		}
		p.Prefectures = append(p.Prefectures, tile)
	}
	slices.SortStableFunc(p.Prefectures, func(x, y Prefecture) int {
		return cmp.Compare(slices.Index(gridOrder(), x.Code), slices.Index(gridOrder(), y.Code))
	})
	p.Head = h.titled("map", "九市（州）八十八县（市、区）风险分布", "条", "截至当前", "在办预警条数，按县（市、区）",
		fromAlerts, p.Max == 0)
	p.Link = "/risk/alerts?open=true"
	return p
}

// gridOrder is row by row: 毕节 遵义 铜仁, 六盘水 贵阳 黔东南, 黔西南 安顺 黔南.
func gridOrder() []string {
	return []string{"520500", "520300", "520600", "520200", "520100", "522600", "522300", "520400", "522700"}
}

func trendPanel(h Head, today time.Time, f *AlertFigures) TrendPanel {
	p := TrendPanel{Days: []string{}, Raised: []int64{}, Handled: []int64{}}
	var sum int64
	for i := trendDays - 1; i >= 0 && !today.IsZero(); i-- {
		d := dayOf(today.AddDate(0, 0, -i))
		p.Days = append(p.Days, d)
		p.Raised = append(p.Raised, f.Raised[d])
		p.Handled = append(p.Handled, f.Handled[d])
		sum += f.Raised[d] + f.Handled[d]
	}
	p.Head = h.titled("trend", "近30日预警与办结", "条", "近30个自然日", "每日首次发现的预警条数与每日办结的条数",
		fromAlerts, sum == 0)
	p.Chart = trendChart(p)
	return p
}

func feedPanel(h Head, f *AlertFigures) FeedPanel {
	p := FeedPanel{Items: f.Newest}
	if p.Items == nil {
		p.Items = []FeedItem{}
	}
	p.Head = h.titled("feed", "实时预警", "条", "最新", "最近发现的预警，不含个人信息", fromAlerts, len(p.Items) == 0)
	p.Link = "/risk/live"
	return p
}

func (b *Boards) progressPanel(h Head, scope fundwatch.Scope, f *AlertFigures) ProgressPanel {
	p := ProgressPanel{Items: []Progress{}}
	var sum int64
	for _, info := range b.regions {
		if info.Code.Level() != fundwatch.LevelPrefecture || scope.Within(info.Code).Empty() {
			continue
		}
		item := f.Work[info.Code]
		item.Code, item.Name = string(info.Code), info.Short
		sum += item.Closed + item.Open + item.Overdue
		p.Items = append(p.Items, item)
	}
	slices.SortStableFunc(p.Items, func(x, y Progress) int {
		return cmp.Or(cmp.Compare(y.Overdue, x.Overdue), cmp.Compare(y.Open+y.Closed, x.Open+x.Closed), cmp.Compare(x.Code, y.Code))
	})
	p.Head = h.titled("progress", "核查进度（超期优先）", "条", "本年", "已派发核查的预警：已办结、在办、超期，按市（州）",
		fromAlerts, sum == 0)
	p.Link = "/risk/alerts?open=true&overdue=true"
	p.Chart = progressChart(p.Items)
	return p
}

// spendPanel reads the books: subject 5001 is what was spent on benefits.
func (b *Boards) spendPanel(ctx context.Context, a fundwatch.Actor, asOf time.Time) SpendPanel {
	p := SpendPanel{Months: []string{}, Series: []SpendSeries{}}
	var first fundwatch.Month
	if !asOf.IsZero() {
		first = fundwatch.MonthOf(asOf).Add(-spendMonths)
	}
	frame, err := b.o.Facts(a).Query(ctx, warehouse.Statement{
		SQL: `SELECT AAE140 AS line, AAE002 AS month, sum(AAE019) AS amount FROM {{FN01}}
			WHERE ZCW001 = '5001' AND AAE002 >= ? GROUP BY AAE140, AAE002 ORDER BY AAE002, AAE140`,
		Args: []any{int64(first)},
	})
	if err == nil && len(frame.Rows) > 0 {
		err = p.fill(frame)
	}
	p.Head = b.head(asOf, err).titled("spend", "各险种月度待遇支出", "万元", "近12个月",
		"基金财务月报中“社会保险待遇支出”科目的月发生额，按险种", fromBooks, len(p.Months) == 0)
	p.Chart = spendChart(p)
	return p
}

func (p *SpendPanel) fill(f *warehouse.Frame) error {
	type cell struct {
		line  fundwatch.Insurance
		month fundwatch.Month
	}
	amounts := map[cell]int64{}
	var months []fundwatch.Month
	for _, row := range f.Rows {
		line, ok1 := row[0].(string)
		month, ok2 := row[1].(int64)
		amount, ok3 := row[2].(int64)
		if !ok1 || !ok2 || !ok3 {
			return fmt.Errorf("dashboards: spend row of types %T, %T, %T", row[0], row[1], row[2])
		}
		m := fundwatch.Month(month)
		amounts[cell{fundwatch.Insurance(line), m}] = amount
		if !slices.Contains(months, m) {
			months = append(months, m)
		}
	}
	slices.Sort(months)
	if len(months) > spendMonths {
		months = months[len(months)-spendMonths:]
	}
	for _, m := range months {
		p.Months = append(p.Months, m.String())
	}
	for _, line := range fundwatch.Insurances() {
		s := SpendSeries{Line: string(line), Name: line.Title(), Values: []int64{}}
		seen := false
		for _, m := range months {
			v, ok := amounts[cell{line, m}]
			seen = seen || ok
			s.Values = append(s.Values, v)
		}
		if seen {
			p.Series = append(p.Series, s)
		}
	}
	return nil
}

// wan writes fen in 万元 with one decimal and a thin grouping of thousands.
func wan(f fundwatch.Fen) string {
	return strconv.FormatFloat(float64(f)/1e6, 'f', 1, 64)
}

func stamp(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.In(fundwatch.Shanghai())
	return &t
}

func dayOf(t time.Time) string { return t.In(fundwatch.Shanghai()).Format(time.DateOnly) }
