package transport

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"

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
	agent      *ice.Agent
	path       *ice.Conn
	ufrag, pwd string    // ours
	remote     [2]string // the client's
	far        atomic.Pointer[end]
	proven     atomic.Bool // an authentic packet came this way

	tie      uint64        // of our own checks (RFC 8445 section 7.1.3)
	leads    atomic.Bool   // we are the controlling agent
	begun    time.Duration // in the vigil's time
	known    atomic.Int32  // the presence that was settled last
	settling atomic.Bool
	ends     ends

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
	w := &way{conn: c, ufrag: secret(8), pwd: secret(24), remote: [2]string{o.Ufrag, o.Pwd}, tie: rand.Uint64(), begun: c.host.vigil.now()}
	if c.pipe == nil { // before anything can come in
		c.pipe = newPipe(&c.now, func(certificate []byte) bool { return c.verify([][]byte{certificate}, nil) == nil })
	}
	if err := w.open(ctx, o); err != nil {
		return err
	}
	c.running.Add(1)
	go c.read(w)
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
	go c.handshake(c.pipe)
	return nil
}

func (w *way) open(ctx context.Context, o *negotiate.Offer) error {
	agent, err := w.newAgent()
	if err != nil {
		return fmt.Errorf("make an ICE agent: %w", err)
	}
	err = errors.Join(agent.SetRemoteICELite(o.ICELite),
		agent.OnSelectedCandidatePairChange(func(_, far ice.Candidate) { w.chosen(far) }))
	if err != nil {
		err = fmt.Errorf("set up the ICE agent: %w", err)
	} else {
		err = gather(ctx, agent)
	}
	if err == nil {
		for _, family := range []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
			if l := w.conn.host.udp.lane(w.ufrag, family); l != nil {
				l.serve(w)
			}
		}
		w.agent = agent
		if w.path, err = agent.StartAccept(o.Ufrag, o.Pwd); err != nil {
			err = fmt.Errorf("start ICE: %w", err)
		}
	}
	if err != nil {
		_ = agent.Close() // nothing has come of it
	}
	return err
}

func (w *way) newAgent() (*ice.Agent, error) {
	h := w.conn.host
	machine, err := h.interfaces.now()
	if err != nil {
		return nil, err
	}
	return ice.NewAgentWithOptions(
		ice.WithUDPMux(h.udp), ice.WithICELite(h.config.Lite), ice.WithLocalCredentials(w.ufrag, w.pwd),
		ice.WithCandidateTypes([]ice.CandidateType{ice.CandidateTypeHost}), ice.WithIncludeLoopback(),
		ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled), ice.WithDisableActiveTCP(),
		ice.WithCheckInterval(checkInterval), ice.WithBindingRequestHandler(w.checked),
		ice.WithKeepaliveInterval(0), ice.WithDisconnectedTimeout(0), ice.WithFailedTimeout(0), // all three are the vigil's
		ice.WithHostAcceptanceMinWait(0), ice.WithPrflxAcceptanceMinWait(0), ice.WithLoggerFactory(h.logs), ice.WithNet(machine),
		ice.WithNetworkTypes([]ice.NetworkType{ice.NetworkTypeUDP4, ice.NetworkTypeUDP6}), // TCP comes by a [Relay]
	)
}

// gather waits for the agent's local candidates, without which it hears nothing.
func gather(ctx context.Context, agent *ice.Agent) error {
	done := make(chan struct{})
	var once sync.Once
	err := agent.OnCandidate(func(candidate ice.Candidate) {
		if candidate == nil {
			once.Do(func() { close(done) })
		}
	})
	if err == nil {
		err = agent.GatherCandidates()
	}
	if err != nil {
		return fmt.Errorf("open the ICE agent on the media port: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, gatherTime)
	defer cancel()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("open the ICE agent on the media port: %w", ctx.Err())
	}
}

// checked says whether an authenticated check moves the path to where it came
// from. ICE itself follows a nomination only upwards in priority; a client
// whose address changed nominates nothing, or the one poor path it has left.
// So a check moves the path when the one in use has fallen silent, and media
// that comes from elsewhere does where that has answered us.
func (w *way) checked(m *stun.Message, _, remote ice.Candidate, pair *ice.CandidatePair) bool {
	w.leads.Store(m.Contains(stun.AttrICEControlled))
	far, now := w.far.Load(), w.conn.host.vigil.now()
	if far == nil || far.Equal(remote) {
		return false
	}
	var priority ice.PriorityAttr
	if priority.GetFrom(m) == nil && priority == beckoning {
		return time.Since(pair.LastResponseReceivedAt()) < freshness || w.ends.consents(newEnd(remote, now).addr, now)
	}
	return now-far.last(w.conn.host) > stale
}

// chosen follows an agent: this is where the client is.
func (w *way) chosen(far ice.Candidate) {
	c := w.conn
	e := newEnd(far, c.host.vigil.now())
	w.ends.add(e)
	w.far.Store(e)
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
		timer := time.NewTimer(after)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.ctx.Done():
		}
		_ = w.agent.GracefulClose() // gives no error
	})
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
