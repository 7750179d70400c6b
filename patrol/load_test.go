package patrol_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"fundwatch"
	"fundwatch/internal/store/storetest"
	"fundwatch/patrol"
	"fundwatch/warehouse/warehousetest"
)

// edited is the builtin rulebook with one rule alone, its text changed.
func edited(t *testing.T, id, old, with string) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	for _, name := range []string{id + ".yaml", id + ".test.yaml"} {
		data, err := fs.ReadFile(patrol.Builtin(), name)
		if err != nil {
			t.Fatal(err)
		}
		text := string(data)
		if name == id+".yaml" {
			if !strings.Contains(text, old) {
				t.Fatalf("%s does not contain %q", name, old)
			}
			text = strings.Replace(text, old, with, 1)
		}
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

// TestRefused has one fault in a rule file after another refused, with file and line.
func TestRefused(t *testing.T) {
	db, st := warehousetest.Open(t), storetest.Open(t)
	tests := []struct{ name, rule, old, with, want string }{
		{"unknown key", "NK-001", "version: 1", "version: 1\nwindow: 3", "NK-001.yaml:3：未知的键 window"},
		{"key twice", "NK-001", "version: 1", "version: 1\nversion: 2", "NK-001.yaml:3"},
		{"not a number", "NK-001", "version: 1", "version: first", "NK-001.yaml:2"},
		{"unknown table of an input", "NK-001", "table: AC71, key", "table: AC99, key", "NK-001.yaml:19：没有表 AC99"},
		{"unknown column of an input", "NK-001", "fields: [AAE016", "fields: [AAE999", "表 AC71 没有列 AAE999"},
		{"unknown table in SQL", "NK-001", "FROM {{AC71}}", "FROM {{AC99}}", "没有表 AC99"},
		{"unknown column in SQL", "NK-001", "AAE011 = YAE041", "AAE011 = YAE999", "NK-001.yaml:20：规则 NK-001 的语句不能执行"},
		{"column of match missing", "NK-001", "AAB301 AS region, ", "", "NK-001.yaml:20：规则 NK-001 的语句不能执行"},
		{"physical table", "NK-001", "FROM {{AC71}}", "FROM facts.AC71", "NK-001.yaml:20：规则 NK-001 的语句不能执行"},
		{"unknown function", "NK-001", "coalesce(AAE129, 0)", "read_csv(AAE129)", "NK-001.yaml:20：规则 NK-001 的语句不能执行"},
		{"write", "NK-001", "match: |\n", "match: |\n  DELETE FROM {{AC71}}; ", "规则不得改写数据"},
		{"write behind WITH", "NK-001", "match: |\n", "match: |\n  WITH x AS (INSERT INTO {{AC71}} VALUES (1)) ", "规则不得改写数据"},
		{"two statements", "NK-001", "WHERE AAE016 = '1'", "WHERE AAE016 = '1'; SELECT 1", "不得含分号"},
		{"missing param", "QY-047", "d.death_mi + :lag_months\n  GROUP", "d.death_mi + :lag\n  GROUP", "参数 :lag 没有在 params 中说明"},
		{"param out of range", "QY-047", "default: 1, min: 1", "default: 0, min: 1", "QY-047.yaml:25：参数 lag_months 的缺省值 0"},
		{"param unused", "NK-001", "match: |", "params:\n  spare: {title: 备用, type: int, default: 1, min: 0, max: 2}\nmatch: |", "参数 spare 没有被语句使用"},
		{"identity without fact", "NK-001", "identity: [subject, event_no]", "identity: [subject, number]", "identity 的 number"},
		{"slot without fact", "NK-001", "{operator}", "{clerk}", "说明中的 {clerk}"},
		{"evidence of an unknown table", "NK-001", "table: AC73", "table: AC98", "没有表 AC98"},
		{"evidence by an unknown value", "NK-001", "AAZ170 = :event_no\"}\n  - {table: AC73", "AAZ170 = :event\"}\n  - {table: AC73", "证据条件中的 :event"},
		{"severity", "NK-001", "severity: 高", "severity: 很高", "风险等级"},
		{"id and file differ", "NK-001", "id: NK-001", "id: NK-002", "文件名应为 NK-002.yaml"},
		{"no legal basis", "NK-001", "  - 经办条例第36、37条\n", "", "NK-001.yaml"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			book, err := patrol.Load(edited(t, tt.rule, tt.old, tt.with))
			if err == nil {
				_, err = patrol.New(t.Context(), patrol.Config{}, patrol.Options{Warehouse: db, Store: st, Rulebook: book, Now: warehousetest.Now, Logger: quiet()})
			}
			if fundwatch.CodeOf(err) != fundwatch.Invalid {
				t.Fatalf("error %v is %q, want invalid", err, fundwatch.CodeOf(err))
			}
			if got := fundwatch.MessageOf(err); !strings.Contains(got, tt.want) {
				t.Errorf("message %q does not say %q", got, tt.want)
			}
		})
	}
}

// TestDuplicate refuses two files with one rule id, and a live rule without a lawful look-alike.
func TestDuplicate(t *testing.T) {
	files := edited(t, "NK-001", "id: NK-001", "id: NK-001").(fstest.MapFS)
	files["NK-002.yaml"], files["NK-002.test.yaml"] = files["NK-001.yaml"], files["NK-001.test.yaml"]
	_, err := patrol.Load(files)
	if got := fundwatch.MessageOf(err); err == nil || !strings.Contains(got, "规则编号 NK-001 与 NK-001.yaml 重复") {
		t.Errorf("message %q", got)
	}
	files = edited(t, "NK-001", "id: NK-001", "id: NK-001").(fstest.MapFS)
	files["NK-001.test.yaml"] = &fstest.MapFile{Data: []byte("rule: NK-001\ncases:\n  - name: x\n    kind: hit\n    expect: []\n")}
	_, err = patrol.Load(files)
	if got := fundwatch.MessageOf(err); err == nil || !strings.Contains(got, "合规近似用例") {
		t.Errorf("message %q", got)
	}
	files["NK-001.test.yaml"] = &fstest.MapFile{Data: []byte("rule: NK-001\ncases:\n  - name: x\n    kind: hit\n    given:\n      AC71: [{AAE999: 1}]\n")}
	_, err = patrol.Load(files)
	if got := fundwatch.MessageOf(err); err == nil || !strings.Contains(got, "NK-001.test.yaml:3：表 AC71 没有列 AAE999") {
		t.Errorf("message %q", got)
	}
	if _, err := patrol.Load(fstest.MapFS{}); err == nil {
		t.Error("an empty folder is a rulebook")
	}
}

// TestLockCatches proves that the lock sees a text that changed under an old version.
func TestLockCatches(t *testing.T) {
	files := edited(t, "NK-001", "AAE016 = '1'", "AAE016 = '0'").(fstest.MapFS)
	lock, err := fs.ReadFile(patrol.Builtin(), "lock.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files["lock.yaml"] = &fstest.MapFile{Data: lock}
	book, err := patrol.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	if got := fundwatch.MessageOf(book.CheckLock()); !strings.Contains(got, "内容已改而版本仍为 1") {
		t.Errorf("message %q", got)
	}
}
