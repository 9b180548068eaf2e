package sfu_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"

	"palabre/internal/catalogue"
	"palabre/sfu"
)

// broken is a plain packet whose lengths or ids do not fit.
type broken struct {
	name    string
	packet  []byte
	refused bool // by the parser; the others it reads up to the trap
}

// malformed are the packets parsers are known to fall over.
func malformed(ssrc uint32, sequence uint16) []broken {
	head := func(first byte, rest ...byte) []byte {
		b := []byte{first, 111, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
		binary.BigEndian.PutUint16(b[2:], sequence)
		binary.BigEndian.PutUint32(b[8:], ssrc)
		sequence++
		return append(b, rest...)
	}
	return []broken{
		{"extension id 15", head(0x90, 0xBE, 0xDE, 0, 1, 0xF0, 1, 2, 3, 9, 9), false},
		{"extension id 0 with a length", head(0x90, 0xBE, 0xDE, 0, 1, 0x03, 1, 2, 3, 9, 9), false},
		{"an element longer than its block", head(0x90, 0xBE, 0xDE, 0, 1, 0x1F, 1, 2, 3, 9, 9), true},
		{"a two-byte element longer than its block", head(0x90, 0x10, 0, 0, 1, 1, 200, 0, 0, 1), true},
		{"a block longer than the packet", head(0x90, 0xBE, 0xDE, 0, 99, 0x10, '0', 0, 0), true},
		{"a block of 65535 words", head(0x90, 0xBE, 0xDE, 0xFF, 0xFF), true},
		{"half a block", head(0x90, 0xBE), true},
		{"more CSRCs than packet", head(0x8F, 0, 0, 0, 1), true},
		{"more padding than packet", head(0xA0, 1, 2, 200), true},
		{"padding of nothing", head(0xA0, 1, 2, 0), true},
		{"padding without payload", head(0xA0), true},
		{"version 1", head(0x40, 1, 2), true},
		{"shorter than a header", head(0x80)[:11], true},
		{"no payload", head(0x80), false},
		{"only padding", head(0xA0, 0, 0, 3), false},
		{"two-byte form", head(0x90, 0x10, 0, 0, 1, 1, 0, 0, 0, 1), false},
		{"two CSRCs, well formed", head(0x82, 0, 0, 0, 1, 0, 0, 0, 2, 0x78, 1), false},
		{"a mid nobody has", head(0x90, 0xBE, 0xDE, 0, 1, 0x10, '9', 0, 0, 0x78), false},
		{"a rid of one odd byte", head(0x90, 0xBE, 0xDE, 0, 1, 0x30, 0xFF, 0, 0, 0x78), false},
		{"somebody's own profile", head(0x90, 0x12, 0x34, 0, 1, 1, 2, 3, 4, 0x78), false},
	}
}

// film is a stream of VP8 pictures, a packet each, for raw senders.
type film struct {
	mid, rid string
	ssrc     uint32
	sequence uint16
	picture  uint16
	every    int // a key frame every so many
	size     int
}

func (f *film) next(t testing.TB) []byte {
	t.Helper()
	b := marshal(t, f.mid, f.rid, &rtp.Packet{
		Header:  rtp.Header{Version: 2, PayloadType: 96, SequenceNumber: f.sequence, Timestamp: uint32(f.picture) * 1800, SSRC: f.ssrc, Marker: true},
		Payload: vp8(int(f.picture)%f.every == 0, true, f.picture, f.size),
	})
	f.sequence++
	f.picture = (f.picture + 1) & 0x7FFF
	return b
}

// insider is a peer without a connection whose decrypted packets a test puts
// in: nothing of the client's own is in the way of what it measures.
type insider struct {
	t         testing.TB
	peer      *sfu.Peer
	heard     *listener
	rtp, rtcp func([]byte, time.Time)
	at        time.Time
}

// newInsider lets everybody in but lurkers, who enter when told.
func newInsider(t testing.TB, s *sfu.SFU, room, id string) *insider {
	t.Helper()
	i := &insider{t: t, heard: &listener{}, at: time.Now()}
	var err error
	if i.peer, err = s.Open(room, id, i.heard); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.peer.Close(); err != nil {
			t.Error(err)
		}
	})
	const transport = "a=ice-ufrag:abcdefgh\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=fingerprint:sha-256 AA:BB\r\na=setup:actpass\r\n"
	if _, err := i.peer.Answer(context.Background(), sfu.Offer{
		SDP: rawOffer(transport), Microphone: "0", Camera: "1", Screen: "2", Seats: []sfu.Pair{{Audio: "3", Video: "4"}},
	}); err != nil {
		t.Fatal(err)
	}
	i.peer.SetSending(sfu.Sending{Microphone: true, Camera: true, Screen: true})
	i.rtp, i.rtcp = sfu.Door(i.peer)
	if !strings.HasPrefix(id, "lurker") {
		i.enter()
	}
	return i
}

func (i *insider) enter() {
	i.t.Helper()
	if err := i.peer.Enter(context.Background()); err != nil {
		i.t.Fatal(err)
	}
}

// put gives the server one packet, on a clock that keeps the policer content.
func (i *insider) put(packet []byte) {
	i.at = i.at.Add(time.Millisecond)
	i.rtp(packet, i.at)
}

// holes is how many numbers are missing in what came in, and whether its SSRC changed.
func holes(packets []*rtp.Packet) (missing int, same bool) {
	if len(packets) == 0 {
		return 0, true
	}
	have := map[uint16]bool{}
	first, last := packets[0].SequenceNumber, packets[0].SequenceNumber
	same = true
	for _, p := range packets {
		have[p.SequenceNumber] = true
		same = same && p.SSRC == packets[0].SSRC
		if int16(p.SequenceNumber-last) > 0 {
			last = p.SequenceNumber
		}
	}
	return int(last-first) + 1 - len(have), same
}

// TestP07_MalformedRTP sends broken packets twice: sealed with the right keys
// over the wire, and decrypted straight into the server, where no library
// stands before our parser.
func TestP07_MalformedRTP(t *testing.T) {
	s := server(t)
	viewer := join(t, s, "room", "viewer", shape{seats: 3, burst: 1})
	honest := join(t, s, "room", "honest", person(1))
	talk := honest.talk(20)
	defer talk.end()
	inside := newInsider(t, s, "room", "insider")
	attacker := newRaw(t, s, "room", "attacker")
	seat := map[string]int{}
	for _, id := range []string{"honest", "insider", "attacker"} {
		until(t, id+" to be seated", func() bool { place, ok := viewer.heard.seat(id); seat[id] = place.Index; return ok })
	}
	good := &film{mid: "1", rid: "q", ssrc: 9, every: 50, size: 20}
	until(t, "the insider's good stream to be seen", func() bool {
		inside.put(good.next(t))
		return len(viewer.video(seat["insider"])) > 0
	})
	until(t, "the honest voice to be heard", func() bool { return len(viewer.audio(seat["honest"])) > 0 })

	good.ssrc, good.sequence, good.picture = 10, 40_000, 0 // another SSRC in mid-stream
	count := len(viewer.video(seat["insider"]))
	until(t, "the stream to go on under another SSRC", func() bool {
		inside.put(good.next(t))
		return len(viewer.video(seat["insider"])) > count+5
	})

	const rounds = 500
	const maxGrowth = 2 << 20 // bytes of heap over one attack
	before, bad, shown := sfu.Dropped(s, "malformed"), 0, 0
	show := func() {
		inside.put(good.next(t))
		shown++
		<-time.NewTimer(time.Millisecond).C // no faster than a socket's buffer takes
	}
	attack := func(show func()) {
		for n := range rounds {
			for _, b := range malformed(7, uint16(n*20)) {
				inside.put(b.packet)
				if b.refused {
					bad++
				}
			}
			show()
		}
		for n := range 10_000 {
			inside.put(opus(t, uint32(1000+n), 1))
			if n%50 == 0 {
				show()
			}
		}
		until(t, "the attack to be over", func() bool { return sfu.Dropped(s, "malformed")-before >= uint64(bad) })
	}
	seen := len(viewer.video(seat["insider"]))
	attack(show)
	// What the viewer got stays in this process, so memory is measured without
	// pictures. A leak grows with every attack, what the process is busy with
	// beside it does not: the calmest of a few attacks counts.
	growth, attacks := int64(math.MaxInt64), 0
	for attacks < 4 && growth >= maxGrowth {
		memory := heap()
		attack(func() {})
		growth = min(growth, int64(heap())-int64(memory))
		attacks++
	}
	refused := sfu.Dropped(s, "malformed") - before
	states := inside.peer.Stats().SSRCs

	wire := overTheWire(t, attacker)
	until(t, "the good stream to have gone on", func() bool { return len(viewer.video(seat["insider"])) >= seen+shown })
	lost, same := holes(viewer.video(seat["insider"]))
	lostVoice, sameVoice := holes(viewer.audio(seat["honest"]))
	catalogue.Report(t, catalogue.Item{
		ID: "P7", Injected: fmt.Sprintf("%d kinds of broken RTP %d times, %d new streams, a stream that changes its SSRC; the same over the wire",
			len(malformed(0, 0)), (1+attacks)*rounds, (1+attacks)*10_000),
		Measured: fmt.Sprintf("%d panics, %d of %d refused by our parser, %d and %d stream states, heap %+d kB over an attack, %d good pictures and %d honest sounds lost",
			sfu.Panics(s), refused, bad, states, wire, growth/1024, lost, lostVoice),
		Bar:  "no panic, at most 64 stream states, memory flat (2 MB), nothing lost",
		Pass: sfu.Panics(s) == 0 && refused == uint64(bad) && states <= 64 && wire <= 64 && growth < maxGrowth && lost+lostVoice == 0 && same && sameVoice,
	})
}

// overTheWire has a connected client send the broken packets sealed, and many
// new streams; it gives how many streams the server remembers.
func overTheWire(t *testing.T, attacker *raw) int {
	t.Helper()
	for n := range 100 {
		for _, b := range malformed(7, uint16(n*20)) {
			attacker.write(attacker.rtp(b.packet))
		}
		pace(n * 20)
		<-time.NewTimer(time.Millisecond).C
	}
	ssrc := uint32(1000)
	until(t, "new streams to be refused", func() bool {
		for range 50 {
			attacker.write(attacker.rtp(opus(t, ssrc, 1)))
			ssrc++
		}
		return attacker.peer.Stats().Dropped["ssrc"] > 1500
	})
	before, sequence := attacker.peer.Stats().PacketsIn, uint16(2)
	until(t, "the attacker's own stream to pass still", func() bool {
		attacker.write(attacker.rtp(opus(t, 1000, sequence)))
		sequence++
		return attacker.peer.Stats().PacketsIn > before
	})
	return attacker.peer.Stats().SSRCs
}
