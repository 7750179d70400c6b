package browsertest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"fundwatch/internal/testenv"
	"fundwatch/web"
)

// TestBrowser looks at the running program as people do.
func TestBrowser(t *testing.T) {
	chromium(t)
	r := testenv.Start(t, testenv.Options{})
	// The pictures of the pages come first, when every alert is still new, then people act.
	t.Run("Pages", func(t *testing.T) { pages(t, r) })
	t.Run("Work", func(t *testing.T) { work(t, r) })
	t.Run("Screen", func(t *testing.T) { screen(t, r) })
}

// login goes through the login page, as a person does who wanted to see the path.
func (b *tab) login(r *testenv.Runner, login, path string) {
	b.t.Helper()
	b.expect("/api/v1/session") // a browser reports the 401 by which a page learns that nobody is logged in
	b.visit(path)
	b.until("the login page", `location.pathname === '/login'`)
	b.fill("#login", login)
	b.fill("#password", r.Password(login))
	b.click("button[type=submit]")
	b.until("being logged in", `location.pathname !== '/login'`)
	b.ready(path)
}

// work is a supervisor's morning: an alert arrives while the page stands open; it is opened, reviewed, dispatched.
func work(t *testing.T, r *testenv.Runner) {
	b := openTab(t, newWire(t, r.URL).URL())
	b.login(r, "jiandu", "/risk/alerts")
	b.until("the socket to stand", `document.querySelector('.live')?.dataset.state === 'live'`)
	eval[bool](b, `window.sameDocument = true`)

	api := r.As("jiandu")
	before := testenv.Get[web.AlertList](api, "/alerts?open=true&size=1").Total
	var list web.AlertList
	for day := 0; list.Total <= before; day++ {
		if day == 20 {
			t.Fatal("no alert in twenty days")
		}
		r.NextDay()
		list = testenv.Get[web.AlertList](api, "/alerts?open=true&size=1")
	}
	id := list.Items[0].ID
	link := fmt.Sprintf(`a.title[href="/risk/alerts/%s"]`, id)
	b.until("the new alert to arrive", fmt.Sprintf(`document.querySelector(%q)`, link))
	b.until("its row to be marked as new", `document.querySelector('tr.fresh')`)
	if !eval[bool](b, `window.sameDocument === true`) {
		t.Error("the page was loaded anew")
	}
	b.picture("alert-desk-live")

	b.click(link)
	b.until("the alert", `document.querySelector('.why p')?.innerText.length > 10`)
	if n := eval[int](b, `document.querySelectorAll('.sheet tbody tr').length`); n == 0 {
		t.Error("no row of evidence")
	}
	b.picture("alert")

	b.click("[data-action=review]")
	b.click(".el-dialog .el-radio")
	b.click("[data-action=submit]")
	b.until("the review to be taken", `document.querySelector('.head')?.innerText.includes('待审核')`)
	b.until("the dialog to go", `[...document.querySelectorAll('.el-overlay')].every((e) => e.style.display === 'none')`)

	b.click("[data-action=dispatch]")
	b.until("the dispatch form", `document.querySelector('.el-dialog #content')?.value.length > 10`)
	b.accessible("the dispatch form")
	b.picture("dispatch")
	b.click("[data-action=submit]")
	b.until("the alert to be dispatched", `document.querySelector('.head')?.innerText.includes('已派发')`)
	if got := testenv.Get[web.AlertDetail](api, "/alerts/"+id); got.DueAt == nil || got.State == "new" || got.State == "accepted" {
		t.Errorf("the server says %s", got.StateName)
	}
	if !strings.Contains(b.text(".timeline"), "派发") {
		t.Error("the timeline does not tell of the dispatch")
	}
	b.picture("alert-dispatched")

	conflict(t, b, r, api)
	keyboard(t, b)
}

// conflict has two people act on one alert: the second is told, and loses nothing of what he wrote.
func conflict(t *testing.T, b *tab, r *testenv.Runner, api *testenv.Visitor) {
	t.Helper()
	list := testenv.Get[web.AlertList](api, "/alerts?state=new&size=1")
	if len(list.Items) == 0 {
		t.Fatal("no alert left for the conflict")
	}
	a := list.Items[0]
	b.expect("/review") // the browser reports the 409
	b.visit("/risk/alerts/" + a.ID)
	b.click("[data-action=review]")
	b.click(".el-dialog .el-radio")
	b.fill(".el-dialog #note", "已电话核对")
	testenv.Post[web.AlertDetail](r.As("jiandu"), "/alerts/"+a.ID+"/review", map[string]any{"rev": a.Rev, "verdict": "accept", "note": "先受理"})
	// The page hears of it and has the new version before the form is sent; an old form must still not win.
	b.until("the page to hear of it", `document.querySelector('.timeline')?.innerText.includes('先受理')`)
	b.click("[data-action=submit]")
	b.until("the refusal", `document.querySelector('.el-dialog [role=alert]')?.innerText.length > 5`)
	if got := eval[string](b, `document.querySelector('.el-dialog #note').value`); got != "已电话核对" {
		t.Errorf("what was written is lost: %q", got)
	}
}

// keyboard walks the desk without a mouse.
func keyboard(t *testing.T, b *tab) {
	t.Helper()
	b.visit("/risk/alerts")
	b.do(chromedp.KeyEvent("j"), chromedp.KeyEvent("j"), chromedp.KeyEvent("k"))
	b.until("the first row to be current", `document.querySelectorAll('.el-table__body tr')[0]?.classList.contains('current-row')`)
	b.do(chromedp.KeyEvent("/"))
	b.until("the keyword field to have the focus", `document.activeElement?.getAttribute('aria-label') === '关键词'`)
	b.do(chromedp.KeyEvent("1000"), chromedp.KeyEvent("\r"))
	// The driver sends the character of the slash apart from its key, so that one arrives in the field as well.
	b.until("the keyword in the address", `new URLSearchParams(location.search).get('q')?.endsWith('1000')`)
	eval[bool](b, `document.activeElement.blur() ?? true`)
	b.do(chromedp.KeyEvent("?"))
	b.until("the help", `document.querySelector('.el-dialog .keys')?.offsetParent`)
}
