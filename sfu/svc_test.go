package sfu_test

import (
	"testing"

	"github.com/pion/webrtc/v4"
)

// vp9Frame makes a VP9 payload descriptor: a picture id, no layer indices.
func vp9Frame(key, _ bool, picture uint16) []byte {
	head := byte(0xCC) // I, P, B, E
	if key {
		head = 0x8C
	}
	return []byte{head, 0x80 | byte(picture>>8)&0x7F, byte(picture), 0xAA}
}

func av1Frame(bool, bool, uint16) []byte { return []byte{0x10, 0x30, 1} }

// TestSpatialLayersFollowTheTile has viewers with descriptors shrink and grow
// the tile of a stream of three spatial layers: less comes at once, more with a
// key frame, in one stream without gaps of which a decoder can follow every frame.
func TestSpatialLayersFollowTheTile(t *testing.T) {
	for mime, payload := range map[string]func(bool, bool, uint16) []byte{webrtc.MimeTypeVP9: vp9Frame, webrtc.MimeTypeAV1: av1Frame} {
		t.Run(mime, func(t *testing.T) {
			s := server(t)
			viewer := join(t, s, "room", "viewer", shape{seats: 1, api: described(t)})
			publisher := join(t, s, "room", "publisher", shape{camera: true, mime: mime, api: described(t)})
			film := newScalable(publisher, 3)
			film.payload = payload
			defer film.run().end()
			for _, step := range []struct {
				width, height int
				sid           uint8
			}{{1280, 720, 2}, {320, 180, 0}, {640, 360, 1}, {1280, 720, 2}, {320, 180, 0}} {
				viewer.peer.SetLayout(tile(step.width, step.height))
				shows(t, viewer, step.sid, 1)
			}
			packets := viewer.video(0)
			contiguous(t, packets)
			whole(t, packets)
			if last := follow(t, viewer, packets); last.Structure.Targets != 6 || last.Active != 0b11 {
				t.Errorf("in the end the viewer is told that it gets %b", last.Active)
			}
		})
	}
}

// TestSpatialAV1IsOnlyForWhoKnowsDescriptors has two viewers of one stream:
// who does not know descriptors, as Firefox, gets its lowest layer alone.
func TestSpatialAV1IsOnlyForWhoKnowsDescriptors(t *testing.T) {
	s := server(t)
	able := join(t, s, "room", "able", shape{seats: 1, api: described(t)})
	unable := join(t, s, "room", "unable", shape{seats: 1})
	publisher := join(t, s, "room", "publisher", shape{camera: true, mime: webrtc.MimeTypeAV1, api: described(t)})
	able.peer.SetLayout(tile(1280, 720))
	unable.peer.SetLayout(tile(1280, 720))
	film := newScalable(publisher, 3)
	film.payload = av1Frame
	defer film.run().end()
	shows(t, able, 2, 1)
	shows(t, unable, 0, 1)
	packets := unable.video(0)
	whole(t, packets)
	for i, p := range pieces(packets) {
		if p.sid > 0 || len(p.GetExtensionIDs()) > 3 {
			t.Fatalf("packet %d is of layer %d with extensions %v", i, p.sid, p.GetExtensionIDs())
		}
	}
}
