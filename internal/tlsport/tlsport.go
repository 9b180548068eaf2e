// Package tlsport shares one TLS port between HTTP and TURN, so that people
// whose network lets only port 443 through can have both.
//
// After the TLS handshake the protocol agreed on says which it is (ALPN,
// RFC 7301; "stun.turn" is RFC 7443's name). Most TURN clients name none; then
// the first byte does: STUN begins with 0 to 3, which no HTTP request does.
package tlsport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// turnProtocol is the ALPN name of TURN (RFC 7443).
const turnProtocol = "stun.turn"

const (
	// handshake is how long a connection may take to say which it is.
	handshake = 8 * time.Second
	// maxPending bounds the connections that have not said so yet, in all and
	// from one address: a meeting's worth of people may come at once.
	maxPending, maxPendingEach = 4096, 512
	// acceptAgain is the pause after a failure to accept: out of files, most likely.
	acceptAgain = 50 * time.Millisecond
)

// Port is a listener for HTTPS that gives what is TURN to somebody else.
type Port struct {
	net.Listener
	config *tls.Config
	turn   func(net.Conn)
	conns  chan net.Conn
	failed chan error
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu      sync.Mutex
	pending int
	from    map[netip.Addr]int
}

// Listen shares l, which accepts TCP. turn is given each connection that
// speaks TURN, and closes it.
func Listen(l net.Listener, config *tls.Config, turn func(net.Conn)) *Port {
	config = config.Clone()
	if !slices.Contains(config.NextProtos, turnProtocol) {
		config.NextProtos = append(slices.Clone(config.NextProtos), turnProtocol)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &Port{
		Listener: l, config: config, turn: turn, conns: make(chan net.Conn), failed: make(chan error, 1),
		ctx: ctx, cancel: cancel, from: map[netip.Addr]int{},
	}
	p.work.Go(p.listen)
	return p
}

// Accept implements [net.Listener]: it gives connections that speak HTTP.
func (p *Port) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ctx.Done():
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (p *Port) Close() error {
	p.cancel()
	err := p.Listener.Close()
	p.work.Wait()
	return err
}

func (p *Port) listen() {
	defer p.cancel()
	for {
		c, err := p.Listener.Accept()
		switch {
		case err == nil:
			p.greet(c)
		case errors.Is(err, net.ErrClosed):
			return
		default:
			select {
			case <-time.After(acceptAgain):
			case <-p.ctx.Done():
				return
			}
		}
	}
}

// greet finds out what a connection is, beside the others.
func (p *Port) greet(c net.Conn) {
	from := address(c)
	p.mu.Lock()
	full := p.pending >= maxPending || p.from[from] >= maxPendingEach
	if !full {
		p.pending++
		p.from[from]++
	}
	p.mu.Unlock()
	if full {
		_ = c.Close()
		return
	}
	p.work.Go(func() {
		out, isTURN, err := p.tell(c)
		p.leave(from)
		switch {
		case err != nil:
			_ = c.Close()
		case isTURN:
			p.turn(out)
		default:
			select {
			case p.conns <- out:
			case <-p.ctx.Done():
				_ = out.Close()
			}
		}
	})
}

func (p *Port) leave(from netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending--
	if p.from[from]--; p.from[from] <= 0 {
		delete(p.from, from)
	}
}

func (p *Port) tell(raw net.Conn) (net.Conn, bool, error) {
	defer context.AfterFunc(p.ctx, func() { _ = raw.SetDeadline(time.Now()) })()
	if err := raw.SetDeadline(time.Now().Add(handshake)); err != nil {
		return nil, false, err
	}
	c := tls.Server(raw, p.config)
	if err := c.HandshakeContext(p.ctx); err != nil {
		return nil, false, err
	}
	var out net.Conn = c
	isTURN := false
	switch c.ConnectionState().NegotiatedProtocol {
	case turnProtocol:
		isTURN = true
	case "":
		var first [1]byte
		if _, err := c.Read(first[:]); err != nil {
			return nil, false, err
		}
		isTURN = first[0] < 4
		out = &begun{Conn: c, first: first[:]}
	}
	return out, isTURN, raw.SetDeadline(time.Time{})
}

// begun is a connection whose first byte was read. It shows its TLS state, as
// net/http asks for.
type begun struct {
	*tls.Conn
	first []byte
}

// Read implements [net.Conn].
func (b *begun) Read(p []byte) (int, error) {
	if len(b.first) > 0 && len(p) > 0 {
		n := copy(p, b.first)
		b.first = b.first[n:]
		return n, nil
	}
	return b.Conn.Read(p)
}

func address(c net.Conn) netip.Addr {
	if a, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
