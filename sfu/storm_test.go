package sfu_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"runtime"
	"testing"
	"time"

	"palabre/internal/catalogue"
	"palabre/sfu"
)

// rtcpPacket makes one RTCP packet with a true length.
func rtcpPacket(count, kind byte, body ...byte) []byte {
	b := append([]byte{0x80 | count, kind, 0, 0, 0, 0, 0, 1}, body...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)/4-1))
	return b
}

// nackAll asks again for the 17 * pairs numbers up to latest of a stream.
func nackAll(media uint32, latest uint16, pairs int) []byte {
	body := binary.BigEndian.AppendUint32(nil, media)
	for i := range pairs {
		body = binary.BigEndian.AppendUint16(body, latest-uint16(17*(i+1))+1)
		body = append(body, 0xFF, 0xFF)
	}
	return rtcpPacket(1, 205, body...)
}

// lies are the other packets of the attack.
func lies(own, others uint32) [][]byte {
	bye := func(ssrc uint32) []byte {
		b := rtcpPacket(1, 203)
		binary.BigEndian.PutUint32(b[4:], ssrc)
		return b
	}
	return [][]byte{
		rtcpPacket(15, 205, append([]byte{0, 0, 0, 7, 0, 0, 0xFF, 0xFF, 0, 0, 0, 1}, make([]byte, 64)...)...), // TWCC for 65535 packets
		rtcpPacket(15, 206, 0, 0, 0, 0, 'R', 'E', 'M', 'B', 1, 46<<2|2, 0, 0, 0, 0, 0, 7),                     // REMB of 2^63
		bye(own), bye(others),
		{0x81, 200, 0, 1, 0, 0, 0, 1}, {0x81, 201, 0xFF, 0xFF, 0, 0, 0, 1}, // too short, too long
	}
}

// spent is what a second of something costs: bytes that came to the viewer,
// and CPU of this process in shares of one core.
type spent struct{ bytes, cpu float64 }

// during runs do every millisecond for d and measures.
func (r *raw) during(d time.Duration, do func(n int)) spent {
	r.t.Helper()
	bytes, cpu, start := r.bytes(), cpuTime(r.t), time.Now()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for n := 0; time.Since(start) < d; n++ {
		<-tick.C
		do(n)
	}
	took := time.Since(start).Seconds()
	return spent{float64(r.bytes()-bytes) / took, (cpuTime(r.t) - cpu).Seconds() / took}
}

func TestP09_HostileRTCP(t *testing.T) {
	s := server(t)
	publisher := join(t, s, "room", "publisher", shape{microphone: true, camera: true, burst: 4})
	honest := join(t, s, "room", "honest", shape{seats: 2, burst: 1})
	stream := publisher.film(publisher.camera, 50, 600)
	defer stream.end()
	attacker := newRaw(t, s, "room", "attacker")
	attacker.peer.SetLayout(sfu.Layout{Mode: sfu.LayoutTiles, Tiles: []sfu.Tile{{Participant: "publisher", Source: sfu.Camera, Width: 640, Height: 360}}})
	until(t, "the attacker to see", func() bool { return attacker.received(attacker.video).packets > 100 })
	seat, _ := honest.heard.seat("publisher")
	until(t, "the honest viewer to see", func() bool { return len(honest.video(seat.Index)) > 100 })

	const perTick = 10 // 10 000 NACK packets a second, for a thousand packets each
	others := publisher.mids.camera.Sender().GetParameters().Encodings[0].SSRC
	calm := attacker.during(2*time.Second, func(int) {})
	plain, all := attacker.received(attacker.video).bytes, attacker.bytes()
	sent := 0
	storm := attacker.during(4*time.Second, func(int) {
		nack := nackAll(attacker.video, attacker.received(attacker.video).latest, 60)
		for range perTick {
			attacker.write(attacker.rtcp(nack))
		}
		for _, lie := range lies(attacker.video, uint32(others)) {
			attacker.write(attacker.rtcp(lie))
			sent++
		}
		sent += perTick
	})
	// Against what had to be sent anyway in that time: a busy machine's publisher is uneven.
	plain, all = attacker.received(attacker.video).bytes-plain, attacker.bytes()-all
	ignored := sfu.Dropped(s, "policer")
	nowhere := deaf(t)
	own := attacker.during(2*time.Second, func(int) { // what the attacker itself costs
		nack := nackAll(attacker.video, 0, 60)
		for range perTick + 6 {
			_, _ = nowhere.Write(attacker.rtcp(nack))
		}
	})
	repaired := attacker.received(attacker.repair)
	before := attacker.received(attacker.video).packets
	until(t, "the stream to go on after a BYE for it", func() bool { return attacker.received(attacker.video).packets > before+100 })
	lost, _ := holes(honest.video(seat.Index))
	bound := 0.05 * float64(runtime.NumCPU()) // 5 % of the machine
	if raceEnabled {
		bound *= 10
	}
	ratio, server := float64(all)/float64(plain), storm.cpu-own.cpu
	catalogue.Report(t, catalogue.Item{
		ID: "P9", Injected: "10000 NACK packets a second for 1020 packets each, and 1000 a second each of TWCC for 65535 packets, REMB 2^63, BYE for its own seat and another's stream, broken lengths",
		Measured: fmt.Sprintf("%.2f x the bytes out (%.0f kB/s without, %d repairs in all), server's CPU %.1f %% of a core (%.1f %% without the storm), %d of %d packets of the storm not looked at, BYE ignored, %d packets lost to another viewer, failure %q",
			ratio, calm.bytes/1000, repaired.packets, server*100, calm.cpu*100, ignored, sent, lost, attacker.heard.failure()),
		Bar:  fmt.Sprintf("at most 1.2 x the bytes, most of the storm not even looked at, BYE ignored, others unharmed, CPU %+.0f %% of a core%s", bound*100, raceNote),
		Pass: ratio <= 1.2 && repaired.packets > 0 && lost == 0 && ignored > uint64(sent)/6 && attacker.heard.failure() == "" && server-calm.cpu <= bound,
	})
}

// deaf is a socket to one that nobody reads.
func deaf(t *testing.T) net.Conn {
	t.Helper()
	hole, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("udp4", hole.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(); _ = hole.Close() })
	return c
}
