package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"palabre/identity"
	"palabre/rooms"
	"palabre/signaling/api/apitest"
	"palabre/signaling/gate"
	"palabre/signaling/protocol"
)

// link is a link as the API shows it.
type link struct {
	ID, Role, Name, URL string
	Once                bool
	Used, Revoked       *time.Time
}

func (l link) token() string { return l.URL[strings.Index(l.URL, "#token=")+len("#token="):] }

func TestLinksByAPI(t *testing.T) {
	h, _, _ := access(t, gate.Limits{})
	member, host := h.Token("oak", rooms.Member, "ana"), h.Token("oak", rooms.Host, "hal")
	var made link
	h.Want(http.StatusCreated, "POST /rooms/oak/links", member, map[string]any{"role": "guest", "name": "Bo", "once": true}).JSON(&made)
	if made.Role != "guest" || !made.Once || !strings.Contains(made.URL, "/r/oak#token=") {
		t.Fatalf("made %+v", made)
	}
	for name, bad := range map[string]struct {
		bearer string
		body   any
		status int
	}{
		"above one's role":     {member, map[string]any{"role": "host"}, 403},
		"a role nobody knows":  {host, map[string]any{"role": "king"}, 400},
		"in the past":          {host, map[string]any{"role": "guest", "expires": time.Now().Add(-time.Hour)}, 400},
		"for ever":             {host, map[string]any{"role": "guest", "expires": time.Now().AddDate(3, 0, 0)}, 400},
		"by a guest":           {h.Token("oak", rooms.Guest, "gus"), map[string]any{"role": "guest"}, 403},
		"a long name":          {host, map[string]any{"role": "guest", "name": strings.Repeat("x", 65)}, 413},
		"by a link of another": {h.Token("elm", rooms.Host, "eve"), map[string]any{"role": "guest"}, 403},
	} {
		if answer := h.Do("POST /rooms/oak/links", bad.bearer, bad.body); answer.Status != bad.status {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Body)
		}
	}
	var other link
	h.Want(http.StatusCreated, "POST /rooms/oak/links", host, map[string]any{"role": "co-host"}).JSON(&other)
	list := func(bearer string) (items []link) {
		var page struct{ Items []link }
		h.Want(http.StatusOK, "GET /rooms/oak/links", bearer, nil).JSON(&page)
		return page.Items
	}
	if mine := list(member); len(mine) != 1 || mine[0].ID != made.ID || mine[0].URL != "" {
		t.Errorf("a member sees %+v", mine)
	}
	if all := list(host); len(all) != 2 || all[0].ID != other.ID {
		t.Errorf("a host sees %+v", all)
	}
	h.Want(http.StatusNotFound, "DELETE /rooms/oak/links/"+other.ID, member, nil)
	h.Want(http.StatusNoContent, "DELETE /rooms/oak/links/"+other.ID, apitest.All, nil)
	visit(t, h, made, other)
	if used := list(host)[1]; used.Used == nil {
		t.Error("nobody sees that the link was used")
	}
}

// visit comes by a link for one visit, and by one that was revoked.
func visit(t *testing.T, h *apitest.House, once, revoked link) {
	t.Helper()
	first, welcome := hello(t, h, protocol.Hello{Room: "oak", Token: once.token()})
	second, _ := hello(t, h, protocol.Hello{Room: "oak", Token: once.token()})
	if welcome.text("name") != "Bo" {
		t.Errorf("who comes by the link is called %q", welcome.text("name"))
	}
	joined := first.join("")
	if joined.Type != "joined" {
		t.Fatalf("the first to join: %s %s", joined.Type, joined.Data)
	}
	if late := second.join(""); late.code() != "unauthorized" {
		t.Errorf("the second to join: %s %s", late.Type, late.Data)
	}
	if _, again := hello(t, h, protocol.Hello{Room: "oak", Resume: joined.text("resume")}); again.Type != "resumed" {
		t.Errorf("the first one coming back: %s %s", again.Type, again.Data)
	}
	if _, gone := hello(t, h, protocol.Hello{Room: "oak", Token: revoked.token()}); gone.code() != "unauthorized" {
		t.Errorf("by a revoked link: %s %s", gone.Type, gone.Data)
	}
}

func TestLinksOverTheWebSocket(t *testing.T) {
	h, _, _ := access(t, gate.Limits{})
	ana, _ := hello(t, h, protocol.Hello{Room: "oak", Token: h.Token("oak", rooms.Member, "ana")})
	ana.join("Ana")
	made := ana.ask("link-create", protocol.LinkWish{Role: "guest", Name: "Bo"})
	if made.Type != "link" || made.text("token") == "" || made.text("by") != "Ana" {
		t.Fatalf("made %s %s", made.Type, made.Data)
	}
	if list := ana.ask("link-list", protocol.LinkPage{}); list.Type != "links" || !strings.Contains(string(list.Data), made.text("id")) || strings.Contains(string(list.Data), made.text("token")) {
		t.Errorf("listed %s %s", list.Type, list.Data)
	}
	if gone := ana.ask("link-revoke", protocol.LinkTarget{Link: made.text("id")}); gone.Type != "link" {
		t.Errorf("revoked %s %s", gone.Type, gone.Data)
	}
	if high := ana.ask("link-create", protocol.LinkWish{Role: "host"}); high.code() != "forbidden" {
		t.Errorf("above one's role: %s %s", high.Type, high.Data)
	}
	if _, bo := hello(t, h, protocol.Hello{Room: "oak", Token: made.text("token")}); bo.code() != "unauthorized" {
		t.Errorf("by the revoked link: %s %s", bo.Type, bo.Data)
	}
}

func TestWhoStartsARoomOwnsIt(t *testing.T) {
	h, _, _ := access(t, gate.Limits{})
	found := func(body any) (room, token string) {
		var made struct{ Name, URL, OwnerURL string }
		h.Want(http.StatusCreated, "POST /rooms", "", body).JSON(&made)
		return made.Name, link{URL: made.OwnerURL}.token()
	}
	role := func(room, token string) string {
		_, welcome := hello(t, h, protocol.Hello{Room: room, Token: token})
		return welcome.text("role")
	}
	room, token := found(nil)
	if got := role(room, token); got != "owner" {
		t.Errorf("who starts a room is %q", got)
	}
	if got := role(room, ""); got != "guest" {
		t.Errorf("who is given its link is %q", got)
	}
	_, first := found(map[string]string{"name": "tea"})
	_, second := found(map[string]string{"name": "tea"})
	if a, b := role("tea", first), role("tea", second); a != "owner" || b != "guest" {
		t.Errorf("of two who ask for one name the first is %q, the second %q", a, b)
	}
}

func TestKeysMakeNoStrongerKeys(t *testing.T) {
	h := open(t, withKeys(apitest.APIKeys{
		"plk_team": {ID: "team", Scopes: []identity.Scope{identity.KeysWrite, identity.RoomsRead}, Rooms: identity.Patterns{"team-*"}},
	}))
	for name, test := range map[string]struct {
		body   any
		status int
	}{
		"as much":      {map[string]any{"name": "a", "scopes": []string{"rooms:read"}, "rooms": []string{"team-red"}}, 201},
		"other scopes": {map[string]any{"name": "a", "scopes": []string{"rooms:write"}, "rooms": []string{"team-red"}}, 403},
		"other rooms":  {map[string]any{"name": "a", "scopes": []string{"rooms:read"}, "rooms": []string{"board"}}, 403},
		"all rooms":    {map[string]any{"name": "a", "scopes": []string{"rooms:read"}}, 403},
		"no scope":     {map[string]any{"name": "a", "scopes": []string{}, "rooms": []string{"team-red"}}, 400},
	} {
		if answer := h.Do("POST /keys", "plk_team", test.body); answer.Status != test.status {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Body)
		}
	}
	h.Want(http.StatusForbidden, "GET /keys", "plk_team", nil)
}

func TestAPasswordIsAskedForOnce(t *testing.T) {
	h, _, _ := access(t, gate.Limits{})
	host, _ := hello(t, h, protocol.Hello{Room: "oak", Token: h.Token("oak", rooms.Host, "hal")})
	host.join("Hal")
	if set := host.ask("configure", map[string]any{"password": "open sesame"}); set.Type != "room" || !strings.Contains(string(set.Data), `"password":true`) || strings.Contains(string(set.Data), "argon2id") {
		t.Fatalf("setting a password: %s %s", set.Type, set.Data)
	}
	for password, want := range map[string]string{"": "password-needed", "open": "password-wrong", strings.Repeat("x", 300): "password-wrong"} {
		if _, answer := hello(t, h, protocol.Hello{Room: "oak", Password: password}); answer.code() != want {
			t.Errorf("with %.20q: %s %s", password, answer.Type, answer.Data)
		}
	}
	gus, welcome := hello(t, h, protocol.Hello{Room: "oak", Password: "open sesame"})
	if welcome.Type != "welcome" {
		t.Fatalf("with the password: %s %s", welcome.Type, welcome.Data)
	}
	joined := gus.join("Gus")
	if host.ask("configure", map[string]any{"password": ""}).Type != "room" {
		t.Error("the password cannot be taken away")
	}
	if host.ask("configure", map[string]any{"password": "another"}).Type != "room" {
		t.Error("the password cannot be changed")
	}
	if _, again := hello(t, h, protocol.Hello{Room: "oak", Resume: joined.text("resume")}); again.Type != "resumed" {
		t.Errorf("who was in is asked again: %s %s", again.Type, again.Data)
	}
}
