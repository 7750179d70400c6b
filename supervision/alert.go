package supervision

import (
	"fmt"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"fundwatch"
	"fundwatch/patrol"
)

// Alert is one suspicion in work (预警).
type Alert struct {
	ID          string              `json:"id"`
	Rev         int64               `json:"rev"` // grows with every change; writes carry the one they saw
	Key         string              `json:"-"`   // of the finding
	State       State               `json:"state"`
	Severity    Severity            `json:"severity"`
	Rule        string              `json:"rule"`
	RuleVersion int64               `json:"ruleVersion"`
	RuleTitle   string              `json:"ruleTitle"`
	Title       string              `json:"title"` // one plain sentence, nothing personal
	Subject     fundwatch.Subject   `json:"subject"`
	SubjectName string              `json:"subjectName"` // masked internal number
	Region      fundwatch.Region    `json:"region"`
	Line        fundwatch.Insurance `json:"line"`
	Amount      fundwatch.Fen       `json:"amount"`
	FirstMonth  fundwatch.Month     `json:"firstMonth"`
	LastMonth   fundwatch.Month     `json:"lastMonth"`
	Found       bool                `json:"found"`      // the last round still found it
	Times       int64               `json:"times"`      // rounds that found it anew or changed
	Suppressed  int64               `json:"suppressed"` // times it was found again after it was closed, and rightly kept silent
	RaisedAt    time.Time           `json:"raisedAt"`
	RaisedOn    string              `json:"raisedOn"` // business day
	SeenAt      time.Time           `json:"seenAt"`
	DueAt       time.Time           `json:"dueAt"` // zero: no deadline
	Overdue     bool                `json:"overdue"`
	Agency      fundwatch.Region    `json:"agency"`
	Handler     string              `json:"handler"`
	Verdict     Verdict             `json:"verdict"`
	Suspended   bool                `json:"suspended"` // payment was asked to stop
	Confirmed   fundwatch.Fen       `json:"confirmed"`
	Recovered   fundwatch.Fen       `json:"recovered"`
	ClosedAt    time.Time           `json:"closedAt"`
}

// alertRow is a line of the table alert.
type alertRow struct {
	bun.BaseModel `bun:"table:alert"`

	ID           int64 `bun:",pk"`
	FindingKey   string
	OpenSlot     *int
	Rev          int64
	State        State
	Severity     Severity
	SeverityRank int
	Rule         string
	RuleVersion  int64
	RuleTitle    string
	Title        string
	SubjectKind  string
	SubjectID    string
	Region       string
	Line         string
	Amount       int64
	FirstMonth   int64
	LastMonth    int64
	Hash         string
	Found        int
	Times        int64
	Suppressed   int64
	RaisedAt     int64
	RaisedOn     string
	SeenAt       int64
	ChangedAt    int64
	DueAt        int64
	Agency       string
	Handler      string
	Verdict      string
	VerdictHash  string
	Directive    string
	Dispatches   int64
	Suspended    int
	Confirmed    int64
	Recovered    int64
	ClosedAt     int64
	ClosedOn     string
}

// alert writes the row for readers.
func (r *alertRow) alert(now time.Time) Alert {
	a := Alert{
		ID: strconv.FormatInt(r.ID, 10), Rev: r.Rev, Key: r.FindingKey, State: r.State, Severity: r.Severity, Rule: r.Rule,
		RuleVersion: r.RuleVersion, RuleTitle: r.RuleTitle, Title: r.Title,
		Subject: fundwatch.Subject{Kind: fundwatch.SubjectKind(r.SubjectKind), ID: r.SubjectID},
		Region:  fundwatch.Region(r.Region), Line: fundwatch.Insurance(r.Line), Amount: fundwatch.Fen(r.Amount),
		FirstMonth: fundwatch.Month(r.FirstMonth), LastMonth: fundwatch.Month(r.LastMonth), Found: r.Found == 1, Times: r.Times,
		Suppressed: r.Suppressed, RaisedAt: clock(r.RaisedAt), RaisedOn: r.RaisedOn, SeenAt: clock(r.SeenAt),
		DueAt: clock(r.DueAt), Agency: fundwatch.Region(r.Agency), Handler: r.Handler, Verdict: Verdict(r.Verdict),
		Suspended: r.Suspended == 1, Confirmed: fundwatch.Fen(r.Confirmed), Recovered: fundwatch.Fen(r.Recovered),
		ClosedAt: clock(r.ClosedAt),
	}
	a.SubjectName = subjectName(a.Subject)
	a.Overdue = overdueStates(a.State) && !a.DueAt.IsZero() && a.DueAt.Before(now)
	return a
}

// overdueStates reports whether the deadline of verification runs in the state.
func overdueStates(s State) bool { return s == Dispatched || s == Verifying }

// take puts what a finding says into the row. The severity only goes up: growing harm may not be played down by a
// later, smaller reading while people are at work on it.
func (r *alertRow) take(f patrol.Finding, rule *patrol.Rule) {
	r.Amount, r.FirstMonth, r.LastMonth = int64(f.Amount), int64(f.FirstMonth), int64(f.LastMonth)
	r.Region, r.Line, r.Hash, r.RuleVersion = string(f.Region), string(f.Line), f.Hash, f.Version
	if s := severityOf(rule, f.Amount); r.Severity == "" || s.rank() < r.SeverityRank {
		r.Severity, r.SeverityRank = s, s.rank()
	}
	r.RuleTitle, r.Title = rule.Title, alertTitle(rule, f)
}

// alertTitle is the one sentence of lists: what, how much, when.
func alertTitle(rule *patrol.Rule, f patrol.Finding) string {
	title := rule.Title
	if f.Line != "" {
		title = f.Line.Title() + "：" + title
	}
	if f.Amount > 0 {
		title += "，涉及 " + f.Amount.Yuan()
	}
	switch {
	case f.FirstMonth == 0:
	case f.FirstMonth == f.LastMonth:
		title += fmt.Sprintf("（%s）", f.FirstMonth)
	default:
		title += fmt.Sprintf("（%s 至 %s）", f.FirstMonth, f.LastMonth)
	}
	return title
}

// subjectName shows a subject by its internal number with the middle hidden.
func subjectName(s fundwatch.Subject) string {
	hidden := s.ID
	if n := len(hidden); n > 4 {
		hidden = hidden[:2] + "****" + hidden[n-2:]
	}
	switch s.Kind {
	case fundwatch.SubjectPerson:
		return "个人 " + hidden
	case fundwatch.SubjectUnit:
		return "单位 " + s.ID
	case fundwatch.SubjectAccount:
		return "账户 " + hidden
	case fundwatch.SubjectRegion:
		return "账套 " + s.ID
	default:
		return hidden
	}
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func clock(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).In(fundwatch.Shanghai())
}
