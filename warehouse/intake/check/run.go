package check

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"fundwatch"
	"fundwatch/internal/store"
	"fundwatch/warehouse"
)

// Run is one run of all points.
type Run struct {
	Seq         int64     `json:"seq"`
	State       string    `json:"state"` // running, done, failed
	LoadSeq     int64     `json:"loadSeq"`
	AsOf        time.Time `json:"asOf"`
	Points      int64     `json:"points"`
	PointsOK    int64     `json:"pointsOk"`
	PointRate   float64   `json:"pointRate"` // 校验点通过率
	RowsChecked int64     `json:"rowsChecked"`
	RowsFaulty  int64     `json:"rowsFaulty"` // rows at fault, each counted once
	RowRate     float64   `json:"rowRate"`    // 数据条数通过率
	Discard     int64     `json:"discard"`    // rows at fault by their worst grade
	Adjust      int64     `json:"adjust"`
	Convert     int64     `json:"convert"`
	Message     string    `json:"message"`
	Started     time.Time `json:"started"`
	Ended       time.Time `json:"ended,omitzero"`
}

// Target is the pass rate that both rates have to reach.
const Target = 0.95

type runRow struct {
	bun.BaseModel `bun:"table:check_run"`

	Seq         int64 `bun:",pk"`
	State       string
	LoadSeq     int64
	AsOf        int64
	Points      int64
	PointsOk    int64
	RowsChecked int64
	RowsFaulty  int64
	DiscardRows int64
	AdjustRows  int64
	ConvertRows int64
	Message     string
	StartedAt   int64
	EndedAt     int64
}

func (r *runRow) public() Run {
	return Run{Seq: r.Seq, State: r.State, LoadSeq: r.LoadSeq, AsOf: clock(r.AsOf), Points: r.Points, PointsOK: r.PointsOk,
		PointRate: share(r.PointsOk, r.Points), RowsChecked: r.RowsChecked, RowsFaulty: r.RowsFaulty,
		RowRate: 1 - share(r.RowsFaulty, max(r.RowsChecked, r.RowsFaulty, 1)), Discard: r.DiscardRows, Adjust: r.AdjustRows,
		Convert: r.ConvertRows, Message: r.Message, Started: clock(r.StartedAt), Ended: clock(r.EndedAt)}
}

func share(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// resultRow is what one point found in one run.
type resultRow struct {
	bun.BaseModel `bun:"table:check_result"`

	RunSeq  int64  `bun:",pk"`
	Point   string `bun:",pk"`
	Checked int64
	Faulty  int64
	Passed  int64
	TookMs  int64
	Fault   string
}

// keepRuns is how many runs stay in the history.
const keepRuns = 400

// maxKept bounds the rows at fault that are kept for one point; a point that fails everywhere needs no list of
// every row. The count is exact nevertheless.
const maxKept = 1_000_000

// RunChecks runs every point over all rows and keeps what it found. A point that cannot be evaluated does not stop
// the others; it counts as not passed and says why.
func (s *Service) RunChecks(ctx context.Context) (Run, error) {
	s.one.Lock()
	defer s.one.Unlock()
	view := s.opts.Warehouse.SystemView("数据质量校验") //nolint:forbidigo // a scheduled job over all regions
	counts := map[string]int64{}
	head, err := view.Query(ctx, warehouse.Statement{SQL: "SELECT 1"})
	if err != nil {
		return Run{}, err
	}
	row := runRow{State: "running", LoadSeq: head.LoadSeq, AsOf: head.AsOf.UnixMilli(), Points: int64(len(s.points)),
		StartedAt: s.opts.Now().UnixMilli()}
	if err := s.begin(ctx, &row); err != nil {
		return Run{}, err
	}
	values, err := newArgs(head.AsOf)
	if err != nil {
		return Run{}, err
	}
	for _, p := range s.points {
		res := s.evaluate(ctx, view, p, values, counts)
		if ctx.Err() != nil {
			return Run{}, ctx.Err() // the run stays open and is closed as failed at the next start
		}
		res.RunSeq = row.Seq
		row.PointsOk += res.Passed
		err := s.opts.Store.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.NewInsert().Model(&res).Exec(ctx)
			return err
		})
		if err != nil {
			return Run{}, fmt.Errorf("check: keep the result of %s: %w", p.ID, err)
		}
	}
	for _, n := range counts {
		row.RowsChecked += n
	}
	if err := s.finish(ctx, view, &row); err != nil {
		return Run{}, err
	}
	return row.public(), nil
}

// evaluate runs one point and keeps its rows at fault in the warehouse. counts holds the rows of every table that
// was looked at so far.
func (s *Service) evaluate(ctx context.Context, view *warehouse.View, p Point, values args, counts map[string]int64) resultRow {
	start := s.opts.Now()
	res := resultRow{Point: p.ID}
	err := func() error {
		if _, counted := counts[p.Table]; !counted {
			n, err := number(ctx, view, "SELECT count(*) FROM {{"+p.Table+"}}")
			if err != nil {
				return err
			}
			counts[p.Table] = n
		}
		res.Checked = counts[p.Table]
		if p.Checked != "" {
			n, err := number(ctx, view, p.Checked)
			if err != nil {
				return err
			}
			res.Checked = n
		}
		args, err := values.of(p)
		if err != nil {
			return err
		}
		err = s.opts.Warehouse.Write(ctx, func(w *warehouse.Writer) error {
			if _, err := w.Exec(ctx, warehouse.Statement{SQL: "DELETE FROM {{>DQ_ROW}} WHERE point = ?", Args: []any{p.ID}}); err != nil {
				return err
			}
			res.Faulty, err = w.Exec(ctx, warehouse.Statement{
				SQL:  fmt.Sprintf("INSERT INTO {{>DQ_ROW}} SELECT ?, ?, CAST(? AS INTEGER), p.rid, p.region FROM (%s) p LIMIT %d", p.SQL, maxKept),
				Args: append([]any{p.ID, p.Table, p.Grade.rank()}, args...)})
			return err
		})
		if err == nil && res.Faulty == maxKept {
			res.Faulty, err = number(ctx, view, "SELECT count(*) FROM ("+p.SQL+") p", args...)
		}
		return err
	}()
	res.TookMs = s.opts.Now().Sub(start).Milliseconds()
	if err != nil {
		res.Fault = fundwatch.MessageOf(err)
		s.opts.Logger.ErrorContext(ctx, "check point failed", "point", p.ID, "error", err)
		return res
	}
	if float64(res.Faulty) <= p.Tolerance*float64(res.Checked) {
		res.Passed = 1
	}
	return res
}

func number(ctx context.Context, v *warehouse.View, sql string, args ...any) (int64, error) {
	f, err := v.Query(ctx, warehouse.Statement{SQL: sql, Args: args})
	if err != nil {
		return 0, err
	}
	n, ok := f.Rows[0][0].(int64)
	if !ok {
		return 0, fmt.Errorf("check: count of type %T", f.Rows[0][0])
	}
	return n, nil
}

func (s *Service) begin(ctx context.Context, r *runRow) error {
	return s.opts.Store.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		var err error
		if r.Seq, err = tx.Next(ctx, "check_run"); err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(r).Exec(ctx)
		return err
	})
}

// finish adds the run up, brings the issues up to date and forgets the oldest runs.
func (s *Service) finish(ctx context.Context, view *warehouse.View, r *runRow) error {
	grades, err := view.Query(ctx, warehouse.Statement{SQL: `SELECT
		coalesce(sum(CASE WHEN worst = 1 THEN 1 ELSE 0 END), 0), coalesce(sum(CASE WHEN worst = 2 THEN 1 ELSE 0 END), 0),
		coalesce(sum(CASE WHEN worst = 3 THEN 1 ELSE 0 END), 0)
		FROM (SELECT tab, rid, min(worst) AS worst FROM {{DQ_ROW}} GROUP BY tab, rid) g`})
	if err != nil {
		return err
	}
	for i, to := range []*int64{&r.DiscardRows, &r.AdjustRows, &r.ConvertRows} {
		n, ok := grades.Rows[0][i].(int64)
		if !ok {
			return fmt.Errorf("check: count of type %T", grades.Rows[0][i])
		}
		*to = n
		r.RowsFaulty += n
	}
	found, err := s.found(ctx, view)
	if err != nil {
		return err
	}
	r.State, r.EndedAt = "done", s.opts.Now().UnixMilli()
	r.Message = fmt.Sprintf("校验点 %d 个，通过 %d 个；参检 %d 行，问题 %d 行", r.Points, r.PointsOk, r.RowsChecked, r.RowsFaulty)
	return s.opts.Store.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.NewUpdate().Model(r).WherePK().Exec(ctx); err != nil {
			return err
		}
		for _, table := range []string{"check_result WHERE run_seq", "check_run WHERE seq"} {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" <= ?", r.Seq-keepRuns); err != nil {
				return err
			}
		}
		return updateIssues(ctx, tx, r.Seq, found)
	})
}

// closeOpenRuns closes the runs that were open when the process was killed.
func (s *Service) closeOpenRuns(ctx context.Context) error {
	return s.opts.Store.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE check_run SET state = 'failed', message = ?, ended_at = ? WHERE state = 'running'`,
			"校验中断，请重新运行", tx.Now().UnixMilli())
		return err
	})
}

// Runs lists runs, newest first.
func (s *Service) Runs(ctx context.Context, limit int) ([]Run, error) {
	var rows []runRow
	err := s.opts.Store.Read().NewSelect().Model(&rows).OrderExpr("seq DESC").Limit(int64(min(max(limit, 1), keepRuns))).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("check: runs: %w", err)
	}
	out := make([]Run, len(rows))
	for i := range rows {
		out[i] = rows[i].public()
	}
	return out, nil
}

// Result is what one point found in one run.
type Result struct {
	Run     int64     `json:"run"`
	At      time.Time `json:"at"`
	Checked int64     `json:"checked"`
	Faulty  int64     `json:"faulty"`
	Share   float64   `json:"share"` // of rows at fault
	Passed  bool      `json:"passed"`
	TookMs  int64     `json:"tookMs"`
	Fault   string    `json:"fault,omitempty"` // why the point could not be evaluated
}

// PointStatus is a point with what it found last; Last is nil when it never ran.
type PointStatus struct {
	Point
	Class string  `json:"class"`
	Last  *Result `json:"last"`
}

// Status lists the points with the results of the last finished run.
func (s *Service) Status(ctx context.Context) ([]PointStatus, error) {
	var rows []resultRow
	err := s.opts.Store.Read().NewSelect().Model(&rows).
		Where("run_seq = (SELECT max(seq) FROM check_run WHERE state = 'done')").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("check: results: %w", err)
	}
	at := map[int64]time.Time{}
	last := map[string]*Result{}
	for _, r := range rows {
		if _, known := at[r.RunSeq]; !known {
			var run runRow
			if err := s.opts.Store.Read().NewSelect().Model(&run).Where("seq = ?", r.RunSeq).Scan(ctx); err != nil {
				return nil, fmt.Errorf("check: results: %w", err)
			}
			at[r.RunSeq] = clock(run.StartedAt)
		}
		last[r.Point] = r.public(at[r.RunSeq])
	}
	out := make([]PointStatus, len(s.points))
	for i, p := range s.points {
		out[i] = PointStatus{Point: p, Class: p.Class(), Last: last[p.ID]}
	}
	return out, nil
}

func (r *resultRow) public(at time.Time) *Result {
	return &Result{Run: r.RunSeq, At: at, Checked: r.Checked, Faulty: r.Faulty, Share: share(r.Faulty, r.Checked),
		Passed: r.Passed == 1, TookMs: r.TookMs, Fault: r.Fault}
}

// History lists what a point found in earlier runs, newest first.
func (s *Service) History(ctx context.Context, point string, limit int) ([]Result, error) {
	if _, err := s.point(point); err != nil {
		return nil, err
	}
	rows, err := s.opts.Store.Read().QueryContext(ctx, `SELECT r.run_seq, u.started_at, r.checked, r.faulty, r.passed, r.took_ms, r.fault
		FROM check_result r JOIN check_run u ON u.seq = r.run_seq WHERE r.point = ? AND u.state = 'done'
		ORDER BY r.run_seq DESC LIMIT ?`, point, min(max(limit, 1), keepRuns))
	if err != nil {
		return nil, fmt.Errorf("check: history: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var out []Result
	for rows.Next() {
		var r resultRow
		var at int64
		if err := rows.Scan(&r.RunSeq, &at, &r.Checked, &r.Faulty, &r.Passed, &r.TookMs, &r.Fault); err != nil {
			return nil, fmt.Errorf("check: history: %w", err)
		}
		out = append(out, *r.public(clock(at)))
	}
	return out, rows.Err()
}
