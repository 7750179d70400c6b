package warehouse

import (
	"encoding/json"
	"slices"
	"strings"
)

// gate checks a Statement's syntax tree against positive lists: one SELECT, tables by placeholder or its own WITH
// names only, and the functions of the dialect. It stands before every View, also those of our own jobs: rule files
// are data too.
type gate struct {
	tables map[string]bool // placeholder names of the statement
	ctes   map[string]bool // WITH names, lower case
	nodes  int
}

// maxNodes bounds the size of a syntax tree; planning time grows with it.
const maxNodes = 20000

// placeholder is how a table stands in the text that is parsed for checking; no table can have such a name.
func placeholder(table string) string { return "{{" + table + "}}" }

// checkTree walks the parser's JSON. The engine's parser is the authority on what the text means, so a faulty
// reading of ours cannot let a table through.
func checkTree(tree []byte, tables []string) error {
	var doc struct {
		Error      bool             `json:"error"`
		Message    string           `json:"error_message"`
		Statements []map[string]any `json:"statements"`
	}
	d := json.NewDecoder(strings.NewReader(string(tree)))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		return refused("无法解析语句：%v", err)
	}
	if doc.Error {
		return refused("只允许一条 SELECT 语句：%s", doc.Message)
	}
	if len(doc.Statements) != 1 {
		return refused("只允许一条 SELECT 语句，现有 %d 条", len(doc.Statements))
	}
	g := gate{tables: map[string]bool{}, ctes: map[string]bool{}}
	for _, t := range tables {
		g.tables[placeholder(t)] = true
	}
	if err := g.names(doc.Statements[0]); err != nil {
		return err
	}
	for _, t := range tables {
		if g.ctes[strings.ToLower(t)] {
			return refused("WITH 名称 %s 与表 {{%s}} 重名，请改名", t, t)
		}
	}
	return g.walk(doc.Statements[0])
}

// names collects the WITH names. They are taken for the whole statement: a reference outside the scope of its WITH
// finds no table and fails to bind, since names that a system catalogue might answer to are refused here.
func (g *gate) names(v any) error {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			if err := g.names(x); err != nil {
				return err
			}
		}
	case map[string]any:
		if m, ok := v["cte_map"].(map[string]any); ok {
			entries, _ := m["map"].([]any)
			for _, e := range entries {
				entry, _ := e.(map[string]any)
				name, _ := entry["key"].(string)
				if err := checkCTE(name); err != nil {
					return err
				}
				g.ctes[strings.ToLower(name)] = true
			}
		}
		for _, x := range v {
			if err := g.names(x); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkCTE(name string) error {
	low := strings.ToLower(name)
	for _, p := range []string{"duckdb_", "sqlite_", "pragma_", "pg_", "information_schema", "fw_", "{"} {
		if strings.HasPrefix(low, p) {
			return refused("WITH 名称 %s 与系统对象重名，请改名", name)
		}
	}
	return nil
}

func (g *gate) walk(v any) error {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			if err := g.walk(x); err != nil {
				return err
			}
		}
	case map[string]any:
		if g.nodes++; g.nodes > maxNodes {
			return refused("语句过于复杂，请拆分")
		}
		if err := g.node(v); err != nil {
			return err
		}
		for _, x := range v {
			if err := g.walk(x); err != nil {
				return err
			}
		}
	}
	return nil
}

// node checks one object of the tree: query nodes and table references by type, expressions by class.
func (g *gate) node(n map[string]any) error {
	if sample, ok := n["sample"]; ok && sample != nil {
		return refused("不支持抽样（SAMPLE）：结果不可重现")
	}
	if class, ok := n["class"].(string); ok {
		return g.expression(class, n)
	}
	typ, _ := n["type"].(string)
	_, isRef := n["query_location"]
	_, isNode := n["cte_map"]
	switch {
	case isNode && !slices.Contains([]string{"SELECT_NODE", "SET_OPERATION_NODE"}, typ):
		return refused("不支持的查询形式 %s", typ)
	case isRef && typ == "BASE_TABLE":
		return g.table(n)
	case isRef && typ == "TABLE_FUNCTION":
		f, _ := n["function"].(map[string]any)
		name, _ := f["function_name"].(string)
		if !slices.Contains([]string{"unnest", "generate_series"}, strings.ToLower(name)) {
			return refused("不允许从函数 %s 取数，表只能写作 {{表名}}", name)
		}
	case isRef && !slices.Contains([]string{"SUBQUERY", "JOIN", "EXPRESSION_LIST", "EMPTY"}, typ):
		return refused("不支持的取数方式 %s", typ)
	}
	return nil
}

func (g *gate) table(n map[string]any) error {
	name, _ := n["table_name"].(string)
	schema, _ := n["schema_name"].(string)
	catalog, _ := n["catalog_name"].(string)
	if at := n["at_clause"]; at != nil {
		return refused("不支持 AT 子句，历史时点请用 AsOf")
	}
	if schema == "" && catalog == "" && (g.tables[name] || g.ctes[strings.ToLower(name)]) {
		return nil
	}
	if schema != "" {
		name = schema + "." + name
	}
	return refused("表 %s 须写作 {{表名}}", name)
}

func (g *gate) expression(class string, n map[string]any) error {
	switch class {
	case "CONSTANT", "COMPARISON", "CONJUNCTION", "OPERATOR", "CASE", "CAST", "BETWEEN", "SUBQUERY", "PARAMETER":
		return nil
	case "COLUMN_REF":
		if parts, _ := n["column_names"].([]any); len(parts) > 2 {
			return refused("列名不得带模式名：%v", parts)
		}
		return nil
	case "STAR":
		if dynamic, _ := n["columns"].(bool); dynamic {
			return refused("不支持 COLUMNS(…)，请逐一写出列名")
		}
		return nil
	case "FUNCTION", "WINDOW":
		name, _ := n["function_name"].(string)
		schema, _ := n["schema"].(string)
		if !isFunction(name) || schema != "" && schema != "main" && schema != "pg_catalog" {
			return refused("函数 %s 不在方言之列，见 warehouse/dialect.md", name)
		}
		return nil
	}
	return refused("不支持的表达式 %s", class)
}
