package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func TestPages(t *testing.T) {
	files := fstest.MapFS{
		"index.html":            {Data: []byte("<title>workbench</title>")},
		"screen.html":           {Data: []byte("<title>screen</title>")},
		"favicon.svg":           {Data: []byte("<svg/>")},
		"assets/app-1a2b.js":    {Data: []byte("plain()")},
		"assets/app-1a2b.js.gz": {Data: []byte("packed")},
	}
	p, err := newPages(files)
	if err != nil {
		t.Fatal(err)
	}
	h := protect(p)
	for _, c := range []struct {
		path, accept string
		status       int
		kind, body   string
		cache        string
	}{
		{"/", "", 200, "text/html", "workbench", "no-cache"},
		{"/risk/alerts/42", "", 200, "text/html", "workbench", "no-cache"},
		{"/screen/overview", "", 200, "text/html", "screen", "no-cache"},
		{"/screen", "", 200, "text/html", "screen", "no-cache"},
		{"/screens", "", 200, "text/html", "workbench", "no-cache"},
		{"/favicon.svg", "", 200, "image/svg+xml", "<svg/>", "no-cache"},
		{"/assets/app-1a2b.js", "", 200, "text/javascript", "plain()", "immutable"},
		{"/assets/app-1a2b.js", "gzip, br", 200, "text/javascript", "packed", "immutable"},
		{"/assets/gone-9f.js", "", 404, "text/plain", "no such asset", "no-store"},
		{"/index.html.gz", "", 404, "text/plain", "no such file", "no-cache"},
		{"/../../etc/passwd.txt", "", 404, "text/plain", "no such file", "no-cache"},
	} {
		t.Run(c.path+" "+c.accept, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.URL.Path = c.path
			r.Header.Set("Accept-Encoding", c.accept)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			body, _ := io.ReadAll(w.Body)
			if w.Code != c.status || !strings.Contains(string(body), c.body) {
				t.Errorf("got %d %q, want %d with %q", w.Code, body, c.status, c.body)
			}
			if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, c.kind) {
				t.Errorf("content type %q, want %q", got, c.kind)
			}
			if got := w.Header().Get("Cache-Control"); !strings.Contains(got, c.cache) {
				t.Errorf("cache control %q, want %q", got, c.cache)
			}
			if got := w.Header().Get("Content-Security-Policy"); !strings.Contains(got, "script-src 'self';") {
				t.Errorf("content security policy %q lets scripts in", got)
			}
		})
	}
	t.Run("NotModified", func(t *testing.T) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("If-None-Match", `"`+p.build+`"`)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusNotModified {
			t.Errorf("got %d, want 304", w.Code)
		}
	})
	t.Run("BuildFollowsContent", func(t *testing.T) {
		files["assets/app-1a2b.js"] = &fstest.MapFile{Data: []byte("plain();")}
		other, err := newPages(files)
		if err != nil {
			t.Fatal(err)
		}
		if other.build == p.build {
			t.Error("the build id stayed although a file changed")
		}
	})
}
