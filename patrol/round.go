package patrol

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fundwatch"
	"fundwatch/internal/store"
	"fundwatch/warehouse"
)

// Kind says how much a round judges.
type Kind string

// The kinds of round.
const (
	FullRound  Kind = "full"
	DeltaRound Kind = "delta"
)

// RoundState is how a round ended.
type RoundState string

// The states of a round. A partial round has rules that failed or were held; theirs is what the last good round
// said.
const (
	RoundRunning     RoundState = "running"
	RoundDone        RoundState = "done"
	RoundPartial     RoundState = "partial"
	RoundFailed      RoundState = "failed"
	RoundInterrupted RoundState = "interrupted"
)

// RunState is how one rule fared in a round.
type RunState string

// The states of a run. A held rule found more than its limit: nothing of it was stored until someone looks.
const (
	RunOK     RunState = "ok"
	RunFailed RunState = "failed"
	RunHeld   RunState = "held"
)

// Round is one run of the rulebook (巡查轮次).
type Round struct {
	ID        int64      `json:"id"` // 0: there was nothing new to judge
	Kind      Kind       `json:"kind"`
	State     RoundState `json:"state"`
	FromSeq   int64      `json:"fromSeq"` // lowest load that some rule had judged before
	ToSeq     int64      `json:"toSeq"`   // load judged now
	AsOf      time.Time  `json:"asOf"`
	StartedAt time.Time  `json:"startedAt"`
	EndedAt   time.Time  `json:"endedAt"`
	Rules     int        `json:"rules"`
	Failed    int        `json:"failed"`   // failed or held
	Findings  int        `json:"findings"` // rows the rules gave
	Appeared  int        `json:"appeared"`
	Changed   int        `json:"changed"`
	Gone      int        `json:"gone"`
	Fault     string     `json:"fault"` // Chinese; of the whole round
	Runs      []Run      `json:"runs,omitempty"`
}

// Run is one rule in a round.
type Run struct {
	Round    int64    `json:"round"`
	Rule     string   `json:"rule"`
	State    RunState `json:"state"`
	Units    int64    `json:"units"` // subjects judged anew; 0 in a full round: all
	Findings int      `json:"findings"`
	Appeared int      `json:"appeared"`
	Changed  int      `json:"changed"`
	Gone     int      `json:"gone"`
	Millis   int64    `json:"millis"`
	Fault    string   `json:"fault"` // Chinese
}

// errMoved says that a load arrived while a round was judging.
var errMoved = errors.New("patrol: the warehouse moved on during the round")

// attempts is how often a round starts over when loads arrive meanwhile.
const attempts = 3

// Full judges the whole province from the rows themselves, masks made anew.
func (p *Patrol) Full(ctx context.Context) (Round, error) { return p.run(ctx, FullRound) }

// Delta judges what any input touched since each rule's last judgement, and everything for rules that are new,
// changed or failed before. With nothing new it does nothing and answers a Round without ID.
func (p *Patrol) Delta(ctx context.Context) (Round, error) { return p.run(ctx, DeltaRound) }

// planned is a rule with the load up to which it has judged before; 0: never.
type planned struct {
	rule   *Rule
	params map[string]any
	from   int64
}

func (p *Patrol) run(ctx context.Context, kind Kind) (_ Round, err error) {
	p.round.Lock()
	defer p.round.Unlock()
	defer fundwatch.Wrap(&err, "patrol.%s", kind)
	marks, err := p.watermarks(ctx)
	if err != nil {
		return Round{}, err
	}
	plan, err := p.plan(kind, marks)
	if err != nil {
		return Round{}, err
	}
	r := Round{Kind: kind, State: RoundRunning, StartedAt: p.opts.Now(), Rules: len(plan)}
	r.ToSeq, r.AsOf, err = p.head(ctx)
	if err != nil {
		return Round{}, err
	}
	r.FromSeq = r.ToSeq
	for _, x := range plan {
		r.FromSeq = min(r.FromSeq, x.from)
	}
	if kind == DeltaRound && r.FromSeq == r.ToSeq {
		r.State, r.EndedAt = RoundDone, r.StartedAt
		return r, nil
	}
	if err := p.openRound(ctx, &r); err != nil {
		return Round{}, err
	}
	outcomes, err := p.judgeSteadily(ctx, &r, plan)
	if err == nil {
		err = p.commit(ctx, &r, outcomes)
	}
	if err != nil {
		return r, errors.Join(err, p.closeFailed(&r, err))
	}
	p.opts.Logger.InfoContext(ctx, "patrol round", "id", r.ID, "kind", string(kind), "from", r.FromSeq, "to", r.ToSeq,
		"findings", r.Findings, "appeared", r.Appeared, "changed", r.Changed, "gone", r.Gone, "failed", r.Failed,
		"took", r.EndedAt.Sub(r.StartedAt).String())
	return r, nil
}

// plan says from where each live rule goes on. A rule whose text or parameters changed starts over.
func (p *Patrol) plan(kind Kind, marks map[string]watermark) ([]planned, error) {
	var out []planned
	for _, r := range p.live() {
		x := planned{rule: r, params: p.params(r)}
		text, err := paramsText(x.params)
		if err != nil {
			return nil, err
		}
		m, ok := marks[r.ID]
		if kind == DeltaRound && ok && m.version == r.Version && m.params == text {
			x.from = m.seq
		}
		out = append(out, x)
	}
	return out, nil
}

// head is the newest load with its business time.
func (p *Patrol) head(ctx context.Context) (int64, time.Time, error) {
	f, err := p.db.SystemView("巡查：读取装载进度").Query(ctx, warehouse.Statement{SQL: "SELECT 1 AS one"})
	if err != nil {
		return 0, time.Time{}, err
	}
	return f.LoadSeq, f.AsOf, nil
}

// judgeSteadily judges until no load arrived meanwhile, so that all rules saw the same facts.
func (p *Patrol) judgeSteadily(ctx context.Context, r *Round, plan []planned) ([]outcome, error) {
	for range attempts {
		out, err := p.judge(ctx, r, plan)
		if err != nil && !errors.Is(err, errMoved) {
			return nil, err
		}
		seq, asOf, herr := p.head(ctx)
		if herr != nil {
			return nil, herr
		}
		if err == nil && seq == r.ToSeq {
			return out, nil
		}
		p.opts.Logger.InfoContext(ctx, "patrol starts over: new data arrived", "round", r.ID, "seq", seq)
		r.ToSeq, r.AsOf = seq, asOf
	}
	return nil, &fundwatch.Error{Code: fundwatch.Unavailable, Message: "巡查期间数据持续入库，本轮未能完成，将在下一轮重试", Err: errMoved}
}

// commit stores what the round found, where each rule stands and what the Sink makes of it, all in one
// transaction: after a crash either all of it is there or none, and the next round goes on from there.
func (p *Patrol) commit(ctx context.Context, r *Round, outcomes []outcome) error {
	r.EndedAt, r.State, r.Runs = p.opts.Now(), RoundDone, nil
	var changes []Change
	for i := range outcomes {
		o := &outcomes[i]
		if o.run.State != RunOK {
			r.Failed++
			r.State = RoundPartial
		}
		r.Findings += o.run.Findings
		r.Appeared += o.run.Appeared
		r.Changed += o.run.Changed
		r.Gone += o.run.Gone
		o.run.Round = r.ID
		r.Runs = append(r.Runs, o.run)
		changes = append(changes, o.changes...)
	}
	for i := range changes {
		changes[i].Round, changes[i].AsOf = r.ID, r.AsOf
	}
	return p.store.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		for i := range outcomes {
			if err := outcomes[i].store(ctx, tx, r.ToSeq); err != nil {
				return err
			}
		}
		if p.opts.Sink != nil && len(changes) > 0 {
			if err := p.opts.Sink(ctx, tx, changes); err != nil {
				return fmt.Errorf("sink: %w", err)
			}
		}
		if err := storeRuns(ctx, tx, r.Runs); err != nil {
			return err
		}
		return updateRound(ctx, tx, r)
	})
}

// closeFailed records that the round failed; with a dying context it takes a fresh one, since a round that stays
// "running" reads as one that still may finish.
func (p *Patrol) closeFailed(r *Round, cause error) error {
	r.State, r.EndedAt, r.Fault = RoundFailed, p.opts.Now(), fundwatch.MessageOf(cause)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return p.store.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error { return updateRound(ctx, tx, r) })
}

func (p *Patrol) progress(r *Round, step string, done, total int) {
	if p.opts.Progress != nil {
		p.opts.Progress(Progress{Round: r.ID, Kind: r.Kind, Step: step, Done: done, Total: total})
	}
}
