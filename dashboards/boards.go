package dashboards

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/warehouse"
)

// Facts answers statements within what one person may see; *warehouse.View does.
type Facts interface {
	Query(ctx context.Context, s warehouse.Statement) (*warehouse.Frame, error)
}

// AlertFigures are the counts over the alerts a person may see, as supervision gives them.
type AlertFigures struct {
	Seq       int64 // of the live topic alerts: what the counts reflect
	Open      int64
	Red       int64         // open and red
	Today     int64         // raised on the last business day
	Involved  fundwatch.Fen // confirmed this year
	Recovered fundwatch.Fen // recovered this year
	Due       int64         // closed this year, or past their deadline
	OnTime    int64         // of Due, closed in time
	Lines     map[fundwatch.Insurance]LineAmount
	Counties  map[fundwatch.Region]County
	Raised    map[string]int64 // by day, 2026-11-05
	Handled   map[string]int64
	Newest    []FeedItem
	Work      map[fundwatch.Region]Progress // by prefecture
}

// AlertQuestion says which alerts the figures are about.
type AlertQuestion struct {
	Region fundwatch.Region // with all below it
	Today  time.Time        // last business day
	Days   int              // length of the trend, Today included
	Newest int
}

// Options are what boards are made from. Alerts belong to a floor above, so they come as a function.
type Options struct {
	Alerts   func(ctx context.Context, a fundwatch.Actor, q AlertQuestion) (*AlertFigures, error)
	AlertSeq func(ctx context.Context) (int64, error)
	Rounds   func(ctx context.Context) (int64, error)
	Facts    func(a fundwatch.Actor) Facts
	Mark     func() (loadSeq int64, asOf time.Time) // how far the warehouse is
	Now      func() time.Time
}

// Boards makes the figures and keeps them while nothing they stand on has changed.
type Boards struct {
	o       Options
	regions []core.RegionInfo

	mu   sync.Mutex
	kept map[string]*entry
}

// entry is one kept board. Its lock makes a crowd that asks for the same board wait for one computation.
type entry struct {
	mu    sync.Mutex
	stamp string
	at    time.Time
	board *Overview
	used  time.Time
}

const (
	keepBoards = 128
	// A burst of alerts would make every glance a computation; a board this young is given out as it is.
	youngEnough = 2 * time.Second
	trendDays   = 30
	spendMonths = 12
	feedLength  = 12
	tooOld      = 48 * time.Hour
)

// New makes the boards.
func New(o Options) (*Boards, error) {
	if o.Alerts == nil || o.AlertSeq == nil || o.Rounds == nil || o.Facts == nil || o.Mark == nil || o.Now == nil {
		return nil, errors.New("dashboards: every option is required")
	}
	regions, err := core.Regions()
	if err != nil {
		return nil, err
	}
	return &Boards{o: o, regions: regions, kept: map[string]*entry{}}, nil
}

// Overview is the board of a region, within what the actor may see; an empty region is the widest he may.
func (b *Boards) Overview(ctx context.Context, a fundwatch.Actor, region fundwatch.Region) (_ *Overview, err error) {
	defer fundwatch.Wrap(&err, "dashboards.Overview(%s)", region)
	if a.Scope.Empty() {
		return nil, fundwatch.Errorf(fundwatch.Denied, "您的数据范围为空，请联系安全管理员设置")
	}
	if region == "" {
		region = widest(a.Scope)
	}
	place, ok := b.place(region)
	narrow := a.Scope.Within(region)
	if !ok || narrow.Empty() {
		return nil, fundwatch.Errorf(fundwatch.NotFound, "没有代码为 %s 的地区，或不在您的数据范围内", region)
	}
	a.Scope = narrow
	load, asOf := b.o.Mark()
	seq, err := b.o.AlertSeq(ctx)
	if err != nil {
		return nil, err
	}
	e := b.entry(key(a.Scope))
	e.mu.Lock()
	defer e.mu.Unlock()
	stamp := fmt.Sprintf("%d/%d", load, seq)
	now := b.o.Now()
	if e.board != nil && (e.stamp == stamp || now.Sub(e.at) < youngEnough) {
		return e.board, nil
	}
	e.board, e.stamp, e.at = b.make(ctx, a, place, load, asOf), stamp, now
	return e.board, nil
}

// entry finds or makes the place of a board, and drops the one unused for longest when there are too many.
func (b *Boards) entry(key string) *entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.kept[key]
	if e == nil {
		if len(b.kept) >= keepBoards {
			oldest := ""
			for k, v := range b.kept {
				if oldest == "" || v.used.Before(b.kept[oldest].used) {
					oldest = k
				}
			}
			delete(b.kept, oldest)
		}
		e = &entry{}
		b.kept[key] = e
	}
	e.used = b.o.Now()
	return e
}

// key tells two scopes apart: boards are the same for all who see the same.
func key(s fundwatch.Scope) string {
	var parts []string
	for _, r := range s.Regions() {
		parts = append(parts, string(r))
	}
	slices.Sort(parts)
	lines := s.Lines()
	slices.Sort(lines)
	for _, l := range lines {
		parts = append(parts, "+"+string(l))
	}
	return strings.Join(parts, ",")
}

// widest is the region a screen opens with: the only root, or what holds all roots.
func widest(s fundwatch.Scope) fundwatch.Region {
	roots := s.Regions()
	top := roots[0]
	for _, r := range roots[1:] {
		for top != "" && !top.Contains(r) {
			top = top.Parent()
		}
	}
	return top
}

func (b *Boards) place(r fundwatch.Region) (core.RegionInfo, bool) {
	i := slices.IndexFunc(b.regions, func(info core.RegionInfo) bool { return info.Code == r })
	if i < 0 {
		return core.RegionInfo{}, false
	}
	return b.regions[i], true
}
