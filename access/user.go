package access

import (
	"context"
	"regexp"
	"strings"
	"unicode/utf8"

	"fundwatch"
	"fundwatch/internal/audit"
	"fundwatch/internal/store"
)

// NewUser is an account to make.
type NewUser struct {
	Login string
	Name  string
	Unit  string
}

var loginPattern = regexp.MustCompile(`^[a-z][a-z0-9._-]{2,31}$`)

func (u *NewUser) check() error {
	u.Login = strings.ToLower(strings.TrimSpace(u.Login))
	u.Name, u.Unit = strings.TrimSpace(u.Name), strings.TrimSpace(u.Unit)
	switch ok := loginPattern.MatchString(u.Login); {
	case !ok:
		return fundwatch.FieldErrorf("login", "登录名 %q 不符合要求：3 至 32 位，以小写字母开头，只用小写字母、数字、点、横线和下划线", u.Login)
	case u.Name == "" || utf8.RuneCountInString(u.Name) > 64:
		return fundwatch.FieldErrorf("name", "请填写姓名，不超过 64 个字")
	case utf8.RuneCountInString(u.Unit) > 128:
		return fundwatch.FieldErrorf("unit", "单位名称不超过 128 个字")
	}
	return nil
}

// CreateUser makes an account without roles, scope or password. The link lets the person set the password once.
func (s *Service) CreateUser(ctx context.Context, actor fundwatch.Actor, u NewUser) (_ Account, _ Link, err error) {
	defer fundwatch.Wrap(&err, "access.CreateUser(%s)", u.Login)
	var made Account
	var link Link
	e := audit.Entry{Action: "account.create"}
	err = s.change(ctx, actor, UserManage, e, func(ctx context.Context, tx *store.Tx, e *audit.Entry) error {
		row, err := s.insert(ctx, tx, u, actor.ID)
		if err != nil {
			return err
		}
		e.Object = "account:" + row.ID
		e.Detail["login"], e.Detail["name"], e.Detail["unit"] = row.Login, row.Name, row.Unit
		if link, err = s.newLink(ctx, tx, &row); err != nil {
			return err
		}
		made, err = s.complete(ctx, tx, &row)
		return err
	})
	if err != nil {
		return Account{}, Link{}, err
	}
	return made, link, nil
}

// insert makes the row. The login must never have been used.
func (s *Service) insert(ctx context.Context, tx *store.Tx, u NewUser, maker string) (accountRow, error) {
	if err := u.check(); err != nil {
		return accountRow{}, err
	}
	row := accountRow{
		ID: store.NewID(), Login: u.Login, Name: u.Name, Unit: u.Unit, Rev: 1, Duty: business,
		MadeAt: tx.Now().UnixMilli(), MadeBy: maker,
	}
	_, err := tx.NewInsert().Model(&row).Exec(ctx)
	if store.IsUnique(err) {
		e := fundwatch.FieldErrorf("login", "登录名 %q 已被使用过，登录名不可重复使用，请换一个", u.Login)
		e.Code, e.Err = fundwatch.Conflict, err
		return accountRow{}, e
	}
	return row, err
}

// Disable closes an account and ends its sessions. The login stays taken for ever.
func (s *Service) Disable(ctx context.Context, actor fundwatch.Actor, id, reason string) (_ Account, err error) {
	defer fundwatch.Wrap(&err, "access.Disable(%s)", id)
	return s.update(ctx, actor, UserManage, audit.Entry{Action: "account.disable", Reason: reason}, id, func(ctx context.Context, tx *store.Tx, r *accountRow) error {
		if id == actor.ID {
			return fundwatch.Errorf(fundwatch.Conflict, "不能停用本人账号")
		}
		if err := lastOfDuty(ctx, tx, r); err != nil {
			return err
		}
		r.Disabled = 1
		return endSessions(ctx, tx, id, "")
	})
}

// Enable opens a disabled account again.
func (s *Service) Enable(ctx context.Context, actor fundwatch.Actor, id, reason string) (_ Account, err error) {
	defer fundwatch.Wrap(&err, "access.Enable(%s)", id)
	return s.update(ctx, actor, UserManage, audit.Entry{Action: "account.enable", Reason: reason}, id, func(_ context.Context, _ *store.Tx, r *accountRow) error {
		if id == actor.ID {
			return fundwatch.Errorf(fundwatch.Conflict, "不能启用本人账号")
		}
		r.Disabled = 0
		return nil
	})
}

// Unlock forgets the failed log-ins of an account.
func (s *Service) Unlock(ctx context.Context, actor fundwatch.Actor, id, reason string) (_ Account, err error) {
	defer fundwatch.Wrap(&err, "access.Unlock(%s)", id)
	return s.update(ctx, actor, UserUnlock, audit.Entry{Action: "account.unlock", Reason: reason}, id, func(ctx context.Context, tx *store.Tx, r *accountRow) error {
		return forget(ctx, tx, guardAccount, r.Login)
	})
}

// ResetPassword takes the password away, ends the sessions and gives a one-time link for a new one.
func (s *Service) ResetPassword(ctx context.Context, actor fundwatch.Actor, id, reason string) (_ Account, link Link, err error) {
	defer fundwatch.Wrap(&err, "access.ResetPassword(%s)", id)
	a, err := s.update(ctx, actor, UserManage, audit.Entry{Action: "account.reset", Reason: reason}, id, func(ctx context.Context, tx *store.Tx, r *accountRow) error {
		if id == actor.ID {
			return fundwatch.Errorf(fundwatch.Conflict, "本人口令请在“修改口令”中办理")
		}
		r.Password = ""
		if err := endSessions(ctx, tx, id, ""); err != nil {
			return err
		}
		link, err = s.newLink(ctx, tx, r)
		return err
	})
	if err != nil {
		return Account{}, Link{}, err
	}
	return a, link, nil
}

// update changes one account under a permission and records it.
func (s *Service) update(ctx context.Context, actor fundwatch.Actor, p Permission, e audit.Entry, id string,
	fn func(ctx context.Context, tx *store.Tx, r *accountRow) error,
) (out Account, err error) {
	e.Object = "account:" + id
	err = s.change(ctx, actor, p, e, func(ctx context.Context, tx *store.Tx, e *audit.Entry) error {
		r, err := rowByID(ctx, tx, id)
		if err != nil {
			return err
		}
		e.Detail["login"] = r.Login
		if err := fn(ctx, tx, &r); err != nil {
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

// save writes the row back as the next revision.
func save(ctx context.Context, tx *store.Tx, r *accountRow) error {
	r.Rev++
	_, err := tx.NewUpdate().Model(r).ExcludeColumn("id", "login", "demo", "made_at", "made_by").Where("id = ?", r.ID).Exec(ctx)
	return err
}

// lastOfDuty refuses to close the last open account of one of the three administrators: nobody could open another.
func lastOfDuty(ctx context.Context, tx *store.Tx, r *accountRow) error {
	if r.Duty == business || r.Disabled == 1 {
		return nil
	}
	n, err := tx.NewSelect().Model((*accountRow)(nil)).Where("duty = ? AND disabled = 0 AND id <> ?", r.Duty, r.ID).Count(ctx)
	if err != nil {
		return err
	}
	if n == 0 {
		return fundwatch.Errorf(fundwatch.Conflict, "%s 是最后一个可用的%s账号，请先另设一个再办理", r.Login, RoleTitle(r.Duty))
	}
	return nil
}
