package web

import "time"

// Check is one check point with its last result.
type Check struct {
	ID        string     `json:"id"`
	Title     string     `json:"title"`
	Table     string     `json:"table"`
	TableName string     `json:"tableName"`
	Kind      string     `json:"kind" doc:"Kind of check, in Chinese"`
	Grade     string     `json:"grade" doc:"废弃, 待调整 or 可转换: what a failing row becomes"`
	Reading   string     `json:"reading" doc:"What is checked, in plain Chinese"`
	State     string     `json:"state" enum:"passed,failed,broken,never"`
	Rows      int64      `json:"rows" doc:"Rows checked"`
	Bad       int64      `json:"bad" doc:"Rows that fail"`
	Rate      float64    `json:"rate" doc:"Share of rows that pass, 0 to 1"`
	RunAt     *time.Time `json:"runAt,omitempty"`
	Note      string     `json:"note"`
}

// Checks are all check points with both pass rates.
type Checks struct {
	Items     []Check    `json:"items"`
	Points    int64      `json:"points"`
	PointRate float64    `json:"pointRate" doc:"Share of check points that pass"`
	RowRate   float64    `json:"rowRate" doc:"Share of rows that pass"`
	Target    float64    `json:"target"`
	Grades    []Count    `json:"grades" doc:"Rows by grade"`
	RunAt     *time.Time `json:"runAt,omitempty"`
	AsOf      *time.Time `json:"asOf,omitempty"`
}

// CheckProblem is one problem found by a check point, with who looks after it.
type CheckProblem struct {
	ID        string    `json:"id"`
	Rev       int64     `json:"rev"`
	Check     string    `json:"check"`
	Title     string    `json:"title"`
	TableName string    `json:"tableName"`
	Grade     string    `json:"grade"`
	Bad       int64     `json:"bad"`
	State     string    `json:"state"`
	StateName string    `json:"stateName"`
	Owner     string    `json:"owner" doc:"Login name; empty when nobody has it"`
	Note      string    `json:"note"`
	FoundAt   time.Time `json:"foundAt"`
	SeenAt    time.Time `json:"seenAt"`
}

// AssignInput gives a problem to somebody.
type AssignInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Rev   int64  `json:"rev" minimum:"1"`
		Owner string `json:"owner" minLength:"1" maxLength:"64" doc:"Login name"`
		State string `json:"state" maxLength:"32"`
		Note  string `json:"note" maxLength:"500"`
	}
}

// Headcount compares the heads in the warehouse with the yearly report.
type Headcount struct {
	Year      int     `json:"year"`
	Line      string  `json:"line"`
	LineName  string  `json:"lineName"`
	Region    string  `json:"region"`
	Name      string  `json:"name" doc:"Name of the region"`
	Kind      string  `json:"kind"`
	KindName  string  `json:"kindName"`
	Reported  int64   `json:"reported"`
	Counted   int64   `json:"counted"`
	Deviation float64 `json:"deviation" doc:"Share of the reported figure"`
	Warning   bool    `json:"warning"`
}

// HeadcountInput enters a figure of the yearly report.
type HeadcountInput struct {
	Body struct {
		Year     int    `json:"year" minimum:"2000" maximum:"2100"`
		Line     string `json:"line" maxLength:"3"`
		Region   string `json:"region" pattern:"^[0-9]{6}$"`
		Kind     string `json:"kind" maxLength:"32"`
		Reported int64  `json:"reported" minimum:"0"`
	}
}

// ProblemListInput narrows the list of problems.
type ProblemListInput struct {
	Paging
	State string `query:"state" maxLength:"32"`
	Owner string `query:"owner" maxLength:"64"`
	Check string `query:"check" maxLength:"64"`
}
