package pages_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"palabre/signaling/pages"
)

func site(t *testing.T, secure bool) *pages.Site {
	t.Helper()
	s, err := pages.New(fstest.MapFS{
		"index.html":           {Data: []byte("<!doctype html>page")},
		"index.html.gz":        {Data: []byte("gzipped page")},
		"favicon.svg":          {Data: []byte("<svg/>")},
		"assets/app-1a.js":     {Data: []byte("plain")},
		"assets/app-1a.js.br":  {Data: []byte("brotli")},
		"assets/app-1a.js.gz":  {Data: []byte("gzip")},
		".vite/manifest.json":  {Data: []byte("{}")},
		"assets/app-1a.js.map": {Data: []byte("{}")},
	}, func(*http.Request) bool { return secure })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func get(t *testing.T, s *pages.Site, path string, headers ...string) (*httptest.ResponseRecorder, bool) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://meet.example"+path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	return w, s.File(w, r)
}

func TestFiles(t *testing.T) {
	s := site(t, false)
	for name, c := range map[string]struct {
		path, accept         string
		body, encoding, kind string
		cache                string
	}{
		"plain":          {"/assets/app-1a.js", "", "plain", "", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		"brotli":         {"/assets/app-1a.js", "gzip, deflate, br", "brotli", "br", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		"gzip":           {"/assets/app-1a.js", "gzip;q=1.0", "gzip", "gzip", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		"brotli refused": {"/assets/app-1a.js", "br;q=0, gzip", "gzip", "gzip", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		"not hashed":     {"/favicon.svg", "br", "<svg/>", "", "image/svg+xml", "no-cache"},
	} {
		t.Run(name, func(t *testing.T) {
			w, found := get(t, s, c.path, "Accept-Encoding", c.accept)
			if !found || w.Code != http.StatusOK || w.Body.String() != c.body {
				t.Fatalf("found %v, status %d, body %q", found, w.Code, w.Body)
			}
			for header, want := range map[string]string{"Content-Encoding": c.encoding, "Content-Type": c.kind, "Cache-Control": c.cache, "Vary": "Accept-Encoding"} {
				if got := w.Header().Get(header); got != want {
					t.Errorf("%s is %q, want %q", header, got, want)
				}
			}
		})
	}
}

func TestNoSuchFile(t *testing.T) {
	s := site(t, false)
	for _, path := range []string{"/", "/index.html", "/assets", "/assets/", "/.vite/manifest.json", "/../go.mod", "/assets/../../go.mod", "/nothing.js"} {
		if w, found := get(t, s, path); found {
			t.Errorf("%s answers %d %q", path, w.Code, w.Body)
		}
	}
}

func TestNotModified(t *testing.T) {
	s := site(t, false)
	first, _ := get(t, s, "/favicon.svg")
	again, _ := get(t, s, "/favicon.svg", "If-None-Match", `"other", W/`+first.Header().Get("ETag"))
	if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("status %d, body %q", again.Code, again.Body)
	}
}

func TestPageHeaders(t *testing.T) {
	for _, secure := range []bool{false, true} {
		w := httptest.NewRecorder()
		site(t, secure).Page(w, httptest.NewRequest(http.MethodGet, "http://meet.example:8443/r/x", nil), http.StatusOK)
		if w.Body.String() != "<!doctype html>page" {
			t.Fatalf("body %q", w.Body)
		}
		policy := w.Header().Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'self'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "object-src 'none'", "base-uri 'none'",
			"connect-src 'self' ws://meet.example:8443 wss://meet.example:8443;", "media-src 'self' blob: mediastream:",
		} {
			if !strings.Contains(policy, want) {
				t.Errorf("policy %q lacks %q", policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("policy allows what is unsafe: %q", policy)
		}
		if got := w.Header().Get("Strict-Transport-Security") != ""; got != secure {
			t.Errorf("HSTS set: %v over TLS: %v", got, secure)
		}
		for header, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-cache",
		} {
			if got := w.Header().Get(header); got != want {
				t.Errorf("%s is %q, want %q", header, got, want)
			}
		}
	}
}

func TestPageStatusAndMethod(t *testing.T) {
	w := httptest.NewRecorder()
	site(t, false).Page(w, httptest.NewRequest(http.MethodHead, "/r/%20", nil), http.StatusNotFound)
	if w.Code != http.StatusNotFound || w.Body.Len() != 0 || w.Header().Get("Content-Length") == "" {
		t.Errorf("status %d, body %q, headers %v", w.Code, w.Body, w.Header())
	}
}

func TestHostileHostStaysOutOfThePolicy(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Host = "x; script-src *"
	w := httptest.NewRecorder()
	site(t, false).Page(w, r, http.StatusOK)
	if policy := w.Header().Get("Content-Security-Policy"); strings.Contains(policy, "*") {
		t.Errorf("policy %q", policy)
	}
}

func TestWithoutABuild(t *testing.T) {
	s, err := pages.New(fstest.MapFS{".keep": {}}, func(*http.Request) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s.Page(w, httptest.NewRequest(http.MethodGet, "/", nil), http.StatusOK)
	if s.Built() || w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "make build") {
		t.Errorf("built %v, status %d, body %q", s.Built(), w.Code, w.Body)
	}
}
