package sfu_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"palabre/internal/simnet"
	"palabre/sfu"
)

// spread is how the packets of three temporal layers share a rate and take
// turns: two of the highest to one of each other.
var spread = [...]struct {
	id    uint8
	share float64
}{{0, 1.6}, {2, 0.8}, {1, 0.8}, {2, 0.8}}

// broadcast sends a picture of a client as a browser does: the layers
// somebody wants, a key frame when one begins or is asked for. Layered
// encodings have three temporal layers.
func (c *client) broadcast(what sfu.Source, pace time.Duration, layered bool, encodings ...encoding) *source {
	s, tracks, sender := &source{stop: make(chan struct{})}, c.camera, c.mids.camera
	if what == sfu.Screen {
		tracks, sender = c.screens, c.mids.screen
	}
	var mu sync.Mutex
	asked := map[string]bool{}
	bySSRC := map[uint32]string{}
	for _, p := range sender.Sender().GetParameters().Encodings {
		bySSRC[uint32(p.SSRC)] = p.RID
	}
	c.mu.Lock()
	c.pictured = func(pli rtcp.PictureLossIndication) {
		mu.Lock()
		defer mu.Unlock()
		asked[bySSRC[pli.MediaSSRC]] = true
	}
	c.mu.Unlock()
	for _, e := range encodings {
		s.done.Go(func() {
			tick := time.NewTicker(pace)
			defer tick.Stop()
			out, idle := encoder{encoding: e, track: tracks[e.rid], pace: pace, layered: layered}, true
			for {
				select {
				case <-s.stop:
					return
				case <-tick.C:
				}
				out.clock += uint32(pace * 90_000 / time.Second)
				if !slices.Contains(c.heard.wanted(what), e.rid) {
					idle = true
					continue
				}
				mu.Lock()
				key := asked[e.rid] || idle
				asked[e.rid], idle = false, false
				mu.Unlock()
				out.picture(key)
			}
		})
	}
	c.t.Cleanup(s.end)
	return s
}

// encoder makes the packets of one encoding.
type encoder struct {
	encoding
	track    *webrtc.TrackLocalStaticRTP
	pace     time.Duration
	layered  bool
	clock    uint32
	pictures uint32
	turn     int
	sequence uint16
	tl0      uint8
}

func (e *encoder) picture(key bool) {
	if key {
		e.turn = 0
	}
	part := spread[0]
	part.share = 1
	if e.layered {
		part = spread[e.turn%len(spread)]
	}
	e.turn++
	if part.id == 0 {
		e.tl0++
	}
	size := int(float64(e.rate) / 8 * e.pace.Seconds() * part.share)
	if key {
		size *= 3
	}
	for first := true; size > 0; first = false {
		fill := min(size, fullPacket)
		size -= fill
		payload := []byte{0x80, 0xE0, 0x80 | byte(e.pictures>>8), byte(e.pictures), e.tl0, part.id<<6 | 0x20}
		if first {
			payload[0] |= 0x10
		}
		frame := []byte{1, 0, 0, 0x9d, 0x01, 0x2a, 0, 0, 0, 0}
		if key {
			frame[0] = 0
		}
		binary.LittleEndian.PutUint16(frame[6:], uint16(e.height*16/9))
		binary.LittleEndian.PutUint16(frame[8:], uint16(e.height))
		payload = append(append(payload, frame...), make([]byte, max(0, fill-len(payload)-len(frame)-stampSize))...)
		_ = e.track.WriteRTP(&rtp.Packet{
			Header:  rtp.Header{Version: 2, SequenceNumber: e.sequence, Timestamp: e.clock, Marker: size == 0},
			Payload: stamp{e.rid[0], e.pictures, time.Now()}.append(payload),
		})
		e.sequence++
	}
	e.pictures++
}

// stage is what came in on the first stage from a moment on.
func (c *client) stage(from time.Time) (packets []*rtp.Packet, arrived []time.Time) {
	packets, arrived = c.inbox(c.stageLines[0][1].Mid()).record()
	first, _ := slices.BinarySearchFunc(arrived, from, time.Time.Compare)
	return packets[first:], arrived[first:]
}

// layersOf counts pictures by layer.
func layersOf(packets []*rtp.Packet) map[byte]int {
	count := map[byte]int{}
	for _, p := range packets {
		if s, ok := stampOf(p.Payload); ok && p.Marker {
			count[s.layer]++
		}
	}
	return count
}

// wall is a viewer with a screen and eight cameras, in this order.
type wall struct {
	*meeting
	viewer, sharer *attendee
	people         []string
}

func (m *meeting) wall() *wall {
	w := &wall{meeting: m, viewer: m.join("viewer", shape{seats: 8, stages: 1})}
	layout := sfu.Layout{Mode: sfu.LayoutTiles, Tiles: []sfu.Tile{{Participant: "screen", Source: sfu.Screen, Width: 1920, Height: 1080}}}
	w.sharer = m.join("screen", shape{screen: true, screenRIDs: []string{"q", "f"}})
	for i := range 8 {
		id := fmt.Sprintf("person%d", i)
		w.people = append(w.people, id)
		layout.Tiles = append(layout.Tiles, sfu.Tile{Participant: id, Source: sfu.Camera, Width: 320, Height: 180})
		camera := m.join(id, shape{camera: true, rids: []string{"q", "h", "f"}})
		defer camera.broadcast(sfu.Camera, pictureEvery, false, layers3()...)
	}
	w.viewer.peer.SetLayout(layout)
	w.sharer.broadcast(sfu.Screen, time.Second/15, true, encoding{"q", 540, 250_000}, encoding{"f", 1080, 1_000_000})
	return w
}

// seated counts the seatings told.
func (l *listener) seated() int { l.mu.Lock(); defer l.mu.Unlock(); return l.seatings }

// paused are the people whose picture is not sent for want of bandwidth, in
// the order of their tiles.
func (w *wall) paused() (who []int) {
	for i, id := range w.people {
		if seat, ok := w.viewer.heard.seat(id); ok && seat.Paused == "bandwidth" && !seat.Video {
			who = append(who, i)
		}
	}
	return who
}

// last says whether those paused are the last tiles.
func (w *wall) last(paused []int) bool {
	for i, who := range paused {
		if who != len(w.people)-len(paused)+i {
			return false
		}
	}
	return true
}

// TestNineTilesKeepTheScreenSharp has a viewer of a shared text and eight
// cameras come to a line that does not carry all of them. The text keeps its
// full size, the least important people are paused and told why, and come back
// when the line is wide again.
func TestNineTilesKeepTheScreenSharp(t *testing.T) {
	simulated(t, func(m *meeting) {
		w := m.wall()
		until(m, "everybody to be seen", func() bool {
			for i := range w.people {
				if len(w.viewer.video(i)) < 20 {
					return false
				}
			}
			return len(w.paused()) == 0
		})
		w.viewer.host.Down.Set(simnet.Shape{Delay: halfTrip, Rate: 1_500_000})
		m.pass(15 * time.Second)
		narrow, asked := time.Now(), w.sharer.counted(&rtcp.PictureLossIndication{})
		seatings := w.viewer.heard.seated()
		// Between two choices the seats are told one by one: what counts is what stays.
		most, least, misplaced := 0, len(w.people), 0
		for range 200 {
			m.pass(100 * time.Millisecond)
			paused := w.paused()
			most, least = max(most, len(paused)), min(least, len(paused))
			if !w.last(paused) {
				misplaced++
				t.Logf("%v are paused", paused)
			}
		}
		packets, _ := w.viewer.stage(narrow)
		seatings = w.viewer.heard.seated() - seatings
		asked = w.sharer.counted(&rtcp.PictureLossIndication{}) - asked
		if seen := layersOf(packets); seen['q'] > 0 || seen['f'] < 20*3 {
			t.Errorf("on 1.5 Mbit/s the screen came in %d pictures of full size and %d small ones in 20 s", seen['f'], seen['q'])
		}
		t.Logf("on 1.5 Mbit/s: %d to %d are paused, the screen has %v pictures, %d key frames were asked for", least, most, layersOf(packets)['f'], asked)
		if seatings > 8 {
			t.Errorf("the viewer was told %d times in 20 s who is paused", seatings)
		}
		if asked > 1 {
			t.Errorf("the screen was asked for %d key frames in 20 s, its frame rate alone changes", asked)
		}
		if most == 0 || most > 5 {
			t.Errorf("%d to %d of eight people are paused", least, most)
		}
		if misplaced > 20 {
			t.Errorf("for %d of 200 tenths of a second others than the last were paused", misplaced)
		}
		w.viewer.host.Down.Set(simnet.Shape{Delay: halfTrip})
		wide := time.Now()
		until(m, "everybody to be seen again", func() bool { return len(w.paused()) == 0 })
		t.Logf("everybody is back after %v", time.Since(wide))
	})
}

// TestScreenGivesUpFramesBeforeItsSize has a viewer of a text come to a line
// that carries half of it.
func TestScreenGivesUpFramesBeforeItsSize(t *testing.T) {
	simulated(t, func(m *meeting) {
		viewer := m.join("viewer", shape{seats: 1, stages: 1})
		sharer := m.join("screen", shape{screen: true, screenRIDs: []string{"q", "f"}})
		viewer.peer.SetLayout(sfu.Layout{Mode: sfu.LayoutTiles, Tiles: []sfu.Tile{{Participant: "screen", Source: sfu.Screen, Width: 1920, Height: 1080}}})
		sharer.broadcast(sfu.Screen, time.Second/15, true, encoding{"q", 540, 250_000}, encoding{"f", 1080, 1_000_000})
		began := time.Now()
		until(m, "the screen", func() bool { packets, _ := viewer.stage(began); return layersOf(packets)['f'] > 30 })
		viewer.host.Down.Set(simnet.Shape{Delay: halfTrip, Rate: 700_000})
		m.pass(10 * time.Second)
		narrow := time.Now()
		m.pass(20 * time.Second)
		packets, _ := viewer.stage(narrow)
		seen := layersOf(packets)
		t.Logf("on 700 kbit/s, in 20 s: %d pictures in full size, %d small", seen['f'], seen['q'])
		if seen['q'] > 0 || seen['f'] < 20*15/5 || seen['f'] > 20*15*2/3 {
			t.Errorf("%d pictures of full size and %d small ones in 20 s", seen['f'], seen['q'])
		}
		for _, p := range packets {
			if s, ok := stampOf(p.Payload); ok && s.layer == 'f' && p.Payload[5]>>6 > 1 {
				t.Fatal("a picture of the highest temporal layer came")
			}
		}
	})
}

// TestHiddenScreenIsSharpAtOnce has the only viewer of a screen look away for
// 40 s: nothing is sent meanwhile, and when they look again the full size is
// there in less than half a second.
func TestHiddenScreenIsSharpAtOnce(t *testing.T) {
	simulated(t, func(m *meeting) {
		viewer := m.join("viewer", shape{seats: 1, stages: 1})
		sharer := m.join("screen", shape{screen: true, screenRIDs: []string{"q", "f"}})
		viewer.links(simnet.Shape{Delay: halfTrip})
		sharer.links(simnet.Shape{Delay: halfTrip})
		show := func(height int) {
			viewer.peer.SetLayout(sfu.Layout{Mode: sfu.LayoutTiles, Tiles: []sfu.Tile{{Participant: "screen", Source: sfu.Screen, Width: height * 16 / 9, Height: height}}})
		}
		began := time.Now()
		show(1080)
		sharer.broadcast(sfu.Screen, time.Second/5, true, encoding{"q", 540, 100_000}, encoding{"f", 1080, 300_000})
		until(m, "the screen", func() bool { packets, _ := viewer.stage(began); return layersOf(packets)['f'] > 10 })
		show(0)
		until(m, "nothing to be wanted", func() bool { return len(sharer.heard.wanted(sfu.Screen)) == 0 })
		m.pass(40 * time.Second)
		if packets, _ := viewer.stage(time.Now().Add(-30 * time.Second)); len(packets) > 0 {
			t.Errorf("%d packets came while hidden", len(packets))
		}
		again := time.Now()
		show(1080)
		fresh := func(p *rtp.Packet) bool {
			s, ok := stampOf(p.Payload)
			return ok && s.layer == 'f' && p.Marker && s.sent.After(again)
		}
		until(m, "the screen again", func() bool { packets, _ := viewer.stage(again); return slices.ContainsFunc(packets, fresh) })
		packets, arrived := viewer.stage(again)
		first, newest := arrived[0].Sub(again), arrived[slices.IndexFunc(packets, fresh)].Sub(again)
		t.Logf("a picture after %v, one taken since after %v", first, newest)
		if s, _ := stampOf(packets[0].Payload); s.layer != 'f' || packets[0].Payload[0]&0x10 == 0 || packets[0].Payload[6]&1 != 0 {
			t.Error("it does not begin with a key frame in full size")
		}
		if newest > 500*time.Millisecond {
			t.Errorf("a picture in full size taken since came after %v", newest)
		}
	})
}

// TestTwoLayersAreKept has a client that must not be left with one layer be
// shown in a thumbnail.
func TestTwoLayersAreKept(t *testing.T) {
	for keep, want := range map[bool][]string{false: {"q"}, true: {"q", "h"}} {
		simulated(t, func(m *meeting) {
			viewer := m.join("viewer", shape{seats: 1})
			publisher := m.join("publisher", shape{camera: true, rids: []string{"q", "h", "f"}, keepTwo: keep})
			viewer.peer.SetLayout(tile(160, 90))
			publisher.broadcast(sfu.Camera, pictureEvery, false, layers3()...)
			until(m, "the thumbnail", func() bool { return viewer.last(0) == 'q' })
			m.pass(5 * time.Second)
			if got := publisher.heard.wanted(sfu.Camera); !slices.Equal(got, want) {
				t.Errorf("keeping two %v: %v are wanted", keep, got)
			}
			viewer.peer.SetLayout(tile(0, 0))
			until(m, "nothing to be wanted", func() bool { return len(publisher.heard.wanted(sfu.Camera)) == 0 })
		})
	}
}
