// Package refcore is the reference core (参考业务系统): it serves the contract of openapi.yaml over a synthetic
// province, so that the workbench can be developed, tested and shown without a real core.
//
// It owns the directives it was given and the conduct of the agencies that answer them. It lets days go by but does
// not know what happens on them: that is the province's. It makes nothing easier than a real core would: bearer
// tokens, rate limits, problems, pages that are immutable, and on demand faults.
package refcore
