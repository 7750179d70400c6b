package web

import (
	"context"
	"time"

	"fundwatch"
	"fundwatch/access"
)

// Session is who is logged in and what he may do and see.
type Session struct {
	User        Person    `json:"user"`
	Roles       []Choice  `json:"roles"`
	Permissions []string  `json:"permissions" doc:"What the pages may offer; the server checks again"`
	Scope       Reach     `json:"scope"`
	MustChange  bool      `json:"mustChange" doc:"The password must be changed before anything else"`
	ExpiresAt   time.Time `json:"expiresAt" doc:"End of the session at the latest"`
	IdleMinutes int       `json:"idleMinutes" doc:"The session ends after so many minutes without a request"`
}

// Person is an account as others see it.
type Person struct {
	ID    string `json:"id"`
	Login string `json:"login"`
	Name  string `json:"name"`
}

// Reach is how far an account may see.
type Reach struct {
	Regions []Place  `json:"regions"`
	Lines   []Choice `json:"lines"`
}

// LoginInput asks for a session.
type LoginInput struct {
	Agent string `header:"User-Agent" doc:"Shown in the list of sessions"`
	Body  struct {
		Login    string `json:"login" minLength:"1" maxLength:"64"`
		Password string `json:"password" minLength:"1" maxLength:"256"`
	}
}

// SessionOutput sets or clears the cookie beside the session.
type SessionOutput struct {
	SetCookie string `header:"Set-Cookie"`
	Body      Session
}

// LogoutOutput clears the cookie and what the browser kept.
type LogoutOutput struct {
	SetCookie     string `header:"Set-Cookie"`
	ClearSiteData string `header:"Clear-Site-Data"`
}

// PasswordInput changes one's own password.
type PasswordInput struct {
	Body struct {
		Old string `json:"old" minLength:"1" maxLength:"256"`
		New string `json:"new" minLength:"10" maxLength:"256"`
	}
}

// SetupInput uses a one-time link: the bearer chooses the password of the account that the link is for.
type SetupInput struct {
	Body struct {
		Token    string `json:"token" minLength:"16" maxLength:"128" doc:"From the link's fragment; it never stands in an address"`
		Password string `json:"password" minLength:"10" maxLength:"256"`
	}
}

func (s *Server) login(ctx context.Context, _ fundwatch.Actor, in *LoginInput) (*SessionOutput, error) {
	token, session, err := s.access.Login(ctx, in.Body.Login, in.Body.Password, addressOf(ctx), in.Agent)
	if err != nil {
		return nil, err
	}
	return &SessionOutput{SetCookie: s.cookie(token), Body: s.sessionOf(session)}, nil
}

func (s *Server) getSession(ctx context.Context, a fundwatch.Actor, _ *Nothing) (*Body[Session], error) {
	_, session, err := s.access.Peek(ctx, tokenOf(ctx), a.Address)
	if err != nil {
		return nil, err
	}
	return answer(s.sessionOf(session)), nil
}

func (s *Server) logout(ctx context.Context, a fundwatch.Actor, _ *Nothing) (*LogoutOutput, error) {
	if err := s.access.Logout(ctx, tokenOf(ctx), a.Address); err != nil {
		return nil, err
	}
	return &LogoutOutput{SetCookie: s.cookie(""), ClearSiteData: `"cache", "storage"`}, nil
}

func (s *Server) changePassword(ctx context.Context, a fundwatch.Actor, in *PasswordInput) (*Nothing, error) {
	_, session, err := s.access.Peek(ctx, tokenOf(ctx), a.Address)
	if err != nil {
		return nil, err
	}
	if err := s.access.ChangePassword(ctx, a, session.ID, in.Body.Old, in.Body.New); err != nil {
		return nil, err
	}
	return nil, nil //nolint:nilnil // an answer without body
}

func (s *Server) useLink(ctx context.Context, _ fundwatch.Actor, in *SetupInput) (*Nothing, error) {
	if err := s.access.UseLink(ctx, in.Body.Token, in.Body.Password, addressOf(ctx)); err != nil {
		return nil, err
	}
	return nil, nil //nolint:nilnil // an answer without body
}

// sessionOf tells the pages what they may offer.
func (s *Server) sessionOf(x access.Session) Session {
	out := Session{
		User:  Person{ID: x.Account, Login: x.Login, Name: x.Name},
		Roles: roleChoices(x.Actor.Roles), Permissions: []string{}, Scope: s.reach(x.Actor.Scope.Regions(), x.Actor.Scope.Lines()),
		MustChange: x.MustChange, ExpiresAt: x.EndsAt, IdleMinutes: int(s.access.Config().Idle.Minutes()),
	}
	for _, p := range access.PermissionsOf(x.Actor.Roles...) {
		out.Permissions = append(out.Permissions, string(p))
	}
	return out
}

// OpenSession is one open session as administrators see it.
type OpenSession struct {
	ID      string    `json:"id"`
	Login   string    `json:"login"`
	Name    string    `json:"name"`
	Address string    `json:"address"`
	Agent   string    `json:"agent"`
	MadeAt  time.Time `json:"madeAt"`
	SeenAt  time.Time `json:"seenAt"`
}

// SessionListInput narrows the list of open sessions.
type SessionListInput struct {
	User string `query:"user" maxLength:"64" doc:"Id of an account; without it those of all"`
}

// SessionEndInput ends one session.
type SessionEndInput struct {
	ID   string `path:"id" maxLength:"128"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	}
}

func (s *Server) listSessions(ctx context.Context, a fundwatch.Actor, in *SessionListInput) (*Body[List[OpenSession]], error) {
	open, err := s.access.Sessions(ctx, a, in.User)
	if err != nil {
		return nil, err
	}
	out := make([]OpenSession, 0, len(open))
	for _, x := range open {
		out = append(out, OpenSession{
			ID: x.ID, Login: x.Login, Name: x.Name, Address: x.Address, Agent: x.Agent, MadeAt: x.MadeAt, SeenAt: x.SeenAt,
		})
	}
	return answer(listOf(out, int64(len(out)), Paging{Page: 1, Size: len(out)}, time.Time{})), nil
}

func (s *Server) endSession(ctx context.Context, a fundwatch.Actor, in *SessionEndInput) (*Nothing, error) {
	if err := s.access.EndSession(ctx, a, in.ID, in.Body.Reason); err != nil {
		return nil, err
	}
	return nil, nil //nolint:nilnil // an answer without body
}
