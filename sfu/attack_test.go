package sfu_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/pion/rtp"

	"palabre/internal/catalogue"
)

// epoch is when the raw clients' clock began.
var epoch = time.Now()

// opus makes a plain RTP packet of a raw client's microphone.
func opus(t testing.TB, ssrc uint32, sequence uint16) []byte {
	t.Helper()
	return loud(t, ssrc, sequence, 20)
}

// loud is opus at a level below full scale; 127 is silence.
func loud(t testing.TB, ssrc uint32, sequence uint16, level byte) []byte {
	t.Helper()
	p := &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 111, SequenceNumber: sequence, Timestamp: uint32(time.Since(epoch).Milliseconds()) * 48, SSRC: ssrc}, Payload: []byte{0x78, 1, 2, 3}}
	if err := errors.Join(p.SetExtension(1, []byte("0")), p.SetExtension(2, []byte{0x80 | level})); err != nil {
		t.Fatal(err)
	}
	b, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// watched is a room with a raw publisher and a viewer that sees it.
func watched(t *testing.T) (*raw, *client) {
	t.Helper()
	s := server(t)
	viewer := join(t, s, "room", "viewer", shape{seats: 1, stages: 1})
	attacker := newRaw(t, s, "room", "attacker")
	until(t, "the viewer to be seated", func() bool { _, ok := viewer.heard.seat("attacker"); return ok })
	return attacker, viewer
}

// hears sends sound until the viewer hears it, and gives the next sequence number.
func hears(t *testing.T, attacker *raw, viewer *client) uint16 {
	t.Helper()
	sequence := uint16(100)
	until(t, "the viewer to hear", func() bool {
		attacker.write(attacker.rtp(opus(t, 7, sequence)))
		sequence++
		return len(viewer.audio(0)) > 0
	})
	return sequence
}

// burst is how many datagrams are sent before those are waited for: fewer than
// wait for one connection at most, also where a busy machine comes to read late.
const burst = 50

func TestP05_ForgedSRTP(t *testing.T) {
	attacker, viewer := watched(t)
	sequence := hears(t, attacker, viewer)
	until(t, "all honest packets to arrive", func() bool { return attacker.peer.Stats().PacketsIn == uint64(sequence-100) })
	before := attacker.peer.Stats()
	// A forged SRTCP packet may bear an index that was used: that is a replay too.
	counted := func() uint64 { d := attacker.peer.Stats().Dropped; return d["forged"] + d["replayed"] }
	const forgeries = 500
	for i := range forgeries {
		forged := append(opus(t, 7, sequence+uint16(i)), make([]byte, 16)...)
		if i%2 == 1 {
			forged = append([]byte{0x81, 201, 0, 7, 0, 0, 0, 7}, make([]byte, 40)...)
		}
		for j := len(forged) - 16; j < len(forged); j++ {
			forged[j] = byte(rand.Uint32())
		}
		attacker.write(forged)
		if sent := uint64(i) + 1; sent%burst == 0 {
			until(t, "the forgeries to be counted", func() bool { return counted() >= sent })
		}
	}
	after := attacker.peer.Stats()
	passed := after.PacketsIn - before.PacketsIn
	attacker.write(attacker.rtp(opus(t, 7, sequence)))
	got := len(viewer.audio(0))
	until(t, "an honest packet to pass", func() bool { return attacker.peer.Stats().PacketsIn > before.PacketsIn })
	catalogue.Report(t, catalogue.Item{
		ID: "P5", Injected: "500 SRTP and SRTCP packets with wrong tags on a live connection",
		Measured: fmt.Sprintf("%d forwarded, %d counted as forged or replayed, honest packets pass after (%d before)", passed, counted(), got),
		Bar:      "0 forwarded, counter rises", Pass: passed == 0 && counted() >= forgeries,
	})
}

func TestP06_ReplayedSRTP(t *testing.T) {
	attacker, viewer := watched(t)
	sequence := hears(t, attacker, viewer)
	var recorded [][]byte
	for i := range 50 {
		recorded = append(recorded, attacker.rtp(opus(t, 7, sequence+uint16(i))))
		attacker.write(recorded[i])
	}
	received := uint64(sequence-100) + 50
	until(t, "the packets to arrive once", func() bool { return attacker.peer.Stats().PacketsIn == received })
	for range 50 { // receiver reports of nothing
		recorded = append(recorded, attacker.rtcp(rtcpPacket(0, 201)))
		attacker.write(recorded[len(recorded)-1])
	}
	const replays = 5 * 100
	for sent := range uint64(replays) {
		attacker.write(recorded[sent%100])
		if (sent+1)%burst == 0 {
			until(t, "the replays to be counted", func() bool { return attacker.peer.Stats().Dropped["replayed"] > sent })
		}
	}
	stats := attacker.peer.Stats()
	catalogue.Report(t, catalogue.Item{
		ID: "P6", Injected: "50 SRTP and 50 SRTCP packets recorded and sent 5 times again",
		Measured: fmt.Sprintf("%d of %d dropped as replayed, %d packets taken in", stats.Dropped["replayed"], replays, stats.PacketsIn-received),
		Bar:      "all dropped by the window", Pass: stats.Dropped["replayed"] == replays && stats.PacketsIn == received,
	})
}

// pace keeps a flood from being faster than a socket buffer takes.
func pace(n int) {
	if n%200 == 199 {
		<-time.NewTimer(5 * time.Millisecond).C
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
