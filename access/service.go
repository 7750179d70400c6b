package access

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/internal/audit"
	"fundwatch/internal/store"
)

// Config is the policy of log-ins.
type Config struct {
	Idle            time.Duration // a session ends after so long without a request; default 30 min
	Absolute        time.Duration // a session ends after so long at the latest; default 12 h
	AccountFailures int           // failed log-ins of an account before it is locked; default 5
	AddressFailures int           // failed log-ins from an address before it is locked; default 5
	LockFor         time.Duration // how long a lock lasts, and how far back failures count; default 15 min
	PasswordAge     time.Duration // a password older than this must be changed; default 90 days
	LinkFor         time.Duration // how long a one-time link holds; default 24 h
	Hash            HashConfig
}

// WithDefaults fills what is empty.
func (c Config) WithDefaults() Config {
	duration := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	duration(&c.Idle, 30*time.Minute)
	duration(&c.Absolute, 12*time.Hour)
	duration(&c.LockFor, 15*time.Minute)
	duration(&c.PasswordAge, 90*24*time.Hour)
	duration(&c.LinkFor, 24*time.Hour)
	if c.AccountFailures == 0 {
		c.AccountFailures = 5
	}
	if c.AddressFailures == 0 {
		c.AddressFailures = 5
	}
	c.Hash = c.Hash.withDefaults()
	return c
}

func (c Config) validate() error {
	switch {
	case c.Idle < time.Minute || c.Idle > c.Absolute:
		return fundwatch.FieldErrorf("access.idle", "会话空闲时限 %s 应在 1 分钟与会话最长时限 %s 之间", c.Idle, c.Absolute)
	case c.AccountFailures < 1 || c.AddressFailures < 1:
		return fundwatch.FieldErrorf("access.account_failures", "登录失败次数上限至少为 1")
	case c.LockFor < time.Minute:
		return fundwatch.FieldErrorf("access.lock_for", "锁定时长 %s 过短，至少 1 分钟", c.LockFor)
	case c.PasswordAge < 24*time.Hour || c.LinkFor < time.Minute:
		return fundwatch.FieldErrorf("access.password_age", "口令有效期至少 1 天，一次性链接有效期至少 1 分钟")
	}
	return nil
}

// Options are what the service needs from its surroundings.
type Options struct {
	Store  *store.DB
	Audit  *audit.Log
	Logger *slog.Logger
}

// Service keeps accounts and sessions. It is safe for concurrent use.
type Service struct {
	db      *store.DB
	audit   *audit.Log
	log     *slog.Logger
	cfg     Config
	hasher  *hasher
	regions map[fundwatch.Region]string
}

// New makes the service.
func New(cfg Config, opts Options) (_ *Service, err error) {
	defer fundwatch.Wrap(&err, "access.New")
	cfg = cfg.WithDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if opts.Store == nil || opts.Audit == nil || opts.Logger == nil {
		return nil, errors.New("Options.Store, Options.Audit and Options.Logger are required")
	}
	s := &Service{db: opts.Store, audit: opts.Audit, log: opts.Logger, cfg: cfg, regions: map[fundwatch.Region]string{}}
	tree, err := core.Regions()
	if err != nil {
		return nil, err
	}
	for _, r := range tree {
		s.regions[r.Code] = r.Name
	}
	s.hasher, err = newHasher(cfg.Hash)
	return s, err
}

// Config is the policy in force, defaults included.
func (s *Service) Config() Config { return s.cfg }

// console is who acts when nobody is logged in: the installer, the command line, the demo.
func console() fundwatch.Actor { return fundwatch.Actor{ID: "console", Name: "console"} }

// Check is Require that leaves a denial in the audit chain.
func (s *Service) Check(ctx context.Context, actor fundwatch.Actor, p Permission, object string) error {
	err := Require(actor, p)
	if err == nil {
		return nil
	}
	if actor.ID == "" {
		actor.ID = "unknown"
	}
	denial := audit.Entry{Actor: actor, Action: string(p), Object: object, Outcome: audit.Denied}
	if aerr := s.audit.Record(ctx, denial); aerr != nil {
		return aerr
	}
	return err
}

// change runs one change: permission, transaction, audit entry.
func (s *Service) change(ctx context.Context, actor fundwatch.Actor, p Permission, e audit.Entry,
	fn func(ctx context.Context, tx *store.Tx, e *audit.Entry) error,
) error {
	if err := s.Check(ctx, actor, p, e.Object); err != nil {
		return err
	}
	return s.record(ctx, actor, e, fn)
}

// record is change for what needs no permission: one's own account, the console.
func (s *Service) record(ctx context.Context, actor fundwatch.Actor, e audit.Entry,
	fn func(ctx context.Context, tx *store.Tx, e *audit.Entry) error,
) error {
	e.Actor = actor
	if e.Detail == nil {
		e.Detail = map[string]string{}
	}
	return s.db.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := fn(ctx, tx, &e); err != nil {
			return err
		}
		return s.audit.Append(ctx, tx, e)
	})
}

// AuditEntries shows the audit chain to who may see it; looking is an entry too.
func (s *Service) AuditEntries(ctx context.Context, actor fundwatch.Actor, f audit.Filter) (_ []audit.Record, total int64, err error) {
	defer fundwatch.Wrap(&err, "access.AuditEntries")
	if err := s.Check(ctx, actor, AuditRead, ""); err != nil {
		return nil, 0, err
	}
	detail := map[string]string{}
	for k, v := range map[string]string{"actor": f.ActorID + f.Login, "action": f.Action, "object": f.Object} {
		if v != "" {
			detail[k] = v
		}
	}
	if err := s.audit.Record(ctx, audit.Entry{Actor: actor, Action: "audit.read", Detail: detail}); err != nil {
		return nil, 0, err
	}
	return s.audit.Find(ctx, f)
}

// VerifyAudit checks the audit chain for who may see it.
func (s *Service) VerifyAudit(ctx context.Context, actor fundwatch.Actor) (_ audit.Report, err error) {
	defer fundwatch.Wrap(&err, "access.VerifyAudit")
	if err := s.Check(ctx, actor, AuditRead, ""); err != nil {
		return audit.Report{}, err
	}
	report, err := s.audit.Verify(ctx)
	if err != nil {
		return audit.Report{}, err
	}
	e := audit.Entry{Actor: actor, Action: "audit.verify"}
	if !report.OK() {
		e.Outcome, e.Detail = audit.Failed, map[string]string{"fault": report.Fault.Message}
	}
	return report, s.audit.Record(ctx, e)
}
