package sfu_test

import (
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	"palabre/internal/catalogue"
	"palabre/internal/simnet"
	"palabre/sfu"
)

// halfTrip is how long packets of the simulated clients take one way: a
// client somewhere in the server's country.
const halfTrip = 20 * time.Millisecond

// call has one person speak and show to another, who only speaks, over links
// of a shape for a while.
type call struct {
	*meeting
	alice, bob *attendee
	from, to   time.Time
	cut        func() // ends what is sent
}

// begin starts a call over links of a shape. [call.finish] ends it.
func (m *meeting) begin(links simnet.Shape, encodings ...encoding) *call {
	m.Helper()
	m.plain = simnet.Shape{Delay: links.Delay, MTU: links.MTU}
	var rids []string
	for _, e := range encodings {
		if e.rid != "" {
			rids = append(rids, e.rid)
		}
	}
	c := &call{meeting: m}
	c.bob = m.join("bob", shape{microphone: true, seats: 1})
	c.alice = m.join("alice", shape{microphone: true, camera: true, rids: rids, seats: 1})
	c.bob.peer.SetLayout(sfu.Layout{Mode: sfu.LayoutTiles, Tiles: []sfu.Tile{{Participant: "alice", Source: sfu.Camera, Width: 1280, Height: 720}}})
	viewer, sources := c.bob.view(0), []*source{c.alice.record(encodings...), c.alice.speak(), c.bob.speak()}
	c.cut = sync.OnceFunc(func() {
		for _, s := range sources {
			s.end()
		}
	})
	end := sync.OnceFunc(viewer.end)
	m.Cleanup(func() { c.cut(); end() })
	until(m, "the first pictures", func() bool { return len(c.bob.video(0)) > 20 })
	c.alice.links(links)
	c.bob.links(links)
	m.pass(3 * time.Second)
	c.from = time.Now()
	return c
}

// finish ends what is sent and waits for what is still on its way.
func (c *call) finish() {
	c.to = time.Now()
	c.cut()
	c.pass(time.Second)
}

// hold runs a call for d.
func (m *meeting) hold(links simnet.Shape, d time.Duration, encodings ...encoding) *call {
	m.Helper()
	c := m.begin(links, encodings...)
	m.pass(d)
	c.finish()
	return c
}

// saw is what came of a call, for the catalogue.
func (c *call) saw() (loss float64, freezes int, frozen float64) {
	seen := c.bob.pictures(0)
	times, stood := seen.standstill(c.from, c.to)
	return c.bob.sound(0, c.from, c.to, waitsMost).loss(), times, stood.Seconds() / c.to.Sub(c.from).Seconds()
}

// TestN01_IndependentLoss loses packets of everything on all four links of a call.
func TestN01_IndependentLoss(t *testing.T) {
	for _, row := range []struct {
		loss, sound float64
		length      time.Duration
	}{{0.02, 0.002, time.Minute}, {0.05, 0.005, 3 * time.Minute}, {0.10, 0.02, time.Minute}} {
		t.Run(fmt.Sprintf("%.0f%%", row.loss*100), func(t *testing.T) {
			simulated(t, func(m *meeting) {
				c := m.hold(simnet.Shape{Delay: halfTrip, Loss: row.loss}, row.length, encoding{"", 720, 800_000})
				sound, times, frozen := c.saw()
				catalogue.Report(t, catalogue.Item{
					ID:       "N1",
					Injected: fmt.Sprintf("%.0f %% independent loss of everything, up and down, at both ends of a call of %v", row.loss*100, row.length),
					Measured: fmt.Sprintf("audio loss %.2f %%, video froze %d times, %.1f %% of the time", sound*100, times, frozen*100),
					Bar:      fmt.Sprintf("audio loss at most %.1f %%; at up to 5 %% video stands for 200 ms at most once a minute", row.sound*100),
					Pass:     sound <= row.sound && (row.loss > 0.05 || float64(times) <= row.length.Minutes()),
				})
			})
		})
	}
}

// TestHeavyLossIsRepaired loses a tenth of everything on all four links: the
// picture hardly ever stands for it, and not much more is sent again than was lost.
func TestHeavyLossIsRepaired(t *testing.T) {
	simulated(t, func(m *meeting) {
		c := m.hold(simnet.Shape{Delay: halfTrip, Loss: 0.10}, 4*time.Minute, encoding{"", 720, 800_000})
		_, times, frozen := c.saw()
		_, again := sfu.Repairs(m.sfu)
		lost := c.bob.host.Down.Counts().Fates[simnet.Lost]
		t.Logf("froze %d times, %.2f %% of the time; %d lost, %d sent again", times, frozen*100, lost, again)
		if frozen >= 0.01 {
			t.Errorf("the picture stood for %.2f %% of the time", frozen*100)
		}
		if float64(again) > 1.3*float64(lost) {
			t.Errorf("%d packets sent again for %d lost", again, lost)
		}
	})
}

// TestN02_BurstLoss loses packets in bursts.
func TestN02_BurstLoss(t *testing.T) {
	const length = 4 * time.Minute
	simulated(t, func(m *meeting) {
		c := m.hold(simnet.Shape{Delay: halfTrip, Loss: 0.05, Burst: 4}, length, encoding{"", 720, 800_000})
		sound, times, frozen := c.saw()
		catalogue.Report(t, catalogue.Item{
			ID:       "N2",
			Injected: fmt.Sprintf("5 %% loss in bursts of 4, up and down, at both ends of a call of %v", length),
			Measured: fmt.Sprintf("video froze %.1f %% of the time in %d freezes, audio loss %.2f %%", frozen*100, times, sound*100),
			Bar:      "frozen at most 2 % of the time",
			Pass:     frozen <= 0.02,
		})
	})
}

// outgoing is what RTP came out of a link, in order, by its stream.
type outgoing struct {
	highest    map[uint32]uint16
	seen       map[[2]uint32]bool
	disordered int // packets with a lower number than one before
	repeated   int // video packets with a number that was used before
	packets    int
	largest    int // bytes of the largest packet, without the 16 of its seal
}

func watch(l *simnet.Link[simnet.Datagram]) *outgoing {
	o := &outgoing{highest: map[uint32]uint16{}, seen: map[[2]uint32]bool{}}
	l.Tap(o.see)
	return o
}

func (o *outgoing) see(p simnet.Passage[simnet.Datagram]) {
	const seal = 16
	b := p.Packet.Payload
	if len(b) < 12+seal || b[0]>>6 != 2 || b[1] >= 192 && b[1] <= 223 {
		return // not RTP
	}
	ssrc, n := binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint16(b[2:])
	o.packets++
	o.largest = max(o.largest, len(b)-seal)
	if key := [2]uint32{ssrc, uint32(n)}; o.seen[key] {
		if b[1]&0x7F == 96 { // of sound a packet asked for again has its old number
			o.repeated++
		}
	} else {
		o.seen[key] = true
	}
	last, known := o.highest[ssrc]
	if known && int16(n-last) < 0 {
		o.disordered++
	} else {
		o.highest[ssrc] = n
	}
}

// TestN03_DelayAndJitter looks for what the server itself adds.
func TestN03_DelayAndJitter(t *testing.T) {
	const length = 20 * time.Second
	simulated(t, func(m *meeting) {
		out := watch(m.server.Up)
		c := m.hold(simnet.Shape{Delay: 150 * time.Millisecond, Jitter: 30 * time.Millisecond}, length, encoding{"", 720, 800_000})
		waited := sfu.Waited(m.sfu, 0.99)
		sound, times, _ := c.saw()
		catalogue.Report(t, catalogue.Item{
			ID:       "N3",
			Injected: fmt.Sprintf("delay of 150 ms and jitter of 30 ms, up and down, at both ends of a call of %v", length),
			Measured: fmt.Sprintf("99 %% of %d packets waited at most %v in the server (in virtual time, so without computing), %d left out of order, audio loss %.2f %%, %d freezes", out.packets, waited, out.disordered, sound*100, times),
			Bar:      "at most 5 ms, none out of order",
			Pass:     waited <= 5*time.Millisecond && out.disordered == 0 && out.packets > 1000,
		})
	})
}

// TestN10_SmallMTU has links that drop what is larger than 1280 bytes.
func TestN10_SmallMTU(t *testing.T) {
	const length = 10 * time.Second
	simulated(t, func(m *meeting) {
		in, out := watch(m.server.Down), watch(m.server.Up)
		c := m.hold(simnet.Shape{Delay: halfTrip, Loss: 0.02, MTU: 1280}, length, layers3()...)
		sound, times, _ := c.saw()
		dropped := c.alice.host.Up.Counts().Fates[simnet.TooBig] + c.alice.host.Down.Counts().Fates[simnet.TooBig] + c.bob.host.Down.Counts().Fates[simnet.TooBig]
		catalogue.Report(t, catalogue.Item{
			ID:       "N10",
			Injected: fmt.Sprintf("an MTU of 1280 bytes from before the join, and 2 %% loss, for a call of %v", length),
			Measured: fmt.Sprintf("both joined, largest RTP packet in %d bytes and out %d, %d packets too big for the path, audio loss %.2f %%, %d freezes", in.largest, out.largest, dropped, sound*100, times),
			Bar:      "no RTP packet over 1200 bytes leaves, joins work",
			Pass:     out.largest <= 1200 && dropped == 0 && in.largest > 1190,
		})
	})
}

// TestN11_ReorderedAndDuplicated has packets overtake each other and come twice.
func TestN11_ReorderedAndDuplicated(t *testing.T) {
	const length = 60 * time.Second
	simulated(t, func(m *meeting) {
		out := watch(m.server.Up)
		c := m.hold(simnet.Shape{Delay: halfTrip, Loss: 0.02, Reorder: 0.05, Late: 30 * time.Millisecond, Duplicate: 0.01}, length, encoding{"", 720, 800_000})
		asked, again := sfu.Repairs(m.sfu)
		up, down := c.alice.host.Up.Counts(), c.bob.host.Down.Counts()
		sound, times, _ := c.saw()
		lost := up.Fates[simnet.Lost]
		catalogue.Report(t, catalogue.Item{
			ID:       "N11",
			Injected: fmt.Sprintf("5 %% of packets up to 30 ms late, 1 %% twice, 2 %% lost, up and down, at both ends of a call of %v: %d, %d and %d on the way to the server", length, up.Reordered, up.Duplicated, lost),
			Measured: fmt.Sprintf("%d of %d packets left twice, %d asked for, %d repaired (%d lost) downwards, audio loss %.2f %%, %d freezes", out.repeated, out.packets, asked, again, down.Fates[simnet.Lost], sound*100, times),
			Bar:      "none twice, at most 2 asked for each one lost",
			Pass:     out.repeated == 0 && float64(asked) <= 2*float64(lost) && up.Duplicated > 50,
		})
	})
}
