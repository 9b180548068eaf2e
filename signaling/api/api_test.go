package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"palabre/identity"
	"palabre/rooms"
	"palabre/signaling"
	"palabre/signaling/api"
	"palabre/signaling/api/apitest"
	"palabre/signaling/gate"
	"palabre/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Run(m)) }

func open(t *testing.T, options ...apitest.Option) *apitest.House {
	t.Helper()
	return apitest.New(t, storetest.Open(t, storetest.SQLite(t)), options...)
}

func withKeys(keys apitest.APIKeys) apitest.Option {
	return func(c *api.Config, _ *rooms.Config, _ *signaling.Config) { c.Keys = keys }
}

// TestWhoMayAsk: programs by scope and room, people by the role of their token.
func TestWhoMayAsk(t *testing.T) {
	h := open(t, withKeys(apitest.APIKeys{
		"plk_reader": {ID: "reader", Scopes: []identity.Scope{identity.MeetingsRead}},
		"plk_narrow": {ID: "narrow", Scopes: []identity.Scope{identity.MeetingsRead}, Rooms: identity.Patterns{"team-*"}},
		"plk_other":  {ID: "other", Scopes: []identity.Scope{identity.RoomsRead}},
	}))
	for _, c := range []struct {
		name, bearer string
		status       int
		code         string
	}{
		{"nobody", "", 401, "unauthorized"},
		{"a program with the scope", "plk_reader", 200, ""},
		{"a program with another scope", "plk_other", 403, "forbidden"},
		{"a program for other rooms", "plk_narrow", 403, "forbidden"},
		{"an unknown program", "plk_unknown", 401, "unauthorized"},
		{"a host", h.Token("oak", rooms.Host, "ana"), 200, ""},
		{"a guest", h.Token("oak", rooms.Guest, "kim"), 403, "forbidden"},
		{"a host of another room", h.Token("elm", rooms.Host, "ana"), 403, "forbidden"},
		{"a forged token", h.Token("oak", rooms.Host, "ana") + "x", 401, "unauthorized"},
	} {
		answer := h.Do("GET /rooms/oak/live", c.bearer, nil)
		if answer.Status != c.status || answer.Code() != c.code {
			t.Errorf("%s: %d %q, want %d %q", c.name, answer.Status, answer.Code(), c.status, c.code)
		}
	}
	if answer := h.Do("GET /rooms/no%20name%3F/live", "plk_reader", nil); answer.Code() != "bad-message" {
		t.Errorf("a name that is none: %d %s", answer.Status, answer.Body)
	}
}

func TestLiveRoom(t *testing.T) {
	h := open(t)
	var live struct {
		Meeting string
		Locked  bool
		People  []struct {
			ID, Name, Role string
			Sending        []string
		}
		Waiting []struct{ ID string }
	}
	h.Want(200, "GET /rooms/oak/live", apitest.All, nil).JSON(&live)
	if live.Meeting != "" || live.People == nil || live.Waiting == nil {
		t.Errorf("an empty room is %+v", live)
	}
	h.Join("oak", "Ana", rooms.Host)
	h.Want(200, "GET /rooms/oak/live", apitest.All, nil).JSON(&live)
	if live.Meeting == "" || len(live.People) != 1 || live.People[0].Name != "Ana" || fmt.Sprint(live.People[0].Sending) != "[microphone camera]" {
		t.Errorf("a room with Ana is %+v", live)
	}
}

// TestARequestIsDoneOnce: with an Idempotency-Key, also when it comes many times at once.
func TestARequestIsDoneOnce(t *testing.T) {
	h := open(t)
	var wg sync.WaitGroup
	answers := make([]apitest.Answer, 8)
	for i := range answers {
		wg.Go(func() {
			answers[i] = h.Do("POST /keys", apitest.All, map[string]any{"name": "bot", "scopes": []string{"rooms:read"}}, "Idempotency-Key", "k1")
		})
	}
	wg.Wait()
	bodies := map[string]int{}
	for _, a := range answers {
		switch a.Status {
		case http.StatusCreated:
			bodies[string(a.Body)]++
		case http.StatusConflict:
		default:
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
	if len(bodies) != 1 {
		t.Errorf("%d different answers", len(bodies))
	}
	again := h.Do("POST /keys", apitest.All, map[string]any{"name": "bot", "scopes": []string{"rooms:read"}}, "Idempotency-Key", "k1")
	if bodies[string(again.Body)] == 0 || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the answer given again is %d %s", again.Status, again.Body)
	}
	other := h.Do("POST /keys", apitest.All, map[string]any{"name": "another", "scopes": []string{"rooms:read"}}, "Idempotency-Key", "k1")
	if other.Code() != "conflict" {
		t.Errorf("another request with the key: %d %s", other.Status, other.Body)
	}
	if bad := h.Do("POST /keys", apitest.All, map[string]any{"name": "bot", "scopes": []string{"x"}}, "Idempotency-Key", "k2"); bad.Status < 400 {
		t.Errorf("a bad request: %d %s", bad.Status, bad.Body)
	}
	if mended := h.Do("POST /keys", apitest.All, map[string]any{"name": "bot", "scopes": []string{"rooms:read"}}, "Idempotency-Key", "k2"); mended.Status != http.StatusCreated {
		t.Errorf("after a failure the key is taken: %d %s", mended.Status, mended.Body)
	}
}

func TestBodiesThatMakeNoSense(t *testing.T) {
	h := open(t)
	for name, c := range map[string]struct {
		body any
		code string
	}{
		"no body":          {nil, "bad-message"},
		"an unknown field": {map[string]any{"titel": "x"}, "bad-message"},
		"a wrong type":     {map[string]any{"title": 1}, "bad-message"},
		"too large":        {map[string]any{"title": strings.Repeat("x", 70_000)}, "too-large"},
		"a list":           {[]int{1}, "bad-message"},
	} {
		if answer := h.Do("PATCH /rooms/oak", apitest.All, c.body); answer.Code() != c.code || answer.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Body)
		}
	}
}

// TestRoomsThatMayBeEmbedded: a room's page is framed by the sites its settings
// name and by nobody else, and who tries names is soon told nothing.
func TestRoomsThatMayBeEmbedded(t *testing.T) {
	store := storetest.Open(t, storetest.SQLite(t))
	h := apitest.New(t, store, func(a *api.Config, _ *rooms.Config, s *signaling.Config) {
		a.Shelf = store
		s.Pages = fstest.MapFS{"index.html": {Data: []byte("<!doctype html>")}}
		s.Limits = gate.Limits{PerMinute: 20, Burst: 20, Open: 10, CountLoopback: true}
	})
	h.Want(201, "PUT /rooms/standup", apitest.All, map[string]any{"origins": []string{"https://chat.example", "http://localhost:9000"}})
	h.Want(201, "PUT /rooms/garden", apitest.All, nil)
	policy := func(room, dest string) (csp, options string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+"/r/"+room, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Sec-Fetch-Dest", dest)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.Header.Get("Content-Security-Policy"), response.Header.Get("X-Frame-Options")
	}
	for _, c := range []struct{ room, dest, ancestors, options string }{
		{"standup", "iframe", "frame-ancestors https://chat.example http://localhost:9000;", ""},
		{"standup", "document", "frame-ancestors 'none';", "DENY"},
		{"garden", "iframe", "frame-ancestors 'none';", "DENY"},
		{"nothing", "iframe", "frame-ancestors 'none';", "DENY"},
	} {
		if csp, options := policy(c.room, c.dest); !strings.Contains(csp, c.ancestors) || options != c.options {
			t.Errorf("%s as %s: %s, %q; want %s", c.room, c.dest, csp, options, c.ancestors)
		}
	}
	for n := range 30 {
		policy(fmt.Sprint("guess-", n), "iframe")
	}
	if csp, _ := policy("standup", "iframe"); !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("who tried thirty names is told %s", csp)
	}
}

// TestEveryPathIsCalled goes through the description: whatever it names answers
// strangers with a refusal, and a program that may do everything with an answer
// or a problem document, never with a fault of ours.
func TestEveryPathIsCalled(t *testing.T) {
	h := open(t)
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	response, err := http.Get(h.URL + "/api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	fill := regexp.MustCompile(`\{[^}]+\}`)
	called := 0
	for path, methods := range doc.Paths {
		rest, ours := strings.CutPrefix(path, "/api/v1")
		if !ours {
			continue // signalling's own tests call WHIP, WHEP, health and figures
		}
		for method, text := range methods {
			if method == "parameters" {
				continue
			}
			var operation struct{ Security []map[string][]string }
			if err := json.Unmarshal(text, &operation); err != nil {
				t.Fatal(err)
			}
			what := strings.ToUpper(method) + " " + fill.ReplaceAllString(rest, "oak")
			var body any
			if method != "get" && method != "delete" {
				body = map[string]any{}
			}
			if stranger := h.Do(what, "", body); len(operation.Security) > 0 && stranger.Status != http.StatusUnauthorized {
				t.Errorf("%s answers strangers with %d %s", what, stranger.Status, stranger.Body)
			}
			answer := h.Do(what, apitest.All, body)
			called++
			problem := answer.Header.Get("Content-Type") == "application/problem+json"
			if answer.Status >= 400 && (!problem || answer.Code() == "") || answer.Status >= 500 && answer.Status != http.StatusServiceUnavailable {
				t.Errorf("%s: %d %s", what, answer.Status, answer.Body)
			}
			if answer.Status == http.StatusNotFound && !strings.Contains(string(answer.Body), "detail") {
				t.Errorf("%s leads nowhere: %s", what, answer.Body)
			}
		}
	}
	if called < 60 {
		t.Errorf("%d operations were called", called)
	}
}
