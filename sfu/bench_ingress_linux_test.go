package sfu_test

import (
	"context"
	"net/netip"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"palabre/internal/bench/floor"
)

// senders is how many publish at once, as on a server of a few small meetings:
// by what one may send alone a server mostly sleeps.
const senders = 12

// BenchmarkIngress is what a received packet costs until it is in the cache:
// from the socket through decryption and parsing, with nobody to see it. "ice"
// is our server on Pion's path, "pion" one default PeerConnection for each
// publisher, whose tracks are read. The floor reads and opens as many packets.
// What is calm comes at the pace of real pictures and voices, so that being
// woken is most of it; what is busy comes a frame of everybody's at once.
func BenchmarkIngress(b *testing.B) {
	b.Run("busy", func(b *testing.B) { ingress(b, true) })
	b.Run("calm", func(b *testing.B) { ingress(b, false) })
}

func ingress(b *testing.B, busy bool) {
	for _, w := range ways() {
		name := w.name
		if w.pion {
			name = "ice"
		}
		b.Run(name, func(b *testing.B) {
			server, at := w.open(b)
			h := newReception(b, busy)
			h.joinAll(server, at)
			h.count = func() uint64 { return server.Stats().PacketsIn }
			h.measure(b, h.receiving(b))
		})
	}
	b.Run("pion", func(b *testing.B) {
		h := newReception(b, busy)
		var count atomic.Uint64
		h.count = count.Load
		for i, c := range h.clients {
			h.receiver(c, i, &count)
		}
		h.measure(b, h.receiving(b))
	})
}

func newReception(b testing.TB, busy bool) *hall {
	h := newHall(b, scene{publishers: senders, pictures: true})
	h.want, h.rush = h.scene.published(), busy
	return h
}

// receiving is the floor of reception.
func (h *hall) receiving(b *testing.B) func() float64 {
	b.Helper()
	f, err := floor.NewReception()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := f.Close(); err != nil {
			b.Error(err)
		}
	})
	return func() float64 {
		var used time.Duration
		for range windowBeats * senders {
			for packets, size := range map[int]int{words: voicePayload, frames * framePackets: videoPayload} {
				took, err := f.Receive(packets, size)
				if err != nil {
					b.Fatal(err)
				}
				used += took
			}
		}
		return float64(used) / float64(h.want)
	}
}

// receiver connects a light client to a PeerConnection as Pion makes it, and counts
// what is read of its tracks.
func (h *hall) receiver(c *light, i int, count *atomic.Uint64) {
	h.b.Helper()
	api := newAPI(h.b, false, func(se *webrtc.SettingEngine) {
		if err := se.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
			h.b.Fatal(err)
		}
	})
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		h.b.Fatal(err)
	}
	var reading sync.WaitGroup
	h.b.Cleanup(func() {
		if err := pc.GracefulClose(); err != nil {
			h.b.Error(err)
		}
		reading.Wait()
	})
	pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		reading.Go(func() {
			for {
				if _, _, err := track.ReadRTP(); err != nil {
					return
				}
				count.Add(1)
			}
		})
	})
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: h.scene.offer(c, i).SDP}); err != nil {
		h.b.Fatal(err)
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		h.b.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(answer); err != nil {
		h.b.Fatal(err)
	}
	<-gathered
	text := pc.LocalDescription().SDP
	at := regexp.MustCompile(`a=candidate:\S+ 1 udp \d+ (\S+) (\d+) `).FindStringSubmatch(text)
	if at == nil {
		h.b.Fatalf("no candidate in\n%s", text)
	}
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	if err := c.dial(ctx, text, netip.MustParseAddrPort(at[1]+":"+at[2])); err != nil {
		h.b.Fatal(err)
	}
}
