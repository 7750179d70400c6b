package supervision

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"fundwatch"
	"fundwatch/access"
	"fundwatch/core"
	"fundwatch/internal/audit"
)

// exportMost is how many alerts one file may hold.
const exportMost = 10_000

// File is a file that leaves the workbench.
type File struct {
	Name string
	Data []byte
}

// Export writes the alerts that match a filter as a workbook (导出): a sheet that says where it comes from, and the
// list. Numbers of people are text cells; nothing in it is in clear that the page masks. The audit entry is written
// before the file is handed out.
func (d *Desk) Export(ctx context.Context, actor fundwatch.Actor, f Filter, reason string) (_ *File, err error) {
	defer fundwatch.Wrap(&err, "supervision.Export")
	if err := d.require(ctx, actor, access.AlertExport, "*"); err != nil {
		return nil, err
	}
	if err := checkNote("reason", "导出事由", reason, 6); err != nil {
		return nil, err
	}
	var all []Alert
	f.Limit, f.Offset = MaxPage, 0
	for {
		page, err := d.List(ctx, actor, f)
		if err != nil {
			return nil, err
		}
		if page.Total > exportMost {
			return nil, fundwatch.FieldErrorf("filter", "符合条件的预警有 %d 条，一次最多导出 %d 条，请缩小范围后分次导出", page.Total, exportMost)
		}
		all = append(all, page.Items...)
		f.Offset += MaxPage
		if len(page.Items) < MaxPage {
			break
		}
	}
	data, err := d.workbook(actor, f, reason, all)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	err = d.audit.Record(ctx, audit.Entry{
		Actor: actor, Action: "alert.export", Object: "alert:*", Reason: reason,
		Detail: map[string]string{"rows": strconv.Itoa(len(all)), "sha256": hex.EncodeToString(sum[:]), "filter": f.text()},
	})
	if err != nil {
		return nil, err
	}
	return &File{Name: "预警清单-" + d.opts.Now().In(fundwatch.Shanghai()).Format("20060102-150405") + ".xlsx", Data: data}, nil
}

// text writes the filter for a person.
func (f Filter) text() string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+" "+value)
		}
	}
	states := make([]string, 0, len(f.States))
	for _, s := range f.States {
		states = append(states, s.Title())
	}
	severities := make([]string, 0, len(f.Severities))
	for _, s := range f.Severities {
		severities = append(severities, s.Title())
	}
	lines := make([]string, 0, len(f.Lines))
	for _, l := range f.Lines {
		lines = append(lines, l.Title())
	}
	add("状态", strings.Join(states, "、"))
	add("等级", strings.Join(severities, "、"))
	add("险种", strings.Join(lines, "、"))
	add("地区", string(f.Region))
	add("规则", strings.Join(f.Rules, "、"))
	add("关键词", f.Query)
	add("发现日自", f.From)
	add("发现日至", f.To)
	if f.Open {
		parts = append(parts, "仅在办")
	}
	if f.Overdue {
		parts = append(parts, "仅超期")
	}
	if len(parts) == 0 {
		return "全部"
	}
	return strings.Join(parts, "；")
}

func (d *Desk) workbook(actor fundwatch.Actor, f Filter, reason string, all []Alert) (_ []byte, err error) {
	names := map[fundwatch.Region]string{}
	tree, err := core.Regions()
	if err != nil {
		return nil, err
	}
	for _, r := range tree {
		names[r.Code] = r.Name
	}
	book := excelize.NewFile()
	defer func() { err = errors.Join(err, book.Close()) }()
	if err := book.SetSheetName("Sheet1", "说明"); err != nil {
		return nil, err
	}
	about := [][]any{
		{"名称", "预警清单"}, {"条数", len(all)}, {"筛选条件", f.text()},
		{"数据截至", d.day(d.opts.Today())}, {"导出时间", d.opts.Now().In(fundwatch.Shanghai()).Format(time.DateTime)},
		{"导出人", actor.Name}, {"导出事由", reason}, {"声明", "内部资料，仅限监督工作使用，不得外传"},
	}
	if err := fill(book, "说明", about); err != nil {
		return nil, err
	}
	if _, err := book.NewSheet("预警"); err != nil {
		return nil, err
	}
	rows := [][]any{{"编号", "等级", "状态", "规则", "预警内容", "险种", "地区", "对象", "涉及金额（元）", "发现日", "办理期限", "办理人"}}
	for _, a := range all {
		due := ""
		if !a.DueAt.IsZero() {
			due = d.day(a.DueAt)
		}
		rows = append(rows, []any{
			a.ID, a.Severity.Title(), a.State.Title(), a.Rule, a.Title, a.Line.Title(), names[a.Region], a.SubjectName,
			float64(a.Amount) / 100, a.RaisedOn, due, a.Handler,
		})
	}
	if err := fill(book, "预警", rows); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		return nil, fmt.Errorf("write workbook: %w", err)
	}
	return out.Bytes(), nil
}

// fill writes rows. A text that a spreadsheet program would take for a formula gets a mark that makes it text.
func fill(book *excelize.File, sheet string, rows [][]any) error {
	for i, row := range rows {
		for j, v := range row {
			if s, ok := v.(string); ok && s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
				row[j] = "'" + s
			}
		}
		if err := book.SetSheetRow(sheet, "A"+strconv.Itoa(i+1), &row); err != nil {
			return err
		}
	}
	return nil
}
