package transport

import (
	"errors"
	"net"
	"net/netip"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3/pkg/protocol"
	"github.com/pion/transport/v4/packetio"
)

// handshakeBuffer bounds the DTLS datagrams waiting, in bytes.
const handshakeBuffer = 64 << 10

// pipe is the DTLS side of the connection: what the reader found to be DTLS
// comes out, what DTLS writes goes to ICE, whichever path there is.
type pipe struct {
	in  *packetio.Buffer
	out *atomic.Pointer[way]
	// muted: nothing leaves any more. kept is the alert that would have.
	muted atomic.Bool
	kept  []byte
}

func newPipe(out *atomic.Pointer[way]) *pipe {
	p := &pipe{in: packetio.NewBuffer(), out: out}
	p.in.SetLimitSize(handshakeBuffer)
	return p
}

// secures hands on what of a datagram DTLS may see; false where something was kept back.
func (c *Conn) secures(b []byte) bool {
	clean, kept := c.sieve.sift(b, c.keys.Load() != nil)
	if len(clean) > 0 {
		c.unpark()
		if _, err := c.pipe.Load().in.Write(clean); err != nil {
			return false // too much waits already
		}
	}
	return kept == 0
}

// RemoteAddr is where the client is now.
func (p *pipe) RemoteAddr() net.Addr {
	if far := p.out.Load().far.Load(); far != nil {
		return net.UDPAddrFromAddrPort(far.addr)
	}
	return &net.UDPAddr{}
}

// ReadFrom implements [net.PacketConn].
func (p *pipe) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := p.in.Read(b)
	return n, p.RemoteAddr(), err
}

// WriteTo implements [net.PacketConn]. A datagram that finds no path, or one
// that may not be used any more, is lost like any other: DTLS repeats it.
func (p *pipe) WriteTo(b []byte, _ net.Addr) (int, error) {
	if p.muted.Load() {
		if b[0] == byte(protocol.ContentTypeAlert) {
			p.kept = slices.Clone(b)
		}
		return len(b), nil
	}
	if err := p.out.Load().agent.write(b); err != nil && !errors.Is(err, errNoPath) {
		return 0, err
	}
	return len(b), nil
}

// Close implements [net.PacketConn].
func (p *pipe) Close() error { return p.in.Close() }

// LocalAddr implements [net.PacketConn].
func (p *pipe) LocalAddr() net.Addr { return p.out.Load().conn.host.config.UDP.LocalAddr() }

// SetDeadline implements [net.PacketConn].
func (p *pipe) SetDeadline(t time.Time) error { return p.in.SetReadDeadline(t) }

// SetReadDeadline implements [net.PacketConn].
func (p *pipe) SetReadDeadline(t time.Time) error { return p.in.SetReadDeadline(t) }

// SetWriteDeadline implements [net.PacketConn]; writing does not block.
func (p *pipe) SetWriteDeadline(time.Time) error { return nil }

// arrived takes in what came over a way.
func (w *way) arrived(b []byte, from netip.AddrPort, at time.Time) {
	if !w.conn.classify(b, at) {
		return
	}
	w.heard(from, at)
	if w.conn.now.Load() != w {
		w.prove()
	}
}

// classify tells datagrams apart by their first byte (RFC 7983), and says
// whether it was an authentic packet.
func (c *Conn) classify(b []byte, at time.Time) (authentic bool) {
	c.reading.Lock()
	defer c.reading.Unlock()
	defer c.guard()
	switch {
	case len(b) == 0:
	case b[0] >= 20 && b[0] <= 63:
		if !c.secures(b) {
			c.handler.Dropped(DropHandshake)
		}
	case b[0] >= 128 && b[0] <= 191:
		if !c.media(b, at) {
			return false
		}
		if !c.heard.Load() { // writing is dearer than reading
			c.heard.Store(true)
		}
		return true
	default:
		c.handler.Dropped(DropMalformed)
	}
	return false
}

func (c *Conn) media(b []byte, at time.Time) bool {
	k := c.keys.Load()
	if k == nil {
		c.handler.Dropped(DropEarly)
		return false
	}
	if isRTCP(b) {
		plain, why, ok := k.openRTCP(b)
		if ok {
			c.handler.RTCP(plain, at)
		} else {
			c.handler.Dropped(why)
		}
		return ok
	}
	plain, why, ok := k.openRTP(b)
	if ok {
		c.handler.RTP(plain, at)
	} else {
		c.handler.Dropped(why)
	}
	return ok
}

// isRTCP tells RTCP from RTP on one port (RFC 5761 section 4).
func isRTCP(b []byte) bool { return len(b) > 1 && b[1] >= 192 && b[1] <= 223 }

// guard keeps a panic over one client's packet with that client.
func (c *Conn) guard() {
	if v := recover(); v != nil {
		c.handler.Panicked(v, debug.Stack())
	}
}
