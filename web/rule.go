package web

import "time"

// Rule is one row of the rulebook.
type Rule struct {
	ID           string     `json:"id"`
	Version      int64      `json:"version"`
	Title        string     `json:"title"`
	Category     string     `json:"category"`
	Line         string     `json:"line" doc:"Empty when the rule spans lines"`
	LineName     string     `json:"lineName"`
	Severity     string     `json:"severity" enum:"red,orange,yellow,blue"`
	SeverityName string     `json:"severityName"`
	Status       string     `json:"status"`
	StatusName   string     `json:"statusName"`
	SubjectKind  string     `json:"subjectKind"`
	OpenAlerts   int64      `json:"openAlerts" doc:"Those the reader may see"`
	LastRunAt    *time.Time `json:"lastRunAt,omitempty"`
	LastState    string     `json:"lastState" doc:"ok, failed, blocked, or empty when it never ran"`
	LastFindings int64      `json:"lastFindings"`
	LastNote     string     `json:"lastNote" doc:"Why it could not run, in Chinese"`
}

// RuleID names one rule in the path.
type RuleID struct {
	ID string `path:"id" pattern:"^[A-Z]{2}-[0-9]{3}$"`
}

// RuleDetail is a rule with everything it judges by.
type RuleDetail struct {
	Rule
	Basis       []Basis     `json:"basis"`
	Explain     string      `json:"explain" doc:"Template of the explanation"`
	Reading     string      `json:"reading" doc:"What the rule looks for, in plain Chinese"`
	Guide       string      `json:"guide" doc:"How to verify"`
	LookAlikes  []string    `json:"lookAlikes" doc:"Lawful cases that look alike"`
	Params      []RuleParam `json:"params"`
	Inputs      []RuleInput `json:"inputs"`
	SQL         string      `json:"sql"`
	Tests       []RuleTest  `json:"tests"`
	LastResults []RuleRun   `json:"lastResults" doc:"Newest first"`
}

// RuleParam is one parameter.
type RuleParam struct {
	Name   string `json:"name"`
	Title  string `json:"title"`
	Kind   string `json:"kind"`
	Value  string `json:"value" doc:"In force, written for a person"`
	Source string `json:"source" doc:"Where the value comes from"`
}

// RuleInput is one table a rule reads.
type RuleInput struct {
	Table   string   `json:"table"`
	Title   string   `json:"title"`
	Columns []string `json:"columns" doc:"Chinese names"`
}

// RuleTest is one case a rule is tested with.
type RuleTest struct {
	Name string `json:"name"`
	Kind string `json:"kind" doc:"hit, miss or late"`
}

// RuleRun is what one round found with a rule.
type RuleRun struct {
	Round       string    `json:"round"`
	At          time.Time `json:"at"`
	State       string    `json:"state"`
	Findings    int64     `json:"findings"`
	Undecidable int64     `json:"undecidable"`
	Millis      int64     `json:"millis"`
	Note        string    `json:"note"`
}

// Round is one run of the rulebook.
type Round struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind" enum:"full,delta"`
	KindName  string     `json:"kindName"`
	State     string     `json:"state"`
	StateName string     `json:"stateName"`
	StartedAt time.Time  `json:"startedAt"`
	EndedAt   *time.Time `json:"endedAt,omitempty"`
	FromSeq   int64      `json:"fromSeq" doc:"Load sequence already judged before"`
	ToSeq     int64      `json:"toSeq" doc:"Load sequence judged now"`
	AsOf      *time.Time `json:"asOf,omitempty"`
	Rules     int64      `json:"rules"`
	Failed    int64      `json:"failed" doc:"Rules that could not run"`
	Findings  int64      `json:"findings"`
	Raised    int64      `json:"raised" doc:"Alerts new in this round"`
	Changed   int64      `json:"changed"`
	Gone      int64      `json:"gone"`
}

// RoundDetail adds the runs of its rules.
type RoundDetail struct {
	Round
	Runs []RoundRun `json:"runs"`
}

// RoundRun is one rule in a round.
type RoundRun struct {
	Rule        string `json:"rule"`
	RuleTitle   string `json:"ruleTitle"`
	State       string `json:"state"`
	Findings    int64  `json:"findings"`
	Undecidable int64  `json:"undecidable"`
	Millis      int64  `json:"millis"`
	Note        string `json:"note"`
}

// RoundListInput narrows the list of rounds.
type RoundListInput struct {
	Paging
	Kind string `query:"kind" enum:"full,delta,"`
}

// RoundID names one round in the path.
type RoundID struct {
	ID string `path:"id" maxLength:"64"`
}
