package intake

import (
	"context"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"fundwatch/core"
	"fundwatch/warehouse"
)

// Data is what the data page (数据页) shows of how data arrives: tables, loads, feeds. It holds no personal data.
type Data struct {
	follower *Follower
	files    *Files
}

// NewData joins what the Follower and Files know.
func NewData(follower *Follower, files *Files) *Data { return &Data{follower: follower, files: files} }

// TableState is one table of the contract: what the warehouse holds, and how its feed is doing.
type TableState struct {
	warehouse.TableStatus
	Centre string     `json:"centre"` // of the core that keeps it; empty for a list
	List   string     `json:"list"`   // who supplies an external list; empty for a core table
	Feed   FeedStatus `json:"feed"`
}

// Tables lists every table of the contract, in its order.
func (d *Data) Tables(ctx context.Context) ([]TableState, error) {
	tables, err := d.files.opts.Warehouse.Tables(ctx)
	if err != nil {
		return nil, fmt.Errorf("intake: tables: %w", err)
	}
	feeds := map[string]FeedStatus{}
	for _, f := range d.follower.Feeds() {
		feeds[f.Table] = f
	}
	contract, err := core.Tables()
	if err != nil {
		return nil, err
	}
	defs := map[string]core.Table{}
	for _, t := range contract {
		defs[t.Code] = t
	}
	out := make([]TableState, len(tables))
	for i, t := range tables {
		out[i] = TableState{TableStatus: t, Centre: defs[t.Table].Centre, List: defs[t.Table].List, Feed: feeds[t.Table]}
	}
	return out, nil
}

// Core says how the business core as a whole is doing.
func (d *Data) Core() CoreStatus { return d.follower.Core() }

// Load is one line of the ledger with its origin in words.
type Load struct {
	warehouse.LoadEntry
	Origin string `json:"origin"` // 业务系统, or 名单文件：NAME（WHO）
}

// Loads lists loads, newest first: of one table or of all, and only those before the load of that number when
// before is not 0, so that the next page begins where this one ends.
func (d *Data) Loads(ctx context.Context, table string, before int64, limit int) ([]Load, error) {
	entries, err := d.files.opts.Warehouse.Ledger(ctx, warehouse.LedgerFilter{Table: table, Before: before, Limit: min(max(limit, 1), 1000)})
	if err != nil {
		return nil, fmt.Errorf("intake: loads: %w", err)
	}
	var ids []string
	for _, e := range entries {
		if id, file := strings.CutPrefix(e.Source, fileSource); file {
			ids = append(ids, id)
		}
	}
	names := map[string]string{}
	if len(ids) > 0 {
		var rows []importRow
		if err := d.files.opts.Store.Read().NewSelect().Model(&rows).Where("id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
			return nil, fmt.Errorf("intake: loads: %w", err)
		}
		for i := range rows {
			names[rows[i].source()] = fmt.Sprintf("名单文件：%s（%s）", rows[i].FileName, rows[i].ActorName)
		}
	}
	out := make([]Load, len(entries))
	for i, e := range entries {
		out[i] = Load{LoadEntry: e, Origin: names[e.Source]}
		switch {
		case e.Source == SourceCore:
			out[i].Origin = "业务系统"
		case out[i].Origin == "":
			out[i].Origin = e.Source
		}
	}
	return out, nil
}
