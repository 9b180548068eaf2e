package sfu_test

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"palabre/sfu"
)

func TestConnectsOverTCP(t *testing.T) {
	s := server(t, func(c *sfu.Config) {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c.TCP = l
	})
	tcpOnly := func(e *webrtc.SettingEngine) { e.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4}) }
	alice := join(t, s, "room", "alice", person(1), tcpOnly)
	bob := join(t, s, "room", "bob", person(1))
	film := bob.film(bob.camera, 25, 100)
	defer film.end()
	until(t, "video over TCP", func() bool { return len(alice.video(0)) > 30 })
}

// TestSeatsGrow adds seats in virtual time: on a machine too busy for its
// packets pictures are paused for want of bandwidth.
func TestSeatsGrow(t *testing.T) {
	simulated(t, func(m *meeting) {
		alice, bob := m.join("alice", person(4)), m.join("bob", person(1))
		film := bob.film(bob.camera, 25, 100)
		defer film.end()
		until(m, "video", func() bool { return len(alice.video(0)) > 10 })
		for _, seats := range []int{9, 16, 25, 49} {
			alice.grow(seats, 1, 1)
			alice.negotiate()
			before := len(alice.video(0))
			until(m, "video to go on after growing", func() bool { return len(alice.video(0)) > before+10 })
		}
		until(m, "49 seats to be told", func() bool {
			alice.heard.mu.Lock()
			defer alice.heard.mu.Unlock()
			return len(alice.heard.seats) == 49+1+1
		})
	})
}

func TestICERestartKeepsMedia(t *testing.T) {
	s := server(t)
	alice, bob := join(t, s, "room", "alice", person(4)), join(t, s, "room", "bob", person(4))
	film := bob.film(bob.camera, 25, 100)
	defer film.end()
	until(t, "video", func() bool { return len(alice.video(0)) > 10 })
	for _, c := range []*client{alice, bob} { // the viewer's, then the publisher's network changes
		c.negotiateWith(&webrtc.OfferOptions{ICERestart: true})
		before := len(alice.video(0))
		until(t, "video after the ICE restart of "+c.id, func() bool { return len(alice.video(0)) > before+30 })
	}
	if f := alice.heard.failure() + bob.heard.failure(); f != "" {
		t.Error(f)
	}
}

func TestNothingFlowsBeforeEnter(t *testing.T) {
	s := server(t)
	alice, lurker := join(t, s, "room", "alice", person(2)), connect(t, s, "room", "lurker", person(2))
	for _, c := range []*client{alice, lurker} {
		film := c.film(c.camera, 25, 100)
		defer film.end()
	}
	until(t, "the publishers to have sent", func() bool { return alice.peer.Stats().PacketsIn > 100 })
	if n := len(lurker.video(0)) + len(alice.video(0)); n != 0 {
		t.Errorf("%d packets flowed before somebody entered", n)
	}
	if _, ok := alice.heard.seat("lurker"); ok {
		t.Error("somebody at the door was seated")
	}
	if err := lurker.peer.Enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, "video after entering", func() bool { return len(lurker.video(0)) > 10 })
}

// TestStreamsStayContinuous looks at what a viewer receives over layer
// switches and a change of who sits there: one SSRC, numbers without gaps.
func TestStreamsStayContinuous(t *testing.T) {
	s := server(t)
	viewer := join(t, s, "room", "viewer", person(1))
	for _, id := range []string{"alice", "bob"} {
		c := join(t, s, "room", id, person(1))
		film := c.film(c.camera, 10, 100)
		defer film.end()
	}
	for i := range 6 {
		who, width := []string{"alice", "bob"}[i/2%2], []int{160, 1280}[i%2]
		viewer.peer.SetLayout(sfu.Layout{Mode: sfu.LayoutTiles, Tiles: []sfu.Tile{{Participant: who, Source: sfu.Camera, Width: width, Height: width * 9 / 16}}})
		before := len(viewer.video(0))
		until(t, "video of "+who, func() bool { return len(viewer.video(0)) > before+40 })
	}
	packets := viewer.video(0)
	gaps := 0
	for i := 1; i < len(packets); i++ {
		a, b := packets[i-1], packets[i]
		if b.SSRC != a.SSRC {
			t.Fatal("the SSRC changed")
		}
		if b.SequenceNumber != a.SequenceNumber+1 {
			gaps++
		}
		if int32(b.Timestamp-a.Timestamp) < 0 {
			t.Errorf("packet %d goes back in time by %d", i, a.Timestamp-b.Timestamp)
		}
	}
	if gaps > 0 {
		t.Errorf("%d gaps in %d packets", gaps, len(packets))
	}
}

func TestClosedPeerRefuses(t *testing.T) {
	s := server(t)
	p, err := s.Open("room", "alice", &listener{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(p.Close(), p.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Answer(t.Context(), sfu.Offer{}); !errors.Is(err, sfu.ErrClosed) {
		t.Errorf("an offer after Close gave %v", err)
	}
	if err := p.Enter(t.Context()); !errors.Is(err, sfu.ErrClosed) {
		t.Errorf("Enter after Close gave %v", err)
	}
}

func TestICELiteConnects(t *testing.T) {
	for _, lite := range []bool{false, true} {
		s := server(t, func(c *sfu.Config) { c.ICELite = lite })
		bob := join(t, s, "room", "bob", person(1))
		film := bob.film(bob.camera, 5, 100)
		start := time.Now()
		alice := join(t, s, "room", "alice", person(1))
		up := time.Since(start)
		until(t, "video", func() bool { return len(alice.video(0)) > 0 })
		t.Logf("lite %v: connected after %v, first packet after %v", lite, up, time.Since(start))
		film.end()
	}
}
