package web

import (
	"context"
	"time"

	"fundwatch"
	"fundwatch/dashboards"
	"fundwatch/internal/jobs"
	"fundwatch/patrol"
	"fundwatch/supervision"
	"fundwatch/warehouse"
	"fundwatch/warehouse/intake"
	"fundwatch/warehouse/intake/check"
)

// Features are the parts that come up after the page: the warehouse and all that stands on it.
type Features struct {
	Warehouse *warehouse.DB
	Follower  *intake.Follower // nil without a business core
	Files     *intake.Files
	Checks    *check.Service
	Patrol    *patrol.Patrol
	Desk      *supervision.Desk
	Reveals   *supervision.Revealer
	Boards    *dashboards.Boards
	// Mark says how far the warehouse is: its newest load and the business time up to which it is complete.
	Mark func() (loadSeq int64, asOf time.Time)
	// Enqueue starts work in the background for the actor, and gives the job there is already when it has not
	// begun.
	Enqueue func(ctx context.Context, a fundwatch.Actor, kind string) (jobs.Info, error)
	// Loaded tells that rows came by file: the rules look at them soon.
	Loaded func()
}
