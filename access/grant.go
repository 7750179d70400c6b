package access

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"fundwatch"
	"fundwatch/internal/audit"
	"fundwatch/internal/store"
)

// The kinds of grant.
const (
	GrantRoles = "roles"
	GrantScope = "scope"
)

// Grant is a change of roles or scope that one administrator proposed and another confirms (授权申请).
type Grant struct {
	ID      string
	Account string // id
	Kind    string // GrantRoles or GrantScope
	Roles   []string
	Regions []fundwatch.Region
	Lines   []fundwatch.Insurance
	State   string // waiting, confirmed, refused
	Maker   string // account id
	MadeAt  time.Time
}

// grantRow is a line of the table account_grant.
type grantRow struct {
	bun.BaseModel `bun:"table:account_grant"`

	ID        string
	AccountID string
	Kind      string
	Roles     string
	Regions   string
	Lines     string
	State     string
	OpenSlot  *int16
	Maker     string
	MadeAt    int64
	Checker   string
	CheckedAt int64
	Reason    string
}

func (r *grantRow) grant() Grant {
	return Grant{
		ID: r.ID, Account: r.AccountID, Kind: r.Kind, Roles: split[string](r.Roles), Regions: split[fundwatch.Region](r.Regions),
		Lines: split[fundwatch.Insurance](r.Lines), State: r.State, Maker: r.Maker, MadeAt: moment(r.MadeAt),
	}
}

func grants(ctx context.Context, db bun.IDB, where string, args ...any) ([]Grant, error) {
	var rows []grantRow
	if err := db.NewSelect().Model(&rows).Where(where, args...).OrderExpr("made_at, id").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Grant, 0, len(rows))
	for i := range rows {
		out = append(out, rows[i].grant())
	}
	return out, nil
}

// SetRoles proposes the roles of an account; they hold once a security administrator confirms. rev is the revision
// the proposer saw; 0 is any.
func (s *Service) SetRoles(ctx context.Context, actor fundwatch.Actor, id string, rev int64, roles []string) (_ Account, err error) {
	defer fundwatch.Wrap(&err, "access.SetRoles(%s)", id)
	if _, err := dutyOf(roles); err != nil {
		return Account{}, err
	}
	return s.propose(ctx, actor, id, rev, grantRow{Kind: GrantRoles, Roles: join(roles)})
}

// SetScope proposes how far an account may see; it holds once a security administrator confirms.
func (s *Service) SetScope(ctx context.Context, actor fundwatch.Actor, id string, rev int64, regions []fundwatch.Region, lines []fundwatch.Insurance) (_ Account, err error) {
	defer fundwatch.Wrap(&err, "access.SetScope(%s)", id)
	if err := s.checkScope(regions, lines); err != nil {
		return Account{}, err
	}
	return s.propose(ctx, actor, id, rev, grantRow{Kind: GrantScope, Regions: join(regions), Lines: join(lines)})
}

func (s *Service) checkScope(regions []fundwatch.Region, lines []fundwatch.Insurance) error {
	for _, r := range regions {
		if _, ok := s.regions[r]; !ok {
			return fundwatch.FieldErrorf("regions", "没有行政区划 %q，请从区划列表中选择", r)
		}
	}
	for _, l := range lines {
		if !slices.Contains(fundwatch.Insurances(), l) {
			return fundwatch.FieldErrorf("lines", "没有险种 %q，请从险种列表中选择", l)
		}
	}
	if (len(regions) == 0) != (len(lines) == 0) {
		return fundwatch.FieldErrorf("regions", "区划与险种应同时设置，或同时清空")
	}
	return nil
}

// propose stores a waiting grant in the place of an older one of the same kind.
func (s *Service) propose(ctx context.Context, actor fundwatch.Actor, id string, rev int64, g grantRow) (Account, error) {
	e := audit.Entry{Action: "grant.propose", Detail: map[string]string{"grant": g.text()}}
	return s.update(ctx, actor, UserGrant, e, id, func(ctx context.Context, tx *store.Tx, r *accountRow) error {
		switch {
		case rev != 0 && rev != r.Rev:
			return fundwatch.Errorf(fundwatch.Conflict, "账号 %s 已被他人修改，请刷新后重新办理", r.Login)
		case id == actor.ID:
			return fundwatch.Errorf(fundwatch.Denied, "不能为本人账号授权，请由另一名系统管理员办理")
		case g.Kind == GrantScope && g.Regions != "" && r.Duty != business:
			return fundwatch.Errorf(fundwatch.Conflict, "%s不看业务数据，不能设置数据范围", RoleTitle(r.Duty))
		}
		_, err := tx.ExecContext(ctx, `UPDATE account_grant SET state = 'refused', open_slot = NULL, checked_at = ?,
			reason = '被新的申请替代' WHERE account_id = ? AND kind = ? AND open_slot = 1`, tx.Now().UnixMilli(), id, g.Kind)
		if err != nil {
			return err
		}
		open := int16(1)
		g.ID, g.AccountID, g.State, g.OpenSlot = store.NewID(), id, "waiting", &open
		g.Maker, g.MadeAt = actor.ID, tx.Now().UnixMilli()
		_, err = tx.NewInsert().Model(&g).Exec(ctx)
		return err
	})
}

// text says what the grant gives, for the audit chain.
func (r *grantRow) text() string {
	if r.Kind == GrantScope {
		return "数据范围：" + r.Regions + " / " + r.Lines
	}
	var titles []string
	for _, id := range split[string](r.Roles) {
		titles = append(titles, RoleTitle(id))
	}
	return "角色：" + strings.Join(titles, "、")
}

// Grants lists what waits to be confirmed.
func (s *Service) Grants(ctx context.Context, actor fundwatch.Actor) (_ []Grant, err error) {
	defer fundwatch.Wrap(&err, "access.Grants")
	if err := s.Check(ctx, actor, UserRead, ""); err != nil {
		return nil, err
	}
	out, err := grants(ctx, s.db.Read(), "state = 'waiting'")
	return out, store.Fault(err)
}

// Confirm puts a waiting grant into force and ends the account's sessions, so that nobody goes on with old rights.
func (s *Service) Confirm(ctx context.Context, actor fundwatch.Actor, grant string) (_ Account, err error) {
	defer fundwatch.Wrap(&err, "access.Confirm(%s)", grant)
	return s.decide(ctx, actor, grant, "confirmed", "", s.apply)
}

// Refuse turns a waiting grant down.
func (s *Service) Refuse(ctx context.Context, actor fundwatch.Actor, grant, reason string) (_ Account, err error) {
	defer fundwatch.Wrap(&err, "access.Refuse(%s)", grant)
	if strings.TrimSpace(reason) == "" {
		return Account{}, fundwatch.FieldErrorf("reason", "请填写驳回理由")
	}
	return s.decide(ctx, actor, grant, "refused", reason, func(context.Context, *store.Tx, *accountRow, *grantRow) error { return nil })
}

func (s *Service) decide(ctx context.Context, actor fundwatch.Actor, grant, state, reason string,
	fn func(ctx context.Context, tx *store.Tx, r *accountRow, g *grantRow) error,
) (out Account, err error) {
	e := audit.Entry{Action: "grant." + state, Object: "grant:" + grant, Reason: reason}
	err = s.change(ctx, actor, UserConfirm, e, func(ctx context.Context, tx *store.Tx, e *audit.Entry) error {
		var g []grantRow
		if err := tx.NewSelect().Model(&g).Where("id = ? AND state = 'waiting'", grant).Scan(ctx); err != nil {
			return err
		}
		if len(g) == 0 {
			return fundwatch.Errorf(fundwatch.NotFound, "没有这项待确认的授权，可能已被处理，请刷新列表")
		}
		if g[0].Maker == actor.ID || g[0].AccountID == actor.ID {
			return fundwatch.Errorf(fundwatch.Denied, "授权须由申请人和本人以外的安全管理员确认")
		}
		r, err := rowByID(ctx, tx, g[0].AccountID)
		if err != nil {
			return err
		}
		e.Object, e.Detail["login"], e.Detail["grant"] = "account:"+r.ID, r.Login, g[0].text()
		if err := fn(ctx, tx, &r, &g[0]); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE account_grant SET state = ?, open_slot = NULL, checker = ?, checked_at = ?,
			reason = ? WHERE id = ?`, state, actor.ID, tx.Now().UnixMilli(), reason, grant)
		if err != nil {
			return err
		}
		if err := save(ctx, tx, &r); err != nil {
			return err
		}
		out, err = s.complete(ctx, tx, &r)
		return err
	})
	return out, err
}

func (s *Service) apply(ctx context.Context, tx *store.Tx, r *accountRow, g *grantRow) error {
	if g.Kind == GrantScope {
		if r.Duty != business && g.Regions != "" {
			return fundwatch.Errorf(fundwatch.Conflict, "%s不看业务数据，不能设置数据范围", RoleTitle(r.Duty))
		}
		r.Regions, r.Lines = g.Regions, g.Lines
	} else if err := setRoles(ctx, tx, r, split[string](g.Roles)); err != nil {
		return err
	}
	return endSessions(ctx, tx, r.ID, "")
}

// setRoles replaces the roles. An account that becomes an administrator's loses its scope.
func setRoles(ctx context.Context, tx *store.Tx, r *accountRow, roles []string) error {
	duty, err := dutyOf(roles)
	if err != nil {
		return err
	}
	if duty != r.Duty {
		if err := lastOfDuty(ctx, tx, r); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM account_role WHERE account_id = ?`, r.ID); err != nil {
		return err
	}
	r.Duty = duty
	if duty != business {
		r.Regions, r.Lines = "", ""
	}
	_, err = tx.ExecContext(ctx, `UPDATE account SET duty = ?, regions = ?, lines = ? WHERE id = ?`, r.Duty, r.Regions, r.Lines, r.ID)
	if err != nil {
		return err
	}
	for _, role := range roles {
		_, err := tx.ExecContext(ctx, `INSERT INTO account_role (account_id, duty, role) VALUES (?, ?, ?)`, r.ID, duty, role)
		if err != nil {
			return err
		}
	}
	return nil
}
