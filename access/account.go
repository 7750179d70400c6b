package access

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"fundwatch"
	"fundwatch/internal/store"
)

// Account is one person's account (账号).
type Account struct {
	ID         string
	Rev        int64 // grows with every change; a change made on an older one is refused
	Login      string
	Name       string
	Unit       string
	Roles      []string
	Regions    []fundwatch.Region
	Lines      []fundwatch.Insurance
	Disabled   bool
	Locked     bool
	MustChange bool
	NoPassword bool // waits for its one-time link to be used
	Demo       bool
	MadeAt     time.Time
	LoginAt    time.Time // zero: never
	Waiting    []Grant   // what was proposed and not yet confirmed
}

// Scope is how far the account may see.
func (a Account) Scope() fundwatch.Scope { return fundwatch.NewScope(a.Regions, a.Lines) }

// accountRow is a line of the table account.
type accountRow struct {
	bun.BaseModel `bun:"table:account"`

	ID         string
	Login      string
	Name       string
	Unit       string
	Rev        int64
	Duty       string
	Disabled   int16
	Demo       int16
	Password   string
	PasswordAt int64
	MustChange int16
	Regions    string
	Lines      string
	MadeAt     int64
	MadeBy     string
	LoginAt    int64
}

func join[T ~string](list []T) string {
	var b strings.Builder
	for i, v := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(string(v))
	}
	return b.String()
}

func split[T ~string](s string) []T {
	var out []T
	for _, v := range strings.Split(s, ",") {
		if v != "" {
			out = append(out, T(v))
		}
	}
	return out
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).In(fundwatch.Shanghai())
}

func (r *accountRow) account() Account {
	return Account{
		ID: r.ID, Rev: r.Rev, Login: r.Login, Name: r.Name, Unit: r.Unit, Regions: split[fundwatch.Region](r.Regions),
		Lines: split[fundwatch.Insurance](r.Lines), Disabled: r.Disabled == 1, MustChange: r.MustChange == 1,
		NoPassword: r.Password == "", Demo: r.Demo == 1, MadeAt: moment(r.MadeAt), LoginAt: moment(r.LoginAt),
	}
}

func rolesOf(ctx context.Context, db bun.IDB, id string) ([]string, error) {
	var roles []string
	err := db.NewRaw(`SELECT role FROM account_role WHERE account_id = ? ORDER BY role`, id).Scan(ctx, &roles)
	return roles, err
}

// rowByID reads one account; an unknown id is NotFound.
func rowByID(ctx context.Context, db bun.IDB, id string) (accountRow, error) {
	return oneRow(ctx, db, "id = ?", id)
}

func oneRow(ctx context.Context, db bun.IDB, where string, args ...any) (accountRow, error) {
	var r accountRow
	err := db.NewSelect().Model(&r).Where(where, args...).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fundwatch.Errorf(fundwatch.NotFound, "没有这个账号，请刷新列表后重试")
	}
	return r, err
}

// load reads one account with its roles, lock and waiting grants.
func (s *Service) load(ctx context.Context, db bun.IDB, id string) (Account, error) {
	r, err := rowByID(ctx, db, id)
	if err != nil {
		return Account{}, err
	}
	return s.complete(ctx, db, &r)
}

func (s *Service) complete(ctx context.Context, db bun.IDB, r *accountRow) (_ Account, err error) {
	a := r.account()
	if a.Roles, err = rolesOf(ctx, db, a.ID); err != nil {
		return Account{}, err
	}
	if a.Locked, err = s.locked(ctx, db, a.Login); err != nil {
		return Account{}, err
	}
	a.Waiting, err = grants(ctx, db, "account_id = ? AND state = 'waiting'", a.ID)
	return a, err
}

// UserFilter chooses accounts; empty fields choose all.
type UserFilter struct {
	Text   string // part of the login or the name
	Role   string
	Offset int
	Limit  int // default 50, at most 200
}

// Users lists accounts by login, and says how many there are.
func (s *Service) Users(ctx context.Context, actor fundwatch.Actor, f UserFilter) (_ []Account, total int, err error) {
	defer fundwatch.Wrap(&err, "access.Users")
	if err := s.Check(ctx, actor, UserRead, ""); err != nil {
		return nil, 0, err
	}
	// Accounts are hundreds: reading them all keeps LIKE, whose case rules differ between databases, out of it.
	var rows []accountRow
	if err := s.db.Read().NewSelect().Model(&rows).OrderExpr("login").Scan(ctx); err != nil {
		return nil, 0, store.Fault(err)
	}
	var out []Account
	text := strings.ToLower(strings.TrimSpace(f.Text))
	for i := range rows {
		if text != "" && !strings.Contains(rows[i].Login, text) && !strings.Contains(strings.ToLower(rows[i].Name), text) {
			continue
		}
		a, err := s.complete(ctx, s.db.Read(), &rows[i])
		if err != nil {
			return nil, 0, store.Fault(err)
		}
		if f.Role == "" || slices.Contains(a.Roles, f.Role) {
			out = append(out, a)
		}
	}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	total = len(out)
	from := min(max(f.Offset, 0), total)
	return out[from:min(from+min(f.Limit, 200), total)], total, nil
}

// User is one account.
func (s *Service) User(ctx context.Context, actor fundwatch.Actor, id string) (_ Account, err error) {
	defer fundwatch.Wrap(&err, "access.User(%s)", id)
	if err := s.Check(ctx, actor, UserRead, "account:"+id); err != nil {
		return Account{}, err
	}
	a, err := s.load(ctx, s.db.Read(), id)
	return a, store.Fault(err)
}
