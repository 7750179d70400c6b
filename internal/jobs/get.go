package jobs

import (
	"context"
	"database/sql"
	"errors"

	"fundwatch"
	"fundwatch/internal/store"
)

// Get is one job by its id.
func Get(ctx context.Context, db *store.DB, id string) (Info, error) {
	return one(ctx, db, "id = ?", id)
}

// Find is the job of a kind with a key.
func Find(ctx context.Context, db *store.DB, kind, key string) (Info, error) {
	return one(ctx, db, "kind = ? AND job_key = ?", kind, key)
}

func one(ctx context.Context, db *store.DB, where string, args ...any) (_ Info, err error) {
	defer fundwatch.Wrap(&err, "jobs.Get(%v)", args)
	var r row
	err = db.Read().NewSelect().Model(&r).Where(where, args...).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Info{}, fundwatch.Errorf(fundwatch.NotFound, "没有这个后台任务，可能已过保存期")
	}
	if err != nil {
		return Info{}, store.Fault(err)
	}
	return r.info(), nil
}
