package tcp

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxUnsent bounds what waits to be sent over one TCP connection: two
	// seconds of a small picture, or one large key frame.
	maxUnsent = 256 << 10
	// stalled ends a connection whose far end takes nothing.
	stalled = 8 * time.Second
	// parting is how long the last words of a connection may take.
	parting = time.Second
)

var errUnsent = errors.New("the TCP connection does not keep up")

// guest is one connection that came in through the gate. Writing to it never
// blocks, and what was written before Close is still sent: the last of it is
// what tells the client that the connection ends.
type guest struct {
	net.Conn
	gate *Gate
	from netip.Addr
	// fixed: whoever reads has set a deadline of its own.
	fixed atomic.Bool
	ready chan struct{}

	mu      sync.Mutex
	pending []byte
	closed  bool
}

// Read implements [net.Conn]. A connection silent for too long has ended.
func (c *guest) Read(b []byte) (int, error) {
	if !c.fixed.Load() {
		if err := c.Conn.SetReadDeadline(time.Now().Add(c.gate.idle)); err != nil {
			return 0, err
		}
	}
	c.mu.Lock()
	closed := c.closed
	c.mu.Unlock()
	if closed {
		return 0, net.ErrClosed
	}
	n, err := c.Conn.Read(b)
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		return n, io.EOF
	}
	return n, err
}

// SetReadDeadline implements [net.Conn]; no deadline means the gate's.
func (c *guest) SetReadDeadline(t time.Time) error {
	c.fixed.Store(!t.IsZero())
	return c.Conn.SetReadDeadline(t)
}

// SetWriteDeadline implements [net.Conn]; writing does not block.
func (c *guest) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline implements [net.Conn].
func (c *guest) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// Write implements [net.Conn]. It takes all of b or nothing.
func (c *guest) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, net.ErrClosed
	}
	if len(c.pending)+len(b) > maxUnsent {
		return 0, errUnsent
	}
	c.pending = append(c.pending, b...)
	c.knock()
	return len(b), nil
}

func (c *guest) knock() {
	select {
	case c.ready <- struct{}{}:
	default:
	}
}

// Close implements [net.Conn]. The connection itself closes once what waits was sent.
func (c *guest) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	c.knock()
	return errors.Join(c.Conn.SetReadDeadline(time.Now()), c.Conn.SetWriteDeadline(time.Now().Add(parting)))
}

// send writes what waits, all of it at once, until the connection closes.
func (c *guest) send() {
	defer c.gate.leave(c)
	defer c.Conn.Close()
	var batch []byte
	for range c.ready {
		c.mu.Lock()
		batch, c.pending = c.pending, batch[:0]
		closed := c.closed
		if !closed && len(batch) > 0 {
			_ = c.Conn.SetWriteDeadline(time.Now().Add(stalled)) // the write tells
		}
		c.mu.Unlock()
		_, err := c.Conn.Write(batch)
		if err != nil {
			_ = c.Close()
			return
		}
		if closed {
			return
		}
	}
}
