package transport

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"palabre/sfu/udp"
)

// mux shares the one UDP socket among the ICE agents; it is an [ice.UDPMux].
//
// Connectivity checks go to the agent whose ufrag they name, from whatever
// address they come: a client that restarts ICE on the socket it has, or whose
// NAT gave it another address, reaches the right agent. Everything else goes
// by its source address, which an agent makes its own by answering it, and so
// only after a check with the right password. It never answers a stranger.
type mux struct {
	socket net.PacketConn
	udp    *net.UDPConn // socket, where it is one: no allocation per packet
	// fast is set where the sockets are read by [Port]s, and media goes past the agents.
	fast  *udp.Socket
	shown []net.Addr
	log   *slog.Logger
	// stray gets what is no STUN and comes from an address nobody owns.
	stray func(datagram []byte, from netip.AddrPort, at time.Time)
	done  chan struct{}
	// spare are datagrams nobody waits for, of all lanes.
	spare sync.Pool

	mu     sync.RWMutex
	closed bool
	v4, v6 map[string]*lane
	// owners are the lanes that own an address, the latest first.
	owners map[netip.AddrPort][]*lane
	relays map[netip.AddrPort]*Relay
	last   uint16 // the port of the relay made last
}

// newMux reads the socket, unless fast, which is the same one, is given: then others do.
func newMux(socket net.PacketConn, fast *udp.Socket, shown []net.Addr, stray func([]byte, netip.AddrPort, time.Time), log *slog.Logger) *mux {
	m := &mux{
		fast:   fast,
		socket: socket, shown: shown, stray: stray, log: log, done: make(chan struct{}),
		v4: map[string]*lane{}, v6: map[string]*lane{}, owners: map[netip.AddrPort][]*lane{}, relays: map[netip.AddrPort]*Relay{},
	}
	m.udp, _ = socket.(*net.UDPConn)
	if fast != nil {
		close(m.done)
	} else {
		go m.receive()
	}
	return m
}

// datagram gives an empty one.
func (m *mux) datagram() *datagram {
	if d, ok := m.spare.Get().(*datagram); ok {
		return d
	}
	return &datagram{}
}

// receive reads the socket until it is closed.
func (m *mux) receive() {
	defer close(m.done)
	buffer := make([]byte, maxDatagram)
	for {
		n, from, err := m.readFrom(buffer)
		switch {
		case err == nil:
			m.take(buffer[:n], from, time.Now())
		case errors.Is(err, net.ErrClosed), errors.Is(err, io.EOF):
			return
		case !errors.Is(err, os.ErrDeadlineExceeded):
			// An ICMP error of some client's host, for example: not the end of the others.
			m.log.Debug("could not read the media port", "error", err)
		}
	}
}

func (m *mux) readFrom(b []byte) (int, netip.AddrPort, error) {
	if m.udp != nil {
		n, from, err := m.udp.ReadFromUDPAddrPort(b)
		return n, canonical(from), err
	}
	n, from, err := m.socket.ReadFrom(b)
	if err != nil {
		return 0, netip.AddrPort{}, err
	}
	addr, ok := from.(*net.UDPAddr)
	if !ok {
		return 0, netip.AddrPort{}, nil
	}
	return n, canonical(addr.AddrPort()), nil
}

// canonical writes an IPv4 address as one, also where the socket is an IPv6 one.
func canonical(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// take gives a datagram to whom it is for.
func (m *mux) take(b []byte, from netip.AddrPort, at time.Time) {
	if isSTUN(b) {
		m.takeSTUN(b, from)
		return
	}
	m.mu.RLock()
	var owner *lane
	if owners := m.owners[from]; len(owners) > 0 {
		owner = owners[0]
	}
	m.mu.RUnlock()
	if owner == nil {
		m.stray(b, from, at)
		return
	}
	owner.media(b, from, at)
}

func (m *mux) takeSTUN(b []byte, from netip.AddrPort) {
	if isRequest(b) {
		if ufrag, ok := localUfrag(b); ok {
			m.mu.RLock()
			l := m.side(from.Addr())[string(ufrag)]
			m.mu.RUnlock()
			if l != nil {
				l.check(b, from)
			}
		}
		return
	}
	// An answer names nobody: whoever asked knows it by its transaction.
	m.mu.RLock()
	owners := m.owners[from] // is replaced, never written to
	m.mu.RUnlock()
	for _, l := range owners {
		l.check(b, from)
	}
}

func (m *mux) side(a netip.Addr) map[string]*lane {
	if a.Is4() {
		return m.v4
	}
	return m.v6
}

// lane gives the lane of an agent for an address family.
func (m *mux) lane(ufrag string, a netip.Addr) *lane {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.side(a)[ufrag]
}

// GetConn implements [ice.UDPMux].
func (m *mux) GetConn(ufrag string, addr net.Addr) (net.PacketConn, error) {
	local, ok := addr.(*net.UDPAddr)
	if !ok {
		return nil, errors.New("the media port is a UDP port")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, net.ErrClosed
	}
	side := m.side(canonical(local.AddrPort()).Addr())
	l := side[ufrag]
	if l == nil {
		l = newLane(m, ufrag, local)
		side[ufrag] = l
	}
	return l, nil
}

// RemoveConnByUfrag implements [ice.UDPMux].
func (m *mux) RemoveConnByUfrag(ufrag string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, side := range []map[string]*lane{m.v4, m.v6} {
		if l := side[ufrag]; l != nil {
			m.forget(l)
		}
	}
}

// remove takes a lane off the map; it may have been replaced by another of its name.
func (m *mux) remove(l *lane) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(l)
}

func (m *mux) forget(l *lane) {
	for _, side := range []map[string]*lane{m.v4, m.v6} {
		if side[l.ufrag] == l {
			delete(side, l.ufrag)
		}
	}
	for _, a := range l.addresses {
		m.disown(l, a)
	}
	l.addresses = nil
}

// own makes an address one of a lane's: what comes from there is for it.
func (m *mux) own(l *lane, a netip.AddrPort) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.Contains(l.addresses, a) || m.closed {
		return
	}
	if len(l.addresses) >= maxAddresses {
		m.disown(l, l.addresses[0])
		l.addresses = slices.Delete(l.addresses, 0, 1)
	}
	l.addresses = append(l.addresses, a)
	m.owners[a] = append([]*lane{l}, m.owners[a]...)
}

func (m *mux) disown(l *lane, a netip.AddrPort) {
	left := slices.DeleteFunc(slices.Clone(m.owners[a]), func(other *lane) bool { return other == l })
	if len(left) == 0 {
		delete(m.owners, a)
		if r := m.relays[a]; r != nil && r.left != nil {
			r.left()
		}
		return
	}
	m.owners[a] = left
}

// send puts a datagram on the wire, or hands it to the relay of that address.
func (m *mux) send(b []byte, to netip.AddrPort) (int, error) {
	if isRelayed(to.Addr()) {
		m.mu.RLock()
		r := m.relays[to]
		m.mu.RUnlock()
		if r != nil {
			r.deliver(b)
		}
		return len(b), nil // to nobody, where the relay is gone: such an address is on no network
	}
	switch {
	case m.fast != nil:
		return len(b), m.fast.Send(b, to)
	case m.udp != nil:
		return m.udp.WriteToUDPAddrPort(b, to)
	}
	return m.socket.WriteTo(b, net.UDPAddrFromAddrPort(to))
}

// GetListenAddresses implements [ice.UDPMux].
func (m *mux) GetListenAddresses() []net.Addr { return m.shown }

// Close implements [ice.UDPMux]. It closes the socket and waits for its reader.
func (m *mux) Close() error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	err := m.socket.Close()
	<-m.done
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
