package core

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"fundwatch"
)

// The wait between tries doubles from firstWait to lastWait; half of it is left to chance, so that many readers
// that lost the core together do not come back together.
const (
	firstWait = 200 * time.Millisecond
	lastWait  = 10 * time.Second
)

// askedToWait is a failure for which the core named the time after which to try again.
type askedToWait struct {
	after time.Duration
	err   error
}

func (e *askedToWait) Error() string { return e.err.Error() }
func (e *askedToWait) Unwrap() error { return e.err }

// retry runs try until it succeeds, fails for good, the tries are used up or ctx ends. Every call of the contract
// is idempotent, so every one may be repeated; only Unavailable is worth it.
func (c *HTTP) retry(ctx context.Context, operation string, try func() error) error {
	for n := 1; ; n++ {
		err := try()
		if err == nil || fundwatch.CodeOf(err) != fundwatch.Unavailable || n >= c.config.Attempts || ctx.Err() != nil {
			return err
		}
		wait := backoff(n)
		var asked *askedToWait
		if errors.As(err, &asked) {
			if asked.after > c.config.MaxWait {
				return err
			}
			wait = max(wait, asked.after)
		}
		c.logger.WarnContext(ctx, "core call failed, trying again", "operation", operation, "attempt", n,
			"wait", wait, "error", err)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

func backoff(n int) time.Duration {
	wait := lastWait
	if n < 10 {
		wait = min(firstWait<<(n-1), lastWait)
	}
	return wait/2 + rand.N(wait/2+1) //nolint:gosec // chance spreads load here, it keeps no secret
}

// retryAfter reads the header in both of its forms, seconds and date.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	v := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(v); err == nil && seconds >= 0 {
		return time.Duration(min(seconds, 1<<30)) * time.Second, true
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(at.Sub(now), 0), true
	}
	return 0, false
}
