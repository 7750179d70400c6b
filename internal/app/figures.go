package app

import (
	"context"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/dashboards"
	"fundwatch/supervision"
)

// alertFigures hands supervision's counts to the boards, which stand a floor below it.
func (w *works) alertFigures(ctx context.Context, a fundwatch.Actor, q dashboards.AlertQuestion) (*dashboards.AlertFigures, error) {
	s, err := w.desk.Stats(ctx, a, q.Region)
	if err != nil {
		return nil, err
	}
	out := &dashboards.AlertFigures{
		Seq: s.Seq, Open: s.Open, Red: s.Red, Today: s.Today, Involved: s.Confirmed, Recovered: s.Recovered,
		Lines: map[fundwatch.Insurance]dashboards.LineAmount{}, Counties: map[fundwatch.Region]dashboards.County{},
		Raised: map[string]int64{}, Handled: map[string]int64{}, Work: map[fundwatch.Region]dashboards.Progress{},
	}
	for _, x := range s.ByLine {
		out.Lines[fundwatch.Insurance(x.Value)] = dashboards.LineAmount{Amount: int64(x.Amount), Alerts: x.Open}
	}
	for _, x := range s.ByRegion {
		r := fundwatch.Region(x.Value)
		out.Counties[r] = dashboards.County{Open: x.Open, Red: x.Red, Amount: int64(x.Amount)}
		if r.Level() == fundwatch.LevelCounty {
			r = r.Parent()
		}
		work := out.Work[r]
		work.Closed += x.Done
		work.Open += x.InWork
		work.Overdue += x.Overdue
		out.Work[r] = work
		out.OnTime += x.Done
		out.Due += x.Done + x.Overdue
	}
	for _, d := range s.ByDay {
		out.Raised[d.Day], out.Handled[d.Day] = d.Raised, d.Handled
	}
	out.Newest, err = w.newest(ctx, a, q)
	return out, err
}

// newest lists the latest alerts without anything about persons: a screen hangs where anybody may stand.
func (w *works) newest(ctx context.Context, a fundwatch.Actor, q dashboards.AlertQuestion) ([]dashboards.FeedItem, error) {
	page, err := w.desk.List(ctx, a, supervision.Filter{Region: q.Region, Limit: q.Newest})
	if err != nil {
		return nil, err
	}
	names := map[fundwatch.Region]string{}
	regions, err := core.Regions()
	if err != nil {
		return nil, err
	}
	for _, r := range regions {
		names[r.Code] = r.Short
	}
	out := make([]dashboards.FeedItem, 0, len(page.Items))
	for _, x := range page.Items {
		out = append(out, dashboards.FeedItem{
			ID: x.ID, Severity: string(x.Severity), SeverityName: x.Severity.Title(), Title: x.RuleTitle, Region: string(x.Region),
			RegionName: names[x.Region], LineName: x.Line.Title(), Amount: int64(x.Amount), At: x.RaisedAt,
		})
	}
	return out, nil
}
