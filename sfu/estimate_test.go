package sfu_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/ccfb"
	"github.com/pion/webrtc/v4"

	"palabre/internal/simnet"
	"palabre/sfu"
)

// TestLayersFollowTheLine has a viewer's line become narrow and wide again: it
// gets what fits, soon, and what it wants again, soon. What is told of its
// connection says why.
func TestLayersFollowTheLine(t *testing.T) {
	const narrow = 850_000
	simulated(t, func(m *meeting) {
		c := m.begin(simnet.Shape{Delay: halfTrip}, layers3()...)
		until(m, "the best layer", func() bool { return c.bob.last(0) == 'f' })
		tap := measure(c.bob.host.Down)
		began := time.Now()
		c.bob.host.Down.Set(simnet.Shape{Delay: halfTrip, Rate: narrow})
		m.pass(12 * time.Second)
		if got := c.bob.last(0); got != 'h' {
			t.Errorf("shows layer %c on a line of %d bit/s", got, narrow)
		}
		if took := tap.under(1.1*narrow, began); took > 3*time.Second {
			t.Errorf("sends within the line only after %v", took)
		}
		link := c.bob.peer.Stats().Link
		if link.Estimate > 1.1*narrow || link.Estimate < narrow/2 || link.Probes == 0 {
			t.Errorf("knows %+v of a line of %d bit/s", link, narrow)
		}
		c.bob.host.Down.Set(simnet.Shape{Delay: halfTrip})
		back := time.Now()
		m.pass(12 * time.Second)
		c.finish()
		if took := c.bob.pictures(0).first('f', back); took > 8*time.Second {
			t.Errorf("the best layer is back after %v", took)
		}
	})
}

// TestNarrowFromTheStart has a viewer join over a line that carries far less
// than is assumed of it.
func TestNarrowFromTheStart(t *testing.T) {
	simulated(t, func(m *meeting) {
		alice := m.join("alice", shape{camera: true, rids: []string{"q", "h", "f"}, seats: 1})
		film := alice.record(layers3()...)
		defer film.end()
		m.pass(time.Second)
		bob := m.join("bob", shape{seats: 1})
		bob.host.Down.Set(simnet.Shape{Delay: halfTrip, Rate: 400_000})
		bob.peer.SetLayout(sfu.Layout{Mode: sfu.LayoutTiles, Tiles: []sfu.Tile{{Participant: "alice", Source: sfu.Camera, Width: 1280, Height: 720}}})
		view := bob.view(0)
		defer view.end()
		m.pass(5 * time.Second)
		from := time.Now()
		m.pass(15 * time.Second)
		times, frozen := bob.pictures(0).standstill(from, time.Now())
		if got := bob.last(0); got != 'q' || frozen > time.Second {
			t.Errorf("shows layer %c, stood %v in %d times", got, frozen, times)
		}
	})
}

// TestNothingIsAskedOfALineThatIsWideEnough sends no probe to who needs nothing
// more: not beyond what is shown, and none for sound.
func TestNothingIsAskedOfALineThatIsWideEnough(t *testing.T) {
	simulated(t, func(m *meeting) {
		alice := m.join("alice", shape{microphone: true, camera: true, rids: []string{"q", "h", "f"}, seats: 1})
		film, speech := alice.record(layers3()...), alice.speak()
		defer film.end()
		defer speech.end()
		bob := m.join("bob", shape{seats: 1})
		bob.peer.SetLayout(sfu.Layout{Mode: sfu.LayoutTiles, Tiles: []sfu.Tile{{Participant: "alice", Source: sfu.Camera, Width: 160, Height: 90}}})
		until(m, "pictures", func() bool { return len(bob.video(0)) > 50 })
		m.pass(5 * time.Second)
		if got := bob.peer.Stats().Link; got.Probes != 0 || got.Acknowledged == 0 {
			t.Errorf("a thumbnail's viewer is probed: %+v", got)
		}
		bob.peer.SetLayout(sfu.Layout{Mode: sfu.LayoutTiles, Tiles: []sfu.Tile{{Participant: "alice", Source: sfu.Camera, Width: 1280, Height: 720}}})
		until(m, "the best layer", func() bool { return bob.last(0) == 'f' })
	})
}

// TestLossByChanceIsRepairedInTime loses a tenth of everything to and from a
// viewer: the picture hardly stands, and little is sent twice for nothing.
func TestLossByChanceIsRepairedInTime(t *testing.T) {
	const length = 2 * time.Minute
	simulated(t, func(m *meeting) {
		c := m.begin(simnet.Shape{Delay: halfTrip}, encoding{"", 720, 800_000})
		c.bob.links(simnet.Shape{Delay: halfTrip, Loss: 0.10})
		m.pass(3 * time.Second)
		lost, again := -c.bob.host.Down.Counts().Fates[simnet.Lost], -repaired(m.sfu)
		c.from = time.Now()
		m.pass(length)
		lost, again = lost+c.bob.host.Down.Counts().Fates[simnet.Lost], again+repaired(m.sfu)
		c.finish()
		times, frozen := c.bob.pictures(0).standstill(c.from, c.to)
		t.Logf("stood %v of %v, %d times; %d sent again for %d lost", frozen, length, times, again, lost)
		if frozen > length/100 {
			t.Errorf("the picture stood %v of %v", frozen, length)
		}
		if float64(again) > 1.3*float64(lost) {
			t.Errorf("%d packets sent again for %d lost", again, lost)
		}
	})
}

func repaired(s *sfu.SFU) int {
	_, again := sfu.Repairs(s)
	return int(again)
}

// TestWhoReportsOnlyLossesIsServed has a viewer that offers neither numbers nor
// an estimate of its own.
func TestWhoReportsOnlyLossesIsServed(t *testing.T) {
	s := server(t)
	publisher := join(t, s, "room", "publisher", shape{camera: true})
	film := publisher.film(publisher.camera, 50, 100)
	defer film.end()
	viewer := dial(t, s, "room", "viewer", shape{seats: 1, api: plainAPI(t)})
	viewer.negotiate()
	until(t, "the viewer to connect", viewer.heard.isConnected)
	if err := viewer.peer.Enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, "pictures", func() bool { return len(viewer.video(0)) > 100 })
	if got := viewer.peer.Stats().Link; got.Estimate != 0 || got.Probes != 0 {
		t.Errorf("something is known of a viewer that says nothing: %+v", got)
	}
}

// TestWhoReportsByStreamIsServed has a viewer that reports arrivals as RFC 8888
// says, without transport-wide numbers: they are understood all the same.
func TestWhoReportsByStreamIsServed(t *testing.T) {
	s := server(t)
	publisher := join(t, s, "room", "publisher", shape{camera: true, rids: []string{"q", "h", "f"}})
	film := publisher.film(publisher.camera, 50, 200)
	defer film.end()
	reporter, err := ccfb.NewSenderInterceptor()
	if err != nil {
		t.Fatal(err)
	}
	viewer := dial(t, s, "room", "viewer", shape{seats: 1, api: plainAPI(t, reporter)})
	viewer.negotiate()
	if !strings.Contains(viewer.answer, "ack ccfb") || strings.Contains(viewer.answer, "transport-cc") {
		t.Errorf("answered with\n%s", viewer.answer)
	}
	until(t, "the viewer to connect", viewer.heard.isConnected)
	if err := viewer.peer.Enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	viewer.peer.SetLayout(sfu.Layout{Mode: sfu.LayoutTiles, Tiles: []sfu.Tile{{Participant: "publisher", Source: sfu.Camera, Width: 1280, Height: 720}}})
	until(t, "arrivals", func() bool {
		got := viewer.peer.Stats().Link
		return got.Acknowledged > 0 && got.Estimate > 0 && len(viewer.video(0)) > 100
	})
}

// plainAPI makes clients without header extensions, that report as reporters
// do, which are asked to do so as RFC 8888 says.
func plainAPI(t *testing.T, reporters ...interceptor.Factory) *webrtc.API {
	t.Helper()
	m, r := &webrtc.MediaEngine{}, &interceptor.Registry{}
	var feedback []webrtc.RTCPFeedback
	for _, f := range reporters {
		r.Add(f)
		feedback = []webrtc.RTCPFeedback{{Type: "ack", Parameter: "ccfb"}}
	}
	for kind, c := range map[webrtc.RTPCodecType]webrtc.RTPCodecParameters{
		webrtc.RTPCodecTypeAudio: {RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, RTCPFeedback: feedback}, PayloadType: 111},
		webrtc.RTPCodecTypeVideo: {RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: feedback}, PayloadType: 96},
	} {
		if err := m.RegisterCodec(c, kind); err != nil {
			t.Fatal(err)
		}
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(r))
}
