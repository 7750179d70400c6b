package supervision

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"fundwatch"
	"fundwatch/access"
	"fundwatch/core"
	"fundwatch/internal/audit"
	"fundwatch/internal/jobs"
	"fundwatch/internal/live"
	"fundwatch/internal/store"
)

// Topic is the live topic of alerts.
const Topic = "alerts"

// Options are what the desk works with. Store, Audit, Now and Logger are required; without a Core nothing can be
// dispatched.
type Options struct {
	Store *store.DB
	Audit *audit.Log
	Core  core.Client
	// Rows names the rows that prove a finding as TABLE:rid, for the agency; may be nil.
	Rows     func(ctx context.Context, key string) ([]string, error)
	Now      func() time.Time
	Today    func() time.Time // business time, for deadlines and days; default Now
	Calendar Calendar
	Logger   *slog.Logger
}

// Desk is where alerts are worked on (预警工作台). Its methods may be called from many goroutines.
type Desk struct {
	opts    Options
	store   *store.DB
	audit   *audit.Log
	tallies tallies
}

// New makes a desk.
func New(o Options) (*Desk, error) {
	if o.Store == nil || o.Audit == nil || o.Now == nil || o.Logger == nil {
		return nil, errors.New("supervision: Options need Store, Audit, Now and Logger")
	}
	if o.Today == nil {
		o.Today = o.Now
	}
	return &Desk{opts: o, store: o.Store, audit: o.Audit}, nil
}

// system is who acts when no person does.
func system() fundwatch.Actor { return fundwatch.Actor{ID: "system", Name: "系统"} }

// step is one use of the state machine.
type step struct {
	action Action
	actor  fundwatch.Actor
	note   string
	// change puts what the action means into the row; it runs inside the transaction, after the guards.
	change func(ctx context.Context, tx *store.Tx, r *alertRow) error
	// words tell two uses of one action apart when the same request comes twice.
	words []string
}

func (s step) digest() string {
	h := sha256.New()
	for _, w := range append([]string{string(s.action), s.note}, s.words...) {
		fmt.Fprintf(h, "%d:%s", len(w), w)
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// act is what every public action does: permission, scope, version, state, then the change with all that follows
// from it in one transaction. Sending the same request again, because the answer was lost, is answered with what
// the first one did.
func (d *Desk) act(ctx context.Context, id string, rev int64, s step, need access.Permission) (_ Alert, err error) {
	defer fundwatch.Wrap(&err, "supervision.%s(%s)", s.action, id)
	if err := d.require(ctx, s.actor, need, id); err != nil {
		return Alert{}, err
	}
	var out Alert
	err = d.store.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		r, err := visible(ctx, tx, s.actor, id)
		if err != nil {
			return err
		}
		if r.Rev != rev {
			if same, err := repeated(ctx, tx, r, rev, s); err != nil || !same {
				return errors.Join(err, fundwatch.Errorf(fundwatch.Conflict, "该预警已被更新（当前版本 %d），请刷新后重试", r.Rev))
			}
			out = r.alert(d.opts.Today())
			return nil
		}
		m, ok := findMove(s.action, r.State)
		if !ok || m.need != need {
			return fundwatch.Errorf(fundwatch.Conflict, "预警当前为“%s”，不能%s", r.State.Title(), actionTitle(s.action, ""))
		}
		if err := d.transition(ctx, tx, r, m, s); err != nil {
			return err
		}
		if err := d.audit.Append(ctx, tx, audit.Entry{
			Actor: s.actor, Action: "alert." + string(s.action), Object: "alert:" + id, Reason: s.note,
			Detail: map[string]string{"state": string(r.State), "rule": r.Rule, "rev": strconv.FormatInt(r.Rev, 10)},
		}); err != nil {
			return err
		}
		out = r.alert(d.opts.Today())
		return d.publish(ctx, tx, r)
	})
	if fundwatch.CodeOf(err) == fundwatch.NotFound {
		err = errors.Join(err, d.denied(ctx, s.actor, string(s.action), id, "范围之外或不存在"))
	}
	return out, err
}

// transition applies one move: the row under its version, and its line in the timeline.
func (d *Desk) transition(ctx context.Context, tx *store.Tx, r *alertRow, m move, s step) error {
	if s.change != nil {
		if err := s.change(ctx, tx, r); err != nil {
			return err
		}
	}
	if m.to != "" {
		r.State = m.to
	}
	before := r.Rev
	r.Rev++
	r.ChangedAt = tx.Now().UnixMilli()
	if r.OpenSlot != nil && !r.State.Open() {
		r.OpenSlot, r.ClosedAt, r.ClosedOn = nil, r.ChangedAt, d.day(d.opts.Today())
	}
	res, err := tx.NewUpdate().Model(r).WherePK().Where("rev = ?", before).Exec(ctx)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(err, fundwatch.Errorf(fundwatch.Conflict, "该预警已被更新，请刷新后重试"))
	}
	return appendEvent(ctx, tx, r, s)
}

// publish tells live readers about the row; they get the subject by its masked number only.
func (d *Desk) publish(ctx context.Context, tx *store.Tx, r *alertRow) error {
	a := r.alert(d.opts.Today())
	a.Subject.ID = ""
	_, err := live.Append(ctx, tx, live.Item{
		Topic: Topic, Key: strconv.FormatInt(r.ID, 10), Region: fundwatch.Region(r.Region), Line: fundwatch.Insurance(r.Line),
		Data: a,
	})
	return err
}

// day is a business day as text.
func (d *Desk) day(t time.Time) string { return t.In(fundwatch.Shanghai()).Format(time.DateOnly) }

// require checks the permission and records a denial.
func (d *Desk) require(ctx context.Context, actor fundwatch.Actor, need access.Permission, id string) error {
	err := access.Require(actor, need)
	if err == nil {
		return nil
	}
	return errors.Join(err, d.denied(ctx, actor, string(need), id, "无权限"))
}

// denied records that someone reached for what is not theirs.
func (d *Desk) denied(ctx context.Context, actor fundwatch.Actor, action, id, why string) error {
	if actor.ID == "" {
		return nil // nobody is logged in; the web records those
	}
	return d.audit.Record(ctx, audit.Entry{
		Actor: actor, Action: "alert." + strings.TrimPrefix(action, "alert."), Object: "alert:" + id, Outcome: audit.Denied, Reason: why,
	})
}

// visible reads an alert that lies inside the actor's scope.
func visible(ctx context.Context, db bun.IDB, actor fundwatch.Actor, id string) (*alertRow, error) {
	r := &alertRow{}
	n, err := strconv.ParseInt(id, 10, 64)
	if err == nil {
		q := db.NewSelect().Model(r).Where("id = ?", n)
		err = within(q, actor).Scan(ctx)
	}
	var number *strconv.NumError
	if errors.Is(err, sql.ErrNoRows) || errors.As(err, &number) {
		return nil, fundwatch.Errorf(fundwatch.NotFound, "没有编号为 %s 的预警", clip(id))
	}
	return r, err
}

// clip keeps a text from outside short.
func clip(s string) string {
	if len(s) > 20 {
		return s[:20] + "…"
	}
	return s
}

// within narrows a query to what the actor may see: regions and lines, and for an agency what was handed to it.
func within(q *bun.SelectQuery, actor fundwatch.Actor) *bun.SelectQuery {
	s := actor.Scope
	if s.Empty() {
		return q.Where("1 = 0")
	}
	column := "region"
	if onlyAgency(actor) {
		column = "agency"
		q = q.Where("dispatches > 0")
	}
	lines := []string{""}
	for _, l := range s.Lines() {
		lines = append(lines, string(l))
	}
	q = q.Where("line IN (?)", bun.List(lines))
	return q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
		for _, r := range s.Regions() {
			q = inRegion(q, " OR ", column, r)
		}
		return q
	})
}

// inRegion adds the condition that a column's region lies inside r.
func inRegion(q *bun.SelectQuery, sep, column string, r fundwatch.Region) *bun.SelectQuery {
	p := r.Prefix()
	lo, hi := p+strings.Repeat("0", 6-len(p)), p+strings.Repeat("9", 6-len(p))
	if sep == " OR " {
		return q.WhereOr("? BETWEEN ? AND ?", bun.Ident(column), lo, hi)
	}
	return q.Where("? BETWEEN ? AND ?", bun.Ident(column), lo, hi)
}

// onlyAgency reports whether the actor sees alerts as an agency alone.
func onlyAgency(actor fundwatch.Actor) bool {
	if !actor.HasRole(access.Agency) {
		return false
	}
	for _, role := range []string{access.Supervisor, access.Leader, access.Analyst, access.Monitor} {
		if actor.HasRole(role) {
			return false
		}
	}
	return true
}

// enqueue hands a directive to the outbox: the job sends it once the transaction is committed.
func enqueue(ctx context.Context, tx *store.Tx, r *alertRow, dir core.Directive) error {
	if err := dir.Validate(); err != nil {
		return err
	}
	row := directiveRow{ID: dir.ID, Alert: r.ID, Kind: string(dir.Kind), State: "sending", MadeAt: tx.Now().UnixMilli()}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return err
	}
	_, err := jobs.Enqueue(ctx, tx, jobs.Job{Kind: SubmitJob, Key: dir.ID, Args: dir, MaxAttempts: submitAttempts})
	return err
}
