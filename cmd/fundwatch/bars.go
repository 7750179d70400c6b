package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// bars shows how far long work is: moving bars on a terminal, a line now and then in a file.
type bars struct {
	out      io.Writer
	progress *mpb.Progress // nil when out is no terminal
	bar      *mpb.Bar
	name     string
	said     time.Time
	done     bool
}

func newBars(out io.Writer) *bars {
	b := &bars{out: out}
	if f, ok := out.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			b.progress = mpb.New(mpb.WithOutput(out), mpb.WithWidth(48))
		}
	}
	return b
}

// step is called from the work's own goroutine.
func (b *bars) step(name string, done, total int64) {
	switch {
	case b.done:
	case b.progress == nil:
		if now := time.Now(); done >= total || now.Sub(b.said) >= 5*time.Second {
			b.said = now
			fmt.Fprintf(b.out, "造合成省份：%s %d%%\n", stepName(name), 100*done/max(total, 1))
		}
	default:
		if b.bar == nil || b.name != name {
			b.finish()
			b.name = name
			b.bar = b.progress.AddBar(max(total, 1), mpb.PrependDecorators(decor.Name("造合成省份 "+stepName(name)+" ")),
				mpb.AppendDecorators(decor.Percentage(), decor.Name("  "), decor.Elapsed(decor.ET_STYLE_GO)))
		}
		b.bar.SetTotal(max(total, 1), false)
		b.bar.SetCurrent(done)
	}
}

func (b *bars) finish() {
	if b.bar != nil {
		b.bar.SetTotal(-1, true)
	}
}

// wait ends the display; it may be called again.
func (b *bars) wait() {
	if b.done {
		return
	}
	b.done = true
	b.finish()
	if b.progress != nil {
		b.progress.Wait()
	}
}

// stepName is the Chinese name of a step of making a province; an unknown one is returned as it is.
func stepName(name string) string {
	switch name {
	case "persons":
		return "人员与业务"
	case "books":
		return "基金账"
	case "lists":
		return "外部名单"
	default:
		return name
	}
}
