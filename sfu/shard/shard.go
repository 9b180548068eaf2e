package shard

import (
	"runtime/debug"
	"sync"
	"time"

	"palabre/sfu/cache"
)

const (
	// tickEvery is how often feedback, limits and timers are looked at.
	tickEvery = 20 * time.Millisecond
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
	// lines are the viewers a packet of layer is for; consumed as they are served.
	lines   []*Line
	arrived time.Time
	control bool // pkt is RTCP
}

// Shard owns the media state of its peers. Only its own goroutine touches that.
type Shard struct {
	engine *Engine
	index  int
	peers  map[*Peer]struct{}
	// probing are those a cluster of probes is being sent to.
	probing map[*Peer]struct{}
	// missing are those who may have to be asked for packets.
	missing map[*Peer]struct{}
	strain  strain
	local   []item   // to do in this turn, by this shard
	out     [][]item // by shard: what this turn produced for others
	batch   []item   // what this turn does; kept for its space
	ticked  time.Time
	paced   time.Time
	done    chan struct{}
	wake    chan struct{}

	mu      sync.Mutex
	inbox   []item
	packets int
	stopped bool

	current *Peer // whose work is being done, to blame a panic on
	header  [512]byte
	payload [2048]byte
	// descriptor is a viewer's dependency descriptor.
	descriptor [256]byte
	lost       []uint16
	start      []*cache.Packet
}

func newShard(e *Engine, index, count int) *Shard {
	return &Shard{
		engine: e, index: index, peers: map[*Peer]struct{}{}, probing: map[*Peer]struct{}{}, missing: map[*Peer]struct{}{}, out: make([][]item, count),
		done: make(chan struct{}), wake: make(chan struct{}, 1),
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
	s.mu.Unlock()
	s.knock()
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
	s.mu.Unlock()
	for _, it := range items[room:] {
		it.pkt.Release()
		s.engine.Metrics.Drops[DropOverload].Add(1)
	}
	s.knock()
}

func (s *Shard) knock() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Shard) stop() {
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	s.knock()
}

// run is the shard's goroutine.
func (s *Shard) run() {
	defer close(s.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		switch {
		case len(s.probing)+len(s.missing) > 0:
			timer.Reset(paceEvery)
		case len(s.peers) > 0:
			timer.Reset(tickEvery)
		}
		select {
		case <-s.wake:
		case <-timer.C:
		}
		if s.turn(time.Now) {
			return
		}
	}
}

// turn does what waits in the inbox and what is due, with one look at the
// clock, and says whether it was the last.
func (s *Shard) turn(clock func() time.Time) (last bool) {
	s.mu.Lock()
	s.batch, s.inbox = s.inbox, s.batch[:0]
	s.packets = 0
	last = s.stopped
	s.mu.Unlock()
	now := clock()
	for i := range s.batch {
		s.work(&s.batch[i], now)
	}
	clear(s.batch)
	if now.Sub(s.ticked) >= tickEvery {
		s.ticked = now
		s.tick(now)
	}
	if len(s.probing)+len(s.missing) > 0 && now.Sub(s.paced) >= paceEvery {
		s.paced = now
		s.pace(now)
	}
	s.flush()
	return last
}

// work does one item and what it led to on this shard.
func (s *Shard) work(it *item, now time.Time) {
	s.finish(it, now)
	for i := 0; i < len(s.local); i++ {
		next := s.local[i]
		s.finish(&next, now)
	}
	clear(s.local)
	s.local = s.local[:0]
}

// finish does one item. A panic on the way ends the peer it came from; the
// lines not yet served are served nonetheless.
func (s *Shard) finish(it *item, now time.Time) {
	s.attempt(it, now)
	for len(it.lines) > 0 {
		s.attempt(it, now)
	}
	if it.pkt != nil {
		it.pkt.Release()
	}
}

func (s *Shard) attempt(it *item, now time.Time) {
	defer s.rescue()
	s.current = it.peer
	switch {
	case it.do != nil:
		it.do(s, now)
	case it.layer != nil:
		if s.behind(it, now) {
			return
		}
		for len(it.lines) > 0 {
			line := it.lines[0]
			it.lines = it.lines[1:]
			s.current = line.peer
			line.deliver(s, it.layer, it.pkt, now)
		}
	case it.control:
		it.peer.control(s, it.pkt.Bytes(), it.arrived, now)
	default:
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
	for p := range s.peers {
		s.tickPeer(p, now)
	}
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

func (s *Shard) tickPeer(p *Peer, now time.Time) {
	defer s.rescue()
	s.current = p
	if !p.dead {
		p.tick(s, now)
	}
}

// send is for a packet going to lines of shard to. It takes a reference of its own.
func (s *Shard) send(to *Shard, layer *Layer, pkt *cache.Packet, lines []*Line) {
	pkt.Retain()
	it := item{layer: layer, pkt: pkt, lines: lines}
	if to == s {
		s.local = append(s.local, it)
		return
	}
	s.out[to.index] = append(s.out[to.index], it)
}

// flush hands every other shard its batch.
func (s *Shard) flush() {
	for i, items := range s.out {
		if len(items) == 0 {
			continue
		}
		s.engine.shards[i].pushAll(items)
		clear(items)
		s.out[i] = items[:0]
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
