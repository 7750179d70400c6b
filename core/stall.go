package core

import (
	"context"
	"errors"
	"io"
	"time"
)

var errStalled = errors.New("core stood still for longer than the timeout")

// stallWatch gives a call up when the core stands still. A fixed deadline would not do: a page may rightly take
// minutes, as long as bytes keep coming, and the reader's own pace must not count.
type stallWatch struct {
	timeout time.Duration
	timer   *time.Timer
	cancel  context.CancelCauseFunc
	cause   func() error // why the call was given up, nil while it was not
}

func newStallWatch(ctx context.Context, timeout time.Duration) (context.Context, *stallWatch) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &stallWatch{
		timeout: timeout, cancel: cancel, cause: func() error { return context.Cause(ctx) },
	}
}

func (w *stallWatch) start() {
	if w.timer == nil {
		w.timer = time.AfterFunc(w.timeout, func() { w.cancel(errStalled) })
		return
	}
	w.timer.Reset(w.timeout)
}

func (w *stallWatch) stop() { w.timer.Stop() }

// reason prefers why the call was given up to what the connection says about it.
func (w *stallWatch) reason(err error) error {
	if cause := w.cause(); cause != nil {
		return cause
	}
	return err
}

// watchedBody is an answer's body under the watch.
type watchedBody struct {
	src   io.ReadCloser
	watch *stallWatch
}

// Read implements io.Reader.
func (b *watchedBody) Read(p []byte) (int, error) {
	b.watch.start()
	n, err := b.src.Read(p)
	b.watch.stop()
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	return n, unreachable(b.watch.reason(err))
}

// Close implements io.Closer and ends the call.
func (b *watchedBody) Close() error {
	err := b.src.Close()
	b.watch.cancel(nil)
	return err
}
