package patrol

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"fundwatch/warehouse"
)

// sqlPart is a stretch of SQL text of a rule: text that runs as it is, the name of an argument, or a literal.
type sqlPart struct {
	text    string
	arg     bool // :name
	literal bool // quoted text or a comment
}

// splitSQL cuts a rule's SQL at its arguments, which are written :name. Literals and comments are kept apart so
// that nothing inside them is taken for an argument or a keyword.
func splitSQL(sql string) []sqlPart {
	var parts []sqlPart
	start := 0
	flush := func(end int) {
		if end > start {
			parts = append(parts, sqlPart{text: sql[start:end]})
		}
	}
	for i := 0; i < len(sql); {
		n := literalSpan(sql[i:])
		switch {
		case n > 0:
			flush(i)
			parts = append(parts, sqlPart{text: sql[i : i+n], literal: true})
		case sql[i] == ':' && i+1 < len(sql) && isLower(sql[i+1]) && (i == 0 || sql[i-1] != ':'):
			n = 1
			for i+n < len(sql) && (isLower(sql[i+n]) || sql[i+n] == '_' || sql[i+n] >= '0' && sql[i+n] <= '9') {
				n++
			}
			flush(i)
			parts = append(parts, sqlPart{text: sql[i+1 : i+n], arg: true})
		default:
			i++
			continue
		}
		i += n
		start = i
	}
	flush(len(sql))
	return parts
}

// literalSpan is the length of the literal or comment at the beginning of s, or 0.
func literalSpan(s string) int {
	end := -1
	switch {
	case s[0] == '\'' || s[0] == '"':
		end = strings.IndexByte(s[1:], s[0]) + 2
		if end < 2 {
			return len(s)
		}
	case strings.HasPrefix(s, "--"):
		end = strings.IndexByte(s, '\n') + 1
		if end < 1 {
			return len(s)
		}
	case strings.HasPrefix(s, "/*"):
		end = strings.Index(s, "*/") + 2
		if end < 2 {
			return len(s)
		}
	default:
		return 0
	}
	return end
}

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }

// argNames lists the distinct arguments of a rule's SQL.
func argNames(sql string) []string {
	var out []string
	for _, p := range splitSQL(sql) {
		if p.arg && !slices.Contains(out, p.text) {
			out = append(out, p.text)
		}
	}
	return out
}

// code is the SQL without literals and comments: what keywords and table names are looked for in.
func code(sql string) string {
	var b strings.Builder
	for _, p := range splitSQL(sql) {
		switch {
		case p.literal:
			b.WriteByte(' ')
		case !p.arg:
			b.WriteString(p.text)
		}
	}
	return b.String()
}

var tableRef = regexp.MustCompile(`\{\{([^}]*)\}\}`)

// tableRefs lists the distinct tables that the SQL names.
func tableRefs(sql string) []string {
	var out []string
	for _, m := range tableRef.FindAllStringSubmatch(code(sql), -1) {
		if !slices.Contains(out, m[1]) {
			out = append(out, m[1])
		}
	}
	return out
}

// bind makes a Statement of a rule's SQL: every :name becomes an argument. Values never enter the text.
func bind(sql string, values map[string]any) (warehouse.Statement, error) {
	var b strings.Builder
	var args []any
	for _, p := range splitSQL(sql) {
		if !p.arg {
			b.WriteString(p.text)
			continue
		}
		v, ok := values[p.text]
		if !ok {
			return warehouse.Statement{}, fmt.Errorf("patrol: no value for :%s", p.text)
		}
		b.WriteByte('?')
		args = append(args, v)
	}
	return warehouse.Statement{SQL: b.String(), Args: args}, nil
}
