package transport

import (
	"context"
	"net/netip"
	"sync/atomic"
	"time"

	"palabre/sfu/negotiate"
)

const (
	// trial is how long a new way that ICE has nominated waits for its first
	// authentic packet before it is taken without one: some clients only listen.
	trial = 100 * time.Millisecond
	// grace is how long the old way is heard after the new one was taken, for
	// what is still under way on it.
	grace = 2 * time.Second
)

// way is one generation of ICE: a pair of credentials on each side, and an
// agent. An ICE restart makes another beside the one in use.
type way struct {
	conn       *Conn
	agent      agent
	ufrag, pwd string    // ours
	remote     [2]string // the client's
	far        atomic.Pointer[end]
	proven     atomic.Bool // an authentic packet came this way

	tie      uint64        // of our own checks (RFC 8445 section 7.1.3); never the larger one where it is 0
	leads    atomic.Bool   // we are the controlling agent
	begun    time.Duration // in the vigil's time
	known    atomic.Int32  // the presence that was settled last
	settling atomic.Bool

	up   bool   // under Conn.mu
	lost string // why the way is lost for good, if it is; under Conn.mu
}

// ways are the generations of a connection.
type ways struct {
	current *way // carries media
	next    *way // takes over once it works; nil most of the time
	newest  *way // negotiated last: one of the two, or one that came to nothing
}

// begin makes a way for the credentials of an offer. The caller holds c.mu.
func (c *Conn) begin(ctx context.Context, o *negotiate.Offer) error {
	w := &way{conn: c, ufrag: secret(8), pwd: secret(24), remote: [2]string{o.Ufrag, o.Pwd}, begun: c.host.vigil.now()}
	if c.pipe.Load() == nil { // before anything can come in
		c.pipe.Store(newPipe(&c.now))
		c.sieve.known = func(certificate []byte) bool { return c.verify([][]byte{certificate}, nil) == nil }
	}
	if err := w.open(ctx, o); err != nil {
		return err
	}
	c.host.vigil.add(w)
	if c.ways.next != nil {
		c.retire(c.ways.next, 0)
		c.ways.next = nil
	}
	if c.ways.newest = w; c.ways.current != nil {
		c.ways.next = w
		return nil
	}
	c.ways.current = w
	c.now.Store(w)
	c.running.Add(1)
	go c.handshake(c.pipe.Load())
	return nil
}

// serve has the way's lanes hand it what comes in.
func (w *way) serve() {
	for _, family := range []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
		if l := w.lane(family); l != nil {
			l.serve(w)
		}
	}
}

// lane gives the way's lane for an address family; nil where there is none.
func (w *way) lane(a netip.Addr) *lane { return w.conn.host.udp.lane(w.ufrag, a) }

// arrive says that it is known where the client is, or now is.
func (w *way) arrive() {
	c := w.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case w.lost != "":
		w.far.Store(nil)
	case !c.closed:
		w.reached()
	}
}

// reached says that a way leads to the client; c.mu is held. Connected is said
// when both ICE and DTLS are up.
func (w *way) reached() {
	c := w.conn
	w.up = true
	w.known.Store(int32(here))
	c.opening.Do(func() { close(c.opened) })
	if c.consider(w); c.ways.next == w {
		time.AfterFunc(trial, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.ways.next == w && w.up && !c.closed {
				c.take(w)
			}
		})
	}
	c.tell()
}

// settle draws the consequences of how the client is by now.
func (w *way) settle() {
	c := w.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	is, why := w.presence(c.host.vigil.now())
	if c.closed || w.lost != "" || is == presence(w.known.Load()) {
		return
	}
	if is == here {
		w.reached()
		return
	}
	w.known.Store(int32(is))
	w.up = false
	c.consider(c.ways.next)
	c.tell()
	if is == gone {
		w.lost = why
		w.far.Store(nil) // nothing more may be sent there
		c.giveUp(w)
		c.tell()
	}
}

// prove notes an authentic packet that came over a way which is not in use yet.
func (w *way) prove() {
	if w.proven.Load() || w.proven.Swap(true) {
		return
	}
	c := w.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.consider(w)
		c.tell()
	}
}

// consider takes the next way where it is known to work, or nothing else does.
func (c *Conn) consider(w *way) {
	if w != nil && w == c.ways.next && w.up && (w.proven.Load() || !c.ways.current.up || !c.up) {
		c.take(w)
	}
}

// take lets the next way carry what leaves.
func (c *Conn) take(w *way) {
	old := c.ways.current
	c.ways.current, c.ways.next = w, nil
	c.now.Store(w)
	c.retire(old, grace)
	c.tell()
}

// giveUp drops a way that failed; with the last one the connection is gone.
func (c *Conn) giveUp(w *way) {
	c.retire(w, 0)
	if w == c.ways.next {
		c.ways.next = nil
		w = c.ways.current
	}
	if w == c.ways.current && w.lost != "" && c.ways.next == nil {
		c.fail(w.lost)
	}
}

// retire closes a way after a while, or with the connection.
func (c *Conn) retire(w *way, after time.Duration) {
	c.host.vigil.remove(w)
	c.running.Go(func() {
		if after > 0 {
			c.pause(after)
		}
		_ = w.agent.close() // gives no error
	})
}

// pause lets so much time go by, or less where the connection ends before.
func (c *Conn) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.ctx.Done():
	}
}

// tell says whether packets can be sent, when that changed.
func (c *Conn) tell() {
	connected := c.up && c.ways.current.up
	if connected == c.connected {
		return
	}
	c.connected = connected
	if connected {
		c.handler.Connected()
	} else {
		c.handler.Disconnected()
	}
}
