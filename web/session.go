package web

import "time"

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
	Body struct {
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
