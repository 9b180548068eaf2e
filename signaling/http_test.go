package signaling_test

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"palabre/rooms"
	"palabre/signaling"
	"palabre/signaling/gate"
	"palabre/signaling/protocol"
)

// problem is the body of a refusal.
type problem struct {
	Title  string
	Status int
	Detail string
	Code   protocol.ErrorCode
}

func problemOf(t *testing.T, res *http.Response, body string) problem {
	t.Helper()
	var p problem
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		t.Fatalf("body %q: %v", body, err)
	}
	if got := res.Header.Get("Content-Type"); got != "application/problem+json" || p.Status != res.StatusCode || p.Title == "" || p.Code == "" {
		t.Errorf("%s %+v with status %d is no problem document", got, p, res.StatusCode)
	}
	return p
}

func TestPages(t *testing.T) {
	h := newHouse(t)
	_, _, _ = h.enter(protocol.Hello{Room: "live"}, "Ana")
	html := []string{"Accept", "text/html"}
	bodies := map[string]string{}
	for path, status := range map[string]int{
		"/": 200, "/r/live": 200, "/r/nobody-there": 200, "/r/Une%20r%C3%A9union": 200,
		"/r/" + strings.Repeat("a", 65): 404, "/r/a%3Cb": 404, "/r/": 404, "/nothing": 404, "/assets/": 404,
	} {
		res, body := h.do(http.MethodGet, path, "", html...)
		if res.StatusCode != status || body != "<!doctype html>the page" {
			t.Errorf("%s: status %d, body %q", path, res.StatusCode, body)
		}
		if policy := res.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'self'") {
			t.Errorf("%s: policy %q", path, policy)
		}
		res.Header.Del("Date")
		headers, err := json.Marshal(res.Header)
		if err != nil {
			t.Fatal(err)
		}
		bodies[path] = string(headers) + body
	}
	if bodies["/r/live"] != bodies["/r/nobody-there"] {
		t.Error("the page tells whether a room is live")
	}
	if res, body := h.do(http.MethodGet, "/assets/a-1.js", ""); body != "code" || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("asset %q, %v", body, res.Header)
	}
	if res, body := h.do(http.MethodHead, "/r/live", ""); res.StatusCode != 200 || body != "" {
		t.Errorf("HEAD gives %d %q", res.StatusCode, body)
	}
	res, body := h.do(http.MethodGet, "/nothing.js", "")
	if p := problemOf(t, res, body); p.Code != protocol.CodeNotFound {
		t.Errorf("a missing script: %+v", p)
	}
	res, body = h.do(http.MethodPost, "/r/live", "")
	if problemOf(t, res, body); res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST to a page gives %d", res.StatusCode)
	}
}

func TestCreateRoom(t *testing.T) {
	h := newHouse(t)
	for name, c := range map[string]struct {
		body, kind string
		status     int
		want       string
	}{
		"made up":       {"", "", 201, ""},
		"made up, JSON": {"{}", "application/json", 201, ""},
		"asked for":     {`{"name":"Le Grand Arbre"}`, "application/json; charset=utf-8", 201, "le-grand-arbre"},
		"no name":       {`{"name":"<>"}`, "application/json", 400, ""},
		"unknown field": {`{"name":"a","public":true}`, "application/json", 400, ""},
		"a form":        {`name=a`, "application/x-www-form-urlencoded", 415, ""},
		"huge":          {`{"name":"` + strings.Repeat("a", 2<<20) + `"}`, "application/json", 413, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var headers []string
			if c.kind != "" {
				headers = []string{"Content-Type", c.kind}
			}
			res, body := h.do(http.MethodPost, "/api/v1/rooms", c.body, headers...)
			if res.StatusCode != c.status {
				t.Fatalf("status %d, body %s", res.StatusCode, body)
			}
			if c.status != 201 {
				problemOf(t, res, body)
				return
			}
			var made struct{ Name, URL string }
			if err := json.Unmarshal([]byte(body), &made); err != nil {
				t.Fatal(err)
			}
			if c.want != "" && made.Name != c.want || made.Name == "" || made.URL != h.URL+"/r/"+made.Name || res.Header.Get("Location") != made.URL {
				t.Errorf("made %+v at %s", made, res.Header.Get("Location"))
			}
		})
	}
}

func TestCreateRoomLink(t *testing.T) {
	public := newHouse(t, func(c *signaling.Config, _ *rooms.Config) { c.PublicURL = "https://meet.example/" })
	if _, body := public.do(http.MethodPost, "/api/v1/rooms", ""); !strings.Contains(body, `"url":"https://meet.example/r/`) {
		t.Errorf("with a public URL: %s", body)
	}
	proxied := newHouse(t)
	if _, body := proxied.do(http.MethodPost, "/api/v1/rooms", "", "X-Forwarded-Proto", "https"); !strings.Contains(body, `"url":"https://127.0.0.1`) {
		t.Errorf("behind a proxy with TLS: %s", body)
	}
}

func TestCreateRoomIsLimited(t *testing.T) {
	h := newHouse(t, func(c *signaling.Config, _ *rooms.Config) { c.Limits = gate.Limits{Burst: 3, CountLoopback: true} })
	for range 3 {
		if res, body := h.do(http.MethodPost, "/api/v1/rooms", ""); res.StatusCode != 201 {
			t.Fatalf("status %d %s", res.StatusCode, body)
		}
	}
	res, body := h.do(http.MethodPost, "/api/v1/rooms", "")
	if p := problemOf(t, res, body); p.Status != 429 || res.Header.Get("Retry-After") != "2" {
		t.Errorf("%+v, retry after %q", p, res.Header.Get("Retry-After"))
	}
}

func TestClosedRoomsNeedTokens(t *testing.T) {
	h := newHouse(t, func(c *signaling.Config, _ *rooms.Config) { c.OpenRooms = false })
	res, body := h.do(http.MethodPost, "/api/v1/rooms", "")
	if p := problemOf(t, res, body); p.Code != protocol.CodeForbidden {
		t.Errorf("%+v", p)
	}
	if _, body := h.do(http.MethodGet, "/api/v1/config", ""); body != `{"version":"test","openRooms":false}` {
		t.Errorf("config %s", body)
	}
}

func TestHealth(t *testing.T) {
	h := newHouse(t)
	for path, want := range map[string]string{"/healthz": `{"status":"ok"}`, "/readyz": `{"status":"ready"}`} {
		if res, body := h.do(http.MethodGet, path, ""); res.StatusCode != 200 || body != want {
			t.Errorf("%s: %d %s", path, res.StatusCode, body)
		}
	}
	if err := h.edge.Drain(t.Context(), time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if res, body := h.do(http.MethodGet, "/readyz", ""); res.StatusCode != 503 || body != `{"status":"not ready","reason":"draining"}` {
		t.Errorf("draining: %d %s", res.StatusCode, body)
	}
	if res, _ := h.do(http.MethodGet, "/healthz", ""); res.StatusCode != 200 {
		t.Errorf("a draining server is taken for dead: %d", res.StatusCode)
	}
}

func TestNotReadyWithoutPages(t *testing.T) {
	h := newHouse(t, func(c *signaling.Config, _ *rooms.Config) { c.Pages = fstest.MapFS{".keep": {}} })
	if res, body := h.do(http.MethodGet, "/readyz", ""); res.StatusCode != 503 || !strings.Contains(body, "pages") {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

func TestMetrics(t *testing.T) {
	withToken := func(c *signaling.Config, _ *rooms.Config) { c.MetricsToken = "secret" }
	open := func(c *signaling.Config, _ *rooms.Config) { c.MetricsOpen = true }
	nobody := func(c *signaling.Config, _ *rooms.Config) { c.TrustedProxies = []netip.Prefix{} }
	for name, c := range map[string]struct {
		option  option
		headers []string
		status  int
	}{
		"this machine":          {nobody, nil, 200},
		"through a proxy":       {nobody, []string{"X-Forwarded-For", "198.51.100.1"}, 403},
		"through a proxy's Via": {nobody, []string{"Via", "1.1 proxy"}, 403},
		"with the token":        {withToken, []string{"Authorization", "Bearer secret"}, 200},
		"without the token":     {withToken, nil, 403},
		"with another":          {withToken, []string{"Authorization", "Bearer guess"}, 403},
		"open":                  {open, []string{"X-Forwarded-For", "198.51.100.1"}, 200},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, c.option)
			_, _, _ = h.enter(protocol.Hello{Room: "r"}, "Ana")
			res, body := h.do(http.MethodGet, "/metrics", "", c.headers...)
			if res.StatusCode != c.status {
				t.Fatalf("status %d", res.StatusCode)
			}
			if c.status == 200 && (!strings.Contains(body, "palabre_signaling_websockets 1") || !strings.Contains(body, `palabre_signaling_messages_total{type="join"} 1`)) {
				t.Errorf("figures:\n%s", body)
			}
		})
	}
}

// The description names exactly what the router answers.
func TestOpenAPIMatchesTheRoutes(t *testing.T) {
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]json.RawMessage
	}
	_, body := newHouse(t).do(http.MethodGet, "/api/openapi.json", "")
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("OpenAPI %q", doc.OpenAPI)
	}
	var described []string
	for path, methods := range doc.Paths {
		for method := range methods {
			if method != "parameters" {
				described = append(described, strings.ToUpper(method)+" "+path)
			}
		}
	}
	served := slices.DeleteFunc(newHouse(t).edge.Routes(), func(route string) bool {
		_, path, _ := strings.Cut(route, " ")
		return path == "/" || path == "/r/{room}" || path == "/ws" // pages and the WebSocket
	})
	slices.Sort(described)
	slices.Sort(served)
	if diff := cmp.Diff(served, described); diff != "" {
		t.Errorf("served (-) and described (+) differ:\n%s", diff)
	}
	checkRefs(t, body)
}

// checkRefs: every $ref points to something.
func checkRefs(t *testing.T, body string) {
	t.Helper()
	var doc any
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(body, `"$ref":"#/`)[1:] {
		ref, _, _ := strings.Cut(part, `"`)
		at := doc
		for step := range strings.SplitSeq(ref, "/") {
			object, ok := at.(map[string]any)
			if at = object[step]; !ok || at == nil {
				t.Errorf("nothing at %s", ref)
				break
			}
		}
	}
}

func TestConfigSaysAllThatIsWrong(t *testing.T) {
	_, err := signaling.New(signaling.Config{PublicURL: "meet.example", AllowedOrigins: []string{"x"}, Timing: signaling.Timing{Ping: -1}, Limits: gate.Limits{Open: -1}})
	if err == nil {
		t.Fatal("passes")
	}
	for _, part := range []string{"rooms", "tokens", "public URL", "allowed origin", "times", "limits"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not name %s", err, part)
		}
	}
}

// Rooms' names and tokens let people in, so no log holds them.
func TestLogsHoldNoSecrets(t *testing.T) {
	logs := &lockedBuffer{}
	h := newHouse(t, func(c *signaling.Config, r *rooms.Config) { c.Logger = logs.logger() })
	h.do(http.MethodGet, "/r/secret-room", "")
	h.do(http.MethodGet, "/secret-room.js?token=secret-token", "")
	h.do(http.MethodPost, "/whip/secret-room", "v=0", "Authorization", "Bearer secret-token", "Content-Type", "application/sdp")
	c := h.dial()
	c.send(protocol.TypeHello, protocol.Hello{Room: "secret-room", Token: "secret-token"})
	c.frame(protocol.TypeError)
	c.closed()
	text := logs.String()
	if strings.Contains(text, "secret") {
		t.Errorf("the log holds a secret:\n%s", text)
	}
	if !strings.Contains(text, "code=unauthorized where=/ws from=127.0.0.0/24") {
		t.Errorf("the log has no trail of the refusal:\n%s", text)
	}
}

func TestDocumentationNamesEverything(t *testing.T) {
	text, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Glob("protocol/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range sources {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(src)) {
			fields := strings.Fields(line)
			if len(fields) > 3 && fields[2] == "=" && strings.HasPrefix(fields[3], `"`) {
				if name := strings.Trim(fields[3], `"`); !strings.Contains(string(text), "`"+name+"`") {
					t.Errorf("docs/protocol.md does not name %s %q", fields[1], name)
				}
			}
		}
	}
}

// TestDocumentedPermissions keeps the table of docs/protocol.md that of the rooms.
func TestDocumentedPermissions(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "protocol.md"))
	if err != nil {
		t.Fatal(err)
	}
	table := rooms.DefaultPermissions()
	var roles []rooms.Role
	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.ReplaceAll(strings.Trim(strings.TrimSpace(line), "|"), "`", ""), " | ")
		switch {
		case strings.HasPrefix(line, "| action | what |"):
			for _, name := range cells[2:] {
				roles = append(roles, rooms.Role(strings.TrimSpace(name)))
			}
		case len(roles) > 0 && len(cells) == len(roles)+2 && !strings.HasPrefix(line, "| rank "):
			rows++
			for i, role := range roles {
				action := rooms.Action(strings.TrimSpace(cells[0]))
				if says := strings.TrimSpace(cells[i+2]) == "yes"; says != table.May(role, action) {
					t.Errorf("docs/protocol.md says that a %s may %s: %v", role, action, says)
				}
			}
		}
	}
	if !slices.Equal(roles, table.Roles()) || rows != len(table[rooms.Owner].May) {
		t.Errorf("docs/protocol.md has the roles %v and %d actions, the rooms %v and %d", roles, rows, table.Roles(), len(table[rooms.Owner].May))
	}
}
