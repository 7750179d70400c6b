package web

import (
	"context"
	"time"

	"fundwatch"
	"fundwatch/access"
	"fundwatch/core"
)

// Meta is what a page needs to know before anyone has logged in.
type Meta struct {
	Name     string    `json:"name" doc:"Name of the product"`
	Province string    `json:"province" doc:"Name of the province"`
	Version  string    `json:"version"`
	Build    string    `json:"build" doc:"Changes with every build of the pages: reload when it differs"`
	Epoch    string    `json:"epoch" doc:"Changes when the store was restored: forget all sequence numbers"`
	Now      time.Time `json:"now"`
	Demo     bool      `json:"demo" doc:"A synthetic province is being shown"`
	Ready    bool      `json:"ready" doc:"Every part is ready"`
	Parts    []Part    `json:"parts" doc:"State of the parts the workbench is made of"`
}

// Part is one part of the workbench with its state.
type Part struct {
	ID       string     `json:"id" enum:"store,warehouse,intake,patrol,core"`
	Title    string     `json:"title"`
	State    string     `json:"state" enum:"ready,starting,working,failed"`
	Note     string     `json:"note" doc:"What it is doing or what is wrong, in Chinese"`
	Done     int64      `json:"done" doc:"Steps done, of Total"`
	Total    int64      `json:"total" doc:"0 when unknown"`
	Since    *time.Time `json:"since,omitempty"`
	Blocking bool       `json:"blocking" doc:"The workbench is not ready until this part is"`

	// Job is the kind of background job whose progress the part tells; not on the wire.
	Job string `json:"-"`
}

// Words are the choices that pages offer, so that no page keeps a list of its own.
type Words struct {
	Lines      []Choice `json:"lines" doc:"Insurance lines"`
	Severities []Choice `json:"severities"`
	States     []Choice `json:"states" doc:"States of an alert"`
	Verdicts   []Choice `json:"verdicts" doc:"Verdicts of a review"`
	Outcomes   []Choice `json:"outcomes" doc:"Outcomes with which an alert is confirmed"`
	Reasons    []Choice `json:"reasons" doc:"Reasons for which masked data may be shown"`
	Roles      []Choice `json:"roles"`
}

// Region is one node of the region tree, parents first.
type Region struct {
	Code   string `json:"code"`
	Name   string `json:"name"`
	Short  string `json:"short" doc:"For maps and axes"`
	Level  string `json:"level" enum:"province,prefecture,county"`
	Parent string `json:"parent,omitempty"`
}

// Place is a region with its name.
type Place struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// about answers what a page needs before anyone has logged in.
func (s *Server) about(context.Context, fundwatch.Actor, *Nothing) (*Body[Meta], error) {
	parts := s.options.Parts()
	return answer(Meta{
		Name: "社保基金监管智能工作台", Province: s.names["520000"].Name, Version: s.options.Version, Build: s.pages.build,
		Epoch: s.hub.Epoch(), Now: s.now().In(fundwatch.Shanghai()), Demo: s.options.Demo, Ready: ready(parts),
		Parts: some(parts),
	}), nil
}

// listRegions answers the whole tree: 98 nodes, which every page with a region needs.
func (s *Server) listRegions(context.Context, fundwatch.Actor, *Nothing) (*Body[List[Region]], error) {
	tree, err := core.Regions()
	if err != nil {
		return nil, err
	}
	out := make([]Region, 0, len(tree))
	for _, r := range tree {
		out = append(out, Region{
			Code: string(r.Code), Name: r.Name, Short: r.Short, Level: levelOf(r.Code), Parent: string(r.Parent),
		})
	}
	return answer(listOf(out, int64(len(out)), Paging{Page: 1, Size: len(out)}, time.Time{})), nil
}

func levelOf(r fundwatch.Region) string {
	switch r.Level() {
	case fundwatch.LevelProvince:
		return "province"
	case fundwatch.LevelPrefecture:
		return "prefecture"
	default:
		return "county"
	}
}

// regionName is the name of a region; an unknown code is returned as it is.
func (s *Server) regionName(r fundwatch.Region) string {
	if info, ok := s.names[r]; ok {
		return info.Name
	}
	return string(r)
}

// reach names the regions and lines of a scope.
func (s *Server) reach(regions []fundwatch.Region, lines []fundwatch.Insurance) Reach {
	out := Reach{Regions: []Place{}, Lines: []Choice{}}
	for _, r := range regions {
		out.Regions = append(out.Regions, Place{Code: string(r), Name: s.regionName(r)})
	}
	for _, l := range lines {
		out.Lines = append(out.Lines, Choice{Value: string(l), Label: l.Title()})
	}
	return out
}

func roleChoices(roles []string) []Choice {
	out := make([]Choice, 0, len(roles))
	for _, id := range roles {
		out = append(out, Choice{Value: id, Label: access.RoleTitle(id)})
	}
	return out
}
