package warehouse

import (
	"slices"
	"strings"

	"fundwatch"
)

// Statement is one SELECT in the dialect of dialect.md with its arguments. Tables are named as {{AC83}} and never
// by schema; arguments are written ? in the order of Args.
type Statement struct {
	SQL  string
	Args []any
}

// maxStatement bounds the text of a Statement; the longest rule is a tenth of it.
const maxStatement = 64 << 10

// piece is a stretch of SQL text, or the name between two pairs of braces.
type piece struct {
	text   string
	table  bool // {{NAME}}
	target bool // {{>NAME}}
}

// template is a Statement's text cut at its placeholders.
type template struct {
	pieces []piece
	tables []string // distinct names in order of appearance, targets left out
}

// parseTemplate cuts SQL text at its placeholders. It reads literals and comments as the engine does and refuses
// what it cannot read with certainty (escape strings, dollar quotes): a placeholder must never be expanded inside
// a literal, nor a literal be mistaken for SQL.
func parseTemplate(sql string) (template, error) {
	var t template
	if len(sql) > maxStatement {
		return t, refused("语句过长（%d 字节，上限 %d）", len(sql), maxStatement)
	}
	var text strings.Builder
	for i := 0; i < len(sql); {
		n, err := span(sql, i)
		if err != nil {
			return t, err
		}
		if !strings.HasPrefix(sql[i:], "{{") {
			if !strings.HasPrefix(sql[i:], "--") && !strings.HasPrefix(sql[i:], "/*") {
				text.WriteString(sql[i : i+n])
			} else {
				text.WriteByte(' ')
			}
			i += n
			continue
		}
		name := sql[i+2 : i+n-2]
		p := piece{text: strings.TrimPrefix(name, ">"), table: true}
		p.target = p.text != name
		if !isName(p.text) {
			return t, refused("表占位符 {{%s}} 不是表名", name)
		}
		t.pieces = append(t.pieces, piece{text: text.String()}, p)
		text.Reset()
		if !p.target && !slices.Contains(t.tables, p.text) {
			t.tables = append(t.tables, p.text)
		}
		i += n
	}
	t.pieces = append(t.pieces, piece{text: text.String()})
	return t, nil
}

// span is the length of the token at i as far as placeholders are concerned: a literal, a comment, a placeholder,
// or one byte of plain text.
func span(sql string, i int) (int, error) {
	rest := sql[i:]
	switch c := rest[0]; {
	case c == '\'' || c == '"':
		if c == '\'' && i > 0 && isWordByte(sql[i-1]) {
			return 0, refused("不支持带前缀的字符串（如 E'…'），请使用普通字符串")
		}
		return quoted(rest, c)
	case strings.HasPrefix(rest, "--"):
		if n := strings.IndexByte(rest, '\n'); n >= 0 {
			return n, nil
		}
		return len(rest), nil
	case strings.HasPrefix(rest, "/*"):
		n := strings.Index(rest[2:], "*/")
		if n < 0 || strings.Contains(rest[2:2+n], "/*") {
			return 0, refused("注释没有正确结束")
		}
		return n + 4, nil
	case strings.HasPrefix(rest, "{{"):
		n := strings.Index(rest, "}}")
		if n < 0 {
			return 0, refused("表占位符没有以 }} 结束")
		}
		return n + 2, nil
	case c == ';':
		return 0, refused("只允许一条语句，不得含分号")
	case c == '$':
		return 0, refused("不支持 $，参数请写作 ?")
	case c == 0:
		return 0, refused("语句含有空字符")
	}
	return 1, nil
}

// quoted is the length of a literal in which the quote is escaped by doubling it.
func quoted(s string, q byte) (int, error) {
	for i := 1; i < len(s); i++ {
		if s[i] != q {
			continue
		}
		if i+1 < len(s) && s[i+1] == q {
			i++
			continue
		}
		return i + 1, nil
	}
	return 0, refused("引号没有成对")
}

// write puts the pieces together again, each placeholder as name says.
func (t template) write(name func(piece) string) string {
	var b strings.Builder
	for _, p := range t.pieces {
		if p.table {
			b.WriteString(name(p))
		} else {
			b.WriteString(p.text)
		}
	}
	return b.String()
}

// refused is the error for a Statement that must not run.
func refused(format string, args ...any) error {
	return fundwatch.FieldErrorf("sql", format, args...)
}

// isName reports whether s can name a table of the catalogue.
func isName(s string) bool {
	if s == "" || len(s) > 60 || s[0] >= '0' && s[0] <= '9' {
		return false
	}
	for i := range len(s) {
		if !isWordByte(s[i]) || s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// ident quotes an identifier.
func ident(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// literal quotes a string constant.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
