package core

import (
	"time"

	"fundwatch"
)

// SubjectCase is the kind of subject of a case's profile: a directive with its progress and answer, by its id.
const SubjectCase fundwatch.SubjectKind = "case"

// Profile is what the core shows of one person, unit or case: named groups of named values, for reading only.
// Personal data is in clear: the workbench masks it before anyone sees it.
type Profile struct {
	Subject fundwatch.Subject `json:"subject"`
	Region  fundwatch.Region  `json:"region"`
	Groups  []ProfileGroup    `json:"groups"`
	AsOf    time.Time         `json:"asOf"`
}

// ProfileGroup is one heading of a Profile with its rows, newest last. Values are text: numbers in decimal, money
// in fen, months yyyymm, dates and times as RFC 3339; an absent key is an empty value.
type ProfileGroup struct {
	Table string              `json:"table"`
	Title string              `json:"title"`
	Total int                 `json:"total"` // rows the core holds; above len(Rows) when only the newest are shown
	Rows  []map[string]string `json:"rows"`
}
