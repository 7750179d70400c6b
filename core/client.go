package core

import (
	"context"
	"io"
	"time"

	"fundwatch"
)

// Cursor marks a place in one table's change feed. Cursors are opaque to the reader, grow monotonically and
// stay valid for ever; the empty Cursor is the beginning.
type Cursor string

// Feed is the head of one table's change feed.
type Feed struct {
	Table string `json:"table"`
	Head  Cursor `json:"head"` // the last cursor the core has committed; equal to the reader's when it is level
	Rows  int64  `json:"rows"` // changes delivered up to Head since the beginning
}

// Page is one delivery of a table's change feed. A page is immutable: asking again with the same cursor gives the
// same bytes, so a reader may ask as often as it likes.
type Page struct {
	Table string
	After Cursor           // the cursor it was asked with
	Next  Cursor           // the cursor to ask with next; equal to After when the reader is level
	Rows  int64            // changes in the page, 0 when level
	Sums  map[string]int64 // control totals in fen of Table.Sums over inserts and the new side of updates
	AsOf  time.Time        // business time up to which the page is complete
	SHA   string           // SHA-256 of the body, hex
	// Body is an Arrow IPC stream: the columns of the table, then _rid (int64, the core's stable row identity) and
	// _op (int8: 0 insert, 1 update, 2 delete; a delete carries the old values). The caller closes it. Nil when
	// level.
	Body io.ReadCloser
}

// DirectiveKind says what the workbench asks of the core.
type DirectiveKind string

// The directives.
const (
	Dispatch DirectiveKind = "dispatch" // an agency verifies a suspicion (预警派发)
	Suspend  DirectiveKind = "suspend"  // stop paying a benefit (业务阻断)
	Resume   DirectiveKind = "resume"   // pay again
	Correct  DirectiveKind = "correct"  // put a record right (数据更正)
)

// Directive is an order from the workbench to the core. ID is chosen by the sender and makes it idempotent: the
// same ID with the same content is answered alike, with other content it is a Conflict.
type Directive struct {
	ID       string            `json:"id"`
	Kind     DirectiveKind     `json:"kind"`
	Subject  fundwatch.Subject `json:"subject"`
	Region   fundwatch.Region  `json:"region"`
	Line     string            `json:"line,omitempty"`
	Reason   string            `json:"reason"`
	Amount   fundwatch.Fen     `json:"amount"`
	Deadline time.Time         `json:"deadline"`
	Items    map[string]string `json:"items,omitempty"` // facts the agency needs: rule, months, evidence row ids
}

// DirectiveState is how far the core has come with a directive.
type DirectiveState string

// The states of a directive. Answered and Refused are final.
const (
	Received   DirectiveState = "received"
	InProgress DirectiveState = "in_progress"
	Answered   DirectiveState = "answered"
	Refused    DirectiveState = "refused"
)

// Answer is what an agency found (预警核查). The fields are those the requirement names.
type Answer struct {
	Problem   bool          `json:"problem"`   // 是否存在问题
	Category  string        `json:"category"`  // 问题分类
	Rectified bool          `json:"rectified"` // 是否整改
	Amount    fundwatch.Fen `json:"amount"`    // 涉及金额
	Recovered fundwatch.Fen `json:"recovered"` // 追回金额
	Note      string        `json:"note"`      // 核查说明
	Evidence  []string      `json:"evidence"`  // 佐证材料: names of files
	Clerk     string        `json:"clerk"`     // 核查人
	At        time.Time     `json:"at"`
}

// DirectiveStatus is a directive with its progress. Seq grows with every change of any directive, so that a
// reader can ask for what is new.
type DirectiveStatus struct {
	Seq       int64          `json:"seq"`
	Directive Directive      `json:"directive"`
	State     DirectiveState `json:"state"`
	Message   string         `json:"message,omitempty"`
	Answer    *Answer        `json:"answer,omitempty"`
	At        time.Time      `json:"at"`
}

// Profile is what the core shows of one person, unit or case: named groups of named values, for reading only.
// Personal data is in clear: the workbench masks it before anyone sees it.
type Profile struct {
	Subject fundwatch.Subject `json:"subject"`
	Region  fundwatch.Region  `json:"region"`
	Groups  []ProfileGroup    `json:"groups"`
	AsOf    time.Time         `json:"asOf"`
}

// ProfileGroup is one heading of a Profile with its rows.
type ProfileGroup struct {
	Table string              `json:"table"`
	Title string              `json:"title"`
	Rows  []map[string]string `json:"rows"`
}

// Client is the business core as the workbench sees it. Every implementation passes coretest. All methods may be
// called from many goroutines, give up with the context, and fail with a fundwatch.Error: Unavailable when the
// core cannot be reached or answers garbage, Denied for bad credentials, NotFound, Conflict, Invalid.
type Client interface {
	// Feeds lists the heads of all tables' change feeds.
	Feeds(ctx context.Context) ([]Feed, error)
	// Changes reads the page after the cursor.
	Changes(ctx context.Context, table string, after Cursor) (*Page, error)
	// Profile reads a person (subject kind person), unit (unit) or case (agency answers, kind case).
	Profile(ctx context.Context, s fundwatch.Subject) (*Profile, error)
	// Submit hands over a directive; see Directive for idempotence.
	Submit(ctx context.Context, d Directive) (*DirectiveStatus, error)
	// Directives lists directive states with Seq above after, oldest first, at most limit.
	Directives(ctx context.Context, after int64, limit int) ([]DirectiveStatus, error)
}
