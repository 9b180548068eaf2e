package turn

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// client is one client's connection, as Pion's server sees it: whole STUN
// messages come out of Read, and responses go in by Write. The relayed media
// takes a shorter way: Read hands ChannelData straight to the media port.
type client struct {
	net.Conn // behind a gate: writing does not block
	server   *Server
	id       string
	remote   net.Addr // always the same value, by which the server knows the client
	since    time.Time
	once     sync.Once
	relay    atomic.Pointer[allocation]
	heard    atomic.Int64 // when it had said all it did so far, in ns since 1970
	// Of the reader alone: whose credentials the request under way shows, and
	// whether they are no good.
	asked  *holder
	denied bool
	buffer []byte
	start  int       // of what was read and not yet used
	begun  time.Time // when the frame under way began to come; zero between frames

	holder *holder // under register.mu, as is holds
	holds  bool

	sending sync.Mutex
	frame   [channelHeader + maxFrame + 4]byte
}

// readBuffer is how much is read at once, in bytes: a few full packets.
const readBuffer = 8 << 10

func newClient(s *Server, conn net.Conn) *client {
	return &client{Conn: conn, server: s, remote: conn.RemoteAddr(), since: time.Now(), buffer: make([]byte, 0, readBuffer)}
}

// RemoteAddr implements [net.Conn].
func (c *client) RemoteAddr() net.Addr { return c.remote }

// Read implements [net.Conn]: it gives one STUN message. Pion's server handles
// it before it reads again.
func (c *client) Read(b []byte) (int, error) {
	c.denied = false
	for {
		rest := c.buffer[c.start:]
		size, err := frameSize(rest)
		if err != nil {
			return 0, err
		}
		if size == 0 || len(rest) < size {
			if err := c.fill(); err != nil {
				return 0, err
			}
			continue
		}
		c.start += size
		c.begun = time.Time{}
		frame := rest[:size]
		channel, data, ok := channelData(frame)
		if !ok {
			if size > len(b) {
				return 0, io.ErrShortBuffer
			}
			return copy(b, frame), nil
		}
		if a := c.relay.Load(); a != nil {
			a.up(channel, data)
		}
	}
}

// fill reads more behind what is there. A frame that has begun must come to
// its end, a stranger must become a client, and a client must not fall silent.
func (c *client) fill() error {
	now := time.Now()
	c.heard.Store(now.UnixNano())
	if c.start > 0 {
		c.buffer = c.buffer[:copy(c.buffer, c.buffer[c.start:])]
		c.start = 0
	}
	deadline := now.Add(c.server.config.Idle)
	if len(c.buffer) > 0 {
		if c.begun.IsZero() {
			c.begun = now
		}
		deadline = c.begun.Add(c.server.config.Slow)
	}
	if first := c.since.Add(c.server.config.Slow); c.relay.Load() == nil && first.Before(deadline) {
		deadline = first
	}
	if err := c.SetReadDeadline(deadline); err != nil {
		return err
	}
	n, err := c.Conn.Read(c.buffer[len(c.buffer):cap(c.buffer)])
	c.buffer = c.buffer[:len(c.buffer)+n]
	if n > 0 {
		return nil
	}
	return err
}

// Write implements [net.Conn]: it sends one response.
func (c *client) Write(b []byte) (int, error) {
	if len(b) >= stunHeader && binary.BigEndian.Uint16(b)&errorClass == errorClass {
		c.server.metrics.refuse(sayWhy(b, c.denied))
	}
	return c.Conn.Write(b)
}

// down sends a relayed datagram over a channel.
func (c *client) down(channel uint16, data []byte) bool {
	if len(data) > maxFrame {
		return false
	}
	c.sending.Lock()
	defer c.sending.Unlock()
	_, err := c.Conn.Write(putChannelData(c.frame[:], channel, data))
	return err == nil
}

// Close implements [net.Conn].
func (c *client) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { c.server.left(c) })
	return err
}
