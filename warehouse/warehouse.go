package warehouse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"fundwatch"
	"fundwatch/warehouse/duckdb"
)

// Config says where the warehouse lives and what it may use.
type Config struct {
	Dir     string // data folder: warehouse.duckdb, landing/, spill/; made when missing
	Memory  string // the engine's memory limit; default 2GB, more makes large groupings slower
	Threads int    // default: number of processors
	KeyFile string // pseudonym key, made with mode 0600 when missing; default Dir/pseudonym.key
	MaxRows int    // rows in one Frame; default 10000
}

// withDefaults fills what was left open.
func (c Config) withDefaults() Config {
	if c.Memory == "" {
		c.Memory = "2GB"
	}
	if c.Threads <= 0 {
		c.Threads = runtime.NumCPU()
	}
	if c.KeyFile == "" {
		c.KeyFile = filepath.Join(c.Dir, "pseudonym.key")
	}
	if c.MaxRows <= 0 {
		c.MaxRows = 10000
	}
	return c
}

func (c Config) file() string    { return filepath.Join(c.Dir, "warehouse.duckdb") }
func (c Config) landing() string { return filepath.Join(c.Dir, "landing") }

// engineConfig is the engine's part.
func (c Config) engineConfig() duckdb.Config {
	return duckdb.Config{File: c.file(), TempDir: filepath.Join(c.Dir, "spill"), Memory: c.Memory, Threads: c.Threads}
}

// Options are what the warehouse is given to work with.
type Options struct {
	Logger *slog.Logger     // required
	Now    func() time.Time // required
	// OnSystemView is told of every SystemView with its reason; may be nil.
	OnSystemView func(reason string)
}

// DB is an open warehouse. One process opens it, once; the methods may be called from many goroutines.
type DB struct {
	cfg  Config
	opts Options
	cat  *catalogue
	key  []byte
	lock *os.File

	// mu guards the engine: queries hold it for reading, reopening after a fault for writing.
	mu  sync.RWMutex
	eng engine // nil while broken

	loading sync.Mutex // one load at a time
	writing sync.Mutex // one writer of derived tables at a time
	checks  checks
	keySets atomic.Int64 // names the key tables of touched views

	marksMu sync.RWMutex
	marks   []mark // loads in order, each with the newest business time so far
}

// Open opens the warehouse of Config.Dir, or makes it. A file that does not open, or lags behind the landing
// folder, is made again from there; loads that a crash left between landing and commit are completed.
func Open(ctx context.Context, c Config, o Options) (*DB, error) {
	if o.Logger == nil || o.Now == nil {
		return nil, errors.New("warehouse: Options need Logger and Now")
	}
	if c.Dir == "" {
		return nil, errors.New("warehouse: Config needs Dir")
	}
	c = c.withDefaults()
	cat, err := newCatalogue()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(c.landing(), asideFolder), 0o700); err != nil {
		return nil, fmt.Errorf("warehouse: make the landing folder: %w", err)
	}
	lock, err := lockDir(c.Dir)
	if err != nil {
		return nil, err
	}
	db := &DB{cfg: c, opts: o, cat: cat, lock: lock, checks: checks{byQL: map[string]checked{}}}
	if db.key, err = loadKey(c.KeyFile); err == nil {
		err = db.start(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("warehouse: open: %w", err), lock.Close())
	}
	return db, nil
}

// start opens the engine level with the landing folder. A crash's leftovers there are swept away.
func (db *DB) start(ctx context.Context) error {
	eng, err := db.levelEngine(ctx)
	if err != nil {
		return err
	}
	if err := db.sweep(); err != nil {
		return errors.Join(err, eng.Close())
	}
	db.eng = eng
	return nil
}

// levelEngine opens the engine level with the landing folder. A file that cannot be read is put aside: what it held
// stands in the landing folder, and a new one is made from there.
func (db *DB) levelEngine(ctx context.Context) (engine, error) {
	eng, err := db.tryEngine(ctx)
	if err == nil || ctx.Err() != nil {
		return eng, err
	}
	switch duckdb.Classify(err) {
	case duckdb.Spoiled, duckdb.Broken:
		if err := db.retireFile(ctx, err); err != nil {
			return nil, err
		}
		return db.tryEngine(ctx)
	case duckdb.Locked:
		return nil, fundwatch.Errorf(fundwatch.Conflict, "数据仓库文件正被另一程序使用: %w", err)
	case duckdb.Full:
		return nil, diskFull(err)
	}
	return nil, err
}

// tryEngine opens the file, prepares its tables and applies what they lack.
func (db *DB) tryEngine(ctx context.Context) (engine, error) {
	eng, err := duckdb.Open(ctx, db.cfg.engineConfig())
	if err != nil {
		return nil, err
	}
	if err = db.prepareSchema(ctx, eng); err == nil {
		err = db.catchUp(ctx, eng)
	}
	if err != nil {
		return nil, errors.Join(err, eng.Close())
	}
	return eng, nil
}

// retireFile puts an unreadable database file aside; the next opening rebuilds it from landing.
func (db *DB) retireFile(ctx context.Context, cause error) error {
	bad := fmt.Sprintf("%s.bad-%d", db.cfg.file(), db.opts.Now().Unix())
	db.opts.Logger.ErrorContext(ctx, "warehouse file is unreadable, rebuilding it from landing", "error", cause, "kept", bad)
	if err := os.Rename(db.cfg.file(), bad); err != nil {
		return err
	}
	if err := os.Rename(db.cfg.file()+".wal", bad+".wal"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// Close waits for running work, checkpoints and closes.
func (db *DB) Close() error {
	db.loading.Lock()
	defer db.loading.Unlock()
	db.writing.Lock()
	defer db.writing.Unlock()
	db.mu.Lock()
	defer db.mu.Unlock()
	var err error
	if db.eng != nil {
		err = db.eng.Close()
		db.eng = nil
	}
	if db.lock != nil {
		err = errors.Join(err, db.lock.Close())
		db.lock = nil
	}
	return err
}

// LoadSeq is the number of the newest load.
func (db *DB) LoadSeq() int64 {
	seq, _ := db.mark(0)
	return seq
}
