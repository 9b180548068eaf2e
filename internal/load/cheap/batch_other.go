//go:build !linux

package cheap

import (
	"errors"
	"net"
	"net/netip"
)

// inbox reads the sockets of a crowd.
type inbox struct{}

// each hands every datagram of a socket over until it is closed.
func (*inbox) each(socket *net.UDPConn, take func(datagram []byte, from netip.AddrPort)) error {
	buffer := make([]byte, maxPacket)
	for {
		n, from, err := socket.ReadFromUDPAddrPort(buffer)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err == nil { // others are ICMP's answers to something we sent
			take(buffer[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port()))
		}
	}
}
