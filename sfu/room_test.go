package sfu_test

import (
	"fmt"
	"slices"
	"testing"

	"palabre/sfu"
)

// says polls until the participant is told that somebody's seat is so.
func says(t *testing.T, i *insider, participant, what string, ok func(sfu.Seat) bool) {
	t.Helper()
	until(t, fmt.Sprintf("the viewer to be told that %s is %s", participant, what), func() bool {
		return slices.ContainsFunc(i.heard.seatsOf(participant), ok)
	})
}

// speak sends one packet of a voice at a level below full scale, 0 to 127.
func (i *insider) speak(ssrc uint32, sequence uint16, level byte) {
	i.put(loud(i.t, ssrc, sequence, level))
}

func TestSeatsFollowWhoIsThere(t *testing.T) {
	s := server(t)
	alice, bob := newInsider(t, s, "room", "alice"), newInsider(t, s, "room", "lurker bob")
	if len(alice.heard.seatsOf("lurker bob")) > 0 {
		t.Error("somebody at the door was seated")
	}
	bob.enter()
	says(t, alice, "lurker bob", "heard and seen", func(s sfu.Seat) bool { return s.Kind == sfu.SeatPerson && s.Audio })
	bob.peer.SetSending(sfu.Sending{Camera: true})
	says(t, alice, "lurker bob", "silent", func(s sfu.Seat) bool { return !s.Audio })
	bob.peer.SetSending(sfu.Sending{Microphone: true})
	says(t, alice, "lurker bob", "without a camera", func(s sfu.Seat) bool { return s.Audio && !s.Video && s.Paused == "muted" })
	if err := bob.peer.Close(); err != nil {
		t.Error(err)
	}
	until(t, "the seat to be free", func() bool { return len(alice.heard.seatsOf("lurker bob")) == 0 })
}

func TestHiddenTilesArePaused(t *testing.T) {
	s := server(t)
	alice := newInsider(t, s, "room", "alice")
	newInsider(t, s, "room", "bob")
	tile := sfu.Tile{Participant: "bob", Source: sfu.Camera, Width: 320, Height: 180}
	alice.peer.SetLayout(sfu.Layout{Mode: sfu.LayoutTiles, Tiles: []sfu.Tile{tile}})
	says(t, alice, "bob", "shown", func(s sfu.Seat) bool { return s.Paused != "hidden" })
	tile.Width, tile.Height = 0, 0
	alice.peer.SetLayout(sfu.Layout{Mode: sfu.LayoutTiles, Tiles: []sfu.Tile{tile}})
	says(t, alice, "bob", "hidden", func(s sfu.Seat) bool { return s.Paused == "hidden" && !s.Video })
}

func TestRoomsDoNotMix(t *testing.T) {
	s := server(t)
	here, there := newInsider(t, s, "here", "alice"), newInsider(t, s, "there", "bob")
	carol := newInsider(t, s, "here", "carol")
	says(t, here, "carol", "there", func(sfu.Seat) bool { return true })
	if len(here.heard.seatsOf("bob"))+len(there.heard.seatsOf("alice"))+len(there.heard.seatsOf("carol")) > 0 {
		t.Error("somebody of another room was seated")
	}
	if rooms := s.Stats().Rooms; rooms != 2 {
		t.Errorf("%d rooms, want 2", rooms)
	}
	for _, i := range []*insider{here, there, carol} {
		if err := i.peer.Close(); err != nil {
			t.Error(err)
		}
	}
	if got := s.Stats(); got.Rooms != 0 || got.Peers != 0 || got.Tracks != 0 {
		t.Errorf("after all left: %+v", got)
	}
}

func TestWhoSpeaksIsTold(t *testing.T) {
	s := server(t)
	alice, bob := newInsider(t, s, "room", "alice"), newInsider(t, s, "room", "bob")
	sequence := uint16(0)
	says := func(loudly, soft *insider, who string) {
		t.Helper()
		until(t, who+" to have the floor", func() bool {
			for range 5 {
				loudly.speak(7, sequence, 20)
				soft.speak(8, sequence, 127)
				sequence++
			}
			alice.heard.mu.Lock()
			defer alice.heard.mu.Unlock()
			return alice.heard.dominant == who && slices.Contains(alice.heard.speaking, who)
		})
	}
	says(bob, alice, "bob")
	if err := bob.peer.Close(); err != nil {
		t.Error(err)
	}
	until(t, "nobody to speak", func() bool {
		alice.heard.mu.Lock()
		defer alice.heard.mu.Unlock()
		return len(alice.heard.speaking) == 0
	})
}

func TestNewcomerIsToldWhoSpeaks(t *testing.T) {
	s := server(t)
	alice, bob := newInsider(t, s, "room", "alice"), newInsider(t, s, "room", "bob")
	sequence := uint16(0)
	hears := func(who *insider) func() bool {
		return func() bool {
			for range 5 {
				bob.speak(7, sequence, 20)
				sequence++
			}
			who.heard.mu.Lock()
			defer who.heard.mu.Unlock()
			return who.heard.dominant == "bob" && slices.Contains(who.heard.speaking, "bob")
		}
	}
	until(t, "bob to have the floor", hears(alice))
	carol := newInsider(t, s, "room", "carol")
	until(t, "the newcomer to know that bob speaks, though nothing changed", hears(carol))
}
