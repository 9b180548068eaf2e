package turn

import (
	"errors"
	"net"
	"strconv"
	"sync"

	pion "github.com/pion/turn/v5"

	"palabre/sfu/tcp"
)

// inlet is the listener Pion's server accepts from: what comes in by
// [Server.Take], behind the gate that bounds it.
type inlet struct {
	server *Server
	gate   *tcp.Gate
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (i *inlet) push(conn net.Conn) {
	select {
	case i.conns <- conn:
	case <-i.closed:
		_ = conn.Close()
	}
}

// Accept implements [net.Listener].
func (i *inlet) Accept() (net.Conn, error) {
	conn, err := i.gate.Accept()
	if err != nil {
		return nil, err
	}
	s := i.server
	c := newClient(s, conn)
	s.mu.Lock()
	s.serial++
	c.id = strconv.FormatUint(s.serial, 36)
	s.clients[c.remote], s.byID[c.id] = c, c
	s.mu.Unlock()
	s.work.Add(1)
	s.metrics.connections.Add(1)
	return c, nil
}

// Close implements [net.Listener].
func (i *inlet) Close() error { return i.gate.Close() }

// Addr implements [net.Listener].
func (i *inlet) Addr() net.Addr { return &net.TCPAddr{} }

// source is the inlet as the gate sees it: before the gate.
type source struct{ *inlet }

// Accept implements [net.Listener].
func (s source) Accept() (net.Conn, error) {
	select {
	case conn := <-s.conns:
		return conn, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (s source) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

var errOnlyUDP = errors.New("only UDP is relayed")

// generator makes relayed addresses that are no sockets.
type generator struct{ server *Server }

// Validate implements [pion.RelayAddressGenerator].
func (generator) Validate() error { return nil }

// AllocatePacketConn implements [pion.RelayAddressGenerator].
func (g generator) AllocatePacketConn(c pion.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	g.server.mu.Lock()
	owner := g.server.byID[c.UserID]
	g.server.mu.Unlock()
	if owner == nil {
		return nil, nil, errors.New("a relayed address is for a client")
	}
	a, err := newAllocation(g.server, owner, c.Network == "udp6")
	if err != nil {
		return nil, nil, err
	}
	owner.relay.Store(a)
	g.server.metrics.allocations.Add(1)
	g.server.metrics.allocated.Add(1)
	return a, a.addr, nil
}

// AllocateListener implements [pion.RelayAddressGenerator].
func (generator) AllocateListener(pion.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errOnlyUDP
}

// AllocateConn implements [pion.RelayAddressGenerator].
func (generator) AllocateConn(pion.AllocateConnConfig) (net.Conn, error) { return nil, errOnlyUDP }
