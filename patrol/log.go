package patrol

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"fundwatch"
	"fundwatch/internal/store"
)

// watermark is where a rule stands.
type watermark struct {
	version int64
	params  string
	seq     int64
}

func (p *Patrol) watermarks(ctx context.Context) (map[string]watermark, error) {
	rows, err := p.store.Read().QueryContext(ctx, `SELECT rule, version, params, seq FROM patrol_watermark`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]watermark{}
	for rows.Next() {
		var rule string
		var m watermark
		if err := rows.Scan(&rule, &m.version, &m.params, &m.seq); err != nil {
			return nil, err
		}
		out[rule] = m
	}
	return out, rows.Err()
}

func setWatermark(ctx context.Context, tx *store.Tx, r *Rule, params map[string]any, seq int64) error {
	text, err := paramsText(params)
	if err != nil {
		return err
	}
	res, err := tx.ExecContext(ctx, `UPDATE patrol_watermark SET version = ?, params = ?, seq = ? WHERE rule = ?`,
		r.Version, text, seq, r.ID)
	if err != nil {
		return fmt.Errorf("watermark %s: %w", r.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO patrol_watermark (rule, version, params, seq) VALUES (?, ?, ?, ?)`,
		r.ID, r.Version, text, seq)
	return err
}

// roundRow is a line of patrol_round.
type roundRow struct {
	bun.BaseModel `bun:"table:patrol_round"`

	ID        int64 `bun:",pk"`
	Kind      string
	State     string
	FromSeq   int64
	ToSeq     int64
	AsOf      int64
	StartedAt int64
	EndedAt   int64
	Findings  int
	Appeared  int
	Changed   int
	Gone      int
	Failed    int
	Rules     int
	Fault     string
}

func (r *Round) row() *roundRow {
	return &roundRow{
		ID: r.ID, Kind: string(r.Kind), State: string(r.State), FromSeq: r.FromSeq, ToSeq: r.ToSeq, AsOf: millis(r.AsOf),
		StartedAt: millis(r.StartedAt), EndedAt: millis(r.EndedAt), Findings: r.Findings, Appeared: r.Appeared,
		Changed: r.Changed, Gone: r.Gone, Failed: r.Failed, Rules: r.Rules, Fault: r.Fault,
	}
}

func (r *roundRow) round() Round {
	return Round{
		ID: r.ID, Kind: Kind(r.Kind), State: RoundState(r.State), FromSeq: r.FromSeq, ToSeq: r.ToSeq, AsOf: clock(r.AsOf),
		StartedAt: clock(r.StartedAt), EndedAt: clock(r.EndedAt), Findings: r.Findings, Appeared: r.Appeared,
		Changed: r.Changed, Gone: r.Gone, Failed: r.Failed, Rules: r.Rules, Fault: r.Fault,
	}
}

// runRow is a line of patrol_run.
type runRow struct {
	bun.BaseModel `bun:"table:patrol_run"`

	Round    int64
	Rule     string
	State    string
	Units    int64
	Findings int
	Appeared int
	Changed  int
	Gone     int
	Millis   int64
	Fault    string
}

// millis and clock turn times into what the store keeps and back; no time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func clock(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).In(fundwatch.Shanghai())
}

func (p *Patrol) openRound(ctx context.Context, r *Round) error {
	return p.store.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		var err error
		if r.ID, err = tx.Next(ctx, "patrol_round"); err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(r.row()).Exec(ctx)
		return err
	})
}

func updateRound(ctx context.Context, tx *store.Tx, r *Round) error {
	if _, err := tx.NewUpdate().Model(r.row()).WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("round %d: %w", r.ID, err)
	}
	return nil
}

func storeRuns(ctx context.Context, tx *store.Tx, runs []Run) error {
	rows := make([]runRow, len(runs))
	for i, r := range runs {
		rows[i] = runRow{
			Round: r.Round, Rule: r.Rule, State: string(r.State), Units: r.Units, Findings: r.Findings, Appeared: r.Appeared,
			Changed: r.Changed, Gone: r.Gone, Millis: r.Millis, Fault: r.Fault,
		}
	}
	if len(rows) == 0 {
		return nil
	}
	if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
		return fmt.Errorf("runs: %w", err)
	}
	return nil
}

// markInterrupted closes rounds that a crash cut short: nothing of them was stored.
func (p *Patrol) markInterrupted(ctx context.Context) error {
	return p.store.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE patrol_round SET state = ?, ended_at = ?, fault = ? WHERE state = ?`,
			RoundInterrupted, tx.Now().UnixMilli(), "程序中断，本轮未完成，已由后续轮次补上", RoundRunning)
		return err
	})
}

// Rounds lists the newest rounds, without their runs, and how many there are.
func (p *Patrol) Rounds(ctx context.Context, limit, offset int) (_ []Round, total int64, err error) {
	defer fundwatch.Wrap(&err, "patrol.Rounds")
	var rows []roundRow
	total, err = p.store.Read().NewSelect().Model(&rows).OrderExpr("id DESC").Limit(int64(limit)).Offset(int64(offset)).ScanAndCount(ctx)
	out := make([]Round, len(rows))
	for i := range rows {
		out[i] = rows[i].round()
	}
	return out, total, err
}

// Round gives one round with its runs.
func (p *Patrol) Round(ctx context.Context, id int64) (_ Round, err error) {
	defer fundwatch.Wrap(&err, "patrol.Round(%d)", id)
	row := roundRow{ID: id}
	err = p.store.Read().NewSelect().Model(&row).WherePK().Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Round{}, fundwatch.Errorf(fundwatch.NotFound, "没有第 %d 轮巡查", id)
	}
	if err != nil {
		return Round{}, err
	}
	r := row.round()
	r.Runs, err = p.runs(ctx, "round = ?", 1000, id)
	return r, err
}

// Runs lists the newest runs of a rule.
func (p *Patrol) Runs(ctx context.Context, rule string, limit int) (_ []Run, err error) {
	defer fundwatch.Wrap(&err, "patrol.Runs(%s)", rule)
	return p.runs(ctx, "rule = ?", limit, rule)
}

func (p *Patrol) runs(ctx context.Context, where string, limit int, args ...any) ([]Run, error) {
	var rows []runRow
	if err := p.store.Read().NewSelect().Model(&rows).Where(where, args...).OrderExpr("round DESC, rule").Limit(int64(limit)).Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Run, len(rows))
	for i, r := range rows {
		out[i] = Run{
			Round: r.Round, Rule: r.Rule, State: RunState(r.State), Units: r.Units, Findings: r.Findings, Appeared: r.Appeared,
			Changed: r.Changed, Gone: r.Gone, Millis: r.Millis, Fault: r.Fault,
		}
	}
	return out, nil
}

// LastRuns gives the newest run of every rule, by rule id.
func (p *Patrol) LastRuns(ctx context.Context) (_ map[string]Run, err error) {
	defer fundwatch.Wrap(&err, "patrol.LastRuns")
	runs, err := p.runs(ctx, "round IN (SELECT max(round) FROM patrol_run AS n WHERE n.rule = run_row.rule)", 10_000)
	out := make(map[string]Run, len(runs))
	for _, r := range runs {
		out[r.Rule] = r
	}
	return out, err
}

// Findings calls fn for every stored finding that is present, by rule and key.
func (p *Patrol) Findings(ctx context.Context, fn func(Finding) error) (err error) {
	defer fundwatch.Wrap(&err, "patrol.Findings")
	for _, r := range p.book.rules {
		var rows []findingRow
		err := p.store.Read().NewSelect().Model(&rows).Where("rule = ? AND state = ?", r.ID, Present).OrderExpr("finding_key").Scan(ctx)
		if err != nil {
			return err
		}
		for i := range rows {
			f, err := rows[i].finding()
			if err == nil {
				err = fn(f)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// finding reads one finding.
func (p *Patrol) finding(ctx context.Context, key string) (Finding, error) {
	row := findingRow{FindingKey: key}
	err := p.store.Read().NewSelect().Model(&row).WherePK().Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Finding{}, fundwatch.Errorf(fundwatch.NotFound, "没有该疑点")
	}
	if err != nil {
		return Finding{}, err
	}
	return row.finding()
}
