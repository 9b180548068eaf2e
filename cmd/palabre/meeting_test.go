package main

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"palabre/client"
	"palabre/signaling/protocol"
)

func TestTwoPeopleMeet(t *testing.T) {
	s := serve(t)
	ana, bob := enter(t, s.config("garden", "Ana")), enter(t, s.config("garden", "Bob"))
	ana.seesAndHears(bob)
	bob.seesAndHears(ana)

	for from, to := range map[*person]*person{ana: bob, bob: ana} {
		text := "I am " + from.ID()
		if err := from.Say(text, ""); err != nil {
			t.Fatal(err)
		}
		await(to, "a line of chat", func(c client.ChatReceived) bool { return c.Text == text && c.Participant == from.ID() })
		await(from, "one's own line", func(c client.ChatReceived) bool { return c.Text == text })
	}
	if err := bob.RaiseHand(true); err != nil {
		t.Fatal(err)
	}
	await(ana, "Bob's hand", func(p client.ParticipantChanged) bool { return p.ID == bob.ID() && p.Hand != 0 })
	if err := ana.React("👏"); err != nil {
		t.Fatal(err)
	}
	await(bob, "Ana's reaction", func(r client.Reacted) bool { return r.Participant == ana.ID() && r.Emoji == "👏" })
	await(bob, "who speaks", func(w client.Speaking) bool { return slices.Contains(w.Speakers.Speaking, ana.ID()) })
	if failed := happened[client.Failed](bob); len(failed) > 0 {
		t.Errorf("Bob was refused: %v", failed)
	}

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := bob.Leave(ctx); err != nil {
		t.Error(err)
	}
	await(ana, "Bob's goodbye", func(l client.ParticipantLeft) bool {
		return l.Participant == bob.ID() && l.Reason == protocol.ReasonLeft
	})
}

func TestLayoutsChooseWhoIsShown(t *testing.T) {
	s := serve(t)
	watcher := s.config("garden", "Ana")
	watcher.Send, watcher.Receive = nil, client.Receive{Seats: 1, Voices: 3}
	ana := enter(t, watcher)
	bob, cleo := enter(t, s.config("garden", "Bob")), enter(t, s.config("garden", "Cleo"))
	shown := func(id string) func() bool {
		return func() bool {
			seats := ana.Seats()
			return slices.ContainsFunc(seats, func(s protocol.Seat) bool {
				return s.Kind == protocol.SeatPerson && s.Participant == id && s.Video
			})
		}
	}
	for _, who := range []*person{bob, cleo, bob} {
		err := ana.Show(protocol.Layout{Mode: protocol.LayoutTiles, Tiles: []protocol.Tile{
			{Participant: who.ID(), Source: protocol.SourceCamera, Width: 640, Height: 360},
		}})
		if err != nil {
			t.Fatal(err)
		}
		until(t, "the one asked for in the only seat", shown(who.ID()))
		ana.seesAndHears(who)
	}
	// Who sits in no seat is heard over a voice.
	until(t, "Cleo's voice", func() bool { return ana.of(cleo.ID(), webrtc.RTPCodecTypeAudio).packets > 0 })
}

func TestACutWebSocketLeavesMediaAlone(t *testing.T) {
	s := serve(t)
	wire := newCable(t, s)
	viaCable := s.config("garden", "Ana")
	viaCable.URL = wire.url
	ana, bob := enter(t, viaCable), enter(t, s.config("garden", "Bob"))
	ana.seesAndHears(bob)
	bob.seesAndHears(ana)
	before, id := len(happened[client.MediaChanged](ana)), ana.ID()
	ana.forgetGaps()
	bob.forgetGaps()
	for round := 1; round <= 3; round++ {
		wire.cut()
		until(t, "the session to come back", func() bool { return len(happened[client.Resumed](ana)) == round })
		if err := bob.Say("while you were away", ""); err != nil {
			t.Fatal(err)
		}
		until(t, "what Bob said", func() bool { return len(happened[client.ChatReceived](ana)) == round })
	}
	for _, r := range happened[client.Resumed](ana) {
		if r.Fresh || !r.Media || r.Participant != id {
			t.Errorf("came back as %+v, was %s", r, id)
		}
	}
	ana.seesAndHears(bob)
	bob.seesAndHears(ana)
	if now := len(happened[client.MediaChanged](ana)); now != before {
		t.Errorf("the media path changed %d times", now-before)
	}
	// Packets come every 20 ms; what is more is a busy machine.
	gap := max(ana.of(bob.ID(), webrtc.RTPCodecTypeAudio).gap, bob.of(id, webrtc.RTPCodecTypeAudio).gap)
	if gap > 500*time.Millisecond {
		t.Errorf("no sound for %v", gap)
	}
	if left := happened[client.ParticipantLeft](bob); len(left) > 0 {
		t.Errorf("Bob saw %+v", left)
	}
	t.Logf("widest gap %v", gap)
}

func TestANewAddressKeepsTheMeeting(t *testing.T) {
	for name, c := range map[string]struct {
		change func(context.Context, *person, *nat) error
		gap    time.Duration
	}{
		"a new socket, told by an ICE restart":  {func(ctx context.Context, p *person, _ *nat) error { return p.RestartICE(ctx) }, time.Second},
		"another address of the router, untold": {func(_ context.Context, _ *person, n *nat) error { n.rebind(); return nil }, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, router := behindNAT(t, true)
			ana, bob := enter(t, s.config("garden", "Ana")), enter(t, s.config("garden", "Bob"))
			ana.seesAndHears(bob)
			bob.seesAndHears(ana)
			ids := ana.ids()
			ana.forgetGaps()
			bob.forgetGaps()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			before := router.sockets()
			if err := c.change(ctx, ana, router); err != nil {
				t.Fatal(err)
			}
			until(t, "another address", func() bool { return router.sockets() > before })
			ana.seesAndHears(bob)
			bob.seesAndHears(ana)
			if !slices.Equal(bob.ids(), ids) || len(happened[client.ParticipantLeft](bob)) > 0 {
				t.Errorf("Bob sees %v, saw %v", bob.ids(), ids)
			}
			gap := max(ana.of(bob.ID(), webrtc.RTPCodecTypeAudio).gap, bob.of(ana.ID(), webrtc.RTPCodecTypeAudio).gap)
			if gap > c.gap {
				t.Errorf("no sound for %v, want at most %v", gap, c.gap)
			}
			t.Logf("widest gap %v", gap)
		})
	}
}

func TestMediaGoesOverTCPWhereUDPIsBlocked(t *testing.T) {
	s, router := behindNAT(t, false)
	config := s.config("garden", "Ana")
	config.MediaTCP = true
	begin := time.Now()
	ana := enter(t, config)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := ana.WaitMedia(ctx); err != nil {
		t.Fatal(err)
	}
	took := time.Since(begin)
	if took > 3*time.Second {
		t.Errorf("connected after %v, want at most 3 s", took)
	}
	config.Name = "Bob"
	bob := enter(t, config)
	ana.seesAndHears(bob)
	bob.seesAndHears(ana)
	if n := router.overTCP(); n < 2 {
		t.Errorf("%d connections over TCP", n)
	}
	t.Logf("connected after %v", took)
}
