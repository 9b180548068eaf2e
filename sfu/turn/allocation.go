package turn

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"palabre/sfu/transport"
)

const (
	// maxQueue bounds the datagrams that wait to become Data indications: they
	// are for the few checks before a channel is bound.
	maxQueue = 16
	// maxPeers bounds the media addresses one allocation speaks to.
	maxPeers = 16
)

// allocation is the relayed transport address of one client: a way into the
// media port for each of the server's addresses the client speaks to, so that
// what comes back is known by where it was sent. For Pion's server it is the
// socket of the address; there is no real one.
type allocation struct {
	server *Server
	client *client
	v6     bool
	addr   *net.UDPAddr
	queue  chan indication
	closed chan struct{}
	once   sync.Once
	// peers is replaced as a whole, under mu: the way of a packet reads it without.
	mu    sync.Mutex
	spare *peer
	peers atomic.Pointer[[]*peer]
}

// peer is one of the server's media addresses, as a client speaks to it.
type peer struct {
	allocation *allocation
	addr       netip.AddrPort
	relay      *transport.Relay
	channel    atomic.Uint32 // 0 while none is bound
}

type indication struct {
	data []byte
	from netip.AddrPort
}

func newAllocation(s *Server, c *client, v6 bool) (*allocation, error) {
	a := &allocation{server: s, client: c, v6: v6, queue: make(chan indication, maxQueue), closed: make(chan struct{})}
	a.peers.Store(&[]*peer{})
	// The first way there is gives the allocation its address.
	first, err := a.open(netip.AddrPort{})
	if err != nil {
		return nil, err
	}
	a.spare, a.addr = first, net.UDPAddrFromAddrPort(first.relay.Addr())
	return a, nil
}

func (a *allocation) open(to netip.AddrPort) (*peer, error) {
	p := &peer{allocation: a, addr: to}
	var err error
	p.relay, err = a.server.config.Media.Relay(a.v6, p.down)
	return p, err
}

// peer finds the way to one of the server's addresses, or makes it. It gives
// nil for every other address: there is no way there.
func (a *allocation) peer(to netip.AddrPort) *peer {
	if p := a.find(func(p *peer) bool { return p.addr == to }); p != nil {
		return p
	}
	if !a.server.allowed[to] {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	known := *a.peers.Load()
	select {
	case <-a.closed:
		return nil
	default:
	}
	if len(known) >= maxPeers {
		return nil
	}
	p := a.spare
	a.spare = nil
	if p == nil {
		var err error
		if p, err = a.open(to); err != nil {
			return nil
		}
	}
	p.addr = to
	list := append(append([]*peer(nil), known...), p)
	a.peers.Store(&list)
	return p
}

func (a *allocation) find(is func(*peer) bool) *peer {
	for _, p := range *a.peers.Load() {
		if is(p) {
			return p
		}
	}
	return nil
}

// up passes on what a client sent over a channel.
func (a *allocation) up(channel uint16, data []byte) {
	for _, p := range *a.peers.Load() {
		if p.channel.Load() == uint32(channel) {
			a.server.metrics.up.Add(uint64(len(data)))
			p.relay.Send(data)
			return
		}
	}
}

// down takes what media sends to the client.
func (p *peer) down(data []byte) {
	a := p.allocation
	if channel := p.channel.Load(); channel != 0 {
		if a.client.down(uint16(channel), data) {
			a.server.metrics.down.Add(uint64(len(data)))
		}
		return
	}
	select {
	case a.queue <- indication{append([]byte(nil), data...), p.addr}:
	default: // lost, as in a full socket: checks are repeated
	}
}

// bind and unbind follow the channels Pion's server keeps.
func (a *allocation) bind(to netip.AddrPort, channel uint16) {
	if p := a.peer(to); p != nil {
		p.channel.Store(uint32(channel))
	}
}

func (a *allocation) unbind(channel uint16) {
	if p := a.find(func(p *peer) bool { return p.channel.Load() == uint32(channel) }); p != nil {
		p.channel.Store(0)
	}
}

// ReadFrom implements [net.PacketConn]: what comes out becomes a Data indication.
func (a *allocation) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case i := <-a.queue:
		a.server.metrics.down.Add(uint64(len(i.data)))
		return copy(b, i.data), net.UDPAddrFromAddrPort(i.from), nil
	case <-a.closed:
		return 0, nil, io.EOF
	}
}

// WriteTo implements [net.PacketConn]: it passes on what a Send indication
// holds. What is for another address than our own goes nowhere.
func (a *allocation) WriteTo(b []byte, to net.Addr) (int, error) {
	if addr, ok := to.(*net.UDPAddr); ok {
		if p := a.peer(plain(addr.AddrPort())); p != nil {
			a.server.metrics.up.Add(uint64(len(b)))
			p.relay.Send(b)
			return len(b), nil
		}
	}
	a.server.metrics.refuse(403)
	return len(b), nil
}

// Close implements [net.PacketConn].
func (a *allocation) Close() error {
	a.once.Do(func() {
		a.mu.Lock()
		close(a.closed)
		ways := append([]*peer(nil), *a.peers.Load()...)
		if a.spare != nil {
			ways = append(ways, a.spare)
		}
		a.mu.Unlock()
		for _, p := range ways {
			_ = p.relay.Close() // gives no error
		}
		a.client.relay.CompareAndSwap(a, nil)
		a.server.released(a.client)
	})
	return nil
}

// LocalAddr implements [net.PacketConn].
func (a *allocation) LocalAddr() net.Addr { return a.addr }

// SetDeadline implements [net.PacketConn]; Close ends a read.
func (a *allocation) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements [net.PacketConn].
func (a *allocation) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements [net.PacketConn].
func (a *allocation) SetWriteDeadline(time.Time) error { return nil }

// plain writes an IPv4 address as one.
func plain(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
