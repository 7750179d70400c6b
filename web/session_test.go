package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"fundwatch/web"
)

func TestSession(t *testing.T) {
	h := open(t)
	t.Run("Cookie", func(t *testing.T) {
		r := h.nobody().post("/session", map[string]string{"login": "jiandu", "password": h.password["jiandu"]})
		cookie := r.header.Get("Set-Cookie")
		for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/"} {
			if !strings.Contains(cookie, want) {
				t.Errorf("the session cookie %q lacks %s", cookie, want)
			}
		}
		if r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("the answer may be cached: %q", r.header.Get("Cache-Control"))
		}
		token, _, _ := strings.Cut(strings.TrimPrefix(cookie, "fundwatch="), ";")
		if strings.Contains(r.body, token) {
			t.Error("the token stands in the body, where scripts can read it")
		}
	})
	t.Run("WhoAmI", func(t *testing.T) {
		me := into[web.Session](t, h.as("jiandu.zunyi").get("/session"))
		if me.User.Login != "jiandu.zunyi" || len(me.Scope.Regions) != 1 || me.Scope.Regions[0].Name != "遵义市" ||
			len(me.Scope.Lines) != 5 || len(me.Permissions) == 0 || me.Roles[0].Label != "监督员" {
			t.Errorf("session %+v", me)
		}
	})
	t.Run("WrongPassword", func(t *testing.T) {
		r := h.nobody().post("/session", map[string]string{"login": "lingdao", "password": "wrong"})
		if r.status != http.StatusForbidden || r.code() != "denied" || r.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("got %d %s", r.status, r.body)
		}
	})
	t.Run("Logout", func(t *testing.T) {
		v := h.as("fenxi")
		if r := v.do(http.MethodDelete, "/session", nil); r.status != http.StatusNoContent && r.status != http.StatusOK {
			t.Fatalf("logout: %d %s", r.status, r.body)
		}
		if r := v.get("/session"); r.status != http.StatusUnauthorized || r.code() != "unauthenticated" {
			t.Errorf("after logging out: %d %s", r.status, r.body)
		}
	})
	t.Run("IdlesOut", func(t *testing.T) {
		v := h.as("jiance")
		h.pass(20 * time.Minute)
		if r := v.get("/session"); r.status != http.StatusOK {
			t.Fatalf("a person at work was logged out: %d", r.status)
		}
		// A page that only waits for news does not keep anybody logged in.
		for range 4 {
			h.pass(9 * time.Minute)
			v.get("/live/changes?topics=progress:-1&wait=0")
		}
		if r := v.get("/session"); r.status != http.StatusUnauthorized {
			t.Errorf("an idle session goes on: %d", r.status)
		}
	})
	t.Run("OverTLS", func(t *testing.T) {
		h := open(t, func(o *web.Options) { o.Secure = true })
		r := h.nobody().post("/session", map[string]string{"login": "jiandu", "password": h.password["jiandu"]})
		if c := r.header.Get("Set-Cookie"); !strings.HasPrefix(c, "__Host-fundwatch=") || !strings.Contains(c, "Secure") {
			t.Errorf("cookie over TLS: %q", c)
		}
	})
}

func TestForgedRequestsAreRefused(t *testing.T) {
	h := open(t)
	v := h.as("sysadmin")
	body := map[string]string{"login": "zhang.san", "name": "张三", "unit": ""}
	for name, header := range map[string][]string{
		"NoHeader":      {"X-Fundwatch", ""},
		"ForeignOrigin": {"Origin", "https://evil.example"},
		"ForeignSite":   {"Sec-Fetch-Site", "cross-site"},
		"SameSiteOther": {"Sec-Fetch-Site", "same-site"},
		"NullOrigin":    {"Origin", "null"},
	} {
		t.Run(name, func(t *testing.T) {
			if r := v.post("/users", body, header...); r.status != http.StatusForbidden || r.code() != "csrf" {
				t.Errorf("got %d %s", r.status, r.body)
			}
		})
	}
	if r := v.post("/users", body, "Origin", h.http.URL, "Sec-Fetch-Site", "same-origin"); r.status != http.StatusOK {
		t.Errorf("our own page was refused: %d %s", r.status, r.body)
	}
}

func TestProblems(t *testing.T) {
	h := open(t)
	v := h.as("sysadmin")
	for _, c := range []struct {
		name, method, path string
		body               any
		status             int
		code, field, says  string
	}{
		{"UnknownPath", "GET", "/nothing", nil, 404, "not_found", "", "没有这个接口"},
		{"WrongMethod", "DELETE", "/users", nil, 404, "not_found", "", "没有这个接口"},
		{"UnknownQuery", "GET", "/users?pge=2", nil, 422, "invalid", "pge", "不认识此查询条件"},
		{"PageTooLarge", "GET", "/users?size=1000", nil, 422, "invalid", "size", "不得大于 200"},
		{"MissingField", "POST", "/users", map[string]string{"login": "li.si", "unit": ""}, 422, "invalid", "name", "此项必填"},
		{"BadLogin", "POST", "/users", map[string]string{"login": "李四", "name": "李四", "unit": ""}, 422, "invalid", "login", "格式不正确"},
		{"NotJSON", "POST", "/users", "x", 422, "invalid", "", ""},
		{"NoSuchUser", "GET", "/users/none", nil, 404, "not_found", "", "没有这个账号"},
		{"NotReady", "GET", "/tables", nil, 403, "denied", "", "查看数据表"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := v.do(c.method, c.path, c.body)
			if r.status != c.status || r.code() != c.code || !strings.Contains(r.body, c.field) || !strings.Contains(r.body, c.says) {
				t.Errorf("got %d %s", r.status, r.body)
			}
			if r.header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("content type %q", r.header.Get("Content-Type"))
			}
		})
	}
	t.Run("Starting", func(t *testing.T) {
		r := h.as("shuju").get("/tables")
		if r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" || !strings.Contains(r.body, "正在启动") {
			t.Errorf("got %d %s", r.status, r.body)
		}
	})
	t.Run("TooLarge", func(t *testing.T) {
		r := v.post("/users", map[string]string{"login": "a", "name": strings.Repeat("长", 1<<20), "unit": ""})
		if r.status != http.StatusRequestEntityTooLarge {
			t.Errorf("got %d", r.status)
		}
	})
}

func TestHealth(t *testing.T) {
	h := open(t)
	get := func(path string) int {
		r, err := http.Get(h.http.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		return r.StatusCode
	}
	if got := get("/healthz"); got != 200 {
		t.Errorf("healthz %d", got)
	}
	if got := get("/readyz"); got != 503 {
		t.Errorf("readyz %d while the warehouse starts", got)
	}
	if got := get("/metrics"); got != 404 {
		t.Errorf("metrics %d for an address that may not read them", got)
	}
	if meta := into[web.Meta](t, h.nobody().get("/meta")); meta.Ready || meta.Build == "" || meta.Epoch == "" {
		t.Errorf("meta %+v", meta)
	}
}
