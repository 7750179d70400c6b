package live

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"fundwatch"
	"fundwatch/internal/store"
)

const (
	// Keep is how many events of a topic are kept at least.
	Keep = 10_000
	// trimEvery is how many events may come together beyond Keep before the oldest go.
	trimEvery = 500
	// wakeTopic is signalled after a commit with events.
	wakeTopic = "live"
)

// Item is an event to append.
type Item struct {
	Topic  string              // "alerts"
	Key    string              // what the event is about; of several with one key only the newest matters to a state topic
	Region fundwatch.Region    // where; empty: nowhere in particular
	Line   fundwatch.Insurance // in which line; empty: none
	AsOf   time.Time           // the moment up to which the data behind it reaches; zero: unknown
	Data   any                 // encoded as JSON; no personal data, it is not masked again
}

// Event is a stored event.
type Event struct {
	Topic  string              `json:"topic"`
	Seq    int64               `json:"seq"` // from 1, without holes inside the topic
	Time   time.Time           `json:"time"`
	AsOf   time.Time           `json:"as_of,omitzero"`
	Key    string              `json:"key,omitempty"`
	Region fundwatch.Region    `json:"region,omitempty"`
	Line   fundwatch.Insurance `json:"line,omitempty"`
	Data   json.RawMessage     `json:"data"`
}

// VisibleTo reports whether the scope reaches the event. An event without region is for everybody who may see
// the topic.
func (e *Event) VisibleTo(s fundwatch.Scope) bool {
	return e.Region == "" || s.Covers(e.Region, e.Line)
}

// row is a line of the table live_event.
type row struct {
	bun.BaseModel `bun:"table:live_event"`

	Topic  string
	Seq    int64
	At     int64
	AsOf   int64
	Ref    string
	Region string
	Line   string
	Data   string
}

func (r *row) event() *Event {
	e := &Event{
		Topic: r.Topic, Seq: r.Seq, Time: time.UnixMilli(r.At).In(fundwatch.Shanghai()), Key: r.Ref,
		Region: fundwatch.Region(r.Region), Line: fundwatch.Insurance(r.Line), Data: json.RawMessage(r.Data),
	}
	if r.AsOf != 0 {
		e.AsOf = time.UnixMilli(r.AsOf).In(fundwatch.Shanghai())
	}
	return e
}

// Append stores an event in the caller's transaction and returns its number.
func Append(ctx context.Context, tx *store.Tx, it Item) (seq int64, err error) {
	defer fundwatch.Wrap(&err, "live.Append(%s)", it.Topic)
	if it.Topic == "" {
		return 0, errors.New("event without topic")
	}
	data, err := json.Marshal(it.Data)
	if err != nil {
		return 0, fmt.Errorf("encode: %w", err)
	}
	minSeq := int64(1)
	err = tx.QueryRowContext(ctx, `SELECT next_seq, min_seq FROM live_topic WHERE topic = ?`, it.Topic).Scan(&seq, &minSeq)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		seq = 1
		_, err = tx.ExecContext(ctx, `INSERT INTO live_topic (topic, next_seq, min_seq) VALUES (?, 2, 1)`, it.Topic)
	case err == nil:
		if seq-minSeq >= Keep+trimEvery {
			minSeq = seq - Keep
			_, err = tx.ExecContext(ctx, `DELETE FROM live_event WHERE topic = ? AND seq < ?`, it.Topic, minSeq)
		}
		if err == nil {
			_, err = tx.ExecContext(ctx, `UPDATE live_topic SET next_seq = ?, min_seq = ? WHERE topic = ?`, seq+1, minSeq, it.Topic)
		}
	}
	if err != nil {
		return 0, err
	}
	r := row{
		Topic: it.Topic, Seq: seq, At: tx.Now().UnixMilli(), Ref: it.Key, Region: string(it.Region),
		Line: string(it.Line), Data: string(data),
	}
	if !it.AsOf.IsZero() {
		r.AsOf = it.AsOf.UnixMilli()
	}
	if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
		return 0, err
	}
	tx.Wake(wakeTopic)
	return seq, nil
}

// Batch is what came after a number.
type Batch struct {
	Events []*Event // in order; at most as many as were asked for
	Min    int64    // the oldest number still kept
	Max    int64    // the newest number; 0 when the topic is empty
	Gap    bool     // something between is gone, or the number is from another history: read the data anew from Max
}

// Since returns the events of a topic after a number, oldest first.
func Since(ctx context.Context, db *store.DB, topic string, after int64, limit int) (_ Batch, err error) {
	defer fundwatch.Wrap(&err, "live.Since(%s, %d)", topic, after)
	var b Batch
	// The bounds are read first: events that arrive between the two reads lie behind Max and come next time.
	if b.Min, b.Max, err = Bounds(ctx, db.Read(), topic); err != nil {
		return Batch{}, store.Fault(err)
	}
	if b.Gap = gap(after, b.Min, b.Max); b.Gap || after == b.Max {
		return b, nil
	}
	var rows []row
	err = db.Read().NewSelect().Model(&rows).Where("topic = ? AND seq > ? AND seq <= ?", topic, after, b.Max).
		OrderExpr("seq").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return Batch{}, store.Fault(err)
	}
	for i := range rows {
		b.Events = append(b.Events, rows[i].event())
	}
	if len(b.Events) > 0 && b.Events[0].Seq != after+1 { // trimmed between the two reads
		return Batch{Min: b.Events[0].Seq, Max: b.Max, Gap: true}, nil
	}
	return b, nil
}

func gap(after, lowest, highest int64) bool { return after < lowest-1 || after > highest }

// Bounds returns the oldest and the newest number of a topic. Read in one transaction with a page's data, Max is
// the number from which that page goes on.
func Bounds(ctx context.Context, db bun.IDB, topic string) (lowest, highest int64, err error) {
	err = db.QueryRowContext(ctx, `SELECT min_seq, next_seq - 1 FROM live_topic WHERE topic = ?`, topic).Scan(&lowest, &highest)
	if errors.Is(err, sql.ErrNoRows) {
		return 1, 0, nil
	}
	return lowest, highest, err
}
