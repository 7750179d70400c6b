package supervision

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"fundwatch"
	"fundwatch/access"
	"fundwatch/core"
	"fundwatch/internal/store"
)

// Review is a supervisor's or monitor's verdict on a new alert (预警审核): accepted for dispatch, or dismissed with
// a verdict and a reason.
type Review struct {
	Accept  bool
	Verdict Verdict // when dismissed: anything but Violation
	Note    string  // when dismissed: why
}

// Review accepts or dismisses an alert that nobody has dispatched yet.
func (d *Desk) Review(ctx context.Context, actor fundwatch.Actor, id string, rev int64, v Review) (Alert, error) {
	if v.Accept {
		return d.act(ctx, id, rev, step{action: Accept, actor: actor, note: v.Note, change: handledBy(actor)}, access.AlertReview)
	}
	if err := checkDismissal(v.Verdict, v.Note); err != nil {
		return Alert{}, err
	}
	return d.act(ctx, id, rev, dismissal(actor, v.Verdict, v.Note), access.AlertReview)
}

func checkDismissal(v Verdict, note string) error {
	if !v.valid() || v == Violation {
		return fundwatch.FieldErrorf("verdict", "排除预警须选择结论：属实但合规、数据错误、规则误报或无法核实")
	}
	return checkNote("note", "排除理由", note, 4)
}

// dismissal is the step that ends an alert without a problem. The evidence it was judged on is remembered: the same
// finding stays silent as long as its evidence does not change.
func dismissal(actor fundwatch.Actor, v Verdict, note string) step {
	return step{
		action: Dismiss, actor: actor, note: note, words: []string{string(v)},
		change: func(_ context.Context, _ *store.Tx, r *alertRow) error {
			r.Handler, r.Verdict, r.VerdictHash, r.DueAt = actor.Name, string(v), r.Hash, 0
			return nil
		},
	}
}

func handledBy(actor fundwatch.Actor) func(context.Context, *store.Tx, *alertRow) error {
	return func(_ context.Context, _ *store.Tx, r *alertRow) error {
		r.Handler = actor.Name
		return nil
	}
}

// checkNote checks a text that goes into the timeline and the audit chain.
func checkNote(field, what, text string, least int) error {
	n := utf8.RuneCountInString(strings.TrimSpace(text))
	if n < least || n > 1000 {
		return fundwatch.FieldErrorf(field, "%s须填写 %d 至 1000 个字，现为 %d 个字", what, least, n)
	}
	return nil
}

// Order is what an agency is asked to do (派发).
type Order struct {
	Agency   fundwatch.Region // default: the alert's region
	Deadline time.Time        // last day; default by severity in working days
	Note     string           // what to verify
}

// Dispatch hands the alert to the agency of a region for verification.
func (d *Desk) Dispatch(ctx context.Context, actor fundwatch.Actor, id string, rev int64, o Order) (Alert, error) {
	return d.handOver(ctx, actor, id, rev, Dispatch, o)
}

// ReturnForRework sends a careless answer back to the agency with what is missing (退回重核).
func (d *Desk) ReturnForRework(ctx context.Context, actor fundwatch.Actor, id string, rev int64, o Order) (Alert, error) {
	return d.handOver(ctx, actor, id, rev, Return, o)
}

func (d *Desk) handOver(ctx context.Context, actor fundwatch.Actor, id string, rev int64, a Action, o Order) (Alert, error) {
	if d.opts.Core == nil {
		return Alert{}, fundwatch.Errorf(fundwatch.Unavailable, "未配置业务系统接口，不能派发")
	}
	if err := checkNote("note", "核查要求", o.Note, 1); err != nil {
		return Alert{}, err
	}
	if o.Agency != "" && !actor.Scope.Covers(o.Agency, "") {
		return Alert{}, fundwatch.FieldErrorf("agency", "只能派发到所辖范围内的经办机构，%s 不在范围内", o.Agency)
	}
	today := d.opts.Today()
	if !o.Deadline.IsZero() && endOfDay(o.Deadline).Before(today) {
		return Alert{}, fundwatch.FieldErrorf("deadline", "办理期限 %s 已过，请选择 %s 或以后的日期", d.day(o.Deadline), d.day(today))
	}
	rows, err := d.rows(ctx, actor, id)
	if err != nil {
		return Alert{}, err
	}
	s := step{action: a, actor: actor, note: o.Note, words: []string{string(o.Agency), d.day(o.Deadline)}}
	s.change = func(ctx context.Context, tx *store.Tx, r *alertRow) error {
		r.Agency = string(o.Agency)
		if r.Agency == "" {
			r.Agency = r.Region
		}
		due := d.opts.Calendar.after(today, r.Severity.workdays())
		if !o.Deadline.IsZero() {
			due = endOfDay(o.Deadline)
		}
		r.DueAt, r.Handler = due.UnixMilli(), actor.Name
		r.Dispatches++
		r.Directive = fmt.Sprintf("PF-%d-%d", r.ID, r.Dispatches)
		dir := r.directive(core.Dispatch, r.Directive, o.Note, due)
		if rows != "" {
			dir.Items[core.ItemRows] = rows
		}
		return enqueue(ctx, tx, r, dir)
	}
	return d.act(ctx, id, rev, s, access.AlertDispatch)
}

// rows lists the evidence of an alert for the agency, before any transaction begins: a warehouse may be slow. Who
// may not see the alert gets none; act then says why.
func (d *Desk) rows(ctx context.Context, actor fundwatch.Actor, id string) (string, error) {
	if d.opts.Rows == nil || access.Require(actor, access.AlertDispatch) != nil {
		return "", nil
	}
	r, err := visible(ctx, d.store.Read(), actor, id)
	if fundwatch.CodeOf(err) == fundwatch.NotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	rows, err := d.opts.Rows(ctx, r.FindingKey)
	if fundwatch.CodeOf(err) == fundwatch.NotFound {
		return "", nil // the finding's rule left the rulebook
	}
	return strings.Join(rows, ","), err
}

// directive writes the order to the core about the alert.
func (r *alertRow) directive(kind core.DirectiveKind, id, reason string, due time.Time) core.Directive {
	items := map[string]string{core.ItemRule: r.Rule, "title": r.RuleTitle, "alert": strconv.FormatInt(r.ID, 10)}
	var months []string
	for m := fundwatch.Month(r.FirstMonth); m.Valid() && m <= fundwatch.Month(r.LastMonth); m = m.Add(1) {
		months = append(months, strconv.Itoa(int(m)))
	}
	if len(months) > 0 && len(months) <= patrolMonths {
		items[core.ItemMonths] = strings.Join(months, ",")
	}
	region := r.Agency
	if region == "" {
		region = r.Region
	}
	return core.Directive{
		ID: id, Kind: kind, Subject: fundwatch.Subject{Kind: fundwatch.SubjectKind(r.SubjectKind), ID: r.SubjectID},
		Region: fundwatch.Region(region), Line: r.Line, Reason: reason, Amount: fundwatch.Fen(max(r.Amount, 0)),
		Deadline: due, Items: items,
	}
}

// patrolMonths bounds the list of months in a directive.
const patrolMonths = 120

// Outcome is what a supervisor makes of an agency's answer (监管审核).
type Outcome struct {
	Verdict   Verdict
	Amount    fundwatch.Fen // unlawful, for a Violation
	Recovered fundwatch.Fen // back already
	Note      string
}

// Confirm accepts the agency's answer: a violation is confirmed with its amounts, anything else ends the alert.
func (d *Desk) Confirm(ctx context.Context, actor fundwatch.Actor, id string, rev int64, o Outcome) (Alert, error) {
	switch {
	case !o.Verdict.valid():
		return Alert{}, fundwatch.FieldErrorf("outcome", "请选择核查结论")
	case o.Verdict != Violation:
		if err := checkDismissal(o.Verdict, o.Note); err != nil {
			return Alert{}, err
		}
		return d.act(ctx, id, rev, dismissal(actor, o.Verdict, o.Note), access.AlertConfirm)
	case o.Amount < 0 || o.Recovered < 0 || o.Recovered > o.Amount:
		return Alert{}, fundwatch.FieldErrorf("recovered", "追回金额应在 0 与认定金额 %s 之间", o.Amount.Yuan())
	}
	s := step{action: Confirm, actor: actor, note: o.Note, words: []string{o.Amount.String(), o.Recovered.String()}}
	s.change = func(_ context.Context, _ *store.Tx, r *alertRow) error {
		r.Handler, r.Verdict, r.VerdictHash = actor.Name, string(Violation), r.Hash
		r.Confirmed, r.Recovered, r.DueAt = int64(o.Amount), int64(o.Recovered), 0
		return nil
	}
	return d.act(ctx, id, rev, s, access.AlertConfirm)
}

// Rectify puts a confirmed problem under rectification.
func (d *Desk) Rectify(ctx context.Context, actor fundwatch.Actor, id string, rev int64, note string) (Alert, error) {
	return d.act(ctx, id, rev, step{action: Rectify, actor: actor, note: note, change: handledBy(actor)}, access.AlertConfirm)
}

// Close ends a confirmed problem (销号) with what was recovered in the end; less than confirmed needs a reason.
func (d *Desk) Close(ctx context.Context, actor fundwatch.Actor, id string, rev int64, recovered fundwatch.Fen, note string) (Alert, error) {
	s := step{action: Close, actor: actor, note: note, words: []string{recovered.String()}}
	s.change = func(_ context.Context, _ *store.Tx, r *alertRow) error {
		if int64(recovered) < r.Recovered || int64(recovered) > r.Confirmed {
			return fundwatch.FieldErrorf("recovered", "追回金额应在已登记的 %s 与认定金额 %s 之间",
				fundwatch.Fen(r.Recovered).Yuan(), fundwatch.Fen(r.Confirmed).Yuan())
		}
		if int64(recovered) < r.Confirmed {
			if err := checkNote("note", "未足额追回的说明", note, 4); err != nil {
				return err
			}
		}
		r.Handler, r.Recovered = actor.Name, int64(recovered)
		return nil
	}
	return d.act(ctx, id, rev, s, access.AlertConfirm)
}

// SuspendPayment asks the core to stop paying the benefit in question (业务阻断).
func (d *Desk) SuspendPayment(ctx context.Context, actor fundwatch.Actor, id string, rev int64, reason string) (Alert, error) {
	if d.opts.Core == nil {
		return Alert{}, fundwatch.Errorf(fundwatch.Unavailable, "未配置业务系统接口，不能暂停发放")
	}
	if err := checkNote("reason", "暂停发放的理由", reason, 6); err != nil {
		return Alert{}, err
	}
	s := step{action: Suspend, actor: actor, note: reason}
	s.change = func(ctx context.Context, tx *store.Tx, r *alertRow) error {
		if r.Suspended == 1 {
			return fundwatch.Errorf(fundwatch.Conflict, "已提出暂停发放，不必重复")
		}
		r.Suspended = 1
		id := fmt.Sprintf("ZT-%d-%d", r.ID, r.Rev)
		return enqueue(ctx, tx, r, r.directive(core.Suspend, id, reason, time.Time{}))
	}
	return d.act(ctx, id, rev, s, access.AlertSuspend)
}
