//go:build amd64 || arm64

package udp

import (
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// arenaSize in bytes is how much may wait. It stays in the processor's
	// second cache between sealing and the kernel's copy, and it bounds how
	// long one raw call holds the processor: some 200 datagrams, ¼ ms.
	arenaSize = 256 << 10
	// maxSlots is how many datagrams may wait: small audio packets fill it about
	// when large ones fill the arena.
	maxSlots = 2048
	// maxMessages is how many messages one call carries.
	maxMessages = 16
	// maxSegments is how many datagrams one message carries: what kernels since
	// 4.18 take (UDP_MAX_SEGMENTS, later raised to 128).
	maxSegments = 64
	// maxRun in bytes keeps a message below 64 KiB with all headers.
	maxRun = 65_000
	// MaxDatagram is the largest payload in bytes of a UDP datagram over IPv4.
	MaxDatagram = 65_507
)

// Route is a destination with what waits for it. The zero value is ready and
// has no destination. It belongs to the goroutine of its one [Outbox].
type Route struct {
	to       netip.AddrPort
	name     [nameSize]byte
	nameSize uint32 // 0 until a flush writes the name, or when there is none

	first, last int32 // of the outbox's slots; valid while waiting
	waiting     bool
	alone       bool // takes no segments
}

// Set changes the destination, also of what waits already. Segments get a new chance.
func (r *Route) Set(to netip.AddrPort) {
	r.to, r.nameSize, r.alone = to, 0, false
}

// To is the destination.
func (r *Route) To() netip.AddrPort { return r.to }

// slot is a datagram that waits in the arena.
type slot struct {
	offset, size int32
	next         int32 // of the same route, or none
}

const none = -1

// Outbox collects datagrams and sends them together. It belongs to one
// goroutine; several may send on one socket.
type Outbox struct {
	socket   *Socket
	segments bool
	counters *Counters

	arena  []byte
	used   int
	slots  []slot
	routes []*Route // that have something waiting, in order of their first

	// The messages of the next call, their vectors, and what they carry.
	messages [maxMessages]message
	controls [maxMessages][segmentControl]byte
	runs     [maxMessages]run
	count    int
	vectors  []unix.Iovec
	single   [1]message // of a run that goes once more without segments
	lone     unix.Iovec // its datagram

	tally    tally
	patience time.Duration // what this flush may still wait

	// Made once, so that a flush allocates nothing; send and wait are the
	// system's, tests put errors in.
	flush func(fd uintptr)
	send  func(fd uintptr, messages []message) (int, syscall.Errno)
	wait  func(fd uintptr, most time.Duration) time.Duration
}

// NewOutbox makes an outbox that sends on s.
func NewOutbox(s *Socket, o Options) *Outbox {
	out := &Outbox{
		socket: s, segments: o.Segments, counters: o.Counters,
		arena: make([]byte, arenaSize), slots: make([]slot, 0, maxSlots),
		vectors: make([]unix.Iovec, 0, maxMessages*maxSegments),
		send:    sendMessages, wait: waitWritable,
	}
	if out.counters == nil {
		out.counters = &Counters{}
	}
	for i := range out.controls {
		putSegment(&out.controls[i])
	}
	out.flush = out.flushTo
	return out
}

// Space is room for one datagram of at most n bytes, which need not be used. It
// has length 0 and capacity n and is good until the next call of the outbox.
// When the arena is full, what waits is sent first.
func (o *Outbox) Space(n int) []byte {
	if o.used+n > len(o.arena) || len(o.slots) == cap(o.slots) {
		o.Flush()
	}
	if n > len(o.arena) {
		return make([]byte, 0, n) // never a datagram; Add drops it
	}
	return o.arena[o.used : o.used : o.used+n]
}

// Add lets a datagram wait for its flush, in order behind the others of r.
// Written into the space last given it stays where it is; any other is copied.
func (o *Outbox) Add(r *Route, datagram []byte) {
	switch {
	case len(datagram) == 0:
		return
	case len(datagram) > MaxDatagram:
		o.counters.Dropped.Add(1)
		return
	case o.used == len(o.arena) || &datagram[0] != &o.arena[o.used]:
		datagram = append(o.Space(len(datagram)), datagram...)
	}
	at := int32(len(o.slots))
	o.slots = append(o.slots, slot{offset: int32(o.used), size: int32(len(datagram)), next: none})
	o.used += len(datagram)
	if r.waiting {
		o.slots[r.last].next = at
	} else {
		r.first, r.waiting = at, true
		o.routes = append(o.routes, r)
	}
	r.last = at
}

// Flush sends everything that waits. It does not wait for the network, except
// for at most 5 ms in all while the socket's buffer is full; then, and where
// the system refuses, datagrams are dropped and counted.
func (o *Outbox) Flush() {
	if len(o.slots) == 0 {
		return
	}
	o.patience = maxWait
	if o.socket.out.Control(o.flush) != nil {
		o.tally.dropped += len(o.slots) // closed
	}
	for _, r := range o.routes {
		r.waiting = false
	}
	clear(o.routes)
	o.routes, o.slots, o.used = o.routes[:0], o.slots[:0], 0
	o.tally.report(o.counters)
	o.tally = tally{}
}
