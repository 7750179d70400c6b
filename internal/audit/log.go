package audit

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"fundwatch"
	"fundwatch/internal/store"
)

// genesis is what the first entry has before it.
const genesis = "0000000000000000000000000000000000000000000000000000000000000000"

// Config says where the key and the signed files lie.
type Config struct {
	KeyFile     string        // key of the chain, made if absent; default audit.key beside the store
	HeadFile    string        // signed head of the chain; default audit.head beside the store
	AnchorFile  string        // signed anchors, append only; default audit.anchor beside the store
	AnchorEvery int64         // entries between anchors; default 1000
	AnchorAfter time.Duration // longest time between anchors while entries arrive; default 1 min
}

// WithDefaults fills what is empty; folder is where the store lies.
func (c Config) WithDefaults(folder string) Config {
	file := func(name, base string) string {
		if name == "" {
			return filepath.Join(folder, base)
		}
		return name
	}
	c.KeyFile = file(c.KeyFile, "audit.key")
	c.HeadFile = file(c.HeadFile, "audit.head")
	c.AnchorFile = file(c.AnchorFile, "audit.anchor")
	if c.AnchorEvery == 0 {
		c.AnchorEvery = 1000
	}
	if c.AnchorAfter == 0 {
		c.AnchorAfter = time.Minute
	}
	return c
}

// Log is the audit chain of a store. It is safe for concurrent use.
type Log struct {
	db    *store.DB
	cfg   Config
	log   *slog.Logger
	key   []byte
	keyID string

	mu       sync.Mutex // guards the files and what follows
	head     int64      // the newest entry this process signed
	anchored sign
}

// Open opens the chain of db and makes its key when neither key nor entries are there.
func Open(ctx context.Context, db *store.DB, cfg Config, logger *slog.Logger) (_ *Log, err error) {
	defer fundwatch.Wrap(&err, "audit.Open")
	cfg = cfg.WithDefaults(filepath.Dir(db.Path()))
	l := &Log{db: db, cfg: cfg, log: logger}
	if l.key, err = l.loadKey(ctx); err != nil {
		return nil, err
	}
	sum := sm3.Sum(l.key)
	l.keyID = hex.EncodeToString(sum[:4])
	anchors, err := l.readAnchors()
	if err != nil {
		return nil, err
	}
	if n := len(anchors); n > 0 {
		l.anchored = anchors[n-1]
	}
	return l, nil
}

func (l *Log) loadKey(ctx context.Context) ([]byte, error) {
	text, err := os.ReadFile(l.cfg.KeyFile)
	if errors.Is(err, os.ErrNotExist) {
		return l.makeKey(ctx)
	}
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(l.cfg.KeyFile)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fundwatch.Errorf(fundwatch.Unavailable, "审计密钥文件 %s 可被其他用户读取，请将权限改为 0600",
			filepath.Base(l.cfg.KeyFile))
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != 32 {
		return nil, fundwatch.Errorf(fundwatch.Unavailable, "审计密钥文件 %s 内容不完整，应为 64 位十六进制数，请从备份恢复",
			filepath.Base(l.cfg.KeyFile))
	}
	return key, nil
}

// makeKey makes a new key for a new chain. Entries without their key mean that the file was lost: a new key would
// hide that, so it is refused.
func (l *Log) makeKey(ctx context.Context) ([]byte, error) {
	n, err := l.db.Read().NewSelect().Model((*row)(nil)).Count(ctx)
	if err != nil {
		return nil, err
	}
	if n > 0 {
		return nil, fundwatch.Errorf(fundwatch.Unavailable, "审计密钥文件 %s 丢失，已有 %d 条审计记录无法校验，请从备份恢复该文件",
			filepath.Base(l.cfg.KeyFile), n)
	}
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(l.cfg.KeyFile, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.WriteString(hex.EncodeToString(key) + "\n")
	return key, errors.Join(err, f.Sync(), f.Close())
}

func (l *Log) mac(r *row) string {
	h := hmac.New(sm3.New, l.key)
	r.seal(h)
	return hex.EncodeToString(h.Sum(nil))
}

// Append adds an entry to the chain in the caller's transaction.
func (l *Log) Append(ctx context.Context, tx *store.Tx, e Entry) error {
	if e.Action == "" || e.Actor.ID == "" {
		return fmt.Errorf("audit: entry without action or actor: %q by %q", e.Action, e.Actor.ID)
	}
	r, err := newRow(e, tx.Now())
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	r.Prev = genesis
	err = tx.QueryRowContext(ctx, `SELECT seq, mac FROM audit_entry ORDER BY seq DESC LIMIT 1`).Scan(&r.Seq, &r.Prev)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("audit: read head: %w", err)
	}
	r.Seq++
	r.KeyID = l.keyID
	r.Mac = l.mac(&r)
	if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
		return fmt.Errorf("audit: append: %w", err)
	}
	tx.AfterCommit(func() { l.advance(sign{Seq: r.Seq, Mac: r.Mac, At: r.At}) })
	return nil
}

// Record appends an entry in a transaction of its own: for denials, for reading personal data, for exports. When
// it fails, what it tells of must not happen.
func (l *Log) Record(ctx context.Context, e Entry) error {
	return l.db.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error { return l.Append(ctx, tx, e) })
}
