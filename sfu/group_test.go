package sfu_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"palabre/sfu"
)

// marked sends a voice and a picture every packet of which says who sent it
// and in which phase of the test. A key frame comes only when one is asked for.
type marked struct {
	*client
	source
	phase atomic.Int32
	quiet atomic.Bool
	asked atomic.Bool
}

func newMarked(t *testing.T, s *sfu.SFU, id string, others int) *marked {
	m := &marked{source: source{stop: make(chan struct{})}}
	m.client = dial(t, s, "room", id, shape{microphone: true, camera: true, seats: others, voices: 1})
	m.pictured = func(rtcp.PictureLossIndication) { m.asked.Store(true) }
	m.negotiate()
	until(t, id+" to connect", m.heard.isConnected)
	until(t, id+"'s own side to be up", m.up)
	m.peer.SetSending(sfu.Sending{Microphone: true, Camera: true})
	if err := m.peer.Enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.asked.Store(true)
	m.done.Go(m.run)
	return m
}

func (m *marked) run() {
	tick := time.NewTicker(frame)
	defer tick.Stop()
	var n uint16
	for at := uint32(0); ; at++ {
		select {
		case <-m.stop:
			return
		case <-tick.C:
		}
		if m.quiet.Load() {
			continue
		}
		n++
		mark := []byte{m.id[0], byte(m.phase.Load())}
		_ = m.microphone.WriteRTP(&rtp.Packet{
			Header: rtp.Header{Version: 2, SequenceNumber: n, Timestamp: at * 960}, Payload: append([]byte{0x78}, mark...),
		})
		_ = m.camera[""].WriteRTP(&rtp.Packet{
			Header:  rtp.Header{Version: 2, SequenceNumber: n, Timestamp: at * 1800, Marker: true},
			Payload: append(vp8(m.asked.Swap(false), true, n&0x7FFF, 0), mark...),
		})
	}
}

// from counts what a client got of somebody's in a phase.
func (m *marked) from(who *marked, phase int32) (voices, pictures int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, box := range m.got {
		for _, p := range box.all() {
			mark := p.Payload[max(0, len(p.Payload)-2):]
			switch {
			case len(mark) < 2 || mark[0] != who.id[0] || int32(mark[1]) != phase:
			case len(p.Payload) == 3:
				voices++
			default:
				pictures++
			}
		}
	}
	return voices, pictures
}

// meets waits until one sees and hears another in a phase of theirs.
func (m *marked) meets(other *marked, phase int32) {
	m.t.Helper()
	until(m.t, fmt.Sprintf("%s to see and hear %s", m.id, other.id), func() bool {
		voices, pictures := m.from(other, phase)
		return voices > 10 && pictures > 10
	})
}

// misses fails when one got anything of the other's in a phase.
func (m *marked) misses(other *marked, phase int32) {
	m.t.Helper()
	if voices, pictures := m.from(other, phase); voices+pictures > 0 {
		m.t.Errorf("%s got %d packets of %s's voice and %d of their picture in phase %d", m.id, voices, other.id, pictures, phase)
	}
}

// move takes people to groups, all at once, and begins a phase when all are told.
func move(phase int32, where map[*marked]string) {
	var moved sync.WaitGroup
	for who, group := range where {
		moved.Go(func() { who.peer.Move(group) })
	}
	moved.Wait()
	for who := range where {
		who.phase.Store(phase)
	}
}

// beg asks again for all that came lately, on every line.
func (m *marked) beg() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, box := range m.got {
		packets := box.all()
		var numbers []uint16
		for _, p := range packets[max(0, len(packets)-100):] {
			numbers = append(numbers, p.SequenceNumber)
		}
		if len(numbers) > 0 {
			nack := &rtcp.TransportLayerNack{MediaSSRC: packets[0].SSRC, Nacks: rtcp.NackPairsFromSequenceNumbers(numbers)}
			_ = m.pc.WriteRTCP([]rtcp.Packet{nack})
		}
	}
}

// continuous checks that every line is one stream without gaps.
func (m *marked) continuous() {
	m.t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for mid, box := range m.got {
		packets := box.all()
		seen := map[uint16]bool{}
		for _, p := range packets {
			if p.SSRC != packets[0].SSRC {
				m.t.Errorf("%s: the SSRC of line %s changed", m.id, mid)
			}
			seen[p.SequenceNumber] = true
		}
		for n := 1; n < len(packets); n++ {
			if before := packets[n].SequenceNumber - 1; !seen[before] {
				m.t.Errorf("%s: line %s has a hole at %d, between %s, packet %d of %d", m.id, mid, before, marks(packets[max(0, n-3):min(n+3, len(packets))]), n, len(packets))
			}
			if int32(packets[n].Timestamp-packets[n-1].Timestamp) < 0 && packets[n].SequenceNumber == packets[n-1].SequenceNumber+1 {
				m.t.Errorf("%s: line %s goes back in time", m.id, mid)
			}
		}
	}
}

// marks are who sent packets, in which phases, and how they are numbered.
func marks(packets []*rtp.Packet) string {
	var b strings.Builder
	for _, p := range packets {
		mark := p.Payload[max(0, len(p.Payload)-2):]
		fmt.Fprintf(&b, " %d@%d:%q", p.SequenceNumber, p.Timestamp, mark)
	}
	return b.String()
}

// rest has somebody send nothing, until nothing of theirs is on its way.
func (m *marked) rest() {
	m.t.Helper()
	m.quiet.Store(true)
	last := uint64(0)
	until(m.t, "nothing of "+m.id+"'s to be on its way", func() bool {
		before := last
		<-time.NewTimer(3 * frame).C
		last = m.peer.Stats().PacketsIn
		return before == last
	})
}

// each calls a function for every two people of two groups, both ways.
func each(one, other []*marked, do func(a, b *marked)) {
	for _, a := range one {
		for _, b := range other {
			if a != b {
				do(a, b)
				do(b, a)
			}
		}
	}
}

func TestGroupsDoNotMix(t *testing.T) {
	for _, pion := range []bool{false, true} {
		t.Run(fmt.Sprintf("pion %v", pion), func(t *testing.T) { groupsDoNotMix(t, pion) })
	}
}

func groupsDoNotMix(t *testing.T, pion bool) {
	s := server(t, func(c *sfu.Config) { c.Pion = c.Pion || pion })
	ana, bob, cyd, dan := newMarked(t, s, "ana", 3), newMarked(t, s, "bob", 3), newMarked(t, s, "cyd", 3), newMarked(t, s, "dan", 3)
	all := []*marked{ana, bob, cyd, dan}
	for _, m := range all {
		defer m.end()
	}
	each(all, all, func(a, b *marked) { a.meets(b, 0) })

	move(1, map[*marked]string{ana: "1", bob: "1", cyd: "2", dan: "2"})
	for _, m := range all {
		m.beg() // what came of those who are elsewhere now must not come again
	}
	ana.meets(bob, 1)
	bob.meets(ana, 1)
	cyd.meets(dan, 1)
	dan.meets(cyd, 1)
	each([]*marked{ana, bob}, []*marked{cyd, dan}, func(a, b *marked) { a.misses(b, 1) })

	// What somebody sent before they come is cached, and not for those they come to.
	ana.rest()
	move(2, map[*marked]string{ana: "2"})
	ana.quiet.Store(false)
	cyd.meets(ana, 2)
	dan.meets(ana, 2)
	ana.rest()
	move(3, map[*marked]string{ana: "1"})
	ana.quiet.Store(false)
	bob.meets(ana, 3)
	cyd.misses(ana, 1)
	dan.misses(ana, 1)
	bob.misses(ana, 2)

	move(4, map[*marked]string{ana: "", bob: "", cyd: "", dan: ""})
	each(all, all, func(a, b *marked) { a.meets(b, 4) })
	for _, m := range all {
		m.continuous()
		if failure := m.heard.failure(); failure != "" {
			t.Error(failure)
		}
	}
}

// TestWhoMovesIsUnseatedFirst begins a move between the two steps of another's:
// who is let in without having been unseated keeps what they saw of those they left.
func TestWhoMovesIsUnseatedFirst(t *testing.T) {
	m := newMarked(t, server(t, func(*sfu.Config) {}), "ana", 1)
	defer m.end()
	early, late := m.peer.MoveBetween("1")
	if early || !late {
		t.Errorf("arrived before they were unseated: %v, and after: %v", early, late)
	}
}

// TestGroupsHaveTheirOwnSeats moves many people at once, over and over.
func TestGroupsHaveTheirOwnSeats(t *testing.T) {
	s := server(t)
	var people []*insider
	for i := range 8 {
		people = append(people, newInsider(t, s, "room", fmt.Sprint(i)))
	}
	var moving sync.WaitGroup
	for i, p := range people {
		moving.Go(func() {
			for n := range 40 {
				p.peer.Move(fmt.Sprint((i*7 + n*n) % 4))
			}
			p.peer.Move(fmt.Sprint(i % 3))
		})
	}
	moving.Wait()
	if err := people[7].peer.Close(); err != nil {
		t.Error(err)
	}
	for i, p := range people[:7] {
		until(t, fmt.Sprintf("%d to sit with somebody of their group", i), func() bool {
			p.heard.mu.Lock()
			defer p.heard.mu.Unlock()
			return len(p.heard.seats) == 1 && slices.ContainsFunc([]int{0, 1, 2, 3, 4, 5, 6}, func(j int) bool {
				return j != i && j%3 == i%3 && p.heard.seats[0].Participant == fmt.Sprint(j)
			})
		})
	}
}

func TestGroupsHaveTheirOwnFloor(t *testing.T) {
	s := server(t)
	ana, bob, cyd := newInsider(t, s, "room", "ana"), newInsider(t, s, "room", "bob"), newInsider(t, s, "room", "cyd")
	sequence := uint16(0)
	speaks := func(who *insider) {
		for range 5 {
			who.speak(7, sequence, 20)
			sequence++
		}
	}
	floor := func(who *insider) string {
		who.heard.mu.Lock()
		defer who.heard.mu.Unlock()
		return who.heard.dominant
	}
	until(t, "ana to have the floor", func() bool { speaks(ana); return floor(bob) == "ana" && floor(cyd) == "ana" })
	cyd.peer.Move("elsewhere")
	until(t, "nobody to have the floor elsewhere", func() bool { speaks(ana); return floor(cyd) == "" && floor(bob) == "ana" })
	ana.peer.Move("elsewhere")
	until(t, "nobody to have it where ana was", func() bool { return floor(bob) == "" })
	until(t, "ana to have it elsewhere", func() bool { speaks(ana); return floor(cyd) == "ana" && floor(bob) == "" })
}

// TestMovesBeforeItEnters has somebody assigned elsewhere come in: those in the
// main room never see them.
func TestMovesBeforeItEnters(t *testing.T) {
	s := server(t)
	ana, bob := newInsider(t, s, "room", "ana"), newInsider(t, s, "room", "lurker bob")
	bob.peer.Move("elsewhere")
	bob.enter()
	cyd := newInsider(t, s, "room", "cyd")
	says(t, ana, "cyd", "there", func(sfu.Seat) bool { return true })
	if len(ana.heard.seatsOf("lurker bob"))+len(bob.heard.seatsOf("ana"))+len(bob.heard.seatsOf("cyd")) > 0 {
		t.Error("somebody who came elsewhere was seated in the main room, or the other way round")
	}
	bob.peer.Move("")
	cyd.peer.Move("elsewhere")
	says(t, ana, "lurker bob", "there", func(sfu.Seat) bool { return true })
}
