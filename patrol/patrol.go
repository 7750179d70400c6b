package patrol

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/internal/store"
	"fundwatch/warehouse"
)

// Config is how the patrol runs.
type Config struct {
	Epoch       fundwatch.Month // first month the masks hold; default 2020-01. Earlier months are not judged
	MaxFindings int             // of one rule; above it the rule is held for review. Default 50000
	// Params overrides default parameters: rule id, then parameter name.
	Params map[string]map[string]float64
}

// WithDefaults fills what is empty.
func (c Config) WithDefaults() Config {
	if c.Epoch == 0 {
		c.Epoch = 202001
	}
	if c.MaxFindings == 0 {
		c.MaxFindings = 50_000
	}
	return c
}

// Sink takes the changes of a round in the transaction that stores them (预警生成). An error rolls the round back.
type Sink func(ctx context.Context, tx *store.Tx, changes []Change) error

// Progress is how far a round has come.
type Progress struct {
	Round int64
	Kind  Kind
	Step  string // Chinese
	Done  int
	Total int
}

// Options are what the patrol works with. Warehouse, Store, Rulebook, Now and Logger are required.
type Options struct {
	Warehouse *warehouse.DB
	Store     *store.DB
	Rulebook  *Rulebook
	Now       func() time.Time
	Logger    *slog.Logger
	Sink      Sink           // may be nil
	Progress  func(Progress) // may be nil; called from the round's goroutine
}

// Patrol runs the rulebook. One round runs at a time; the other methods may be called beside it.
type Patrol struct {
	cfg    Config
	opts   Options
	db     *warehouse.DB
	store  *store.DB
	book   *Rulebook
	tables []core.Table
	person map[string]string // table -> column of the person

	round sync.Mutex // held by the round that runs
}

// New binds every rule to the warehouse's tables and makes the derived tables. A rule that names a table, column or
// function that is not there refuses the start, with file and line. Rounds that a crash cut short are marked so.
func New(ctx context.Context, cfg Config, o Options) (*Patrol, error) {
	if o.Warehouse == nil || o.Store == nil || o.Rulebook == nil || o.Now == nil || o.Logger == nil {
		return nil, errors.New("patrol: Options need Warehouse, Store, Rulebook, Now and Logger")
	}
	p := &Patrol{cfg: cfg.WithDefaults(), opts: o, db: o.Warehouse, store: o.Store, book: o.Rulebook}
	if !p.cfg.Epoch.Valid() || p.cfg.Epoch.Index()+Horizon <= fundwatch.MonthOf(o.Now()).Index() {
		return nil, fundwatch.FieldErrorf("patrol.epoch", "起始年月 %s 无效：巡查覆盖自该月起 %d 个月，须包含当前月份", p.cfg.Epoch, Horizon)
	}
	var err error
	if p.tables, err = core.Tables(); err != nil {
		return nil, err
	}
	p.person = personTables(p.tables)
	for _, d := range derived() {
		if err := p.db.Derive(ctx, d); err != nil {
			return nil, fmt.Errorf("patrol: %w", err)
		}
	}
	if err := p.bindRules(ctx); err != nil {
		return nil, err
	}
	return p, p.markInterrupted(ctx)
}

// bindRules has the warehouse bind every statement of every rule and reports all faults together.
func (p *Patrol) bindRules(ctx context.Context) error {
	view := p.db.SystemView("规则绑定检查")
	var faults []error
	for id, params := range p.cfg.Params {
		r, ok := p.book.Rule(id)
		for name, v := range params {
			def, known := r.param(name)
			if !ok || !known || v < def.Min || v > def.Max {
				faults = append(faults, fundwatch.FieldErrorf("patrol.params."+id+"."+name, "规则 %s 没有参数 %s，或取值 %v 超出范围", id, name, v))
			}
		}
	}
	for _, r := range p.book.rules {
		values := p.params(r)
		for key, sql := range map[string]string{"match": r.matchSQL(), "candidates": r.Candidates} {
			if sql == "" {
				continue
			}
			s, err := bind(sql, values)
			if err == nil {
				err = view.Explain(ctx, s)
			}
			if err != nil {
				faults = append(faults, faultAt(r.where(key), "规则 %s 的语句不能执行：%s", r.ID, sentence(err)))
			}
		}
		for i := range r.Evidence {
			s, err := p.evidenceStatement(r, i, sampleArgs(r), 1)
			if err == nil {
				err = view.Explain(ctx, s)
			}
			if err != nil {
				faults = append(faults, faultAt(r.where(fmt.Sprintf("evidence/%d", i)), "规则 %s 的证据不能取得：%s", r.ID, sentence(err)))
			}
		}
	}
	return joinFaults(faults)
}

// sentence is what an error says, for start-up reports that an operator reads.
func sentence(err error) string {
	if fundwatch.CodeOf(err) == fundwatch.Internal {
		return err.Error()
	}
	return fundwatch.MessageOf(err)
}

// param finds a parameter; a nil rule has none.
func (r *Rule) param(name string) (Param, bool) {
	if r == nil {
		return Param{}, false
	}
	p, ok := r.Params[name]
	return p, ok
}

// params resolves the parameters of a rule: what the configuration says, else the rule's default.
func (p *Patrol) params(r *Rule) map[string]any {
	out := make(map[string]any, len(r.Params))
	for name, def := range r.Params {
		v, ok := p.cfg.Params[r.ID][name]
		if !ok {
			v = def.Default
		}
		if def.Type == "ratio" {
			out[name] = v
		} else {
			out[name] = int64(v)
		}
	}
	return out
}

// Rulebook is the rules the patrol runs with.
func (p *Patrol) Rulebook() *Rulebook { return p.book }

// live lists the rules that run.
func (p *Patrol) live() []*Rule {
	return slices.DeleteFunc(p.book.Rules(), func(r *Rule) bool { return r.Status != Live })
}

// matchSQL is the rule's match with its columns in a known order; a column that is missing fails to bind.
func (r *Rule) matchSQL() string {
	cols := ""
	for _, c := range r.columns() {
		cols += c + ", "
	}
	return "SELECT " + cols[:len(cols)-2] + " FROM (\n" + r.Match + ") AS found"
}

// columns lists what matchSQL selects: the fixed columns, the unit where it has one of its own, the facts.
func (r *Rule) columns() []string {
	out := fixedColumns()
	if r.Reach == ReachUnit {
		out = append(out, "unit")
	}
	return append(out, slices.Sorted(maps.Keys(r.Facts))...)
}
