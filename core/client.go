package core

import (
	"context"

	"fundwatch"
)

// Client is the business core as the workbench sees it. Every implementation passes coretest. All methods may be
// called from many goroutines, give up with the context, and fail with a fundwatch.Error: Unavailable when the
// core cannot be reached or answers garbage, Denied for bad credentials, NotFound, Conflict, Invalid.
type Client interface {
	// Feeds lists the heads of all tables' change feeds at one committed moment.
	Feeds(ctx context.Context) ([]Feed, error)
	// Changes reads the page after the cursor. The page's body lives as long as ctx.
	Changes(ctx context.Context, table string, after Cursor) (*Page, error)
	// Profile reads a person (subject kind person), unit (unit) or case (kind case, id of the directive).
	Profile(ctx context.Context, s fundwatch.Subject) (*Profile, error)
	// Submit hands over a directive; see Directive for idempotence.
	Submit(ctx context.Context, d Directive) (*DirectiveStatus, error)
	// Directives lists changes of directive states with Seq above after, oldest first, at most limit.
	Directives(ctx context.Context, after int64, limit int) ([]DirectiveStatus, error)
}
