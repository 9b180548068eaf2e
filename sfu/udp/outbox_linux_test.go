//go:build amd64 || arm64

package udp

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"weak"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// TestDatagramsArriveWholeAndInOrder sends random mixes of sizes to random routes,
// written in place or not, and flushed at random times. Every datagram arrives
// as it was and in order of its route: at ordinary sockets, where the kernel
// cuts runs, and at batch sockets, where Each does.
func TestDatagramsArriveWholeAndInOrder(t *testing.T) {
	sender := listenOn(t, "127.0.0.1:0", 1)[0]
	var conns []*net.UDPConn
	var batch []*Socket
	var to []netip.AddrPort
	for range 2 {
		conn, address := plain(t, "127.0.0.1:0")
		conns, to = append(conns, conn), append(to, address)
	}
	for range 2 {
		s := listenOn(t, "127.0.0.1:0", 1)[0]
		batch, to = append(batch, s), append(to, local(s))
	}
	in := NewInbox(8)
	rapid.Check(t, func(t *rapid.T) {
		var counters Counters
		out := NewOutbox(sender, Options{Segments: rapid.Bool().Draw(t, "segments"), Counters: &counters})
		routes := make([]Route, len(to))
		want := make([][][]byte, len(to))
		for i := range routes {
			routes[i].Set(to[i])
		}
		sent := 0
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			route := rapid.IntRange(0, len(to)-1).Draw(t, "route")
			size := rapid.SampledFrom([]int{1, 60, 100, 500, 1150, 1150, 4000}).Draw(t, "size")
			for range rapid.IntRange(1, min(100, 100_000/size)).Draw(t, "run") {
				d := patterned(size-rapid.SampledFrom([]int{0, 0, 0, 0, 0, size / 3}).Draw(t, "shorter"), uint32(sent))
				want[route] = append(want[route], d)
				sent++
				put(t, out, &routes[route], d)
			}
			if rapid.IntRange(0, 4).Draw(t, "flush") == 0 {
				out.Flush()
			}
		}
		out.Flush()
		for i, conn := range conns {
			compare(t, i, want[i], read(t, conn, len(want[i])))
		}
		for i, s := range batch {
			got, from := receive(t, s, in, len(want[len(conns)+i]))
			compare(t, len(conns)+i, want[len(conns)+i], got)
			for _, f := range from {
				if f != local(sender) {
					t.Fatalf("from %v, sent by %v", f, local(sender))
				}
			}
		}
		if n := counters.Datagrams.Load(); len(out.slots) != 0 || n != uint64(sent) || counters.Dropped.Load() != 0 {
			t.Fatalf("%d of %d counted, %d wait", n, sent, len(out.slots))
		}
	})
}

// put adds a datagram in one of the ways callers do.
func put(t *rapid.T, out *Outbox, route *Route, datagram []byte) {
	before := len(out.slots)
	switch rapid.IntRange(0, 2).Draw(t, "way") {
	case 0: // into space of just its size
		out.Add(route, append(out.Space(len(datagram)), datagram...))
	case 1: // into more space than it needs
		out.Add(route, append(out.Space(len(datagram)+100), datagram...))
	case 2: // from elsewhere
		out.Add(route, bytes.Clone(datagram))
	}
	if len(out.slots) != before+1 && len(out.slots) != 1 {
		t.Fatalf("%d waited, then %d", before, len(out.slots))
	}
}

func compare(t *rapid.T, route int, want, got [][]byte) {
	t.Helper()
	if slices.EqualFunc(want, got, bytes.Equal) {
		return
	}
	var sizes []string
	for i := range want {
		if !bytes.Equal(want[i], got[i]) {
			sizes = append(sizes, fmt.Sprintf("%d: %d bytes became %d", i, len(want[i]), len(got[i])))
		}
	}
	t.Fatalf("route %d: %v", route, sizes)
}

// TestRunsBecomeMessages counts messages and calls, which is what all this is for.
func TestRunsBecomeMessages(t *testing.T) {
	for _, c := range []struct {
		name                      string
		alone                     bool
		sizes                     []int
		routes                    int
		messages, segmented, call uint64
	}{
		{name: "equal sizes", sizes: []int{1150, 1150, 1150}, messages: 1, segmented: 3},
		{name: "the last may be shorter", sizes: []int{1150, 1150, 400}, messages: 1, segmented: 3},
		{name: "after a shorter one comes a new message", sizes: []int{1150, 400, 400, 1150}, messages: 3, segmented: 2},
		{name: "growing sizes", sizes: []int{100, 200, 300}, messages: 3},
		{name: "one", sizes: []int{100}, messages: 1},
		{name: "64 at most", sizes: slices.Repeat([]int{100}, 130), messages: 3, segmented: 130},
		{name: "65 000 bytes at most", sizes: slices.Repeat([]int{1250}, 53), messages: 2, segmented: 52},
		{name: "without segments", alone: true, sizes: []int{1150, 1150, 1150}, messages: 3},
		{name: "16 messages in a call", sizes: []int{100}, routes: 40, messages: 40, call: 3},
		{name: "routes in turns", sizes: []int{100, 100, 100}, routes: 3, messages: 3, segmented: 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			sender := listenOn(t, "127.0.0.1:0", 1)[0]
			conn, address := plain(t, "127.0.0.1:0")
			var counters Counters
			out := NewOutbox(sender, Options{Segments: !c.alone, Counters: &counters})
			routes := make([]Route, max(c.routes, 1))
			for _, size := range c.sizes {
				for i := range routes {
					routes[i].Set(address)
					out.Add(&routes[i], patterned(size, 1))
				}
			}
			out.Flush()
			read(t, conn, len(c.sizes)*len(routes))
			if n := counters.Messages.Load(); n != c.messages {
				t.Errorf("%d messages, want %d", n, c.messages)
			}
			if n := counters.Segmented.Load(); n != c.segmented {
				t.Errorf("%d datagrams went as segments, want %d", n, c.segmented)
			}
			if n := counters.Calls.Load(); n != max(c.call, 1) {
				t.Errorf("%d calls, want %d", n, max(c.call, 1))
			}
		})
	}
}

// TestAdjacentDatagramsShareAVector looks at what the kernel is given.
func TestAdjacentDatagramsShareAVector(t *testing.T) {
	sender := listenOn(t, "127.0.0.1:0", 1)[0]
	out := NewOutbox(sender, Options{Segments: true})
	var vectors []uint64
	out.send = func(fd uintptr, messages []message) (int, syscall.Errno) {
		for _, m := range messages {
			vectors = append(vectors, m.header.Iovlen)
		}
		return len(messages), 0
	}
	a, b := new(Route), new(Route)
	a.Set(local(sender))
	b.Set(local(sender))
	for _, r := range []*Route{a, a, a, b, b, a} {
		out.Add(r, append(out.Space(200), patterned(100, 1)...))
	}
	out.Flush()
	if !slices.Equal(vectors, []uint64{2, 1}) {
		t.Errorf("vectors by message: %v, want 2 for the interrupted run and 1 for the other", vectors)
	}
}

func TestNowhereToGo(t *testing.T) {
	sender := listenOn(t, "127.0.0.1:0", 1)[0]
	conn, address := plain(t, "127.0.0.1:0")
	var counters Counters
	out := NewOutbox(sender, Options{Segments: true, Counters: &counters})
	var unset, six, good Route
	six.Set(netip.MustParseAddrPort("[2001:db8::1]:9"))
	good.Set(address)
	out.Add(&unset, []byte("no destination"))
	out.Add(&six, []byte("IPv6 from an IPv4 socket"))
	out.Add(&good, make([]byte, MaxDatagram+1))
	out.Add(&good, append(out.Space(1<<20), make([]byte, 1<<20)...))
	out.Add(&good, nil)
	out.Add(&good, []byte("arrives"))
	out.Flush()
	if got := read(t, conn, 1); string(got[0]) != "arrives" {
		t.Errorf("got %q", got[0])
	}
	if n := counters.Dropped.Load(); n != 4 {
		t.Errorf("%d dropped, want 4", n)
	}
	if err := sender.Close(); err != nil {
		t.Fatal(err)
	}
	out.Add(&good, []byte("too late"))
	out.Flush()
	if n := counters.Dropped.Load(); n != 5 {
		t.Errorf("%d dropped after Close, want 5", n)
	}
}

// TestArenaIsBounded: however small the datagrams, what waits is sent before it grows.
func TestArenaIsBounded(t *testing.T) {
	sender := listenOn(t, "127.0.0.1:0", 1)[0]
	var counters Counters
	out := NewOutbox(sender, Options{Segments: true, Counters: &counters})
	out.send = func(_ uintptr, messages []message) (int, syscall.Errno) { return len(messages), 0 }
	var route Route
	route.Set(local(sender))
	for _, size := range []int{1, 1200} {
		for i := range 3 * maxSlots {
			if out.Add(&route, out.Space(size)[:size]); len(out.slots) > maxSlots {
				t.Fatalf("%d wait after %d of %d bytes", len(out.slots), i+1, size)
			}
		}
	}
	out.Flush()
	if n := counters.Datagrams.Load(); n != 6*maxSlots {
		t.Errorf("%d sent, want %d", n, 6*maxSlots)
	}
}

// TestRouteMoves: what waits goes to the destination set last.
func TestRouteMoves(t *testing.T) {
	sender := listenOn(t, "127.0.0.1:0", 1)[0]
	_, old := plain(t, "127.0.0.1:0")
	conn, address := plain(t, "127.0.0.1:0")
	out := NewOutbox(sender, Options{Segments: true})
	var route Route
	route.Set(old)
	out.Add(&route, []byte("waits"))
	route.Set(address)
	out.Flush()
	if got := read(t, conn, 1); string(got[0]) != "waits" || route.To() != address {
		t.Errorf("got %q, route to %v", got[0], route.To())
	}
}

// TestRoutesAreLetGo: a viewer who has left is not kept by what was sent to them.
func TestRoutesAreLetGo(t *testing.T) {
	sender := listenOn(t, "127.0.0.1:0", 1)[0]
	_, address := plain(t, "127.0.0.1:0")
	for _, refused := range []bool{false, true} {
		out := NewOutbox(sender, Options{Segments: true})
		if refused {
			u := &unwilling{refuse: func(m *message) syscall.Errno {
				if segmented(m) {
					return unix.EIO
				}
				return 0
			}}
			out.send = u.send
		}
		route := &struct { // larger than what the allocator packs together
			Route
			_ [1000]byte
		}{}
		route.Set(address)
		for range 3 {
			out.Add(&route.Route, patterned(100, 1))
		}
		out.Flush()
		kept := weak.Make(route)
		runtime.KeepAlive(route)
		route = nil
		runtime.GC()
		if kept.Value() != nil {
			t.Errorf("segments refused %v: the route is still there", refused)
		}
		runtime.KeepAlive(out)
	}
}

func TestSendingAllocatesNothing(t *testing.T) {
	sender := listenOn(t, "127.0.0.1:0", 1)[0]
	_, address := plain(t, "127.0.0.1:0")
	out := NewOutbox(sender, Options{Segments: true})
	routes := make([]Route, 20)
	for i := range routes {
		routes[i].Set(address)
	}
	payload := patterned(1150, 1)
	send := func() {
		for i := range routes {
			for range 6 {
				out.Add(&routes[i], append(out.Space(1500), payload...))
			}
		}
		out.Flush()
	}
	send()
	if n := testing.AllocsPerRun(50, send); n != 0 {
		t.Errorf("%v allocations for 120 datagrams", n)
	}
}
