//go:build amd64 || arm64

package udp

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// message is struct mmsghdr of recvmmsg(2): on 64-bit systems the header has 56
// bytes and the length is padded to 8.
type message struct {
	header unix.Msghdr
	size   uint32
	_      [4]byte
}

// Does not compile where the system's struct is another.
var _ [64]byte = [unsafe.Sizeof(message{})]byte{}

// receiveMessages is recvmmsg(2) without waiting. It is a raw call: the socket
// never blocks, so telling the scheduler about it would cost more than it saves.
func receiveMessages(fd uintptr, messages []message) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_RECVMMSG, fd,
		uintptr(unsafe.Pointer(unsafe.SliceData(messages))), uintptr(len(messages)), unix.MSG_DONTWAIT, 0, 0)
	return int(n), errno
}

// sendMessages is sendmmsg(2) without waiting, raw for the same reason. An error
// belongs to the first message; one of a later message ends the call early and
// is told by the next.
func sendMessages(fd uintptr, messages []message) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_SENDMMSG, fd,
		uintptr(unsafe.Pointer(unsafe.SliceData(messages))), uintptr(len(messages)), unix.MSG_DONTWAIT, 0, 0)
	return int(n), errno
}

// sendTo is sendto(2) without waiting, raw for the same reason.
func sendTo(fd uintptr, datagram []byte, name *[nameSize]byte, size uint32) syscall.Errno {
	_, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(datagram))), uintptr(len(datagram)),
		unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(name)), uintptr(size))
	return errno
}
