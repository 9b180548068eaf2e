package transport

import (
	"errors"
	"net/netip"
	"sync/atomic"
	"time"
)

// ErrNoRelay says that every relayed address is taken.
var ErrNoRelay = errors.New("every relayed address is taken")

// relayed4 and relayed6 are the addresses relayed datagrams come from: the
// dummy address (RFC 7600) and one of the discard prefix (RFC 6666). They are
// on no network, so that they are nobody else's, and what is sent there by
// mistake goes nowhere.
func relayed4() netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 0, 8}) }
func relayed6() netip.Addr { return netip.AddrFrom16([16]byte{0: 1, 15: 8}) }

func isRelayed(a netip.Addr) bool { return a == relayed4() || a == relayed6() }

// firstRelayPort is where relayed ports begin; below are those with a meaning.
const firstRelayPort = 1024

// Relay is a way into the media port that is no socket: what a TURN server
// relays goes from one to the other inside the process, so that it can reach
// nothing else. It is safe for concurrent use.
type Relay struct {
	mux    *mux
	addr   netip.AddrPort
	to     func(datagram []byte)
	closed atomic.Bool
	// stream: the client comes over TCP. left is told when no agent talks to it any
	// more; it must not block. Both are set before the first datagram.
	stream bool
	left   func()
}

// Relay opens a way in for a relayed client of an address family. What media
// sends there is handed to deliver, which must neither block nor keep it.
func (h *Host) Relay(v6 bool, deliver func(datagram []byte)) (*Relay, error) {
	return h.udp.relay(v6, deliver)
}

func (m *mux) relay(v6 bool, deliver func(datagram []byte)) (*Relay, error) {
	addr := relayed4()
	if v6 {
		addr = relayed6()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrClosed
	}
	for range 1<<16 - firstRelayPort {
		m.last = max(m.last+1, firstRelayPort)
		at := netip.AddrPortFrom(addr, m.last)
		if m.relays[at] == nil {
			r := &Relay{mux: m, addr: at, to: deliver}
			m.relays[at] = r
			return r, nil
		}
	}
	return nil, ErrNoRelay
}

// Addr is the relayed transport address (RFC 8656 section 2).
func (r *Relay) Addr() netip.AddrPort { return r.addr }

// Send passes a datagram on to the media port.
func (r *Relay) Send(datagram []byte) {
	if !r.closed.Load() && len(datagram) <= maxDatagram {
		r.mux.take(datagram, r.addr, time.Now())
	}
}

func (r *Relay) deliver(datagram []byte) {
	if !r.closed.Load() {
		r.to(datagram)
	}
}

// Close gives the address back.
func (r *Relay) Close() error {
	if r.closed.CompareAndSwap(false, true) {
		r.mux.mu.Lock()
		delete(r.mux.relays, r.addr)
		r.mux.mu.Unlock()
	}
	return nil
}
