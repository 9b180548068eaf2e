package sfu_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// coded makes payloads of the smallest frames that a server takes for such.
type coded struct {
	mime string
	// key and delta are the payload of picture n.
	key, delta func(n uint16) []byte
	// id reads the picture id a viewer gets; nil where the codec has none.
	id func(payload []byte) uint16
}

func codecs() []coded {
	fixed := func(b ...byte) func(uint16) []byte { return func(uint16) []byte { return b } }
	vp9 := func(head byte) func(uint16) []byte {
		return func(n uint16) []byte { return []byte{head, 0x80 | byte(n>>8)&0x7F, byte(n), 0xAA, 0xBB} }
	}
	fifteen := func(at int) func([]byte) uint16 {
		return func(b []byte) uint16 { return uint16(b[at]&0x7F)<<8 | uint16(b[at+1]) }
	}
	return []coded{
		{webrtc.MimeTypeVP8, func(n uint16) []byte { return vp8(true, true, n, 9) }, func(n uint16) []byte { return vp8(false, true, n, 9) }, fifteen(2)},
		{webrtc.MimeTypeVP9, vp9(0x8C), vp9(0xCC), fifteen(1)}, // I, B, E; and P
		{webrtc.MimeTypeH264, fixed(0x78, 0, 4, 0x67, 0x42, 0xC0, 0x1E, 0, 2, 0x65, 0x88), fixed(0x41, 0x9A, 1), nil},
		{webrtc.MimeTypeAV1, fixed(0x18, 0x0A, 0, 0, 0), fixed(0x10, 0x30, 1), nil},
	}
}

// shoot sends one packet a frame, a key frame every second.
func (k coded) shoot(c *client) *source {
	s := &source{stop: make(chan struct{})}
	s.done.Go(func() {
		tick := time.NewTicker(frame)
		defer tick.Stop()
		for n := uint16(0); ; n++ {
			select {
			case <-s.stop:
				return
			case <-tick.C:
			}
			p := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: n, Timestamp: uint32(n) * 1800, Marker: true}, Payload: k.delta(n)}
			if n%50 == 0 {
				p.Payload = k.key(n)
			}
			_ = c.camera[""].WriteRTP(p)
		}
	})
	return s
}

// TestEveryCodecIsForwarded has a publisher and a viewer for each: the viewer
// begins with a key frame, loses nothing, and counts pictures on without gaps.
func TestEveryCodecIsForwarded(t *testing.T) {
	for _, k := range codecs() {
		t.Run(k.mime, func(t *testing.T) {
			s := server(t)
			viewer := join(t, s, "room", "viewer", shape{seats: 1})
			publisher := join(t, s, "room", "publisher", shape{camera: true, mime: k.mime})
			film := k.shoot(publisher)
			defer film.end()
			until(t, "the viewer to see", func() bool { return len(viewer.video(0)) > 120 })
			packets := viewer.video(0)
			contiguous(t, packets)
			if first, key := packets[0].Payload, k.key(0); k.id == nil && !bytes.Equal(first, key) || len(first) != len(key) || first[0] != key[0] {
				t.Errorf("it begins with %x, which is no key frame", first)
			}
			for i := 1; k.id != nil && i < len(packets); i++ {
				if a, b := k.id(packets[i-1].Payload), k.id(packets[i].Payload); b != (a+1)&0x7FFF {
					t.Fatalf("picture %d follows %d", b, a)
				}
			}
		})
	}
}

// TestViewerWithoutTheCodecIsTold has a viewer who can decode nothing but VP8.
func TestViewerWithoutTheCodecIsTold(t *testing.T) {
	s := server(t)
	able, unable := join(t, s, "room", "able", shape{seats: 1}), dial(t, s, "room", "unable", shape{seats: 1})
	only := []webrtc.RTPCodecParameters{{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, PayloadType: 96}}
	if err := unable.seatLines[0][1].SetCodecPreferences(only); err != nil {
		t.Fatal(err)
	}
	unable.negotiate()
	until(t, "unable to connect", unable.heard.isConnected)
	if err := unable.peer.Enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	sh := shape{camera: true, mime: webrtc.MimeTypeH264}
	film := codecs()[2].shoot(join(t, s, "room", "publisher", sh))
	defer film.end()
	until(t, "the other viewer to see", func() bool { return len(able.video(0)) > 20 })
	until(t, "the viewer to be told", func() bool {
		seat, ok := unable.heard.seat("publisher")
		return ok && seat.Paused == "codec" && !seat.Video
	})
	if n := len(unable.video(0)); n > 0 {
		t.Errorf("%d packets came that cannot be decoded", n)
	}
}
