package sfu_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"github.com/prometheus/client_golang/prometheus"

	"palabre/sfu"
)

// trackOf and lineOf find one source and one seat in a peer's statistics.
func trackOf(t testing.TB, c *client, source sfu.Source) sfu.TrackStats {
	t.Helper()
	for _, track := range c.peer.Stats().Tracks {
		if track.Source == string(source) {
			return track
		}
	}
	t.Fatalf("no statistics of the %s of %s", source, c.id)
	return sfu.TrackStats{}
}

func lineOf(t testing.TB, c *client, name string, video bool) sfu.LineStats {
	t.Helper()
	for _, line := range c.peer.Stats().Lines {
		if line.Line == name && line.Video == video {
			return line
		}
	}
	t.Fatalf("no statistics of %s of %s", name, c.id)
	return sfu.LineStats{}
}

// settled waits until two looks at a number are the same, and gives it.
func settled(t testing.TB, what string, number func() uint64) uint64 {
	t.Helper()
	last, since := number(), time.Now()
	until(t, what+" to settle", func() bool {
		if n := number(); n != last {
			last, since = n, time.Now()
		}
		return time.Since(since) > 300*time.Millisecond
	})
	return last
}

// roll sends so many pictures, three packets each, and gives how many packets that were.
func roll(t testing.TB, track *webrtc.TrackLocalStaticRTP, pictures, size int) (packets uint64) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for n := range pictures {
		<-tick.C
		for i := range 3 {
			p := &rtp.Packet{
				Header:  rtp.Header{Version: 2, SequenceNumber: uint16(packets), Timestamp: uint32(n) * 900, Marker: i == 2},
				Payload: vp8(n%25 == 0, i == 0, uint16(n), size),
			}
			if err := track.WriteRTP(p); err != nil {
				t.Fatal(err)
			}
			packets++
		}
	}
	return packets
}

// TestStatisticsCountWhatIsSentAndReceived compares the server's figures with
// what the clients themselves sent and received.
func TestStatisticsCountWhatIsSentAndReceived(t *testing.T) {
	venues(t, func(v *venue) {
		viewer := v.join("viewer", shape{seats: 1})
		publisher := v.join("publisher", shape{microphone: true, camera: true})
		until(v, "the seat to be taken", func() bool { return lineOf(v, viewer, "seat0", true).Participant == "publisher" })
		sent := roll(v, publisher.camera[""], 250, 100)
		live, sending := trackOf(v, publisher, sfu.Camera).Layers[0], lineOf(v, viewer, "seat0", true)
		settled(v, "what came", func() uint64 { return trackOf(v, publisher, sfu.Camera).Layers[0].Packets })

		camera := trackOf(v, publisher, sfu.Camera)
		if l := camera.Layers[0]; l.Packets != sent || l.Lost != 0 || l.NACKs != 0 || l.Bytes < sent*100 || l.SSRC == 0 {
			v.Errorf("%+v, the publisher sent %d packets", l, sent)
		}
		if camera.Codec != "video/VP8" || !camera.Video || !camera.Sending || !live.Alive || !live.Wanted || live.Width != 640 || live.Height != 360 {
			v.Errorf("the camera is described as %+v, %+v", camera, live)
		}
		if v.timed && (live.Framerate < 90 || live.Framerate > 110) {
			v.Errorf("%v frames a second of a film of 100", live.Framerate)
		}
		line := lineOf(v, viewer, "seat0", true)
		var packets []*rtp.Packet
		until(v, "everything to arrive", func() bool {
			packets = withPayload(viewer.video(0))
			return uint64(len(packets)) >= line.Packets
		})
		if line.Packets != uint64(len(packets)) || line.Packets < sent/2 {
			v.Errorf("%d packets of %d sent on, %d received", line.Packets, sent, len(packets))
		}
		if line.Participant != "publisher" || line.Source != "camera" || line.SSRC != packets[0].SSRC || line.Height != 360 || sending.Bitrate == 0 || line.Paused != "" {
			v.Errorf("the line is described as %+v", line)
		}
		if microphone := trackOf(v, publisher, sfu.Microphone); microphone.Video || !microphone.Sending || microphone.Layers[0].Packets != 0 {
			v.Errorf("a microphone that says nothing: %+v", microphone)
		}
	})
}

// withPayload leaves out what is only padding, and what came twice.
func withPayload(packets []*rtp.Packet) (list []*rtp.Packet) {
	seen := map[uint16]bool{}
	for _, p := range packets {
		if len(p.Payload) > 0 && !seen[p.SequenceNumber] {
			seen[p.SequenceNumber] = true
			list = append(list, p)
		}
	}
	return list
}

// TestStatisticsOfLayers: each layer has its own figures, and the line says
// which it carries.
func TestStatisticsOfLayers(t *testing.T) {
	s := server(t)
	viewer := join(t, s, "room", "viewer", shape{seats: 1})
	publisher := join(t, s, "room", "publisher", person(0))
	viewer.peer.SetLayout(sfu.Layout{Mode: sfu.LayoutTiles, Tiles: []sfu.Tile{{Participant: "publisher", Source: sfu.Camera, Width: 320, Height: 180}}})
	film := publisher.film(publisher.camera, 50, 0)
	defer film.end()
	until(t, "the layers to be measured and the small one to be sent", func() bool {
		layers := trackOf(t, publisher, sfu.Camera).Layers
		return lineOf(t, viewer, "seat0", true).RID == "q" && len(layers) == 3 && !slices.ContainsFunc(layers, func(l sfu.LayerStats) bool { return l.Bitrate == 0 })
	})
	var rids []string
	ssrcs := map[uint32]bool{}
	for _, l := range trackOf(t, publisher, sfu.Camera).Layers {
		rids, ssrcs[l.SSRC] = append(rids, l.RID), true
		if !l.Alive || l.Packets == 0 || l.Bytes == 0 || l.Height != 360 {
			t.Errorf("layer %+v", l)
		}
	}
	if !slices.Equal(rids, []string{"q", "h", "f"}) || len(ssrcs) != 3 {
		t.Errorf("layers %v with %d streams", rids, len(ssrcs))
	}
}

// TestStatisticsOfLoss loses a tenth both ways: what was repaired, lost and sent
// again adds up to what the network lost.
func TestStatisticsOfLoss(t *testing.T) {
	losing(t, 0.10, func(m *meeting, way *lossy) {
		viewer, publisher := m.join("viewer", shape{seats: 1, careful: true}), m.join("publisher", shape{camera: true})
		film := publisher.film(publisher.camera, 50, 0)
		until(m, "enough to be lost", func() bool { return way.in.Load() > 60 && way.out.Load() > 60 })
		film.end()
		settled(m, "what came", func() uint64 { return trackOf(m, publisher.client, sfu.Camera).Layers[0].Packets })
		l, line := trackOf(m, publisher.client, sfu.Camera).Layers[0], lineOf(m, viewer.client, "seat0", true)
		// Every packet lost on the way in is repaired or lost for good; a repair that
		// is lost too is one more loss of the same packet.
		if missed, lost := l.Repaired+l.Lost, uint64(way.in.Load()); missed > lost || missed*10 < lost*7 {
			t.Errorf("%d repaired and %d lost, the network lost %d", l.Repaired, l.Lost, lost)
		}
		if l.NACKs < l.Repaired {
			t.Errorf("%d repaired, %d asked for", l.Repaired, l.NACKs)
		}
		if line.NACKs == 0 || line.Resent == 0 {
			t.Errorf("%d asked for by the viewer, %d sent again", line.NACKs, line.Resent)
		}
		until(m, "the viewer's report of its losses", func() bool { return lineOf(m, viewer.client, "seat0", true).Lost > 0 })
		if lost := lineOf(m, viewer.client, "seat0", true).Lost; lost > uint64(way.out.Load()) {
			t.Errorf("the viewer reports %d lost of %d", lost, way.out.Load())
		}
		if rtt := viewer.peer.Stats().Link.RTT; rtt <= 0 {
			t.Errorf("round trip %v", rtt)
		}
	})
}

// TestQualityOfAMeeting: good both ways is told once, and what goes dark is told too.
func TestQualityOfAMeeting(t *testing.T) {
	losing(t, 0, func(m *meeting, way *lossy) {
		viewer, publisher := m.join("viewer", shape{seats: 1}).client, m.join("publisher", shape{camera: true}).client
		film := publisher.film(publisher.camera, 50, 0)
		defer film.end()
		graded := func(c *client) [2]int {
			c.heard.mu.Lock()
			defer c.heard.mu.Unlock()
			if len(c.heard.bars) == 0 {
				return [2]int{}
			}
			return c.heard.bars[len(c.heard.bars)-1]
		}
		until(m, "both to be good", func() bool { return graded(viewer) == [2]int{3, 3} && graded(publisher) == [2]int{3, 3} })
		way.dark.Store(true)
		until(m, "the publisher's way up to be lost", func() bool { return graded(publisher)[0] == 0 })
		way.dark.Store(false)
		until(m, "it to be back", func() bool { return graded(publisher)[0] > 0 })
		if got := publisher.peer.Stats(); got.Up != graded(publisher)[0] {
			t.Errorf("statistics say %d bars", got.Up)
		}
	})
}

// TestFiguresStayBounded: however many streams there are, no more are shown one
// by one than the configuration allows, nobody's name is, and what is shown adds up.
func TestFiguresStayBounded(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	const most = 5
	s := server(t, func(c *sfu.Config) { c.Metrics, c.TrackMetrics = registry, most })
	figures(t, registry) // nobody there yet
	var people []*client
	for _, id := range []string{"anastasia", "benedict", "cornelius"} {
		people = append(people, join(t, s, "secret-room", id, shape{microphone: true, camera: true, seats: 2}))
	}
	for _, c := range people {
		film := c.film(c.camera, 30, 30)
		defer film.end()
	}
	until(t, "everybody to see everybody", func() bool {
		return !slices.ContainsFunc(people, func(c *client) bool { return len(c.video(0)) < 100 || len(c.video(1)) < 100 })
	})
	// The same participant twice for a moment, as when a client comes again.
	again := dial(t, s, "secret-room", "anastasia", shape{seats: 1})
	again.negotiate()

	var families map[string][]series
	until(t, "rates", func() bool {
		families = figures(t, registry)
		return total(families["palabre_media_track_bits_per_second"]) > 0 && len(families["palabre_media_layers_in_use"]) > 0
	})
	for name, list := range families {
		bound := most
		if name == "palabre_media_track_bits_per_second" {
			bound += 8 // those together, by direction, source and kind
		}
		if strings.HasPrefix(name, "palabre_media_track_") && len(list) > bound {
			t.Errorf("%s has %d series", name, len(list))
		}
		for _, one := range list {
			for _, secret := range []string{"secret", "anastasia", "benedict", "cornelius"} {
				if strings.Contains(one.labels, secret) {
					t.Errorf("%s tells %s", name, one.labels)
				}
			}
		}
	}
	if n := len(families["palabre_media_track_packets_total"]); n != most {
		t.Errorf("%d streams shown one by one, want %d", n, most)
	}
	if n := total(families["palabre_media_tracks_unlisted"]); n < 3 {
		t.Errorf("%v streams not shown one by one", n)
	}
	if n := total(families["palabre_media_connections"]); n != 2*4 {
		t.Errorf("%v grades of 4 connections", n)
	}
	for _, name := range []string{"estimate_bits_per_second", "loss_ratio", "jitter_seconds", "sent_height_pixels"} {
		if !slices.ContainsFunc(families["palabre_media_"+name], func(one series) bool { return one.samples > 0 }) {
			t.Errorf("nothing of %s", name)
		}
	}
}

// series is one line of figures.
type series struct {
	labels  string
	value   float64
	samples uint64
}

// figures gives what a registry shows, by name.
func figures(t testing.TB, registry *prometheus.Registry) map[string][]series {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]series{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			one := series{value: m.GetGauge().GetValue() + m.GetCounter().GetValue(), samples: m.GetHistogram().GetSampleCount()}
			for _, l := range m.GetLabel() {
				one.labels += l.GetName() + "=" + l.GetValue() + " "
			}
			all[f.GetName()] = append(all[f.GetName()], one)
		}
	}
	return all
}

func total(list []series) (n float64) {
	for _, one := range list {
		n += one.value
	}
	return n
}
