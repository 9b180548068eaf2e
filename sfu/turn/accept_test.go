package turn_test

import (
	"net"
	"sync/atomic"
	"syscall"
	"testing"
)

// exhausted is a listener of a process that has no file descriptor left, for a while.
type exhausted struct {
	net.Listener
	left atomic.Int32
}

func (e *exhausted) Accept() (net.Conn, error) {
	if e.left.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
	}
	return e.Listener.Accept()
}

// TestServingOutlastsAFailureToAccept runs out of files three times.
func TestServingOutlastsAFailureToAccept(t *testing.T) {
	r := start(t, nil)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	short := &exhausted{Listener: l}
	short.left.Store(3)
	done := make(chan error, 1)
	go func() { done <- r.Serve(short) }()
	c, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the connection to be taken", func() bool { return r.value("open", "connections") == 1 })
	_ = c.Close()
	_ = l.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
