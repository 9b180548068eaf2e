package udp

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"
)

// TestSendIsOneDatagram sends from sockets of both families, and where that cannot be.
func TestSendIsOneDatagram(t *testing.T) {
	for _, at := range []string{"127.0.0.1:0", "[::1]:0", "[::]:0"} {
		sockets, err := Listen(netip.MustParseAddrPort(at), 1)
		if err != nil {
			t.Fatal(err)
		}
		host := "127.0.0.1:0"
		if at == "[::1]:0" {
			host = "[::1]:0"
		}
		far, err := net.ListenPacket("udp", host)
		if err != nil {
			t.Fatal(err)
		}
		if err := sockets[0].Send([]byte("hello"), far.LocalAddr().(*net.UDPAddr).AddrPort()); err != nil {
			t.Errorf("from %s: %v", at, err)
		}
		b := make([]byte, 100)
		if err := far.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if n, _, err := far.ReadFrom(b); err != nil || string(b[:n]) != "hello" {
			t.Errorf("from %s came %q, %v", at, b[:n], err)
		}
		if err := errors.Join(far.Close(), sockets[0].Close()); err != nil {
			t.Error(err)
		}
		if err := sockets[0].Send([]byte("hello"), far.LocalAddr().(*net.UDPAddr).AddrPort()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a closed socket: %v", err)
		}
	}
	four, err := Listen(netip.MustParseAddrPort("127.0.0.1:0"), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer four[0].Close()
	if four[0].Send([]byte("hello"), netip.MustParseAddrPort("[::1]:9")) == nil {
		t.Error("an IPv4 socket sent to an IPv6 address")
	}
}
