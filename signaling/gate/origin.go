package gate

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Origins are the sites whose pages may open a WebSocket: the one the page
// came from, and those in Allowed ("https://meet.example").
//
// A WebSocket is not held by the browser's same-origin rule, so the server
// must look itself (RFC 6455 section 10.2). Programs send no Origin and pass:
// what they lack is a person's browser to act in.
type Origins struct{ Allowed []string }

// Validate says which of the allowed origins is none.
func (o Origins) Validate() error {
	for _, origin := range o.Allowed {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme == "" || u.Host == "" || strings.TrimSuffix(origin, "/") != u.Scheme+"://"+u.Host {
			return fmt.Errorf("allowed origin %q: write it as scheme and host, like https://meet.example", origin)
		}
	}
	return nil
}

// Allow says whether the page that sent a request may use this server.
func (o Origins) Allow(r *http.Request) bool {
	values := r.Header.Values("Origin")
	if len(values) == 0 {
		return true
	}
	u, err := url.Parse(values[0])
	if len(values) > 1 || err != nil || u.Host == "" {
		return false // "null": a sandboxed frame or a file
	}
	if strings.EqualFold(u.Host, r.Host) {
		return true
	}
	for _, origin := range o.Allowed {
		if strings.EqualFold(strings.TrimSuffix(origin, "/"), u.Scheme+"://"+u.Host) {
			return true
		}
	}
	return false
}
