package signaling_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"palabre/identity"
	"palabre/rooms"
	"palabre/signaling/protocol"
)

// measured is a connection of which everything is known.
var measured = rooms.MediaStats{
	Bars: rooms.Bars{Up: 3, Down: 2},
	Link: rooms.LinkStats{RTT: 12500 * time.Microsecond, Estimate: 2e6, Acknowledged: 19e5, Wanted: 3e6, Loss: 0.02, QueueDelay: 30 * time.Millisecond, Probes: 4},
	Tracks: []rooms.TrackStats{
		{Source: rooms.Microphone, Codec: "audio/opus", Sending: true, Layers: []rooms.LayerStats{{SSRC: 1, Alive: true, Packets: 50, Bytes: 5000, Jitter: 1500 * time.Microsecond}}},
		{Source: rooms.Camera, Video: true, Codec: "video/VP8", Sending: true, Layers: []rooms.LayerStats{
			{RID: "q", SSRC: 2, Alive: true, Wanted: true, Width: 320, Height: 180, Framerate: 29.5, Bitrate: 150e3, Packets: 9, Bytes: 9000, Lost: 1, Repaired: 2, NACKs: 3, PLIs: 4},
			{RID: "f"},
		}},
	},
	Lines: []rooms.LineStats{{
		Line: "seat0", Video: true, SSRC: 5, Participant: "ben", Source: "camera", RID: "h", Spatial: 1, Temporal: 2, Width: 640, Height: 360, Bitrate: 4e5,
		Packets: 7, Bytes: 7000, Resent: 1, Lost: 2, NACKs: 3, PLIs: 1, Jitter: 2 * time.Millisecond, Paused: "bandwidth",
	}},
}

const measuredJSON = `{"up":3,"down":2,
"link":{"rtt":12.5,"estimate":2000000,"acknowledged":1900000,"wanted":3000000,"loss":0.02,"queueDelay":30,"probes":4},
"tracks":[
 {"source":"microphone","kind":"audio","codec":"audio/opus","sending":true,"layers":[
  {"ssrc":1,"alive":true,"wanted":false,"bitrate":0,"packets":50,"bytes":5000,"lost":0,"repaired":0,"nacks":0,"plis":0,"jitter":1.5}]},
 {"source":"camera","kind":"video","codec":"video/VP8","sending":true,"layers":[
  {"rid":"q","ssrc":2,"alive":true,"wanted":true,"width":320,"height":180,"framerate":29.5,"bitrate":150000,"packets":9,"bytes":9000,"lost":1,"repaired":2,"nacks":3,"plis":4,"jitter":0},
  {"rid":"f","ssrc":0,"alive":false,"wanted":false,"bitrate":0,"packets":0,"bytes":0,"lost":0,"repaired":0,"nacks":0,"plis":0,"jitter":0}]}],
"lines":[
 {"line":"seat0","kind":"video","ssrc":5,"participant":"ben","source":"camera","rid":"h","spatial":1,"temporal":2,"width":640,"height":360,"bitrate":400000,
  "packets":7,"bytes":7000,"resent":1,"lost":2,"nacks":3,"plis":1,"jitter":2,"paused":"bandwidth"}]}`

func (h *house) host(room string) []string {
	return []string{"Authorization", "Bearer " + h.token(identity.Grant{Room: room, Role: "host"})}
}

func TestStatisticsForHosts(t *testing.T) {
	h := newHouse(t)
	c, w, _ := h.enter(protocol.Hello{Room: "live"}, "Ana")
	_, ben, _ := h.enter(protocol.Hello{Room: "live"}, "Ben")
	c.send(protocol.TypeOffer, protocol.Offer{SDP: "v=0"})
	c.frame(protocol.TypeAnswer)
	p := h.media.all()[0]
	p.mu.Lock()
	p.stats = measured
	p.mu.Unlock()

	before := time.Now().UnixMilli()
	res, body := h.do(http.MethodGet, "/api/v1/rooms/Live/stats", "", h.host("live")...)
	if res.StatusCode != http.StatusOK || res.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("status %d, %v, body %s", res.StatusCode, res.Header, body)
	}
	var got struct {
		Room   string
		At     int64
		People map[string]any
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if got.Room != "live" || got.At < before || got.At > time.Now().UnixMilli() {
		t.Errorf("about %q at %d", got.Room, got.At)
	}
	var want any
	if err := json.Unmarshal([]byte(measuredJSON), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.People[w.Participant]); diff != "" {
		t.Errorf("Ana (-want +got):\n%s", diff)
	}
	if ids := slices.Sorted(maps.Keys(got.People)); !slices.Equal(ids, slices.Sorted(slices.Values([]string{w.Participant, ben.Participant}))) {
		t.Errorf("people %v", ids)
	}
	// Lists are lists though somebody has no connection yet.
	if text, err := json.Marshal(got.People[ben.Participant]); err != nil || !strings.Contains(string(text), `"tracks":[]`) || !strings.Contains(string(text), `"lines":[]`) {
		t.Errorf("Ben is %s, %v", text, err)
	}
}

// TestStatisticsTellNobodyElse: whoever is no host of the room is answered the
// same whether anybody is in it or not.
func TestStatisticsTellNobodyElse(t *testing.T) {
	h := newHouse(t)
	_, w, _ := h.enter(protocol.Hello{Room: "live"}, "Ana")
	expired, err := h.keys.SignJoin(identity.Grant{Room: "live", Role: "host"}, -time.Hour)
	if err != nil {
		expired = "" // keys refuse to sign what has passed
	}
	for name, c := range map[string]struct {
		role, room string
		token      string
		status     int
	}{
		"no token":             {status: 401},
		"forged":               {token: "forged", status: 401},
		"expired":              {token: expired, status: 401},
		"a resume token":       {token: w.Resume, status: 401},
		"a member":             {role: "member", room: "%s", status: 403},
		"a guest":              {role: "guest", room: "%s", status: 403},
		"a viewer":             {role: "viewer", room: "%s", status: 403},
		"a host of other room": {role: "host", room: "elsewhere", status: 403},
	} {
		t.Run(name, func(t *testing.T) {
			bodies := map[string]string{}
			for _, room := range []string{"live", "empty"} {
				var headers []string
				token := c.token
				if c.role != "" {
					token = h.token(identity.Grant{Room: strings.Replace(c.room, "%s", room, 1), Role: c.role})
				}
				if token != "" {
					headers = []string{"Authorization", "Bearer " + token}
				}
				res, body := h.do(http.MethodGet, "/api/v1/rooms/"+room+"/stats", "", headers...)
				if problemOf(t, res, body); res.StatusCode != c.status {
					t.Errorf("%s: status %d, want %d: %s", room, res.StatusCode, c.status, body)
				}
				bodies[room] = body
			}
			if bodies["live"] != bodies["empty"] {
				t.Errorf("an empty room is told from a live one: %v", bodies)
			}
		})
	}
	res, body := h.do(http.MethodGet, "/api/v1/rooms/empty/stats", "", h.host("empty")...)
	if res.StatusCode != http.StatusOK || !strings.Contains(body, `"people":{}`) {
		t.Errorf("a host of an empty room gets %d %s", res.StatusCode, body)
	}
	if res, body = h.do(http.MethodGet, "/api/v1/rooms/a%3Cb/stats", "", h.host("live")...); res.StatusCode != http.StatusBadRequest {
		t.Errorf("no room's name: %d %s", res.StatusCode, body)
	}
	if n := h.rooms.Stats().Rooms; n != 1 {
		t.Errorf("asking made rooms: %d", n)
	}
}

func TestQualityOnTheWire(t *testing.T) {
	h := newHouse(t)
	c, w, _ := h.enter(protocol.Hello{Room: "live"}, "Ana")
	c.send(protocol.TypeOffer, protocol.Offer{SDP: "v=0"})
	c.frame(protocol.TypeAnswer)
	h.media.all()[0].report.Quality(3, 1)
	f := c.frame(protocol.TypeQuality)
	if want := `{"people":[{"participant":"` + w.Participant + `","up":3,"down":1}]}`; string(f.Data) != want || f.Seq != 0 {
		t.Errorf("number %d: %s, want %s", f.Seq, f.Data, want)
	}
}
