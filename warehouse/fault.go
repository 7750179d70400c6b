package warehouse

import (
	"context"
	"errors"
	"strings"
	"time"

	"fundwatch"
	"fundwatch/warehouse/duckdb"
)

// reopenTimeout bounds the opening of the file after a fault, replay of its log included.
const reopenTimeout = 10 * time.Minute

// use runs f with the engine. When the instance breaks under it, it is opened again for those who come after; f's
// own caller gets the error and may try again.
func (db *DB) use(f func(engine) error) error {
	db.mu.RLock()
	eng := db.eng
	if eng == nil {
		db.mu.RUnlock()
		return fundwatch.Errorf(fundwatch.Unavailable, "数据仓库未打开，请稍后重试")
	}
	err := f(eng)
	db.mu.RUnlock()
	if err == nil {
		return nil
	}
	fault := eng.Fault(err)
	var explained *fundwatch.Error
	switch {
	case fundwatch.CodeOf(err) == fundwatch.Invalid: // its words may be those of a foreign stream
		return err
	case fault == duckdb.Broken, fault == duckdb.Spoiled:
		db.reopen(eng, err)
		return fundwatch.Errorf(fundwatch.Unavailable, "数据仓库刚刚故障并已重新打开，请重试: %w", err)
	case errors.As(err, &explained):
		return err
	case fault == duckdb.Full:
		return diskFull(err)
	}
	return err
}

// reopen replaces a broken instance. The caller who finds it already replaced leaves it.
func (db *DB) reopen(broken engine, cause error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.eng != broken {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), reopenTimeout)
	defer cancel()
	db.opts.Logger.ErrorContext(ctx, "warehouse instance broke, opening it again", "error", cause)
	db.eng = nil
	if err := broken.Close(); err != nil {
		db.opts.Logger.WarnContext(ctx, "closing the broken instance", "error", err)
	}
	if broken.Fault(cause) == duckdb.Spoiled { // in a block that opening does not read
		if err := db.retireFile(ctx, cause); err != nil {
			db.opts.Logger.ErrorContext(ctx, "spoiled warehouse file stays where it is", "error", err)
			return
		}
	}
	eng, err := db.levelEngine(ctx)
	if err != nil {
		db.opts.Logger.ErrorContext(ctx, "warehouse does not open again", "error", err)
		return
	}
	db.eng = eng
}

// Health is nil while the warehouse answers.
func (db *DB) Health(ctx context.Context) error {
	return db.use(func(e engine) error { return e.Pool().PingContext(ctx) })
}

// explainError gives a failed statement a code and a sentence.
func (db *DB) explainError(e engine, err error) error {
	var known *fundwatch.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	switch e.Fault(err) {
	case duckdb.BadSQL:
		return fundwatch.FieldErrorf("sql", "语句不成立：%s", strings.TrimSpace(err.Error()))
	case duckdb.TooMuch:
		return fundwatch.Errorf(fundwatch.Unavailable, "查询超出内存上限，请缩小范围: %w", err)
	}
	return err
}

func diskFull(err error) error {
	return fundwatch.Errorf(fundwatch.Unavailable, "磁盘空间不足，请清理后重试，已有数据不受影响: %w", err)
}
