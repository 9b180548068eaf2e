package simnet

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// udpOver4 and udpOver6 are what IP and UDP headers add to a datagram, in bytes.
	udpOver4, udpOver6 = 28, 48
	// firstPort is the first port given to who asks for any.
	firstPort = 40000
)

// Network carries datagrams between its hosts. It is safe for concurrent use.
type Network struct {
	seed  uint64
	start time.Time

	mu     sync.Mutex
	closed bool
	hosts  map[netip.Addr]*Host
	all    []*Host
}

// New makes a network without hosts; its links' luck comes from the seed.
func New(seed uint64) *Network {
	return &Network{seed: seed, start: time.Now(), hosts: map[netip.Addr]*Host{}}
}

// Close closes every socket. Datagrams on their way are lost.
func (n *Network) Close() error {
	n.mu.Lock()
	n.closed = true
	all := n.all
	n.mu.Unlock()
	for _, h := range all {
		h.up.stop()
		h.down.stop()
		for _, c := range h.open() {
			_ = c.Close() // never fails
		}
	}
	return nil
}

// Host gives the machine at an address, a new one with links that do nothing
// the first time.
func (n *Network) Host(at netip.Addr) *Host {
	n.mu.Lock()
	defer n.mu.Unlock()
	if h := n.hosts[at]; h != nil {
		return h
	}
	seed := n.seed + 2*uint64(len(n.all))
	h := &Host{
		Up: NewLink[Datagram](seed, Shape{}), Down: NewLink[Datagram](seed+1, Shape{}),
		network: n, addr: at, sockets: map[uint16]*socket{}, port: firstPort,
	}
	h.up = way{link: h.Up, start: n.start, arrive: n.cross, over: n.closed}
	h.down = way{link: h.Down, start: n.start, arrive: h.take, over: n.closed}
	n.hosts[at] = h
	n.all = append(n.all, h)
	return h
}

// cross brings what has left a host to the one it is for, if there is one.
func (n *Network) cross(d Datagram) {
	n.mu.Lock()
	h := n.hosts[d.To.Addr()]
	n.mu.Unlock()
	if h != nil {
		h.down.send(d)
	}
}

// Datagram is one UDP datagram on its way.
type Datagram struct {
	From, To netip.AddrPort
	Payload  []byte
}

func (d *Datagram) size() int {
	if d.To.Addr().Is4() {
		return udpOver4 + len(d.Payload)
	}
	return udpOver6 + len(d.Payload)
}

// Host is one machine, and the address others know it by.
type Host struct {
	// Up is the link from the host into the network, Down the one to it.
	Up, Down *Link[Datagram]

	network  *Network
	up, down way

	mu      sync.Mutex
	addr    netip.Addr
	sockets map[uint16]*socket
	port    uint16
	unread  int
}

// Listen opens a UDP socket on a port, 0 for a free one.
func (h *Host) Listen(port uint16) (net.PacketConn, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for port == 0 {
		if h.sockets[h.port] == nil {
			port = h.port
		}
		h.port++
	}
	if h.sockets[port] != nil {
		return nil, fmt.Errorf("listen on port %d of %v: it is taken", port, h.addr)
	}
	s := newSocket(h, netip.AddrPortFrom(h.addr, port))
	h.sockets[port] = s
	return s, nil
}

// Move gives the host another address as others see it, as when a router
// forgets its mapping: what was sent to the old one from now on is lost, and
// the host's own sockets do not know.
func (h *Host) Move(to netip.Addr) error {
	n := h.network
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.hosts[to] != nil {
		return fmt.Errorf("move a host to %v: another one is there", to)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(n.hosts, h.addr)
	n.hosts[to], h.addr = h, to
	return nil
}

// Unread is how many datagrams arrived at sockets that were not read fast
// enough: losses that no link is to blame for.
func (h *Host) Unread() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.unread
}

func (h *Host) open() (all []*socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.sockets {
		all = append(all, s)
	}
	return all
}

// send puts what a socket sends on the way up.
func (h *Host) send(port uint16, to netip.AddrPort, payload []byte) {
	h.mu.Lock()
	from := netip.AddrPortFrom(h.addr, port)
	h.mu.Unlock()
	h.up.send(Datagram{From: from, To: to, Payload: append([]byte(nil), payload...)})
}

// take gives what came down to its socket.
func (h *Host) take(d Datagram) {
	h.mu.Lock()
	s := h.sockets[d.To.Port()]
	h.mu.Unlock()
	if s != nil && !s.put(d) {
		h.mu.Lock()
		h.unread++
		h.mu.Unlock()
	}
}

func (h *Host) close(port uint16) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sockets[port] == nil {
		return errors.New("close a simulated socket: it is closed already")
	}
	delete(h.sockets, port)
	return nil
}

// way runs a link in the time of package time.
type way struct {
	link   *Link[Datagram]
	start  time.Time
	arrive func(Datagram)

	mu    sync.Mutex // keeps arrivals in order
	timer *time.Timer
	over  bool
}

func (w *way) send(d Datagram) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.link.Send(d, d.size(), time.Since(w.start))
	w.drain()
}

// wake is what the timer does.
func (w *way) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drain()
}

// drain hands over what has arrived and sets the timer for the rest.
func (w *way) drain() {
	if w.over {
		return
	}
	now := time.Since(w.start)
	for {
		d, _, ok := w.link.Receive(now)
		if !ok {
			break
		}
		w.arrive(d)
	}
	at, ok := w.link.Next()
	switch {
	case !ok:
	case w.timer == nil:
		w.timer = time.AfterFunc(at-now, w.wake)
	default:
		w.timer.Reset(at - now)
	}
}

func (w *way) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	if w.timer != nil {
		w.timer.Stop()
	}
}
