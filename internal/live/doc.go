// Package live tells open pages what changed (实时事件): events in topics, each with a number given out in the
// transaction that stored it.
//
// Append is called in the transaction of the change, so an event tells of nothing that was rolled back, and the
// numbers of a topic have no holes. Readers ask for what came after a number; when that is gone, because only the
// newest events are kept or because the store was restored, Batch.Gap tells them to read the page's data anew. The
// epoch of the store goes with the numbers.
//
// The Hub reads each new event once for all subscribers of the process and keeps the newest in memory. Subscribers
// get a signal and then read from their own number, so a slow one loses nothing and holds up nobody.
//
// An event names its region and line; whoever hands it to a person checks them against the person's scope.
package live
