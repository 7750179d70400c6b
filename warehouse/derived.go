package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"strings"
)

// Derive enters a table that a feature computes: from now on {{NAME}} is scoped and masked like a table of the
// contract, and a Writer may fill it. The same description may be given at every start; when the columns differ
// from those in the file the table is made anew, empty, for its owner to fill.
func (db *DB) Derive(ctx context.Context, d DerivedTable) error {
	r, err := db.cat.add(d)
	if err != nil {
		return err
	}
	db.writing.Lock()
	defer db.writing.Unlock()
	return db.use(func(e engine) error {
		have, err := existingColumns(ctx, e.Pool())
		if err != nil {
			return err
		}
		want := physical(r, "derived", e.Type)
		old, exists := have["derived."+r.Code]
		same := len(old) == len(want)
		for i := range want {
			same = same && old[i] == want[i]
		}
		if same {
			return nil
		}
		if exists {
			if _, err := e.Pool().ExecContext(ctx, "DROP TABLE "+r.plain()); err != nil {
				return err
			}
		}
		_, err = e.Pool().ExecContext(ctx, createTable(r, "derived", e.Type))
		return err
	})
}

// Writer changes derived tables inside one transaction. It belongs to the function it was handed to.
type Writer struct {
	db  *DB
	eng engine
	tx  *sql.Tx
}

// Write runs f in one transaction: all its changes are seen at once, or none when f fails. One Write runs at a
// time; f must not call Write.
func (db *DB) Write(ctx context.Context, f func(*Writer) error) error {
	db.writing.Lock()
	defer db.writing.Unlock()
	return db.use(func(e engine) error {
		tx, err := e.Pool().BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if err := f(&Writer{db: db, eng: e, tx: tx}); err != nil {
			return errors.Join(err, rollback(tx))
		}
		return tx.Commit()
	})
}

// Exec runs one of
//
//	INSERT INTO {{>NAME}} [(columns)] SELECT …
//	DELETE FROM {{>NAME}} [WHERE …]
//
// on a derived table and gives the number of rows. {{T}} are the plain tables, all rows in clear.
func (w *Writer) Exec(ctx context.Context, s Statement) (int64, error) {
	text, err := w.db.writeSQL(ctx, w.eng, s.SQL)
	if err != nil {
		return 0, err
	}
	args, err := bindArgs(s.Args)
	if err != nil {
		return 0, err
	}
	res, err := w.tx.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, w.db.explainError(w.eng, err)
	}
	return res.RowsAffected()
}

// Query reads inside the transaction, with its changes; it is for the few rows that decide what to write next.
func (w *Writer) Query(ctx context.Context, s Statement) ([][]any, error) {
	v := View{db: w.db, system: true}
	text, args, err := v.expand(ctx, w.eng, s, 0)
	if err != nil {
		return nil, err
	}
	rows, err := w.tx.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, w.db.explainError(w.eng, err)
	}
	defer rows.Close()
	var out [][]any
	_, err = readRows(w.eng, rows, func(row []any) error {
		out = append(out, row)
		return nil
	})
	return out, err
}

// writeSQL checks a statement of a Writer and writes the SQL that runs. The part that reads passes the same gate
// as every query.
func (db *DB) writeSQL(ctx context.Context, e engine, text string) (string, error) {
	t, err := parseTemplate(text)
	if err != nil {
		return "", err
	}
	var head string
	if len(t.pieces) > 2 {
		head = strings.ToUpper(strings.Join(strings.Fields(t.pieces[0].text), " "))
	}
	if head != "INSERT INTO" && head != "DELETE FROM" || !t.pieces[1].target {
		return "", refused("写入语句须为 INSERT INTO {{>表}} SELECT … 或 DELETE FROM {{>表}} …")
	}
	target, ok := db.cat.find(t.pieces[1].text)
	if !ok || !target.derived {
		return "", refused("表 %s 不是可写的派生表", t.pieces[1].text)
	}
	body := template{pieces: t.pieces[2:], tables: t.tables}
	for _, p := range body.pieces {
		if p.target {
			return "", refused("一条语句只能写入一张表")
		}
		if _, ok := db.cat.find(p.text); p.table && !ok {
			return "", refused("没有表 %s", p.text)
		}
	}
	columns := ""
	probe := body
	if head == "INSERT INTO" {
		columns, probe = cutColumns(body)
		if err := knownColumns(target, columns); err != nil {
			return "", err
		}
	} else {
		probe = template{tables: append([]string{target.Code}, body.tables...), pieces: append([]piece{
			{text: "SELECT 1 FROM "}, {text: target.Code, table: true}}, body.pieces...)}
	}
	if _, err := gated(ctx, e, probe); err != nil {
		return "", err
	}
	if head == "INSERT INTO" {
		body = probe
	}
	return head + " " + target.plain() + " " + columns + " " + body.write(func(p piece) string {
		r, _ := db.cat.find(p.text)
		return r.plain()
	}), nil
}

// cutColumns takes a leading list of columns off the text behind INSERT INTO {{>NAME}}.
func cutColumns(t template) (string, template) {
	first := strings.TrimLeft(t.pieces[0].text, " \t\n")
	if !strings.HasPrefix(first, "(") {
		return "", t
	}
	list, rest, ok := strings.Cut(first, ")")
	inner := strings.ToUpper(strings.TrimSpace(list[1:]))
	if !ok || strings.HasPrefix(inner, "SELECT") || strings.HasPrefix(inner, "WITH") {
		return "", t
	}
	return list + ")", template{tables: t.tables, pieces: append([]piece{{text: rest}}, t.pieces[1:]...)}
}

// knownColumns checks a column list, which the gate does not see.
func knownColumns(r relation, list string) error {
	if list == "" {
		return nil
	}
	for _, c := range strings.Split(strings.Trim(list, "()"), ",") {
		name := strings.Trim(strings.TrimSpace(c), `"`)
		if _, ok := r.Column(name); !ok {
			return refused("派生表 %s 没有列 %s", r.Code, name)
		}
	}
	return nil
}
