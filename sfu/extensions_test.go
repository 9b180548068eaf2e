package sfu_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"palabre/sfu"
	header "palabre/sfu/rtp"
)

// TestWhatASenderSaysOfAPictureReachesTheViewer sends the header extensions
// that are for the viewer: when a picture was captured, how to turn it, what it
// shows, and how soon it is to be played.
func TestWhatASenderSaysOfAPictureReachesTheViewer(t *testing.T) {
	said := map[header.Extension][]byte{
		header.AbsCaptureTime: {1, 2, 3, 4, 5, 6, 7, 8, 0xFF, 0xFF, 0xFF, 0xFF, 8, 9, 10, 11},
		header.PlayoutDelay:   {0x00, 0x10, 0x64},
		header.Orientation:    {0x0B},
		header.ContentType:    {1},
	}
	extensions := []header.Extension{header.AbsCaptureTime, header.PlayoutDelay, header.Orientation, header.ContentType}
	s := server(t)
	viewer := join(t, s, "room", "viewer", shape{seats: 1, stages: 1, api: able(t, extensions)})
	publisher := join(t, s, "room", "publisher", shape{camera: true, api: able(t, extensions)})
	viewer.peer.SetLayout(sfu.Layout{Mode: sfu.LayoutGrid})
	ids := func(parameters []webrtc.RTPHeaderExtensionParameter) map[header.Extension]uint8 {
		all := map[header.Extension]uint8{}
		for _, p := range parameters {
			if e, ok := header.ExtensionByURI(p.URI); ok {
				all[e] = uint8(p.ID)
			}
		}
		return all
	}
	out := ids(publisher.mids.camera.Sender().GetParameters().HeaderExtensions)
	tick := time.NewTicker(frame)
	defer tick.Stop()
	for n := uint16(0); len(viewer.video(0)) < 5; n++ {
		p := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: n, Timestamp: uint32(n) * 1800, Marker: true}, Payload: vp8(n%10 == 0, true, n, 50)}
		for e, value := range said {
			if err := p.SetExtension(out[e], value); err != nil {
				t.Fatal(err)
			}
		}
		if err := publisher.camera[""].WriteRTP(p); err != nil {
			t.Fatal(err)
		}
		<-tick.C
		if n > uint16(wait/frame) {
			t.Fatal("nothing comes")
		}
	}
	in := ids(viewer.seatLines[0][1].Receiver().GetParameters().HeaderExtensions)
	for i, p := range viewer.video(0) {
		for e, value := range said {
			if got := p.GetExtension(in[e]); in[e] == 0 || !bytes.Equal(got, value) {
				t.Errorf("packet %d says %x of %s, want %x", i, got, e.URI(), value)
			}
		}
	}
}
