// Package tcp bounds what strangers may hold open over TCP: how many
// connections, from one address and in all, how long they may be silent, and
// how much may wait to be sent to them. Writing never blocks, so that media
// does not wait for a slow line.
package tcp

import (
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	// maxGuests bounds the connections open at once, maxPerAddress those from
	// one address: an office of a few hundred people shares one.
	maxGuests     = 4096
	maxPerAddress = 512
	// acceptAgain is the pause after a failure to accept: out of files, most likely.
	acceptAgain = 50 * time.Millisecond
)

// Gate is a listener that bounds how many connections are open and how long
// they may be silent. It goes on listening whatever goes wrong but its end.
type Gate struct {
	net.Listener
	log       *slog.Logger
	idle      time.Duration
	max, each int
	closing   chan struct{}
	closed    sync.Once
	writers   sync.WaitGroup

	mu     sync.Mutex
	guests map[*guest]struct{}
	from   map[netip.Addr]int
}

// NewGate guards l. A connection that says nothing for idle is closed, unless
// whoever reads it has set a deadline of its own.
func NewGate(l net.Listener, idle time.Duration, log *slog.Logger) *Gate {
	return &Gate{
		Listener: l, log: log, idle: idle, max: maxGuests, each: maxPerAddress,
		closing: make(chan struct{}), guests: map[*guest]struct{}{}, from: map[netip.Addr]int{},
	}
}

// Accept implements [net.Listener].
func (g *Gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		if err != nil {
			g.log.Warn("could not accept a media connection over TCP", "error", err)
			if !g.pause() {
				return nil, net.ErrClosed
			}
			continue
		}
		if in := g.enter(c); in != nil {
			return in, nil
		}
		_ = c.Close()
	}
}

// pause waits before trying again; false when the gate was closed meanwhile.
func (g *Gate) pause() bool {
	timer := time.NewTimer(acceptAgain)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-g.closing:
		return false
	}
}

// Close implements [net.Listener]. It shows everybody out.
func (g *Gate) Close() error {
	g.closed.Do(func() { close(g.closing) })
	err := g.Listener.Close()
	g.mu.Lock()
	all := slices.Collect(maps.Keys(g.guests))
	g.mu.Unlock()
	for _, c := range all {
		_ = c.Close()
	}
	g.writers.Wait()
	return err
}

// enter lets a connection in, or gives nil.
func (g *Gate) enter(conn net.Conn) *guest {
	c := &guest{Conn: conn, gate: g, from: address(conn), ready: make(chan struct{}, 1)}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.closing:
		return nil
	default:
	}
	if len(g.guests) >= g.max || g.from[c.from] >= g.each {
		return nil
	}
	g.guests[c] = struct{}{}
	g.from[c.from]++
	g.writers.Go(c.send)
	return c
}

func (g *Gate) leave(c *guest) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.guests, c)
	if g.from[c.from]--; g.from[c.from] <= 0 {
		delete(g.from, c.from)
	}
}

func address(c net.Conn) netip.Addr {
	if a, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
