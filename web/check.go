package web

import (
	"context"
	"strings"
	"time"

	"fundwatch"
	"fundwatch/warehouse/intake/check"
)

// Check is one check point with its last result.
type Check struct {
	ID        string     `json:"id"`
	Title     string     `json:"title"`
	Table     string     `json:"table"`
	TableName string     `json:"tableName"`
	Kind      string     `json:"kind" doc:"Kind of check, in Chinese"`
	Grade     string     `json:"grade" doc:"废弃, 待调整 or 可转换: what a failing row becomes"`
	Reading   string     `json:"reading" doc:"What is checked and how to put it right, in plain Chinese"`
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
	Grades    []Count    `json:"grades" doc:"Rows at fault by their worst grade"`
	RunAt     *time.Time `json:"runAt,omitempty"`
	AsOf      *time.Time `json:"asOf,omitempty"`
}

// CheckProblem is what one check point finds in one region, with who looks after it.
type CheckProblem struct {
	ID         string     `json:"id"`
	Check      string     `json:"check"`
	Title      string     `json:"title"`
	TableName  string     `json:"tableName"`
	Grade      string     `json:"grade"`
	Fix        string     `json:"fix" doc:"How to put it right"`
	Region     string     `json:"region" doc:"Empty: rows that name no region"`
	RegionName string     `json:"regionName"`
	Bad        int64      `json:"bad" doc:"Rows at fault now"`
	State      string     `json:"state" enum:"open,assigned,fixed,accepted"`
	StateName  string     `json:"stateName"`
	Owner      string     `json:"owner" doc:"Login name; empty when nobody has it"`
	Deadline   *time.Time `json:"deadline,omitempty"`
	Note       string     `json:"note"`
	FoundAt    time.Time  `json:"foundAt"`
	SeenAt     time.Time  `json:"seenAt" doc:"When its state last changed"`
}

// ProblemListInput narrows the list of problems.
type ProblemListInput struct {
	Paging
	State  []string `query:"state" maxItems:"4"`
	Owner  string   `query:"owner" maxLength:"64"`
	Check  string   `query:"check" maxLength:"64"`
	Grade  string   `query:"grade" maxLength:"16"`
	Region string   `query:"region" pattern:"^([0-9]{6})?$"`
}

// ProblemID names one problem in the path.
type ProblemID struct {
	ID string `path:"id" maxLength:"64" doc:"Check point and region: DQ-C01~520302"`
}

// ProblemRowsInput asks for the rows at fault.
type ProblemRowsInput struct {
	ProblemID
	Paging
}

// AssignInput gives a problem to somebody.
type AssignInput struct {
	ProblemID
	Body struct {
		Owner    string `json:"owner" minLength:"1" maxLength:"64" doc:"Login name"`
		Deadline string `json:"deadline" format:"date"`
		Note     string `json:"note" maxLength:"500"`
	}
}

// ProblemStateInput moves a problem on.
type ProblemStateInput struct {
	ProblemID
	Body struct {
		State string `json:"state" enum:"open,fixed,accepted"`
		Note  string `json:"note" maxLength:"500"`
	}
}

// Headcount compares the heads in the warehouse with the yearly report, whose figures come by file.
type Headcount struct {
	Year      int64   `json:"year"`
	Line      string  `json:"line"`
	LineName  string  `json:"lineName"`
	Region    string  `json:"region"`
	Name      string  `json:"name" doc:"Name of the region"`
	Kind      string  `json:"kind" enum:"insured,paying,receiving"`
	KindName  string  `json:"kindName"`
	Reported  int64   `json:"reported"`
	Counted   int64   `json:"counted"`
	Deviation float64 `json:"deviation" doc:"Share of the reported figure"`
	Bound     float64 `json:"bound" doc:"Share that is tolerated"`
	Warning   bool    `json:"warning" doc:"Near the bound or beyond it"`
	Failed    bool    `json:"failed" doc:"Beyond the bound"`
}

// HeadcountInput chooses the year.
type HeadcountInput struct {
	Year int `query:"year" minimum:"0" maximum:"2199" doc:"Without it, the year before the last business day's"`
}

func (s *Server) listChecks(ctx context.Context, _ fundwatch.Actor, _ *Nothing) (*Body[Checks], error) {
	f := s.features.Load()
	status, err := f.Checks.Status(ctx)
	if err != nil {
		return nil, err
	}
	runs, err := f.Checks.Runs(ctx, 20)
	if err != nil {
		return nil, err
	}
	out := Checks{Items: []Check{}, Points: int64(len(status)), Target: check.Target, Grades: []Count{}}
	for _, r := range runs {
		if r.State != "done" {
			continue
		}
		out.PointRate, out.RowRate, out.RunAt, out.AsOf = r.PointRate, r.RowRate, clock(r.Ended), clock(r.AsOf)
		for _, g := range []struct {
			grade check.Grade
			rows  int64
		}{{check.Discard, r.Discard}, {check.Adjust, r.Adjust}, {check.Convert, r.Convert}} {
			out.Grades = append(out.Grades, Count{Value: string(g.grade), Label: string(g.grade), Count: g.rows})
		}
		break
	}
	for _, p := range status {
		out.Items = append(out.Items, checkRow(p))
	}
	return answer(out), nil
}

func checkRow(p check.PointStatus) Check {
	c := Check{
		ID: p.ID, Title: p.Title, Table: p.Table, TableName: p.TableName, Kind: p.Class, Grade: string(p.Grade),
		Reading: strings.TrimSpace(p.Explanation + " " + p.Fix), State: "never",
	}
	if p.Last == nil {
		return c
	}
	c.Rows, c.Bad, c.Rate, c.RunAt, c.Note = p.Last.Checked, p.Last.Faulty, 1-p.Last.Share, clock(p.Last.At), p.Last.Fault
	switch {
	case p.Last.Fault != "":
		c.State = "broken"
	case p.Last.Passed:
		c.State = "passed"
	default:
		c.State = "failed"
	}
	return c
}

// runChecks asks for a run of all points; it goes on in the background.
func (s *Server) runChecks(ctx context.Context, a fundwatch.Actor, _ *Nothing) (*Accepted, error) {
	return s.accept(s.features.Load().Enqueue(ctx, a, "checks.run"))
}

func (s *Server) listProblems(ctx context.Context, a fundwatch.Actor, in *ProblemListInput) (*Body[List[CheckProblem]], error) {
	f := check.IssueFilter{
		Point: in.Check, Region: fundwatch.Region(in.Region), Grade: check.Grade(in.Grade), Owner: in.Owner,
		Offset: in.skip(), Limit: in.Size,
	}
	for _, state := range in.State {
		f.States = append(f.States, check.IssueState(state))
	}
	issues, total, err := s.features.Load().Checks.Issues(ctx, a, f)
	if err != nil {
		return nil, err
	}
	out := make([]CheckProblem, 0, len(issues))
	for _, i := range issues {
		out = append(out, s.problem(i))
	}
	return answer(listOf(out, int64(total), in.Paging, time.Time{})), nil
}

func (s *Server) assignProblem(ctx context.Context, a fundwatch.Actor, in *AssignInput) (*Body[CheckProblem], error) {
	point, region := in.parts()
	_, deadline, err := daysOf("", in.Body.Deadline)
	if err != nil {
		return nil, err
	}
	issue, err := s.features.Load().Checks.Assign(ctx, a, point, region, in.Body.Owner, deadline.Add(-time.Second), in.Body.Note)
	if err != nil {
		return nil, err
	}
	return answer(s.problem(issue)), nil
}

func (s *Server) moveProblem(ctx context.Context, a fundwatch.Actor, in *ProblemStateInput) (*Body[CheckProblem], error) {
	point, region := in.parts()
	issue, err := s.features.Load().Checks.SetState(ctx, a, point, region, check.IssueState(in.Body.State), in.Body.Note)
	if err != nil {
		return nil, err
	}
	return answer(s.problem(issue)), nil
}

func (s *Server) problemRows(ctx context.Context, a fundwatch.Actor, in *ProblemRowsInput) (*Body[Sheet], error) {
	point, region := in.parts()
	frame, err := s.features.Load().Checks.Rows(ctx, a, point, region, in.skip(), in.Size)
	if err != nil {
		return nil, err
	}
	return answer(frameSheet(frame)), nil
}

func (s *Server) listHeadcounts(ctx context.Context, a fundwatch.Actor, in *HeadcountInput) (*Body[List[Headcount]], error) {
	f := s.features.Load()
	year := in.Year
	if year == 0 {
		_, asOf := f.Mark()
		if asOf.IsZero() {
			asOf = s.now()
		}
		year = asOf.In(fundwatch.Shanghai()).Year() - 1
	}
	found, err := f.Checks.Headcounts(ctx, a, year)
	if err != nil {
		return nil, err
	}
	out := []Headcount{}
	for _, h := range found {
		for _, x := range []struct {
			kind, name string
			count      check.Count
		}{{"insured", "参保人数", h.Insured}, {"paying", "缴费人数", h.Paying}, {"receiving", "待遇领取人数", h.Receiving}} {
			out = append(out, Headcount{
				Year: h.Year, Line: string(h.Line), LineName: h.Line.Title(), Region: string(h.Region), Name: s.regionName(h.Region),
				Kind: x.kind, KindName: x.name, Reported: x.count.Entered, Counted: x.count.System, Deviation: x.count.Deviation,
				Bound: x.count.Bound, Warning: x.count.Verdict != check.VerdictOK, Failed: x.count.Verdict == check.VerdictFail,
			})
		}
	}
	return answer(listOf(out, int64(len(out)), Paging{Page: 1, Size: len(out)}, time.Time{})), nil
}

// parts splits the id of a problem into check point and region.
func (p ProblemID) parts() (point string, region fundwatch.Region) {
	point, r, _ := strings.Cut(p.ID, "~")
	return point, fundwatch.Region(r)
}

func (s *Server) problem(i check.Issue) CheckProblem {
	out := CheckProblem{
		ID: i.Point + "~" + string(i.Region), Check: i.Point, Title: i.Title, TableName: i.TableName, Grade: string(i.Grade),
		Fix: i.Fix, Region: string(i.Region), RegionName: s.regionName(i.Region), Bad: i.Rows, State: string(i.State), Owner: i.Owner,
		Deadline: clock(i.Deadline), Note: i.Note, FoundAt: i.First, SeenAt: i.Changed,
	}
	switch i.State {
	case check.Open:
		out.StateName = "待处理"
	case check.Assigned:
		out.StateName = "已指派"
	case check.Fixed:
		out.StateName = "已改正"
	case check.Accepted:
		out.StateName = "已认可"
	}
	return out
}
