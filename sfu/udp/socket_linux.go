//go:build amd64 || arm64

package udp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// bufferSize in bytes is what is asked for either way: 4 MiB hold a burst of
// some 25 ms at 1 Gb/s. Without the right to exceed it, net.core.rmem_max is the bound.
const bufferSize = 4 << 20

// maxSkipped is how many errors in a row are skipped before the owner gets its
// turn: a flood of ICMP must not hold it.
const maxSkipped = 64

// Socket is one UDP socket, to those who use it: what wakes its owner comes by
// one of the system's, and where the kernel can tell, what does not by another
// (see aside), by which everything leaves. Receive is its one owner's; Wake,
// Send, Conn and Close are for any goroutine.
type Socket struct {
	conn  *net.UDPConn
	raw   syscall.RawConn
	six   bool // of family IPv6, dual-stack too
	aside *aside
	out   syscall.RawConn // of the one by which everything leaves

	state atomic.Uint32

	// What follows is the owner's. The functions are made once, so that
	// Receive allocates nothing.
	inbox    *Inbox
	take     func(fd uintptr) bool
	poll     func(fd uintptr)
	hear     func(fd uintptr) // of aside
	refused  error
	deadline time.Time // what the poller was told last
	armed    bool      // whether that still holds
	more     bool      // aside may hold more than there was room for
}

// States of a socket: what its owner does, as wakers see it.
const (
	running  uint32 = iota // not waiting
	sleeping               // waiting, or about to: a waker must end that
	woken                  // the wait under way or the next one ends at once
)

// Supported says why this system cannot send and receive in batches; nil when
// it can. Sandboxes may withhold the calls.
func Supported() error {
	const nobody = ^uintptr(0)
	if _, errno := receiveMessages(nobody, nil); errno != unix.EBADF {
		return fmt.Errorf("udp: recvmmsg: %w: %w", errors.ErrUnsupported, errno)
	}
	if _, errno := sendMessages(nobody, nil); errno != unix.EBADF {
		return fmt.Errorf("udp: sendmmsg: %w: %w", errors.ErrUnsupported, errno)
	}
	return nil
}

// Listen opens n sockets on one address and port, among which the kernel
// spreads senders by their addresses (SO_REUSEPORT). For port 0 all get the one
// the first got. [::] is dual-stack. The port must be free: another process
// that has it, even one that would share, is an error (EADDRINUSE).
func Listen(address netip.AddrPort, n int) ([]*Socket, error) {
	if n < 1 {
		return nil, fmt.Errorf("udp: listen on %v with %d sockets: at least one is needed", address, n)
	}
	sockets := make([]*Socket, 0, n)
	for i := range n {
		s, err := listen(address, i > 0)
		if err != nil {
			for _, s := range sockets {
				err = errors.Join(err, s.Close())
			}
			return nil, fmt.Errorf("udp: open socket %d of %d on %v: %w", i+1, n, address, err)
		}
		sockets = append(sockets, s)
		address = netip.AddrPortFrom(address.Addr(), uint16(s.conn.LocalAddr().(*net.UDPAddr).Port))
	}
	setAside(sockets)
	return sockets, nil
}

// listen opens one socket. The first is bound before it agrees to share its
// port: so a second server on the port fails instead of taking half the clients.
func listen(address netip.AddrPort, join bool) (*Socket, error) {
	address = netip.AddrPortFrom(address.Addr().Unmap(), address.Port())
	network := "udp" // dual-stack for [::]
	switch {
	case address.Addr().Is4():
		network = "udp4"
	case !address.Addr().IsUnspecified():
		network = "udp6"
	}
	var config net.ListenConfig
	if join {
		config.Control = func(_, _ string, raw syscall.RawConn) error { return share(raw) }
	}
	packets, err := config.ListenPacket(context.Background(), network, address.String())
	if err != nil {
		return nil, err
	}
	s := &Socket{conn: packets.(*net.UDPConn), six: network != "udp4"}
	if s.raw, err = s.conn.SyscallConn(); err == nil && !join {
		err = share(s.raw)
	}
	if err == nil {
		err = s.raw.Control(prepare)
	}
	if err != nil {
		return nil, errors.Join(err, s.conn.Close())
	}
	s.out = s.raw
	s.take = s.receive
	s.poll = func(fd uintptr) {
		if !s.receive(fd) {
			s.overhear()
		}
	}
	s.hear = func(fd uintptr) {
		s.read(fd, s.inbox.messages[s.inbox.received:])
		s.more = s.inbox.received == len(s.inbox.messages)
	}
	return s, nil
}

func share(raw syscall.RawConn) error {
	var refused error
	err := raw.Control(func(fd uintptr) {
		refused = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	})
	return errors.Join(err, refused)
}

// prepare asks for large buffers and for runs of datagrams. All of it makes
// things better and none is needed, so a refusal is no error.
func prepare(fd uintptr) {
	for _, option := range [][2]int{{unix.SO_RCVBUFFORCE, unix.SO_RCVBUF}, {unix.SO_SNDBUFFORCE, unix.SO_SNDBUF}} {
		if unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, option[0], bufferSize) != nil {
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, option[1], bufferSize)
		}
	}
	_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, 1)
}

// Conn is the socket for everything else: writes of single datagrams by any
// goroutine, the local address. Nobody may read from it or set its read
// deadline, and Close is the Socket's.
func (s *Socket) Conn() *net.UDPConn { return s.conn }

// Close ends the socket; the second time it returns [net.ErrClosed].
func (s *Socket) Close() error {
	err := s.conn.Close()
	if s.aside != nil {
		_ = s.aside.file.Close() // nothing waits in it for long, and the second time it is closed
	}
	return err
}

// Release gives the bare socket to somebody who is to read all that comes to it.
// The Socket and those that were opened with it must not be used again but to
// be released or closed, too.
func (s *Socket) Release() *net.UDPConn {
	if s.aside != nil {
		_ = s.raw.Control(detach) // without it the kernel's own choice holds
		_ = s.aside.file.Close()
	}
	return s.conn
}

// Receive waits for datagrams and takes what is there, at most an inbox full.
// It returns nil with an empty inbox at the time until (zero: never) and after
// a [Socket.Wake]; it may do so early. After Close it returns [net.ErrClosed].
// Errors that other hosts caused (ICMP) are skipped.
//
// Reports (RTCP of the types SR and RR, and transport-wide feedback) may not
// end the wait: they come with whatever does. Who waits for nothing else looks
// by itself from time to time.
func (s *Socket) Receive(in *Inbox, until time.Time) error {
	in.clear()
	s.inbox, s.refused = in, nil
	wake := s.state.CompareAndSwap(woken, running)
	if wake || s.more || !s.armed || !until.Equal(s.deadline) {
		// Under load there is something to read: then no deadline need be set.
		if err := s.raw.Control(s.poll); err != nil {
			return closedOr(err)
		}
		if wake || in.received > 0 || s.refused != nil {
			return s.refused
		}
		if due, err := s.arm(until); due || err != nil {
			return err
		}
	}
	return s.sleep()
}

// arm tells the poller when to end the wait; due when that is now.
func (s *Socket) arm(until time.Time) (due bool, err error) {
	if !until.IsZero() && time.Until(until) <= 0 {
		return true, nil
	}
	if err := s.conn.SetReadDeadline(until); err != nil {
		return false, closedOr(err)
	}
	s.deadline, s.armed = until, true
	return false, nil
}

// sleep parks in the poller until there are datagrams, the deadline has come or
// a waker set one in the past. The order matters: our deadline was set before we
// say that we sleep, so it never overwrites a waker's.
func (s *Socket) sleep() error {
	if !s.state.CompareAndSwap(running, sleeping) {
		s.state.Store(running) // woken since Receive looked
		return nil
	}
	err := s.raw.Read(s.take)
	s.state.Store(running)
	switch {
	case err == nil:
		return s.refused
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.armed = false // a waker changed it, perhaps of an earlier wait and late
		s.overhear()
		return s.refused
	}
	return closedOr(err)
}

// Wake ends the Receive under way, or the next one if none is. When nobody
// sleeps it costs one atomic operation.
func (s *Socket) Wake() {
	if s.state.Load() == woken || s.state.Swap(woken) != sleeping {
		return
	}
	// Fails only on a closed socket, whose Receive ends by itself.
	_ = s.conn.SetReadDeadline(time.Unix(1, 0))
}

// Send sends one datagram at once, without waiting, from any goroutine: where it
// does not fit into the socket's buffer it is lost. The system call is raw: one
// the scheduler knows of wakes its monitor thread each time, which costs more
// than the call.
func (s *Socket) Send(datagram []byte, to netip.AddrPort) error {
	var name [nameSize]byte
	size := putName(&name, to, s.six, scopeOf(to.Addr().Zone()))
	if size == 0 {
		return fmt.Errorf("udp: send from %v to %v: %w", s.conn.LocalAddr(), to, unix.EAFNOSUPPORT)
	}
	var errno syscall.Errno
	err := s.out.Control(func(fd uintptr) { errno = sendTo(fd, datagram, &name, size) })
	switch {
	case err != nil: // Control fails on a closed file only, and says so in os's words
		return net.ErrClosed
	case errno != 0:
		return fmt.Errorf("udp: send to %v: %w", to, errno)
	}
	return nil
}

// receive takes what is there; false when nothing woke us.
func (s *Socket) receive(fd uintptr) bool {
	if !s.read(fd, s.inbox.messages[:s.inbox.most]) {
		return false
	}
	s.inbox.full = s.inbox.received == s.inbox.most
	s.overhear()
	return true
}

// overhear takes what came by the socket that wakes nobody.
func (s *Socket) overhear() {
	if s.aside != nil {
		_ = s.aside.raw.Control(s.hear) // fails on a closed one, and so does the next wait
	}
}

// read adds what is there to the inbox, as far as it has the room given; false
// when that is nothing.
func (s *Socket) read(fd uintptr, room []message) bool {
	for range maxSkipped {
		n, errno := receiveMessages(fd, room)
		switch errno {
		case 0:
			s.inbox.received += n
			return true
		case unix.EAGAIN:
			return false
		case unix.EINTR, unix.ECONNREFUSED, unix.ECONNRESET, unix.EHOSTUNREACH, unix.EHOSTDOWN, unix.ENETUNREACH,
			unix.ENETDOWN, unix.EPROTO, unix.ENOPROTOOPT, unix.EMSGSIZE, unix.EACCES, unix.EPERM:
			continue // an ICMP message about something sent earlier; each is told once
		case unix.ENOBUFS, unix.ENOMEM:
			return true // the owner comes again
		}
		s.refused = fmt.Errorf("udp: receive on %v: %w", s.conn.LocalAddr(), errno)
		return true
	}
	return true
}

func closedOr(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return net.ErrClosed
	}
	return fmt.Errorf("udp: wait for datagrams: %w", err)
}
