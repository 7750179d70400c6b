// Package store keeps the workbench's own state (工作库): accounts, alerts, jobs, audit, live events.
//
// It owns the database file, its two connection pools, the transactions and the one ordered folder of
// migrations for all features. It never knows what a row means: a feature owns its tables and its SQL.
//
// The SQL in this folder and in every feature is portable: no ON CONFLICT, no INSERT OR, no partial or
// expression index, no RETURNING, no dialect functions. Times are int64 unix milliseconds UTC, money is int64
// fen, booleans are SMALLINT 0 or 1, JSON is TEXT that is never queried into. "At most one open X" is a UNIQUE
// over a column that is NULL when closed.
//
// To add a table, add the next number of your feature's range to migrations; TestMigrations says what is wrong
// with it.
package store
