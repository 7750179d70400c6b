package supervision

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"fundwatch"
	"fundwatch/access"
	"fundwatch/core"
	"fundwatch/internal/audit"
	"fundwatch/internal/store"
	"fundwatch/patrol"
	"fundwatch/warehouse"
)

// ErrRevealQuota says that a person has used up the reveals of a day.
var ErrRevealQuota = &fundwatch.Error{
	Code: fundwatch.Denied, Message: "今日查看明文的次数已用完，请明日再办，或由其他有权限的人员办理",
}

// revealFor is how long clear data may stay on a page.
const revealFor = 5 * time.Minute

// RevealOptions are what a Revealer works with. All are required but PerDay.
type RevealOptions struct {
	Desk      *Desk
	Patrol    *patrol.Patrol
	Warehouse *warehouse.DB
	PerDay    int // reveals of one person in a day; default 50
}

// Revealer shows the personal data behind an alert in clear, to who may see it and says why (查看明文).
type Revealer struct{ o RevealOptions }

// NewRevealer makes a Revealer.
func NewRevealer(o RevealOptions) (*Revealer, error) {
	if o.Desk == nil || o.Patrol == nil || o.Warehouse == nil {
		return nil, errors.New("supervision: a Revealer needs Desk, Patrol and Warehouse")
	}
	if o.PerDay == 0 {
		o.PerDay = 50
	}
	return &Revealer{o}, nil
}

// RevealReasons lists the reasons that a person may give.
func RevealReasons() []Named {
	return []Named{
		{"verify", "核查核实"}, {"evidence", "调查取证"}, {"report", "举报、信访办理"}, {"audit", "审计、检查"},
		{"document", "制作文书"},
	}
}

// Revealed is the clear data of one alert.
type Revealed struct {
	Items  []ClearItem
	Left   int       // reveals left today
	EndsAt time.Time // when the page must hide it again
}

// ClearItem is one clear value.
type ClearItem struct {
	Name  string
	Value string
}

// Reveal shows the personal data behind an alert. That it is going to be shown is in the audit chain, and counts,
// before a single value is read; how much was shown follows.
func (x *Revealer) Reveal(ctx context.Context, actor fundwatch.Actor, id, reason, note string) (_ Revealed, err error) {
	defer fundwatch.Wrap(&err, "supervision.Reveal(%s)", clip(id))
	d := x.o.Desk
	if err := d.require(ctx, actor, access.Reveal, id); err != nil {
		return Revealed{}, err
	}
	if !slices.ContainsFunc(RevealReasons(), func(n Named) bool { return n.ID == reason }) {
		return Revealed{}, fundwatch.FieldErrorf("reason", "请从列表中选择事由")
	}
	if err := checkNote("note", "具体事由", note, 6); err != nil {
		return Revealed{}, err
	}
	r, err := visible(ctx, d.store.Read(), actor, id)
	if err != nil {
		return Revealed{}, d.hidden(ctx, actor, id, err)
	}
	left, err := x.count(ctx, actor, r, reason, note)
	if err != nil {
		return Revealed{}, err
	}
	out := Revealed{Left: left, EndsAt: d.opts.Now().Add(revealFor)}
	if out.Items, err = x.read(ctx, actor, r); err != nil {
		return Revealed{}, err
	}
	return out, d.audit.Record(ctx, audit.Entry{
		Actor: actor, Action: "alert.reveal", Object: "alert:" + id, Reason: note,
		Detail: map[string]string{"phase": "shown", "values": strconv.Itoa(len(out.Items))},
	})
}

// count takes one from the day's quota and records the intent.
func (x *Revealer) count(ctx context.Context, actor fundwatch.Actor, r *alertRow, reason, note string) (left int, err error) {
	d := x.o.Desk
	err = d.store.WithTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		y, m, day := tx.Now().In(fundwatch.Shanghai()).Date()
		midnight := time.Date(y, m, day, 0, 0, 0, 0, fundwatch.Shanghai())
		var used int
		err := tx.QueryRowContext(ctx, `SELECT count(*) FROM alert_reveal WHERE actor_id = ? AND at >= ?`,
			actor.ID, midnight.UnixMilli()).Scan(&used)
		if err != nil {
			return err
		}
		e := audit.Entry{
			Actor: actor, Action: "alert.reveal", Object: "alert:" + strconv.FormatInt(r.ID, 10), Reason: note,
			Detail: map[string]string{"phase": "intent", "reason": reason},
		}
		if left = x.o.PerDay - used - 1; left < 0 {
			e.Outcome = audit.Denied
			return d.audit.Append(ctx, tx, e)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO alert_reveal (id, actor_id, alert, at) VALUES (?, ?, ?, ?)`,
			store.NewID(), actor.ID, r.ID, tx.Now().UnixMilli())
		if err != nil {
			return err
		}
		return d.audit.Append(ctx, tx, e)
	})
	if err == nil && left < 0 {
		err = ErrRevealQuota
	}
	return left, err
}

// read collects the clear values: the person's own record, then what the evidence holds.
func (x *Revealer) read(ctx context.Context, actor fundwatch.Actor, r *alertRow) ([]ClearItem, error) {
	actor.Scope = actor.Scope.WithClear()
	out := []ClearItem{}
	add := func(name, value string) {
		item := ClearItem{name, value}
		if value != "" && !slices.Contains(out, item) {
			out = append(out, item)
		}
	}
	if r.SubjectKind == string(fundwatch.SubjectPerson) {
		if err := x.person(ctx, actor, r.SubjectID, add); err != nil {
			return nil, err
		}
	}
	e, err := x.o.Patrol.Evidence(ctx, actor, r.FindingKey)
	if err != nil {
		return nil, err
	}
	for _, t := range e.Tables {
		for i, c := range t.Columns {
			for _, row := range t.Rows {
				if c.Masked {
					add(t.Title+" "+c.Name, row[i])
				}
			}
		}
	}
	return out, nil
}

func (x *Revealer) person(ctx context.Context, actor fundwatch.Actor, id string, add func(name, value string)) error {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil // a subject that is no internal number has no record of a person
	}
	t, err := core.TableByCode("AC01")
	if err != nil {
		return err
	}
	for _, c := range t.Columns {
		if c.Mask == core.MaskNone || c.Type != core.Text {
			continue
		}
		f, err := x.o.Warehouse.View(actor).Query(ctx, warehouse.Statement{
			SQL: "SELECT " + c.Code + " FROM {{AC01}} WHERE AAC001 = ?", Args: []any{number},
		})
		if err != nil {
			return err
		}
		for _, row := range f.Rows {
			if value, ok := row[0].(string); ok {
				add(t.Name+" "+c.Name, value)
			}
		}
	}
	return nil
}
