package player_test

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
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
	p, err := player.Start([]player.Socket{{Conn: sockets[0], To: to}, {Conn: sockets[1], To: to}})
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

// TestAnswer: connectivity checks are answered by who has a password, nothing else is.
func TestAnswer(t *testing.T) {
	server, client := listen(t), listen(t)
	p, err := player.Start([]player.Socket{{Conn: client, To: address(server), Password: "password"}})
	if err != nil {
		t.Fatal(err)
	}
	at := address(client)
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	check, err := stun.Build(stun.BindingRequest, stun.TransactionID, stun.NewShortTermIntegrity("password"), stun.Fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	for _, datagram := range [][]byte{{}, []byte("media"), check.Raw[:10], check.Raw} {
		if _, err := server.WriteToUDPAddrPort(datagram, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := server.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1500)
	n, err := server.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	reply := &stun.Message{Raw: b[:n]}
	if err := reply.Decode(); err != nil || reply.Type != stun.BindingSuccess || reply.TransactionID != check.TransactionID || stun.NewShortTermIntegrity("password").Check(reply) != nil {
		t.Errorf("%v is no answer to the check: %v", reply, err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
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
