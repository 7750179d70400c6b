// Package dashboards makes the figures of boards (大屏与看板).
//
// A figure is never bare: it carries its unit, its period, the business time up to which it is complete, and the
// sentence that defines it. One panel that cannot be made does not take the others with it; it says so.
package dashboards

import "time"

// State is how a panel stands. Every panel on every board uses these words.
type State string

// The states of a panel.
const (
	OK        State = "ok"
	Empty     State = "empty"
	Stale     State = "stale"
	Failed    State = "error"
	Forbidden State = "forbidden"
)

// Head is what every panel carries beside its figures.
type Head struct {
	ID         string         `json:"id"`
	Title      string         `json:"title"`
	Unit       string         `json:"unit"`
	Period     string         `json:"period"`
	Definition string         `json:"definition" doc:"What exactly is counted"`
	Source     string         `json:"source" doc:"Where the figures come from"`
	State      State          `json:"state" enum:"ok,empty,stale,error,forbidden"`
	Note       string         `json:"note" doc:"Why the state is not ok, in Chinese"`
	AsOf       *time.Time     `json:"asOf,omitempty" doc:"Business time up to which the figures are complete"`
	Link       string         `json:"link,omitempty" doc:"Page that opens the figure down to its rows"`
	Chart      map[string]any `json:"chart,omitempty" doc:"ECharts option, without colours: the client's theme gives them"`
}

// Overview is the first page of the big screen: how many, is it getting better, where, who must act, how fresh.
type Overview struct {
	Title     string        `json:"title"`
	Region    string        `json:"region"`
	Name      string        `json:"name" doc:"Name of the region"`
	Today     string        `json:"today" doc:"Last business day in the warehouse"`
	Round     int64         `json:"round" doc:"Patrol rounds run so far"`
	AsOf      *time.Time    `json:"asOf,omitempty" doc:"The oldest of all panels"`
	AlertSeq  int64         `json:"alertSeq" doc:"Sequence of topic alerts the figures reflect"`
	LoadSeq   int64         `json:"loadSeq"`
	KPIs      []KPI         `json:"kpis"`
	Lines     LinePanel     `json:"lines"`
	Spend     SpendPanel    `json:"spend"`
	Map       MapPanel      `json:"map"`
	Trend     TrendPanel    `json:"trend"`
	Feed      FeedPanel     `json:"feed"`
	Progress  ProgressPanel `json:"progress"`
	Cartogram string        `json:"cartogram" doc:"The line that must stand under the map"`
}

// KPI is one big number.
type KPI struct {
	Head
	Value float64 `json:"value" doc:"In Unit"`
	Text  string  `json:"text" doc:"The value as it is to be shown"`
	Level string  `json:"level" enum:"none,good,watch,bad"`
}

// LinePanel is the amount involved by insurance line.
type LinePanel struct {
	Head
	Items []LineAmount `json:"items"`
}

// LineAmount is one line's share.
type LineAmount struct {
	Line   string `json:"line"`
	Name   string `json:"name"`
	Amount int64  `json:"amount" doc:"Fen"`
	Alerts int64  `json:"alerts"`
}

// SpendPanel is the monthly expenditure by line, from the books.
type SpendPanel struct {
	Head
	Months []string      `json:"months" doc:"2026-10, oldest first"`
	Series []SpendSeries `json:"series"`
}

// SpendSeries is one line's expenditure, a value for each month.
type SpendSeries struct {
	Line   string  `json:"line"`
	Name   string  `json:"name"`
	Values []int64 `json:"values" doc:"Fen"`
}

// MapPanel is the cartogram: nine prefectures with their counties.
type MapPanel struct {
	Head
	Prefectures []Prefecture `json:"prefectures" doc:"In the order of a 3 by 3 grid, row by row"`
	Max         int64        `json:"max" doc:"The highest count of a county: the end of the colour scale"`
}

// Prefecture is one tile of the cartogram.
type Prefecture struct {
	Code     string   `json:"code"`
	Name     string   `json:"name"`
	Short    string   `json:"short"`
	Open     int64    `json:"open"`
	Counties []County `json:"counties"`
}

// County is one cell of the cartogram.
type County struct {
	Code   string `json:"code"`
	Name   string `json:"name"`
	Short  string `json:"short"`
	Open   int64  `json:"open" doc:"Open alerts"`
	Red    int64  `json:"red"`
	Amount int64  `json:"amount" doc:"Fen in open alerts"`
}

// TrendPanel is thirty days of alerts raised against alerts handled.
type TrendPanel struct {
	Head
	Days    []string `json:"days" doc:"2026-11-05, oldest first"`
	Raised  []int64  `json:"raised"`
	Handled []int64  `json:"handled"`
}

// FeedPanel is the newest alerts.
type FeedPanel struct {
	Head
	Items []FeedItem `json:"items"`
}

// FeedItem is one alert without anything personal.
type FeedItem struct {
	ID           string    `json:"id"`
	Severity     string    `json:"severity"`
	SeverityName string    `json:"severityName"`
	Title        string    `json:"title"`
	Region       string    `json:"region"`
	RegionName   string    `json:"regionName"`
	LineName     string    `json:"lineName"`
	Amount       int64     `json:"amount" doc:"Fen"`
	At           time.Time `json:"at"`
}

// ProgressPanel is how far each prefecture has come with what was dispatched to it.
type ProgressPanel struct {
	Head
	Items []Progress `json:"items" doc:"Most overdue first"`
}

// Progress is one prefecture's work.
type Progress struct {
	Code    string `json:"code"`
	Name    string `json:"name"`
	Closed  int64  `json:"closed"`
	Open    int64  `json:"open" doc:"In work and in time"`
	Overdue int64  `json:"overdue"`
}
