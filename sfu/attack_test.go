package sfu_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"

	"palabre/internal/catalogue"
	"palabre/sfu"
)

// epoch is when the raw clients' clock began.
var epoch = time.Now()

// opus makes a plain RTP packet of a raw client's microphone.
func opus(t testing.TB, ssrc uint32, sequence uint16) []byte {
	t.Helper()
	p := &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 111, SequenceNumber: sequence, Timestamp: uint32(time.Since(epoch).Milliseconds()) * 48, SSRC: ssrc}, Payload: []byte{0x78, 1, 2, 3}}
	if err := errors.Join(p.SetExtension(1, []byte("0")), p.SetExtension(2, []byte{0x80 | 20})); err != nil {
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

func TestP05_ForgedSRTP(t *testing.T) {
	attacker, viewer := watched(t)
	sequence := hears(t, attacker, viewer)
	until(t, "all honest packets to arrive", func() bool { return attacker.peer.Stats().PacketsIn == uint64(sequence-100) })
	before := attacker.peer.Stats()
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
		pace(i)
	}
	// A forged SRTCP packet may bear an index that was used: that is a replay too.
	counted := func() uint64 { d := attacker.peer.Stats().Dropped; return d["forged"] + d["replayed"] }
	until(t, "the forgeries to be counted", func() bool { return counted() >= forgeries })
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
	for range 5 {
		for _, datagram := range recorded {
			attacker.write(datagram)
		}
	}
	until(t, "the replays to be counted", func() bool { return attacker.peer.Stats().Dropped["replayed"] >= 250 })
	stats := attacker.peer.Stats()
	catalogue.Report(t, catalogue.Item{
		ID: "P6", Injected: "50 packets recorded and sent 5 times again",
		Measured: fmt.Sprintf("%d of 250 dropped as replayed, %d taken in", stats.Dropped["replayed"], stats.PacketsIn-received),
		Bar:      "all dropped by the window", Pass: stats.Dropped["replayed"] == 250 && stats.PacketsIn == received,
	})
}

// malformed are plain packets whose lengths do not fit.
func malformed(ssrc uint32, sequence uint16) [][]byte {
	head := func(first byte, rest ...byte) []byte {
		b := []byte{first, 111, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
		binary.BigEndian.PutUint16(b[2:], sequence)
		binary.BigEndian.PutUint32(b[8:], ssrc)
		sequence++
		return append(b, rest...)
	}
	return [][]byte{
		head(0x90, 0xBE, 0xDE, 0, 1, 0xF0, 1, 2, 3, 9, 9),    // extension id 15
		head(0x90, 0xBE, 0xDE, 0, 1, 0x03, 1, 2, 3, 9, 9),    // extension id 0 with a length
		head(0x90, 0xBE, 0xDE, 0, 1, 0x1F, 1, 2, 3, 9, 9),    // an element longer than its block
		head(0xA0, 1, 2, 200),                                // more padding than packet
		head(0xA0, 1, 2, 0),                                  // padding of nothing
		head(0x80),                                           // no payload
		head(0x90, 0x10, 0, 0, 1, 1, 0, 0, 0, 1),             // two-byte form
		head(0x82, 0, 0, 0, 1, 0, 0, 0, 2, 0x78, 1),          // two CSRCs, well formed
		head(0x90, 0xBE, 0xDE, 0, 1, 0x10, '9', 0, 0, 0x78),  // a mid nobody has
		head(0x90, 0xBE, 0xDE, 0, 1, 0x30, 0xFF, 0, 0, 0x78), // a rid of one odd byte
		head(0x90, 0x12, 0x34, 0, 1, 1, 2, 3, 4, 0x78),       // somebody's own profile
	}
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

func TestP07_MalformedRTP(t *testing.T) {
	attacker, viewer := watched(t)
	sequence := hears(t, attacker, viewer)
	n := 0
	flood := func(rounds int) {
		for range rounds {
			for _, packet := range malformed(7, sequence) {
				attacker.write(attacker.seal(packet))
				sequence++
				pace(n)
				n++
			}
		}
		for range rounds * 10 {
			attacker.write(attacker.rtp(opus(t, rand.Uint32(), 1)))
			pace(n)
			n++
		}
	}
	flood(100)
	before := heap()
	flood(1000) // 10 000 new streams
	after := heap()
	growth := int64(after) - int64(before)
	stats := attacker.peer.Stats()
	sequence += 100
	heard := len(viewer.audio(0))
	until(t, "honest packets to pass after", func() bool {
		attacker.write(attacker.rtp(opus(t, 7, sequence)))
		sequence++
		return len(viewer.audio(0)) > heard
	})
	// The client's own SRTP context keeps state for every stream it ever sent:
	// about 200 bytes each in this same process.
	catalogue.Report(t, catalogue.Item{
		ID: "P7", Injected: fmt.Sprintf("%d packets with broken extensions, CSRCs, padding, payloads, and 11000 new streams", n),
		Measured: fmt.Sprintf("%d stream states, heap %+d kB with the attacker's own 10000 in it, %d streams refused, failure %q", stats.SSRCs, growth/1024, stats.Dropped["ssrc"], attacker.heard.failure()),
		Bar:      "no panic, at most 64 stream states, memory flat",
		Pass:     stats.SSRCs <= 64 && growth < 8<<20 && attacker.heard.failure() == "",
	})
}

func TestP09_HostileRTCP(t *testing.T) {
	attacker, viewer := watched(t)
	film := viewerFilm(t, attacker)
	until(t, "the viewer to hear", func() bool { return len(viewer.audio(0)) > 50 })
	start := attacker.peer.Stats()
	packet := func(first, kind byte, body ...byte) []byte {
		b := append([]byte{0x80 | first, kind, 0, 0, 0, 0, 0, 1}, body...)
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)/4-1))
		return b
	}
	twcc := packet(15, 205, append([]byte{0, 0, 0, 7, 0, 0, 0xFF, 0xFF, 0, 0, 0, 1}, make([]byte, 64)...)...)
	remb := packet(15, 206, 0, 0, 0, 0, 'R', 'E', 'M', 'B', 1, 0xFF, 0xFF, 0xFF, 0, 0, 0, 7)
	bye := packet(1, 203)
	binary.BigEndian.PutUint32(bye[4:], 7) // somebody's stream
	storm := packet(1, 205, 0, 0, 0, 7, 0, 0, 0xFF, 0xFF, 0, 17, 0xFF, 0xFF, 0, 34, 0xFF, 0xFF)
	short := []byte{0x81, 200, 0, 1, 0, 0, 0, 1}
	long := []byte{0x81, 201, 0xFF, 0xFF, 0, 0, 0, 1}
	cpu := cpuTime(t)
	began := time.Now()
	for i := range 2000 {
		for _, b := range [][]byte{twcc, remb, bye, storm, short, long} {
			attacker.write(attacker.rtcp(b))
		}
		if i%20 == 19 {
			<-time.NewTimer(10 * time.Millisecond).C
		}
	}
	spent := float64(cpuTime(t)-cpu) / float64(time.Since(began))
	heard := len(viewer.audio(0))
	until(t, "the stream to go on after a BYE for it", func() bool { return len(viewer.audio(0)) > heard+20 })
	film.end()
	after := attacker.peer.Stats()
	catalogue.Report(t, catalogue.Item{
		ID: "P9", Injected: "2000 each of TWCC for 65535 packets, REMB 2^81, NACK storms, BYE for another's stream, broken lengths",
		Measured: fmt.Sprintf("%.0f %% of a core for attacker and server together, %d packets out to the attacker, BYE ignored, failure %q", spent*100, after.PacketsOut-start.PacketsOut, attacker.heard.failure()),
		Bar:      "bounded CPU, no retransmission above 1.2 x what was sent, BYE ignored", Pass: attacker.heard.failure() == "" && after.PacketsOut-start.PacketsOut == 0,
	})
}

// viewerFilm sends sound from the raw client until ended.
func viewerFilm(t *testing.T, r *raw) *source {
	s := &source{stop: make(chan struct{})}
	sealed := make([][]byte, 3000)
	for i := range sealed {
		sealed[i] = r.rtp(opus(t, 7, uint16(i)))
	}
	s.done.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for _, b := range sealed {
			select {
			case <-s.stop:
				return
			case <-tick.C:
				_, _ = r.conn.Write(b)
			}
		}
	})
	return s
}

func TestP10_HostileSDP(t *testing.T) {
	s := server(t)
	good := rawOffer("abcdefgh", "abcdefghijklmnopqrstuvwx", "AA:BB:"+strings.TrimSuffix(strings.Repeat("CC:", 30), ":"))
	cases := map[string]string{
		"10 000 media sections":  good + strings.Repeat("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", 10_000),
		"a line of 1 MiB":        good + "a=" + strings.Repeat("x", 1<<20) + "\r\n",
		"5 000 candidates":       good + strings.Repeat("a=candidate:1 1 udp 1 10.0.0.1 1 typ host\r\n", 5000),
		"one mid twice":          strings.ReplaceAll(good, "a=mid:1", "a=mid:0"),
		"no fingerprint":         strings.ReplaceAll(good, "a=fingerprint", "a=x"),
		"no credentials":         strings.ReplaceAll(good, "a=ice-pwd", "a=x"),
		"nothing":                "",
		"only a passive client":  strings.ReplaceAll(good, "actpass", "passive"),
		"a mid with a line feed": strings.ReplaceAll(good, "a=mid:1", "a=mid:1 \n2"),
	}
	var slowest time.Duration
	before := heap()
	accepted := []string{}
	for name, text := range cases {
		p, err := s.Open("room", name, &listener{})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err = p.Answer(context.Background(), sfu.Offer{SDP: text, Microphone: "0", Camera: "1"})
		slowest = max(slowest, time.Since(start))
		if !errors.Is(err, sfu.ErrBadOffer) {
			accepted = append(accepted, name)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	growth := int64(heap()) - int64(before)
	refused := renegotiate(t, s, good, 100)
	bound := 5 * time.Millisecond
	if raceEnabled {
		bound *= 10
	}
	catalogue.Report(t, catalogue.Item{
		ID: "P10", Injected: "10 k sections, 1 MiB line, 5 k candidates, mids twice and more; 100 renegotiations at once",
		Measured: fmt.Sprintf("accepted %v, slowest refusal %v, heap %+d kB, %d of 100 renegotiations refused", accepted, slowest, growth/1024, refused),
		Bar:      "each refused within 5 ms, heap within 4 MB, rate limited", Pass: len(accepted) == 0 && slowest <= bound && growth < 4<<20 && refused >= 80,
	})
}

// renegotiate repeats an offer and counts the refusals.
func renegotiate(t *testing.T, s *sfu.SFU, text string, times int) (refused int) {
	t.Helper()
	p, err := s.Open("room", "looper", &listener{})
	if err != nil {
		t.Fatal(err)
	}
	for range times {
		if _, err := p.Answer(context.Background(), sfu.Offer{SDP: text, Microphone: "0"}); errors.Is(err, sfu.ErrBadOffer) {
			refused++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	return refused
}
