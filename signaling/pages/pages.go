// Package pages serves the web client that is built into the binary: the same
// index.html for every page, hashed assets that never change, and the headers
// that keep anything else from running in it.
package pages

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// Content security: everything comes from here, no script or style in the
// text, nobody frames the page whom its room does not let. A page's WebSocket is 'self' too (CSP3), but
// browsers that predate it need the address spelled out.
const csp = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
	"media-src 'self' blob: mediastream:; connect-src 'self' %s; worker-src 'self' blob:; frame-ancestors %s; " +
	"base-uri 'none'; form-action 'self'; object-src 'none'"

const (
	// forever is for files whose name holds a hash of their content.
	forever = "public, max-age=31536000, immutable"
	// asked is for names that stay while the content changes.
	asked = "no-cache"
	// year is how long browsers remember to come over TLS only.
	year = "max-age=31536000"
)

// ErrNoIndex says that the web client was not built.
var ErrNoIndex = errors.New("the pages have no index.html: build the web client first (make build)")

// Site serves the files of one build of the web client.
type Site struct {
	files fs.FS
	// Secure says whether a request came over TLS.
	secure func(*http.Request) bool
	tags   map[string]string // entity tag by file
}

// New reads the names and sums of files once. secure says whether a request
// came over TLS.
func New(files fs.FS, secure func(*http.Request) bool) (*Site, error) {
	s := &Site{files: files, secure: secure, tags: map[string]string{}}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || hidden(name) {
			return err
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		s.tags[name] = `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the pages: %w", err)
	}
	return s, nil
}

// Built says whether there is a page to serve.
func (s *Site) Built() bool { return s.tags["index.html"] != "" }

// Page serves index.html with a status: the page itself knows from its
// address what to show, and shows its own words for a 404. Pages of the
// origins given may frame it.
func (s *Site) Page(w http.ResponseWriter, r *http.Request, status int, embedders ...string) {
	s.SetHeaders(w, r)
	w.Header().Add("Vary", "Sec-Fetch-Dest")
	if len(embedders) > 0 {
		s.letFrame(w, r, embedders)
	}
	if !s.Built() {
		http.Error(w, ErrNoIndex.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Cache-Control", asked)
	s.serve(w, r, "index.html", status)
}

// File serves a file of the build, and says whether there is one.
func (s *Site) File(w http.ResponseWriter, r *http.Request) bool {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	if name == "index.html" || s.tags[name] == "" {
		return false
	}
	s.SetHeaders(w, r)
	w.Header().Set("Cache-Control", asked)
	if strings.HasPrefix(name, "assets/") {
		w.Header().Set("Cache-Control", forever)
	}
	s.serve(w, r, name, http.StatusOK)
	return true
}

// SetHeaders sets the headers every answer to a browser carries.
func (s *Site) SetHeaders(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", fmt.Sprintf(csp, sockets(r.Host), "'none'"))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), usb=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if s.secure(r) {
		h.Set("Strict-Transport-Security", year)
	}
}

// letFrame changes the headers so that pages of some origins may frame this one.
func (s *Site) letFrame(w http.ResponseWriter, r *http.Request, origins []string) {
	h := w.Header()
	h.Set("Content-Security-Policy", fmt.Sprintf(csp, sockets(r.Host), strings.Join(origins, " ")))
	h.Del("X-Frame-Options") // knows no list; every browser we support has frame-ancestors
	h.Del("Cross-Origin-Opener-Policy")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
}

// sockets names the WebSocket origins of a host. A Host header is free text:
// what is not plainly a host and port is left out of the header.
func sockets(host string) string {
	const hostChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]"
	if host == "" || strings.Trim(host, hostChars) != "" {
		return "'self'"
	}
	return "ws://" + host + " wss://" + host
}

func (s *Site) serve(w http.ResponseWriter, r *http.Request, name string, status int) {
	h := w.Header()
	h.Set("Content-Type", contentType(name))
	h.Add("Vary", "Accept-Encoding")
	file, encoding := s.variant(name, r.Header.Get("Accept-Encoding"))
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
	}
	h.Set("ETag", s.tags[file])
	if status == http.StatusOK && matches(r.Header.Get("If-None-Match"), s.tags[file]) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	text, err := fs.ReadFile(s.files, file)
	if err != nil {
		http.Error(w, "The page could not be read.", http.StatusInternalServerError)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(text) // a browser that went away needs no answer
}

// variant picks the smallest form of a file the browser takes.
func (s *Site) variant(name, accepted string) (file, encoding string) {
	for _, v := range [...]struct{ encoding, suffix string }{{"br", ".br"}, {"gzip", ".gz"}} {
		if accepts(accepted, v.encoding) && s.tags[name+v.suffix] != "" {
			return name + v.suffix, v.encoding
		}
	}
	return name, ""
}

func accepts(header, encoding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name == encoding {
			return strings.ReplaceAll(params, " ", "") != "q=0"
		}
	}
	return false
}

func matches(header, tag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		if strings.TrimPrefix(strings.TrimSpace(part), "W/") == tag {
			return true
		}
	}
	return false
}

// contentType knows the build's own types, so that it does not depend on the
// machine's table.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".webmanifest":
		return "application/manifest+json"
	case ".wasm":
		return "application/wasm"
	case ".map":
		return "application/json"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// hidden keeps dot files (.keep, .vite) to ourselves.
func hidden(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") && part != "." {
			return true
		}
	}
	return false
}
