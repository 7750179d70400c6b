package access

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"time"

	"fundwatch"
	"fundwatch/internal/audit"
	"fundwatch/internal/store"
)

// Link lets the person of an account set its password once (一次性链接).
type Link struct {
	Login  string
	Name   string
	Token  string // shown once; stored as a hash
	EndsAt time.Time
}

// newLink makes a link and voids an earlier one of the account.
func (s *Service) newLink(ctx context.Context, tx *store.Tx, a *accountRow) (Link, error) {
	link := Link{Login: a.Login, Name: a.Name, Token: rand.Text(), EndsAt: tx.Now().Add(s.cfg.LinkFor).In(fundwatch.Shanghai())}
	if _, err := tx.ExecContext(ctx, `DELETE FROM account_link WHERE account_id = ?`, a.ID); err != nil {
		return Link{}, err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO account_link (token, account_id, ends_at) VALUES (?, ?, ?)`,
		digest(link.Token), a.ID, link.EndsAt.UnixMilli())
	return link, err
}

// errLink is the one answer to a link that does not work.
func errLink() error {
	return fundwatch.FieldErrorf("token", "链接无效、已使用或已过期，请联系系统管理员重新生成")
}

// UseLink sets the password of the account that the link is for. The link is gone afterwards; a password that the
// policy refuses does not use it up.
func (s *Service) UseLink(ctx context.Context, token, password, address string) (err error) {
	defer fundwatch.Wrap(&err, "access.UseLink")
	id, err := s.linked(ctx, token)
	if err != nil {
		return err
	}
	row, err := rowByID(ctx, s.db.Read(), id)
	if err != nil {
		return store.Fault(err)
	}
	hash, err := s.acceptable(ctx, &row, password)
	if err != nil {
		return err
	}
	actor := fundwatch.Actor{ID: row.ID, Name: row.Login, Address: address}
	e := audit.Entry{Action: "link.use", Object: "account:" + row.ID}
	return s.record(ctx, actor, e, func(ctx context.Context, tx *store.Tx, _ *audit.Entry) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM account_link WHERE token = ?`, digest(token))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return errLink() // another use was faster
		}
		current, err := rowByID(ctx, tx, id)
		if err != nil {
			return err
		}
		if current.Disabled == 1 {
			return errLink()
		}
		return setPassword(ctx, tx, current.ID, hash)
	})
}

func (s *Service) linked(ctx context.Context, token string) (id string, err error) {
	err = s.db.Read().QueryRowContext(ctx, `SELECT account_id FROM account_link WHERE token = ? AND ends_at > ?`,
		digest(token), s.now().UnixMilli()).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", errLink()
	}
	return id, store.Fault(err)
}

// Setup makes the three administrators in an empty store and returns their links. While one of them has not set
// his password, each call gives him a fresh link; once all have, it returns none. There is no other way in.
func (s *Service) Setup(ctx context.Context) (links []Link, err error) {
	defer fundwatch.Wrap(&err, "access.Setup")
	err = s.db.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		total, err := tx.NewSelect().Model((*accountRow)(nil)).Count(ctx)
		if err != nil {
			return err
		}
		if total == 0 {
			return s.makeAdmins(ctx, tx, &links)
		}
		var rows []accountRow
		err = tx.NewSelect().Model(&rows).Where("made_by = ? AND duty <> ? AND disabled = 0 AND password = '' AND password_at = 0",
			console().ID, business).OrderExpr("login").Scan(ctx)
		if err != nil {
			return err
		}
		for i := range rows {
			link, err := s.consoleLink(ctx, tx, &rows[i], "setup")
			if err != nil {
				return err
			}
			links = append(links, link)
		}
		return nil
	})
	return links, err
}

func (s *Service) makeAdmins(ctx context.Context, tx *store.Tx, links *[]Link) error {
	for _, role := range []string{SysAdmin, SecAdmin, AuditAdmin} {
		row, err := s.insert(ctx, tx, NewUser{Login: role, Name: RoleTitle(role)}, console().ID)
		if err != nil {
			return err
		}
		if err := setRoles(ctx, tx, &row, []string{role}); err != nil {
			return err
		}
		link, err := s.consoleLink(ctx, tx, &row, "setup")
		if err != nil {
			return err
		}
		*links = append(*links, link)
	}
	return nil
}

func (s *Service) consoleLink(ctx context.Context, tx *store.Tx, row *accountRow, why string) (Link, error) {
	link, err := s.newLink(ctx, tx, row)
	if err != nil {
		return Link{}, err
	}
	return link, s.audit.Append(ctx, tx, audit.Entry{
		Actor: console(), Action: "link.make", Object: "account:" + row.ID,
		Detail: map[string]string{"login": row.Login, "why": why},
	})
}

// Recover gives a link for an administrator who is locked out, to whoever sits at the server's own console. It
// takes the old password away, ends the sessions and forgets the failures.
func (s *Service) Recover(ctx context.Context, login string) (link Link, err error) {
	defer fundwatch.Wrap(&err, "access.Recover(%s)", login)
	err = s.db.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		row, err := oneRow(ctx, tx, "login = ?", login)
		if err != nil {
			return err
		}
		if row.Duty == business {
			return fundwatch.FieldErrorf("login", "%s 不是管理员账号，请由系统管理员重置口令", login)
		}
		if err := forget(ctx, tx, guardAccount, row.Login); err != nil {
			return err
		}
		if err := endSessions(ctx, tx, row.ID, ""); err != nil {
			return err
		}
		row.Password, row.Disabled = "", 0
		if err := save(ctx, tx, &row); err != nil {
			return err
		}
		link, err = s.consoleLink(ctx, tx, &row, "recover")
		return err
	})
	return link, err
}
