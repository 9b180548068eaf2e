package transport

import (
	"context"
	"errors"
	"fmt"
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
	// consent is how often the path in use is checked (RFC 7675 section 5.1
	// allows one to five seconds).
	consent = time.Second
	// freshness is how long an answer to a check counts as consent (RFC 7675 section 5.1).
	freshness = 30 * time.Second
	// stale is how long a path must have been silent for a check from another
	// address to take its place: longer than consent, so that silence means loss.
	stale = 1500 * time.Millisecond
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
	up, failed bool        // under Conn.mu
}

// end is the client's end of the pair in use.
type end struct {
	ice.Candidate
	addr netip.AddrPort
	// direct: packets for it can leave by a [Port].
	direct bool
}

func newEnd(c ice.Candidate) *end {
	e := &end{Candidate: c}
	if addr, err := netip.ParseAddr(c.Address()); err == nil {
		e.addr = netip.AddrPortFrom(addr.Unmap(), uint16(c.Port()))
		e.direct = c.NetworkType().IsUDP() && addr.Zone() == "" && !isRelayed(e.addr.Addr())
	}
	return e
}

// ways are the generations of a connection.
type ways struct {
	current *way // carries media
	next    *way // takes over once it works; nil most of the time
	newest  *way // negotiated last: one of the two, or one that came to nothing
}

// begin makes a way for the credentials of an offer. The caller holds c.mu.
func (c *Conn) begin(ctx context.Context, o *negotiate.Offer) error {
	w := &way{conn: c, ufrag: secret(8), pwd: secret(24), remote: [2]string{o.Ufrag, o.Pwd}}
	if c.pipe == nil { // before anything can come in
		c.pipe = newPipe(&c.now, func(certificate []byte) bool { return c.verify([][]byte{certificate}, nil) == nil })
	}
	if err := w.open(ctx, o); err != nil {
		return err
	}
	c.running.Add(1)
	go c.read(w)
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
	err = errors.Join(agent.OnConnectionStateChange(w.stateChanged), agent.SetRemoteICELite(o.ICELite),
		agent.OnSelectedCandidatePairChange(func(_, far ice.Candidate) { w.far.Store(newEnd(far)) }))
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
		ice.WithDisconnectedTimeout(h.config.Silence), ice.WithFailedTimeout(h.config.Patience), ice.WithCheckInterval(checkInterval),
		ice.WithKeepaliveInterval(consent), ice.WithBindingRequestHandler(w.checked),
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
	far := w.far.Load()
	if far == nil || far.Equal(remote) {
		return false
	}
	var priority ice.PriorityAttr
	if priority.GetFrom(m) == nil && priority == beckoning {
		return time.Since(pair.LastResponseReceivedAt()) < freshness
	}
	return time.Since(far.LastReceived()) > stale
}

// stateChanged follows an agent. Connected is said when both ICE and DTLS are up.
func (w *way) stateChanged(s ice.ConnectionState) {
	c := w.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	switch s {
	case ice.ConnectionStateConnected, ice.ConnectionStateCompleted:
		w.up = true
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
	case ice.ConnectionStateDisconnected:
		w.up = false
		c.consider(c.ways.next)
	case ice.ConnectionStateFailed:
		w.up, w.failed = false, true
		c.giveUp(w)
	}
	c.tell()
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
	if w == c.ways.next {
		c.ways.next = nil
		c.retire(w, 0)
		w = c.ways.current
	}
	if w == c.ways.current && w.failed && c.ways.next == nil {
		c.fail(fmt.Sprintf("the client could not be reached for %v", c.host.config.Silence+c.host.config.Patience))
	}
}

// retire closes a way after a while, or with the connection.
func (c *Conn) retire(w *way, after time.Duration) {
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
