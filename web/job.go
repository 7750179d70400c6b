package web

import "time"

// Job is work that goes on in the background.
type Job struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"`
	Title     string     `json:"title"`
	State     string     `json:"state" enum:"waiting,running,done,dead"`
	StateName string     `json:"stateName"`
	Step      string     `json:"step" doc:"What it is doing, in Chinese"`
	Done      int64      `json:"done"`
	Total     int64      `json:"total" doc:"0 when unknown"`
	Attempts  int64      `json:"attempts"`
	Error     string     `json:"error" doc:"Why it failed, in Chinese"`
	CreatedAt time.Time  `json:"createdAt"`
	StartedAt *time.Time `json:"startedAt,omitempty"`
	EndedAt   *time.Time `json:"endedAt,omitempty"`
}

// JobID names one job in the path.
type JobID struct {
	ID string `path:"id" maxLength:"64"`
}

// ScreenInput chooses the region a screen shows; without it the reader's own.
type ScreenInput struct {
	Region string `query:"region" pattern:"^([0-9]{6})?$"`
}

// JobListInput narrows the list of jobs.
type JobListInput struct {
	Paging
	Kind  string `query:"kind" maxLength:"64"`
	State string `query:"state" enum:"waiting,running,done,dead,"`
}
