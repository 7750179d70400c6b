package core

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
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

// FeedList is the answer to "how far is every feed": all heads at one committed moment, so that a reader who
// follows each feed up to its head holds one consistent state.
type FeedList struct {
	Feeds []Feed    `json:"feeds"`
	AsOf  time.Time `json:"asOf"`
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
	// level. Read from Dial's client it fails at its end when bytes, rows or SHA are not as announced, so read it to
	// io.EOF before believing any of it.
	Body io.ReadCloser
}

// The columns that every page carries after those of its table.
const (
	RowColumn = "_rid" // the core's stable row identity, int64, never negative: rows that come by file are
	OpColumn  = "_op"  // Op, int8
)

// Op says what a change does to its row.
type Op int8

// The changes. A Delete carries the old values.
const (
	Insert Op = 0
	Update Op = 1
	Delete Op = 2
)

// The media types of a page.
const (
	ArrowStream = "application/vnd.apache.arrow.stream"
	JSONLines   = "application/x-ndjson"
)

// The headers that describe a page.
const (
	HeaderAfter = "Core-After"
	HeaderNext  = "Core-Next"
	HeaderRows  = "Core-Rows"
	HeaderSums  = "Core-Sums"
	HeaderAsOf  = "Core-As-Of"
	HeaderSHA   = "Core-Sha256"
)

// maxCursor bounds a cursor, so that one always fits into a header and a query.
const maxCursor = 200

// Valid reports whether the cursor may travel: visible ASCII without commas, not too long. The empty cursor may.
func (c Cursor) Valid() bool {
	return len(c) <= maxCursor && !strings.ContainsFunc(string(c), func(r rune) bool {
		return r <= ' ' || r > '~' || r == ','
	})
}

// SetHeader writes what describes the page into the headers of its answer.
func (p *Page) SetHeader(h http.Header) {
	h.Set(HeaderAfter, string(p.After))
	h.Set(HeaderNext, string(p.Next))
	h.Set(HeaderRows, strconv.FormatInt(p.Rows, 10))
	h.Set(HeaderAsOf, p.AsOf.In(fundwatch.Shanghai()).Format(time.RFC3339))
	if p.Rows == 0 {
		return
	}
	sums := make([]string, 0, len(p.Sums))
	for _, column := range slices.Sorted(maps.Keys(p.Sums)) {
		sums = append(sums, column+"="+strconv.FormatInt(p.Sums[column], 10))
	}
	h.Set(HeaderSums, strings.Join(sums, ", "))
	h.Set(HeaderSHA, p.SHA)
}

// readPageHeader is the inverse of SetHeader. It trusts nothing: a header that is absent, malformed or at odds
// with the request is an error.
func readPageHeader(h http.Header, table string, after Cursor) (*Page, error) {
	p := &Page{Table: table, After: after, Next: Cursor(h.Get(HeaderNext)), SHA: h.Get(HeaderSHA)}
	if got := Cursor(h.Get(HeaderAfter)); got != after {
		return nil, fmt.Errorf("%s is %q, asked with %q", HeaderAfter, got, after)
	}
	if !p.Next.Valid() {
		return nil, fmt.Errorf("%s is no cursor", HeaderNext)
	}
	var err error
	if p.Rows, err = strconv.ParseInt(h.Get(HeaderRows), 10, 64); err != nil || p.Rows < 0 {
		return nil, fmt.Errorf("%s is %q, want a count", HeaderRows, h.Get(HeaderRows))
	}
	if p.AsOf, err = time.Parse(time.RFC3339, h.Get(HeaderAsOf)); err != nil {
		return nil, fmt.Errorf("%s is no time: %w", HeaderAsOf, err)
	}
	if level := p.Rows == 0; level != (p.Next == after) {
		return nil, fmt.Errorf("%d rows, but the cursor goes from %q to %q", p.Rows, after, p.Next)
	}
	if p.Rows == 0 {
		return p, nil
	}
	if len(p.SHA) != 64 || strings.Trim(p.SHA, "0123456789abcdef") != "" {
		return nil, fmt.Errorf("%s is no SHA-256 in lower-case hex", HeaderSHA)
	}
	p.Sums, err = readSums(h.Get(HeaderSums))
	return p, err
}

func readSums(s string) (map[string]int64, error) {
	sums := map[string]int64{}
	if s == "" {
		return sums, nil
	}
	for part := range strings.SplitSeq(s, ",") {
		column, digits, ok := strings.Cut(strings.TrimSpace(part), "=")
		v, err := strconv.ParseInt(digits, 10, 64)
		if _, twice := sums[column]; !ok || err != nil || column == "" || twice {
			return nil, fmt.Errorf("%s holds %q, want COLUMN=fen once each", HeaderSums, part)
		}
		sums[column] = v
	}
	return sums, nil
}
