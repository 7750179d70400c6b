package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"fundwatch"
	"fundwatch/core"
	"fundwatch/warehouse"
)

// round is one run of Once: several goroutines download pages to disk, one loads them. A page is loaded only when
// all its bytes are there, so a broken stream never reaches the warehouse.
type round struct {
	f     *Follower
	todo  []*feed
	ready chan fetched
	sum   Summary
	rows  map[string]int64 // loaded in this round, by table
	of    map[string]int64
	allOf int64

	mu      sync.Mutex
	stopped map[string]bool // tables given up in this round
	errs    []error
}

// fetched is a page on disk.
type fetched struct {
	feed *feed
	page *core.Page
	path string
	size int64
	last bool // reaches the head
}

func newRound(f *Follower, todo []*feed) *round {
	r := &round{f: f, todo: todo, ready: make(chan fetched, 1), stopped: map[string]bool{},
		rows: map[string]int64{}, of: map[string]int64{}}
	for _, fd := range todo {
		r.of[fd.Table] = fd.Behind
		r.allOf += fd.Behind
	}
	return r
}

// run downloads and loads until every table is level or given up.
func (r *round) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	queue := make(chan *feed, len(r.todo))
	for _, fd := range r.todo {
		queue <- fd
	}
	close(queue)
	var workers sync.WaitGroup
	for range r.f.cfg.Ahead {
		workers.Go(func() {
			for fd := range queue {
				r.download(ctx, fd)
			}
		})
	}
	go func() {
		workers.Wait()
		close(r.ready)
	}()
	var fatal error
	for p := range r.ready {
		if fatal == nil && ctx.Err() == nil && !r.isStopped(p.feed) {
			if fatal = r.load(ctx, p); fatal != nil {
				cancel()
			}
		}
		if err := os.Remove(p.path); err != nil {
			r.f.opts.Logger.WarnContext(ctx, "spent page cannot be removed", "path", p.path, "error", err)
		}
	}
	if fatal != nil {
		return fatal
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(append(r.errs, ctx.Err())...)
}

// download fetches the pages of one table up to its head, as far ahead of the loading as the channel allows.
func (r *round) download(ctx context.Context, fd *feed) {
	r.f.mu.Lock()
	table, after, head := fd.Table, fd.Cursor, fd.Head
	r.f.mu.Unlock()
	for after != head && ctx.Err() == nil && !r.isStopped(fd) {
		p, err := r.fetch(ctx, fd, after)
		if err != nil {
			if ctx.Err() == nil {
				r.stop(fd, fmt.Errorf("intake: %s after %q: %w", table, after, err))
			}
			return
		}
		if p.page.Rows == 0 {
			r.stop(fd, fundwatch.Errorf(fundwatch.Unavailable,
				"业务系统称表 %s 已到末尾（%s），但此前公布的末尾是 %s", table, after, head))
			return
		}
		p.last = p.page.Next == head
		select {
		case r.ready <- p:
		case <-ctx.Done():
			_ = os.Remove(p.path) // swept at the next start otherwise
			return
		}
		after = p.page.Next
	}
}

// fetch downloads one page, with patience.
func (r *round) fetch(ctx context.Context, fd *feed, after core.Cursor) (fetched, error) {
	for n := 1; ; n++ {
		p, err := r.fetchOnce(ctx, fd.Table, after)
		if err == nil {
			p.feed = fd
			return p, nil
		}
		if ctx.Err() != nil || !worthRetrying(err) || n >= r.f.cfg.Attempts {
			return p, err
		}
		wait := r.f.wait(n)
		r.f.mu.Lock()
		fd.State, fd.Attempts, fd.NextTry = FeedRetrying, fd.Attempts+1, r.f.opts.Now().Add(wait)
		fd.Message = fmt.Sprintf("读取变更失败，已试 %d 次，稍后重试：%s", n, fundwatch.MessageOf(err))
		r.f.mu.Unlock()
		r.f.opts.Logger.WarnContext(ctx, "page failed, trying again", "table", fd.Table, "after", after, "attempt", n,
			"wait", wait, "error", err)
		if err := sleep(ctx, wait); err != nil {
			return p, err
		}
	}
}

// fetchOnce writes one page to disk.
func (r *round) fetchOnce(ctx context.Context, table string, after core.Cursor) (out fetched, err error) {
	page, err := r.f.opts.Core.Changes(ctx, table, after)
	if err != nil {
		return out, err
	}
	out.page = page
	if page.Rows == 0 {
		return out, nil
	}
	defer func() { err = errors.Join(err, page.Body.Close()) }()
	file, err := os.CreateTemp(r.f.cfg.Dir, "page-*.arrows")
	if err != nil {
		return out, fmt.Errorf("intake: %w", err)
	}
	out.path = file.Name()
	out.size, err = io.Copy(file, page.Body)
	if err = errors.Join(err, file.Close()); err != nil {
		if errors.Is(err, syscall.ENOSPC) {
			err = fundwatch.Errorf(fundwatch.Unavailable, "磁盘空间不足，请清理后重试，已有数据不受影响: %w", err)
		}
		return out, errors.Join(err, os.Remove(out.path))
	}
	return out, nil
}

// load brings one page into the warehouse. An error is one after which no other table could be loaded either.
func (r *round) load(ctx context.Context, p fetched) error {
	fd, o := p.feed, r.f.opts
	if err := needSpace(o.Free, r.f.cfg.Dir, p.size); err != nil {
		r.stop(fd, err)
		return err
	}
	start := o.Now()
	res, err := o.Warehouse.Load(ctx, warehouse.Delivery{
		ID: fd.Table + "@" + string(p.page.Next), Table: fd.Table, Source: SourceCore, After: p.page.After,
		Next: p.page.Next, AsOf: p.page.AsOf, SHA: p.page.SHA, Rows: p.page.Rows, Sums: p.page.Sums, Path: p.path,
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return nil
	case err != nil:
		r.stop(fd, fmt.Errorf("intake: load %s@%s: %w", fd.Table, p.page.Next, err))
		if fundwatch.CodeOf(err) == fundwatch.Unavailable {
			return err
		}
		return nil
	}
	r.f.mu.Lock()
	fd.took(p.page, res, o.Now())
	fd.State, fd.Message, fd.Attempts, fd.NextTry = FeedOK, "正在同步", 0, time.Time{}
	r.f.mu.Unlock()
	r.sum.Rows += res.Rows
	r.sum.Bytes += p.size
	r.sum.Loads++
	r.rows[fd.Table] += res.Rows
	o.Logger.DebugContext(ctx, "page loaded", "table", fd.Table, "cursor", p.page.Next, "rows", res.Rows,
		"load_seq", res.LoadSeq, "took", o.Now().Sub(start))
	if p.last {
		r.f.reconcile(fd)
	}
	if o.Progress != nil {
		o.Progress(Progress{Table: fd.Table, Name: fd.Name, Rows: r.rows[fd.Table], Of: r.of[fd.Table],
			AllRows: r.sum.Rows, AllOf: r.allOf, AllBytes: r.sum.Bytes})
	}
	return nil
}

// stop gives a table up until the next round.
func (r *round) stop(fd *feed, cause error) {
	r.mu.Lock()
	r.stopped[fd.Table] = true
	r.errs = append(r.errs, cause)
	r.mu.Unlock()
	r.f.mu.Lock()
	defer r.f.mu.Unlock()
	fd.State, fd.Attempts, fd.NextTry = FeedFailed, fd.Attempts+1, time.Time{}
	fd.Message = "同步失败，下一轮再试：" + fundwatch.MessageOf(cause)
}

func (r *round) isStopped(fd *feed) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped[fd.Table]
}
