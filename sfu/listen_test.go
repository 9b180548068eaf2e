package sfu_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"palabre/internal/simnet"
	"palabre/sfu"
)

// numberURI is the header extension of transport-wide numbers.
const numberURI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

// arrivalReports counts the transport-wide feedback that a client sends: its
// first eight bytes are not encrypted (RFC 3711 section 3.4).
func arrivalReports(l *simnet.Link[simnet.Datagram]) *atomic.Int64 {
	n := &atomic.Int64{}
	l.Tap(func(p simnet.Passage[simnet.Datagram]) {
		if b := p.Packet.Payload; len(b) > 8 && b[0]&0xDF == 0x80|15 && b[1] == 205 {
			n.Add(1)
		}
	})
	return n
}

// numbered gives the transport-wide numbers of a line's packets that came in a
// span of time, and how many had none.
func (c *client) numbered(line *webrtc.RTPTransceiver, from, to time.Time) (numbers []uint16, without int) {
	id := uint8(0)
	for _, e := range line.Receiver().GetParameters().HeaderExtensions {
		if e.URI == numberURI {
			id = uint8(e.ID)
		}
	}
	packets, arrived := c.inbox(line.Mid()).record()
	for i, p := range packets {
		if arrived[i].Before(from) || arrived[i].After(to) {
			continue
		}
		var number rtp.TransportCCExtension
		if b := p.GetExtension(id); id == 0 || b == nil || number.Unmarshal(b) != nil {
			without++
			continue
		}
		numbers = append(numbers, number.TransportSequence)
	}
	return numbers, without
}

// audience is somebody who speaks to one who only listens until there is a picture.
type audience struct {
	*meeting
	alice, bob *attendee
	reports    *atomic.Int64
}

func (m *meeting) audience() *audience {
	a := &audience{meeting: m}
	m.plain = simnet.Shape{Delay: halfTrip}
	a.alice = m.join("alice", shape{microphone: true, camera: true, rids: []string{"q", "h", "f"}})
	a.shows(false)
	speech := a.alice.speak()
	m.Cleanup(speech.end)
	a.bob = m.join("bob", shape{seats: 1, voices: 1})
	a.reports = arrivalReports(a.bob.host.Up)
	a.bob.peer.SetLayout(sfu.Layout{Mode: sfu.LayoutTiles, Tiles: []sfu.Tile{{Participant: "alice", Source: sfu.Camera, Width: 1280, Height: 720}}})
	until(m, "the voice", func() bool { return len(a.bob.audio(0)) > 20 })
	return a
}

// shows has alice turn her camera on or off.
func (a *audience) shows(on bool) {
	a.alice.peer.SetSending(sfu.Sending{Microphone: true, Camera: on})
}

// hears checks that voices alone come without numbers, and nobody reports their arrival.
func (a *audience) hears(d time.Duration) {
	a.Helper()
	from, reports := time.Now(), a.reports.Load()
	a.pass(d)
	if numbers, without := a.bob.numbered(a.bob.seatLines[0][0], from, time.Now()); len(numbers) > 0 || without < int(d/frame)-2 {
		a.Errorf("%d packets of a voice with a number, %d without", len(numbers), without)
	}
	if n := a.reports.Load() - reports; n > 0 {
		a.Errorf("%d reports of arrivals from who only listens", n)
	}
}

// TestWhoOnlyListensReportsNoArrivals has a camera come on after minutes of
// sound alone, go off and come on again: arrivals are reported while there is a
// picture, from its first packet on, and its best layer, which is more than a
// line is taken to carry, comes as soon as ever.
func TestWhoOnlyListensReportsNoArrivals(t *testing.T) {
	simulated(t, func(m *meeting) {
		a := m.audience()
		a.hears(2 * time.Minute)
		if link := a.bob.peer.Stats().Link; link.RTT < 2*halfTrip || link.Probes > 0 || link.Loss > 0 {
			t.Errorf("of who only listens it is known: %+v", link)
		}
		film := a.alice.record(encoding{"q", 180, 150_000}, encoding{"h", 360, 500_000}, encoding{"f", 720, 3_000_000})
		m.Cleanup(film.end)
		last := uint16(0xFFFF)
		for range 2 {
			last = a.sees(last)
			if link := a.bob.peer.Stats().Link; link.Acknowledged < 2_500_000 || link.Estimate < 3_000_000 || link.Loss > 0 {
				t.Errorf("of who sees it is known: %+v", link)
			}
			off := time.Now()
			a.shows(false)
			m.pass(time.Second)
			if voices, _ := a.bob.numbered(a.bob.seatLines[0][0], off, time.Now()); len(voices) > 0 {
				last = voices[len(voices)-1]
			}
			a.hears(time.Minute)
			if link := a.bob.peer.Stats().Link; link.Estimate < 3_000_000 || link.Acknowledged > 0 || link.QueueDelay > 0 {
				t.Errorf("of who saw it is known: %+v", link)
			}
		}
		a.bob.heard.mu.Lock()
		defer a.bob.heard.mu.Unlock()
		if bars := a.bob.heard.bars; len(bars) == 0 || slices.ContainsFunc(bars, func(b [2]int) bool { return b[1] != 3 }) {
			t.Errorf("graded %v", bars)
		}
	})
}

// settled is how long after a moment nothing but a layer was shown any more.
func (f screening) settled(layer byte, from time.Time) (took time.Duration) {
	if len(f) == 0 || f[len(f)-1].layer != layer {
		return time.Hour
	}
	for _, s := range f {
		if s.layer != layer && s.at.After(from) {
			took = s.at.Sub(from)
		}
	}
	return took
}

// sees turns the camera on and waits for its best layer. It takes the number
// that was last before and gives the last one now.
func (a *audience) sees(before uint16) (last uint16) {
	a.Helper()
	on, reports := time.Now(), a.reports.Load()
	a.shows(true)
	a.pass(10 * time.Second)
	took := a.bob.pictures(0).settled('f', on)
	a.Logf("the best layer for good after %v", took)
	if took > 6*time.Second {
		a.Errorf("the best layer for good only after %v", took)
	}
	pictures, without := a.bob.numbered(a.bob.seatLines[0][1], on, time.Now())
	if without > 0 || len(pictures) == 0 {
		a.Fatalf("%d packets of pictures have no number, %d have", without, len(pictures))
	}
	first := pictures[0]
	if voices, _ := a.bob.numbered(a.bob.seatLines[0][0], on, time.Now()); len(voices) > 0 && voices[0]-before < first-before {
		first = voices[0]
	}
	if first != before+1 {
		a.Errorf("numbers begin again with %d, the last before was %d", first, before)
	}
	if n := a.reports.Load() - reports; n < 30 {
		a.Errorf("%d reports of the arrival of pictures", n)
	}
	return pictures[len(pictures)-1]
}

// TestLossIsSeenOfWhoOnlyListens: what a listener loses shows in their bars by
// reception reports, also where it is repaired; and they get as much again as
// those who report arrivals.
func TestLossIsSeenOfWhoOnlyListens(t *testing.T) {
	for name, repairs := range map[string]bool{"repaired": true, "not repaired": false} {
		t.Run(name, func(t *testing.T) {
			simulated(t, func(m *meeting) {
				a := m.audience()
				if repairs {
					view := a.bob.view(0)
					m.Cleanup(view.end)
				}
				m.pass(5 * time.Second)
				down := func() int {
					a.bob.heard.mu.Lock()
					defer a.bob.heard.mu.Unlock()
					return a.bob.heard.bars[len(a.bob.heard.bars)-1][1]
				}
				if down() != 3 {
					t.Fatalf("graded %d before", down())
				}
				a.bob.host.Down.Set(simnet.Shape{Delay: halfTrip, Loss: 0.25})
				m.pass(10 * time.Second)
				if link := a.bob.peer.Stats().Link; down() != 1 || link.Loss < 0.15 || link.Loss > 0.35 {
					t.Errorf("a quarter is lost, graded %d, knows %+v", down(), link)
				}
				from := time.Now()
				m.pass(2 * time.Minute)
				if missed := a.bob.sound(0, from, time.Now().Add(-time.Second), time.Hour).loss(); repairs && missed > 0.01 {
					t.Errorf("%.1f %% of the voice is missed", 100*missed)
				}
				a.bob.host.Down.Set(simnet.Shape{Delay: halfTrip})
				m.pass(20 * time.Second)
				if down() != 3 {
					t.Errorf("graded %d once all is well again", down())
				}
				a.hears(5 * time.Second)
			})
		})
	}
}
