//go:build amd64 || arm64

package udp

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// kinds are beginnings of datagrams, and whether they are reports.
var kinds = []struct {
	name   string
	bytes  []byte
	report bool
}{
	{"a connectivity check", []byte{0x00, 0x01, 0x00, 0x08, 0x21, 0x12, 0xA4, 0x42}, false},
	{"DTLS", []byte{22, 254, 253, 0, 0, 0, 0, 0}, false},
	{"RTP", []byte{0x90, 96, 0, 1, 0, 0, 0, 1}, false},
	{"RTP with a marker", []byte{0x90, 0x80 | 111, 0, 1, 0, 0, 0, 1}, false},
	{"a sender report", []byte{0x80, 200, 0, 6, 0, 0, 0, 1}, true},
	{"a receiver report", []byte{0x81, 201, 0, 7, 0, 0, 0, 1}, true},
	{"a request for lost packets", []byte{0x81, 205, 0, 3, 0, 0, 0, 1}, false},
	{"congestion control feedback", []byte{0x8B, 205, 0, 3, 0, 0, 0, 1}, false},
	{"transport-wide feedback", []byte{0x8F, 205, 0, 5, 0, 0, 0, 1}, true},
	{"the same, padded", []byte{0xAF, 205, 0, 5, 0, 0, 0, 1}, true},
	{"a request for a key frame", []byte{0x81, 206, 0, 2, 0, 0, 0, 1}, false},
	{"a transport-wide type that is no RTCP", []byte{0x0F, 205, 0, 5}, false},
	{"one byte", []byte{0x8F}, false},
}

// TestReportsGoAside: of every sender reports go to one socket and everything else
// to another, which belong together, and senders are spread over all of them.
func TestReportsGoAside(t *testing.T) {
	for _, c := range []struct{ listen, from string }{
		{"127.0.0.1:0", "127.0.0.1"}, {"0.0.0.0:0", "127.0.0.1"}, {"[::1]:0", "::1"}, {"[::]:0", "::1"}, {"[::]:0", "127.0.0.1"},
	} {
		t.Run(c.listen+" from "+c.from, func(t *testing.T) {
			sockets := listenOn(t, c.listen, 3)
			host := netip.MustParseAddr(c.from)
			used := map[int]bool{}
			for range 40 {
				client, _ := plain(t, netip.AddrPortFrom(host, 0).String())
				home := -1
				for _, kind := range kinds {
					if _, err := client.WriteToUDPAddrPort(kind.bytes, netip.AddrPortFrom(host, local(sockets[0]).Port())); err != nil {
						t.Fatal(err)
					}
					at, aside := whose(t, sockets)
					if home >= 0 && at != home && len(kind.bytes) > 1 {
						t.Fatalf("%s went to socket %d, others of the sender to %d", kind.name, at, home)
					}
					if home < 0 {
						home = at
					}
					if aside != kind.report {
						t.Fatalf("%s: aside is %v", kind.name, aside)
					}
				}
				used[home] = true
			}
			if len(used) != len(sockets) {
				t.Errorf("of %d sockets only %v are used", len(sockets), used)
			}
		})
	}
}

// whose takes the one datagram that is there: by which socket, and whether by its aside.
func whose(t *testing.T, sockets []*Socket) (at int, set bool) {
	t.Helper()
	at = -1
	in := NewInbox(4)
	for i, s := range sockets {
		for _, raw := range []struct {
			aside bool
			do    func(func(uintptr)) error
		}{{false, s.raw.Control}, {true, s.aside.raw.Control}} {
			in.clear()
			if err := raw.do(func(fd uintptr) {
				if n, errno := receiveMessages(fd, in.messages); errno == 0 {
					in.received = n
					at, set = i, raw.aside
				} else if errno != unix.EAGAIN {
					t.Error(errno)
				}
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if at < 0 {
		t.Fatal("it came by no socket")
	}
	return at, set
}

// TestReportsComeWithWhatWakes, also when that is the time; and when they came is known.
func TestReportsComeWithWhatWakes(t *testing.T) {
	report, media := []byte{0x81, 201, 0, 7, 0, 0, 0, 1}, []byte{0x90, 96, 0, 1, 0, 0, 0, 1}
	for _, c := range []struct {
		name string
		wake func(s *Socket, client *net.UDPConn) error
		want int
	}{
		{"media", func(s *Socket, client *net.UDPConn) error {
			_, err := client.WriteToUDPAddrPort(media, local(s))
			return err
		}, 2},
		{"a wake", func(s *Socket, _ *net.UDPConn) error { s.Wake(); return nil }, 1},
		{"the time", func(*Socket, *net.UDPConn) error { return nil }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := listenOn(t, "127.0.0.1:0", 1)[0]
			client, _ := plain(t, "127.0.0.1:0")
			in := NewInbox(4)
			until := time.Now().Add(50 * time.Millisecond)
			if due, err := s.arm(until); due || err != nil { // so that Receive does not look before it sleeps
				t.Fatal(due, err)
			}
			before := time.Now()
			if _, err := client.WriteToUDPAddrPort(report, local(s)); err != nil {
				t.Fatal(err)
			}
			after := time.Now()
			for time.Since(after) < 20*time.Millisecond {
				_ = unix.Nanosleep(&unix.Timespec{Nsec: int64(time.Millisecond)}, nil) // the report grows old
			}
			if err := c.wake(s, client); err != nil {
				t.Fatal(err)
			}
			if err := s.Receive(in, until); err != nil || in.Len() != c.want {
				t.Fatalf("%d messages, error %v; want %d", in.Len(), err, c.want)
			}
			now := time.Now()
			in.Each(now, func(datagram []byte, _ netip.AddrPort, at time.Time) {
				if datagram[1] == media[1] {
					if !at.Equal(now) {
						t.Errorf("media came at %v, want %v", at, now)
					}
					return
				}
				// The two clocks are read one after the other.
				const slack = time.Millisecond
				if at.Before(before.Add(-slack)) || at.After(after.Add(slack)) {
					t.Errorf("the report came %v after it was sent", at.Sub(after))
				}
			})
		})
	}
}

// TestReportsHaveRoom: whatever else comes, there is room for some.
func TestReportsHaveRoom(t *testing.T) {
	s := listenOn(t, "127.0.0.1:0", 1)[0]
	client, _ := plain(t, "127.0.0.1:0")
	for i := range 20 {
		for _, b := range [][]byte{{0x90, 96, byte(i), 0}, {0x81, 201, 0, 7, byte(i), 0, 0, 0}} {
			if _, err := client.WriteToUDPAddrPort(b, local(s)); err != nil {
				t.Fatal(err)
			}
		}
	}
	in := NewInbox(10)
	if err := s.Receive(in, time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	reports := 0
	in.Each(time.Now(), func(datagram []byte, _ netip.AddrPort, _ time.Time) {
		if datagram[1] == 201 {
			reports++
		}
	})
	if in.Len() != 10 || reports != 2 || !in.Full() {
		t.Errorf("%d reports of %d messages, full: %v; want 2 of 10", reports, in.Len(), in.Full())
	}
}

// TestAllReportsCome with what wakes, however many have gathered.
func TestAllReportsCome(t *testing.T) {
	const reports = 100
	s := listenOn(t, "127.0.0.1:0", 1)[0]
	client, _ := plain(t, "127.0.0.1:0")
	until := time.Now().Add(patience)
	if due, err := s.arm(until); due || err != nil {
		t.Fatal(due, err)
	}
	for i := range reports {
		if _, err := client.WriteToUDPAddrPort([]byte{0x81, 201, 0, 7, byte(i), 0, 0, 0}, local(s)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.WriteToUDPAddrPort([]byte{0x90, 96, 0, 1}, local(s)); err != nil {
		t.Fatal(err)
	}
	in := NewInbox(10)
	for got := 0; got < reports+1; got += in.Len() {
		if err := s.Receive(in, until); err != nil {
			t.Fatal(err)
		}
		if !time.Now().Before(until) {
			t.Fatalf("%d of %d came before the time", got, reports+1)
		}
	}
}

// TestReleased: everything comes by the bare socket then.
func TestReleased(t *testing.T) {
	sockets := listenOn(t, "127.0.0.1:0", 2)
	conn := sockets[0].Release()
	if err := sockets[1].Close(); err != nil {
		t.Fatal(err)
	}
	client, _ := plain(t, "127.0.0.1:0")
	for _, kind := range kinds {
		if _, err := client.WriteToUDPAddrPort(kind.bytes, local(sockets[0])); err != nil {
			t.Fatal(err)
		}
	}
	read(t, conn, len(kinds))
}

// TestCloseFreesThePort for another server.
func TestCloseFreesThePort(t *testing.T) {
	sockets := listenOn(t, "127.0.0.1:0", 2)
	address := local(sockets[0])
	for _, s := range sockets {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	listenOn(t, address.String(), 2)
}
