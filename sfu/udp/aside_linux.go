//go:build amd64 || arm64

package udp

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// aside is a second socket on the port that nobody waits for: no poller has it.
//
// It takes reports. Each viewer of a picture sends some ten a second, one by
// one and in step with nothing, and to be woken costs several times what they
// are worth; what they say is as good when the next packet of media wakes the
// owner, or its next tick does, as long as it is known when they came
// (SO_TIMESTAMPNS). Requests for lost packets and for key frames
// wake at once, as do STUN, DTLS and media.
//
// Everything is sent by it, too. A socket that a poller has tells it of every
// datagram that has left, as it can take more then (EPOLLOUT): Go's poller asks
// to be told, and wakes a thread for it that has nothing to do.
//
// The kernel tells reports by the bytes RTCP leaves clear (RFC 3711 section
// 3.4) and chooses among the sockets of the port (SO_ATTACH_REUSEPORT_CBPF,
// socket(7), since Linux 4.5). Of datagrams that a network card's driver put
// together (GRO) it sees the first, so that what came with a report may wait
// with it.
type aside struct {
	file *os.File // blocking, so that os gives it to no poller; our calls do not wait
	raw  syscall.RawConn
}

// setAside opens an aside for each of the sockets, which share a port. Where the
// system refuses, they go on without: that costs time and nothing else.
func setAside(sockets []*Socket) {
	var err error
	for _, s := range sockets {
		if s.aside, err = openAside(s); err != nil {
			break
		}
	}
	if err == nil {
		err = attach(sockets[0], len(sockets))
	}
	for _, s := range sockets {
		switch {
		case s.aside == nil:
		case err == nil:
			s.out = s.aside.raw
		default:
			_ = s.aside.file.Close()
			s.aside = nil
		}
	}
}

// openAside opens a socket on the port of s.
func openAside(s *Socket) (*aside, error) {
	var name unix.Sockaddr
	var only int
	err := control(s.raw, func(fd uintptr) (err error) {
		name, err = unix.Getsockname(int(fd))
		if err == nil && s.six {
			only, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_V6ONLY)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	family := unix.AF_INET
	if s.six {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("udp: open a second socket: %w", err)
	}
	a := &aside{file: os.NewFile(uintptr(fd), "udp")}
	if a.raw, err = a.file.SyscallConn(); err == nil {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	}
	if err == nil && s.six {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only)
	}
	if err == nil {
		prepare(uintptr(fd))
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	}
	if err == nil {
		err = unix.Bind(fd, name)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("udp: set up a second socket: %w", err), a.file.Close())
	}
	return a, nil
}

// attach has the kernel choose among n sockets and their asides, which were
// bound in this order.
func attach(first *Socket, n int) error {
	program := choice(uint32(n))
	return control(first.raw, func(fd uintptr) error {
		return unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF,
			&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
	})
}

// detach leaves the choice to the kernel again.
func detach(fd uintptr) {
	_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DETACH_REUSEPORT_BPF, 0)
}

func control(raw syscall.RawConn, do func(fd uintptr) error) error {
	var refused error
	err := raw.Control(func(fd uintptr) { refused = do(fd) })
	return errors.Join(err, refused)
}

// Offsets in bytes: of the network's header, as a filter reaches it from the
// datagram's payload (SKF_NET_OFF), and in that of the sender's address, its
// last four bytes, and port.
const (
	network  = 0xFFF00000
	address4 = network + 12
	port4    = network + 20 // with options it is some of those
	address6 = network + 20
	port6    = network + 40
)

// The types of RTCP packets (RFC 3550 section 12.1, RFC 4585 section 6.1) and
// the format of transport-wide feedback
// (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).
const (
	typeSR, typeRR, typeRTPFB = 200, 201, 205
	formatTransport           = 15
)

// choice is a program that, of n sockets and then n asides, gives the number of
// the one that a datagram is for: by its sender, and whether it is a report. What is
// too short for it gets the first.
func choice(n uint32) []unix.SockFilter {
	const (
		loadByte  = unix.BPF_LD | unix.BPF_B | unix.BPF_ABS
		loadHalf  = unix.BPF_LD | unix.BPF_H | unix.BPF_ABS
		loadWord  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal     = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		and       = unix.BPF_ALU | unix.BPF_AND | unix.BPF_K
		add       = unix.BPF_ALU | unix.BPF_ADD
		store     = unix.BPF_ST
		golden    = 0x9E3779B1 // 2^32 over the golden ratio: neighbouring ports get spread
		sender    = 0          // of the scratch memory
		jump      = unix.BPF_JMP | unix.BPF_JA
		toX       = unix.BPF_MISC | unix.BPF_TAX
		answer    = unix.BPF_RET | unix.BPF_A
		recall    = unix.BPF_LD | unix.BPF_MEM
		times     = unix.BPF_ALU | unix.BPF_MUL | unix.BPF_K
		shift     = unix.BPF_ALU | unix.BPF_RSH | unix.BPF_K
		remainder = unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K
	)
	return []unix.SockFilter{
		{Code: loadByte, K: network},
		{Code: and, K: 0xF0},
		{Code: equal, K: 0x60, Jt: 4},
		{Code: loadWord, K: address4},
		{Code: toX},
		{Code: loadHalf, K: port4},
		{Code: jump, K: 3},
		{Code: loadWord, K: address6},
		{Code: toX},
		{Code: loadHalf, K: port6},
		{Code: add | unix.BPF_X},
		{Code: times, K: golden},
		{Code: shift, K: 16},
		{Code: remainder, K: n},
		{Code: store, K: sender},

		{Code: loadByte, K: 0}, // version 2 (RFC 7983 section 7)
		{Code: and, K: 0xC0},
		{Code: equal, K: 0x80, Jf: 7},
		{Code: loadByte, K: 1},
		{Code: equal, K: typeSR, Jt: 7},
		{Code: equal, K: typeRR, Jt: 6},
		{Code: equal, K: typeRTPFB, Jf: 3},
		{Code: loadByte, K: 0},
		{Code: and, K: 0x1F},
		{Code: equal, K: formatTransport, Jt: 2},

		{Code: recall, K: sender}, // it wakes
		{Code: answer},

		{Code: recall, K: sender}, // it does not
		{Code: add | unix.BPF_K, K: n},
		{Code: answer},
	}
}
