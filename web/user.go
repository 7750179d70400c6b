package web

import (
	"context"
	"time"

	"fundwatch"
	"fundwatch/access"
)

// User is one account as administrators see it.
type User struct {
	ID          string     `json:"id"`
	Rev         int64      `json:"rev"`
	Login       string     `json:"login"`
	Name        string     `json:"name"`
	Unit        string     `json:"unit"`
	Roles       []Choice   `json:"roles"`
	Scope       Reach      `json:"scope"`
	Disabled    bool       `json:"disabled"`
	Locked      bool       `json:"locked"`
	MustChange  bool       `json:"mustChange"`
	NoPassword  bool       `json:"noPassword" doc:"The one-time link has not been used yet"`
	Waiting     []Grant    `json:"waiting" doc:"Proposed and not yet confirmed"`
	LastLoginAt *time.Time `json:"lastLoginAt,omitempty"`
	CreatedAt   time.Time  `json:"createdAt"`
}

// Grant is a change of roles or scope that one administrator proposed and another must confirm.
type Grant struct {
	ID        string    `json:"id"`
	UserID    string    `json:"userId"`
	Login     string    `json:"login"`
	Name      string    `json:"name"`
	Kind      string    `json:"kind" enum:"roles,scope"`
	Roles     []Choice  `json:"roles"`
	Scope     Reach     `json:"scope"`
	MakerName string    `json:"makerName"`
	MadeAt    time.Time `json:"madeAt"`
}

// GrantID names one grant in the path.
type GrantID struct {
	ID string `path:"id" maxLength:"64"`
}

// RefuseInput turns a grant down.
type RefuseInput struct {
	GrantID
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	}
}

// UserReasonInput is an act on an account with its reason.
type UserReasonInput struct {
	UserID
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	}
}

// UserID names one account in the path.
type UserID struct {
	ID string `path:"id" maxLength:"64"`
}

// UserInput makes an account; a one-time link for its first password comes back.
type UserInput struct {
	Body struct {
		Login string `json:"login" pattern:"^[a-z][a-z0-9._-]{2,31}$"`
		Name  string `json:"name" minLength:"1" maxLength:"64"`
		Unit  string `json:"unit" maxLength:"128"`
	}
}

// UserLink is an account with the one-time link for its password.
type UserLink struct {
	User User   `json:"user"`
	Link string `json:"link" doc:"Shown once: hand it to the person"`
	// ExpiresAt is when the link stops working.
	ExpiresAt time.Time `json:"expiresAt"`
}

// UserRolesInput replaces the roles of an account.
type UserRolesInput struct {
	UserID
	Body struct {
		Rev   int64    `json:"rev" minimum:"1"`
		Roles []string `json:"roles" maxItems:"16"`
	}
}

// UserScopeInput replaces the scope of an account.
type UserScopeInput struct {
	UserID
	Body struct {
		Rev     int64    `json:"rev" minimum:"1"`
		Regions []string `json:"regions" maxItems:"100"`
		Lines   []string `json:"lines" maxItems:"8"`
	}
}

// Role is one column of the table of roles and permissions.
type Role struct {
	ID          string   `json:"id"`
	Title       string   `json:"title"`
	Reading     string   `json:"reading"`
	Exclusive   bool     `json:"exclusive" doc:"Cannot be held with any other role"`
	Permissions []Choice `json:"permissions"`
}

// UserListInput narrows the list of accounts.
type UserListInput struct {
	Paging
	Q    string `query:"q" maxLength:"64" doc:"Part of the login or the name"`
	Role string `query:"role" maxLength:"32"`
}

func (s *Server) listUsers(ctx context.Context, a fundwatch.Actor, in *UserListInput) (*Body[List[User]], error) {
	accounts, total, err := s.access.Users(ctx, a, access.UserFilter{Text: in.Q, Role: in.Role, Offset: in.skip(), Limit: in.Size})
	if err != nil {
		return nil, err
	}
	out := make([]User, 0, len(accounts))
	for _, x := range accounts {
		out = append(out, s.user(x))
	}
	return answer(listOf(out, int64(total), in.Paging, time.Time{})), nil
}

func (s *Server) getUser(ctx context.Context, a fundwatch.Actor, in *UserID) (*Body[User], error) {
	return s.userAnswer(s.access.User(ctx, a, in.ID))
}

func (s *Server) createUser(ctx context.Context, a fundwatch.Actor, in *UserInput) (*Body[UserLink], error) {
	return s.linkAnswer(s.access.CreateUser(ctx, a, access.NewUser{Login: in.Body.Login, Name: in.Body.Name, Unit: in.Body.Unit}))
}

func (s *Server) setUserRoles(ctx context.Context, a fundwatch.Actor, in *UserRolesInput) (*Body[User], error) {
	return s.userAnswer(s.access.SetRoles(ctx, a, in.ID, in.Body.Rev, in.Body.Roles))
}

func (s *Server) setUserScope(ctx context.Context, a fundwatch.Actor, in *UserScopeInput) (*Body[User], error) {
	regions := make([]fundwatch.Region, 0, len(in.Body.Regions))
	for _, r := range in.Body.Regions {
		regions = append(regions, fundwatch.Region(r))
	}
	lines := make([]fundwatch.Insurance, 0, len(in.Body.Lines))
	for _, l := range in.Body.Lines {
		lines = append(lines, fundwatch.Insurance(l))
	}
	return s.userAnswer(s.access.SetScope(ctx, a, in.ID, in.Body.Rev, regions, lines))
}

func (s *Server) disableUser(ctx context.Context, a fundwatch.Actor, in *UserReasonInput) (*Body[User], error) {
	return s.userAnswer(s.access.Disable(ctx, a, in.ID, in.Body.Reason))
}

func (s *Server) enableUser(ctx context.Context, a fundwatch.Actor, in *UserReasonInput) (*Body[User], error) {
	return s.userAnswer(s.access.Enable(ctx, a, in.ID, in.Body.Reason))
}

func (s *Server) unlockUser(ctx context.Context, a fundwatch.Actor, in *UserReasonInput) (*Body[User], error) {
	return s.userAnswer(s.access.Unlock(ctx, a, in.ID, in.Body.Reason))
}

func (s *Server) resetUser(ctx context.Context, a fundwatch.Actor, in *UserReasonInput) (*Body[UserLink], error) {
	return s.linkAnswer(s.access.ResetPassword(ctx, a, in.ID, in.Body.Reason))
}

func (s *Server) listGrants(ctx context.Context, a fundwatch.Actor, _ *Nothing) (*Body[List[Grant]], error) {
	waiting, err := s.access.Grants(ctx, a)
	if err != nil {
		return nil, err
	}
	names := map[string]access.Account{}
	out := make([]Grant, 0, len(waiting))
	for _, g := range waiting {
		for _, id := range []string{g.Account, g.Maker} {
			if _, known := names[id]; !known {
				if names[id], err = s.access.User(ctx, a, id); err != nil {
					return nil, err
				}
			}
		}
		out = append(out, s.grant(g, names[g.Account], names[g.Maker].Name))
	}
	return answer(listOf(out, int64(len(out)), Paging{Page: 1, Size: len(out)}, time.Time{})), nil
}

func (s *Server) confirmGrant(ctx context.Context, a fundwatch.Actor, in *GrantID) (*Body[User], error) {
	return s.userAnswer(s.access.Confirm(ctx, a, in.ID))
}

func (s *Server) refuseGrant(ctx context.Context, a fundwatch.Actor, in *RefuseInput) (*Body[User], error) {
	return s.userAnswer(s.access.Refuse(ctx, a, in.ID, in.Body.Reason))
}

func (s *Server) listRoles(context.Context, fundwatch.Actor, *Nothing) (*Body[List[Role]], error) {
	roles := access.Roles()
	out := make([]Role, 0, len(roles))
	for _, r := range roles {
		item := Role{ID: r.ID, Title: r.Title, Reading: r.Reading, Exclusive: r.Exclusive, Permissions: []Choice{}}
		for _, p := range access.PermissionsOf(r.ID) {
			item.Permissions = append(item.Permissions, Choice{Value: string(p), Label: access.PermissionTitle(p)})
		}
		out = append(out, item)
	}
	return answer(listOf(out, int64(len(out)), Paging{Page: 1, Size: len(out)}, time.Time{})), nil
}

func (s *Server) userAnswer(x access.Account, err error) (*Body[User], error) {
	if err != nil {
		return nil, err
	}
	return answer(s.user(x)), nil
}

func (s *Server) linkAnswer(x access.Account, link access.Link, err error) (*Body[UserLink], error) {
	if err != nil {
		return nil, err
	}
	// The token stands behind the number sign, which browsers do not send: it reaches no log on the way.
	return answer(UserLink{User: s.user(x), Link: "/setup#" + link.Token, ExpiresAt: link.EndsAt}), nil
}

// user is an account on the wire.
func (s *Server) user(x access.Account) User {
	out := User{
		ID: x.ID, Rev: x.Rev, Login: x.Login, Name: x.Name, Unit: x.Unit, Roles: roleChoices(x.Roles),
		Scope: s.reach(x.Regions, x.Lines), Disabled: x.Disabled, Locked: x.Locked, MustChange: x.MustChange,
		NoPassword: x.NoPassword, Waiting: []Grant{}, LastLoginAt: clock(x.LoginAt), CreatedAt: x.MadeAt,
	}
	for _, g := range x.Waiting {
		out.Waiting = append(out.Waiting, s.grant(g, x, ""))
	}
	return out
}

func (s *Server) grant(g access.Grant, x access.Account, maker string) Grant {
	return Grant{
		ID: g.ID, UserID: g.Account, Login: x.Login, Name: x.Name, Kind: g.Kind, Roles: roleChoices(g.Roles),
		Scope: s.reach(g.Regions, g.Lines), MakerName: maker, MadeAt: g.MadeAt,
	}
}
