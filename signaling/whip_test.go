package signaling_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"palabre/identity"
	"palabre/rooms"
	"palabre/signaling"
	"palabre/signaling/protocol"
)

// sdp writes an offer whose media sections go one way ("sendonly").
func sdp(way string, kinds ...string) string {
	var b strings.Builder
	b.WriteString("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n")
	for i, kind := range kinds {
		fmt.Fprintf(&b, "m=%s 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:%d\r\na=%s\r\na=ice-ufrag:cli1\r\na=ice-pwd:clientclientclientclient\r\n", kind, i, way)
	}
	return b.String()
}

func (h *house) post(path, token, sdp string) (*http.Response, string) {
	h.t.Helper()
	return h.do(http.MethodPost, path, sdp, "Content-Type", "application/sdp", "Authorization", "Bearer "+token)
}

func TestWHIP(t *testing.T) {
	h := newHouse(t)
	ana, _, _ := h.enter(protocol.Hello{Room: "r"}, "Ana")
	token := h.token(identity.Grant{Room: "r", Role: "member", Name: "OBS", Subject: "studio"})

	res, answer := h.post("/whip/R", token, sdp("sendonly", "video", "audio", "video"))
	if res.StatusCode != http.StatusCreated || !strings.Contains(answer, "a=ice-ufrag:srv1") {
		t.Fatalf("status %d, answer %q", res.StatusCode, answer)
	}
	location, etag := res.Header.Get("Location"), res.Header.Get("ETag")
	for header, want := range map[string]string{
		"Content-Type": "application/sdp", "ETag": `"srv1"`, "Accept-Patch": "application/trickle-ice-sdpfrag", "Access-Control-Allow-Origin": "*",
	} {
		if got := res.Header.Get(header); got != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
	if !strings.HasPrefix(location, "/whip/r/") || len(location) < len("/whip/r/")+26 {
		t.Errorf("Location %q", location)
	}
	p := want[protocol.Participant](ana, protocol.TypeParticipant)
	if p.ID != "studio" || p.Name != "OBS" || !p.Media.Camera || !p.Media.Microphone {
		t.Errorf("Ana sees %+v", p)
	}
	peer := h.media.all()[0]
	if offer := peer.offers[0]; offer.Camera != "0" || offer.Microphone != "1" || offer.Screen != "" || len(offer.Seats) != 0 {
		t.Errorf("offer %+v", offer)
	}

	patch := func(fragment string, pairs ...string) (*http.Response, string) {
		return h.do(http.MethodPatch, location, fragment, append(pairs, "Content-Type", "application/trickle-ice-sdpfrag", "Authorization", "Bearer "+token)...)
	}
	same := "a=ice-ufrag:cli1\r\na=ice-pwd:clientclientclientclient\r\n"
	other := "a=ice-ufrag:cli2\r\na=ice-pwd:restartrestartrestartrestart\r\n"
	for name, c := range map[string]struct {
		fragment, match string
		status          int
	}{
		"trickle":                  {same + "m=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 UDP 1 10.0.0.1 1 typ host\r\n", etag, 204},
		"trickle, any ETag":        {same, "*", 204},
		"trickle without ETag":     {same, "", 204},
		"trickle, an old ETag":     {same, `"srv0"`, 412},
		"restart without If-Match": {other, "", 428},
		"restart with an ETag":     {other, etag, 412},
		"no fragment":              {"{}", "*", 400},
	} {
		t.Run(name, func(t *testing.T) {
			var pairs []string
			if c.match != "" {
				pairs = []string{"If-Match", c.match}
			}
			if res, body := patch(c.fragment, pairs...); res.StatusCode != c.status {
				t.Errorf("status %d %s, want %d", res.StatusCode, body, c.status)
			}
		})
	}
	res, fragment := patch(other, "If-Match", "*")
	if res.StatusCode != 200 || res.Header.Get("ETag") != `"srv2"` || res.Header.Get("Content-Type") != "application/trickle-ice-sdpfrag" {
		t.Fatalf("restart: %d %v", res.StatusCode, res.Header)
	}
	if !strings.HasPrefix(fragment, "a=ice-ufrag:srv2\r\n") || !strings.Contains(fragment, "a=candidate:") {
		t.Errorf("fragment %q", fragment)
	}
	if second := peer.offers[1].SDP; !strings.Contains(second, "a=ice-ufrag:cli2") || strings.Contains(second, "cli1") {
		t.Errorf("restarted offer %q", second)
	}

	if res, _ := h.do(http.MethodDelete, location, "", "Authorization", "Bearer "+token); res.StatusCode != 200 {
		t.Errorf("DELETE gives %d", res.StatusCode)
	}
	if left := want[protocol.Left](ana, protocol.TypeLeft); left.Participant != "studio" || left.Reason != protocol.ReasonLeft {
		t.Errorf("left %+v", left)
	}
	if res, _ := h.do(http.MethodDelete, location, "", "Authorization", "Bearer "+token); res.StatusCode != 404 {
		t.Errorf("DELETE again gives %d", res.StatusCode)
	}
}

func TestWHIPRefusals(t *testing.T) {
	h := newHouse(t, func(c *signaling.Config, _ *rooms.Config) { c.OpenRooms = true })
	h.media.answer = func(context.Context, rooms.Offer) (string, error) { return "", rooms.ErrBadOffer }
	member := h.token(identity.Grant{Room: "r", Role: "member"})
	viewer := h.token(identity.Grant{Room: "r", Role: "viewer"})
	other := h.token(identity.Grant{Room: "other", Role: "host"})
	king := h.token(identity.Grant{Room: "r", Role: "king"})
	good := sdp("sendonly", "audio")
	for name, c := range map[string]struct {
		path, token, body, kind string
		status                  int
		code                    protocol.ErrorCode
	}{
		"no token":           {"/whip/r", "", good, "application/sdp", 401, protocol.CodeUnauthorized},
		"forged":             {"/whip/r", member + "x", good, "application/sdp", 401, protocol.CodeUnauthorized},
		"for another room":   {"/whip/r", other, good, "application/sdp", 403, protocol.CodeForbidden},
		"an unknown role":    {"/whip/r", king, good, "application/sdp", 401, protocol.CodeUnauthorized},
		"a viewer":           {"/whip/r", viewer, good, "application/sdp", 403, protocol.CodeForbidden},
		"no room name":       {"/whip/%3C", member, good, "application/sdp", 400, protocol.CodeBadMessage},
		"wrong type":         {"/whip/r", member, good, "text/plain", 415, protocol.CodeBadMessage},
		"no type":            {"/whip/r", member, good, "", 415, protocol.CodeBadMessage},
		"too large":          {"/whip/r", member, good + strings.Repeat("a=x\r\n", 30<<10), "application/sdp", 413, protocol.CodeTooLarge},
		"not SDP":            {"/whip/r", member, "hello", "application/sdp", 400, protocol.CodeBadMessage},
		"only receives":      {"/whip/r", member, sdp("recvonly", "audio"), "application/sdp", 422, protocol.CodeBadOffer},
		"no mid":             {"/whip/r", member, "v=0\r\nm=audio 9 x 0\r\n", "application/sdp", 422, protocol.CodeBadOffer},
		"refused by media":   {"/whip/r", member, good, "application/sdp", 422, protocol.CodeBadOffer},
		"an id with a space": {"/whip/r?participant=a%20b", member, good, "application/sdp", 400, protocol.CodeBadMessage},
		"WHEP only sends":    {"/whep/r", viewer, good, "application/sdp", 422, protocol.CodeBadOffer},
		"WHEP without token": {"/whep/r", "", good, "application/sdp", 401, protocol.CodeUnauthorized},
		"WHEP of the absent": {"/whep/r?participant=nobody", viewer, sdp("recvonly", "audio"), "application/sdp", 404, protocol.CodeNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			var pairs []string
			if c.token != "" {
				pairs = append(pairs, "Authorization", "Bearer "+c.token)
			}
			if c.kind != "" {
				pairs = append(pairs, "Content-Type", c.kind)
			}
			res, body := h.do(http.MethodPost, c.path, c.body, pairs...)
			if p := problemOf(t, res, body); p.Status != c.status || p.Code != c.code {
				t.Errorf("%d %s %q, want %d %s", p.Status, p.Code, p.Detail, c.status, c.code)
			}
			if got := res.Header.Get("WWW-Authenticate") != ""; got != (c.status == 401) {
				t.Errorf("WWW-Authenticate is there: %v", got)
			}
		})
	}
	eventually(t, "the refused leave nothing behind", func() bool { return h.rooms.Stats() == rooms.Stats{} })
}

func TestWHIPSessionBelongsToItsToken(t *testing.T) {
	h := newHouse(t)
	grant := identity.Grant{Room: "r", Role: "member", Subject: "studio"}
	mine, theirs := h.token(grant), h.token(identity.Grant{Room: "r", Role: "host", Subject: "thief"})
	res, _ := h.post("/whip/r", mine, sdp("sendonly", "audio"))
	location := res.Header.Get("Location")
	for name, c := range map[string]struct {
		path, token string
		status      int
	}{
		"nobody":          {location, "", 401},
		"another token":   {location, theirs, 404},
		"as WHEP":         {strings.Replace(location, "/whip/", "/whep/", 1), mine, 404},
		"in another room": {strings.Replace(location, "/r/", "/s/", 1), mine, 404},
		"an id made up":   {"/whip/r/x", mine, 404},
	} {
		res, body := h.do(http.MethodDelete, c.path, "", "Authorization", "Bearer "+c.token)
		if res.StatusCode != c.status {
			t.Errorf("%s: %d %s, want %d", name, res.StatusCode, body, c.status)
		}
	}
	if res, _ := h.do(http.MethodDelete, location, "", "Authorization", "Bearer "+mine); res.StatusCode != 200 {
		t.Errorf("the owner gets %d", res.StatusCode)
	}
}

func TestWHIPEndsWithItsMedia(t *testing.T) {
	h := newHouse(t)
	token := h.token(identity.Grant{Room: "r", Role: "member"})
	res, _ := h.post("/whip/r?participant=camera-2", token, sdp("sendonly", "video"))
	if res.StatusCode != 201 {
		t.Fatal(res.StatusCode)
	}
	peer := h.media.all()[0]
	if peer.participant != "camera-2" {
		t.Errorf("published as %q", peer.participant)
	}
	peer.report.Connected()
	peer.report.Failed("no path")
	location := res.Header.Get("Location")
	eventually(t, "the session is gone", func() bool {
		res, _ := h.do(http.MethodPatch, location, "", "Authorization", "Bearer "+token, "Content-Type", "application/trickle-ice-sdpfrag")
		return res.StatusCode == 404
	})
}

func TestWHEP(t *testing.T) {
	h := newHouse(t, func(c *signaling.Config, _ *rooms.Config) {
		c.ICEServers = func(string) ([]protocol.ICEServer, func()) {
			return []protocol.ICEServer{{URLs: []string{"turns:turn.example"}, Username: `a"b`, Credential: "c"}}, func() {}
		}
	})
	ana, welcome, _ := h.enter(protocol.Hello{Room: "r"}, "Ana")
	token := h.token(identity.Grant{Room: "r", Role: "viewer"})
	for _, c := range []struct {
		path   string
		layout rooms.Layout
	}{
		{"/whep/r", rooms.Layout{Mode: rooms.LayoutSpeaker}},
		{"/whep/r?participant=" + welcome.Participant, rooms.Layout{Mode: rooms.LayoutTiles}},
	} {
		res, _ := h.post(c.path, token, sdp("recvonly", "audio", "video"))
		if res.StatusCode != 201 {
			t.Fatalf("%s: %d", c.path, res.StatusCode)
		}
		if link := res.Header.Get("Link"); link != `<turns:turn.example>; rel="ice-server"; username="a\"b"; credential="c"; credential-type="password"` {
			t.Errorf("Link %s", link)
		}
		peers := h.media.all()
		peer := peers[len(peers)-1]
		if diff := cmp.Diff([]rooms.Pair{{Audio: "0", Video: "1"}}, peer.offers[0].Seats); diff != "" {
			t.Error(diff)
		}
		eventually(t, "the viewer is shown somebody", func() bool {
			peer.mu.Lock()
			defer peer.mu.Unlock()
			tiles := peer.layout.Tiles
			return peer.entered && peer.layout.Mode == c.layout.Mode && (c.layout.Mode != rooms.LayoutTiles || len(tiles) > 0 && tiles[0].Participant == welcome.Participant)
		})
	}
	ana.send(protocol.TypePing, nil)
	if f, err := ana.next(); err != nil || f.Type != protocol.TypePong {
		t.Errorf("Ana is told of viewers: %+v %v", f, err)
	}
}

func TestWHIPOptions(t *testing.T) {
	h := newHouse(t)
	for path, header := range map[string][2]string{
		"/whip/r": {"Accept-Post", "application/sdp"}, "/whep/r/x": {"Accept-Patch", "application/trickle-ice-sdpfrag"},
	} {
		res, _ := h.do(http.MethodOptions, path, "", "Origin", "https://studio.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization")
		if res.StatusCode != 204 || res.Header.Get(header[0]) != header[1] {
			t.Errorf("%s: %d %v", path, res.StatusCode, res.Header)
		}
		if !strings.Contains(res.Header.Get("Access-Control-Allow-Headers"), "Authorization") || res.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %v", path, res.Header)
		}
	}
	if res, body := h.do(http.MethodGet, "/whip/r", ""); res.StatusCode != 405 {
		t.Errorf("GET gives %d %s", res.StatusCode, body)
	}
}
