package audit

import (
	"encoding/binary"
	"encoding/json"
	"hash"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"fundwatch"
)

// Outcome says how the action ended.
type Outcome string

// The outcomes. An empty Outcome is stored as Done.
const (
	Done   Outcome = "done"
	Denied Outcome = "denied"
	Failed Outcome = "failed"
)

// Entry is what a caller tells the chain.
type Entry struct {
	Actor   fundwatch.Actor
	Action  string // verb in dotted English, "account.create"; the page shows Chinese names for them
	Object  string // kind:id, "account:AB12"; empty when the action has none
	Outcome Outcome
	Reason  string            // why, in the words of the person who acted
	Detail  map[string]string // what changed; no identity numbers
}

// Record is an entry as the chain keeps it.
type Record struct {
	Seq       int64             `json:"seq"`
	Time      time.Time         `json:"time"`
	ActorID   string            `json:"actor_id"`
	ActorName string            `json:"actor_name"`
	Roles     []string          `json:"roles,omitempty"`
	Scope     string            `json:"scope,omitempty"` // regions/lines
	Address   string            `json:"address,omitempty"`
	Action    string            `json:"action"`
	Object    string            `json:"object,omitempty"`
	Outcome   Outcome           `json:"outcome"`
	Reason    string            `json:"reason,omitempty"`
	Detail    map[string]string `json:"detail,omitempty"`
}

// row is a line of the table audit_entry.
type row struct {
	bun.BaseModel `bun:"table:audit_entry"`

	Seq       int64
	At        int64
	ActorID   string
	ActorName string
	Roles     string
	Scope     string
	Address   string
	Action    string
	Object    string
	Outcome   string
	Reason    string
	Detail    string
	KeyID     string
	Prev      string
	Mac       string
}

func newRow(e Entry, at time.Time) (row, error) {
	detail := "{}"
	if len(e.Detail) > 0 {
		b, err := json.Marshal(e.Detail) // sorts the keys
		if err != nil {
			return row{}, err
		}
		detail = string(b)
	}
	if e.Outcome == "" {
		e.Outcome = Done
	}
	return row{
		At: at.UnixMilli(), ActorID: e.Actor.ID, ActorName: e.Actor.Name, Roles: strings.Join(e.Actor.Roles, ","),
		Scope: scopeText(e.Actor.Scope), Address: e.Actor.Address, Action: e.Action, Object: e.Object,
		Outcome: string(e.Outcome), Reason: e.Reason, Detail: detail,
	}, nil
}

func scopeText(s fundwatch.Scope) string {
	if s.Empty() {
		return ""
	}
	var b strings.Builder
	for i, r := range s.Regions() {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(string(r))
	}
	sep := byte('/')
	for _, l := range s.Lines() {
		b.WriteByte(sep)
		b.WriteString(string(l))
		sep = ','
	}
	return b.String()
}

// seal writes every field with its length before it, so that no two different entries feed the same bytes.
func (r *row) seal(h hash.Hash) {
	var n [8]byte
	number := func(v int64) {
		binary.BigEndian.PutUint64(n[:], uint64(v)) //nolint:gosec // only the bit pattern matters
		h.Write(n[:])
	}
	number(r.Seq)
	number(r.At)
	for _, s := range []string{
		r.ActorID, r.ActorName, r.Roles, r.Scope, r.Address, r.Action, r.Object, r.Outcome, r.Reason, r.Detail,
		r.KeyID, r.Prev,
	} {
		number(int64(len(s)))
		h.Write([]byte(s))
	}
}

func (r *row) record() Record {
	out := Record{
		Seq: r.Seq, Time: time.UnixMilli(r.At).In(fundwatch.Shanghai()), ActorID: r.ActorID, ActorName: r.ActorName,
		Scope: r.Scope, Address: r.Address, Action: r.Action, Object: r.Object, Outcome: Outcome(r.Outcome),
		Reason: r.Reason,
	}
	out.Roles = slices.DeleteFunc(strings.Split(r.Roles, ","), func(s string) bool { return s == "" })
	// A detail that no longer decodes was tampered with; Verify reports it, the list still shows the rest.
	_ = json.Unmarshal([]byte(r.Detail), &out.Detail)
	return out
}
