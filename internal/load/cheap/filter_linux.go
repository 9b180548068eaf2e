package cheap

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// sampling is a classic BPF program that lets everything pass but RTP packets
// whose number is not a multiple of n, a power of two. A UDP socket's filter
// sees the datagram with its UDP header of 8 bytes.
func sampling(n int) []unix.SockFilter {
	const (
		first, second, number = 8 + 0, 8 + 1, 8 + 2
		loadByte              = unix.BPF_LD | unix.BPF_B | unix.BPF_ABS
		loadHalf              = unix.BPF_LD | unix.BPF_H | unix.BPF_ABS
		atLeast               = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
		anyBit                = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
		done                  = unix.BPF_RET | unix.BPF_K
		everything            = 1<<32 - 1
	)
	return []unix.SockFilter{
		{Code: loadByte, K: first},
		{Code: atLeast, K: 128, Jf: 6}, // STUN and DTLS (RFC 7983)
		{Code: atLeast, K: 192, Jt: 5},
		{Code: loadByte, K: second},
		{Code: atLeast, K: 192, Jf: 1},
		{Code: atLeast, K: 224, Jf: 2}, // RTCP (RFC 5761 section 4)
		{Code: loadHalf, K: number},
		{Code: anyBit, K: uint32(n - 1), Jt: 1},
		{Code: done, K: everything},
		{Code: done, K: 0},
	}
}

// attachFilter makes the kernel sample what a socket receives.
func attachFilter(fd, n int) error {
	program := sampling(n)
	filter := &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, filter); err != nil {
		return fmt.Errorf("sampling: attaching the socket filter: %w", err)
	}
	return nil
}
