package access

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/uptrace/bun"

	"fundwatch"
	"fundwatch/internal/audit"
	"fundwatch/internal/store"
)

// ErrNoSession says that the token belongs to no open session: it ended, or never was one.
var ErrNoSession = &fundwatch.Error{Code: fundwatch.Denied, Message: "登录已失效，请重新登录"}

// Session is one log-in (会话).
type Session struct {
	ID         string // shows in lists; not the token
	Account    string // id
	Login      string
	Name       string
	Actor      fundwatch.Actor
	MustChange bool // nothing but changing the password is possible: the Actor has no roles and sees nothing
	Address    string
	Agent      string
	MadeAt     time.Time
	SeenAt     time.Time
	EndsAt     time.Time // at the latest
}

// sessionRow is a line of the table account_session.
type sessionRow struct {
	bun.BaseModel `bun:"table:account_session"`

	ID        string
	AccountID string
	Address   string
	Agent     string
	MadeAt    int64
	SeenAt    int64
	EndsAt    int64
}

// digest is how a token is stored: a token has 130 random bits, so a fast hash hides it.
func digest(token string) string {
	sum := sm3.Sum([]byte(token))
	return hex.EncodeToString(sum[:])
}

// open makes a session for the account.
func (s *Service) open(ctx context.Context, tx *store.Tx, a *accountRow, address, agent string) (token string, _ Session, err error) {
	token = rand.Text()
	now := tx.Now()
	if len(agent) > 200 {
		agent = agent[:200]
	}
	r := sessionRow{
		ID: digest(token), AccountID: a.ID, Address: address, Agent: agent, MadeAt: now.UnixMilli(), SeenAt: now.UnixMilli(),
		EndsAt: now.Add(s.cfg.Absolute).UnixMilli(),
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM account_session WHERE ends_at <= ? OR seen_at <= ?`,
		now.UnixMilli(), now.Add(-s.cfg.Idle).UnixMilli())
	if err != nil {
		return "", Session{}, err
	}
	if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
		return "", Session{}, err
	}
	session, err := view(ctx, tx, &r, a)
	return token, session, err
}

// view makes the session with its actor.
func view(ctx context.Context, db bun.IDB, r *sessionRow, a *accountRow) (Session, error) {
	out := Session{
		ID: r.ID, Account: a.ID, Login: a.Login, Name: a.Name, MustChange: a.MustChange == 1, Address: r.Address,
		Agent: r.Agent, MadeAt: moment(r.MadeAt), SeenAt: moment(r.SeenAt), EndsAt: moment(r.EndsAt),
		Actor: fundwatch.Actor{ID: a.ID, Name: a.Login, Address: r.Address},
	}
	if out.MustChange {
		return out, nil
	}
	roles, err := rolesOf(ctx, db, a.ID)
	out.Actor.Roles, out.Actor.Scope = roles, a.account().Scope()
	return out, err
}

// Peek finds who a token speaks for and leaves the session's idle time running: a page left open asks by itself,
// and must not stay logged in by it. Roles and scope are read anew each time, so a right that was taken away is
// gone with the next request. Unknown, ended and disabled alike are ErrNoSession.
func (s *Service) Peek(ctx context.Context, token, address string) (fundwatch.Actor, Session, error) {
	now := s.now()
	var r sessionRow
	err := s.db.Read().NewSelect().Model(&r).Where("id = ?", digest(token)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return fundwatch.Actor{}, Session{}, ErrNoSession
	}
	if err != nil {
		return fundwatch.Actor{}, Session{}, store.Fault(err)
	}
	if !now.Before(moment(r.EndsAt)) || now.Sub(moment(r.SeenAt)) >= s.cfg.Idle {
		return fundwatch.Actor{}, Session{}, ErrNoSession
	}
	a, err := rowByID(ctx, s.db.Read(), r.AccountID)
	if err != nil {
		return fundwatch.Actor{}, Session{}, store.Fault(err)
	}
	if a.Disabled == 1 || a.Password == "" {
		return fundwatch.Actor{}, Session{}, ErrNoSession
	}
	session, err := view(ctx, s.db.Read(), &r, &a)
	if err != nil {
		return fundwatch.Actor{}, Session{}, store.Fault(err)
	}
	session.Actor.Address = address
	return session.Actor, session, nil
}

// ActorByToken is Peek for a request that a person made: it keeps the session from idling out.
func (s *Service) ActorByToken(ctx context.Context, token, address string) (fundwatch.Actor, Session, error) {
	actor, session, err := s.Peek(ctx, token, address)
	if err != nil {
		return actor, session, err
	}
	now := s.now()
	// Seen is written once in a while: a page that asks ten times a second must not write ten times a second.
	if now.Sub(session.SeenAt) >= min(time.Minute, s.cfg.Idle/10) {
		err := s.db.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE account_session SET seen_at = ? WHERE id = ?`, now.UnixMilli(), session.ID)
			return err
		})
		if err != nil {
			s.log.WarnContext(ctx, "session not marked as seen", "account", session.Account, "error", err)
		}
		session.SeenAt = now.In(fundwatch.Shanghai())
	}
	return actor, session, nil
}

// Logout ends the session of the token; a session that is gone already is no error.
func (s *Service) Logout(ctx context.Context, token, address string) (err error) {
	defer fundwatch.Wrap(&err, "access.Logout")
	actor, session, err := s.ActorByToken(ctx, token, address)
	if errors.Is(err, ErrNoSession) {
		return nil
	}
	if err != nil {
		return err
	}
	e := audit.Entry{Action: "logout", Object: "account:" + session.Account}
	return s.record(ctx, actor, e, func(ctx context.Context, tx *store.Tx, _ *audit.Entry) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM account_session WHERE id = ?`, session.ID)
		return err
	})
}

// Me is the account of a session, for the person himself.
func (s *Service) Me(ctx context.Context, actor fundwatch.Actor) (_ Account, err error) {
	defer fundwatch.Wrap(&err, "access.Me")
	a, err := s.load(ctx, s.db.Read(), actor.ID)
	return a, store.Fault(err)
}

// Sessions lists the open sessions of an account, or of all when account is empty.
func (s *Service) Sessions(ctx context.Context, actor fundwatch.Actor, account string) (_ []Session, err error) {
	defer fundwatch.Wrap(&err, "access.Sessions(%s)", account)
	if account == "" || account != actor.ID {
		if err := s.Check(ctx, actor, SessionEnd, "account:"+account); err != nil {
			return nil, err
		}
	}
	var rows []sessionRow
	now := s.now()
	q := s.db.Read().NewSelect().Model(&rows).Where("ends_at > ? AND seen_at > ?", now.UnixMilli(), now.Add(-s.cfg.Idle).UnixMilli()).
		OrderExpr("made_at DESC, id")
	if account != "" {
		q = q.Where("account_id = ?", account)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, store.Fault(err)
	}
	out := make([]Session, 0, len(rows))
	for i := range rows {
		a, err := rowByID(ctx, s.db.Read(), rows[i].AccountID)
		if err != nil {
			return nil, store.Fault(err)
		}
		session, err := view(ctx, s.db.Read(), &rows[i], &a)
		if err != nil {
			return nil, store.Fault(err)
		}
		out = append(out, session)
	}
	return out, nil
}

// EndSession ends one session by its id: one's own, or anybody's with the permission.
func (s *Service) EndSession(ctx context.Context, actor fundwatch.Actor, id, reason string) (err error) {
	defer fundwatch.Wrap(&err, "access.EndSession")
	var r sessionRow
	err = s.db.Read().NewSelect().Model(&r).Where("id = ?", id).Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return store.Fault(err)
	}
	if r.AccountID == "" || r.AccountID != actor.ID {
		if err := s.Check(ctx, actor, SessionEnd, "account:"+r.AccountID); err != nil {
			return err
		}
	}
	if r.AccountID == "" {
		return fundwatch.Errorf(fundwatch.NotFound, "该会话已经结束")
	}
	e := audit.Entry{Action: "session.end", Object: "account:" + r.AccountID, Reason: reason}
	return s.record(ctx, actor, e, func(ctx context.Context, tx *store.Tx, _ *audit.Entry) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM account_session WHERE id = ?`, id)
		return err
	})
}

// endSessions ends all sessions of an account but one.
func endSessions(ctx context.Context, tx *store.Tx, account, but string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM account_session WHERE account_id = ? AND id <> ?`, account, but)
	return err
}
