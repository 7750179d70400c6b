package warehouse

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"fundwatch/core"
)

// metaTables is the warehouse's own bookkeeping: one row per load, written in the load's transaction.
func metaTables() []string {
	return []string{`CREATE TABLE IF NOT EXISTS meta.load (
  load_seq BIGINT, id VARCHAR, "table" VARCHAR, source VARCHAR, after_cursor VARCHAR, next_cursor VARCHAR,
  as_of TIMESTAMP, sha VARCHAR, "rows" BIGINT, inserted BIGINT, updated BIGINT, deleted BIGINT, sums VARCHAR,
  loaded_at TIMESTAMP)`}
}

// createTable writes the DDL of a table in one of the schemas. No keys and no indexes: they slow loading, zone maps
// do their work, and uniqueness is a check point's business.
func createTable(r relation, schema string, typ func(core.Type) string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE IF NOT EXISTS %s.%s (\n", schema, ident(r.Code))
	for _, c := range physical(r, schema, typ) {
		fmt.Fprintf(&b, "  %s %s,\n", ident(c[0]), c[1])
	}
	return strings.TrimSuffix(b.String(), ",\n") + "\n)"
}

// physical lists name and type of the columns of a table in one of the schemas.
func physical(r relation, schema string, typ func(core.Type) string) [][2]string {
	var out [][2]string
	for _, c := range r.Columns {
		out = append(out, [2]string{c.Code, typ(c.Type)})
	}
	for _, e := range r.extras() {
		out = append(out, [2]string{e.name, e.sql})
	}
	if schema == "history" {
		out = append(out, [2]string{colGoneSeq, "BIGINT"})
	}
	return out
}

// prepareSchema makes what is missing, and adds the columns that the contract has gained since the file was made.
func (db *DB) prepareSchema(ctx context.Context, e engine) error {
	stmts := []string{"CREATE SCHEMA IF NOT EXISTS facts", "CREATE SCHEMA IF NOT EXISTS history",
		"CREATE SCHEMA IF NOT EXISTS derived", "CREATE SCHEMA IF NOT EXISTS meta"}
	stmts = append(stmts, metaTables()...)
	stmts = append(stmts, e.Macros()...)
	have, err := existingColumns(ctx, e.Pool())
	if err != nil {
		return err
	}
	for _, r := range db.cat.contract() {
		for _, schema := range []string{"facts", "history"} {
			old, ok := have[schema+"."+r.Code]
			if !ok {
				stmts = append(stmts, createTable(r, schema, e.Type))
				continue
			}
			alters, err := migrate(r, schema, old, e.Type)
			if err != nil {
				return err
			}
			stmts = append(stmts, alters...)
		}
	}
	tx, err := e.Pool().BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, s := range stmts {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			_ = tx.Rollback() // the statement's error says more
			return fmt.Errorf("%s: %w", firstLine(s), err)
		}
	}
	return tx.Commit()
}

// migrate adds missing columns. A column that the contract dropped or retyped asks for a rebuild by hand, since
// the landing files no longer fit either.
func migrate(r relation, schema string, have [][2]string, typ func(core.Type) string) ([]string, error) {
	want := physical(r, schema, typ)
	var out []string
	for _, w := range want {
		i := slices.IndexFunc(have, func(h [2]string) bool { return h[0] == w[0] })
		switch {
		case i < 0:
			out = append(out, fmt.Sprintf("ALTER TABLE %s.%s ADD COLUMN %s %s", schema, ident(r.Code), ident(w[0]), w[1]))
		case have[i][1] != w[1]:
			return nil, fmt.Errorf("warehouse: %s.%s.%s is %s in the file and %s in the contract", schema, r.Code, w[0], have[i][1], w[1])
		}
	}
	for _, h := range have {
		if !slices.ContainsFunc(want, func(w [2]string) bool { return h[0] == w[0] }) {
			return nil, fmt.Errorf("warehouse: %s.%s.%s stands in the file and not in the contract", schema, r.Code, h[0])
		}
	}
	return out, nil
}

// existingColumns reads name and type of every column by schema.table.
func existingColumns(ctx context.Context, pool *sql.DB) (map[string][][2]string, error) {
	rows, err := pool.QueryContext(ctx, `SELECT table_schema || '.' || table_name, column_name, data_type
		FROM information_schema.columns WHERE table_schema IN ('facts', 'history', 'derived') ORDER BY 1, ordinal_position`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string][][2]string{}
	for rows.Next() {
		var table, name, typ string
		if err := rows.Scan(&table, &name, &typ); err != nil {
			return nil, err
		}
		out[table] = append(out[table], [2]string{name, typ})
	}
	return out, rows.Err()
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
