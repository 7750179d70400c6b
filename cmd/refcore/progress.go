package main

import (
	"io"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress shows one bar per step of making a province. On an output that is no terminal it stays silent.
type progress struct {
	mu   sync.Mutex
	all  *mpb.Progress
	bars map[string]*mpb.Bar
}

func newProgress(w io.Writer) *progress {
	return &progress{all: mpb.New(mpb.WithOutput(w), mpb.WithWidth(60)), bars: map[string]*mpb.Bar{}}
}

// report moves the step's bar. It is called from many goroutines.
func (p *progress) report(step string, done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	bar, ok := p.bars[step]
	if !ok {
		bar = p.all.AddBar(total,
			mpb.PrependDecorators(decor.Name(step, decor.WCSyncSpaceR), decor.CountersNoUnit("%d / %d", decor.WCSyncSpace)),
			mpb.AppendDecorators(decor.Percentage(decor.WCSyncSpace), decor.Name("  "), decor.AverageETA(decor.ET_STYLE_GO)))
		p.bars[step] = bar
	}
	bar.SetTotal(total, false)
	bar.SetCurrent(done)
}

// close ends all bars; those of a run that failed stay where they were.
func (p *progress) close(ok bool) {
	p.mu.Lock()
	for _, bar := range p.bars {
		if ok {
			bar.SetTotal(-1, true)
		} else {
			bar.Abort(false)
		}
	}
	p.mu.Unlock()
	p.all.Wait()
}
