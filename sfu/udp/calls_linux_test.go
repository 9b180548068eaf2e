//go:build amd64 || arm64

package udp

import (
	"fmt"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// blackHole is an address whose datagrams the kernel throws away on arrival, so
// that what is measured is sending. Like a network card that cuts runs itself
// it takes them whole, or like one that does not, it has the kernel cut them.
func blackHole(b *testing.B, whole bool) netip.AddrPort {
	b.Helper()
	s := listenOn(b, "127.0.0.1:0", 1)[0]
	nothing := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K}}
	coalesce := 0
	if whole {
		coalesce = 1
	}
	if err := s.raw.Control(func(fd uintptr) {
		program := &unix.SockFprog{Len: 1, Filter: &nothing[0]}
		if err := unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, program); err != nil {
			b.Error(err)
		}
		if err := unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, coalesce); err != nil {
			b.Error(err)
		}
	}); err != nil {
		b.Fatal(err)
	}
	return local(s)
}

const benchDatagram = 1180

// BenchmarkSend compares ways to send: one datagram of 1 180 bytes, of which so many at a time go to each of 16 destinations.
func BenchmarkSend(b *testing.B) {
	for _, run := range []int{1, 2, 3, 6, 12, 24, 48} {
		for _, way := range []struct {
			name            string
			segments, whole bool
		}{{"sendmmsg", false, true}, {"segments", true, true}, {"segments-cut-by-kernel", true, false}} {
			b.Run(fmt.Sprintf("run=%d/by=%s", run, way.name), func(b *testing.B) {
				s := listenOn(b, "127.0.0.1:0", 1)[0]
				benchmarkOutbox(b, NewOutbox(s, Options{Segments: way.segments}), blackHole(b, way.whole), run, benchDatagram)
			})
		}
	}
	b.Run("run=1/by=WriteToUDPAddrPort", func(b *testing.B) {
		conn, _ := plain(b, "127.0.0.1:0")
		to, datagram := blackHole(b, true), make([]byte, benchDatagram)
		for b.Loop() {
			if _, err := conn.WriteToUDPAddrPort(datagram, to); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkBookkeeping is the same without the kernel: what Space, Add and Flush themselves cost a datagram.
func BenchmarkBookkeeping(b *testing.B) {
	for _, run := range []int{1, 6, 24} {
		b.Run(fmt.Sprintf("run=%d", run), func(b *testing.B) {
			s := listenOn(b, "127.0.0.1:0", 1)[0]
			out := NewOutbox(s, Options{Segments: true})
			out.send = func(_ uintptr, messages []message) (int, syscall.Errno) { return len(messages), 0 }
			benchmarkOutbox(b, out, local(s), run, benchDatagram)
		})
	}
}

func benchmarkOutbox(b *testing.B, out *Outbox, to netip.AddrPort, run, size int) {
	b.Helper()
	routes := make([]Route, 16)
	for i := range routes {
		routes[i].Set(to)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for sent := 0; sent < b.N; {
		for i := range routes {
			for range run {
				out.Add(&routes[i], out.Space(1500)[:size])
				sent++
			}
		}
		out.Flush()
	}
}

// BenchmarkReceive measures one datagram of 1 180 bytes that waits in the
// socket, without what it took to send it, with and without runs (UDP_GRO).
func BenchmarkReceive(b *testing.B) {
	for _, way := range []struct {
		name     string
		run      int
		coalesce int
	}{{"run=1/by=recvmmsg", 1, 0}, {"run=6/by=recvmmsg", 6, 0}, {"run=6/by=recvmmsg+gro", 6, 1}, {"run=24/by=recvmmsg+gro", 24, 1}} {
		b.Run(way.name, func(b *testing.B) {
			s := listenOn(b, "127.0.0.1:0", 1)[0]
			if err := s.raw.Control(func(fd uintptr) {
				if err := unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, way.coalesce); err != nil {
					b.Error(err)
				}
			}); err != nil {
				b.Fatal(err)
			}
			benchmarkReceive(b, s, way.run)
		})
	}
	b.Run("run=1/by=ReadFromUDPAddrPort", benchmarkRead)
}

// batch is how many datagrams wait when the clock starts.
const batch = 96

func benchmarkReceive(b *testing.B, s *Socket, run int) {
	out := NewOutbox(listenOn(b, "127.0.0.1:0", 1)[0], Options{Segments: true})
	var to Route
	to.Set(local(s))
	in, got := NewInbox(32), 0
	take := func([]byte, netip.AddrPort, time.Time) { got++ }
	until := time.Now().Add(time.Hour)
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; done += batch {
		b.StopTimer()
		for range batch / run {
			for range run {
				out.Add(&to, out.Space(1500)[:benchDatagram])
			}
			out.Flush()
		}
		b.StartTimer()
		for got = 0; got < batch; {
			if err := s.Receive(in, until); err != nil {
				b.Fatal(err)
			}
			in.Each(until, take)
		}
	}
}

func benchmarkRead(b *testing.B) {
	conn, address := plain(b, "127.0.0.1:0")
	sender, _ := plain(b, "127.0.0.1:0")
	datagram := make([]byte, benchDatagram)
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; done += batch {
		b.StopTimer()
		for range batch {
			if _, err := sender.WriteToUDPAddrPort(datagram, address); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		for range batch {
			if _, _, err := conn.ReadFromUDPAddrPort(datagram); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkWake measures a wake-up that finds nobody asleep, and one that does,
// there and back.
func BenchmarkWake(b *testing.B) {
	b.Run("owner=awake", func(b *testing.B) {
		s := listenOn(b, "127.0.0.1:0", 1)[0]
		for b.Loop() {
			s.state.Store(running)
			s.Wake()
		}
	})
	b.Run("owner=asleep", func(b *testing.B) {
		s := listenOn(b, "127.0.0.1:0", 1)[0]
		back := make(chan struct{})
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			in := NewInbox(32)
			for s.Receive(in, time.Time{}) == nil {
				back <- struct{}{}
			}
		}()
		b.ReportAllocs()
		for b.Loop() {
			s.Wake()
			<-back
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		<-ended
	})
}
