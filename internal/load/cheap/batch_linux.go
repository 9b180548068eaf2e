package cheap

import (
	"net/netip"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// batchSize is how many datagrams one system call takes at most: a frame of
	// video. What is longer takes two.
	batchSize = 16
	// controlSize holds what the kernel says of a datagram: when it came
	// (SCM_TIMESTAMPNS) and how many were dropped before it (SO_RXQ_OVFL).
	controlSize = 96
)

// batch is room for the datagrams of one system call (recvmmsg(2)).
type batch struct {
	messages [batchSize]message
	parts    [batchSize]unix.Iovec
	sources  [batchSize]unix.RawSockaddrInet6 // the larger of both families
	controls [batchSize][controlSize / 8]uint64
	data     [batchSize][maxPacket]byte
	list     [batchSize]datagram
}

// message is the kernel's struct mmsghdr.
type message struct {
	header unix.Msghdr
	size   uint32
}

func newBatch() *batch {
	b := &batch{}
	for i := range b.messages {
		b.parts[i].Base = &b.data[i][0]
		b.parts[i].SetLen(maxPacket)
		h := &b.messages[i].header
		h.Iov, h.Name, h.Control = &b.parts[i], (*byte)(unsafe.Pointer(&b.sources[i])), (*byte)(unsafe.Pointer(&b.controls[i]))
		h.SetIovlen(1)
	}
	return b
}

// receive takes what waits in a socket.
func (b *batch) receive(fd int) (int, syscall.Errno) {
	for i := range b.messages {
		b.messages[i].header.Namelen = uint32(unsafe.Sizeof(b.sources[i]))
		b.messages[i].header.SetControllen(controlSize)
	}
	n, _, errno := syscall.Syscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.messages[0])), batchSize, unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// note is what the kernel says of one datagram.
type note struct {
	stamp int64  // when it came, in nanoseconds of CLOCK_REALTIME, or 0
	drops uint32 // how many the socket had dropped by then
}

// note reads a datagram's control messages (cmsg(3)).
func (b *batch) note(i int) (n note) {
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&b.controls[i])), int(b.messages[i].header.Controllen))
	for len(raw) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&raw[0]))
		size := int(h.Len)
		if size < unix.SizeofCmsghdr || size > len(raw) {
			break
		}
		value := raw[unix.CmsgLen(0):size]
		switch {
		case h.Level != unix.SOL_SOCKET:
		case h.Type == unix.SCM_TIMESTAMPNS && len(value) >= int(unsafe.Sizeof(unix.Timespec{})):
			n.stamp = (*unix.Timespec)(unsafe.Pointer(&value[0])).Nano()
		case h.Type == unix.SO_RXQ_OVFL && len(value) >= 4:
			n.drops = *(*uint32)(unsafe.Pointer(&value[0]))
		}
		raw = raw[min(unix.CmsgSpace(size-unix.CmsgLen(0)), len(raw)):]
	}
	return n
}

// source is where a datagram came from.
func (b *batch) source(i int) netip.AddrPort {
	six := &b.sources[i]
	port := (*[2]byte)(unsafe.Pointer(&six.Port)) // in network order
	number := uint16(port[0])<<8 | uint16(port[1])
	if six.Family == unix.AF_INET {
		four := (*unix.RawSockaddrInet4)(unsafe.Pointer(six))
		return netip.AddrPortFrom(netip.AddrFrom4(four.Addr), number)
	}
	return netip.AddrPortFrom(netip.AddrFrom16(six.Addr).Unmap(), number)
}

// arrival is when a datagram came on the clock of now, which the kernel has
// stamped with the wall clock's time. Both clocks are read at once, so that
// their difference is never older than the look; and when the wall clock was
// stepped while the datagram waited, it still came after the socket was empty
// and before now.
func arrival(stamp int64, empty, now time.Time) time.Time {
	if stamp == 0 {
		return now
	}
	age := max(time.Duration(now.UnixNano()-stamp), 0)
	return now.Add(-min(age, max(now.Sub(empty), 0)))
}
