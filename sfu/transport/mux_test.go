package transport

import (
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// testMux is a mux on loopback, which counts strays.
func testMux(t *testing.T) (*mux, *int) {
	t.Helper()
	socket, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	strays := new(int)
	m := newMux(socket, nil, oneAddress(socket.LocalAddr()), func([]byte, netip.AddrPort, time.Time) { *strays++ }, slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m, strays
}

func (m *mux) open(t *testing.T, ufrag string) *lane {
	t.Helper()
	c, err := m.GetConn(ufrag, m.GetListenAddresses()[0])
	if err != nil {
		t.Fatal(err)
	}
	return c.(*lane)
}

// waiting gives how many datagrams wait in a lane, and takes them.
func (l *lane) waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.count
	l.count = 0
	return n
}

// TestChecksGoByName has two agents that speak with one address, as during an
// ICE restart on the same socket: each hears its own checks and all answers,
// and the media goes to the newer while both are there.
func TestChecksGoByName(t *testing.T) {
	m, strays := testMux(t)
	from := netip.MustParseAddrPort("127.0.0.1:9") // discard: what is sent there is lost
	check := func(ufrag string) []byte {
		return stun.MustBuild(stun.BindingRequest, stun.TransactionID, stun.NewUsername(ufrag+":x")).Raw
	}
	media := append([]byte{0x80, 111}, make([]byte, 40)...)
	old := m.open(t, "old")
	m.take(media, from, time.Now())
	if *strays != 1 || old.waiting() != 0 {
		t.Error("media of an address nobody answered was taken")
	}
	m.take(check("old"), from, time.Now())
	if _, err := old.WriteToAddrPort([]byte{1}, from); err != nil {
		t.Fatal(err)
	}
	m.take(media, from, time.Now())
	if n := old.waiting(); n != 2 {
		t.Errorf("the agent heard %d datagrams, want its check and its media", n)
	}
	fresh := m.open(t, "fresh")
	m.take(check("fresh"), from, time.Now())
	m.take(check("nobody"), from, time.Now())
	if o, f := old.waiting(), fresh.waiting(); o != 0 || f != 1 {
		t.Errorf("a check for the new agent: the old one heard %d, the new one %d", o, f)
	}
	if _, err := fresh.WriteToAddrPort([]byte{1}, from); err != nil {
		t.Fatal(err)
	}
	m.take(media, from, time.Now())
	m.take(stun.MustBuild(stun.BindingSuccess, stun.TransactionID).Raw, from, time.Now())
	if o, f := old.waiting(), fresh.waiting(); o != 1 || f != 2 {
		t.Errorf("media and an answer: the old one heard %d, the new one %d", o, f)
	}
	_ = fresh.Close()
	m.take(media, from, time.Now())
	if n := old.waiting(); n != 1 {
		t.Error("media went astray when the new agent closed")
	}
	_ = old.Close()
	m.take(media, from, time.Now())
	if *strays != 2 || len(m.owners) != 0 || len(m.v4) != 0 {
		t.Errorf("%d strays, %d owners, %d lanes after both closed", *strays, len(m.owners), len(m.v4))
	}
}

func TestALaneIsBounded(t *testing.T) {
	m, _ := testMux(t)
	l := m.open(t, "one")
	for range 2 * laneDepth {
		l.put([]byte{0x80}, netip.MustParseAddrPort("127.0.0.1:9"))
	}
	for i := range 2 * maxAddresses {
		_, _ = l.WriteToAddrPort([]byte{1}, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(10000+i)))
	}
	if l.waiting() != laneDepth || len(m.owners) > maxAddresses {
		t.Errorf("%d addresses are one agent's", len(m.owners))
	}
}

// TestARelayIsNoSocket sends both ways through one, and to one that is gone.
func TestARelayIsNoSocket(t *testing.T) {
	m, strays := testMux(t)
	h := &Host{udp: m}
	var got []string
	r, err := h.Relay(false, func(b []byte) { got = append(got, string(b)) })
	if err != nil {
		t.Fatal(err)
	}
	six, err := h.Relay(true, func([]byte) {})
	if err != nil || six.Addr() == r.Addr() || six.Addr().Addr().Is4() {
		t.Errorf("the second relay is at %v, %v", six.Addr(), err)
	}
	l := m.open(t, "one")
	if _, err := l.WriteToAddrPort([]byte("hello"), r.Addr()); err != nil || len(got) != 1 || got[0] != "hello" {
		t.Errorf("delivered %q, %v", got, err)
	}
	r.Send(append([]byte{0x80, 111}, make([]byte, 40)...))
	if l.waiting() != 1 {
		t.Error("what the relay sent did not arrive")
	}
	_ = r.Close()
	r.Send(append([]byte{0x80, 111}, make([]byte, 40)...))
	if n, err := l.WriteToAddrPort([]byte("hello"), r.Addr()); n != 5 || err != nil || len(got) != 1 || l.waiting() != 0 || *strays != 0 {
		t.Errorf("a closed relay: %d, %v, delivered %q", n, err, got)
	}
}

// TestThePortsWayAllocatesNothing is a datagram's way from the socket's reader
// to an agent's, and back.
func TestThePortsWayAllocatesNothing(t *testing.T) {
	m, _ := testMux(t)
	l := m.open(t, "one")
	to := netip.MustParseAddrPort("127.0.0.1:9")
	media, b := append([]byte{0x80, 111}, make([]byte, 1200)...), make([]byte, maxDatagram)
	if n := testing.AllocsPerRun(200, func() {
		_, _ = l.WriteToAddrPort(media, to)
		m.take(media, to, time.Now())
		_, _, _ = l.ReadFromAddrPort(b)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
