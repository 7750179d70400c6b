package web

import (
	"context"
	"strconv"
	"strings"
	"time"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/patrol"
)

// Rule is one row of the rulebook.
type Rule struct {
	ID           string `json:"id"`
	Version      int64  `json:"version"`
	Title        string `json:"title"`
	Category     string `json:"category"`
	Line         string `json:"line" doc:"Empty when the rule spans lines"`
	LineName     string `json:"lineName"`
	Severity     string `json:"severity" doc:"高, 中 or 低: where its alerts start"`
	Status       string `json:"status"`
	StatusName   string `json:"statusName"`
	SubjectKind  string `json:"subjectKind"`
	OpenAlerts   int64  `json:"openAlerts" doc:"Those the reader may see"`
	LastRound    int64  `json:"lastRound" doc:"Number of the round that ran it last; 0 when none did"`
	LastState    string `json:"lastState" doc:"ok, failed, held, or empty when it never ran"`
	LastFindings int64  `json:"lastFindings"`
	LastNote     string `json:"lastNote" doc:"Why it could not run, in Chinese"`
}

// RuleID names one rule in the path.
type RuleID struct {
	ID string `path:"id" pattern:"^[A-Z]{2}-[0-9]{3}$"`
}

// RuleDetail is a rule with everything it judges by.
type RuleDetail struct {
	Rule
	Basis       []Basis     `json:"basis"`
	Verified    bool        `json:"verified" doc:"The cited articles were read"`
	Disposal    string      `json:"disposal" doc:"How such cases are dealt with"`
	Control     string      `json:"control" doc:"事前, 事中 or 事后"`
	Origin      string      `json:"origin"`
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
	Name     string `json:"name"`
	Kind     string `json:"kind" doc:"hit, miss, late or undecidable"`
	KindName string `json:"kindName"`
}

// RuleRun is what one round found with a rule.
type RuleRun struct {
	Round     string `json:"round"`
	State     string `json:"state"`
	StateName string `json:"stateName"`
	Findings  int64  `json:"findings"`
	Appeared  int64  `json:"appeared"`
	Gone      int64  `json:"gone"`
	Millis    int64  `json:"millis"`
	Note      string `json:"note"`
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
	Note      string     `json:"note" doc:"What went wrong with the whole round, in Chinese"`
}

// RoundDetail adds the runs of its rules.
type RoundDetail struct {
	Round
	Runs []RoundRun `json:"runs"`
}

// RoundRun is one rule in a round.
type RoundRun struct {
	Rule      string `json:"rule"`
	RuleTitle string `json:"ruleTitle"`
	State     string `json:"state"`
	StateName string `json:"stateName"`
	Units     int64  `json:"units" doc:"Subjects judged anew; 0: all"`
	Findings  int64  `json:"findings"`
	Appeared  int64  `json:"appeared"`
	Gone      int64  `json:"gone"`
	Millis    int64  `json:"millis"`
	Note      string `json:"note"`
}

// RoundListInput narrows the list of rounds.
type RoundListInput struct {
	Paging
}

// RoundID names one round in the path.
type RoundID struct {
	ID string `path:"id" maxLength:"64"`
}

func (s *Server) listRules(ctx context.Context, a fundwatch.Actor, _ *Nothing) (*Body[List[Rule]], error) {
	f := s.features.Load()
	last, err := f.Patrol.LastRuns(ctx)
	if err != nil {
		return nil, err
	}
	open, err := s.openByRule(ctx, a)
	if err != nil {
		return nil, err
	}
	out := []Rule{}
	for _, r := range f.Patrol.Rulebook().Rules() {
		out = append(out, ruleRow(r, last[r.ID], open[r.ID]))
	}
	return answer(listOf(out, int64(len(out)), Paging{Page: 1, Size: len(out)}, time.Time{})), nil
}

func (s *Server) getRule(ctx context.Context, a fundwatch.Actor, in *RuleID) (*Body[RuleDetail], error) {
	f := s.features.Load()
	r, ok := f.Patrol.Rulebook().Rule(in.ID)
	if !ok {
		return nil, fundwatch.Errorf(fundwatch.NotFound, "规则库中没有规则 %s", in.ID)
	}
	runs, err := f.Patrol.Runs(ctx, r.ID, 20)
	if err != nil {
		return nil, err
	}
	open, err := s.openByRule(ctx, a)
	if err != nil {
		return nil, err
	}
	var last patrol.Run
	if len(runs) > 0 {
		last = runs[0]
	}
	out := RuleDetail{
		Rule: ruleRow(r, last, open[r.ID]), Basis: basisOf(r.LegalBasis), Verified: r.Verified, Disposal: r.Disposal,
		Control: r.Control, Origin: r.Origin, Explain: r.Explain, Reading: r.Reading, Guide: r.Guide,
		LookAlikes: some(r.FalsePositives), SQL: r.Match, Params: []RuleParam{}, Inputs: []RuleInput{}, Tests: []RuleTest{},
		LastResults: []RuleRun{},
	}
	for _, name := range r.ParamOrder {
		p := r.Params[name]
		out.Params = append(out.Params, RuleParam{
			Name: name, Title: p.Title, Kind: p.Type, Value: paramText(p), Source: "规则缺省值",
		})
	}
	for _, in := range r.Inputs {
		out.Inputs = append(out.Inputs, inputOf(in))
	}
	for _, c := range r.Cases {
		out.Tests = append(out.Tests, RuleTest{Name: c.Name, Kind: c.Kind, KindName: caseName(c.Kind)})
	}
	for _, x := range runs {
		out.LastResults = append(out.LastResults, RuleRun{
			Round: strconv.FormatInt(x.Round, 10), State: string(x.State), StateName: runName(x.State), Findings: int64(x.Findings),
			Appeared: int64(x.Appeared), Gone: int64(x.Gone), Millis: x.Millis, Note: x.Fault,
		})
	}
	return answer(out), nil
}

func (s *Server) listRounds(ctx context.Context, _ fundwatch.Actor, in *RoundListInput) (*Body[List[Round]], error) {
	rounds, total, err := s.features.Load().Patrol.Rounds(ctx, in.Size, in.skip())
	if err != nil {
		return nil, err
	}
	out := make([]Round, 0, len(rounds))
	for _, r := range rounds {
		out = append(out, roundRow(r))
	}
	return answer(listOf(out, total, in.Paging, time.Time{})), nil
}

func (s *Server) getRound(ctx context.Context, _ fundwatch.Actor, in *RoundID) (*Body[RoundDetail], error) {
	id, err := strconv.ParseInt(in.ID, 10, 64)
	if err != nil {
		return nil, fundwatch.Errorf(fundwatch.NotFound, "没有第 %s 轮巡查", in.ID)
	}
	f := s.features.Load()
	r, err := f.Patrol.Round(ctx, id)
	if err != nil {
		return nil, err
	}
	out := RoundDetail{Round: roundRow(r), Runs: []RoundRun{}}
	for _, x := range r.Runs {
		title := x.Rule
		if rule, ok := f.Patrol.Rulebook().Rule(x.Rule); ok {
			title = rule.Title
		}
		out.Runs = append(out.Runs, RoundRun{
			Rule: x.Rule, RuleTitle: title, State: string(x.State), StateName: runName(x.State), Units: x.Units,
			Findings: int64(x.Findings), Appeared: int64(x.Appeared), Gone: int64(x.Gone), Millis: x.Millis, Note: x.Fault,
		})
	}
	return answer(out), nil
}

// startRound asks for a full round; it runs in the background, one at a time.
func (s *Server) startRound(ctx context.Context, a fundwatch.Actor, _ *Nothing) (*Accepted, error) {
	return s.accept(s.features.Load().Enqueue(ctx, a, "patrol.full"))
}

func ruleRow(r *patrol.Rule, last patrol.Run, open int64) Rule {
	line := "各险种"
	if r.Line != "" {
		line = r.Line.Title()
	}
	return Rule{
		ID: r.ID, Version: r.Version, Title: r.Title, Category: r.Category, Line: string(r.Line), LineName: line,
		Severity: r.Severity, Status: string(r.Status), StatusName: r.Status.Title(), SubjectKind: string(r.Subject),
		OpenAlerts: open, LastRound: last.Round, LastState: string(last.State), LastFindings: int64(last.Findings), LastNote: last.Fault,
	}
}

func roundRow(r patrol.Round) Round {
	out := Round{
		ID: strconv.FormatInt(r.ID, 10), Kind: string(r.Kind), KindName: "增量巡查", State: string(r.State), StartedAt: r.StartedAt,
		EndedAt: clock(r.EndedAt), FromSeq: r.FromSeq, ToSeq: r.ToSeq, AsOf: clock(r.AsOf), Rules: int64(r.Rules),
		Failed: int64(r.Failed), Findings: int64(r.Findings), Raised: int64(r.Appeared), Changed: int64(r.Changed),
		Gone: int64(r.Gone), Note: r.Fault,
	}
	if r.Kind == patrol.FullRound {
		out.KindName = "全量巡查"
	}
	switch r.State {
	case patrol.RoundRunning:
		out.StateName = "进行中"
	case patrol.RoundDone:
		out.StateName = "已完成"
	case patrol.RoundPartial:
		out.StateName = "部分完成"
	case patrol.RoundFailed:
		out.StateName = "失败"
	case patrol.RoundInterrupted:
		out.StateName = "中断"
	}
	return out
}

func runName(s patrol.RunState) string {
	switch s {
	case patrol.RunOK:
		return "正常"
	case patrol.RunHeld:
		return "疑点过多，待复核"
	default:
		return "失败"
	}
}

func caseName(kind string) string {
	switch kind {
	case "hit":
		return "应发现"
	case "miss":
		return "不应发现"
	case "late":
		return "数据后到"
	default:
		return "不足以判定"
	}
}

// paramText writes the value of a parameter with its unit.
func paramText(p patrol.Param) string {
	if p.Type == "money" {
		return fundwatch.Fen(p.Default).Yuan()
	}
	return strings.TrimSpace(strconv.FormatFloat(p.Default, 'f', -1, 64) + " " + p.Unit)
}

// inputOf names a table and its columns in words.
func inputOf(in patrol.Input) RuleInput {
	out := RuleInput{Table: in.Table, Title: in.Table, Columns: []string{}}
	t, err := core.TableByCode(in.Table)
	if err != nil {
		return out // a derived table has no name in the contract
	}
	out.Title = t.Name
	for _, code := range in.Fields {
		if c, ok := t.Column(code); ok {
			out.Columns = append(out.Columns, c.Name)
		}
	}
	return out
}

// basisOf cuts a citation at its article: 社会保险法第88条 is law 社会保险法, article 第88条.
func basisOf(list []string) []Basis {
	out := make([]Basis, 0, len(list))
	for _, text := range list {
		law, article := text, ""
		if i := strings.Index(text, "第"); i > 0 {
			law, article = text[:i], text[i:]
		}
		out = append(out, Basis{Law: law, Article: article})
	}
	return out
}
