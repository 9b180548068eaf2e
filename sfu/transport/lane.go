package transport

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxDatagram is the largest datagram taken off the media port, in bytes.
	maxDatagram = 2048
	// laneDepth bounds the datagrams waiting for one agent: 40 ms of 60 Mbit/s.
	// What comes while it is full is lost, as it would be in a full socket.
	laneDepth = 256
	// leastDepth is how many a lane's queue begins with.
	leastDepth = 4
	// maxAddresses bounds the addresses one agent answers at once; beyond, the
	// one it learnt first is forgotten. A laptop with three interfaces has a dozen.
	maxAddresses = 32
)

// lane is the media port as one ICE agent sees it, for one address family.
// Reading is for one goroutine.
type lane struct {
	mux    *mux
	ufrag  string
	local  net.Addr
	wake   chan struct{}
	closed chan struct{}
	once   sync.Once
	// recent is the address written to last: mostly the next one too.
	recent    atomic.Pointer[netip.AddrPort]
	addresses []netip.AddrPort // under mux.mu

	mu sync.Mutex
	// source is where media comes from, run how many packets in a row have.
	source netip.AddrPort
	run    int
	way    *way // whose lane it is
	// queue is a ring that grows with what waits; most lanes never hold more
	// than a check or two.
	queue []*datagram
	first int
	count int
}

type datagram struct {
	data [maxDatagram]byte
	size int
	from netip.AddrPort
}

func newLane(m *mux, ufrag string, local net.Addr) *lane {
	return &lane{mux: m, ufrag: ufrag, local: local, wake: make(chan struct{}, 1), closed: make(chan struct{})}
}

// A run of movedAt packets from one address is worth a look at where packets
// are sent to, and so is every movedEvery after that.
const movedAt, movedEvery = 3, 64

// media takes what is no STUN: past the agent where media may go there.
func (l *lane) media(b []byte, from netip.AddrPort, at time.Time) {
	l.mu.Lock()
	if l.source != from {
		l.source, l.run = from, 0
	}
	l.run++
	way := l.way
	look := l.run%movedEvery == movedAt
	l.mu.Unlock()
	if way != nil && l.mux.fast != nil {
		way.arrived(b, from, at)
	} else {
		l.put(b, from)
	}
	if look && way != nil {
		way.moved(from)
	}
}

// check takes what is STUN.
func (l *lane) check(b []byte, from netip.AddrPort) {
	l.mu.Lock()
	way := l.way
	l.mu.Unlock()
	if way == nil || !way.agent.take(b, from) {
		l.put(b, from)
	}
}

// serve says whose the lane is.
func (l *lane) serve(w *way) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.way = w
}

// put queues a copy of a datagram; it never blocks.
func (l *lane) put(b []byte, from netip.AddrPort) {
	l.mu.Lock()
	if l.count == laneDepth || len(b) > maxDatagram {
		l.mu.Unlock()
		return
	}
	d := l.mux.datagram()
	d.size, d.from = copy(d.data[:], b), from
	if l.count == len(l.queue) {
		l.grow()
	}
	l.queue[(l.first+l.count)%len(l.queue)] = d
	l.count++
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// grow makes room in the queue; l.mu is held.
func (l *lane) grow() {
	queue := make([]*datagram, min(max(leastDepth, 2*len(l.queue)), laneDepth))
	for i := range l.count {
		queue[i] = l.queue[(l.first+i)%len(l.queue)]
	}
	l.queue, l.first = queue, 0
}

// ReadFromAddrPort implements [ice.AddrPortReaderWriter].
func (l *lane) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		l.mu.Lock()
		if l.count > 0 {
			d := l.queue[l.first]
			l.queue[l.first] = nil
			l.first = (l.first + 1) % len(l.queue)
			l.count--
			l.mu.Unlock()
			n, from, whole := copy(b, d.data[:d.size]), d.from, d.size <= len(b)
			l.mux.spare.Put(d)
			if !whole {
				continue // larger than any packet we take
			}
			return n, from, nil
		}
		l.mu.Unlock()
		select {
		case <-l.wake:
		case <-l.closed:
			return 0, netip.AddrPort{}, io.EOF
		}
	}
}

// WriteToAddrPort implements [ice.AddrPortReaderWriter]. An agent writes to
// nobody it has not authenticated, so that what it writes to becomes its own.
func (l *lane) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	select {
	case <-l.closed:
		return 0, io.ErrClosedPipe
	default:
	}
	if recent := l.recent.Load(); recent == nil || *recent != to {
		to := canonical(to)
		l.mux.own(l, to)
		l.recent.Store(&to)
	}
	return l.mux.send(b, to)
}

// ReadFrom implements [net.PacketConn].
func (l *lane) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := l.ReadFromAddrPort(b)
	if err != nil {
		return 0, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// WriteTo implements [net.PacketConn].
func (l *lane) WriteTo(b []byte, to net.Addr) (int, error) {
	addr, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, net.InvalidAddrError("not a UDP address")
	}
	return l.WriteToAddrPort(b, addr.AddrPort())
}

// Close implements [net.PacketConn].
func (l *lane) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.mux.remove(l)
	})
	return nil
}

// LocalAddr implements [net.PacketConn].
func (l *lane) LocalAddr() net.Addr { return l.local }

// SetDeadline implements [net.PacketConn]; Close ends a read, and writing does not block.
func (l *lane) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements [net.PacketConn].
func (l *lane) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements [net.PacketConn].
func (l *lane) SetWriteDeadline(time.Time) error { return nil }
