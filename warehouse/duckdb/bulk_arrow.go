//go:build duckdb_arrow

package duckdb

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/duckdb/duckdb-go/v2"
)

// incoming is the name under which a connection sees the batches it is being given. A connection loads one stream
// at a time, and the view is the connection's own.
const incoming = "fw_incoming"

// Bulk inserts all rows of the reader into a table whose columns are those of the reader, in order. It runs inside
// the connection's transaction, when one is open.
func (e *Engine) Bulk(ctx context.Context, c *sql.Conn, table string, rows array.RecordReader) error {
	err := c.Raw(func(driver any) error {
		conn, ok := driver.(*duckdb.Conn)
		if !ok {
			return fmt.Errorf("duckdb: connection of type %T", driver)
		}
		face, err := duckdb.NewArrowFromConn(conn)
		if err != nil {
			return err
		}
		release, err := face.RegisterView(rows, incoming)
		if err != nil {
			return err
		}
		defer release()
		if _, err = conn.ExecContext(ctx, "INSERT INTO "+table+" SELECT * FROM "+incoming, nil); err != nil {
			return err
		}
		_, err = conn.ExecContext(ctx, "DROP VIEW "+incoming, nil)
		return err
	})
	if rows.Err() != nil {
		return rows.Err()
	}
	return err
}
