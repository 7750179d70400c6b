package warehouse

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
)

// checked is a Statement's text that passed the gate.
type checked struct {
	template
	limited bool // has a LIMIT of its own
}

// maxChecked bounds the cache; rules, topics and pages together are a few hundred texts.
const maxChecked = 2048

// checks remembers the verdict on each text, since the same statements come again and again.
type checks struct {
	mu   sync.RWMutex
	byQL map[string]checked
}

// check cuts the text at its placeholders and passes it through the gate, once per text.
func (db *DB) check(ctx context.Context, e engine, text string) (checked, error) {
	db.checks.mu.RLock()
	q, ok := db.checks.byQL[text]
	db.checks.mu.RUnlock()
	if ok {
		return q, nil
	}
	t, err := parseTemplate(text)
	if err != nil {
		return checked{}, err
	}
	for _, p := range t.pieces {
		if p.target {
			return checked{}, refused("查询不得写入：{{>%s}}", p.text)
		}
		if _, ok := db.cat.find(p.text); p.table && !ok {
			return checked{}, refused("没有表 %s", p.text)
		}
	}
	q, err = gated(ctx, e, t)
	if err != nil {
		return checked{}, err
	}
	db.checks.mu.Lock()
	defer db.checks.mu.Unlock()
	if len(db.checks.byQL) >= maxChecked {
		clear(db.checks.byQL)
	}
	db.checks.byQL[text] = q
	return q, nil
}

// gated parses the template with each table under a name that only a placeholder can have, and checks the tree.
func gated(ctx context.Context, e engine, t template) (checked, error) {
	tree, err := e.Parse(ctx, t.write(func(p piece) string { return ident(placeholder(p.text)) }))
	if err != nil {
		return checked{}, err
	}
	if err := checkTree(tree, t.tables); err != nil {
		return checked{}, err
	}
	return checked{template: t, limited: hasLimit(tree)}, nil
}

// hasLimit reports whether the outermost query limits its rows.
func hasLimit(tree []byte) bool {
	var doc struct {
		Statements []struct {
			Node struct {
				Modifiers []struct {
					Type string `json:"type"`
				} `json:"modifiers"`
			} `json:"node"`
		} `json:"statements"`
	}
	if json.Unmarshal(tree, &doc) != nil || len(doc.Statements) != 1 {
		return false
	}
	for _, m := range doc.Statements[0].Node.Modifiers {
		if strings.HasPrefix(m.Type, "LIMIT") {
			return true
		}
	}
	return false
}
