package access

import (
	"context"
	"slices"

	"fundwatch"
	"fundwatch/internal/audit"
	"fundwatch/internal/store"
)

// ChangePassword changes one's own password, keeps the given session and ends the others. A wrong old password
// counts as a failed log-in.
func (s *Service) ChangePassword(ctx context.Context, actor fundwatch.Actor, session, oldPassword, newPassword string) (err error) {
	defer fundwatch.Wrap(&err, "access.ChangePassword")
	row, err := rowByID(ctx, s.db.Read(), actor.ID)
	if err != nil {
		return store.Fault(err)
	}
	allowed, err := s.reserve(ctx, row.Login, actor.Address)
	if err != nil {
		return err
	}
	right, err := s.hasher.matches(ctx, row.Password, oldPassword)
	if err != nil {
		return err
	}
	if !allowed || !right {
		e := audit.Entry{Actor: actor, Action: "password.change", Object: "account:" + row.ID, Outcome: audit.Denied}
		if err := s.audit.Record(ctx, e); err != nil {
			return err
		}
		return fundwatch.FieldErrorf("old", "原口令不正确，或连续输错次数过多，请稍后再试")
	}
	hash, err := s.acceptable(ctx, &row, newPassword)
	if err != nil {
		return err
	}
	e := audit.Entry{Action: "password.change", Object: "account:" + row.ID}
	return s.record(ctx, actor, e, func(ctx context.Context, tx *store.Tx, _ *audit.Entry) error {
		current, err := rowByID(ctx, tx, row.ID)
		if err != nil {
			return err
		}
		if current.Disabled == 1 || current.Password != row.Password {
			return fundwatch.Errorf(fundwatch.Conflict, "账号在此期间已被修改，请重新登录后再试")
		}
		if err := s.succeeded(ctx, tx, row.Login, actor.Address); err != nil {
			return err
		}
		if err := setPassword(ctx, tx, current.ID, hash); err != nil {
			return err
		}
		return endSessions(ctx, tx, row.ID, session)
	})
}

// acceptable checks a new password against the policy and the last ones, and hashes it.
func (s *Service) acceptable(ctx context.Context, row *accountRow, password string) (string, error) {
	if err := CheckPassword(row.Login, password); err != nil {
		return "", err
	}
	var old []string
	err := s.db.Read().NewRaw(`SELECT password FROM account_password WHERE account_id = ? ORDER BY seq DESC LIMIT ?`,
		row.ID, passwordHistory).Scan(ctx, &old)
	if err != nil {
		return "", store.Fault(err)
	}
	for hash := range slices.Values(old) {
		same, err := s.hasher.matches(ctx, hash, password)
		if err != nil {
			return "", err
		}
		if same {
			return "", fundwatch.FieldErrorf("password", "不能使用最近 %d 次用过的口令，请更换", passwordHistory)
		}
	}
	return s.hasher.hash(ctx, password)
}

// setPassword stores the hash in the account and in its history. It makes no new revision: administrators do not
// meet the person at his own password.
func setPassword(ctx context.Context, tx *store.Tx, id, hash string) error {
	_, err := tx.ExecContext(ctx, `UPDATE account SET password = ?, password_at = ?, must_change = 0 WHERE id = ?`,
		hash, tx.Now().UnixMilli(), id)
	if err != nil {
		return err
	}
	var last int64
	err = tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(seq), 0) FROM account_password WHERE account_id = ?`, id).Scan(&last)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO account_password (account_id, seq, password) VALUES (?, ?, ?)`, id, last+1, hash)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM account_password WHERE account_id = ? AND seq <= ?`, id, last+1-passwordHistory)
	return err
}
