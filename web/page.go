package web

import (
	"time"

	"fundwatch"
)

// Choice is a code with the Chinese words for it.
type Choice struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

// Count is a Choice with how many fall under it.
type Count struct {
	Value string `json:"value"`
	Label string `json:"label"`
	Count int64  `json:"count"`
}

// Paging is what every list takes.
type Paging struct {
	Page int `query:"page" minimum:"1" maximum:"100000" default:"1" doc:"Page, from 1"`
	Size int `query:"size" minimum:"1" maximum:"200" default:"20" doc:"Rows a page"`
}

// skip is how many rows stand before the page.
func (p Paging) skip() int { return (p.Page - 1) * p.Size }

// List is one page of anything.
type List[T any] struct {
	Items []T        `json:"items"`
	Total int64      `json:"total"`
	Page  int        `json:"page"`
	Size  int        `json:"size"`
	AsOf  *time.Time `json:"asOf,omitempty" doc:"Business time up to which the rows are complete"`
}

// listOf makes a page; no rows read as an empty list, never as null.
func listOf[T any](items []T, total int64, p Paging, asOf time.Time) List[T] {
	return List[T]{Items: some(items), Total: total, Page: p.Page, Size: p.Size, AsOf: clock(asOf)}
}

// Body wraps an answer as huma wants it.
type Body[T any] struct {
	Body T
}

// answer wraps a value that a handler returns.
func answer[T any](v T) *Body[T] { return &Body[T]{Body: v} }

// Accepted is the answer of an operation that goes on in the background.
type Accepted struct {
	Location string `header:"Location" doc:"Where the job's progress stands"`
	Body     Job
}

// Nothing is the answer without a body.
type Nothing struct{}

// some turns a nil slice into an empty one, because the contract knows no null lists.
func some[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

// clock writes a time in China, and no time as absent.
func clock(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.In(fundwatch.Shanghai())
	return &t
}

// day writes a date as 2026-11-05, and no date as empty.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(fundwatch.Shanghai()).Format(time.DateOnly)
}
