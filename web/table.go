package web

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/internal/audit"
	"fundwatch/warehouse"
	"fundwatch/warehouse/intake"
)

// Table is one table of the warehouse with how current it is.
type Table struct {
	Code     string     `json:"code" doc:"For links; never shown"`
	Name     string     `json:"name"`
	Centre   string     `json:"centre" doc:"Name of the centre of the business core, or of the supplier of a list"`
	External bool       `json:"external" doc:"An external list, not kept by the core"`
	Rows     int64      `json:"rows"`
	LoadSeq  int64      `json:"loadSeq"`
	LoadedAt *time.Time `json:"loadedAt,omitempty"`
	AsOf     *time.Time `json:"asOf,omitempty" doc:"Business time up to which the table is complete"`
	Behind   int64      `json:"behind" doc:"Changes the core has and the warehouse has not"`
	State    string     `json:"state" enum:"level,behind,loading,failed,empty"`
	Note     string     `json:"note" doc:"What is wrong, in Chinese"`
}

// TableCode names one table in the path.
type TableCode struct {
	Code string `path:"code" pattern:"^[A-Z][A-Z0-9_]{1,19}$"`
}

// TableDetail adds the columns.
type TableDetail struct {
	Table
	Columns []TableColumn `json:"columns"`
}

// TableColumn is one column in words.
type TableColumn struct {
	Code   string   `json:"code" doc:"For mappings; never shown"`
	Name   string   `json:"name"`
	Kind   string   `json:"kind"`
	Masked bool     `json:"masked" doc:"Personal data, shown hidden"`
	Key    bool     `json:"key"`
	Codes  []Choice `json:"codes" doc:"Values and what they mean"`
}

// Load is one delivery that went into the warehouse.
type Load struct {
	Seq       int64      `json:"seq"`
	Table     string     `json:"table"`
	TableName string     `json:"tableName"`
	Source    string     `json:"source" doc:"core or file"`
	At        time.Time  `json:"at"`
	AsOf      *time.Time `json:"asOf,omitempty"`
	Rows      int64      `json:"rows"`
	Inserts   int64      `json:"inserts"`
	Updates   int64      `json:"updates"`
	Deletes   int64      `json:"deletes"`
}

// Intake is how the following of the core goes.
type Intake struct {
	State     string        `json:"state" enum:"level,loading,waiting,failed"`
	StateName string        `json:"stateName"`
	Note      string        `json:"note"`
	LastLevel *time.Time    `json:"lastLevel,omitempty" doc:"When the warehouse last was level with the core"`
	AsOf      *time.Time    `json:"asOf,omitempty"`
	LoadSeq   int64         `json:"loadSeq"`
	Failures  int64         `json:"failures" doc:"Failed tries in a row"`
	RetryAt   *time.Time    `json:"retryAt,omitempty"`
	Tables    []IntakeTable `json:"tables"`
}

// IntakeTable is the state of one table's feed.
type IntakeTable struct {
	Table string `json:"table"`
	Name  string `json:"name"`
	State string `json:"state"`
	Done  int64  `json:"done" doc:"Changes loaded"`
	Total int64  `json:"total" doc:"Changes the core has"`
	Note  string `json:"note"`
}

// SampleInput asks for some rows of a table.
type SampleInput struct {
	TableCode
	Paging
}

// LoadListInput narrows the list of deliveries, which grows at its top and so is read by cursor.
type LoadListInput struct {
	Table  string `query:"table" maxLength:"20"`
	Before int64  `query:"before" minimum:"0" doc:"Only loads before this sequence: the next page"`
	Size   int    `query:"size" minimum:"1" maximum:"200" default:"50"`
}

// LoadPage is a stretch of the list of deliveries, newest first.
type LoadPage struct {
	Items []Load `json:"items"`
	Next  int64  `json:"next" doc:"Value of before for what follows; 0 when nothing does"`
}

func (s *Server) listTables(ctx context.Context, _ fundwatch.Actor, _ *Nothing) (*Body[List[Table]], error) {
	out, err := s.tables(ctx)
	if err != nil {
		return nil, err
	}
	var asOf time.Time
	for _, t := range out {
		if t.AsOf != nil && t.AsOf.After(asOf) {
			asOf = *t.AsOf
		}
	}
	return answer(listOf(out, int64(len(out)), Paging{Page: 1, Size: len(out)}, asOf)), nil
}

func (s *Server) getTable(ctx context.Context, _ fundwatch.Actor, in *TableCode) (*Body[TableDetail], error) {
	contract, err := knownTable(in.Code)
	if err != nil {
		return nil, err
	}
	all, err := s.tables(ctx)
	if err != nil {
		return nil, err
	}
	out := TableDetail{Columns: []TableColumn{}}
	if i := slices.IndexFunc(all, func(t Table) bool { return t.Code == in.Code }); i >= 0 {
		out.Table = all[i]
	}
	for _, c := range contract.Columns {
		col := TableColumn{
			Code: c.Code, Name: c.Name, Kind: string(c.Type), Masked: c.Mask != core.MaskNone,
			Key: slices.Contains(contract.Key, c.Code), Codes: []Choice{},
		}
		for value, label := range c.Codes {
			col.Codes = append(col.Codes, Choice{Value: value, Label: label})
		}
		slices.SortFunc(col.Codes, func(a, b Choice) int { return strings.Compare(a.Value, b.Value) })
		out.Columns = append(out.Columns, col)
	}
	return answer(out), nil
}

// sampleTable shows some rows as the actor may see them: in his regions and lines, personal data masked. Who
// looked at which table is in the audit chain.
func (s *Server) sampleTable(ctx context.Context, a fundwatch.Actor, in *SampleInput) (*Body[Sheet], error) {
	t, err := knownTable(in.Code)
	if err != nil {
		return nil, err
	}
	if in.skip() > 2000 {
		return nil, fundwatch.FieldErrorf("page", "样例最多翻到第 2000 行，请缩小范围后用分析功能查询")
	}
	e := audit.Entry{Actor: a, Action: "data.sample", Object: "table:" + t.Code}
	if err := s.options.Audit.Record(ctx, e); err != nil {
		return nil, err
	}
	codes := make([]string, 0, len(t.Columns))
	out := Sheet{Table: t.Code, Title: t.Name, Columns: []SheetColumn{}, Rows: [][]string{}}
	for _, c := range t.Columns {
		codes = append(codes, c.Code)
		out.Columns = append(out.Columns, SheetColumn{
			Code: c.Code, Name: c.Name, Kind: string(c.Type), Masked: c.Mask != core.MaskNone,
		})
	}
	view := s.features.Load().Warehouse.View(a)
	total, err := view.Query(ctx, warehouse.Statement{SQL: "SELECT count(*) FROM {{" + t.Code + "}}"})
	if err != nil {
		return nil, err
	}
	frame, err := view.Query(ctx, warehouse.Statement{
		SQL: fmt.Sprintf("SELECT %s FROM {{%s}} LIMIT %d OFFSET %d", strings.Join(codes, ", "), t.Code, in.Size, in.skip()),
	})
	if err != nil {
		return nil, err
	}
	out.Total, _ = total.Rows[0][0].(int64)
	out.AsOf = clock(frame.AsOf)
	for _, row := range frame.Rows {
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = cell(t.Columns[i], v)
		}
		out.Rows = append(out.Rows, cells)
	}
	return answer(out), nil
}

func (s *Server) listLoads(ctx context.Context, _ fundwatch.Actor, in *LoadListInput) (*Body[LoadPage], error) {
	entries, err := s.features.Load().Warehouse.Ledger(ctx, warehouse.LedgerFilter{Table: in.Table, Before: in.Before, Limit: in.Size + 1})
	if err != nil {
		return nil, err
	}
	out := LoadPage{Items: []Load{}}
	if len(entries) > in.Size {
		entries = entries[:in.Size]
		out.Next = entries[in.Size-1].LoadSeq
	}
	for _, e := range entries {
		source, name := "core", e.Table
		if e.Source != intake.SourceCore {
			source = "file"
		}
		if t, err := core.TableByCode(e.Table); err == nil {
			name = t.Name
		}
		out.Items = append(out.Items, Load{
			Seq: e.LoadSeq, Table: e.Table, TableName: name, Source: source, At: e.LoadedAt.In(fundwatch.Shanghai()),
			AsOf: clock(e.AsOf), Rows: e.Rows, Inserts: e.Inserted, Updates: e.Updated, Deletes: e.Deleted,
		})
	}
	return answer(out), nil
}

func (s *Server) getIntake(context.Context, fundwatch.Actor, *Nothing) (*Body[Intake], error) {
	f := s.features.Load()
	out := Intake{State: "level", StateName: "未接入业务系统", LoadSeq: f.Warehouse.LoadSeq(), Tables: []IntakeTable{}}
	_, asOf := f.Mark()
	out.AsOf = clock(asOf)
	if f.Follower == nil {
		out.Note = "未配置业务系统地址，数据只能由文件入库"
		return answer(out), nil
	}
	status := f.Follower.Core()
	out.Note, out.LastLevel, out.Failures = status.Message, clock(status.LevelAt), int64(status.Attempts)
	out.RetryAt = clock(status.NextTry)
	behind := int64(0)
	for _, feed := range f.Follower.Feeds() {
		behind += feed.Behind
		out.Tables = append(out.Tables, IntakeTable{
			Table: feed.Table, Name: feed.Name, State: feedState(feed), Done: feed.Rows, Total: feed.CoreRows, Note: feed.Message,
		})
	}
	switch {
	case status.State == intake.FeedFailed:
		out.State, out.StateName = "failed", "接入中断"
	case status.State == intake.FeedRetrying:
		out.State, out.StateName = "waiting", "等待重试"
	case behind > 0 || status.LevelAt.IsZero():
		out.State, out.StateName = "loading", "正在接入"
	default:
		out.StateName = "已与业务系统一致"
	}
	return answer(out), nil
}

// tables joins what the contract, the warehouse and the follower know of each table.
func (s *Server) tables(ctx context.Context) ([]Table, error) {
	f := s.features.Load()
	status, err := f.Warehouse.Tables(ctx)
	if err != nil {
		return nil, err
	}
	contract, err := core.Tables()
	if err != nil {
		return nil, err
	}
	feeds := map[string]intake.FeedStatus{}
	if f.Follower != nil {
		for _, feed := range f.Follower.Feeds() {
			feeds[feed.Table] = feed
		}
	}
	out := make([]Table, 0, len(contract))
	for _, t := range contract {
		row := Table{Code: t.Code, Name: t.Name, Centre: core.CentreName(t.Centre), External: t.List != "", State: "empty"}
		if row.External {
			row.Centre = t.List
		}
		if i := slices.IndexFunc(status, func(x warehouse.TableStatus) bool { return x.Table == t.Code }); i >= 0 {
			x := status[i]
			row.Rows, row.LoadSeq, row.LoadedAt, row.AsOf = x.Rows, x.LoadSeq, clock(x.LoadedAt), clock(x.AsOf)
		}
		if row.LoadSeq > 0 {
			row.State = "level"
		}
		if feed, ok := feeds[t.Code]; ok {
			row.Behind, row.Note = feed.Behind, feed.Message
			if state := feedState(feed); state != "level" {
				row.State = state
			}
		}
		out = append(out, row)
	}
	return out, nil
}

func feedState(f intake.FeedStatus) string {
	switch {
	case f.State == intake.FeedFailed || f.Difference != 0:
		return "failed"
	case f.State == intake.FeedRetrying || f.Behind > 0:
		return "behind"
	default:
		return "level"
	}
}

func knownTable(code string) (core.Table, error) {
	t, err := core.TableByCode(code)
	if err != nil {
		return t, &fundwatch.Error{Code: fundwatch.NotFound, Message: "没有这张数据表，请从列表中选择", Err: err}
	}
	return t, nil
}
