//go:build amd64 || arm64

package rawtcp

import (
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// conn is a [net.TCPConn] but for how it reads and writes.
type conn struct {
	*net.TCPConn
	raw syscall.RawConn
}

func wrap(t *net.TCPConn) net.Conn {
	raw, err := t.SyscallConn()
	if err != nil {
		return t // it is closed
	}
	return &conn{t, raw}
}

// Read implements [net.Conn].
func (c *conn) Read(b []byte) (n int, err error) {
	if len(b) == 0 {
		return 0, nil
	}
	var errno syscall.Errno
	err = c.raw.Read(func(fd uintptr) bool {
		n, errno = transfer(unix.SYS_RECVFROM, fd, b[:min(len(b), longest)], 0)
		return errno != unix.EAGAIN
	})
	switch {
	case err != nil:
		return 0, err
	case errno != 0:
		return 0, c.failed("read", "recvfrom", errno)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write implements [net.Conn].
func (c *conn) Write(b []byte) (written int, err error) {
	if len(b) > longest {
		return c.TCPConn.Write(b)
	}
	var errno syscall.Errno
	err = c.raw.Write(func(fd uintptr) bool {
		for written < len(b) {
			var n int
			if n, errno = transfer(unix.SYS_SENDTO, fd, b[written:], unix.MSG_NOSIGNAL); errno != 0 {
				return errno != unix.EAGAIN
			}
			written += n
		}
		return true
	})
	if err == nil && errno != 0 {
		err = c.failed("write", "sendto", errno)
	}
	return written, err
}

// failed is the error that [net.TCPConn] would give.
func (c *conn) failed(op, call string, errno syscall.Errno) error {
	return &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: os.NewSyscallError(call, errno)}
}

// transfer is one call of recvfrom(2) or sendto(2) that does not wait.
func transfer(call, fd uintptr, b []byte, flags uintptr) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall6(call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
			unix.MSG_DONTWAIT|flags, 0, 0)
		switch errno {
		case 0:
			return int(n), 0
		case unix.EINTR:
			continue
		}
		return 0, errno
	}
}
