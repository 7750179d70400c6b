package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/internal/audit"
	"fundwatch/internal/store"
	"fundwatch/warehouse"
)

// Options are what the Service is given to work with.
type Options struct {
	Warehouse *warehouse.DB
	Store     *store.DB
	Audit     *audit.Log
	Points    fs.FS // the folder checks
	Logger    *slog.Logger
	Now       func() time.Time
	Bounds    Bounds // of the headcount; the zero value takes the defaults
}

// Service runs the check points and keeps what they found.
type Service struct {
	opts   Options
	points []Point
	byID   map[string]Point
	one    sync.Mutex // one run at a time
}

// rowsTable keeps the rows at fault of the last run of every point.
const rowsTable = "DQ_ROW"

// New reads the points, binds each against the warehouse, so that a wrong column is found now and not at night, and
// enters the table of rows at fault.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Warehouse == nil || o.Store == nil || o.Audit == nil || o.Points == nil || o.Logger == nil || o.Now == nil {
		return nil, errors.New("check: the Service needs Warehouse, Store, Audit, Points, Logger and Now")
	}
	o.Bounds = o.Bounds.withDefaults()
	points, err := Load(o.Points)
	if err != nil {
		return nil, err
	}
	err = o.Warehouse.Derive(ctx, warehouse.DerivedTable{Name: rowsTable, Title: "数据质量问题行", Region: "region", Columns: []core.Column{
		{Code: "point", Name: "校验点", Type: core.Text}, {Code: "tab", Name: "表", Type: core.Text},
		{Code: "worst", Name: "分级", Type: core.Int}, {Code: "rid", Name: "行标识", Type: core.Key},
		{Code: "region", Name: "行政区划", Type: core.Text},
	}})
	if err != nil {
		return nil, err
	}
	s := &Service{opts: o, points: points, byID: map[string]Point{}}
	view := o.Warehouse.SystemView("校验点装载检查") //nolint:forbidigo // binds statements, reads nothing
	for _, p := range points {
		s.byID[p.ID] = p
		a, err := newArgs(o.Now())
		if err != nil {
			return nil, err
		}
		values, err := a.of(p)
		if err != nil {
			return nil, err
		}
		if err := view.Explain(ctx, warehouse.Statement{SQL: "SELECT p.rid, p.region FROM (" + p.SQL + ") p", Args: values}); err != nil {
			return nil, fmt.Errorf("check: %s.yaml: %w", p.ID, err)
		}
	}
	return s, s.closeOpenRuns(ctx)
}

// Points lists the check points in order of their numbers.
func (s *Service) Points() []Point { return append([]Point(nil), s.points...) }

func (s *Service) point(id string) (Point, error) {
	p, ok := s.byID[id]
	if !ok {
		return Point{}, fundwatch.Errorf(fundwatch.NotFound, "没有校验点 %s", id)
	}
	return p, nil
}

func clock(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).In(fundwatch.Shanghai())
}
