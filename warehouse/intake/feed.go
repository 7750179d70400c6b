package intake

import (
	"context"
	"maps"
	"time"

	"fundwatch/core"
	"fundwatch/warehouse"
)

// SourceCore is the source under which the ledger keeps what the business core delivered.
const SourceCore = "core"

// FeedState says how one table's feed is doing.
type FeedState string

// The states of a feed.
const (
	FeedOK       FeedState = "ok"
	FeedRetrying FeedState = "retrying"
	FeedFailed   FeedState = "failed"
)

// FeedStatus is one table's feed as the data page shows it.
type FeedStatus struct {
	Table      string           `json:"table"`
	Name       string           `json:"name"`
	State      FeedState        `json:"state"`
	Message    string           `json:"message"`
	Attempts   int              `json:"attempts"`          // failures in a row
	NextTry    time.Time        `json:"nextTry,omitzero"`  // when it is tried again
	Cursor     core.Cursor      `json:"cursor"`            // loaded up to here
	Head       core.Cursor      `json:"head"`              // the core's head when it was last asked
	Rows       int64            `json:"rows"`              // changes loaded from the core since the beginning
	CoreRows   int64            `json:"coreRows"`          // changes the core says it delivered up to Head
	Behind     int64            `json:"behind"`            // changes not yet loaded
	Sums       map[string]int64 `json:"sums"`              // control totals in fen over all loads from the core
	AsOf       time.Time        `json:"asOf,omitzero"`     // business time of the newest load
	LoadedAt   time.Time        `json:"loadedAt,omitzero"` // when it was loaded
	Difference int64            `json:"difference"`        // level with the head: Rows minus CoreRows; anything but 0 is an error
}

// feed is the follower's working copy of one table's state.
type feed struct {
	FeedStatus
	known bool // totals were read from the ledger
	level bool
}

func (f *feed) status() FeedStatus {
	out := f.FeedStatus
	out.Sums = maps.Clone(f.Sums)
	return out
}

// recall reads from the ledger how far the table was loaded and what its loads add up to.
func (f *feed) recall(ctx context.Context, db *warehouse.DB) error {
	if f.known {
		return nil
	}
	f.Rows, f.Sums, f.Cursor = 0, map[string]int64{}, ""
	for before := int64(0); ; {
		loads, err := db.Ledger(ctx, warehouse.LedgerFilter{Table: f.Table, Source: SourceCore, Before: before, Limit: 1000})
		if err != nil {
			return err
		}
		for i, l := range loads {
			if before == 0 && i == 0 {
				f.Cursor, f.AsOf, f.LoadedAt = l.Next, l.AsOf, l.LoadedAt
			}
			f.Rows += l.Rows
			for c, v := range l.Sums {
				f.Sums[c] += v
			}
		}
		if len(loads) < 1000 {
			f.known = true
			return nil
		}
		before = loads[len(loads)-1].LoadSeq
	}
}

// took enters a finished load.
func (f *feed) took(p *core.Page, res warehouse.LoadResult, at time.Time) {
	f.Cursor, f.AsOf, f.LoadedAt = p.Next, p.AsOf, at
	f.Rows += res.Rows
	for c, v := range res.Sums {
		f.Sums[c] += v
	}
	f.Behind = max(f.CoreRows-f.Rows, 0)
}
