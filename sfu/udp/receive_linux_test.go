//go:build amd64 || arm64

package udp

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestFamilies: who may reach whom, how senders look, and that answers get back.
func TestFamilies(t *testing.T) {
	if conn, err := net.ListenPacket("udp6", "[::1]:0"); err != nil {
		t.Skipf("no IPv6 here: %v", err)
	} else if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ listen, from string }{
		{"127.0.0.1:0", "127.0.0.1"},
		{"0.0.0.0:0", "127.0.0.1"},
		{"[::ffff:127.0.0.1]:0", "127.0.0.1"},
		{"[::1]:0", "::1"},
		{"[::]:0", "::1"},
		{"[::]:0", "127.0.0.1"},
	} {
		t.Run(c.listen+" from "+c.from, func(t *testing.T) {
			s := listenOn(t, c.listen, 1)[0]
			host := netip.MustParseAddr(c.from)
			client, address := plain(t, netip.AddrPortFrom(host, 0).String())
			to := netip.AddrPortFrom(host, local(s).Port())
			if _, err := client.WriteToUDPAddrPort([]byte("ping"), to); err != nil {
				t.Fatal(err)
			}
			got, from := receive(t, s, NewInbox(4), 1)
			if string(got[0]) != "ping" || from[0] != address {
				t.Errorf("got %q from %v, want it from %v", got[0], from[0], address)
			}
			var route Route
			route.Set(from[0])
			out := NewOutbox(s, Options{Segments: true})
			out.Add(&route, []byte("pong"))
			out.Add(&route, []byte("pong"))
			out.Flush()
			if _, err := s.Conn().WriteToUDPAddrPort([]byte("pong"), from[0]); err != nil {
				t.Fatal(err)
			}
			for _, answer := range read(t, client, 3) {
				if string(answer) != "pong" {
					t.Errorf("answer %q", answer)
				}
			}
		})
	}
}

// TestLinkLocal: senders on a link have their interface's name as zone, and a route with it leads back.
func TestLinkLocal(t *testing.T) {
	var name [nameSize]byte
	address := netip.MustParseAddrPort("[fe80::1%lo]:5000")
	size := putName(&name, address, true, scopeOf("lo"))
	from, scope := readName(&name)
	from = netip.AddrPortFrom(from.Addr().WithZone(NewInbox(1).zone(scope)), from.Port())
	if from != address || size == 0 {
		t.Errorf("%v became %v", address, from)
	}
	if n := scopeOf("4711"); n != 4711 {
		t.Errorf("zone 4711 became %d", n)
	}
	if n := scopeOf("no such interface"); n != 0 {
		t.Errorf("unknown zone became %d", n)
	}
	if zone := NewInbox(1).zone(1 << 30); zone != "1073741824" {
		t.Errorf("unknown interface became %q", zone)
	}
}

// TestSocketsShareAPort: all sockets of a group get some of many senders, each
// sender always the same.
func TestSocketsShareAPort(t *testing.T) {
	const senders, rounds = 200, 3
	sockets := listenOn(t, "127.0.0.1:0", 4)
	for _, s := range sockets {
		if local(s) != local(sockets[0]) {
			t.Fatalf("one socket is on %v, another on %v", local(s), local(sockets[0]))
		}
	}
	for range senders {
		conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(local(sockets[0])))
		if err != nil {
			t.Fatal(err)
		}
		for range rounds {
			if _, err := conn.Write([]byte("hello")); err != nil {
				t.Fatal(err)
			}
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	owner := map[netip.AddrPort]int{}
	counts := make([]int, len(sockets))
	in, total := NewInbox(32), 0
	for until := time.Now().Add(patience); total < senders*rounds && time.Now().Before(until); {
		for i, s := range sockets {
			if err := s.Receive(in, time.Now().Add(time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			in.Each(time.Now(), func(_ []byte, from netip.AddrPort, _ time.Time) {
				if was, ok := owner[from]; ok && was != i {
					t.Errorf("%v came by socket %d, then by %d", from, was, i)
				}
				owner[from] = i
				counts[i]++
				total++
			})
		}
	}
	for i, n := range counts {
		if n == 0 || total != senders*rounds {
			t.Fatalf("socket %d got %d of %d; all: %v", i, n, total, counts)
		}
	}
}

// TestPortInUse: a second server does not take half of the clients, though both would share.
func TestPortInUse(t *testing.T) {
	sockets := listenOn(t, "127.0.0.1:0", 2)
	if again, err := Listen(local(sockets[0]), 2); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a second group on the port: %d sockets, error %v", len(again), err)
	}
	if _, err := Listen(netip.MustParseAddrPort("127.0.0.1:0"), 0); err == nil {
		t.Error("no sockets at all were no error")
	}
}

func TestDeadline(t *testing.T) {
	s := listenOn(t, "127.0.0.1:0", 1)[0]
	in := NewInbox(4)
	for range 3 {
		until := time.Now().Add(5 * time.Millisecond)
		for range 2 { // the second time it has passed already
			if err := s.Receive(in, until); err != nil || in.Len() != 0 {
				t.Fatalf("%d messages, error %v", in.Len(), err)
			}
			if early := time.Until(until); early > 0 {
				t.Fatalf("came back %v early", early)
			}
		}
	}
	client, _ := plain(t, "127.0.0.1:0")
	if _, err := client.WriteToUDPAddrPort([]byte("late"), local(s)); err != nil {
		t.Fatal(err)
	}
	past := time.Now().Add(-time.Hour)
	for in.Len() == 0 { // a deadline that has passed does not keep datagrams out
		if err := s.Receive(in, past); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWokenBeforeReceive: a wake-up is kept for the next Receive, once, however many there were.
func TestWokenBeforeReceive(t *testing.T) {
	s := listenOn(t, "127.0.0.1:0", 1)[0]
	in := NewInbox(4)
	for range 3 {
		s.Wake()
		s.Wake()
		if err := s.Receive(in, time.Time{}); err != nil || in.Len() != 0 {
			t.Fatalf("%d messages, error %v", in.Len(), err)
		}
		until := time.Now().Add(2 * time.Millisecond)
		if err := s.Receive(in, until); err != nil || in.Len() != 0 || time.Now().Before(until) {
			t.Fatalf("woken twice: %d messages, error %v", in.Len(), err)
		}
	}
}

// TestNoWakeIsLost has goroutines hand over work and wake the owner, who has no
// other reason to come back. Each waits until its work was seen: one lost
// wake-up stops the test. Datagrams come in between.
func TestNoWakeIsLost(t *testing.T) {
	const wakers, rounds = 4, 3000
	s := listenOn(t, "127.0.0.1:0", 1)[0]
	client, _ := plain(t, "127.0.0.1:0")
	var posted, seen [wakers]atomic.Int64
	doorbell := make([]chan struct{}, wakers)
	done := make(chan error, 1)
	stop := atomic.Bool{}
	for i := range doorbell {
		doorbell[i] = make(chan struct{}, 1)
	}
	go func() {
		in := NewInbox(4)
		far := [2]time.Time{{}, time.Now().Add(time.Hour)}
		for i := 0; !stop.Load(); i++ {
			if err := s.Receive(in, far[i/3%2]); err != nil {
				done <- err
				return
			}
			for w := range wakers {
				if n := posted[w].Load(); n != seen[w].Load() {
					seen[w].Store(n)
					doorbell[w] <- struct{}{}
				}
			}
		}
		done <- nil
	}()
	var all sync.WaitGroup
	for w := range wakers {
		all.Go(func() {
			for round := range int64(rounds) {
				posted[w].Store(round + 1)
				s.Wake()
				if w == 0 && round%5 == 0 {
					if _, err := client.WriteToUDPAddrPort([]byte("datagram"), local(s)); err != nil {
						t.Error(err)
					}
				}
				select {
				case <-doorbell[w]:
				case <-time.After(patience):
					t.Errorf("waker %d: wake-up %d was lost", w, round)
					return
				}
			}
		})
	}
	all.Wait()
	stop.Store(true)
	s.Wake()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestLateWaker: a waker that was held up between seeing the owner asleep and
// ending its wait, until after the owner came back by itself, costs one early
// return and not an endless row of them.
func TestLateWaker(t *testing.T) {
	s := listenOn(t, "127.0.0.1:0", 1)[0]
	client, _ := plain(t, "127.0.0.1:0")
	in := NewInbox(4)
	until := time.Now().Add(time.Hour)
	sent := make(chan error, 1)
	sendWhenAsleep := func() {
		for s.state.Load() != sleeping {
			runtime.Gosched()
		}
		_, err := client.WriteToUDPAddrPort([]byte("datagram"), local(s))
		sent <- err
	}
	for call, want := range []int{1, 0, 1} {
		if call == 1 {
			if err := s.conn.SetReadDeadline(time.Unix(1, 0)); err != nil { // there it is
				t.Fatal(err)
			}
		} else {
			go sendWhenAsleep()
		}
		if err := s.Receive(in, until); err != nil || in.Len() != want {
			t.Fatalf("call %d: %d messages, want %d, error %v", call+1, in.Len(), want, err)
		}
		if call != 1 {
			if err := <-sent; err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestCloseEndsReceive(t *testing.T) {
	s := listenOn(t, "127.0.0.1:0", 1)[0]
	ended := make(chan error, 1)
	go func() { ended <- s.Receive(NewInbox(4), time.Time{}) }()
	for s.state.Load() != sleeping {
		runtime.Gosched()
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Receive ended with %v", err)
	}
	if err := s.Receive(NewInbox(4), time.Now().Add(time.Hour)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Receive after Close: %v", err)
	}
	s.Wake()
}

// TestMoreThanAnInbox: what does not fit waits for the next Receive, and empty datagrams are left out.
func TestMoreThanAnInbox(t *testing.T) {
	s := listenOn(t, "127.0.0.1:0", 1)[0]
	client, _ := plain(t, "127.0.0.1:0")
	for i := range 20 {
		for _, d := range [][]byte{patterned(10+i, uint32(i)), {}} {
			if _, err := client.WriteToUDPAddrPort(d, local(s)); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, _ := receive(t, s, NewInbox(3), 20)
	for i, d := range got {
		if !bytes.Equal(d, patterned(10+i, uint32(i))) {
			t.Errorf("datagram %d has %d bytes", i, len(d))
		}
	}
}

func TestReceivingAllocatesNothing(t *testing.T) {
	s := listenOn(t, "127.0.0.1:0", 1)[0]
	in, bytes := NewInbox(32), 0
	take := func(datagram []byte, _ netip.AddrPort, _ time.Time) { bytes += len(datagram) }
	out := NewOutbox(s, Options{Segments: true})
	var self Route
	self.Set(local(s))
	payload := patterned(1150, 1)
	until := time.Now().Add(time.Hour)
	round := func() {
		for range 6 {
			out.Add(&self, append(out.Space(1500), payload...))
		}
		out.Flush()
		want := bytes + 6*len(payload)
		for bytes < want {
			if err := s.Receive(in, until); err != nil {
				t.Fatal(err)
			}
			in.Each(until, take)
		}
		until = until.Add(time.Second) // a deadline that moves costs nothing either
	}
	round()
	if n := testing.AllocsPerRun(50, round); n != 0 {
		t.Errorf("%v allocations for six datagrams there and back", n)
	}
}
