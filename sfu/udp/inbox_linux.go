//go:build amd64 || arm64

package udp

import (
	"net"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// largest is the size in bytes of the largest message the kernel hands out:
	// one datagram, or a run of them it put together.
	largest = 65_535
	// stride is the distance in bytes of two messages in memory. A power of two
	// would put the beginnings of all of them into the same few lines of the
	// processor's cache. Only what was received is ever touched, so a room for
	// the largest costs addresses, not memory.
	stride = 65_536 + 21*64
	// longest is how long a datagram may have waited, as far as that is
	// believed: the system's clock, by which it is stamped, may have been set meanwhile.
	longest = 100 * time.Millisecond
)

// Inbox holds what one [Socket.Receive] took.
type Inbox struct {
	messages []message
	names    [][nameSize]byte
	controls [][coalesceControl]byte
	vectors  []unix.Iovec
	memory   []byte
	received int
	most     int               // of what wakes; the rest is for reports, whatever else comes
	full     bool              // most came: there may be more
	zones    map[uint32]string // names of the interfaces link-local addresses came by
}

// NewInbox makes room for so many messages, two or more, the last fifth of them
// for reports; 32 keep the price of the call small against that of the datagrams.
func NewInbox(messages int) *Inbox {
	in := &Inbox{
		most:     messages - max(1, messages/5),
		messages: make([]message, messages),
		names:    make([][nameSize]byte, messages),
		controls: make([][coalesceControl]byte, messages),
		vectors:  make([]unix.Iovec, messages),
		memory:   make([]byte, messages*stride),
		zones:    map[uint32]string{},
	}
	for i := range in.messages {
		header := &in.messages[i].header
		in.vectors[i].Base = &in.memory[i*stride]
		in.vectors[i].SetLen(largest)
		header.Name = &in.names[i][0]
		header.Control = &in.controls[i][0]
		header.Iov = &in.vectors[i]
		header.SetIovlen(1)
	}
	in.received = messages
	in.clear()
	return in
}

// clear makes the inbox ready for the kernel, which wrote the true sizes over
// those of the rooms.
func (in *Inbox) clear() {
	for i := range in.received {
		in.messages[i].header.Namelen = nameSize
		in.messages[i].header.SetControllen(coalesceControl)
	}
	in.received, in.full = 0, false
}

// Full says whether there may be more than what was received.
func (in *Inbox) Full() bool { return in.full }

// Len is how many messages wait: datagrams, or runs of datagrams. 0 after a
// Receive that ended without any.
func (in *Inbox) Len() int { return in.received }

// Each calls take with every datagram, its sender's address, IPv4 addresses as
// such also on a dual-stack socket, and when it came: now, but for reports that
// have waited. A datagram is valid, and take's to change, until the next
// Receive. Empty ones are left out.
func (in *Inbox) Each(now time.Time, take func(datagram []byte, from netip.AddrPort, at time.Time)) {
	for i := range in.received {
		m := &in.messages[i]
		if m.header.Flags&unix.MSG_TRUNC != 0 {
			continue
		}
		rest := in.memory[i*stride:][:m.size:m.size]
		size, at := len(rest), now
		if m.header.Controllen > 0 {
			segment, stamp := readControl(in.controls[i][:m.header.Controllen])
			if segment > 0 {
				size = segment
			}
			if stamp > 0 {
				at = now.Add(-min(longest, max(0, time.Duration(now.UnixNano()-stamp))))
			}
		}
		from, scope := readName(&in.names[i])
		if scope != 0 {
			from = netip.AddrPortFrom(from.Addr().WithZone(in.zone(scope)), from.Port())
		}
		for len(rest) > 0 {
			n := min(size, len(rest))
			take(rest[:n:n], from, at)
			rest = rest[n:]
		}
	}
}

// zone is the name of an interface, or its number where it has gone.
func (in *Inbox) zone(scope uint32) string {
	name, ok := in.zones[scope]
	if !ok {
		name = strconv.FormatUint(uint64(scope), 10)
		if i, err := net.InterfaceByIndex(int(scope)); err == nil {
			name = i.Name
		}
		in.zones[scope] = name
	}
	return name
}

// scopeOf is the number of an interface by its name or number, 0 for none.
func scopeOf(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if i, err := net.InterfaceByName(zone); err == nil {
		return uint32(i.Index)
	}
	n, err := strconv.ParseUint(zone, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
