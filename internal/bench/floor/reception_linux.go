package floor

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Reception is the floor of what comes in: so many packets in one read
// (recvmmsg), each opened, and nothing else. It is for one goroutine.
type Reception struct {
	send     *Floor
	conn     *net.UDPConn
	fd       int
	messages [MaxPackets]message
	vectors  [MaxPackets]unix.Iovec
	buffers  [MaxPackets][2048]byte
	nonce    [12]byte
}

// NewReception opens the sockets.
func NewReception() (*Reception, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("open the floor's socket: %w", err)
	}
	r := &Reception{conn: conn}
	r.send, err = New([]netip.AddrPort{conn.LocalAddr().(*net.UDPAddr).AddrPort()})
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	raw, err := conn.SyscallConn()
	if err == nil {
		err = errors.Join(raw.Control(func(fd uintptr) { r.fd = int(fd) }), conn.SetReadBuffer(4<<20))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("set up the floor's socket: %w", err), r.Close())
	}
	for i := range r.messages {
		r.vectors[i].Base = &r.buffers[i][0]
		r.vectors[i].SetLen(len(r.buffers[i]))
		r.messages[i].header.Iov = &r.vectors[i]
		r.messages[i].header.SetIovlen(1)
	}
	return r, nil
}

// Close gives the sockets back.
func (r *Reception) Close() error { return errors.Join(r.send.Close(), r.conn.Close()) }

// Receive has packets come, at most [MaxPackets] with size bytes of payload
// each, and gives what reading and opening them took.
func (r *Reception) Receive(packets, size int) (time.Duration, error) {
	first := r.send.nonce
	for range packets { // each alone, as they come from a network
		if err := r.send.Send(1, size); err != nil {
			return 0, err
		}
	}
	r.nonce = first
	began := Thread()
	for got := 0; got < packets; {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(r.fd), uintptr(unsafe.Pointer(&r.messages)), uintptr(packets-got), 0, 0, 0)
		if errno == unix.EAGAIN {
			continue
		}
		if errno != 0 {
			return 0, fmt.Errorf("receive: %w", errno)
		}
		for i := range int(n) {
			count(&r.nonce)
			b := r.buffers[i][:r.messages[i].sent]
			if _, err := r.send.keys[0].Open(b[HeaderSize:HeaderSize], r.nonce[:], b[HeaderSize:], b[:HeaderSize]); err != nil {
				return 0, fmt.Errorf("open what came: %w", err)
			}
		}
		got += int(n)
	}
	return Thread() - began, nil
}
