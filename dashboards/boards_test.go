package dashboards_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fundwatch"
	"fundwatch/dashboards"
	"fundwatch/warehouse"
)

// books answers the one question a board asks of the warehouse.
type books struct{ err error }

func (b books) Query(context.Context, warehouse.Statement) (*warehouse.Frame, error) {
	if b.err != nil {
		return nil, b.err
	}
	return &warehouse.Frame{Rows: [][]any{
		{"110", int64(202609), int64(123_456_700)}, {"110", int64(202610), int64(223_456_700)},
		{"410", int64(202610), int64(5_000_00)},
	}}, nil
}

type province struct {
	asked    atomic.Int64
	seq      atomic.Int64
	facts    books
	figures  dashboards.AlertFigures
	failing  error
	now      time.Time
	boards   *dashboards.Boards
	question dashboards.AlertQuestion
	actor    fundwatch.Actor
}

func open(t *testing.T) *province {
	t.Helper()
	p := &province{now: time.Date(2026, 11, 5, 12, 0, 0, 0, fundwatch.Shanghai())}
	p.figures = dashboards.AlertFigures{
		Open: 7, Red: 2, Today: 3, Recovered: 84_126_000_00, Due: 28, OnTime: 27,
		Lines:    map[fundwatch.Insurance]dashboards.LineAmount{"110": {Amount: 31_200_000_00, Alerts: 5}},
		Counties: map[fundwatch.Region]dashboards.County{"520302": {Open: 4, Red: 1}, "520102": {Open: 3}},
		Raised:   map[string]int64{"2026-11-05": 3, "2026-10-07": 9},
		Work:     map[fundwatch.Region]dashboards.Progress{"520300": {Open: 2, Overdue: 1}, "520100": {Closed: 4}},
	}
	boards, err := dashboards.New(dashboards.Options{
		Alerts: func(_ context.Context, a fundwatch.Actor, q dashboards.AlertQuestion) (*dashboards.AlertFigures, error) {
			p.asked.Add(1)
			p.question, p.actor = q, a
			if p.failing != nil {
				return nil, p.failing
			}
			return &p.figures, nil
		},
		AlertSeq: func(context.Context) (int64, error) { return p.seq.Load(), nil },
		Rounds:   func(context.Context) (int64, error) { return 12, nil },
		Facts:    func(fundwatch.Actor) dashboards.Facts { return p.facts },
		Mark:     func() (int64, time.Time) { return 88, p.now.Add(-12 * time.Hour) },
		Now:      func() time.Time { return p.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	p.boards = boards
	return p
}

func actor(regions ...fundwatch.Region) fundwatch.Actor {
	return fundwatch.Actor{ID: "u", Scope: fundwatch.NewScope(regions, fundwatch.Insurances())}
}

func TestOverview(t *testing.T) {
	p := open(t)
	board, err := p.boards.Overview(t.Context(), actor("520000"), "")
	if err != nil {
		t.Fatal(err)
	}
	counties := 0
	for _, tile := range board.Map.Prefectures {
		counties += len(tile.Counties)
	}
	if len(board.Map.Prefectures) != 9 || counties != 88 || board.Map.Max != 4 {
		t.Errorf("the cartogram has %d prefectures, %d counties, max %d", len(board.Map.Prefectures), counties, board.Map.Max)
	}
	if got := board.Map.Prefectures[4].Code; got != "520100" {
		t.Errorf("the middle of the grid is %s, not the capital", got)
	}
	texts := map[string]string{}
	for _, k := range board.KPIs {
		texts[k.ID] = k.Text
		if k.Definition == "" || k.Unit == "" || k.Period == "" || k.AsOf == nil {
			t.Errorf("figure %s lacks unit, period, definition or time: %+v", k.ID, k.Head)
		}
	}
	for id, want := range map[string]string{"open": "7", "today": "3", "red": "2", "recovered": "8412.6", "ontime": "96.4"} {
		if texts[id] != want {
			t.Errorf("figure %s shows %q, want %q", id, texts[id], want)
		}
	}
	if n := len(board.Trend.Days); n != 30 || board.Trend.Days[29] != "2026-11-05" || board.Trend.Raised[29] != 3 || board.Trend.Raised[0] != 9 {
		t.Errorf("trend: %v %v", board.Trend.Days, board.Trend.Raised)
	}
	if len(board.Spend.Months) != 2 || len(board.Spend.Series) != 2 || board.Spend.Series[1].Values[0] != 0 {
		t.Errorf("spend: %+v", board.Spend)
	}
	if board.Progress.Items[0].Code != "520300" {
		t.Errorf("the most overdue prefecture is not first: %+v", board.Progress.Items)
	}
}

// TestChartsAreInert checks that an option is data only: nothing to run, nothing to fetch, no colours.
func TestChartsAreInert(t *testing.T) {
	p := open(t)
	board, err := p.boards.Overview(t.Context(), actor("520000"), "520000")
	if err != nil {
		t.Fatal(err)
	}
	for name, chart := range map[string]map[string]any{
		"lines": board.Lines.Chart, "trend": board.Trend.Chart, "spend": board.Spend.Chart, "progress": board.Progress.Chart,
	} {
		b, err := json.Marshal(chart)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"http", "function", "__f__", "<", `"color":[`} {
			if strings.Contains(string(b), bad) {
				t.Errorf("chart %s carries %q: %s", name, bad, b)
			}
		}
		if !strings.Contains(string(b), `"data":[`) || !strings.Contains(string(b), `"xAxis"`) {
			t.Errorf("chart %s has no data: %s", name, b)
		}
	}
}

func TestScope(t *testing.T) {
	p := open(t)
	t.Run("Narrowed", func(t *testing.T) {
		board, err := p.boards.Overview(t.Context(), actor("520000"), "520300")
		if err != nil {
			t.Fatal(err)
		}
		if len(board.Map.Prefectures) != 1 || len(board.Map.Prefectures[0].Counties) != 14 || board.Name != "遵义市" {
			t.Errorf("the board of one prefecture shows %d", len(board.Map.Prefectures))
		}
		if got := p.actor.Scope.Regions(); len(got) != 1 || got[0] != "520300" {
			t.Errorf("the figures were asked for %v", got)
		}
	})
	t.Run("Foreign", func(t *testing.T) {
		_, err := p.boards.Overview(t.Context(), actor("520300"), "520100")
		if fundwatch.CodeOf(err) != fundwatch.NotFound {
			t.Errorf("got %v", err)
		}
	})
	t.Run("Nothing", func(t *testing.T) {
		_, err := p.boards.Overview(t.Context(), fundwatch.Actor{ID: "u"}, "")
		if fundwatch.CodeOf(err) != fundwatch.Denied {
			t.Errorf("got %v", err)
		}
	})
	t.Run("TwoPrefecturesOpenWithTheProvince", func(t *testing.T) {
		board, err := p.boards.Overview(t.Context(), actor("520300", "520100"), "")
		if err != nil {
			t.Fatal(err)
		}
		if board.Region != "520000" || len(board.Map.Prefectures) != 2 {
			t.Errorf("board of %s with %d prefectures", board.Region, len(board.Map.Prefectures))
		}
	})
}

func TestOnePanelFailsAlone(t *testing.T) {
	p := open(t)
	p.facts.err = errors.New("engine out of order")
	board, err := p.boards.Overview(t.Context(), actor("520000"), "")
	if err != nil {
		t.Fatal(err)
	}
	if board.Spend.State != dashboards.Failed || strings.Contains(board.Spend.Note, "engine") || board.Lines.State != dashboards.OK {
		t.Errorf("spend %s %q, lines %s", board.Spend.State, board.Spend.Note, board.Lines.State)
	}
	q := open(t)
	q.failing = fundwatch.Errorf(fundwatch.Unavailable, "工作库正忙")
	board, err = q.boards.Overview(t.Context(), actor("520000"), "")
	if err != nil {
		t.Fatal(err)
	}
	if board.KPIs[0].State != dashboards.Failed || board.KPIs[0].Note != "工作库正忙" || board.Spend.State != dashboards.OK {
		t.Errorf("open %+v, spend %s", board.KPIs[0].Head, board.Spend.State)
	}
}

func TestKeptWhileNothingChanges(t *testing.T) {
	p := open(t)
	look := func() {
		t.Helper()
		if _, err := p.boards.Overview(t.Context(), actor("520000"), ""); err != nil {
			t.Fatal(err)
		}
	}
	look()
	p.now = p.now.Add(time.Hour)
	look()
	if n := p.asked.Load(); n != 1 {
		t.Errorf("computed %d times although nothing changed", n)
	}
	p.seq.Add(1)
	look()
	if n := p.asked.Load(); n != 2 {
		t.Errorf("computed %d times after an alert", n)
	}
	p.seq.Add(1)
	look() // within the two seconds of a burst
	if n := p.asked.Load(); n != 2 {
		t.Errorf("computed %d times within a burst", n)
	}
	p.now = p.now.Add(3 * time.Second)
	look()
	if n := p.asked.Load(); n != 3 {
		t.Errorf("computed %d times after the burst", n)
	}
}
