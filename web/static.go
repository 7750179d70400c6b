package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// pages serves the embedded page application: hashed assets for ever, everything else only while the build
// stands, and one of two entries for every address that is a route of the pages.
type pages struct {
	files fs.FS
	build string
}

// newPages takes the build id from the content of the files, so that it changes exactly when they do.
func newPages(files fs.FS) (*pages, error) {
	sum := sha256.New()
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s %d\n", name, len(content))
		sum.Write(content)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("web: read the embedded pages: %w", err)
	}
	return &pages{files: files, build: hex.EncodeToString(sum.Sum(nil))[:12]}, nil
}

// ServeHTTP answers everything outside /api and the health addresses.
func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	header := w.Header()
	if strings.HasPrefix(name, "assets/") {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
		if !p.send(w, r, name) {
			// An index page here would be cached as a script for a year.
			header.Set("Cache-Control", "no-store")
			http.Error(w, "no such asset in this build", http.StatusNotFound)
		}
		return
	}
	header.Set("Cache-Control", "no-cache")
	header.Set("ETag", strconv.Quote(p.build))
	if name != "" && path.Ext(name) != "" {
		if path.Ext(name) == ".gz" || !p.send(w, r, name) {
			header.Del("ETag")
			http.Error(w, "no such file", http.StatusNotFound)
		}
		return
	}
	if (name == "screen" || strings.HasPrefix(name, "screen/")) && p.send(w, r, "screen.html") {
		return
	}
	if !p.send(w, r, "index.html") {
		http.Error(w, "the pages are missing from this binary", http.StatusNotFound)
	}
}

// send writes one file, its compressed twin when there is one and the browser takes it. It reports false, with
// nothing written, when there is no such file.
func (p *pages) send(w http.ResponseWriter, r *http.Request, name string) bool {
	header := w.Header()
	content, err := fs.ReadFile(p.files, name)
	if err != nil {
		return false
	}
	header.Set("Content-Type", contentType(name))
	header.Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		if packed, err := fs.ReadFile(p.files, name+".gz"); err == nil {
			header.Set("Content-Encoding", "gzip")
			content = packed
		}
	}
	// Embedded files have no time; the entity tag decides, so the zero time is right here.
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	return true
}

// contentType does not ask the operating system's table, which differs from machine to machine.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".json", ".map":
		return "application/json"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".ico":
		return "image/x-icon"
	case ".woff2":
		return "font/woff2"
	case ".txt":
		return "text/plain; charset=utf-8"
	default:
		return "application/octet-stream"
	}
}

// protect sets the headers that every answer carries. Styles may be inline because the component library sets
// sizes on elements; scripts may not.
func protect(next http.Handler) http.Handler {
	const policy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
		"font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}
