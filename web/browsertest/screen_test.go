package browsertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"fundwatch/internal/testenv"
)

// screen watches the big screen while days go by and the line breaks.
func screen(t *testing.T, r *testenv.Runner) {
	line := newWire(t, r.URL)
	b := openTab(t, line.URL())
	b.login(r, "lingdao", "/about")
	for _, size := range [][2]int64{{1366, 768}, {3840, 2160}, {6656, 1792}, {1920, 1080}} {
		name := fmt.Sprintf("screen of %d×%d", size[0], size[1])
		b.do(chromedp.EmulateViewport(size[0], size[1]))
		b.visit("/screen/overview")
		b.until("the map", `document.querySelectorAll('[data-county]').length === 88`)
		if !eval[bool](b, `(() => {
			const r = document.querySelector('.stage').getBoundingClientRect()
			const whole = r.left >= -1 && r.top >= -1 && r.right <= innerWidth + 1 && r.bottom <= innerHeight + 1
			return whole && (Math.abs(r.width - innerWidth) < 2 || Math.abs(r.height - innerHeight) < 2)
		})()`) {
			t.Errorf("%s: the stage does not fill the wall", name)
		}
		b.hold(name, "overlap('[data-panel]')")
	}
	b.hold("screen", "overflow('.stage')")
	b.hold("screen", "tofu()")
	b.accessible("screen")
	b.until("the socket to stand", `document.querySelector('.stage').dataset.live === 'live'`)
	if got := eval[string](b, `document.querySelector('.stage').innerText`); len(got) < 200 {
		t.Errorf("the screen says only: %s", got)
	}
	b.picture("screen")
	eval[bool](b, `window.sameDocument = true`)

	day := func(what string) {
		t.Helper()
		r.NextDay()
		today := r.Province.Today().Format(time.DateOnly)
		b.until(what, fmt.Sprintf(`document.querySelector('.bottom').innerText.includes(%q)`, today))
	}
	day("the next day to show")

	b.expect("/api/v1/live") // a broken line is reported by the browser
	line.cut()
	b.until("the broken line to show", `document.querySelector('.stage').dataset.live !== 'live'`)
	b.until("the line to come back", `document.querySelector('.stage').dataset.live === 'live'`)
	day("the day after the broken line to show")
	if !eval[bool](b, `window.sameDocument === true`) {
		t.Error("the page was loaded anew")
	}
}
