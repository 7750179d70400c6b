package web

import "time"

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
