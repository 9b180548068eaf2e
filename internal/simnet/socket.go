package simnet

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/pion/transport/v4/deadline"
)

// maxUnread bounds the datagrams waiting in a socket: some seconds of a
// meeting, so that a busy machine shows as delay and not as loss.
const maxUnread = 1 << 14

// socket implements [net.PacketConn].
type socket struct {
	host   *Host
	local  netip.AddrPort
	closed chan struct{}
	once   sync.Once
	read   *deadline.Deadline
	filled chan struct{} // has one while inbox has any

	mu    sync.Mutex
	inbox []Datagram
}

func newSocket(h *Host, local netip.AddrPort) *socket {
	return &socket{
		host: h, local: local, filled: make(chan struct{}, 1),
		closed: make(chan struct{}), read: deadline.New(),
	}
}

// put takes a datagram in; false when too many wait.
func (s *socket) put(d Datagram) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.inbox) >= maxUnread {
		return false
	}
	s.inbox = append(s.inbox, d)
	s.signal()
	return true
}

func (s *socket) signal() {
	select {
	case s.filled <- struct{}{}:
	default:
	}
}

// get gives the first datagram that waits.
func (s *socket) get() (d Datagram) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d = s.inbox[0]
	s.inbox[0] = Datagram{}
	if s.inbox = s.inbox[1:]; len(s.inbox) > 0 {
		s.signal()
	}
	return d
}

// ReadFrom implements [net.PacketConn].
func (s *socket) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case <-s.closed:
		return 0, nil, s.fault("read", net.ErrClosed)
	case <-s.read.Done():
		return 0, nil, s.fault("read", os.ErrDeadlineExceeded)
	case <-s.filled:
		d := s.get()
		return copy(b, d.Payload), net.UDPAddrFromAddrPort(d.From), nil
	}
}

// WriteTo implements [net.PacketConn].
func (s *socket) WriteTo(b []byte, to net.Addr) (int, error) {
	select {
	case <-s.closed:
		return 0, s.fault("write", net.ErrClosed)
	default:
	}
	addr, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, s.fault("write", fmt.Errorf("to a %T, not a UDP address", to))
	}
	ap := addr.AddrPort()
	s.host.send(s.local.Port(), netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), b)
	return len(b), nil
}

func (s *socket) fault(doing string, err error) error {
	return &net.OpError{Op: doing, Net: "udp", Source: s.LocalAddr(), Err: err}
}

// Close implements [net.PacketConn].
func (s *socket) Close() error {
	err := net.ErrClosed
	s.once.Do(func() {
		close(s.closed)
		s.read.Set(time.Time{})
		err = s.host.close(s.local.Port())
	})
	if err != nil {
		return s.fault("close", err)
	}
	return nil
}

// LocalAddr implements [net.PacketConn].
func (s *socket) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(s.local) }

// SetDeadline implements [net.PacketConn].
func (s *socket) SetDeadline(t time.Time) error { return s.SetReadDeadline(t) }

// SetReadDeadline implements [net.PacketConn].
func (s *socket) SetReadDeadline(t time.Time) error {
	s.read.Set(t)
	return nil
}

// SetWriteDeadline implements [net.PacketConn]. Writing never waits.
func (s *socket) SetWriteDeadline(time.Time) error { return nil }
