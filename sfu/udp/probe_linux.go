//go:build amd64 || arm64

package udp

import (
	"bytes"
	"fmt"
	"net/netip"
	"time"
)

// probeTime bounds a probe. Loopback takes microseconds; the rest is for a busy machine.
const probeTime = 50 * time.Millisecond

// Probe sends a run of datagrams to itself over loopback and says whether it
// may leave as one message (segments) and arrive as one (coalesce). It takes
// at most 50 ms. A network card may still refuse what loopback takes; then the
// outbox finds out route by route.
func Probe() (segments, coalesce bool, err error) {
	if err := Supported(); err != nil {
		return false, false, err
	}
	sockets, err := Listen(netip.MustParseAddrPort("127.0.0.1:0"), 1)
	if err != nil {
		return false, false, err
	}
	defer func() {
		if closing := sockets[0].Close(); err == nil && closing != nil {
			err = fmt.Errorf("udp: close the probe's socket: %w", closing)
		}
	}()
	return probe(sockets[0])
}

func probe(s *Socket) (segments, coalesce bool, err error) {
	var counters Counters
	var route Route
	route.Set(s.conn.LocalAddr().(interface{ AddrPort() netip.AddrPort }).AddrPort())
	out := NewOutbox(s, Options{Segments: true, Counters: &counters})
	sizes := []int{1200, 1200, 700}
	for i, size := range sizes {
		out.Add(&route, bytes.Repeat([]byte{byte(i + 1)}, size))
	}
	out.Flush()
	in := NewInbox(len(sizes))
	until := time.Now().Add(probeTime)
	got, messages := 0, 0
	for got < len(sizes) {
		if err := s.Receive(in, until); err != nil {
			return false, false, err
		}
		if in.Len() == 0 {
			return false, false, fmt.Errorf("udp: probe: %d of %d datagrams came back over loopback", got, len(sizes))
		}
		messages += in.Len()
		in.Each(time.Now(), func(datagram []byte, _ netip.AddrPort, _ time.Time) {
			if got >= len(sizes) || len(datagram) != sizes[got] || datagram[0] != byte(got+1) {
				err = fmt.Errorf("udp: probe: datagram %d came back changed", got+1)
			}
			got++
		})
		if err != nil {
			return false, false, err
		}
	}
	return counters.Segmented.Load() == uint64(len(sizes)), messages < len(sizes), nil
}
