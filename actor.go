package fundwatch

import "slices"

// Actor is who asks (操作人): it travels as a parameter wherever rights matter. The zero Actor has no roles and
// a Scope that sees nothing.
type Actor struct {
	ID      string   // account id, stable, never reused
	Name    string   // login name
	Roles   []string // role ids; access holds the table of what each may do
	Scope   Scope
	Address string // network address of the request, for the audit chain
}

// HasRole reports whether the actor holds the role.
func (a Actor) HasRole(role string) bool { return slices.Contains(a.Roles, role) }
