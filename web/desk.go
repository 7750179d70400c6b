package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"fundwatch"
	"fundwatch/access"
	"fundwatch/patrol"
	"fundwatch/supervision"
)

// verdictAccept is the verdict of a review that finds nothing against dispatching.
const verdictAccept = "accept"

// words answers the choices of all forms.
func (s *Server) words(context.Context, fundwatch.Actor, *Nothing) (*Body[Words], error) {
	out := Words{
		Lines: []Choice{}, Severities: choices(supervision.Severities()), States: choices(supervision.States()),
		Verdicts: []Choice{{Value: verdictAccept, Label: "初筛通过"}}, Outcomes: choices(supervision.Verdicts()),
		Reasons: choices(supervision.RevealReasons()), Roles: []Choice{},
	}
	for _, l := range fundwatch.Insurances() {
		out.Lines = append(out.Lines, Choice{Value: string(l), Label: l.Title()})
	}
	for _, v := range out.Outcomes {
		if v.Value != string(supervision.Violation) {
			out.Verdicts = append(out.Verdicts, v)
		}
	}
	for _, r := range access.Roles() {
		out.Roles = append(out.Roles, Choice{Value: r.ID, Label: r.Title})
	}
	return answer(out), nil
}

func choices(list []supervision.Named) []Choice {
	out := make([]Choice, 0, len(list))
	for _, n := range list {
		out = append(out, Choice{Value: n.ID, Label: n.Title})
	}
	return out
}

func (s *Server) listAlerts(ctx context.Context, a fundwatch.Actor, in *AlertListInput) (*Body[AlertList], error) {
	f := ExportFilter(in.AlertFilter).filter()
	f.Sort, f.Offset, f.Limit = in.Sort, in.skip(), in.Size
	features := s.features.Load()
	page, err := features.Desk.List(ctx, a, f)
	if err != nil {
		return nil, err
	}
	items := make([]Alert, 0, len(page.Items))
	for _, x := range page.Items {
		items = append(items, s.alert(x))
	}
	_, asOf := features.Mark()
	return answer(AlertList{
		List: listOf(items, page.Total, in.Paging, asOf), Seq: page.Seq,
		Facets: AlertFacets{
			State:    counts(page.Facets.State, func(v string) string { return supervision.State(v).Title() }),
			Severity: counts(page.Facets.Severity, func(v string) string { return supervision.Severity(v).Title() }),
			Line:     counts(page.Facets.Line, func(v string) string { return fundwatch.Insurance(v).Title() }),
			Region:   counts(page.Facets.Region, func(v string) string { return s.regionName(fundwatch.Region(v)) }),
			Rule:     counts(page.Facets.Rule, s.ruleTitle),
		},
	}), nil
}

func counts(list []supervision.Count, title func(string) string) []Count {
	out := make([]Count, 0, len(list))
	for _, c := range list {
		out = append(out, Count{Value: c.Value, Label: title(c.Value), Count: c.Count})
	}
	return out
}

// filter is the filter as the desk takes it.
func (f ExportFilter) filter() supervision.Filter {
	out := supervision.Filter{
		Region: fundwatch.Region(f.Region), Rules: f.Rule, Open: f.Open, Overdue: f.Overdue, Query: f.Q, From: f.From, To: f.To,
	}
	for _, v := range f.State {
		out.States = append(out.States, supervision.State(v))
	}
	for _, v := range f.Severity {
		out.Severities = append(out.Severities, supervision.Severity(v))
	}
	for _, v := range f.Line {
		out.Lines = append(out.Lines, fundwatch.Insurance(v))
	}
	return out
}

func (s *Server) alertStats(ctx context.Context, a fundwatch.Actor, _ *Nothing) (*Body[AlertStats], error) {
	x, err := s.features.Load().Desk.Stats(ctx, a, "")
	if err != nil {
		return nil, err
	}
	return answer(AlertStats{
		Open: x.Open, Today: x.Today, Red: x.Red, Overdue: x.Overdue, Amount: int64(x.Amount), Confirmed: int64(x.Confirmed),
		Recovered: int64(x.Recovered),
		ByState:   counts(x.ByState, func(v string) string { return supervision.State(v).Title() }),
	}), nil
}

func (s *Server) getAlert(ctx context.Context, a fundwatch.Actor, in *AlertID) (*AlertOutput, error) {
	f := s.features.Load()
	x, err := f.Desk.Get(ctx, a, in.ID)
	if err != nil {
		return nil, err
	}
	e, err := f.Patrol.Evidence(ctx, a, x.Alert.Key)
	if err != nil {
		return nil, err
	}
	out := AlertDetail{
		Alert: s.alert(x.Alert), Explanation: e.Explanation, Disposal: e.Disposal, Guide: e.Guide,
		LookAlikes: some(e.FalsePositives), SQL: e.SQL, Facts: []Fact{}, Evidence: []Sheet{}, RuleVersion: x.Alert.RuleVersion,
		Basis: basisOf(e.LegalBasis), Params: []RuleParam{}, Timeline: []AlertEvent{}, Actions: actionsOf(a, x), AsOf: clock(e.AsOf),
	}
	for _, v := range e.Facts {
		out.Facts = append(out.Facts, Fact{Name: v.Name, Value: v.Value, Kind: v.Kind})
	}
	for _, v := range e.Params {
		out.Params = append(out.Params, RuleParam{Title: v.Name, Kind: v.Kind, Value: v.Value, Source: "生成预警时的取值"})
	}
	for _, t := range e.Tables {
		out.Evidence = append(out.Evidence, evidenceSheet(t, e.AsOf))
	}
	for _, v := range x.Timeline {
		out.Timeline = append(out.Timeline, AlertEvent{
			At: v.At, Actor: v.Actor, Action: string(v.Action), Title: v.Title, Note: v.Note, State: string(v.State),
			StateName: v.State.Title(),
		})
	}
	if v := x.Answer; v != nil {
		out.Answer = &Answer{
			Problem: v.Problem, Category: v.Category, Rectified: v.Rectified, Amount: int64(v.Amount), Recovered: int64(v.Recovered),
			Note: v.Note, Evidence: some(v.Evidence), Clerk: v.Clerk, At: v.At,
		}
	}
	return &AlertOutput{ETag: strconv.Quote(strconv.FormatInt(x.Alert.Rev, 10)), Body: out}, nil
}

func evidenceSheet(t patrol.EvidenceTable, asOf time.Time) Sheet {
	out := Sheet{
		Table: t.Table, Title: t.Title, Columns: []SheetColumn{}, Rows: some(t.Rows), Total: int64(len(t.Rows)),
		Truncated: t.Truncated, AsOf: clock(asOf),
	}
	for _, c := range t.Columns {
		out.Columns = append(out.Columns, SheetColumn{Code: c.Code, Name: c.Name, Kind: string(c.Type), Masked: c.Masked})
	}
	return out
}

// actionsOf folds the moves of the desk into the forms of the page: accepting and dismissing a new alert is one
// form, judging an answer another.
func actionsOf(a fundwatch.Actor, x *supervision.Detail) []Action {
	out := []Action{}
	add := func(id, title string) {
		if !slices.ContainsFunc(out, func(y Action) bool { return y.ID == id }) {
			out = append(out, Action{ID: id, Title: title})
		}
	}
	for _, m := range x.Actions {
		switch supervision.Action(m.ID) {
		case supervision.Accept:
			add("review", "审核")
		case supervision.Dismiss:
			if x.Alert.State == supervision.Answered {
				add("confirm", "认定结果")
			} else {
				add("review", "审核")
			}
		case supervision.Confirm:
			add("confirm", "认定结果")
		default:
			add(m.ID, m.Title)
		}
	}
	if access.Require(a, access.Reveal) == nil {
		add("reveal", "查看明文")
	}
	return out
}

func (s *Server) reviewAlert(ctx context.Context, a fundwatch.Actor, in *ReviewInput) (*AlertOutput, error) {
	v := supervision.Review{Accept: in.Body.Verdict == verdictAccept, Note: in.Body.Note}
	if !v.Accept {
		v.Verdict = supervision.Verdict(in.Body.Verdict)
	}
	return s.changed(ctx, a, in.AlertID)(s.features.Load().Desk.Review(ctx, a, in.ID, in.Body.Rev, v))
}

func (s *Server) dispatchAlert(ctx context.Context, a fundwatch.Actor, in *DispatchInput) (*AlertOutput, error) {
	order, err := orderOf(in.Body.Deadline, in.Body.Content)
	if err != nil {
		return nil, err
	}
	return s.changed(ctx, a, in.AlertID)(s.features.Load().Desk.Dispatch(ctx, a, in.ID, in.Body.Rev, order))
}

func (s *Server) returnAlert(ctx context.Context, a fundwatch.Actor, in *ReturnInput) (*AlertOutput, error) {
	order, err := orderOf(in.Body.Deadline, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return s.changed(ctx, a, in.AlertID)(s.features.Load().Desk.ReturnForRework(ctx, a, in.ID, in.Body.Rev, order))
}

func orderOf(deadline, note string) (supervision.Order, error) {
	day, err := time.ParseInLocation(time.DateOnly, deadline, fundwatch.Shanghai())
	if err != nil {
		return supervision.Order{}, fundwatch.FieldErrorf("deadline", "%q 不是日期，应写成 2026-11-05", deadline)
	}
	return supervision.Order{Deadline: day, Note: note}, nil
}

func (s *Server) confirmAlert(ctx context.Context, a fundwatch.Actor, in *ConfirmInput) (*AlertOutput, error) {
	return s.changed(ctx, a, in.AlertID)(s.features.Load().Desk.Confirm(ctx, a, in.ID, in.Body.Rev, supervision.Outcome{
		Verdict: supervision.Verdict(in.Body.Outcome), Amount: fundwatch.Fen(in.Body.Amount),
		Recovered: fundwatch.Fen(in.Body.Recovered), Note: in.Body.Note,
	}))
}

func (s *Server) rectifyAlert(ctx context.Context, a fundwatch.Actor, in *RectifyInput) (*AlertOutput, error) {
	return s.changed(ctx, a, in.AlertID)(s.features.Load().Desk.Rectify(ctx, a, in.ID, in.Body.Rev, in.Body.Note))
}

func (s *Server) closeAlert(ctx context.Context, a fundwatch.Actor, in *CloseInput) (*AlertOutput, error) {
	return s.changed(ctx, a, in.AlertID)(s.features.Load().Desk.Close(ctx, a, in.ID, in.Body.Rev, fundwatch.Fen(in.Body.Recovered), in.Body.Note))
}

func (s *Server) suspendPayment(ctx context.Context, a fundwatch.Actor, in *SuspendInput) (*AlertOutput, error) {
	return s.changed(ctx, a, in.AlertID)(s.features.Load().Desk.SuspendPayment(ctx, a, in.ID, in.Body.Rev, in.Body.Reason))
}

// changed answers a change with the alert as it now is.
func (s *Server) changed(ctx context.Context, a fundwatch.Actor, id AlertID) func(supervision.Alert, error) (*AlertOutput, error) {
	return func(_ supervision.Alert, err error) (*AlertOutput, error) {
		if err != nil {
			return nil, err
		}
		return s.getAlert(ctx, a, &id)
	}
}

func (s *Server) revealAlert(ctx context.Context, a fundwatch.Actor, in *RevealInput) (*Body[Revealed], error) {
	x, err := s.features.Load().Reveals.Reveal(ctx, a, in.ID, in.Body.Reason, in.Body.Note)
	if errors.Is(err, supervision.ErrRevealQuota) {
		return nil, newProblem(http.StatusTooManyRequests, codeTooMany, fundwatch.MessageOf(err))
	}
	if err != nil {
		return nil, err
	}
	out := Revealed{Items: []RevealedItem{}, Left: x.Left, ExpiresAt: x.EndsAt}
	for _, v := range x.Items {
		out.Items = append(out.Items, RevealedItem{Name: v.Name, Value: v.Value})
	}
	return answer(out), nil
}

func (s *Server) exportAlerts(ctx context.Context, a fundwatch.Actor, in *ExportInput) (*FileOutput, error) {
	file, err := s.features.Load().Desk.Export(ctx, a, in.Body.Filter.filter(), in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return &FileOutput{
		ContentType:        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		ContentDisposition: "attachment; filename*=UTF-8''" + url.PathEscape(file.Name), Body: file.Data,
	}, nil
}

// openByRule counts the open alerts a person may see, by rule; those who may see none count none.
func (s *Server) openByRule(ctx context.Context, a fundwatch.Actor) (map[string]int64, error) {
	out := map[string]int64{}
	if access.Require(a, access.AlertRead) != nil {
		return out, nil
	}
	stats, err := s.features.Load().Desk.Stats(ctx, a, "")
	for _, r := range stats.ByRule {
		out[r.Value] = r.Open
	}
	return out, err
}

func (s *Server) ruleTitle(id string) string {
	if r, ok := s.features.Load().Patrol.Rulebook().Rule(id); ok {
		return r.Title
	}
	return id
}

// alert is an alert on the wire.
func (s *Server) alert(x supervision.Alert) Alert {
	out := Alert{
		ID: x.ID, Rev: x.Rev, Rule: x.Rule, RuleTitle: x.RuleTitle, Title: x.Title, Severity: string(x.Severity),
		SeverityName: x.Severity.Title(), State: string(x.State), StateName: x.State.Title(), Open: x.State.Open(),
		Line: string(x.Line), LineName: x.Line.Title(), Region: string(x.Region), RegionName: s.regionName(x.Region),
		SubjectKind: string(x.Subject.Kind), SubjectID: x.Subject.ID, SubjectName: x.SubjectName, Amount: int64(x.Amount),
		RaisedAt: x.RaisedAt, SeenAt: x.SeenAt, DueAt: clock(x.DueAt), Overdue: x.Overdue, Handler: x.Handler, Times: x.Times,
		RaisedOn: x.RaisedOn, Found: x.Found, Suspended: x.Suspended, Confirmed: int64(x.Confirmed), Recovered: int64(x.Recovered),
	}
	if x.FirstMonth.Valid() {
		out.FirstMonth, out.LastMonth = x.FirstMonth.String(), x.LastMonth.String()
	}
	if x.Verdict != "" {
		out.VerdictName = x.Verdict.Title()
	}
	return out
}
