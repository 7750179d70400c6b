package access

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"fundwatch"
	"fundwatch/internal/audit"
	"fundwatch/internal/store"
)

// ErrLogin is the one answer to every failed log-in: wrong password, unknown, locked or disabled account, locked
// address. Which it was stands in the audit chain alone.
var ErrLogin = &fundwatch.Error{
	Code: fundwatch.Denied, Field: "password",
	Message: "登录名或口令不正确，或者该账号、该地址暂时不能登录；多次失败会锁定一段时间，忘记口令请联系系统管理员重置",
}

// The subjects whose failures are counted.
const (
	guardAccount = "account"
	guardAddress = "address"
)

// Login checks a login and password and opens a session. The token is returned once and stored as a hash.
func (s *Service) Login(ctx context.Context, login, password, address, agent string) (token string, _ Session, err error) {
	defer fundwatch.Wrap(&err, "access.Login")
	login = strings.ToLower(strings.TrimSpace(login))
	if len(login) > 64 {
		login = login[:64]
	}
	if len(password) > 4*passwordMax {
		password = "" // hashing a megabyte is work for nothing
	}
	var row accountRow
	allowed, err := s.reserve(ctx, login, address)
	if err != nil {
		return "", Session{}, err
	}
	row, err = oneRow(ctx, s.db.Read(), "login = ?", login)
	if err != nil && fundwatch.CodeOf(err) != fundwatch.NotFound {
		return "", Session{}, store.Fault(err)
	}
	// The hash is computed in every case, so that the time tells nothing.
	right, err := s.hasher.matches(ctx, row.Password, password)
	if err != nil {
		return "", Session{}, err
	}
	if cause := refusal(&row, allowed, right); cause != "" {
		return "", Session{}, s.refuse(ctx, &row, login, address, cause)
	}
	var session Session
	err = s.db.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		current, err := rowByID(ctx, tx, row.ID)
		if err != nil {
			return err
		}
		if current.Disabled == 1 || current.Password != row.Password {
			return ErrLogin // changed while the hash was computed
		}
		if err := s.succeeded(ctx, tx, login, address); err != nil {
			return err
		}
		if tx.Now().Sub(moment(current.PasswordAt)) > s.cfg.PasswordAge {
			current.MustChange = 1
		}
		// Not a new revision: nobody changed the account.
		_, err = tx.ExecContext(ctx, `UPDATE account SET login_at = ?, must_change = ? WHERE id = ?`,
			tx.Now().UnixMilli(), current.MustChange, current.ID)
		if err != nil {
			return err
		}
		if token, session, err = s.open(ctx, tx, &current, address, agent); err != nil {
			return err
		}
		return s.audit.Append(ctx, tx, audit.Entry{Actor: session.Actor, Action: "login", Object: "account:" + current.ID})
	})
	if err != nil {
		return "", Session{}, err
	}
	return token, session, nil
}

// refusal says why a log-in fails; empty when it does not.
func refusal(row *accountRow, allowed, right bool) string {
	switch {
	case !allowed:
		return "locked"
	case row.ID == "":
		return "unknown"
	case row.Disabled == 1:
		return "disabled"
	case row.Password == "":
		return "no password yet"
	case !right:
		return "password"
	default:
		return ""
	}
}

// refuse records a failed log-in. What was typed as an unknown login is not kept: it may be a password.
func (s *Service) refuse(ctx context.Context, row *accountRow, login, address, cause string) error {
	actor := fundwatch.Actor{ID: "unknown", Name: "unknown", Address: address}
	object := ""
	if row.ID != "" {
		actor.ID, actor.Name, object = row.ID, login, "account:"+row.ID
	}
	e := audit.Entry{Actor: actor, Action: "login", Object: object, Outcome: audit.Denied, Detail: map[string]string{"cause": cause}}
	if err := s.audit.Record(ctx, e); err != nil {
		return err
	}
	return ErrLogin
}

// guardRow is a line of the table login_guard.
type guardRow struct {
	bun.BaseModel `bun:"table:login_guard"`

	Kind    string
	Subject string
	Tries   int
	LastAt  int64
}

// reserve counts the attempt as failed before the password is looked at: however many arrive at once, no more than
// the limit get as far as the password.
func (s *Service) reserve(ctx context.Context, login, address string) (allowed bool, err error) {
	err = s.db.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		since := tx.Now().Add(-s.cfg.LockFor).UnixMilli()
		if _, err := tx.ExecContext(ctx, `DELETE FROM login_guard WHERE last_at <= ?`, since); err != nil {
			return err
		}
		byAccount, err := tries(ctx, tx, guardAccount, login)
		if err != nil {
			return err
		}
		byAddress, err := tries(ctx, tx, guardAddress, address)
		if err != nil {
			return err
		}
		if allowed = byAccount < s.cfg.AccountFailures && byAddress < s.cfg.AddressFailures; !allowed {
			return nil
		}
		if err := count(ctx, tx, guardAccount, login, byAccount+1); err != nil {
			return err
		}
		return count(ctx, tx, guardAddress, address, byAddress+1)
	})
	return allowed, err
}

// succeeded forgets the account's failures and takes back the address's count of this attempt. Its other failures
// stay: somebody with one good account must not guess at the rest without end.
func (s *Service) succeeded(ctx context.Context, tx *store.Tx, login, address string) error {
	if err := forget(ctx, tx, guardAccount, login); err != nil {
		return err
	}
	n, err := tries(ctx, tx, guardAddress, address)
	if err != nil || n == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE login_guard SET tries = ? WHERE kind = ? AND subject = ?`, n-1, guardAddress, address)
	return err
}

func tries(ctx context.Context, db bun.IDB, kind, subject string) (int, error) {
	var n int
	err := db.QueryRowContext(ctx, `SELECT tries FROM login_guard WHERE kind = ? AND subject = ?`, kind, subject).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return n, err
}

func count(ctx context.Context, tx *store.Tx, kind, subject string, n int) error {
	r := guardRow{Kind: kind, Subject: subject, Tries: n, LastAt: tx.Now().UnixMilli()}
	if n == 1 {
		if err := forget(ctx, tx, kind, subject); err != nil { // a line that succeeded took back to none
			return err
		}
		_, err := tx.NewInsert().Model(&r).Exec(ctx)
		return err
	}
	_, err := tx.NewUpdate().Model(&r).Column("tries", "last_at").Where("kind = ? AND subject = ?", kind, subject).Exec(ctx)
	return err
}

func forget(ctx context.Context, tx *store.Tx, kind, subject string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM login_guard WHERE kind = ? AND subject = ?`, kind, subject)
	return err
}

// locked reports whether the account is locked now.
func (s *Service) locked(ctx context.Context, db bun.IDB, login string) (bool, error) {
	n, err := db.NewSelect().Model((*guardRow)(nil)).Where("kind = ? AND subject = ? AND tries >= ? AND last_at > ?",
		guardAccount, login, s.cfg.AccountFailures, s.now().Add(-s.cfg.LockFor).UnixMilli()).Count(ctx)
	return n > 0, err
}

func (s *Service) now() time.Time { return s.db.Now() }
