package patrol

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/warehouse"
)

// Rulebook is the set of rules the program was started with.
type Rulebook struct {
	rules []*Rule // by id
	lock  map[string]lockLine
}

// Rules lists the rules by id. They must not be changed.
func (b *Rulebook) Rules() []*Rule { return slices.Clone(b.rules) }

// Rule finds one rule.
func (b *Rulebook) Rule(id string) (*Rule, bool) {
	i, ok := slices.BinarySearchFunc(b.rules, id, func(r *Rule, id string) int { return strings.Compare(r.ID, id) })
	if !ok {
		return nil, false
	}
	return b.rules[i], true
}

// lockLine records under which version a rule's content is known.
type lockLine struct {
	Version int64  `yaml:"version"`
	Hash    string `yaml:"hash"`
}

const (
	testSuffix = ".test.yaml"
	lockFile   = "lock.yaml"
)

// Load reads every rule of the folder. One fault refuses the whole rulebook, and all faults are reported with file
// and line: a rule that is silently left out would read as "nothing found".
func Load(fsys fs.FS) (*Rulebook, error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("patrol: %w", err)
	}
	catalog, err := tableCatalog()
	if err != nil {
		return nil, err
	}
	b := &Rulebook{}
	var faults []error
	ids := map[string]string{}
	for _, name := range names {
		if strings.HasSuffix(name, testSuffix) || name == lockFile {
			continue
		}
		r, errs := loadRule(fsys, name, catalog)
		faults = append(faults, errs...)
		if r == nil {
			continue
		}
		if other, ok := ids[r.ID]; ok {
			faults = append(faults, faultAt(r.where("id"), "规则编号 %s 与 %s 重复", r.ID, other))
		}
		ids[r.ID] = name
		b.rules = append(b.rules, r)
	}
	if b.lock, err = loadLock(fsys); err != nil {
		faults = append(faults, err)
	}
	if len(b.rules) == 0 && len(faults) == 0 {
		faults = append(faults, fundwatch.Errorf(fundwatch.Invalid, "规则目录中没有规则文件（*.yaml）"))
	}
	if len(faults) > 0 {
		return nil, joinFaults(faults)
	}
	slices.SortFunc(b.rules, func(a, c *Rule) int { return strings.Compare(a.ID, c.ID) })
	return b, nil
}

func loadRule(fsys fs.FS, name string, catalog map[string]tableColumns) (*Rule, []error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, []error{fmt.Errorf("patrol: %w", err)}
	}
	r := &Rule{file: name}
	if err := decodeStrict(name, data, r); err != nil {
		return nil, []error{err}
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, []error{yamlFault(name, err)}
	}
	r.line = keyLines(file)
	r.ParamOrder = childKeys(file, "params")
	r.FactOrder = childKeys(file, "facts")
	sum := sha256.Sum256(bytes.TrimSpace(data))
	r.Hash = hex.EncodeToString(sum[:8])
	errs := r.check(catalog)
	if len(errs) > 0 {
		return r, errs
	}
	testName := strings.TrimSuffix(name, ".yaml") + testSuffix
	if r.Cases, err = loadCases(fsys, testName, r, catalog); err != nil {
		return r, []error{err}
	}
	return r, nil
}

// loadLock reads the versions under which rule contents are known; a folder without the file has none.
func loadLock(fsys fs.FS) (map[string]lockLine, error) {
	data, err := fs.ReadFile(fsys, lockFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("patrol: %w", err)
	}
	var lock map[string]lockLine
	if err := decodeStrict(lockFile, data, &lock); err != nil {
		return nil, err
	}
	return lock, nil
}

// CheckLock reports rules whose content changed without a new version: an alert must be able to say which text of
// the rule raised it. Parameters set outside the file are not part of the content.
func (b *Rulebook) CheckLock() error {
	var faults []error
	for _, r := range b.rules {
		known, ok := b.lock[r.ID]
		switch {
		case !ok:
			faults = append(faults, faultAt(r.where("id"), "规则 %s 未登记版本，请在 %s 增加：%s: {version: %d, hash: %s}",
				r.ID, lockFile, r.ID, r.Version, r.Hash))
		case known.Version == r.Version && known.Hash != r.Hash:
			faults = append(faults, faultAt(r.where("version"), "规则 %s 内容已改而版本仍为 %d，请提高 version 并在 %s 登记 hash: %s",
				r.ID, r.Version, lockFile, r.Hash))
		case known.Version != r.Version:
			faults = append(faults, faultAt(r.where("version"), "规则 %s 版本为 %d，%s 登记为 %d", r.ID, r.Version, lockFile, known.Version))
		}
	}
	return joinFaults(faults)
}

func joinFaults(faults []error) error {
	if len(faults) == 0 {
		return nil
	}
	msgs := make([]string, len(faults))
	for i, f := range faults {
		msgs[i] = fundwatch.MessageOf(f)
		var fe *fundwatch.Error
		if !errors.As(f, &fe) {
			msgs[i] = f.Error()
		}
	}
	return &fundwatch.Error{Code: fundwatch.Invalid, Message: strings.Join(msgs, "\n"), Err: errors.Join(faults...)}
}

func place(file string, line int) string {
	if line <= 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// faultAt is an error with file and line in front.
func faultAt(where, format string, args ...any) error {
	return fundwatch.Errorf(fundwatch.Invalid, "%s：%s", where, fmt.Sprintf(format, args...))
}

// decodeStrict decodes YAML and refuses keys that the target does not have.
func decodeStrict(name string, data []byte, into any) error {
	if err := yaml.UnmarshalWithOptions(data, into, yaml.Strict()); err != nil {
		return yamlFault(name, err)
	}
	return nil
}

var unknownField = regexp.MustCompile(`unknown field "([^"]+)"`)

// yamlFault turns the decoder's error into a sentence with file and line.
func yamlFault(name string, err error) error {
	var ye yaml.Error
	if !errors.As(err, &ye) {
		return faultAt(name, "无法读取：%v", err)
	}
	line := 0
	if tok := ye.GetToken(); tok != nil && tok.Position != nil {
		line = tok.Position.Line
	}
	if m := unknownField.FindStringSubmatch(ye.GetMessage()); m != nil {
		return faultAt(place(name, line), "未知的键 %s，请核对拼写", m[1])
	}
	return faultAt(place(name, line), "格式有误：%s", ye.GetMessage())
}

// keyLines maps "params.lag_months" and its like to lines; list elements are "inputs.0".
func keyLines(file *ast.File) map[string]int {
	out := map[string]int{}
	if len(file.Docs) > 0 {
		walkKeys(file.Docs[0].Body, "", out)
	}
	return out
}

func walkKeys(n ast.Node, prefix string, out map[string]int) {
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			walkKeys(v, prefix, out)
		}
	case *ast.MappingValueNode:
		key := path.Join(prefix, n.Key.GetToken().Value)
		out[key] = n.Key.GetToken().Position.Line
		walkKeys(n.Value, key, out)
	case *ast.SequenceNode:
		for i, v := range n.Values {
			key := path.Join(prefix, fmt.Sprint(i))
			if tok := v.GetToken(); tok != nil {
				out[key] = tok.Position.Line
			}
			walkKeys(v, key, out)
		}
	}
}

// childKeys lists the keys below a top-level key as they stand in the file.
func childKeys(file *ast.File, key string) []string {
	if len(file.Docs) == 0 {
		return nil
	}
	root, ok := file.Docs[0].Body.(*ast.MappingNode)
	if !ok {
		return nil
	}
	var out []string
	for _, v := range root.Values {
		if v.Key.GetToken().Value != key {
			continue
		}
		if m, ok := v.Value.(*ast.MappingNode); ok {
			for _, child := range m.Values {
				out = append(out, child.Key.GetToken().Value)
			}
		}
	}
	return out
}

// tableColumns is what a rule may name of one table.
type tableColumns struct {
	columns map[string]core.Type
}

// describe lists a table's columns and those that the warehouse adds to it.
func describe(t core.Table) tableColumns {
	c := tableColumns{columns: map[string]core.Type{warehouse.ColRID: core.Key, warehouse.ColLoadSeq: core.Key}}
	if t.Month != "" {
		c.columns[warehouse.ColMonth] = core.Int
	}
	if t.ID != "" {
		c.columns[warehouse.ColPersonKey] = core.Key
	}
	if _, ok := t.Column("AAE010"); ok {
		c.columns[warehouse.ColAccountKey] = core.Key
	}
	for _, col := range t.Columns {
		c.columns[col.Code] = col.Type
	}
	return c
}

// tableCatalog lists the tables that a rule may name as input or evidence.
func tableCatalog() (map[string]tableColumns, error) {
	tables, err := core.Tables()
	if err != nil {
		return nil, err
	}
	out := map[string]tableColumns{}
	for _, t := range tables {
		out[t.Code] = describe(t)
	}
	return out, nil
}
