package patrol

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"fundwatch"
)

// fixedColumns are the columns every match must have; unit only where the rule names one.
func fixedColumns() []string {
	return []string{"subject", "region", "line", "amount", "first_mi", "last_mi"}
}

// findingArgs are the values of a finding that evidence conditions may use, besides its facts.
func findingArgs() []string {
	return []string{"subject", "unit", "region", "line", "first_month", "last_month", "first_mi", "last_mi"}
}

var (
	ruleID    = regexp.MustCompile(`^[A-Z]{2}-[0-9]{3}$`)
	writeWord = regexp.MustCompile(`(?i)\b(insert|update|delete|merge|create|drop|alter|truncate|attach|detach|copy|` +
		`export|import|install|load|pragma|set|reset|call|vacuum|checkpoint|grant|revoke|begin|commit|rollback)\b`)
	explainSlot = regexp.MustCompile(`\{([^{}]*)\}`)
)

// faults collects what is wrong with a rule.
type faults struct {
	rule *Rule
	list []error
}

func (f *faults) add(key, format string, args ...any) {
	f.list = append(f.list, faultAt(f.rule.where(key), format, args...))
}

// check proves what can be proven of a rule without a warehouse. Binding its SQL to the tables is New's part.
func (r *Rule) check(catalog map[string]tableColumns) []error {
	f := &faults{rule: r}
	r.checkHead(f)
	r.checkInputs(f, catalog)
	r.checkParams(f)
	r.checkSQL(f, catalog)
	r.checkFacts(f)
	r.checkEvidence(f, catalog)
	return f.list
}

func (r *Rule) checkHead(f *faults) {
	if !ruleID.MatchString(r.ID) {
		f.add("id", "规则编号 %q 应为两个大写字母、短横和三位数字，如 QY-047", r.ID)
	}
	if r.file != r.ID+".yaml" {
		f.add("id", "规则 %s 的文件名应为 %s.yaml", r.ID, r.ID)
	}
	if r.Version < 1 {
		f.add("version", "版本应从 1 起")
	}
	if !slices.Contains([]Status{Draft, Live, Suspended, Retired}, r.Status) {
		f.add("status", "状态 %q 应为 draft、live、suspended 或 retired", r.Status)
	}
	if !slices.Contains([]string{"高", "中", "低"}, r.Severity) {
		f.add("severity", "风险等级 %q 应为 高、中 或 低", r.Severity)
	}
	if r.Line != "" && !slices.Contains(append(fundwatch.Insurances(), fundwatch.OccupationalAnnuity), r.Line) {
		f.add("line", "没有险种 %q", r.Line)
	}
	if !slices.Contains([]fundwatch.SubjectKind{fundwatch.SubjectPerson, fundwatch.SubjectUnit,
		fundwatch.SubjectAccount, fundwatch.SubjectRegion}, r.Subject) {
		f.add("subject", "没有对象类型 %q", r.Subject)
	}
	if !slices.Contains([]Reach{ReachTouched, ReachUnit, ReachWhole}, r.Reach) {
		f.add("scope", "重算范围 %q 应为 unit 或 whole", r.Reach)
	}
	if (r.Reach == ReachUnit) != (r.Unit != "") {
		f.add("scope", "重算范围为 unit 时须写明 unit 列，反之亦然")
	}
	for key, text := range map[string]string{
		"title": r.Title, "category": r.Category, "control": r.Control, "action": r.Action, "origin": r.Origin,
		"reading": r.Reading, "explain": r.Explain, "guide": r.Guide, "disposal": r.Disposal, "match": r.Match,
	} {
		if strings.TrimSpace(text) == "" {
			f.add(key, "缺少 %s", key)
		}
	}
	for key, n := range map[string]int{
		"legal_basis": len(r.LegalBasis), "identity": len(r.Identity), "inputs": len(r.Inputs),
		"evidence": len(r.Evidence), "false_positives": len(r.FalsePositives),
	} {
		if n == 0 {
			f.add(key, "缺少 %s", key)
		}
	}
	if r.Limits.MaxFindings < 0 {
		f.add("limits", "max_findings 不能为负数")
	}
}

func (r *Rule) checkInputs(f *faults, catalog map[string]tableColumns) {
	for i, in := range r.Inputs {
		key := fmt.Sprintf("inputs/%d", i)
		t, ok := catalog[in.Table]
		if !ok {
			f.add(key, "没有表 %s", in.Table)
			continue
		}
		for _, c := range append([]string{in.Key}, in.Fields...) {
			if _, ok := t.columns[c]; !ok {
				f.add(key, "表 %s 没有列 %s", in.Table, c)
			}
		}
		if in.Via == "" {
			if r.Reach != ReachWhole && in.Key != r.unitColumn() && in.Holds != r.unitColumn() {
				f.add(key, "输入 %s 的 key 应为 %s，或用 via 指明换算的表", in.Table, r.unitColumn())
			}
			continue
		}
		via, ok := catalog[in.Via]
		if !ok {
			f.add(key, "没有表 %s", in.Via)
			continue
		}
		for _, c := range []string{in.Key, r.unitColumn()} {
			if _, ok := via.columns[c]; !ok {
				f.add(key, "换算表 %s 没有列 %s", in.Via, c)
			}
		}
	}
}

func (r *Rule) checkParams(f *faults) {
	used := append(argNames(r.Match), argNames(r.Candidates)...)
	for name, p := range r.Params {
		key := "params/" + name
		if !slices.Contains([]string{"int", "money", "ratio"}, p.Type) {
			f.add(key, "参数 %s 的类型 %q 应为 int、money 或 ratio", name, p.Type)
		}
		if p.Type != "ratio" && p.Default != float64(int64(p.Default)) {
			f.add(key, "参数 %s 的缺省值应为整数", name)
		}
		if p.Title == "" {
			f.add(key, "参数 %s 缺少 title", name)
		}
		if p.Min > p.Max || p.Default < p.Min || p.Default > p.Max {
			f.add(key, "参数 %s 的缺省值 %v 应在 min %v 与 max %v 之间", name, p.Default, p.Min, p.Max)
		}
		if !slices.Contains(used, name) {
			f.add(key, "参数 %s 没有被语句使用", name)
		}
	}
}

func (r *Rule) checkSQL(f *faults, catalog map[string]tableColumns) {
	derived := derivedNames()
	for key, sql := range map[string]string{"match": r.Match, "candidates": r.Candidates} {
		text := strings.TrimSpace(code(sql))
		if text == "" {
			continue
		}
		first, _, _ := strings.Cut(strings.ToUpper(text), "\n")
		if !strings.HasPrefix(first, "SELECT") && !strings.HasPrefix(first, "WITH") {
			f.add(key, "只允许一条 SELECT 语句")
		}
		if w := writeWord.FindString(text); w != "" {
			f.add(key, "语句含有 %s，规则不得改写数据", strings.ToUpper(w))
		}
		if strings.Contains(text, ";") {
			f.add(key, "只允许一条语句，不得含分号")
		}
		for _, t := range tableRefs(sql) {
			if _, ok := catalog[t]; !ok && !slices.Contains(derived, t) {
				f.add(key, "没有表 %s", t)
			}
		}
		for _, a := range argNames(sql) {
			if _, ok := r.Params[a]; !ok {
				f.add(key, "参数 :%s 没有在 params 中说明", a)
			}
		}
	}
	if r.Candidates != "" && r.Subject != fundwatch.SubjectPerson {
		f.add("candidates", "只有以人员为对象的规则可以有 candidates")
	}
}

func (r *Rule) checkFacts(f *faults) {
	fixed := fixedColumns()
	for name, fact := range r.Facts {
		key := "facts/" + name
		if slices.Contains(fixed, name) || name == "unit" {
			f.add(key, "%s 是固定列，不必写入 facts", name)
		}
		if fact.Title == "" {
			f.add(key, "事实 %s 缺少 title", name)
		}
		if !slices.Contains([]string{"key", "text", "date", "month", "money", "int", "ratio"}, fact.Type) {
			f.add(key, "事实 %s 的类型 %q 不可用", name, fact.Type)
		}
	}
	for _, c := range r.Identity {
		if _, ok := r.Facts[c]; !ok && c != "subject" {
			f.add("identity", "identity 的 %s 既不是 subject 也不在 facts 中", c)
		}
	}
	shown := append(findingArgs(), "amount")
	for _, m := range explainSlot.FindAllStringSubmatch(r.Explain, -1) {
		if _, ok := r.Facts[m[1]]; !ok && !slices.Contains(shown, m[1]) {
			f.add("explain", "说明中的 {%s} 不在 facts 中", m[1])
		}
	}
}

func (r *Rule) checkEvidence(f *faults, catalog map[string]tableColumns) {
	known := findingArgs()
	for name := range r.Facts {
		known = append(known, name)
	}
	for i, e := range r.Evidence {
		key := fmt.Sprintf("evidence/%d", i)
		t, ok := catalog[e.Table]
		if !ok {
			f.add(key, "没有表 %s", e.Table)
			continue
		}
		if strings.TrimSpace(e.Where) == "" {
			f.add(key, "证据 %s 缺少 where", e.Table)
		}
		if _, ok := t.columns[e.Order]; e.Order != "" && !ok {
			f.add(key, "表 %s 没有列 %s", e.Table, e.Order)
		}
		if w := writeWord.FindString(code(e.Where)); w != "" || strings.Contains(code(e.Where), ";") {
			f.add(key, "证据条件只能是查询条件")
		}
		for _, a := range argNames(e.Where) {
			if !slices.Contains(known, a) {
				f.add(key, "证据条件中的 :%s 不是该规则的列", a)
			}
		}
	}
}
