//go:build !linux

package cheap

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// socket is a subscriber's UDP socket. Here it stays in Go's poller, and who
// reads it is woken by every datagram.
type socket struct {
	conn *net.UDPConn
}

// batch is nothing: datagrams are read one by one.
type batch struct{}

func newBatch() *batch { return nil }

func (*Crowd) openSocket(network string) (*socket, error) {
	conn, err := net.ListenUDP(network, nil)
	if err != nil {
		return nil, fmt.Errorf("opening a UDP socket: %w", err)
	}
	_ = conn.SetReadBuffer(receiveBuffer) // with the smaller one it works too
	return &socket{conn: conn}, nil
}

// wait hands over what comes until the socket is closed.
func (s *socket) wait(take func([]datagram)) error {
	buffer := make([]byte, maxPacket)
	for {
		n, from, err := s.conn.ReadFromUDPAddrPort(buffer)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err == nil { // others are ICMP's answers to something we sent
			from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
			take([]datagram{{data: buffer[:n], from: from, at: time.Now()}})
		}
	}
}

// detach would have the socket looked at instead of waited for.
func (*socket) detach(sync.Locker) error { return nil }

// look finds nothing: whoever waits has read it.
func (*socket) look(*batch, func([]datagram)) {}

// send sends one datagram; what the system does not take is lost.
func (s *socket) send(b []byte, to netip.AddrPort) { _, _ = s.conn.WriteToUDPAddrPort(b, to) }

// sample says that this system has no socket filters we know.
func (*socket) sample(int) error {
	return errors.New("sampling: only Linux can throw packets away before they are received; use --sample 1")
}

// stop ends wait.
func (s *socket) stop() { _ = s.conn.Close() }

func (s *socket) close() { s.stop() }
