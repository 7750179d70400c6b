// Package audit keeps the audit chain (审计链): who did what to which object, when, from where, with what outcome.
//
// Entries are appended in the transaction of the change they tell of, so neither can exist without the other.
// Each entry carries an HMAC-SM3 over its own content and over the one before; the head of the chain and, from
// time to time, an anchor are signed into files beside the store. Verify names the first entry that was changed,
// deleted, swapped or cut off. The key is a file readable by its owner alone. What the chain cannot show is a
// store and both files set back together to an earlier state: for that, copy the anchor file off the host.
//
// Whoever restores the store from a back-up keeps the present head and anchors elsewhere and puts those of the
// back-up in their place; otherwise Verify rightly says that the entries since then are gone.
//
// It never changes or deletes an entry, and never holds an identity number: callers put ids of objects, not the
// persons' own numbers, into Object and Detail.
package audit
