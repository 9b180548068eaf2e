package cheap

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// socket is a subscriber's UDP socket. While its owner joins, it is in Go's
// poller, and whoever is to answer is woken by what comes. Then it is detached:
// a plain descriptor that nobody waits for and that is looked at from time to
// time. On one machine the sender of a datagram does the kernel's part of the
// receiver's work, too, and waking a sleeper is the dearest of it: were
// subscribers woken, the server would pay for what on a network their own
// machines pay. No epoll instance holds it either, whose callback would run for
// every datagram: the sender finds nobody there.
//
// When a datagram came is what the kernel says, however late it is read.
type socket struct {
	conn    *net.UDPConn
	batches *sync.Pool
	ended   chan struct{} // closed when wait has ended

	fd    int       // once detached; -1 before and after
	empty time.Time // since when what is read now has come at the earliest
	drops uint32    // as the kernel counts them
}

func (c *Crowd) openSocket(network string) (*socket, error) {
	conn, err := net.ListenUDP(network, nil)
	if err != nil {
		return nil, fmt.Errorf("opening a UDP socket: %w", err)
	}
	s := &socket{conn: conn, batches: &c.batches, ended: make(chan struct{}), fd: -1, empty: time.Now()}
	_ = conn.SetReadBuffer(receiveBuffer) // with the smaller one it works too
	err = s.control(func(fd int) error {
		return errors.Join(
			os.NewSyscallError("SO_TIMESTAMPNS", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)),
			os.NewSyscallError("SO_RXQ_OVFL", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1)))
	})
	if err != nil {
		return nil, fmt.Errorf("having arrivals stamped: %w", errors.Join(err, conn.Close()))
	}
	return s, nil
}

// control does something with the descriptor that Go's poller has.
func (s *socket) control(do func(fd int) error) error {
	raw, err := s.conn.SyscallConn()
	if err != nil {
		return err
	}
	var did error
	if err := raw.Control(func(fd uintptr) { did = do(int(fd)) }); err != nil {
		return err
	}
	return did
}

// wait hands over what comes, as soon as it comes, until the socket is
// detached or closed.
func (s *socket) wait(take func([]datagram)) error {
	defer close(s.ended)
	raw, err := s.conn.SyscallConn()
	if err != nil {
		return fmt.Errorf("reading media: %w", err)
	}
	return raw.Read(func(fd uintptr) (done bool) {
		b, ok := s.batches.Get().(*batch)
		if !ok {
			b = newBatch()
		}
		defer s.batches.Put(b)
		s.drain(int(fd), b, take)
		return false
	})
}

// detach takes the socket out of Go's poller: from now on it is looked at.
// lock guards what the owner sends.
func (s *socket) detach(lock sync.Locker) error {
	fd := -1
	err := s.control(func(from int) (err error) {
		fd, err = unix.FcntlInt(uintptr(from), unix.F_DUPFD_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return fmt.Errorf("taking a socket out of the poller: %w", err)
	}
	lock.Lock()
	s.fd = fd
	lock.Unlock()
	s.stop()
	<-s.ended // one reads at a time
	return nil
}

// look hands over what has come to a detached socket.
func (s *socket) look(b *batch, take func([]datagram)) {
	if s.fd >= 0 {
		s.drain(s.fd, b, take)
	}
}

// drain reads until nothing waits.
func (s *socket) drain(fd int, b *batch, take func([]datagram)) {
	for {
		before := time.Now()
		n, errno := b.receive(fd)
		if n > 0 {
			take(s.received(b, n, time.Now()))
		}
		if errno == unix.EAGAIN || errno == unix.EBADF || errno == 0 && n < batchSize {
			s.empty = before
			return
		}
		// Other errors are ICMP's answers to something we sent.
	}
}

// received lists what one system call took.
func (s *socket) received(b *batch, n int, now time.Time) []datagram {
	for i := range n {
		said := b.note(i)
		b.list[i] = datagram{data: b.data[i][:b.messages[i].size], from: b.source(i), at: arrival(said.stamp, s.empty, now)}
		if said.drops != 0 { // it is said of every datagram once there was one
			b.list[i].dropped, s.drops = said.drops-s.drops, said.drops
		}
	}
	return b.list[:n]
}

// send sends one datagram; what the system does not take is lost.
func (s *socket) send(b []byte, to netip.AddrPort) {
	switch {
	case s.fd < 0:
		_, _ = s.conn.WriteToUDPAddrPort(b, to)
	case to.Addr().Is4():
		_ = unix.Sendto(s.fd, b, unix.MSG_DONTWAIT, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()})
	default:
		_ = unix.Sendto(s.fd, b, unix.MSG_DONTWAIT, &unix.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()})
	}
}

// sample makes the kernel throw away all media but every n-th packet.
func (s *socket) sample(n int) error {
	if s.fd < 0 {
		return errNotConnected
	}
	return attachFilter(s.fd, n)
}

// stop ends wait.
func (s *socket) stop() { _ = s.conn.Close() }

// close gives the descriptor back. Nothing may wait any more.
func (s *socket) close() {
	s.stop()
	if s.fd >= 0 {
		_ = unix.Close(s.fd)
		s.fd = -1
	}
}
