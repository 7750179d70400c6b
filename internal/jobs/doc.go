// Package jobs runs durable background work (后台任务): what must happen after a commit, and what happens on a
// timetable.
//
// A job is a row written in the transaction of the change that wants it. Queue.Run leases due jobs to handlers;
// a lease that is not renewed, because the process was killed, falls to the next worker under a higher fence, and
// every write of the old worker that checks its fence fails. So a handler runs at least once, and work done in the
// transaction of Task.Complete happens exactly once. A job that keeps failing waits longer each time and at last
// lies dead, in sight, until a person retries it.
//
// Schedules enqueue at most one job a slot, whatever number of processes run, and after downtime one job for all
// the slots that were missed; Task.Since tells it from when.
//
// To add work, give it a kind in dotted English ("core.submit"), register its handler where the program is wired,
// and enqueue it with a key that says when two jobs are the same.
package jobs
