package intake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"fundwatch"
	"fundwatch/internal/audit"
	"fundwatch/internal/store"
	"fundwatch/warehouse"
)

// importRow is one import in the store.
type importRow struct {
	bun.BaseModel `bun:"table:intake_import"`

	ID        string `bun:",pk"`
	TableCode string
	FileName  string
	Mode      string
	Digest    string
	FileBytes int64
	State     string
	FileRows  int64
	Inserted  int64
	Updated   int64
	Deleted   int64
	Doubled   int64
	LoadSeq   int64
	Message   string
	ActorID   string
	ActorName string
	StartedAt int64
	EndedAt   int64
}

// fileSource begins the source of a file in the warehouse's ledger; the id of its import follows.
const fileSource = "file:"

func (r *importRow) source() string { return fileSource + r.ID }

func (r *importRow) public() Import {
	out := Import{ID: r.ID, Table: r.TableCode, Name: r.FileName, Mode: Mode(r.Mode), Bytes: r.FileBytes,
		State: ImportState(r.State), Rows: r.FileRows, Inserted: r.Inserted, Updated: r.Updated, Deleted: r.Deleted,
		Doubled: r.Doubled, LoadSeq: r.LoadSeq, Message: r.Message, Actor: r.ActorName,
		Started: clock(r.StartedAt)}
	if r.EndedAt != 0 {
		out.Ended = clock(r.EndedAt)
	}
	return out
}

// sentence tells what was loaded.
func (r *importRow) sentence() string {
	s := fmt.Sprintf("已装入：新增 %d 行，更正 %d 行，删除 %d 行", r.Inserted, r.Updated, r.Deleted)
	if same := r.FileRows - r.Inserted - r.Updated; same > 0 {
		s += fmt.Sprintf("，另有 %d 行与现有名单相同", same)
	}
	if r.Doubled > 0 {
		s += fmt.Sprintf("；文件中有 %d 行与前面的行关键列相同，已一并装入，请核对", r.Doubled)
	}
	return s
}

// Imports lists imports, newest first, at most limit, of one table or of all when table is empty.
func (f *Files) Imports(ctx context.Context, table string, limit int) ([]Import, error) {
	var rows []importRow
	q := f.opts.Store.Read().NewSelect().Model(&rows).OrderExpr("started_at DESC, id DESC").Limit(int64(min(max(limit, 1), 1000)))
	if table != "" {
		q = q.Where("table_code = ?", table)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("intake: imports: %w", err)
	}
	out := make([]Import, len(rows))
	for i := range rows {
		out[i] = rows[i].public()
	}
	return out, nil
}

// sameAsLast says, in a sentence, that the file is the one that was imported last into the table.
func (f *Files) sameAsLast(ctx context.Context, r importRow) (string, error) {
	var last importRow
	err := f.opts.Store.Read().NewSelect().Model(&last).Where("table_code = ?", r.TableCode).
		Where("state IN ('done', 'unchanged')").OrderExpr("started_at DESC, id DESC").Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("intake: last import: %w", err)
	}
	if last.Digest != r.Digest || last.Mode != r.Mode {
		return "", nil
	}
	return fmt.Sprintf("这份文件已由 %s 于 %s 导入，内容完全相同，无需重复导入", last.ActorName,
		clock(last.StartedAt).Format("2006-01-02 15:04")), nil
}

func (f *Files) begin(ctx context.Context, r importRow) error {
	return f.opts.Store.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.NewInsert().Model(&r).Exec(ctx)
		return err
	})
}

// end writes the outcome and its audit entry.
func (f *Files) end(ctx context.Context, actor fundwatch.Actor, r *importRow, fresh bool) error {
	r.EndedAt = f.opts.Now().UnixMilli()
	outcome := audit.Done
	if r.State == string(ImportFailed) {
		outcome = audit.Failed
	}
	return f.opts.Store.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		var err error
		if fresh {
			_, err = tx.NewInsert().Model(r).Exec(ctx)
		} else {
			_, err = tx.NewUpdate().Model(r).WherePK().Exec(ctx)
		}
		if err != nil {
			return err
		}
		return f.opts.Audit.Append(ctx, tx, audit.Entry{Actor: actor, Action: "intake.import", Object: "import:" + r.ID, Outcome: outcome,
			Detail: map[string]string{"table": r.TableCode, "file": r.FileName, "mode": r.Mode, "digest": r.Digest, "state": r.State,
				"rows": strconv.FormatInt(r.FileRows, 10), "inserted": strconv.FormatInt(r.Inserted, 10),
				"updated": strconv.FormatInt(r.Updated, 10), "deleted": strconv.FormatInt(r.Deleted, 10),
				"load_seq": strconv.FormatInt(r.LoadSeq, 10)}})
	})
}

// recoverOpen ends the imports that were running when the process was killed.
func (f *Files) recoverOpen(ctx context.Context) error {
	var open []importRow
	if err := f.opts.Store.Read().NewSelect().Model(&open).Where("state = 'running'").Scan(ctx); err != nil {
		return fmt.Errorf("intake: open imports: %w", err)
	}
	for i := range open {
		r := &open[i]
		loads, err := f.opts.Warehouse.Ledger(ctx, warehouse.LedgerFilter{Source: r.source(), Limit: 1})
		if err != nil {
			return fmt.Errorf("intake: open imports: %w", err)
		}
		r.State, r.Message = string(ImportFailed), "导入时服务中断，未装入任何数据，请重新导入"
		if len(loads) == 1 {
			l := loads[0]
			r.State, r.LoadSeq, r.Inserted, r.Updated, r.Deleted = string(ImportDone), l.LoadSeq, l.Inserted, l.Updated, l.Deleted
			r.FileRows = max(r.FileRows, l.Inserted+l.Updated)
			r.Message = r.sentence()
		}
		if err := f.end(ctx, fundwatch.Actor{ID: r.ActorID, Name: r.ActorName}, r, false); err != nil {
			return fmt.Errorf("intake: open imports: %w", err)
		}
	}
	return nil
}

func clock(ms int64) time.Time { return time.UnixMilli(ms).In(fundwatch.Shanghai()) }
