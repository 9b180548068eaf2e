package cheap

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batchSize is how many datagrams one system call takes at most: a frame of
// video. What is longer takes two.
const batchSize = 16

// batch is room for the datagrams of one system call (recvmmsg(2)).
type batch struct {
	messages [batchSize]message
	parts    [batchSize]unix.Iovec
	sources  [batchSize]unix.RawSockaddrInet6 // the larger of both families
	data     [batchSize][maxPacket]byte
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
		h.Iov, h.Name = &b.parts[i], (*byte)(unsafe.Pointer(&b.sources[i]))
		h.SetIovlen(1)
	}
	return b
}

// inbox reads the sockets of a crowd. Batches are shared: one is in use only
// while a socket is being emptied, so there are no more than threads.
type inbox struct{ batches sync.Pool }

// each hands every datagram of a socket over until it is closed. The socket is
// asked again only when the system says that something has come.
func (in *inbox) each(socket *net.UDPConn, take func(datagram []byte, from netip.AddrPort)) error {
	raw, err := socket.SyscallConn()
	if err != nil {
		return fmt.Errorf("reading media: %w", err)
	}
	return raw.Read(func(fd uintptr) (done bool) {
		b, ok := in.batches.Get().(*batch)
		if !ok {
			b = newBatch()
		}
		defer in.batches.Put(b)
		for {
			n, errno := b.receive(fd)
			for i := range n {
				take(b.data[i][:b.messages[i].size], b.source(i))
			}
			switch {
			case errno == unix.EBADF:
				return true
			case errno == unix.EAGAIN, errno == 0 && n < batchSize:
				return false // it is empty
			}
			// Other errors are ICMP's answers to something we sent.
		}
	})
}

// receive takes what waits.
func (b *batch) receive(fd uintptr) (int, syscall.Errno) {
	for i := range b.messages {
		b.messages[i].header.Namelen = uint32(unsafe.Sizeof(b.sources[i]))
	}
	n, _, errno := syscall.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&b.messages[0])), batchSize, unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
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
