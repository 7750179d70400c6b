// Package warehouse keeps the province's business data (数据仓库) so that millions of rows can be asked in
// milliseconds, by person, by place and by what was known on a day.
//
// It owns the tables of the contract (core.Tables) in three shapes: the current rows (schema facts), the versions
// they replaced (history) and what features compute from them (derived), beside the ledger of loads (meta). It is
// the only package that hands SQL text it did not write to a database: a Statement names tables as {{AC83}} only,
// and a View compiles the asker's regions, lines and masks into each of them. It never shows a row outside a
// Scope, never changes a fact but by Load, and knows neither rules nor pages.
//
// The database file is derived: every delivery first lands as an immutable file (Config.Dir/landing), and Rebuild
// makes the same tables again from those files. DuckDB is the engine (package duckdb); what another engine has to
// provide is the interface engine, what SQL may use is in dialect.md.
//
// To add a table, add it to the contract. To add a function to the dialect, add it to the engine's macros, to
// functions in gate.go and to dialect.md.
package warehouse
