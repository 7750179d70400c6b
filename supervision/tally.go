package supervision

import (
	"context"
	"encoding/json"
	"sync"

	"golang.org/x/sync/singleflight"

	"fundwatch"
)

// tally is what a list says of all alerts that fit, beside its page.
type tally struct {
	total  int64
	facets Facets
}

// tallies keeps the counts of lists for as long as no alert changes. Many supervisors look at the same list, and
// counting costs far more than reading a page; every change of an alert is an event, so the newest number of the live
// topic says whether a count still holds.
type tallies struct {
	mu     sync.Mutex
	seq    int64
	kept   map[string]tally
	flight singleflight.Group
}

// mostTallies bounds the memory: beyond it the counts are taken anew.
const mostTallies = 512

// find is the tally of a key at seq, if it is kept.
func (t *tallies) find(seq int64, key string) (tally, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.seq != seq {
		return tally{}, false
	}
	found, ok := t.kept[key]
	return found, ok
}

// keep stores a tally that was taken at seq or later.
func (t *tallies) keep(seq int64, key string, v tally) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if seq < t.seq {
		return
	}
	if t.kept == nil || seq > t.seq || len(t.kept) >= mostTallies {
		t.seq, t.kept = seq, map[string]tally{}
	}
	t.kept[key] = v
}

// tally counts what the actor may see and the filter lets through, once for everybody who asks alike.
func (d *Desk) tally(ctx context.Context, actor fundwatch.Actor, f Filter, seq int64) (tally, error) {
	key, err := d.tallyKey(actor, f, seq)
	if err != nil {
		return tally{}, err
	}
	if found, ok := d.tallies.find(seq, key); ok {
		return found, nil
	}
	// One caller giving up must not fail the others who wait for the same counts.
	counting := context.WithoutCancel(ctx)
	answer := d.tallies.flight.DoChan(key, func() (any, error) {
		v, err := d.count(counting, actor, f)
		if err == nil {
			d.tallies.keep(seq, key, v)
		}
		return v, err
	})
	select {
	case <-ctx.Done():
		return tally{}, ctx.Err()
	case r := <-answer:
		v, ok := r.Val.(tally)
		if !ok {
			return tally{}, r.Err
		}
		return v, r.Err
	}
}

// tallyKey names everything the counts depend on.
func (d *Desk) tallyKey(actor fundwatch.Actor, f Filter, seq int64) (string, error) {
	f.Sort, f.Offset, f.Limit = "", 0, 0
	today := int64(0)
	if f.Overdue {
		today = millis(d.opts.Today())
	}
	key, err := json.Marshal([]any{actor.Roles, actor.Scope.Regions(), actor.Scope.Lines(), f, today, seq})
	return string(key), err
}

func (d *Desk) count(ctx context.Context, actor fundwatch.Actor, f Filter) (out tally, err error) {
	n, err := d.narrowed(d.store.Read().NewSelect().Model((*alertRow)(nil)), actor, f, "").Count(ctx)
	if err != nil {
		return tally{}, err
	}
	out.total = int64(n)
	for facet, to := range map[string]*[]Count{
		byState: &out.facets.State, bySeverity: &out.facets.Severity, byLine: &out.facets.Line,
		byRegion: &out.facets.Region, byRule: &out.facets.Rule,
	} {
		if *to, err = d.facet(ctx, actor, f, facet); err != nil {
			return tally{}, err
		}
	}
	return out, nil
}
