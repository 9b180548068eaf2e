package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"

	"palabre/sfu/negotiate"
)

// beckoning is the priority of the checks we make up for a client: above every
// pair there is, as that is where the client is now.
const beckoning = math.MaxInt32

// pionAgent is an agent of pion/ice, which also carries what is no STUN.
type pionAgent struct {
	*ice.Agent
	way  *way
	path *ice.Conn
	ends ends
}

func openPion(ctx context.Context, w *way, o *negotiate.Offer) error {
	a := &pionAgent{way: w}
	w.agent, w.tie = a, rand.Uint64() // before anything comes in
	h := w.conn.host
	machine, err := h.interfaces.now()
	if err != nil {
		return err
	}
	a.Agent, err = ice.NewAgentWithOptions(
		ice.WithUDPMux(h.udp), ice.WithICELite(h.config.Lite), ice.WithLocalCredentials(w.ufrag, w.pwd),
		ice.WithCandidateTypes([]ice.CandidateType{ice.CandidateTypeHost}), ice.WithIncludeLoopback(),
		ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled), ice.WithDisableActiveTCP(),
		ice.WithCheckInterval(checkInterval), ice.WithBindingRequestHandler(a.checked),
		ice.WithKeepaliveInterval(0), ice.WithDisconnectedTimeout(0), ice.WithFailedTimeout(0), // all three are the vigil's
		ice.WithHostAcceptanceMinWait(0), ice.WithPrflxAcceptanceMinWait(0), ice.WithLoggerFactory(h.logs), ice.WithNet(machine),
		ice.WithNetworkTypes([]ice.NetworkType{ice.NetworkTypeUDP4, ice.NetworkTypeUDP6}), // TCP comes by a [Relay]
	)
	if err != nil {
		return fmt.Errorf("make an ICE agent: %w", err)
	}
	if err := a.start(ctx, o); err != nil {
		_ = a.Close() // nothing has come of it
		return err
	}
	w.conn.running.Go(a.read)
	return nil
}

func (a *pionAgent) start(ctx context.Context, o *negotiate.Offer) error {
	err := errors.Join(a.SetRemoteICELite(o.ICELite),
		a.OnSelectedCandidatePairChange(func(_, far ice.Candidate) { a.chosen(far) }))
	if err != nil {
		return fmt.Errorf("set up the ICE agent: %w", err)
	}
	if err := a.gather(ctx); err != nil {
		return fmt.Errorf("open the ICE agent on the media port: %w", err)
	}
	a.way.serve()
	if a.path, err = a.StartAccept(o.Ufrag, o.Pwd); err != nil {
		return fmt.Errorf("start ICE: %w", err)
	}
	return nil
}

// gather waits for the agent's local candidates, without which it hears nothing.
func (a *pionAgent) gather(ctx context.Context) error {
	done := make(chan struct{})
	var once sync.Once
	err := a.OnCandidate(func(candidate ice.Candidate) {
		if candidate == nil {
			once.Do(func() { close(done) })
		}
	})
	if err == nil {
		err = a.GatherCandidates()
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, gatherTime)
	defer cancel()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// read takes datagrams off the way until it closes.
func (a *pionAgent) read() {
	buffer := make([]byte, maxPacket)
	for {
		n, err := a.path.Read(buffer)
		if errors.Is(err, io.ErrShortBuffer) {
			a.way.conn.handler.Dropped(DropMalformed)
			continue
		}
		if err != nil {
			return
		}
		a.way.arrived(buffer[:n], netip.AddrPort{}, time.Now()) // the agent has noted where it came from
	}
}

// chosen is told which pair is in use.
func (a *pionAgent) chosen(far ice.Candidate) {
	e := newEnd(far, a.way.conn.host.vigil.now())
	a.ends.add(e)
	a.way.far.Store(e)
	a.way.arrive()
}

// checked says whether an authenticated check moves the path to where it came
// from. ICE itself follows a nomination only upwards in priority; a client
// whose address changed nominates nothing, or the one poor path it has left.
// So a check moves the path when the one in use has fallen silent, and media
// that comes from elsewhere does where that has answered us.
func (a *pionAgent) checked(m *stun.Message, _, remote ice.Candidate, pair *ice.CandidatePair) bool {
	w := a.way
	w.leads.Store(m.Contains(stun.AttrICEControlled))
	far, now := w.far.Load(), w.conn.host.vigil.now()
	e := newEnd(remote, now)
	if far == nil || far.addr == e.addr {
		return false
	}
	var priority ice.PriorityAttr
	if priority.GetFrom(m) == nil && priority == beckoning {
		return time.Since(pair.LastResponseReceivedAt()) < freshness || a.ends.consents(e.addr, now)
	}
	if w.conn.host.config.Lite {
		return now-far.last(w.conn.host) > stale
	}
	if w.doubts(far, now) {
		if err := w.ask(far, now); err != nil {
			w.conn.host.config.Logger.Debug("could not ask a client for consent", "error", err)
		}
	}
	return w.yields(far, now)
}

// take implements [agent]: what answers a check of the vigil's is not Pion's.
func (a *pionAgent) take(b []byte, from netip.AddrPort) bool {
	far := a.way.far.Load()
	if isRequest(b) || far == nil || far.addr != from || !far.isAsked(transaction(b[8:stunHeader])) {
		return false
	}
	m := &stun.Message{Raw: b[:len(b):len(b)]}
	if m.Decode() == nil && m.Type == stun.BindingSuccess && stun.NewShortTermIntegrity(a.way.remote[1]).Check(m) == nil {
		far.noteAnswered(m.TransactionID, a.way.conn.host.vigil.now())
	}
	return true
}

func (a *pionAgent) write(b []byte) error {
	_, err := a.path.Write(b)
	if errors.Is(err, ice.ErrNoCandidatePairs) || errors.Is(err, ice.ErrClosed) {
		return errNoPath
	}
	return err
}

// beckon makes up the check that its client would have sent from an address. The
// agent answers with a check of its own (RFC 8445 section 7.3.1.4) and moves once
// that is answered.
func (a *pionAgent) beckon(from netip.AddrPort) error {
	lane := a.way.lane(from.Addr())
	if lane == nil {
		return ErrClosed
	}
	w := a.way
	check, err := stun.Build(stun.BindingRequest, stun.TransactionID, stun.NewUsername(w.ufrag+":"+w.remote[0]),
		ice.UseCandidate(), ice.AttrControlling(math.MaxUint64),
		ice.PriorityAttr(beckoning), stun.NewShortTermIntegrity(w.pwd), stun.Fingerprint)
	if err != nil {
		return fmt.Errorf("check a client's new address: %w", err)
	}
	lane.put(check.Raw, from)
	return nil
}

// look implements [agent]: Pion's have timers of their own while there is no path.
func (a *pionAgent) look() {}

func (a *pionAgent) close() error { return a.GracefulClose() }

// maxEnds bounds the addresses of which an agent remembers that they answered.
const maxEnds = 8

// ends are the addresses an agent has had in use, the latest last.
type ends struct {
	mu   sync.Mutex
	list []*end
}

// add takes over what is known of its address.
func (l *ends) add(e *end) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = slices.DeleteFunc(l.list, func(old *end) bool {
		if old.addr == e.addr {
			e.answered.Store(old.answered.Load())
		}
		return old.addr == e.addr
	})
	if len(l.list) == maxEnds {
		l.list = slices.Delete(l.list, 0, 1)
	}
	l.list = append(l.list, e)
}

// consents says whether an address has answered a check of our own lately.
func (l *ends) consents(addr netip.AddrPort, now time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.list, func(e *end) bool { return e.addr == addr && e.consents(now) })
}
