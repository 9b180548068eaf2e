//go:build amd64 || arm64

package udp

import (
	"encoding/binary"
	"slices"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// unwilling is a system that refuses some messages; what it takes, it sends.
type unwilling struct {
	refuse func(m *message) syscall.Errno
	calls  int
}

func (u *unwilling) send(fd uintptr, messages []message) (int, syscall.Errno) {
	u.calls++
	for i := range messages {
		errno := u.refuse(&messages[i])
		switch {
		case errno != 0 && i == 0:
			return -1, errno
		case errno != 0: // as the kernel does: what went went, the error comes next time
			return sendMessages(fd, messages[:i])
		}
	}
	return sendMessages(fd, messages)
}

func segmented(m *message) bool { return m.header.Controllen > 0 }

// TestRefusedSegments: a route whose path refuses segments gets all its
// datagrams nevertheless, keeps sending without, and tries again at a new destination.
func TestRefusedSegments(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.EIO, unix.EINVAL, unix.EMSGSIZE, unix.EOPNOTSUPP} {
		t.Run(errno.Error(), func(t *testing.T) {
			sender := listenOn(t, "127.0.0.1:0", 1)[0]
			conn, address := plain(t, "127.0.0.1:0")
			fine, fineAddress := plain(t, "127.0.0.1:0")
			var counters Counters
			out := NewOutbox(sender, Options{Segments: true, Counters: &counters})
			u := &unwilling{refuse: func(m *message) syscall.Errno {
				if segmented(m) && toPort(m) == address.Port() {
					return errno
				}
				return 0
			}}
			out.send = u.send
			var narrow, wide Route
			narrow.Set(address)
			wide.Set(fineAddress)
			var want [][]byte
			for flush := range 3 {
				for i := range 5 {
					want = append(want, patterned(1000+i%2, uint32(10*flush+i)))
					out.Add(&narrow, want[len(want)-1])
					out.Add(&wide, patterned(1000, 1))
				}
				out.Flush()
			}
			got := read(t, conn, len(want))
			if !slices.EqualFunc(want, got, slices.Equal) {
				t.Errorf("%d datagrams came changed or out of order", len(got))
			}
			read(t, fine, len(want))
			if n := counters.Fallbacks.Load(); n != 1 {
				t.Errorf("%d fallbacks, want 1: it must stick", n)
			}
			if n := counters.Dropped.Load(); n != 0 {
				t.Errorf("%d dropped", n)
			}
			if !narrow.alone || wide.alone {
				t.Errorf("without segments: the narrow route %v, the other %v", narrow.alone, wide.alone)
			}
			if narrow.Set(fineAddress); narrow.alone {
				t.Error("a new destination gets no new chance")
			}
		})
	}
}

func toPort(m *message) uint16 {
	name := unsafe.Slice(m.header.Name, m.header.Namelen)
	return binary.BigEndian.Uint16(name[2:])
}

// TestRefusedMessage: a message that cannot be sent does not stop the others.
func TestRefusedMessage(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.ENOBUFS, unix.ECONNREFUSED, unix.EPERM, unix.EHOSTUNREACH, unix.ENETUNREACH} {
		t.Run(errno.Error(), func(t *testing.T) {
			sender := listenOn(t, "127.0.0.1:0", 1)[0]
			conn, address := plain(t, "127.0.0.1:0")
			_, dead := plain(t, "127.0.0.1:0")
			var counters Counters
			out := NewOutbox(sender, Options{Segments: true, Counters: &counters})
			u := &unwilling{refuse: func(m *message) syscall.Errno {
				if toPort(m) == dead.Port() {
					return errno
				}
				return 0
			}}
			out.send = u.send
			routes := make([]Route, 40) // every fourth is dead
			for i := range routes {
				routes[i].Set(address)
				if i%4 == 0 {
					routes[i].Set(dead)
				}
				out.Add(&routes[i], patterned(100, uint32(i)))
				out.Add(&routes[i], patterned(100, uint32(i)))
			}
			out.Flush()
			read(t, conn, 60)
			if sent, dropped := counters.Datagrams.Load(), counters.Dropped.Load(); sent != 60 || dropped != 20 {
				t.Errorf("%d sent, %d dropped; want 60 and 20", sent, dropped)
			}
			if n := counters.Fallbacks.Load(); n != 0 {
				t.Errorf("%d fallbacks for an error that has nothing to do with segments", n)
			}
		})
	}
}

// TestFullBuffer: a flush waits for room, but not for long.
func TestFullBuffer(t *testing.T) {
	for _, c := range []struct {
		name    string
		full    int // calls that find the buffer full; -1 for ever
		takes   time.Duration
		waits   uint64
		dropped uint64
	}{
		{"room comes at once", 1, 0, 1, 0},
		{"interrupted", 0, 0, 0, 0},
		{"room comes late", 3, time.Millisecond, 3, 0},
		{"never, though told so", -1, 0, maxWaits, 40},
		{"never", -1, maxWait, 1, 40},
	} {
		t.Run(c.name, func(t *testing.T) {
			sender := listenOn(t, "127.0.0.1:0", 1)[0]
			conn, address := plain(t, "127.0.0.1:0")
			var counters Counters
			out := NewOutbox(sender, Options{Counters: &counters})
			full, interrupted := c.full, false
			u := &unwilling{refuse: func(*message) syscall.Errno {
				switch {
				case full != 0:
					full--
					return unix.EAGAIN
				case !interrupted:
					interrupted = true
					return unix.EINTR
				}
				return 0
			}}
			out.send = u.send
			out.wait = func(_ uintptr, most time.Duration) time.Duration {
				if most <= 0 || most > maxWait {
					t.Errorf("would wait %v", most)
				}
				return min(c.takes, most)
			}
			var route Route
			route.Set(address)
			for i := range 40 {
				out.Add(&route, patterned(100, uint32(i)))
			}
			out.Flush()
			if n := counters.Dropped.Load(); n != c.dropped {
				t.Errorf("%d dropped, want %d", n, c.dropped)
			}
			if n := counters.Waits.Load(); n > c.waits || n == 0 && c.waits > 0 {
				t.Errorf("waited %d times, want %d", n, c.waits)
			}
			if len(out.slots) != 0 {
				t.Errorf("%d still wait", len(out.slots))
			}
			read(t, conn, 40-int(c.dropped))
		})
	}
}

// TestWaitWritable: the real wait ends at once when there is room.
func TestWaitWritable(t *testing.T) {
	s := listenOn(t, "127.0.0.1:0", 1)[0]
	var took time.Duration
	if err := s.raw.Control(func(fd uintptr) { took = waitWritable(fd, patience) }); err != nil {
		t.Fatal(err)
	}
	if took >= patience {
		t.Errorf("took %v", took)
	}
}

// TestErrorsOfOthersAreSkipped: a real ICMP error about something sent does not end Receive.
func TestErrorsOfOthersAreSkipped(t *testing.T) {
	s := listenOn(t, "127.0.0.1:0", 1)[0]
	if err := s.raw.Control(func(fd uintptr) {
		// With this option Linux tells of ICMP errors on sockets that are not connected.
		if err := unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_RECVERR, 1); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	client, _ := plain(t, "127.0.0.1:0")
	gone := listenOn(t, "127.0.0.1:0", 1)[0]
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	out := NewOutbox(s, Options{Segments: true})
	var nobody Route
	nobody.Set(local(gone))
	until, in := time.Now().Add(patience), NewInbox(4)
	if due, err := s.arm(until); due || err != nil { // Receive is to look just once before it sleeps
		t.Fatal(due, err)
	}
	for range 3 {
		out.Add(&nobody, []byte("refused"))
		out.Flush()
		if _, err := client.WriteToUDPAddrPort([]byte("still here"), local(s)); err != nil {
			t.Fatal(err)
		}
		if err := s.Receive(in, until); err != nil || in.Len() != 1 {
			t.Fatalf("%d messages, error %v", in.Len(), err)
		}
	}
}
