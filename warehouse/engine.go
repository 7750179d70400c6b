package warehouse

import (
	"context"
	"database/sql"

	"github.com/apache/arrow-go/v18/arrow/array"

	"fundwatch/core"
	"fundwatch/warehouse/duckdb"
)

// engine is what the warehouse asks of a database: how it spells types and macros, how it takes batches, and what
// its errors mean. Everything else is the dialect, which all engines share.
type engine interface {
	Pool() *sql.DB
	Type(core.Type) string
	Macros() []string
	// KeyTable is the full name of a table that lives as long as the instance and in no file.
	KeyTable(name string) string
	// Parse gives the syntax tree of a SELECT as checkTree reads it, without binding it.
	Parse(ctx context.Context, text string) ([]byte, error)
	// Bulk inserts batches whose columns are those of the table, inside the connection's transaction.
	Bulk(ctx context.Context, c *sql.Conn, table string, rows array.RecordReader) error
	// Plain turns a scanned value into int64, float64, string, bool, time.Time or nil.
	Plain(v any) (any, error)
	Fault(err error) duckdb.Fault
	Close() error
}
