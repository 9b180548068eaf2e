package signaling_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"palabre/identity"
	"palabre/rooms"
	"palabre/signaling"
	"palabre/signaling/protocol"
)

func TestMeetingOverTheWire(t *testing.T) {
	h := newHouse(t)
	ana, welcome, joined := h.enter(protocol.Hello{Room: "Tree Talk"}, "Ana")
	if welcome.Room != "tree-talk" || welcome.Role != protocol.RoleGuest || !welcome.Prepare || welcome.Version != "test" || welcome.Resume == "" {
		t.Errorf("welcome %+v", welcome)
	}
	if joined.Participant != welcome.Participant || len(joined.Participants) != 1 || joined.Chat == nil || joined.Resume == "" {
		t.Errorf("joined %+v", joined)
	}

	bob := h.dial()
	re := bob.send(protocol.TypeHello, protocol.Hello{Room: "tree-talk", Name: "Bob", Client: "test/1"})
	f := bob.frame(protocol.TypeWelcome)
	if f.Re != re || f.Seq != 0 {
		t.Errorf("welcome has re %d seq %d", f.Re, f.Seq)
	}
	var w protocol.Welcome
	if err := json.Unmarshal(f.Data, &w); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(protocol.Preview{Count: 1, Names: []string{"Ana"}}, w.Preview); diff != "" {
		t.Error(diff)
	}
	re = bob.send(protocol.TypeJoin, protocol.Join{Name: "Bob", Media: protocol.Media{Camera: true}})
	if f = bob.frame(protocol.TypeJoined); f.Re != re || f.Seq == 0 {
		t.Errorf("joined has re %d seq %d", f.Re, f.Seq)
	}
	if p := want[protocol.Participant](ana, protocol.TypeParticipant); p.Name != "Bob" || !p.Media.Camera || p.Joined == 0 {
		t.Errorf("Ana sees %+v", p)
	}

	for _, step := range []struct {
		kind  protocol.ClientType
		data  any
		event protocol.ServerType
		check func(data string) bool
	}{
		{protocol.TypeChat, protocol.ChatText{Text: "hello", Nonce: "n1"}, protocol.TypeChatLine, has(`"text":"hello"`, `"nonce":"n1"`)},
		{protocol.TypeHand, protocol.Hand{Raised: true}, protocol.TypeParticipant, has(`"hand":`)},
		{protocol.TypeReact, protocol.React{Emoji: "👏"}, protocol.TypeReaction, has(`👏`)},
		{protocol.TypeRename, protocol.Rename{Name: "Robert"}, protocol.TypeParticipant, has(`"name":"Robert"`)},
		{protocol.TypeMedia, protocol.Media{Microphone: true}, protocol.TypeParticipant, has(`"microphone":true`, `"camera":false`)},
	} {
		re := bob.send(step.kind, step.data)
		mine, theirs := bob.frame(step.event), ana.frame(step.event)
		if mine.Re != re || theirs.Re != 0 || !step.check(string(mine.Data)) || !step.check(string(theirs.Data)) {
			t.Errorf("%s: sender got %d %s, the other %d %s", step.kind, mine.Re, mine.Data, theirs.Re, theirs.Data)
		}
	}

	re = bob.send(protocol.TypeLeave, nil)
	if f = bob.frame(protocol.TypeClosed); f.Re != re || !has(`"left"`)(string(f.Data)) {
		t.Errorf("closed has re %d, data %s", f.Re, f.Data)
	}
	if code := bob.closed(); code != websocket.CloseNormalClosure {
		t.Errorf("close code %d", code)
	}
	if left := want[protocol.Left](ana, protocol.TypeLeft); left.Participant != w.Participant || left.Reason != protocol.ReasonLeft {
		t.Errorf("left %+v", left)
	}
}

func has(parts ...string) func(string) bool {
	return func(text string) bool {
		return !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(text, p) })
	}
}

func TestPing(t *testing.T) {
	ana, _, _ := newHouse(t).enter(protocol.Hello{Room: "r"}, "Ana")
	re := ana.send(protocol.TypePing, nil)
	if f := ana.frame(protocol.TypePong); f.Re != re || f.Seq != 0 || f.Data != nil {
		t.Errorf("pong %+v", f)
	}
}

func TestOfferIsAnsweredBesideTheRest(t *testing.T) {
	h := newHouse(t)
	release := make(chan struct{})
	h.media.answer = func(ctx context.Context, o rooms.Offer) (string, error) {
		select {
		case <-release:
		case <-ctx.Done():
		}
		if o.SDP == "bad" {
			return "", fmt.Errorf("%w: no media in it", rooms.ErrBadOffer)
		}
		return "answer to " + o.SDP, nil
	}
	ana := h.dial()
	ana.send(protocol.TypeHello, protocol.Hello{Room: "r"})
	ana.frame(protocol.TypeWelcome)
	lines := protocol.Lines{
		Microphone: "0", Camera: "1", Screen: "2", ScreenAudio: "3",
		Seats: []protocol.Pair{{Audio: "4", Video: "5"}}, Stages: []protocol.Pair{{Audio: "6", Video: "7"}}, Voices: []string{"8"},
	}
	offer := ana.send(protocol.TypeOffer, protocol.Offer{SDP: "good", Lines: lines})
	second := ana.send(protocol.TypeOffer, protocol.Offer{SDP: "good", Lines: lines})
	ana.fails(protocol.CodeRateLimited, second)
	ana.send(protocol.TypeJoin, protocol.Join{Name: "Ana"})
	ana.frame(protocol.TypeJoined)
	close(release)
	f := ana.frame(protocol.TypeAnswer)
	if f.Re != offer || string(f.Data) != `{"sdp":"answer to good"}` {
		t.Errorf("answer %d %s", f.Re, f.Data)
	}
	peers := h.media.all()
	if len(peers) != 1 {
		t.Fatalf("%d peers", len(peers))
	}
	want := rooms.Offer{
		SDP: "good", Microphone: "0", Camera: "1", Screen: "2", ScreenAudio: "3",
		Seats: []rooms.Pair{{Audio: "4", Video: "5"}}, Stages: []rooms.Pair{{Audio: "6", Video: "7"}}, Voices: []string{"8"},
	}
	if diff := cmp.Diff(want, peers[0].offers[0]); diff != "" {
		t.Error(diff)
	}
	bad := ana.send(protocol.TypeOffer, protocol.Offer{SDP: "bad"})
	ana.fails(protocol.CodeBadOffer, bad)
}

func TestMediaEventsReachTheClient(t *testing.T) {
	h := newHouse(t)
	ana := h.dial()
	ana.send(protocol.TypeHello, protocol.Hello{Room: "r"})
	ana.frame(protocol.TypeWelcome)
	ana.send(protocol.TypeOffer, protocol.Offer{SDP: "v=0"})
	ana.frame(protocol.TypeAnswer)
	ana.send(protocol.TypeJoin, protocol.Join{Name: "Ana"})
	ana.frame(protocol.TypeJoined)
	ana.send(protocol.TypeLayout, protocol.Layout{Mode: protocol.LayoutTiles, Tiles: []protocol.Tile{{Participant: "x", Source: protocol.SourceScreen, Width: 640, Height: 360}}})
	p := h.media.all()[0]
	eventually(t, "the layout reaches the media plane", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.entered && cmp.Equal(p.layout, rooms.Layout{Mode: rooms.LayoutTiles, Tiles: []rooms.Tile{{Participant: "x", Source: rooms.Screen, Width: 640, Height: 360}}})
	})
	p.report.Connected()
	p.report.Seated([]rooms.Seat{{Kind: rooms.SeatPerson, Index: 2, Participant: "x", Video: true, Paused: "hidden"}})
	if f := ana.frame(protocol.TypeSeats); string(f.Data) != `{"seats":[{"kind":"seat","index":2,"participant":"x","video":true,"audio":false,"paused":"hidden"}]}` {
		t.Errorf("seats %s", f.Data)
	}
	p.report.Layers(rooms.Camera, []rooms.LayerWish{{RID: "h", MaxWidth: 640, MaxHeight: 384, MaxFramerate: 15}})
	if f := ana.frame(protocol.TypeLayers); string(f.Data) != `{"source":"camera","rids":["h"],"wishes":[{"rid":"h","maxWidth":640,"maxHeight":384,"maxFramerate":15}]}` {
		t.Errorf("layers %s", f.Data)
	}
	p.report.Speakers(nil, "")
	if f := ana.frame(protocol.TypeSpeakers); string(f.Data) != `{"speaking":[]}` || f.Seq != 0 {
		t.Errorf("speakers %d %s", f.Seq, f.Data)
	}
	p.report.Disconnected()
	if f := ana.frame(protocol.TypeICERestart); f.Data != nil {
		t.Errorf("ice-restart %s", f.Data)
	}
	p.report.Failed("no path")
	if f := ana.frame(protocol.TypeMediaLost); string(f.Data) != `{"reason":"no path"}` {
		t.Errorf("media-lost %s", f.Data)
	}
}

func TestBadCommands(t *testing.T) {
	ana, _, _ := newHouse(t).enter(protocol.Hello{Room: "r"}, "Ana")
	tiles := make([]protocol.Tile, protocol.MaxTiles+1)
	for name, c := range map[string]struct {
		kind protocol.ClientType
		data any
		code protocol.ErrorCode
	}{
		"unknown message":       {"sudo", nil, protocol.CodeBadMessage},
		"no type":               {"", nil, protocol.CodeBadMessage},
		"hello again":           {protocol.TypeHello, protocol.Hello{Room: "r"}, protocol.CodeBadMessage},
		"join again":            {protocol.TypeJoin, protocol.Join{Name: "Eve"}, protocol.CodeBadMessage},
		"chat without data":     {protocol.TypeChat, nil, protocol.CodeBadMessage},
		"ping with data":        {protocol.TypePing, protocol.Hand{}, protocol.CodeBadMessage},
		"leave with data":       {protocol.TypeLeave, protocol.Hand{}, protocol.CodeBadMessage},
		"unknown layout":        {protocol.TypeLayout, protocol.Layout{Mode: "circle"}, protocol.CodeBadMessage},
		"too many tiles":        {protocol.TypeLayout, protocol.Layout{Mode: protocol.LayoutTiles, Tiles: tiles}, protocol.CodeTooLarge},
		"a tile of a voice":     {protocol.TypeLayout, protocol.Layout{Mode: protocol.LayoutTiles, Tiles: []protocol.Tile{{Source: protocol.SourceMicrophone}}}, protocol.CodeBadMessage},
		"a tile of minus one":   {protocol.TypeLayout, protocol.Layout{Mode: protocol.LayoutTiles, Tiles: []protocol.Tile{{Source: protocol.SourceCamera, Width: -1}}}, protocol.CodeBadMessage},
		"a long chat line":      {protocol.TypeChat, protocol.ChatText{Text: strings.Repeat("é", protocol.MaxChat+1)}, protocol.CodeTooLarge},
		"a long name":           {protocol.TypeRename, protocol.Rename{Name: strings.Repeat("é", protocol.MaxName+1)}, protocol.CodeTooLarge},
		"a word for a reaction": {protocol.TypeReact, protocol.React{Emoji: "<b>"}, protocol.CodeBadMessage},
		"admit by a guest":      {protocol.TypeAdmit, protocol.Target{Participant: "x"}, protocol.CodeForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			ana.t = t
			ana.fails(c.code, ana.send(c.kind, c.data))
		})
	}
	ana.t = t
	ana.send(protocol.TypePing, nil)
	ana.frame(protocol.TypePong) // still here, and still itself
}

func TestRefusedHello(t *testing.T) {
	h := newHouse(t, func(c *signaling.Config, _ *rooms.Config) { c.OpenRooms = false })
	for name, c := range map[string]struct {
		text  string
		code  protocol.ErrorCode
		close int
	}{
		"no token":         {`{"type":"hello","data":{"room":"r"}}`, protocol.CodeUnauthorized, protocol.CloseRefused},
		"nonsense":         {`{"type":"hello","data":{"room":"r","token":"x"}}`, protocol.CodeUnauthorized, protocol.CloseRefused},
		"no room":          {`{"type":"hello","data":{"room":""}}`, protocol.CodeBadMessage, websocket.ClosePolicyViolation},
		"no data":          {`{"type":"hello"}`, protocol.CodeBadMessage, websocket.ClosePolicyViolation},
		"not hello":        {`{"type":"join","data":{"name":"Ana"}}`, protocol.CodeBadMessage, websocket.ClosePolicyViolation},
		"not JSON":         {`hello`, protocol.CodeBadMessage, websocket.ClosePolicyViolation},
		"an unknown field": {`{"type":"hello","data":{"room":"r","role":"host"}}`, protocol.CodeBadMessage, websocket.ClosePolicyViolation},
	} {
		t.Run(name, func(t *testing.T) {
			c2 := h.dial()
			c2.t = t
			c2.sendText(c.text)
			c2.fails(c.code, 0)
			if code := c2.closed(); code != c.close {
				t.Errorf("close code %d, want %d", code, c.close)
			}
		})
	}
}

func TestTokenFixesNameAndRole(t *testing.T) {
	h := newHouse(t)
	token := h.token(identity.Grant{Room: "r", Role: "host", Name: "Dr Ana", Subject: "ana"})
	c, welcome, joined := h.enter(protocol.Hello{Room: "r", Token: token}, "Eve")
	if welcome.Name != "Dr Ana" || welcome.Role != protocol.RoleHost || welcome.Participant != "ana" {
		t.Errorf("welcome %+v", welcome)
	}
	if p := joined.Participants[0]; p.Name != "Dr Ana" || p.Role != protocol.RoleHost {
		t.Errorf("joined as %+v", p)
	}
	c.fails(protocol.CodeForbidden, c.send(protocol.TypeRename, protocol.Rename{Name: "Eve"}))
}

func TestResume(t *testing.T) {
	h := newHouse(t)
	ana, _, joined := h.enter(protocol.Hello{Room: "r"}, "Ana")
	bob, _, _ := h.enter(protocol.Hello{Room: "r"}, "Bob")
	seen := ana.frame(protocol.TypeParticipant).Seq
	_ = ana.NetConn().Close()
	if p := want[protocol.Participant](bob, protocol.TypeParticipant); !p.Away {
		t.Errorf("Bob sees %+v", p)
	}
	bob.send(protocol.TypeChat, protocol.ChatText{Text: "missed"})
	bob.frame(protocol.TypeChatLine)

	again := h.dial()
	re := again.send(protocol.TypeHello, protocol.Hello{Room: "r", Resume: joined.Resume, LastSeq: seen})
	f := again.frame(protocol.TypeResumed)
	var r protocol.Resumed
	if err := json.Unmarshal(f.Data, &r); err != nil {
		t.Fatal(err)
	}
	if f.Re != re || r.Participant != joined.Participant || r.Fresh || r.Resume == "" {
		t.Errorf("resumed %d %+v", f.Re, r)
	}
	if f := again.frame(protocol.TypeChatLine); f.Seq <= seen || !has("missed")(string(f.Data)) {
		t.Errorf("repeated %d %s", f.Seq, f.Data)
	}

	taken := h.dial()
	taken.send(protocol.TypeHello, protocol.Hello{Room: "r", Resume: r.Resume, LastSeq: seen})
	taken.frame(protocol.TypeResumed)
	if code := again.closed(); code != protocol.CloseTaken {
		t.Errorf("the older connection closes with %d", code)
	}
}

func TestResumeThatFailsMayBeFollowedByHello(t *testing.T) {
	c := newHouse(t).dial()
	c.fails(protocol.CodeResumeFailed, c.send(protocol.TypeHello, protocol.Hello{Room: "r", Resume: "old"}))
	c.send(protocol.TypeHello, protocol.Hello{Room: "r"})
	c.frame(protocol.TypeWelcome)
}

func TestDrainAndClose(t *testing.T) {
	h := newHouse(t)
	ana, _, _ := h.enter(protocol.Hello{Room: "r"}, "Ana")
	if err := h.edge.Drain(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	if r := want[protocol.Restarting](ana, protocol.TypeRestarting); r.After < 1000 || r.After > 2000 {
		t.Errorf("come back after %d ms", r.After)
	}
	late := h.dial()
	late.send(protocol.TypeHello, protocol.Hello{Room: "r"})
	if e := late.fails(protocol.CodeUnavailable, 1); e.RetryAfter == 0 {
		t.Error("no word of when to try again")
	}
	if code := late.closed(); code != websocket.CloseTryAgainLater {
		t.Errorf("close code %d", code)
	}
	idle := h.dial()
	if err := h.edge.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*client{ana, idle} {
		if code := c.closed(); code != websocket.CloseGoingAway {
			t.Errorf("close code %d", code)
		}
	}
	if _, res, err := h.dialHeader(nil); err == nil || res == nil || res.StatusCode != 503 {
		t.Errorf("dialling a closed server: %v %v", res, err)
	}
}

func TestAServerWithTooMuchToDoSaysSo(t *testing.T) {
	h := newHouse(t, func(c *signaling.Config, _ *rooms.Config) { c.Timing.Negotiate = 300 * time.Millisecond })
	over := make(chan struct{})
	h.edge.Burden(func() time.Duration { <-over; return 0 })
	first, second := h.dial(), h.dial()
	first.send(protocol.TypeHello, protocol.Hello{Room: "r"})
	first.frame(protocol.TypeWelcome) // nobody was before
	second.send(protocol.TypeHello, protocol.Hello{Room: "r"})
	if e := second.fails(protocol.CodeUnavailable, 1); e.RetryAfter == 0 {
		t.Error("no word of when to try again")
	}
	if code := second.closed(); code != websocket.CloseTryAgainLater {
		t.Errorf("close code %d", code)
	}
	first.fails(protocol.CodeUnavailable, first.send(protocol.TypeJoin, protocol.Join{Name: "Ana"}))
	close(over)
	first.send(protocol.TypeJoin, protocol.Join{Name: "Ana"})
	first.frame(protocol.TypeJoined)
	h.enter(protocol.Hello{Room: "r"}, "Bo")
}

func TestShutdownOfTheRoomsSaysWhy(t *testing.T) {
	h := newHouse(t)
	ana, _, _ := h.enter(protocol.Hello{Room: "r"}, "Ana")
	if err := h.rooms.Close(); err != nil {
		t.Fatal(err)
	}
	if c := want[protocol.Closed](ana, protocol.TypeClosed); c.Reason != protocol.ReasonShutdown {
		t.Errorf("closed %+v", c)
	}
	if code := ana.closed(); code != websocket.CloseNormalClosure {
		t.Errorf("close code %d", code)
	}
}
