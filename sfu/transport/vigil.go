package transport

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
)

// Who is asked for consent how often, and what silence means. Anything
// authentic that comes over a path breaks its silence: RTP, RTCP, checks and answers.
const (
	// askEvery is how often a client whose packets come anyway is asked whether
	// it still wants ours (RFC 7675 section 5.1). Each wait is 0.8 to 1.2 of it,
	// so that clients do not fall into step.
	askEvery = 5 * time.Second
	// askSoon is how often one is asked, in the same way, who is quiet: whose last
	// authentic packet is older than a third of the silence that has a client count
	// as disconnected. Until then there are two more checks to be answered.
	askSoon = 1250 * time.Millisecond
	// hush is how long the path in use has been silent when a check from another
	// address has its client doubted, and proof how long it has to answer then,
	// being asked every lookEvery: after that the other address takes its place.
	hush  = 500 * time.Millisecond
	proof = time.Second
	// overdue is how old the last answer is when one was lost, longer than the
	// longest wait for the next: such a client is asked as often as a quiet one.
	overdue = 8 * time.Second
	// freshness is how long an answer counts as consent; then nothing more may be
	// sent (RFC 7675 section 5.1).
	freshness = 30 * time.Second
	// stale is how long a path must have been silent for a check from another
	// address to take its place where nobody may be asked.
	stale = hush + proof
	// lookEvery is how often each path is looked at.
	lookEvery = 200 * time.Millisecond
	// lookAtOnce is at how many of them without a pause of lookRest, in which packets
	// have their turn: to ask a thousand clients takes milliseconds.
	lookAtOnce = 64
	lookRest   = 500 * time.Microsecond
	// asleep is how late a look comes where the process did not run: what came
	// meanwhile was not heard, and so is nobody's silence.
	asleep = 2 * time.Second
	// maxAsked bounds the answers of one path that are waited for.
	maxAsked = 8
)

// vigil looks after the ways of all connections by one timer: it notices who
// fell silent and, unless we are an ICE-lite agent, asks clients for consent.
// Pion's agents would do both by a timer each and without knowing of the media
// that goes past them, so they do neither.
type vigil struct {
	begin time.Time // times are told since then, by the monotonic clock
	every time.Duration
	awake atomic.Int64 // since when the process has run

	mu      sync.Mutex
	ways    map[*way]struct{}
	timer   *time.Timer // runs while there are ways, but for while they are looked at
	looking bool
	last    time.Duration

	due []*way // of the look under way
}

func newVigil(silence time.Duration) *vigil {
	return &vigil{begin: time.Now(), every: min(lookEvery, silence/4), ways: map[*way]struct{}{}}
}

func (v *vigil) since(t time.Time) time.Duration { return t.Sub(v.begin) }

func (v *vigil) now() time.Duration { return time.Since(v.begin) }

func (v *vigil) add(w *way) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ways[w] = struct{}{}; len(v.ways) > 1 || v.looking {
		return
	}
	if v.last = v.now(); v.timer == nil {
		v.timer = time.AfterFunc(v.every, v.look)
	} else {
		v.timer.Reset(v.every)
	}
}

// remove returns when the way is looked at no more.
func (v *vigil) remove(w *way) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.ways, w)
	if len(v.ways) == 0 && v.timer != nil {
		v.timer.Stop()
	}
}

// look looks at all ways.
func (v *vigil) look() {
	if !v.start() {
		return
	}
	rest := time.Duration(0)
	for group := range slices.Chunk(v.due, lookAtOnce) {
		time.Sleep(rest)
		rest = lookRest
		v.lookAt(group)
	}
	v.finish()
}

// start finds whom to look at. A timer may have rung that was stopped a moment
// later, and set again: then somebody looks already.
func (v *vigil) start() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.looking {
		return false
	}
	now := v.now()
	if now-v.last > asleep {
		v.awake.Store(int64(now))
	}
	v.last, v.looking = now, true
	for w := range v.ways {
		v.due = append(v.due, w)
	}
	return true
}

// lookAt looks at those of a group that are there still.
func (v *vigil) lookAt(group []*way) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	for _, w := range group {
		if _, there := v.ways[w]; there {
			w.look(now)
		}
	}
}

func (v *vigil) finish() {
	v.mu.Lock()
	defer v.mu.Unlock()
	clear(v.due)
	v.due, v.looking = v.due[:0], false
	if len(v.ways) > 0 {
		v.timer.Reset(v.every)
	}
}

// presence is what is known of a client by one way.
type presence int32

const (
	pending presence = iota // no path yet
	here
	silent
	gone // for good
)

// look asks for consent where that is due. What else is to be done needs the
// connection's lock, which may be held for long: another goroutine waits for it.
func (w *way) look(now time.Duration) {
	if far := w.far.Load(); far != nil && !w.conn.host.config.Lite && far.due(now, w.conn.host) {
		if err := w.ask(far, now); err != nil {
			w.conn.host.config.Logger.Debug("could not ask a client for consent", "error", err)
		}
	}
	w.agent.look()
	if is, _ := w.presence(now); is != presence(w.known.Load()) && w.settling.CompareAndSwap(false, true) {
		w.conn.running.Go(func() {
			defer w.settling.Store(false)
			w.settle()
		})
	}
}

// presence says how a client is, and of one that is gone why.
func (w *way) presence(now time.Duration) (presence, string) {
	c := &w.conn.host.config
	most := c.Silence + c.Patience
	far, last, awake := w.far.Load(), w.begun, time.Duration(w.conn.host.vigil.awake.Load())
	if far != nil {
		last = far.last(w.conn.host)
	}
	switch quiet := now - max(last, awake); {
	case quiet > most:
		return gone, fmt.Sprintf("the client could not be reached for %v", most)
	case far == nil:
		return pending, ""
	case !c.Lite && now-max(far.consented(), awake) > freshness:
		return gone, fmt.Sprintf("the client has not answered checks for %v", freshness) // whatever else it sends
	case quiet > c.Silence:
		return silent, ""
	}
	return here, ""
}

// end is one of the client's addresses: the client's end of the pair in use, or
// of one that may be. Times are the vigil's.
type end struct {
	addr netip.AddrPort
	// direct: packets for it can leave by a [Port].
	direct bool
	// received is when an agent of Pion's saw something come from it; nil for ours.
	received func() time.Time
	chosen   time.Duration // when Pion's chose it
	// heard is when the last authentic packet came that no agent of Pion's saw,
	// answered when the last answer to one of our own checks did, doubted when a
	// check from another address made its client be asked; 0 for never.
	heard, answered, doubted atomic.Int64

	// Of what the client's checks said; under checks.mu.
	priority  uint32
	nominated bool // and not yet followed
	beckoned  bool // it sent something authentic, as if it were in use
	tries     int  // checks sent again since its last one

	mu     sync.Mutex
	asked  [maxAsked]transaction // the last ones, in a ring; zero where answered
	count  int
	latest time.Duration // when we asked last
	factor float64       // of the wait until the next time
}

type transaction = [stun.TransactionIDSize]byte

// newEnd is the client's end of a pair that an agent of Pion's has.
func newEnd(c ice.Candidate, now time.Duration) *end {
	e := &end{received: c.LastReceived, chosen: now, latest: now, factor: spread()}
	e.heard.Store(int64(now)) // it was chosen by what came from there
	if addr, err := netip.ParseAddr(c.Address()); err == nil {
		e.aim(netip.AddrPortFrom(addr.Unmap(), uint16(c.Port())))
	}
	return e
}

// newEndAt is an address that sent something authentic, and was never asked.
func newEndAt(addr netip.AddrPort, now time.Duration) *end {
	e := &end{latest: now - time.Hour, factor: spread()}
	e.heard.Store(int64(now))
	e.aim(addr)
	return e
}

func (e *end) aim(addr netip.AddrPort) {
	e.addr = addr
	e.direct = addr.Addr().Zone() == "" && !isRelayed(addr.Addr())
}

func spread() float64 { return 0.8 + 0.4*rand.Float64() }

// last is when something authentic came.
func (e *end) last(h *Host) time.Duration {
	last := time.Duration(e.heard.Load())
	if e.received != nil {
		last = max(last, h.vigil.since(e.received()))
	}
	return last
}

// consented is when the client agreed to our packets, as far as is known.
func (e *end) consented() time.Duration { return max(e.chosen, time.Duration(e.answered.Load())) }

// consents says whether it has answered a check of our own lately.
func (e *end) consents(now time.Duration) bool {
	at := time.Duration(e.answered.Load())
	return at > 0 && now-at < freshness
}

// due says whether it is time to ask.
func (e *end) due(now time.Duration, h *Host) bool {
	wait, last := askEvery, e.last(h)
	switch {
	case time.Duration(e.doubted.Load()) > last:
		return e.waited(now, lookEvery)
	case now-last >= h.config.Silence/3, now-e.consented() > overdue:
		wait = min(askSoon, h.config.Silence/4)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return now-e.latest >= time.Duration(float64(wait)*e.factor)
}

// waited says whether it was asked so long ago.
func (e *end) waited(now, d time.Duration) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return now-e.latest >= d
}

// doubts says whether the end in use is to be asked at once: a check came from
// elsewhere, and from there nothing for a while.
func (w *way) doubts(far *end, now time.Duration) bool {
	last := far.last(w.conn.host)
	if now-last < hush || time.Duration(far.doubted.Load()) > last {
		return false
	}
	far.doubted.Store(int64(now))
	return true
}

// yields says whether the end in use makes way for another: it was doubted, and
// has not been heard of since.
func (w *way) yields(far *end, now time.Duration) bool {
	doubted := time.Duration(far.doubted.Load())
	return doubted > far.last(w.conn.host) && now-doubted >= proof
}

// noteAsked remembers a check of ours.
func (e *end) noteAsked(id transaction, now time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked[e.count%maxAsked] = id
	e.count++
	e.latest, e.factor = now, spread()
}

// isAsked says whether a transaction is one of ours that waits for its answer.
func (e *end) isAsked(id transaction) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return id != transaction{} && slices.Contains(e.asked[:], id)
}

// noteAnswered takes an answer once.
func (e *end) noteAnswered(id transaction, now time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if i := slices.Index(e.asked[:], id); i >= 0 {
		e.asked[i] = transaction{}
		e.answered.Store(int64(now))
		e.heard.Store(int64(now))
	}
}

// ask sends a check of our own to an address of the client's (RFC 8445 section
// 7.2.4; RFC 7675 section 5.1).
func (w *way) ask(far *end, now time.Duration) error {
	lane := w.lane(far.addr.Addr())
	if lane == nil {
		return ErrClosed
	}
	var role stun.Setter = ice.AttrControlled(w.tie)
	if w.leads.Load() {
		role = ice.AttrControlling(w.tie)
	}
	m, id := w.conn.host.messages.take(), stun.NewTransactionID()
	defer w.conn.host.messages.put(m)
	err := compose(m, stun.BindingRequest, id, stun.NewShortTermIntegrity(w.remote[1]),
		stun.NewUsername(w.remote[0]+":"+w.ufrag), role, ice.PriorityAttr(priority(reflexive, 0)))
	if err != nil {
		return fmt.Errorf("write a check for consent: %w", err)
	}
	far.noteAsked(id, now)
	_, err = lane.WriteToAddrPort(m.Raw, far.addr)
	return err
}

// heard notes an authentic packet that came past the agent.
func (w *way) heard(from netip.AddrPort, at time.Time) {
	if far := w.far.Load(); far != nil && far.addr == from {
		far.heard.Store(int64(w.conn.host.vigil.since(at)))
	}
}
