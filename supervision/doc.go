// Package supervision is casework (监督业务): what becomes of a finding until it is explained or the money is back.
//
// It owns alerts (预警), their states, their timeline and what is asked of the business core about them. Every change
// goes through one transition: state, timeline, audit entry, live event and follow-up job in one transaction. Which
// action leads from where to where, and who may take it, is one table (moves in state.go).
//
// It never judges: findings come from patrol through Raise. It never shows an alert outside a Scope: regions and
// lines are compiled into every read, and what lies outside does not exist for the reader.
//
// To add a step, add its line to moves and a method of Desk that calls transition.
package supervision
