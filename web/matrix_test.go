package web_test

import (
	"net/http"
	"strings"
	"testing"

	"fundwatch/access"
	"fundwatch/web"
)

// needs is what each route needs, written by hand: the route table says what the server does, this says what it
// should. A route that is not here fails the test.
func needs() map[string]access.Permission {
	return map[string]access.Permission{
		"get-meta": web.Public, "login": web.Public, "use-setup-link": web.Public,
		"get-session": web.Signed, "logout": web.Signed, "change-password": web.Signed, "list-regions": web.Signed,
		"get-words": web.Signed, "poll-live": web.Signed, "live": web.Signed, "get-job": web.Signed,
		"list-alerts": access.AlertRead, "get-alert-stats": access.AlertRead, "get-alert": access.AlertRead,
		"export-alerts": access.AlertExport, "review-alert": access.AlertReview, "return-alert": access.AlertDispatch,
		"rectify-alert": access.AlertConfirm, "close-alert": access.AlertConfirm,
		"dispatch-alert": access.AlertDispatch, "confirm-alert": access.AlertConfirm,
		"suspend-payment": access.AlertSuspend, "reveal-alert": access.Reveal,
		"list-rules": access.RuleRead, "get-rule": access.RuleRead, "list-rounds": access.RuleRead,
		"get-round": access.RuleRead, "start-round": access.PatrolRun,
		"list-tables": access.DataRead, "get-table": access.DataRead, "sample-table": access.DataRead,
		"list-loads": access.DataRead, "get-intake": access.DataRead,
		"preview-file": access.DataImport, "import-file": access.DataImport,
		"list-checks": access.DataRead, "run-checks": access.CheckRun, "list-problems": access.DataRead,
		"assign-problem": access.CheckAssign, "list-headcounts": access.DataRead,
		"move-problem": access.CheckAssign, "get-problem-rows": access.DataRead,
		"list-users": access.UserRead, "create-user": access.UserManage, "get-user": access.UserRead,
		"set-user-roles": access.UserGrant, "set-user-scope": access.UserGrant, "disable-user": access.UserManage,
		"enable-user": access.UserManage, "unlock-user": access.UserUnlock, "reset-user": access.UserManage,
		"list-roles": access.UserRead, "list-grants": access.UserRead, "confirm-grant": access.UserConfirm,
		"refuse-grant": access.UserConfirm, "list-sessions": access.SessionEnd, "end-session": access.SessionEnd,
		"list-audit": access.AuditRead, "verify-audit": access.AuditRead,
		"list-jobs": access.JobRead, "retry-job": access.JobRetry, "get-overview": access.ScreenRead,
	}
}

// TestSec17 asks every route as every role, without a session, with one and with a forged request. The third
// axis, regions, needs rows and is tested where there are some.
func TestSec17(t *testing.T) {
	h := open(t)
	routes := h.server.Routes()
	want := needs()
	for _, r := range routes {
		if _, ok := want[r.ID]; !ok {
			t.Errorf("route %s %s (%s) is in no line of the matrix", r.Method, r.Path, r.ID)
		}
	}
	if len(routes) != len(want) {
		t.Errorf("%d routes, %d lines in the matrix", len(routes), len(want))
	}
	people := map[string]*visitor{}
	for login, role := range h.role {
		if people[role] == nil && role != "" {
			people[role] = h.as(login)
		}
	}
	cells := 0
	for _, route := range routes {
		need := want[route.ID]
		path := strings.NewReplacer("{id}", "none", "{code}", "AC01").Replace(route.Path)
		ask := func(v *visitor, header ...string) reply {
			cells++
			var body any
			if route.Method != http.MethodGet {
				body = map[string]any{}
			}
			return v.do(route.Method, path, body, header...)
		}
		nobody := ask(h.nobody())
		if (need == web.Public) == (nobody.status == http.StatusUnauthorized) {
			t.Errorf("%s without a session: %d", route.ID, nobody.status)
		}
		if ended := ask(&visitor{h: h, cookie: "fundwatch=ended"}); need != web.Public && ended.status != http.StatusUnauthorized {
			t.Errorf("%s with an ended session: %d", route.ID, ended.status)
		}
		if route.ID == "logout" {
			continue // would end the sessions of the next lines
		}
		for role, v := range people {
			if route.Method != http.MethodGet {
				if forged := ask(v, "X-Fundwatch", ""); forged.status != http.StatusForbidden {
					t.Errorf("%s as %s with a forged request: %d", route.ID, role, forged.status)
				}
			}
			got := ask(v)
			may := need == web.Public || need == web.Signed || holds(role, need)
			denied := got.status == http.StatusForbidden || got.status == http.StatusUnauthorized
			if may && denied && got.code() == "denied" && route.ID != "login" || !may && got.status != http.StatusForbidden {
				t.Errorf("%s as %s: %d %s, allowed: %v", route.ID, role, got.status, got.body, may)
			}
		}
	}
	if cells < 800 {
		t.Errorf("only %d cells", cells)
	}
	t.Logf("%d cells", cells)
}

func holds(role string, p access.Permission) bool {
	for _, q := range access.PermissionsOf(role) {
		if q == p {
			return true
		}
	}
	return false
}

// TestSec15Denials checks that a refusal is in the audit chain.
func TestSec15Denials(t *testing.T) {
	h := open(t)
	h.as("lingdao").get("/users")
	entries := into[web.List[web.AuditEntry]](t, h.as("auditadmin").get("/audit?actor=lingdao&outcome=denied"))
	if entries.Total != 1 || entries.Items[0].Action != "user.read" || entries.Items[0].Object != "list-users" {
		t.Errorf("denials of lingdao: %+v", entries.Items)
	}
}
