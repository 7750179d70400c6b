package browsertest

import (
	"context"
	_ "embed"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

//go:embed checks.js
var checks string

// patience is how long a page may take on a busy machine with two cores.
const patience = 20 * time.Second

// tab is one browser tab on the running program.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base *url.URL

	mu     sync.Mutex
	faults []string // console errors and requests to elsewhere
	calm   []string // texts of faults that the test causes itself
}

// chromium finds the browser, or ends the test: skipped, or failed where a browser is required.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const says = "NO BROWSER: chromium is not installed, so nothing that a person sees was tested (scripts/browser.sh installs it)"
	if os.Getenv("REQUIRE_BROWSER") != "" {
		t.Fatal(says)
	}
	t.Skip(says)
	return ""
}

// openTab starts a browser of its own and ends it with the test. The test fails over anything the console
// complained about and over any request that left the program.
func openTab(t *testing.T, base string) *tab {
	t.Helper()
	path := chromium(t)
	at, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.NoFirstRun, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.Env("TZ=Asia/Shanghai"), chromedp.WindowSize(1440, 900),
		chromedp.Flag("headless", "new"), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("force-device-scale-factor", "1"), chromedp.Flag("lang", "zh-CN"),
		// A fade that is under way is neither readable nor twice the same picture.
		chromedp.Flag("force-prefers-reduced-motion", true),
	}
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	ctx, cancel := chromedp.NewContext(ctx, chromedp.WithErrorf(t.Logf))
	t.Cleanup(func() { cancel(); stop() })
	b := &tab{t: t, ctx: ctx, base: at}
	// The browser lives as long as the context of the first step, so that one has no deadline.
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1440, 900)); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.settle)
	return b
}

// hear keeps what a page must not do.
func (b *tab) hear(event any) {
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			var text []string
			for _, a := range e.Args {
				text = append(text, string(a.Value), a.Description)
			}
			b.fault("console: " + strings.Join(text, " "))
		}
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		b.fault("exception: " + text)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			b.fault("browser: " + e.Entry.Text + " " + e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		at, err := url.Parse(e.Request.URL)
		if err != nil || (at.Host != b.base.Host && !slices.Contains([]string{"data", "blob", "about"}, at.Scheme)) {
			b.fault("request to elsewhere: " + e.Request.URL)
		}
	}
}

func (b *tab) fault(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = append(b.faults, text)
}

// expect lets pass complaints that contain the text, because the test itself gives cause for them.
func (b *tab) expect(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calm = append(b.calm, text)
}

// settle reports what was heard.
func (b *tab) settle() {
	b.mu.Lock()
	defer b.mu.Unlock()
	slices.Sort(b.faults)
	for _, fault := range slices.Compact(b.faults) {
		if !slices.ContainsFunc(b.calm, func(c string) bool { return strings.Contains(fault, c) }) {
			b.t.Error(fault)
		}
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.keepPicture()
		b.t.Fatal(err)
	}
}

// eval runs an expression in the page; a promise is waited for.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// visit opens an address of the program and waits until its data is painted.
func (b *tab) visit(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base.JoinPath("/").String() + strings.TrimPrefix(path, "/")))
	b.ready(path)
}

// ready waits until the page in the tab says that its data is painted.
func (b *tab) ready(what string) {
	b.t.Helper()
	b.until(what+" is painted", `document.querySelector('[data-ready]') !== null && document.querySelector('.el-skeleton') === null`)
}

// until waits for a condition in the page. It asks from outside, because a page under its policy runs no code
// made from text.
func (b *tab) until(what, condition string) {
	b.t.Helper()
	if !b.within(patience, condition) {
		b.keepPicture()
		b.t.Fatalf("not within %s: %s", patience, what)
	}
}

func (b *tab) within(limit time.Duration, condition string) bool {
	b.t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for {
		if eval[bool](b, "!!("+condition+")") {
			return true
		}
		select {
		case <-deadline.C:
			return false
		case <-b.ctx.Done():
			b.t.Fatal(b.ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// click presses the first visible element that the selector finds.
func (b *tab) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(selector, chromedp.NodeVisible))
}

// fill types into the field that the selector finds.
func (b *tab) fill(selector, text string) {
	b.t.Helper()
	b.do(chromedp.Click(selector, chromedp.NodeVisible), chromedp.SendKeys(selector, text))
}

// text is what a person reads in the element.
func (b *tab) text(selector string) string {
	b.t.Helper()
	return eval[string](b, fmt.Sprintf(`document.querySelector(%q)?.innerText ?? ''`, selector))
}

// hold runs one of the checks and fails over every fault it finds.
func (b *tab) hold(what, call string) {
	b.t.Helper()
	for _, fault := range eval[[]string](b, "("+checks+")."+call) {
		b.t.Errorf("%s: %s", what, fault)
	}
}

// accessible holds the page to the accessibility rules that keep somebody from using it.
func (b *tab) accessible(what string) {
	b.t.Helper()
	if eval[bool](b, `window.axe === undefined`) {
		source, err := os.ReadFile(filepath.Join("..", "ui", "node_modules", "axe-core", "axe.min.js"))
		if err != nil {
			if os.Getenv("REQUIRE_BROWSER") != "" {
				b.t.Fatalf("axe-core is needed to test accessibility (npm ci in web/ui): %v", err)
			}
			b.t.Logf("ACCESSIBILITY NOT TESTED: %v", err)
			return
		}
		eval[bool](b, string(source)+"\n;true")
	}
	b.hold(what, `axe(['critical', 'serious'])`)
}

// picture writes what the tab shows, when pictures are wanted.
func (b *tab) picture(name string) {
	b.t.Helper()
	if dir := os.Getenv("FUNDWATCH_PICTURES"); dir != "" {
		b.write(filepath.Join(dir, name+".png"))
	}
}

// keepPicture writes what the tab shows when a wait failed, beside the test's other leavings.
func (b *tab) keepPicture() {
	if dir := os.Getenv("FUNDWATCH_PICTURES"); dir != "" {
		b.write(filepath.Join(dir, "failed-"+strings.ReplaceAll(b.t.Name(), "/", "-")+".png"))
	}
}

func (b *tab) write(path string) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Logf("no picture: %v", err)
		return
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
