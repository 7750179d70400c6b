package intake_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"fundwatch"
	"fundwatch/internal/audit"
	"fundwatch/internal/store"
	"fundwatch/internal/store/storetest"
	"fundwatch/warehouse"
	"fundwatch/warehouse/intake"
	"fundwatch/warehouse/warehousetest"
)

// desk is a Files with all that it stands on.
type desk struct {
	*intake.Files
	db    *warehouse.DB
	store *store.DB
	audit *audit.Log
	dir   string
}

var clerk = fundwatch.Actor{ID: "u1", Name: "zhang"}

func openDesk(t *testing.T, change func(*intake.FilesConfig, *intake.FilesOptions)) *desk {
	t.Helper()
	d := &desk{db: warehousetest.Open(t), store: storetest.Open(t), dir: t.TempDir()}
	d.reopen(t, change)
	return d
}

func (d *desk) reopen(t *testing.T, change func(*intake.FilesConfig, *intake.FilesOptions)) {
	t.Helper()
	var err error
	if d.audit, err = audit.Open(t.Context(), d.store, audit.Config{}, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	c := intake.FilesConfig{Dir: d.dir}
	o := intake.FilesOptions{Warehouse: d.db, Store: d.store, Audit: d.audit, Logger: slog.New(slog.DiscardHandler), Now: time.Now}
	if change != nil {
		change(&c, &o)
	}
	if d.Files, err = intake.NewFiles(t.Context(), c, o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if left, _ := filepath.Glob(filepath.Join(d.dir, "*-*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

func (d *desk) send(t *testing.T, table, text string, mode intake.Mode) (intake.Import, error) {
	t.Helper()
	return d.Import(t.Context(), clerk, intake.Request{Table: table, Name: "名单.csv", Body: strings.NewReader(text), Mode: mode})
}

// deaths reads the police list, and how many versions are in the past.
func (d *desk) deaths(t *testing.T) string {
	t.Helper()
	f := warehousetest.Query(t, d.db.SystemView("test"), `SELECT coalesce(string_agg(AAC147 || ' ' || AAC003 || ' ' || AAE138, '; '
		ORDER BY AAC147, AAE138), '') FROM {{X_GA_SW}}`)
	return f.Rows[0][0].(string)
}

func TestImportAppendsCorrectsAndReplaces(t *testing.T) {
	d := openDesk(t, nil)
	warehousetest.Load(t, d.db, "X_GA_SW", []warehousetest.Row{{"AAC147": "core", "AAC003": "甲", "AAE138": "2026-01-01"}})
	steps := []struct {
		name, text string
		mode       intake.Mode
		want       intake.Import // State, Rows, Inserted, Updated, Deleted, Doubled
		deaths     string
	}{
		{"first", "身份证号,姓名,死亡日期\nA,张三,20260101\nB,李四,2026/2/3\n", intake.Append,
			intake.Import{State: "done", Rows: 2, Inserted: 2}, "A 张三 2026-01-01; B 李四 2026-02-03; CORE"},
		{"same bytes", "身份证号,姓名,死亡日期\nA,张三,20260101\nB,李四,2026/2/3\n", intake.Append,
			intake.Import{State: "unchanged"}, "A 张三 2026-01-01; B 李四 2026-02-03; CORE"},
		{"same rows in other bytes", "AAC003,AAE138,AAC147\n李四,2026年2月3日,b\n张三,2026-01-01,a\n", intake.Append,
			intake.Import{State: "unchanged", Rows: 2}, "A 张三 2026-01-01; B 李四 2026-02-03; CORE"},
		{"a correction and a newcomer", "证件号码,姓名,死亡日期\nB,李四,20260204\nC,王五,20260301\nA,张三,20260101\n", intake.Append,
			intake.Import{State: "done", Rows: 3, Inserted: 1, Updated: 1}, "A 张三 2026-01-01; B 李四 2026-02-04; C 王五 2026-03-01; CORE"},
		{"a double", "证件号码,姓名,死亡日期\nC,王五,20260301\nC,王五,20260305\n", intake.Append,
			intake.Import{State: "done", Rows: 2, Inserted: 1, Doubled: 1}, "A 张三 2026-01-01; B 李四 2026-02-04; C 王五 2026-03-01; C 王五 2026-03-05; CORE"},
		{"this list instead", "证件号码,姓名,死亡日期\nB,李四,20260204\nD,赵六,20260401\n", intake.Replace,
			intake.Import{State: "done", Rows: 2, Inserted: 1, Deleted: 3}, "B 李四 2026-02-04; CORE; D 赵六 2026-04-01"},
		{"the first again", "身份证号,姓名,死亡日期\nA,张三,20260101\nB,李四,2026/2/3\n", intake.Append,
			intake.Import{State: "done", Rows: 2, Inserted: 1, Updated: 1}, "A 张三 2026-01-01; B 李四 2026-02-03; CORE; D 赵六 2026-04-01"},
	}
	for _, s := range steps {
		imp, err := d.send(t, "X_GA_SW", s.text, s.mode)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		got := intake.Import{State: imp.State, Rows: imp.Rows, Inserted: imp.Inserted, Updated: imp.Updated, Deleted: imp.Deleted, Doubled: imp.Doubled}
		if fmt.Sprint(got) != fmt.Sprint(s.want) {
			t.Errorf("%s: %+v, want %+v (%s)", s.name, got, s.want, imp.Message)
		}
		if got := d.deaths(t); got != strings.Replace(s.deaths, "CORE", "core 甲 2026-01-01", 1) && !sameSet(got, s.deaths) {
			t.Errorf("%s: list is %s, want %s", s.name, got, s.deaths)
		}
		if imp.State == "unchanged" != (imp.LoadSeq == 0) {
			t.Errorf("%s: load %d", s.name, imp.LoadSeq)
		}
	}
	imports, err := d.Imports(t.Context(), "X_GA_SW", 100)
	if err != nil || len(imports) != len(steps) || imports[0].Actor != "zhang" {
		t.Errorf("%d imports, %v", len(imports), err)
	}
	records, _, err := d.audit.Find(t.Context(), audit.Filter{})
	if err != nil || len(records) != len(steps) || records[0].Action != "intake.import" {
		t.Errorf("%d audit records, %v", len(records), err)
	}
}

// sameSet compares lists joined by "; ", where CORE stands for the row that the core delivered.
func sameSet(a, b string) bool {
	x := strings.Split(a, "; ")
	y := strings.Split(strings.Replace(b, "CORE", "core 甲 2026-01-01", 1), "; ")
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

func TestImportRefusesWholeFiles(t *testing.T) {
	ok := "证件号码,姓名,死亡日期\n"
	tests := []struct {
		name, table, text string
		want              []string // parts of the sentence or of the problems
	}{
		{"unknown table", "X_NIX", ok, []string{"没有表 X_NIX"}},
		{"missing column", "X_SF_FX", "证件号码,姓名\nA,张三\n", []string{"缺少必需的列：收监日期", "现有表头：证件号码、姓名"}},
		{"two columns for one", "X_GA_SW", "身份证号,证件号码,姓名\nA,A,张三\n", []string{"“身份证号”和“证件号码”两列都对应“证件号码”"}},
		{"bad date", "X_GA_SW", ok + "A,张三,20260101\nB,李四,2026-13-01\n", []string{"1 处问题", "第 3 行第 3 列“死亡日期”的值“2026-13-01”应为"}},
		{"date out of range", "X_GA_SW", ok + "A,张三,02000101\n", []string{"第 2 行第 3 列"}},
		{"no key", "X_GA_SW", ok + "A,张三,20260101\n,李四,20260101\n", []string{"第 3 行第 1 列“证件号码”不能为空"}},
		{"formula", "X_GA_SW", ok + "A,=B1,20260101\n", []string{"是公式"}},
		{"garbled", "X_GA_SW", "AAC147,AAC003,AAE138\nA,\xff\xff\xff,20260101\n", []string{"第 2 行第 2 列“AAC003”", "无法识别的字符"}},
		{"garbled under a chinese header", "X_GA_SW", ok + "A,\xff\xff\xff,20260101\n", []string{"如表头是乱码"}},
		{"too many cells", "X_GA_SW", ok + "A,张三,20260101,extra\n", []string{"超出表头的列有内容"}},
		{"many problems", "X_GA_SW", ok + strings.Repeat("A,张三,x\n", 300), []string{"文件有 300 处问题"}},
		{"bad code", "X_SF_FX", "证件号码,姓名,收监日期,刑种\nA,张三,20200101,9\n", []string{"不在代码表中，可填：1 拘役"}},
		{"bad region", "NB01", "年度,险种,行政区划,参保人数\n2025,110,贵阳,5\n", []string{"6 位行政区划代码"}},
		{"bad money", "X_SW_ZJ", "税票号,单位编号,险种,所属期,金额,行政区划\nT1,5,110,202601,1.234,520302\n", []string{"最多两位小数"}},
		{"key repeated without end", "X_GA_SW", ok + strings.Repeat("A,张三,20260101\n", 1001), []string{"重复超过 1000 次"}},
		{"personal data is not quoted", "X_GA_SW", ok + "A,张\x01三,20260101\n", []string{"控制字符"}},
	}
	d := openDesk(t, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			imp, err := d.send(t, tt.table, tt.text, intake.Append)
			said := fundwatch.MessageOf(err)
			for _, p := range imp.Problems {
				said += "\n" + p.String()
			}
			for _, w := range tt.want {
				if fundwatch.CodeOf(err) != fundwatch.Invalid || !strings.Contains(said, w) {
					t.Errorf("said %.600s, want %s", said, w)
				}
			}
			if len(imp.Problems) > 100 || imp.Faults > 0 && len(imp.Problems) == 0 {
				t.Errorf("%d of %d problems listed", len(imp.Problems), imp.Faults)
			}
			if strings.Contains(said, "张\x01三") {
				t.Error("a name was quoted in clear")
			}
		})
	}
	if d.db.LoadSeq() != 0 {
		t.Errorf("%d loads happened", d.db.LoadSeq())
	}
	few := openDesk(t, func(c *intake.FilesConfig, _ *intake.FilesOptions) { c.MaxRows, c.MaxBytes = 3, 1000 })
	if _, err := few.send(t, "X_GA_SW", ok+strings.Repeat("A,张三,20260101\n", 4), ""); !strings.Contains(fundwatch.MessageOf(err), "超过 3 行的上限") {
		t.Errorf("too many rows: %v", err)
	}
	if _, err := few.send(t, "X_GA_SW", ok+strings.Repeat("A", 2000), ""); !strings.Contains(fundwatch.MessageOf(err), "超过 1000 字节 的上限") {
		t.Errorf("too many bytes: %v", err)
	}
	full := openDesk(t, func(_ *intake.FilesConfig, o *intake.FilesOptions) {
		o.Free = func(string) (int64, error) { return 10, nil }
	})
	if imp, err := full.send(t, "X_GA_SW", ok+"A,张三,20260101\n", ""); fundwatch.CodeOf(err) != fundwatch.Unavailable || imp.State != "failed" {
		t.Errorf("full disk: %+v %v", imp, err)
	}
}

// TestEveryTypeInEveryFormat imports one row of every column type from CSV in both encodings and from a workbook.
func TestEveryTypeInEveryFormat(t *testing.T) {
	header := []string{"税票号", "单位编号", "险种", "所属期", "金额", "入库日期", "行政区划"}
	values := []string{"0012345678901234567", "1001", "企业职工基本养老保险", "2026-01", "1,234.50", "2026/1/5", "520302"}
	csv := strings.Join(header, ",") + "\n\"" + strings.Join(values, "\",\"") + "\"\n"
	gbk, err := simplifiedchinese.GB18030.NewEncoder().String(csv)
	if err != nil {
		t.Fatal(err)
	}
	book := excelize.NewFile()
	cells := []any{values[0], 1001, "110", 202601, 1234.5, "2026-01-05", "520302"}
	if err := book.SetSheetRow("Sheet1", "A1", &header); err != nil {
		t.Fatal(err)
	}
	if err := book.SetSheetRow("Sheet1", "A2", &cells); err != nil {
		t.Fatal(err)
	}
	var xlsx bytes.Buffer
	if err := book.Write(&xlsx); err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]io.Reader{"utf-8": strings.NewReader(csv), "gb18030": strings.NewReader(gbk), "xlsx": &xlsx} {
		d := openDesk(t, nil)
		imp, err := d.Import(t.Context(), clerk, intake.Request{Table: "X_SW_ZJ", Name: "t", Body: body})
		if err != nil || imp.Inserted != 1 {
			t.Errorf("%s: %+v %v", name, imp, err)
			continue
		}
		f := warehousetest.Query(t, d.db.SystemView("test"), "SELECT ZSW001, AAB001, AAE140, AAE003, AAE019, ZSW002, AAB301, mi FROM {{X_SW_ZJ}}")
		want := "[0012345678901234567 1001 110 202601 123450 2026-01-05 00:00:00 +0800 CST 520302 312]"
		if got := fmt.Sprint(f.Rows[0]); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	book2 := excelize.NewFile()
	_ = book2.SetSheetRow("Sheet1", "A1", &[]string{"证件号码", "姓名", "死亡日期"})
	_ = book2.SetSheetRow("Sheet1", "A2", &[]any{520302196001011234, "张三", "20260101"})
	var lost bytes.Buffer
	_ = book2.Write(&lost)
	_, err = openDesk(t, nil).Import(t.Context(), clerk, intake.Request{Table: "X_GA_SW", Name: "t", Body: &lost})
	if !strings.Contains(fundwatch.MessageOf(err), "A2“证件号码”") || !strings.Contains(fundwatch.MessageOf(err), "末位已经丢失") {
		t.Errorf("an identity number kept as a number: %v", err)
	}
}

func TestPreview(t *testing.T) {
	d := openDesk(t, nil)
	text := "人,身份证号,死于,备注\n张三丰,520302196001011234,20260101,x\n李四,520302196001011235,坏,y\n"
	p, err := d.Preview(t.Context(), intake.Request{Table: "X_GA_SW", Body: strings.NewReader(text),
		Mapping: map[string]string{"人": "姓名", "死于": "AAE138", "备注": ""}})
	if err != nil {
		t.Fatal(err)
	}
	want := []intake.Match{{"人", "AAC003", "姓名"}, {"身份证号", "AAC147", "证件号码"}, {"死于", "AAE138", "死亡日期"}, {"备注", "", ""}}
	if !slices.Equal(p.Matches, want) || p.Rows != 2 || p.Faults != 1 || p.Problems[0].Line != 3 || len(p.Missing) != 0 {
		t.Errorf("%+v", p)
	}
	if len(p.Sample) != 1 || !slices.Equal(p.Sample[0], []string{"52****4", "张**", "2026-01-01"}) {
		t.Errorf("sample %q", p.Sample)
	}
	for _, r := range []intake.Request{
		{Table: "X_GA_SW", Body: strings.NewReader(text), Mapping: map[string]string{"无": "姓名"}},
		{Table: "X_GA_SW", Body: strings.NewReader(text), Mapping: map[string]string{"人": "无"}},
		{Table: "X_GA_SW", Body: strings.NewReader(text), Encoding: "latin1"},
	} {
		if _, err := d.Preview(t.Context(), r); fundwatch.CodeOf(err) != fundwatch.Invalid {
			t.Errorf("%+v: %v", r, err)
		}
	}
	if d.db.LoadSeq() != 0 {
		t.Error("a preview loaded something")
	}
}

// TestRecover leaves an import behind as a kill would, before and after its load.
func TestRecover(t *testing.T) {
	d := openDesk(t, nil)
	imp, err := d.send(t, "X_GA_SW", "证件号码,姓名\nA,张三\n", "")
	if err != nil {
		t.Fatal(err)
	}
	err = d.store.WithTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE intake_import SET state = 'running', load_seq = 0, inserted = 0, ended_at = 0`)
		if err == nil {
			_, err = tx.ExecContext(ctx, `INSERT INTO intake_import SELECT 'other', table_code, file_name, mode, digest, file_bytes,
				'running', 0, 0, 0, 0, 0, 0, '', actor_id, actor_name, started_at, 0 FROM intake_import`)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.dir, "upload-x"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.reopen(t, nil)
	imports, err := d.Imports(t.Context(), "", 10)
	if err != nil || len(imports) != 2 {
		t.Fatal(len(imports), err)
	}
	for _, got := range imports {
		if loaded := got.ID == imp.ID; loaded != (got.State == "done") || loaded && (got.LoadSeq != imp.LoadSeq || got.Inserted != 1) ||
			!loaded && got.State != "failed" {
			t.Errorf("%+v", got)
		}
	}
}

func TestInbox(t *testing.T) {
	d := openDesk(t, nil)
	dir := t.TempDir()
	in, err := intake.NewInbox(intake.InboxConfig{Dir: dir, Settle: time.Millisecond}, d.Files, fundwatch.Actor{ID: "system:inbox", Name: "投递目录"})
	if err != nil {
		t.Fatal(err)
	}
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("X_GA_SW-2026.csv", "证件号码,姓名,死亡日期\nA,张三,20260101\n")
	put("X_GA_SW-坏.csv", "证件号码,姓名,死亡日期\nA,张三,x\n")
	put("nonsense.csv", "a,b\n")
	put("X_GA_SW-wait.csv.part", "a")
	if imps, err := in.Look(t.Context()); err != nil || len(imps) != 0 {
		t.Fatalf("first look: %v %v", imps, err) // may still be growing
	}
	time.Sleep(5 * time.Millisecond)
	put("X_GA_SW-replace-late.csv", "证件号码,姓名,死亡日期\nB,李四,20260101\n")
	if imps, err := in.Look(t.Context()); err != nil || len(imps) != 3 {
		t.Fatalf("second look: %+v %v", imps, err)
	}
	if got := d.deaths(t); got != "A 张三 2026-01-01" {
		t.Errorf("list is %s", got)
	}
	time.Sleep(5 * time.Millisecond)
	if imps, err := in.Look(t.Context()); err != nil || len(imps) != 1 || imps[0].Deleted != 1 {
		t.Fatalf("third look: %+v %v", imps, err)
	}
	names := func(sub string) int {
		all, err := filepath.Glob(filepath.Join(dir, sub, "*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	if names("done") != 4 || names("failed") != 4 { // a report beside each file
		t.Errorf("%d files in done, %d in failed", names("done"), names("failed"))
	}
	reports, _ := filepath.Glob(filepath.Join(dir, "failed", "*坏.csv.txt"))
	text, err := os.ReadFile(reports[0])
	if err != nil || !strings.Contains(string(text), "第 2 行第 3 列“死亡日期”的值“x”应为") {
		t.Errorf("report %s %v", text, err)
	}
}

func TestEnter(t *testing.T) {
	d := openDesk(t, nil)
	row := func(n string) map[string]string {
		return map[string]string{"年度": "2025", "险种": "110", "AAB301": "520302", "参保人数": n}
	}
	if imp, err := d.Enter(t.Context(), clerk, "NB01", []map[string]string{row("5")}); err != nil || imp.Inserted != 1 {
		t.Fatal(imp, err)
	}
	if imp, err := d.Enter(t.Context(), clerk, "NB01", []map[string]string{row("6")}); err != nil || imp.Updated != 1 {
		t.Fatal(imp, err)
	}
	if got := fmt.Sprint(warehousetest.Query(t, d.db.SystemView("test"), "SELECT ZNB001 FROM {{NB01}}").Rows); got != "[[6]]" {
		t.Errorf("figures %s", got)
	}
	if _, err := d.Enter(t.Context(), clerk, "NB01", []map[string]string{row("六")}); !strings.Contains(fundwatch.MessageOf(err), "应为整数") {
		t.Errorf("a word for a number: %v", err)
	}
	if _, err := d.Enter(t.Context(), clerk, "NB01", nil); fundwatch.CodeOf(err) != fundwatch.Invalid {
		t.Errorf("nothing entered: %v", err)
	}
}

func TestDataPage(t *testing.T) {
	d := openDesk(t, nil)
	f := follower(t, town(t), d.db, nil)
	if _, err := f.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.send(t, "X_GA_SW", "证件号码,姓名\nA,张三\n", ""); err != nil {
		t.Fatal(err)
	}
	data := intake.NewData(f, d.Files)
	tables, err := data.Tables(t.Context())
	if err != nil || data.Core().State != intake.FeedOK {
		t.Fatal(err)
	}
	byCode := map[string]intake.TableState{}
	for _, s := range tables {
		byCode[s.Table] = s
	}
	if s := byCode["AC83"]; s.Rows != 5 || s.Feed.Rows != 8 || s.Centre != "C10" || s.Feed.State != intake.FeedOK {
		t.Errorf("AC83: %+v", s)
	}
	if s := byCode["X_GA_SW"]; s.Rows != 1 || s.List != "公安" || s.Feed.CoreRows != 0 {
		t.Errorf("X_GA_SW: %+v", s)
	}
	first, err := data.Loads(t.Context(), "", 0, 3)
	if err != nil || len(first) != 3 || first[0].Origin != "名单文件：名单.csv（zhang）" || first[1].Origin != "业务系统" {
		t.Fatalf("%+v %v", first, err)
	}
	rest, err := data.Loads(t.Context(), "", first[2].LoadSeq, 100)
	if err != nil || len(rest) != 5 || rest[0].LoadSeq != first[2].LoadSeq-1 {
		t.Errorf("%+v %v", rest, err)
	}
	if only, err := data.Loads(t.Context(), "X_GA_SW", 0, 100); err != nil || len(only) != 1 {
		t.Errorf("%+v %v", only, err)
	}
}
