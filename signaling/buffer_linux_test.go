package signaling

import (
	"net"
	"syscall"
	"testing"

	"palabre/internal/rawtcp"
)

// TestTheKernelHoldsLittleForASlowReader looks at a connection as the server takes it.
func TestTheKernelHoldsLittleForASlowReader(t *testing.T) {
	inner, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = inner.Close() }()
	far, err := new(net.Dialer).DialContext(t.Context(), "tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = far.Close() }()
	near, err := rawtcp.Listener(inner).Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = near.Close() }()
	limitKernelBuffer(near)
	raw, err := near.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var size int
	if controlled := raw.Control(func(fd uintptr) {
		size, err = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF)
	}); controlled != nil || err != nil {
		t.Fatal(controlled, err)
	}
	if size > 2*sendBuffer { // the kernel doubles it, for what it takes itself
		t.Errorf("the kernel may hold %d bytes, want %d", size, 2*sendBuffer)
	}
}
