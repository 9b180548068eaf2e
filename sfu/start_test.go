package sfu_test

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// startsVP8 says whether a decoder can begin with this packet of [vp8].
func startsVP8(p *rtp.Packet) bool {
	return len(p.Payload) > 4 && p.Payload[0]&0x10 != 0 && p.Payload[4]&1 == 0
}

// TestNewcomerStartsFromTheCache has somebody join in the middle between two
// key frames: the first packet is a key frame's, nobody asked the publisher
// for one, and what came since is not played at its pace.
func TestNewcomerStartsFromTheCache(t *testing.T) {
	simulated(t, func(m *meeting) {
		alice := m.join("alice", shape{seats: 2})
		bob := m.join("bob", shape{camera: true})
		film := bob.film(bob.camera, 0, 100) // one key frame, at the beginning
		defer film.end()
		until(m, "the first viewer to see", func() bool { return len(alice.video(0)) > 90 })
		asked := bob.counted(&rtcp.PictureLossIndication{})
		carol := m.join("carol", shape{seats: 2})
		entered := time.Now()
		until(m, "the newcomer to see", func() bool { return len(carol.video(0)) > 0 })
		t.Logf("first packet %v after entering", time.Since(entered))
		until(m, "the newcomer to go on", func() bool { return len(carol.video(0)) > 120 })
		packets := carol.video(0)
		if !startsVP8(packets[0]) {
			t.Errorf("the first packet is %x", packets[0].Payload[:8])
		}
		if n := bob.counted(&rtcp.PictureLossIndication{}) - asked; n > 0 {
			t.Errorf("the publisher was asked for %d key frames", n)
		}
		// Thirty frames of 20 ms came from the cache, closed up to 1 ms each.
		if span := packets[75].Timestamp - packets[0].Timestamp; span > 90*300 {
			t.Errorf("the first 25 frames take %d ms", span/90)
		}
		contiguous(t, packets)
	})
}

// contiguous checks that a stream has every number once and never goes back in time.
func contiguous(t *testing.T, packets []*rtp.Packet) {
	t.Helper()
	for i := 1; i < len(packets); i++ {
		a, b := packets[i-1], packets[i]
		if b.SSRC != a.SSRC || b.SequenceNumber != a.SequenceNumber+1 || int32(b.Timestamp-a.Timestamp) < 0 {
			t.Fatalf("packet %d (stream %d, number %d, time %d) follows (%d, %d, %d)",
				i, b.SSRC, b.SequenceNumber, b.Timestamp, a.SSRC, a.SequenceNumber, a.Timestamp)
		}
	}
}

// TestLateJoinerSeesAStillScreen has somebody join when the key frame of a
// screen that stands still is long gone. On a machine that does not run a
// newcomer's shard in time, a key frame is asked for in case.
func TestLateJoinerSeesAStillScreen(t *testing.T) {
	venues(t, func(v *venue) {
		alice := v.join("alice", shape{seats: 1, stages: 1})
		bob := v.join("bob", shape{screen: true})
		var at uint32
		send := func(n uint16, key bool) {
			at += 90000
			for i := range 3 {
				p := &rtp.Packet{
					Header:  rtp.Header{Version: 2, SequenceNumber: 3*n + uint16(i), Timestamp: at, Marker: i == 2},
					Payload: vp8(key, i == 0, n, 1000),
				}
				if err := bob.screens[""].WriteRTP(p); err != nil {
					v.Fatal(err)
				}
			}
		}
		stage := func(c *client) []*rtp.Packet { return c.inbox(c.stageLines[0][1].Mid()).all() }
		send(0, true)
		until(v, "the first viewer to see the screen", func() bool { return len(stage(alice)) == 3 })
		<-time.NewTimer(2500 * time.Millisecond).C
		send(1, false)
		until(v, "the first viewer to see it change", func() bool { return len(stage(alice)) == 6 })
		asked := bob.counted(&rtcp.PictureLossIndication{})
		carol := v.join("carol", shape{seats: 1, stages: 1})
		until(v, "the newcomer to see the screen", func() bool { return len(stage(carol)) == 6 })
		if !startsVP8(stage(carol)[0]) {
			v.Error("the newcomer did not start from the cache")
		}
		if n := bob.counted(&rtcp.PictureLossIndication{}) - asked; v.timed && n > 0 {
			v.Errorf("%d key frames were asked for", n)
		}
	})
}

// TestNewcomerWithoutCacheAsksAtOnce has somebody join long after the last key
// frame of a camera.
func TestNewcomerWithoutCacheAsksAtOnce(t *testing.T) {
	venues(t, func(v *venue) {
		v.join("alice", shape{seats: 1})
		bob := v.join("bob", shape{camera: true})
		film := bob.film(map[string]*webrtc.TrackLocalStaticRTP{"": bob.camera[""]}, 0, 100)
		defer film.end()
		<-time.NewTimer(2500 * time.Millisecond).C
		asked := bob.counted(&rtcp.PictureLossIndication{})
		v.join("carol", shape{seats: 1})
		start := time.Now()
		until(v, "the publisher to be asked", func() bool { return bob.counted(&rtcp.PictureLossIndication{}) > asked })
		v.between("the publisher was asked", time.Since(start), 0, 400*time.Millisecond)
	})
}
