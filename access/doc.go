// Package access knows who may do what and see how far (账号、角色与数据范围).
//
// It owns accounts, passwords, sessions, lockout, roles and the one table of permissions, and it alone makes a
// fundwatch.Actor with a Scope. Features call Require first in every method that changes something; how far a
// person sees is compiled into reads below and never checked here.
//
// The system, security and audit administrators (三员) exclude each other and every business role, in the store as
// in the code. Roles and scope are proposed by one administrator and confirmed by another, never by the person
// concerned. Every change is in the audit chain in the same transaction, every denial in one of its own. There is no
// default password: a one-time link lets the first three administrators set theirs.
//
// To add a permission, add its constant and its line in permission.go.
package access
