package synth

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"fundwatch/core"
)

// play tells everything inside the window: blocks of persons on all cores, in order into the spool, then what
// belongs to no person. It adds to the books and returns the truth that became visible.
func (w *world) play(ctx context.Context, win window, sp *spool, all *books, progress func(done, total int64)) ([]Truth, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	blocks := (w.n + blockSize - 1) / blockSize
	workers := min(int64(runtime.GOMAXPROCS(0)), blocks)
	full := make([]chan *output, workers)
	var wg sync.WaitGroup
	empty := make([]chan *output, workers)
	var outs []*output
	for k := range workers {
		full[k], empty[k] = make(chan *output), make(chan *output, 2)
		for range 2 {
			o := newOutput(sp.tables, newBooks(all.m0, all.m0+all.span-1))
			outs = append(outs, o)
			empty[k] <- o
		}
		wg.Go(func() { w.compute(ctx, win, k, workers, blocks, empty[k], full[k]) })
	}
	truth, err := gather(ctx, blocks, sp, empty, full, progress)
	cancel()
	wg.Wait()
	if err != nil {
		return nil, err
	}
	for _, o := range outs {
		all.merge(o.books)
	}
	o := newOutput(sp.tables, newBooks(all.m0, all.m0))
	w.tellWhole(o, win, all)
	if err := drain(o, sp); err != nil {
		return nil, err
	}
	return append(truth, o.truth...), nil
}

// compute computes every workers-th block.
func (w *world) compute(ctx context.Context, win window, first, step, blocks int64, empty <-chan *output, full chan<- *output) {
	for b := first; b < blocks; b += step {
		var o *output
		select {
		case o = <-empty:
		case <-ctx.Done():
			return
		}
		w.tellBlock(o, win, b)
		select {
		case full <- o:
		case <-ctx.Done():
			return
		}
	}
}

// gather brings the blocks into the spool in their order, so that the bytes do not depend on who was faster.
func gather(ctx context.Context, blocks int64, sp *spool, empty, full []chan *output, progress func(done, total int64)) ([]Truth, error) {
	var truth []Truth
	workers := int64(len(full))
	for b := range blocks {
		select {
		case o := <-full[b%workers]:
			if err := drain(o, sp); err != nil {
				return nil, err
			}
			truth = append(truth, o.truth...)
			o.truth = o.truth[:0]
			empty[b%workers] <- o
		case <-ctx.Done():
			return nil, fmt.Errorf("synth: %w", ctx.Err())
		}
		progress(b+1, blocks)
	}
	return truth, nil
}

func newOutput(tables []core.Table, b *books) *output {
	o := &output{books: b}
	for k, t := range tables {
		o.tabs[k] = newRows(t)
	}
	return o
}

// drain moves the rows of an output into the spool.
func drain(o *output, sp *spool) error {
	for k, b := range o.tabs {
		if err := sp.writers[k].add(b); err != nil {
			return err
		}
		b.reset()
	}
	return nil
}
