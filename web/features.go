package web

import (
	"time"

	"fundwatch/dashboards"
	"fundwatch/warehouse"
	"fundwatch/warehouse/intake"
)

// Features are the parts that come up after the page: the warehouse and all that stands on it.
type Features struct {
	Warehouse *warehouse.DB
	Follower  *intake.Follower // nil without a business core
	Boards    *dashboards.Boards
	// Mark says how far the warehouse is: its newest load and the business time up to which it is complete.
	Mark func() (loadSeq int64, asOf time.Time)
}
