package floor

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// HeaderSize is what of a packet is not encrypted, in bytes: an RTP header
	// with a transport-wide number and a media section's name.
	HeaderSize = 24
	// tagSize is what sealing adds.
	tagSize = 16
	// perCall is how many messages one call sends.
	perCall = 16
	// MaxPackets is the most that one message carries.
	MaxPackets = 64
	maxSize    = 1500
	// arenaSize holds the messages of one call, one of which has 65 000 bytes at most.
	arenaSize = perCall << 16
)

// Floor seals and sends to a number of destinations. It is for one goroutine.
type Floor struct {
	fd    int
	to    []unix.RawSockaddrInet4
	keys  []cipher.AEAD // one for each destination, as every viewer has its own
	nonce [12]byte
	plain [maxSize]byte
	arena []byte
	used  int

	messages [perCall]message
	vectors  [perCall]unix.Iovec
	control  [perCall][24]byte // one UDP_SEGMENT, unix.CmsgSpace(2)
	waiting  int
	err      error
}

// message is struct mmsghdr.
type message struct {
	header unix.Msghdr
	sent   uint32 // bytes
	_      [4]byte
}

// New makes a Floor for destinations on loopback.
func New(to []netip.AddrPort) (*Floor, error) {
	// No poller may have it: it would be told of every datagram that left.
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open the floor's socket: %w", err)
	}
	f := &Floor{fd: fd, arena: make([]byte, arenaSize)}
	err = errors.Join(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 4<<20))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("set up the floor's socket: %w", err), f.Close())
	}
	for i, a := range to {
		block, err := aes.NewCipher([]byte{15: byte(i), 14: byte(i >> 8)})
		if err != nil {
			return nil, fmt.Errorf("make a key: %w", err)
		}
		key, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("make a key: %w", err)
		}
		f.keys = append(f.keys, key)
		sa := unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: a.Addr().Unmap().As4()}
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&sa.Port))[:], a.Port())
		f.to = append(f.to, sa)
	}
	for i := range f.control {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&f.control[i]))
		h.Level, h.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
		h.SetLen(unix.CmsgLen(2))
	}
	f.plain[0] = 0x90
	return f, nil
}

// Close gives the socket back.
func (f *Floor) Close() error { return unix.Close(f.fd) }

// Send seals a frame for every destination and sends it: so many packets, each
// with a payload of size bytes between header and tag.
func (f *Floor) Send(packets, size int) error {
	whole := HeaderSize + size + tagSize
	for i := range f.to {
		if f.waiting == perCall || len(f.arena)-f.used < packets*whole {
			f.flush()
		}
		start := f.used
		for range packets {
			f.Seal(i, size)
		}
		f.add(i, f.arena[start:f.used], whole)
	}
	f.flush()
	return f.err
}

// Seal is the first half of Send: one packet for destination i.
func (f *Floor) Seal(i, size int) {
	if len(f.arena)-f.used < maxSize {
		f.used = 0
	}
	packet := f.arena[f.used : f.used+HeaderSize]
	count(&f.nonce)
	copy(packet, f.plain[:HeaderSize])
	f.keys[i].Seal(packet, f.nonce[:], f.plain[HeaderSize:HeaderSize+size], packet)
	f.used += HeaderSize + size + tagSize
}

// count makes the next nonce.
func count(nonce *[12]byte) {
	binary.BigEndian.PutUint64(nonce[4:], binary.BigEndian.Uint64(nonce[4:])+1)
}

// Flush is the second half: what was sealed before goes out as it is, so many
// packets to every destination.
func (f *Floor) Flush(packets, size int) error {
	whole := HeaderSize + size + tagSize
	for i := range f.to {
		if f.waiting == perCall || len(f.arena)-f.used < packets*whole {
			f.flush()
		}
		f.add(i, f.arena[f.used:f.used+packets*whole], whole)
		f.used += packets * whole
	}
	f.flush()
	return f.err
}

// add makes a message of the packets in b.
func (f *Floor) add(i int, b []byte, each int) {
	n := f.waiting
	f.vectors[n].Base = unsafe.SliceData(b)
	f.vectors[n].SetLen(len(b))
	h := &f.messages[n].header
	h.Name, h.Namelen = (*byte)(unsafe.Pointer(&f.to[i])), unix.SizeofSockaddrInet4
	h.Iov = &f.vectors[n]
	h.SetIovlen(1)
	h.Control = nil
	h.SetControllen(0)
	if len(b) > each {
		binary.NativeEndian.PutUint16(f.control[n][unix.CmsgLen(0):], uint16(each))
		h.Control = &f.control[n][0]
		h.SetControllen(unix.CmsgSpace(2))
	}
	f.waiting++
}

// flush sends what waits.
func (f *Floor) flush() {
	for sent := 0; sent < f.waiting; {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(f.fd), uintptr(unsafe.Pointer(&f.messages[sent])), uintptr(f.waiting-sent), 0, 0, 0)
		if errno == unix.EAGAIN {
			continue // loopback takes it as soon as the other side has thrown it away
		}
		if errno != 0 {
			f.err = fmt.Errorf("send %d messages: %w", f.waiting-sent, errno)
			break
		}
		sent += int(n)
	}
	f.waiting, f.used = 0, 0
}

// Sinks opens sockets on loopback that throw everything away.
func Sinks(count int) (to []netip.AddrPort, shut func() error, err error) {
	var all []*net.UDPConn
	shut = func() (err error) {
		for _, c := range all {
			err = errors.Join(err, c.Close())
		}
		return err
	}
	for range count {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err == nil {
			all = append(all, c)
			err = filter(c, []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K}})
		}
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("open a socket that throws everything away: %w", err), shut())
		}
		to = append(to, c.LocalAddr().(*net.UDPAddr).AddrPort())
	}
	return to, shut, nil
}

// Deaf has a socket throw media away in the kernel and take nothing but STUN
// and DTLS (RFC 7983), so that a connection lives that nobody reads.
func Deaf(c *net.UDPConn) error {
	return filter(c, []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 8}, // the first byte after the UDP header
		{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, Jt: 1, K: 64},
		{Code: unix.BPF_RET | unix.BPF_K, K: 1 << 16},
		{Code: unix.BPF_RET | unix.BPF_K},
	})
}

func filter(c *net.UDPConn, program []unix.SockFilter) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return fmt.Errorf("filter a socket: %w", err)
	}
	var failed error
	if err := raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
			&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
	}); err != nil {
		failed = err
	}
	if failed != nil {
		return fmt.Errorf("filter a socket: %w", failed)
	}
	return nil
}
