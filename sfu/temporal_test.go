package sfu_test

import (
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

func h264Frame(key, _ bool, _ uint16) []byte {
	if key {
		return []byte{0x78, 0, 4, 0x67, 0x42, 0xC0, 0x1E, 0, 2, 0x65, 0x88}
	}
	return []byte{0x41, 0x9A, 1}
}

// TestSmallTileGetsHalfTheFrames has a viewer with a tile too small for 50
// frames a second of a stream with two temporal layers, of codecs whose
// payloads do not tell them. Frames are left out whole, without a gap.
func TestSmallTileGetsHalfTheFrames(t *testing.T) {
	for mime, payload := range map[string]func(bool, bool, uint16) []byte{
		webrtc.MimeTypeH264: h264Frame, webrtc.MimeTypeAV1: av1Frame, webrtc.MimeTypeVP9: vp9Frame,
		webrtc.MimeTypeVP8: func(key, start bool, picture uint16) []byte { return vp8(key, start, picture, 0) },
	} {
		t.Run(mime, func(t *testing.T) {
			s := server(t)
			viewer := join(t, s, "room", "viewer", shape{seats: 1, api: described(t)})
			publisher := join(t, s, "room", "publisher", shape{camera: true, mime: mime, api: described(t)})
			film := newScalable(publisher, 1)
			film.payload = payload
			defer film.run().end()
			for _, step := range []struct {
				side int
				tid  uint8
			}{{640, 1}, {120, 0}, {640, 1}, {120, 0}} {
				viewer.peer.SetLayout(tile(step.side, step.side))
				shows(t, viewer, 0, step.tid)
			}
			packets := viewer.video(0)
			contiguous(t, packets)
			whole(t, packets)
			follow(t, viewer, packets)
			all := pieces(packets)
			for i := len(all) - 10; i < len(all); i++ {
				if all[i].picture != all[i-1].picture+2 {
					t.Errorf("picture %d follows %d", all[i].picture, all[i-1].picture)
				}
			}
			for _, k := range codecs() {
				for i := 1; k.mime == mime && k.id != nil && i < len(packets); i++ {
					if a, b := k.id(packets[i-1].Payload), k.id(packets[i].Payload); b != (a+1)&0x7FFF {
						t.Fatalf("picture id %d follows %d", b, a)
					}
				}
			}
			if n := publisher.counted(pli()); n > 3 {
				t.Errorf("%d key frames were asked for: a temporal layer needs none", n)
			}
		})
	}
}

// TestTemporalLayersOfPayloads has a publisher without descriptors, as
// Firefox: VP8 says in its payload which layer a frame is of.
func TestTemporalLayersOfPayloads(t *testing.T) {
	s := server(t)
	viewer := join(t, s, "room", "viewer", shape{seats: 1, api: able(t, nil)})
	publisher := join(t, s, "room", "publisher", shape{camera: true, api: able(t, nil)})
	film := source{stop: make(chan struct{})}
	film.done.Go(func() {
		tick := time.NewTicker(frame)
		defer tick.Stop()
		for n := uint16(0); ; n++ {
			select {
			case <-film.stop:
				return
			case <-tick.C:
			}
			key, tid := n%100 == 0, byte(n%2)
			b := vp8(key, true, n&0x7FFF, 80)
			// L and T: which frame of the lowest layer this is, which layer, and that it refers to no other but that.
			b = append([]byte{b[0], 0xE0, b[2], b[3], byte(n / 2), tid<<6 | 0x20}, b[4:]...)
			b = append(b, byte(n>>8), byte(n), 0, tid)
			_ = publisher.camera[""].WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: n, Timestamp: uint32(n) * 1800, Marker: true}, Payload: b})
		}
	})
	defer film.end()
	for _, step := range []struct {
		side int
		tid  uint8
	}{{640, 1}, {120, 0}, {640, 1}} {
		viewer.peer.SetLayout(tile(step.side, step.side))
		shows(t, viewer, 0, step.tid)
	}
	packets := viewer.video(0)
	contiguous(t, packets)
	for i := 1; i < len(packets); i++ {
		a, b := packets[i-1].Payload, packets[i].Payload
		if id := uint16(b[2]&0x7F)<<8 | uint16(b[3]); id != (uint16(a[2]&0x7F)<<8|uint16(a[3])+1)&0x7FFF {
			t.Fatalf("packet %d has picture id %d", i, id)
		}
		if step := b[4] - a[4]; step != 1 && (step != 0 || b[5]>>6 == 0) {
			t.Fatalf("packet %d has TL0PICIDX %d after %d", i, b[4], a[4])
		}
	}
}
