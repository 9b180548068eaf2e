package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"

	"palabre/client"
	"palabre/signaling/protocol"
)

// TestEverybodyIsToldHowConnectionsAre: who is in a meeting learns of
// everybody's connection, oneself included, and a newcomer of all at once.
func TestEverybodyIsToldHowConnectionsAre(t *testing.T) {
	s := serve(t)
	ana, bob := enter(t, s.config("garden", "Ana")), enter(t, s.config("garden", "Bob"))
	good := func(p, of *person) {
		t.Helper()
		until(t, "a good connection", func() bool {
			bars, known := quality(p)[of.ID()]
			return known && bars.Up >= protocol.BarsFair && bars.Down >= protocol.BarsFair
		})
	}
	for _, p := range []*person{ana, bob} {
		good(p, ana)
		good(p, bob)
	}
	cleo := enter(t, s.config("garden", "Cleo"))
	until(t, "the newcomer to be told of all", func() bool { return len(quality(cleo)) >= 2 })
	good(ana, cleo)
}

// quality is what somebody was told last of everybody's connection.
func quality(p *person) map[string]protocol.LinkQuality {
	all := map[string]protocol.LinkQuality{}
	for _, q := range happened[client.QualityChanged](p) {
		for _, l := range q.People {
			all[l.Participant] = l
		}
	}
	return all
}

// TestStatisticsOfAMeeting asks a running server what everybody sends and
// receives, over the REST API and in the metrics.
func TestStatisticsOfAMeeting(t *testing.T) {
	s := serve(t)
	ana, bob := enter(t, s.config("garden", "Ana")), enter(t, s.config("garden", "Bob"))
	until(t, "Bob's and Ana's pictures", func() bool {
		return ana.of(bob.ID(), webrtc.RTPCodecTypeVideo).packets > 50 && bob.of(ana.ID(), webrtc.RTPCodecTypeVideo).packets > 50
	})
	type stream struct {
		Source, Kind, Line, Participant string
		Sending                         bool
		Packets, Bytes                  uint64
		Layers                          []struct{ Packets, Lost uint64 }
	}
	var got struct {
		People map[string]struct {
			Up, Down      int
			Tracks, Lines []stream
		}
	}
	token := s.token("--room", "garden", "--role", "host")
	until(t, "grades", func() bool {
		res, body := s.get("/api/v1/rooms/garden/stats", "Authorization", "Bearer "+token)
		if res.StatusCode != http.StatusOK {
			t.Fatalf("status %d: %s", res.StatusCode, body)
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		return got.People[ana.ID()].Up > 0 && got.People[bob.ID()].Down > 0
	})
	for from, to := range map[*person]*person{ana: bob, bob: ana} {
		sent, received := map[string]uint64{}, map[string]uint64{}
		for _, track := range got.People[from.ID()].Tracks {
			for _, l := range track.Layers {
				sent[track.Kind] += l.Packets
			}
		}
		for _, line := range got.People[to.ID()].Lines {
			if line.Participant == from.ID() {
				received[line.Kind] += line.Packets
			}
		}
		for _, kind := range []string{"audio", "video"} {
			if sent[kind] == 0 || received[kind] == 0 || received[kind] > sent[kind]+sent[kind]/10 {
				t.Errorf("%s: %d sent, %d received", kind, sent[kind], received[kind])
			}
		}
	}
	if len(got.People) != 2 {
		t.Errorf("statistics of %d people", len(got.People))
	}
	guest := s.token("--room", "garden", "--role", "guest")
	if res, body := s.get("/api/v1/rooms/garden/stats", "Authorization", "Bearer "+guest); res.StatusCode != http.StatusForbidden || strings.Contains(body, ana.ID()) {
		t.Errorf("a guest gets %d %s", res.StatusCode, body)
	}
	_, figures := s.get("/metrics")
	for _, wanted := range []string{`palabre_media_track_packets_total{direction="in"`, `palabre_media_track_packets_total{direction="out"`, `palabre_media_connections{bars="`} {
		if !strings.Contains(figures, wanted) {
			t.Errorf("/metrics lacks %s", wanted)
		}
	}
}
