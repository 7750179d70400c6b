package browsertest

import (
	"strings"
	"testing"

	"fundwatch/internal/testenv"
	"fundwatch/web"
)

// pages opens every page as somebody whose work it is, and holds it to what every page is held to.
func pages(t *testing.T, r *testenv.Runner) {
	job := testenv.Post[web.Job](r.As("shuju"), "/checks/runs", nil)
	r.Wait("the check points", func() bool { return testenv.Get[web.Job](r.As("shuju"), "/jobs/"+job.ID).State == "done" })
	alert := testenv.Get[web.AlertList](r.As("jiandu"), "/alerts?size=1&sort=-amount").Items[0].ID
	round := testenv.Get[web.List[web.Round]](r.As("jiandu"), "/rounds?size=1").Items[0].ID
	type page struct{ path, picture string }
	for _, who := range []struct {
		login string
		pages []page
	}{
		{"jiandu", []page{
			{"/me", "me"},
			{"/risk/alerts", "alert-desk"},
			{"/risk/alerts?severity=red&sort=-amount", ""},
			{"/risk/alerts?q=没有这样的预警", "alert-desk-empty"},
			{"/risk/alerts/" + alert, "alert-evidence"},
			{"/risk/rules", "rules"},
			{"/risk/rules/QY-047", "rule"},
			{"/risk/patrols", "rounds"},
			{"/risk/patrols/" + round, "round"},
			{"/inspect", "module-planned"},
			{"/events", ""},
			{"/office", ""},
			{"/reports", ""},
			{"/data", ""},
			{"/screens", "screens"},
			{"/about", "about"},
			{"/no/such/page", ""},
		}},
		{"shuju", []page{
			{"/admin/datasources", "data-tables"},
			{"/admin/datasources/tables/AC83", "data-table"},
			{"/admin/datasources/loads", "data-loads"},
			{"/admin/datasources/checks", "data-checks"},
			{"/admin/datasources/problems", "data-problems"},
			{"/admin/datasources/headcounts", "data-headcounts"},
			{"/admin/datasources/import", "data-import"},
		}},
		{"secadmin", []page{{"/admin/users", "users"}, {"/admin/roles", "roles"}, {"/admin/sessions", "sessions"}}},
		{"sysadmin", []page{{"/admin/jobs", "jobs"}, {"/me", ""}}},
		{"auditadmin", []page{{"/admin/audit", "audit"}}},
	} {
		t.Run(who.login, func(t *testing.T) {
			b := openTab(t, r.URL)
			b.visit("/login")
			b.accessible("/login")
			if who.login == "jiandu" {
				b.picture("login")
			}
			b.login(r, who.login, "/about")
			for _, p := range who.pages {
				b.visit(p.path)
				b.hold(p.path, "sideways()")
				b.hold(p.path, "cramped()")
				b.hold(p.path, "tofu()")
				b.accessible(p.path)
				if found := eval[string](b, `document.querySelector('[role=alert]')?.innerText ?? ''`); strings.Contains(found, "读取失败") {
					t.Errorf("%s: %s", p.path, found)
				}
				if p.picture != "" {
					b.picture(p.picture)
				}
			}
		})
	}
}
