package shard

import (
	"runtime/debug"
	"sync"
	"time"

	"palabre/sfu/alarm"
	"palabre/sfu/cache"
	"palabre/sfu/layers"
)

const (
	// tickEvery is how often feedback, limits and timers are looked at.
	tickEvery = 20 * time.Millisecond
	// idleTick is how often a peer is looked at that only watches, restTick how
	// often if it has all it wants and room to spare.
	idleTick = 100 * time.Millisecond
	restTick = 500 * time.Millisecond
	// mostItems is how much one turn does, so that ticks are not late however
	// much waits: a few of what the port gives in one go.
	mostItems = 256
	// maxInbox bounds the packets waiting for one shard: a quarter of a second
	// of what a core forwards. Packets beyond it are dropped, commands are not.
	maxInbox = 16384
)

// item is one thing for a shard to do: a packet received, a packet to deliver, or a command.
type item struct {
	do    func(*Shard, time.Time)
	peer  *Peer
	pkt   *cache.Packet
	layer *Layer
	// lines are the viewers a packet of layer is for.
	lines   []*Line
	arrived time.Time
	control bool // pkt is RTCP
}

// Port is the socket of one shard: what comes in by it is taken in on the
// shard's goroutine, and what its peers send leaves by it at the end of a turn.
type Port interface {
	// Wait blocks until datagrams have come, until the deadline, or until Wake,
	// and gives the time then. A deadline that has passed has it only look.
	Wait(until time.Time) (now time.Time, err error)
	// Take hands what has come to the connections, and says whether there was
	// anything, and whether that was all. What comes may not end a Wait.
	Take(now time.Time) (some, all bool)
	// Wake ends a Wait from another goroutine.
	Wake()
	// Flush sends what waits.
	Flush()
}

// Shard owns the media state of its peers. Only its own goroutine touches that.
type Shard struct {
	engine *Engine
	index  int
	rota   rota // its peers
	// probing are those a cluster of probes is being sent to.
	probing map[*Peer]struct{}
	// missing are those who may have to be asked for packets.
	missing map[*Peer]struct{}
	strain  strain
	runs    []run          // what this shard's viewers are to be sent
	choirs  map[any]*choir // by room
	holding int            // choirs that hold packets
	out     [][]item       // by shard: what this turn produced for others
	batch   []item         // what this turn does; kept for its space
	ticked  time.Time
	owed    time.Time // since when a tick has been due; zero when none is
	paced   time.Time
	looked  time.Time    // when the last turn was
	alarm   time.Time    // when the next tick is due without packets
	port    Port         // nil where connections send by themselves
	bell    *alarm.Alarm // ends waiting for the port
	heard   time.Time    // when the port had something last
	// emptied is when the port had nothing more, backlog for how long what comes
	// from it now may have waited there.
	emptied time.Time
	backlog time.Duration
	done    chan struct{}
	wake    chan struct{}

	mu      sync.Mutex
	inbox   []item
	packets int
	stopped bool
	asleep  bool // nobody looks at the inbox unless woken

	current   *Peer // whose work is being done, to blame a panic on
	interlude interlude
	level     level // how packets are made equal in size
	sent      sent  // in this turn
	header    [512]byte
	payload   [2048]byte
	again     [2048]byte // the payload of a retransmission
	bodies    bodies
	leaving   sendTime
	reports   [1200]byte
	// space, shown and wishes are for a choice of layers.
	space  layers.Workspace
	shown  []*Line
	wishes map[*Track]wish
	// descriptor is a viewer's dependency descriptor.
	descriptor [256]byte
	lost       []uint16
	start      []*cache.Packet
}

func newShard(e *Engine, index, count int) *Shard {
	return &Shard{
		engine: e, index: index, probing: map[*Peer]struct{}{}, missing: map[*Peer]struct{}{}, out: make([][]item, count),
		choirs: map[any]*choir{}, done: make(chan struct{}), wake: make(chan struct{}, 1),
	}
}

// post gives the shard a command. It is done in order with other items of the
// same caller; after stop it is not done at all and post says so.
func (s *Shard) post(do func(*Shard, time.Time), blame *Peer) bool {
	return s.push(item{do: do, peer: blame})
}

func (s *Shard) push(it item) bool {
	s.mu.Lock()
	if s.stopped || it.pkt != nil && s.packets >= maxInbox {
		full := !s.stopped
		s.mu.Unlock()
		if it.pkt != nil {
			it.pkt.Release()
		}
		if full {
			s.engine.Metrics.Drops[DropOverload].Add(1)
		}
		return false
	}
	if it.pkt != nil {
		s.packets++
	}
	s.inbox = append(s.inbox, it)
	s.rouse()
	return true
}

// pushAll takes one batch from another shard.
func (s *Shard) pushAll(items []item) {
	s.mu.Lock()
	room := len(items)
	if s.stopped {
		room = 0
	} else if s.packets+len(items) > maxInbox {
		room = max(0, maxInbox-s.packets)
	}
	s.inbox = append(s.inbox, items[:room]...)
	s.packets += room
	s.rouse()
	for _, it := range items[room:] {
		it.pkt.Release()
		s.engine.Metrics.Drops[DropOverload].Add(1)
	}
}

// rouse lets go of s.mu and wakes the shard where it sleeps.
func (s *Shard) rouse() {
	asleep := s.asleep
	s.asleep = false
	s.mu.Unlock()
	switch {
	case !asleep:
	case s.port != nil:
		s.port.Wake()
	default:
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

func (s *Shard) stop() {
	s.mu.Lock()
	s.stopped = true
	s.rouse()
}

// run is the shard's goroutine.
func (s *Shard) run() {
	defer close(s.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	if s.port != nil {
		s.bell = alarm.New(s.port.Wake)
		defer s.bell.Close()
	}
	for {
		s.await(timer)
		if s.turn(time.Now) {
			return
		}
		if s.strain.limited() { // else nobody asks, and the clock is not read for it
			s.strain.worked(time.Since(s.looked))
		}
	}
}

// turn does what waits in the inbox, up to mostItems, and what is due, with one
// look at the clock (one more for each interlude), and says whether it was the last.
func (s *Shard) turn(clock func() time.Time) (last bool) {
	i := &s.interlude
	s.mu.Lock()
	if i.at == len(s.batch) {
		s.batch, s.inbox = s.inbox, s.batch[:0]
		s.packets, i.at, i.heard = 0, 0, 0
	}
	s.asleep = false
	end := min(len(s.batch), i.at+mostItems)
	last = s.stopped && len(s.inbox) == 0 && end == len(s.batch)
	s.mu.Unlock()
	i.now, i.unbroken = clock(), 0
	s.looked = i.now
	for i.at < end {
		i.at++
		s.work(&s.batch[i.at-1], i.now)
		s.batch[i.at-1] = item{}
	}
	s.conduct(i.now)
	if s.ticks(i.now) || last {
		s.serve()
		s.ticked, s.owed = i.now, time.Time{}
		s.tick(i.now)
	}
	s.serveDue(i.now)
	if len(s.probing)+len(s.missing) > 0 && i.now.Sub(s.paced) >= paceEvery {
		s.paced = i.now
		s.pace(i.now)
	}
	s.strain.bytes += s.sent.video.bytes
	s.sent.report(s.engine.Metrics)
	s.flush()
	return last
}

// ticks says whether it is time for a tick: when it is due, but while a frame waits
// for its rest only once that would have come. It would leave in two calls a viewer.
func (s *Shard) ticks(now time.Time) bool {
	if now.Sub(s.ticked) < tickEvery {
		return false
	}
	if s.owed.IsZero() {
		s.owed = now
	}
	return now.Sub(s.owed) >= restOfFrame || !s.frameWaits(now)
}

// work does one item. Whatever may change who gets what comes after the
// packets before it have been sent. A panic on the way ends the peer it came from.
func (s *Shard) work(it *item, now time.Time) {
	defer s.rescue()
	s.current = it.peer
	switch {
	case it.do == nil && it.pkt == nil: // done in an interlude
	case it.do != nil:
		s.serve()
		it.do(s, now)
	case it.layer != nil:
		s.gather(it.layer, it.pkt, it.lines, now)
	case it.control: // nothing in it changes who gets what: frames go on waiting for their rest
		s.serveDue(now)
		defer it.pkt.Release()
		it.peer.control(s, it.pkt.Bytes(), it.arrived, now)
	default:
		defer it.pkt.Release()
		it.peer.receive(s, it.pkt, it.arrived, now)
	}
}

// rescue keeps a panic with the peer whose work was being done.
func (s *Shard) rescue() {
	v := recover()
	if v == nil {
		return
	}
	s.engine.Metrics.Panics.Add(1)
	if p := s.current; p != nil {
		p.dead = true
		p.events.Panicked(v, debug.Stack())
		return
	}
	s.engine.log.Error("panic in a media shard", "panic", v, "stack", string(debug.Stack()))
}

func (s *Shard) tick(now time.Time) {
	s.unburden(now)
	s.silence(now)
	s.rota.tick(now, func(p *Peer) time.Time { return s.tickPeer(p, now) })
}

// pace feeds the clusters of probes that are being sent.
func (s *Shard) pace(now time.Time) {
	for p := range s.missing {
		s.pacePeer(p, now, (*Peer).demand)
	}
	for p := range s.probing {
		s.pacePeer(p, now, (*Peer).pace)
	}
}

func (s *Shard) pacePeer(p *Peer, now time.Time, do func(*Peer, *Shard, time.Time)) {
	defer s.rescue()
	s.current = p
	if p.dead {
		delete(s.probing, p)
		delete(s.missing, p)
		return
	}
	do(p, s, now)
}

func (s *Shard) tickPeer(p *Peer, now time.Time) (rests time.Time) {
	defer s.rescue()
	s.current = p
	return p.tick(s, now)
}

// send is for a packet going to lines of shard to. It takes a reference of its own.
func (s *Shard) send(to *Shard, layer *Layer, pkt *cache.Packet, lines []*Line, now time.Time) {
	pkt.Retain()
	if to == s {
		s.gather(layer, pkt, lines, now)
		return
	}
	s.out[to.index] = append(s.out[to.index], item{layer: layer, pkt: pkt, lines: lines})
}

// flush hands every other shard its batch, and the network what is to leave.
func (s *Shard) flush() {
	for i, items := range s.out {
		if len(items) == 0 {
			continue
		}
		s.engine.shards[i].pushAll(items)
		clear(items)
		s.out[i] = items[:0]
	}
	if s.port != nil {
		s.port.Flush()
	}
}

// on runs do on the shard that owns p: at once when that is s.
func (s *Shard) on(p *Peer, now time.Time, do func(*Shard, time.Time)) {
	if p.shard == s {
		do(s, now)
		return
	}
	p.shard.post(do, p)
}
