package transport

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
)

// checks is our own ICE agent: the connectivity checks of one way (RFC 8445),
// with no goroutine and no timer. A check is answered where it comes in, and what
// follows from it is decided there; what is to be sent again the vigil sends.
//
// It is a full agent (an ICE-lite one where that is set) in the controlled role.
// It has one local candidate a family and learns the client's from its checks
// alone, so that its checklist is the list of addresses they came from.
// Media is sent by the first pair that is valid and later by the nominated one
// (section 12.1).
type checks struct {
	way    *way
	lanes  []*lane
	user   string // of the client's checks
	ours   stun.MessageIntegrity
	theirs stun.MessageIntegrity

	mu        sync.Mutex
	closed    bool
	ends      []*end // the oldest first, at most maxAddresses
	nominated bool   // one of them is in use because it was
	rival     *end   // sent the last check that did not come from the one in use
	second    time.Duration
	count     int // of checks since then
}

const (
	// mostTries bounds the checks that an address is sent which answers none,
	// after each check of the client's from there.
	mostTries = 8
	// renewal is how old the answer of an address in reserve may be before a check
	// from there is returned: what is older is soon no consent any more.
	renewal = 10 * time.Second
	// mostChecks bounds the checks of one client that are answered in a second. A
	// browser sends one each 50 ms by each pair, until it has chosen.
	mostChecks = 1000
)

func openChecks(w *way) error {
	k := &checks{
		way: w, user: w.ufrag + ":" + w.remote[0],
		ours: stun.NewShortTermIntegrity(w.pwd), theirs: stun.NewShortTermIntegrity(w.remote[1]),
	}
	w.agent = k // before anything comes in
	m := w.conn.host.udp
	for _, addr := range m.shown {
		l, err := m.GetConn(w.ufrag, addr)
		if err != nil {
			_ = k.close() // nothing has come of it
			return fmt.Errorf("open ICE on the media port: %w", err)
		}
		k.lanes = append(k.lanes, l.(*lane))
	}
	w.serve()
	return nil
}

// take implements [agent].
func (k *checks) take(b []byte, from netip.AddrPort) bool {
	m := k.way.conn.host.messages.take()
	defer k.way.conn.host.messages.put(m)
	if stun.Decode(b, m) != nil || m.Type.Method != stun.MethodBinding {
		return true
	}
	switch m.Type.Class {
	case stun.ClassRequest:
		k.request(m, from)
	case stun.ClassSuccessResponse:
		k.response(m, from)
	}
	return true
}

// request answers a check (RFC 8445 section 7.3); what is not authentic is dropped,
// and so is, by Decode, what stands behind MESSAGE-INTEGRITY (RFC 8489 section 14.5).
func (k *checks) request(m *stun.Message, from netip.AddrPort) {
	var user stun.Username
	if user.GetFrom(m) != nil || string(user) != k.user || k.ours.Check(m) != nil || !k.allow() {
		k.way.conn.handler.Dropped(DropCheck)
		return
	}
	if m.Contains(stun.AttrICEControlled) {
		// Section 7.3.1.1: our tie-breaker is 0, which is never the larger one.
		k.reply(m, from, stun.BindingError, stun.CodeRoleConflict)
		return
	}
	var priority ice.PriorityAttr
	_ = priority.GetFrom(m) // 0 where there is none
	k.reply(m, from, stun.BindingSuccess, &stun.XORMappedAddress{IP: from.Addr().AsSlice(), Port: int(from.Port())})
	for _, e := range k.checked(from, uint32(priority), m.Contains(stun.AttrUseCandidate)) {
		k.ask(e)
	}
}

// allow says whether one more check of the client's is answered.
func (k *checks) allow() bool {
	now := k.way.conn.host.vigil.now()
	k.mu.Lock()
	defer k.mu.Unlock()
	if now-k.second > time.Second {
		k.second, k.count = now, 0
	}
	k.count++
	return k.count <= mostChecks
}

func (k *checks) reply(m *stun.Message, to netip.AddrPort, kind stun.MessageType, what stun.Setter) {
	reply := k.way.conn.host.messages.take()
	defer k.way.conn.host.messages.put(reply)
	err := compose(reply, kind, m.TransactionID, k.ours, what)
	if err == nil {
		err = k.send(reply.Raw, to)
	}
	if err != nil {
		k.way.conn.host.config.Logger.Debug("could not answer a check", "error", err)
	}
}

// checked notes an authentic check from an address, and says whom to check in return.
func (k *checks) checked(from netip.AddrPort, priority uint32, nominating bool) (ask []*end) {
	now := k.way.conn.host.vigil.now()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return nil
	}
	e := k.end(from, now)
	e.heard.Store(int64(now))
	e.priority, e.tries = priority, 0
	e.nominated = e.nominated || nominating
	far := k.way.far.Load()
	if far != nil && far != e {
		k.rival = e
	}
	if k.way.conn.host.config.Lite {
		switch {
		case far != nil && far != e && now-far.last(k.way.conn.host) > stale:
			k.choose(e)
		case nominating:
			k.consider(e, now)
		}
		return nil
	}
	if k.due(e, now) {
		ask = append(ask, e)
	}
	if far != nil && far != e && k.way.doubts(far, now) {
		ask = append(ask, far)
	}
	k.consider(e, now)
	return ask
}

// due says whether an end is to be asked because it has just checked us.
func (k *checks) due(e *end, now time.Duration) bool {
	if answered := time.Duration(e.answered.Load()); answered > 0 && now-answered < renewal {
		return false
	}
	return e.waited(now, checkInterval)
}

// response takes an answer to a check of ours (RFC 8445 section 7.2.5).
func (k *checks) response(m *stun.Message, from netip.AddrPort) {
	now := k.way.conn.host.vigil.now()
	k.mu.Lock()
	defer k.mu.Unlock()
	i := k.find(from)
	if k.closed || i < 0 || !k.ends[i].isAsked(m.TransactionID) || k.theirs.Check(m) != nil {
		return
	}
	e := k.ends[i]
	e.noteAnswered(m.TransactionID, now)
	k.consider(e, now)
}

// consider follows an end that is valid and better than the one in use. Before
// a nomination the first valid one carries media, unless a better one comes.
// A later nomination counts upwards in priority only, as there are clients that
// nominate all their pairs at once.
func (k *checks) consider(e *end, now time.Duration) {
	far := k.way.far.Load()
	lite := k.way.conn.host.config.Lite
	if !lite && !e.consents(now) {
		return
	}
	better := far == nil || e.priority > far.priority || e.priority == far.priority && e.nominated
	switch {
	case far == e:
		k.nominated = k.nominated || e.nominated
	case e.nominated && (better || !k.nominated):
		k.choose(e)
	case far == nil, better && !k.nominated && !lite, e.beckoned, e == k.rival && k.way.yields(far, now):
		k.choose(e)
	}
	e.nominated, e.beckoned = false, false
}

// choose has media go to an end from now on. The rest needs the connection's
// lock, which may be held for long: another goroutine waits for it.
func (k *checks) choose(e *end) {
	k.nominated = k.nominated || e.nominated
	k.rival = nil
	k.way.far.Store(e)
	k.way.conn.running.Go(k.way.arrive)
}

// end gives what is known of an address. Where there are too many, the one that
// was heard of least lately is forgotten.
func (k *checks) end(addr netip.AddrPort, now time.Duration) *end {
	if i := k.find(addr); i >= 0 {
		return k.ends[i]
	}
	if len(k.ends) == maxAddresses {
		far, oldest := k.way.far.Load(), -1
		for i, e := range k.ends {
			if e != far && (oldest < 0 || e.heard.Load() < k.ends[oldest].heard.Load()) {
				oldest = i
			}
		}
		k.ends = slices.Delete(k.ends, oldest, oldest+1)
	}
	e := newEndAt(addr, now)
	k.ends = append(k.ends, e)
	return e
}

func (k *checks) find(addr netip.AddrPort) int {
	return slices.IndexFunc(k.ends, func(e *end) bool { return e.addr == addr })
}

// ask checks an address.
func (k *checks) ask(e *end) {
	if err := k.way.ask(e, k.way.conn.host.vigil.now()); err != nil {
		k.way.conn.host.config.Logger.Debug("could not check an address of a client", "error", err)
	}
}

// look implements [agent]: checks that found no answer are sent again, and who
// has fallen silent makes way for another that is there.
func (k *checks) look() {
	for _, e := range k.pending(k.way.conn.host.vigil.now()) {
		k.ask(e)
	}
}

func (k *checks) pending(now time.Duration) (ask []*end) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed || k.way.conn.host.config.Lite {
		return nil
	}
	if k.rival != nil {
		k.consider(k.rival, now)
	}
	for _, e := range k.ends {
		if e.answered.Load() == 0 && e.tries < mostTries && e.waited(now, lookEvery) {
			e.tries++
			ask = append(ask, e)
		}
	}
	return ask
}

// beckon implements [agent].
func (k *checks) beckon(from netip.AddrPort) error {
	now := k.way.conn.host.vigil.now()
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		return ErrClosed
	}
	e := k.end(from, now)
	e.beckoned, e.tries = true, 0
	k.consider(e, now)
	ask := e.beckoned && !e.consents(now) && e.waited(now, checkInterval)
	k.mu.Unlock()
	if ask {
		return k.way.ask(e, now)
	}
	return nil
}

// write implements [agent].
func (k *checks) write(b []byte) error {
	far := k.way.far.Load()
	if far == nil {
		return errNoPath
	}
	return k.send(b, far.addr)
}

func (k *checks) send(b []byte, to netip.AddrPort) error {
	lane := k.way.lane(to.Addr())
	if lane == nil {
		return ErrClosed
	}
	_, err := lane.WriteToAddrPort(b, to)
	return err
}

func (k *checks) close() error {
	k.mu.Lock()
	k.closed = true
	k.mu.Unlock()
	for _, l := range k.lanes {
		_ = l.Close() // gives no error
	}
	return nil
}
