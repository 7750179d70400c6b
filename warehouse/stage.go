package warehouse

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"fundwatch"
	"fundwatch/core"
)

// stageTable takes deliveries with updates and deletes before they are merged; it is the connection's own.
const stageTable = "temp.main.fw_stage"

func stageDDL(r relation, typ func(core.Type) string) string {
	var b strings.Builder
	b.WriteString("CREATE OR REPLACE TEMP TABLE fw_stage (")
	for _, c := range physical(r, "facts", typ) {
		fmt.Fprintf(&b, "%s %s, ", ident(c[0]), c[1])
	}
	b.WriteString("_op TINYINT, _ord BIGINT)")
	return b.String()
}

// mergeStage applies staged changes. Only the last change of a row within one delivery can ever be seen, so the
// ones before it leave no trace; the version from before the delivery moves to history.
func mergeStage(ctx context.Context, c *sql.Conn, r relation, seq int64, res *LoadResult) error {
	cols := r.columnList()
	exec := func(q string, args ...any) (int64, error) {
		out, err := c.ExecContext(ctx, q, args...)
		if err != nil {
			return 0, err
		}
		return out.RowsAffected()
	}
	if _, err := exec(`CREATE OR REPLACE TEMP TABLE fw_net AS
		SELECT rid, arg_min(_op, _ord) AS first_op, arg_max(_op, _ord) AS last_op, max(_ord) AS last_ord, count(*) AS n
		FROM fw_stage GROUP BY rid`); err != nil {
		return err
	}
	if err := checkOrder(ctx, c, r); err != nil {
		return err
	}
	var changed int64
	err := c.QueryRowContext(ctx, `SELECT count(*) FILTER (WHERE first_op <> 0),
		count(*) FILTER (WHERE first_op = 0 AND last_op <> 2), count(*) FILTER (WHERE first_op <> 0 AND last_op <> 2),
		count(*) FILTER (WHERE first_op <> 0 AND last_op = 2) FROM fw_net`).
		Scan(&changed, &res.Inserted, &res.Updated, &res.Deleted)
	if err != nil {
		return err
	}
	if changed > 0 {
		moved, err := exec(fmt.Sprintf(`INSERT INTO history.%[1]s (%[2]s, gone_seq) SELECT %[2]s, %[3]d FROM facts.%[1]s
			WHERE rid IN (SELECT rid FROM fw_net WHERE first_op <> 0)`, ident(r.Code), cols, seq))
		if err != nil {
			return err
		}
		if moved != changed {
			return fundwatch.FieldErrorf("_rid", "更正或删除的 %d 行中，%d 行在表 %s 中不存在", changed, changed-moved, r.Code)
		}
		if _, err := exec(fmt.Sprintf("DELETE FROM facts.%s WHERE rid IN (SELECT rid FROM fw_net WHERE first_op <> 0)",
			ident(r.Code))); err != nil {
			return err
		}
	}
	if _, err := exec(fmt.Sprintf(`INSERT INTO facts.%s (%s) SELECT %[2]s FROM fw_stage
		WHERE _ord IN (SELECT last_ord FROM fw_net WHERE last_op <> 2) ORDER BY _ord`, ident(r.Code), cols)); err != nil {
		return err
	}
	_, err = exec("DROP TABLE fw_stage")
	if err == nil {
		_, err = exec("DROP TABLE fw_net")
	}
	return err
}

// checkOrder refuses an insert of a row that is there, and changes of one row that cannot follow each other.
func checkOrder(ctx context.Context, c *sql.Conn, r relation) error {
	var rid sql.NullInt64
	err := c.QueryRowContext(ctx, fmt.Sprintf(`SELECT min(rid) FROM facts.%s
		WHERE rid IN (SELECT rid FROM fw_net WHERE first_op = 0)`, ident(r.Code))).Scan(&rid)
	if err != nil {
		return err
	}
	if rid.Valid {
		return fundwatch.FieldErrorf("_rid", "新增的行 %d 在表 %s 中已存在", rid.Int64, r.Code)
	}
	err = c.QueryRowContext(ctx, `SELECT min(rid) FROM (
		SELECT rid, _op, lag(_op) OVER (PARTITION BY rid ORDER BY _ord) AS before FROM fw_stage
		WHERE rid IN (SELECT rid FROM fw_net WHERE n > 1)) AS s
		WHERE before IS NOT NULL AND (before = 2) <> (_op = 0)`).Scan(&rid)
	if err != nil {
		return err
	}
	if rid.Valid {
		return fundwatch.FieldErrorf("_rid", "行 %d 的多次变更前后矛盾", rid.Int64)
	}
	return nil
}
