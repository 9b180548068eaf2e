package player_test

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"

	"palabre/internal/bench/player"
)

func TestMain(m *testing.M) {
	if player.Main() {
		return
	}
	goleak.VerifyTestMain(m)
}

// TestPlay: another process sends by our sockets, in order and not before the
// time, as often as it is told to, and we may go on using them.
func TestPlay(t *testing.T) {
	audience := listen(t)
	sockets := []*net.UDPConn{listen(t), listen(t)}
	to := address(audience)
	p, err := player.Start(sockets, []netip.AddrPort{to, to})
	if err != nil {
		t.Fatal(err)
	}
	const later, linger = 30 * time.Millisecond, 10 * time.Millisecond
	if err := p.Load([]player.Datagram{{Socket: 0, Bytes: []byte("a")}, {At: later, Socket: 1, Bytes: []byte("b")}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		began := time.Now()
		if err := p.Play(linger); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < later+linger {
			t.Errorf("it took %v, want %v or more", took, later+linger)
		}
		hear(t, audience, "a", sockets[0])
		hear(t, audience, "b", sockets[1])
	}
	if err := p.Load([]player.Datagram{{Socket: 0, Bytes: make([]byte, 1<<16)}}); err != nil {
		t.Fatal(err)
	}
	if err := p.Play(0); err == nil {
		t.Error("it sent what is too long for a datagram")
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	for _, s := range sockets {
		if _, err := audience.WriteToUDPAddrPort([]byte("thanks"), address(s)); err != nil {
			t.Fatal(err)
		}
		hear(t, s, "thanks", audience)
	}
}

func listen(t *testing.T) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return conn
}

func address(conn *net.UDPConn) netip.AddrPort { return conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// hear reads the next datagram, with a deadline that only a socket has that does not block.
func hear(t *testing.T, on *net.UDPConn, want string, by *net.UDPConn) {
	t.Helper()
	if err := on.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	n, from, err := on.ReadFromUDPAddrPort(b)
	if err != nil || string(b[:n]) != want || from != address(by) {
		t.Fatalf("heard %q from %v (%v), want %q from %v", b[:n], from, err, want, address(by))
	}
}
