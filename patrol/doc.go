// Package patrol runs the rulebook (巡查规则) over the warehouse and keeps what it finds (疑点).
//
// It owns the rules (rulebook/*.yaml, each with its test cases beside it), the month masks that make them cheap, the
// rounds and the findings. A full round judges the whole province; a delta round judges the subjects that any input
// table touched since the last round, over their full history, and ends with exactly the findings a full round
// would. Findings, watermarks and what the Sink makes of the changes are one transaction of the store.
//
// It never decides what becomes of a finding: that is casework, behind the Sink. It never changes a fact and never
// guesses: a subject whose data does not allow a judgement is not a finding.
//
// To add a rule, add rulebook/ID.yaml and rulebook/ID.test.yaml with at least a hit and a lawful look-alike, and the
// line that TestLock prints to rulebook/lock.yaml. No Go is needed unless the rule wants a new derived table, which
// is one entry in derived.go.
package patrol
