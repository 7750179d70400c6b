package web

import "time"

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

// AuditEntry is one entry of the audit chain.
type AuditEntry struct {
	Seq        int64             `json:"seq"`
	At         time.Time         `json:"at"`
	Actor      string            `json:"actor"`
	ActorName  string            `json:"actorName"`
	Address    string            `json:"address"`
	Action     string            `json:"action"`
	ActionName string            `json:"actionName"`
	Object     string            `json:"object"`
	Outcome    string            `json:"outcome"`
	Reason     string            `json:"reason"`
	Detail     map[string]string `json:"detail"`
	Hash       string            `json:"hash"`
}

// AuditInput narrows the audit list.
type AuditInput struct {
	Paging
	Actor   string `query:"actor" maxLength:"64"`
	Action  string `query:"action" maxLength:"64"`
	Object  string `query:"object" maxLength:"128"`
	Outcome string `query:"outcome" maxLength:"16"`
	From    string `query:"from" pattern:"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"`
	To      string `query:"to" pattern:"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"`
}

// AuditReport says whether the chain is whole.
type AuditReport struct {
	OK      bool       `json:"ok"`
	Entries int64      `json:"entries"`
	First   *time.Time `json:"first,omitempty"`
	Last    *time.Time `json:"last,omitempty"`
	Fault   string     `json:"fault" doc:"What is wrong and at which entry, in Chinese; empty when whole"`
	FaultAt int64      `json:"faultAt" doc:"Sequence of the first entry at fault"`
}

// UserListInput narrows the list of accounts.
type UserListInput struct {
	Paging
	Q    string `query:"q" maxLength:"64" doc:"Part of the login or the name"`
	Role string `query:"role" maxLength:"32"`
}
