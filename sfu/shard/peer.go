package shard

import (
	"sync/atomic"
	"time"

	"palabre/sfu/arrivals"
	"palabre/sfu/bwe"
	"palabre/sfu/clock"
	"palabre/sfu/keyframe"
	"palabre/sfu/layers"
	"palabre/sfu/negotiate"
	"palabre/sfu/rtp"
)

// Conn is what a peer's packets leave by. It is written to by the shard alone,
// and keeps nothing it is given.
type Conn interface {
	WriteRTP(header, payload []byte) error
	WriteRTCP(packet []byte) error
	// Prefetch asks for the memory that WriteRTP needs, in steps from 0 to 3.
	Prefetch(step int)
}

// Events is told what the shard found out about a peer. It is called from the
// shard and must not block.
type Events interface {
	// Layers says which layers of a source somebody wants, lowest first. The
	// list is never written to again.
	Layers(source string, wishes []layers.Wish)
	// Quality grades the peer's connection as bars of package quality, about
	// once a second where that changed.
	Quality(up, down int)
	// Changed says that a track's [State] or a line's pause changed.
	Changed()
	// Panicked says that work for this peer panicked; it is given up.
	Panicked(value any, stack []byte)
}

// Voices decides whose voice is heard. It is asked for every audio packet of
// a microphone, before the packet is forwarded.
type Voices interface {
	Heard(level uint8, voice bool, now time.Time) bool
}

// Peer is one participant's media: what it publishes and what it views.
type Peer struct {
	// What every packet that leaves needs is next to each other, see prefetch.

	engine    *Engine
	conn      Conn
	entered   atomic.Bool
	up        atomic.Bool // the connection carries media
	dead      bool        // owned by the shard, as what follows
	ids       *rtp.Extensions
	outlet    outlet
	estimator *bwe.Estimator
	resend    resends
	out       traffic
	health    health

	// What every turn of the rota needs follows.

	turn      turn
	stale     bool // the choice of layers is to be made anew
	content   bool // with the choice there is, whatever the rates of layers become
	allocated time.Time
	lastTWCC  time.Time
	lastRR    time.Time
	lastSR    time.Time
	streams   map[uint32]*stream // nil of who never sent
	tracks    []*Track

	shard  *Shard
	room   atomic.Pointer[any]
	events Events
	voices Voices
	key    string
	gate   policer

	cut    atomic.Bool // nothing comes from the client any more
	closed atomic.Bool

	// Owned by the shard from here.
	ssrc     uint32 // of our feedback
	in       traffic
	byMid    map[string]*Track
	sender   *clock.Sender
	arrivals arrivals.Recorder
	rtt      time.Duration

	lines     []*Line
	bySSRC    map[uint32]*Line
	allocator *layers.Allocator
	sound     sound
	wants     int // bit/s that sound and pictures would take without a limit
	budget    keyframe.Budget
	wishes    map[*Track]wish
	videos    []layers.Video
}

// Seat is where a new peer belongs.
type Seat struct {
	// Shard is one of [Engine.Place].
	Shard int
	// Room is the same for those who hear each other; any comparable value.
	Room any
	// ID tells peers apart in the logs.
	ID string
}

// Open gives a new peer to a shard.
func (e *Engine) Open(at Seat, conn Conn, events Events, voices Voices) *Peer {
	s := e.shards[at.Shard]
	p := &Peer{
		engine: e, shard: s, conn: conn, events: events, voices: voices, key: at.ID,
		ssrc: NewSSRC(), ids: &rtp.Extensions{}, byMid: map[string]*Track{},
		sender: clock.NewSender(), bySSRC: map[uint32]*Line{}, allocator: s.space.NewAllocator(),
		wishes: map[*Track]wish{}, estimator: bwe.New(bwe.Config{}), resend: resends{budget: resendLeast},
	}
	p.room.Store(&at.Room)
	s.post(func(s *Shard, _ time.Time) { s.rota.join(p) }, p)
	return p
}

// Source is one media section a peer may send in.
type Source struct {
	Name   string
	Screen bool
	// KeepTwo has the two lowest layers wanted while anything is.
	KeepTwo bool
	Line    negotiate.Line
}

// Negotiated tells the peer what was agreed: header extensions, what it may
// send, and lines it receives on beyond those it has. It gives the track of
// every source, in order.
func (p *Peer) Negotiated(ids *rtp.Extensions, sources []Source, lines []*Line) []*Track {
	tracks := make([]*Track, len(sources))
	done := make(chan struct{})
	ok := p.shard.post(func(*Shard, time.Time) {
		defer close(done)
		p.ids = ids
		for i, source := range sources {
			tracks[i] = p.publish(source)
		}
		for _, l := range lines {
			p.lines = append(p.lines, l)
			p.bySSRC[l.ssrc] = l
		}
		p.expect(lines)
		p.review()
	}, p)
	if ok {
		<-done
	}
	return tracks
}

func (p *Peer) publish(source Source) *Track {
	if t := p.byMid[source.Line.Mid]; t != nil {
		t.line.Store(&source.Line)
		return t
	}
	t := p.engine.newTrack(p, source.Name, source.Line, source.Screen)
	if source.KeepTwo && t.demand != nil {
		t.demand.Keep(2)
	}
	p.byMid[source.Line.Mid] = t
	p.tracks = append(p.tracks, t)
	p.engine.Metrics.Tracks.Add(1)
	return t
}

// Enter lets media flow both ways.
func (p *Peer) Enter() {
	p.entered.Store(true)
	p.shard.post(p.allocate, p)
}

// Move says that those the peer hears, and who hear it, are others now: room is
// the same for all of them, as in [Seat]. What it sent until now is not for them.
func (p *Peer) Move(room any) {
	p.room.Store(&room)
	p.shard.post(func(*Shard, time.Time) {
		for _, t := range p.tracks {
			for _, l := range t.layers {
				l.forget()
			}
		}
	}, p)
}

// Connected says that the connection carries media now: lines begin with a
// key frame, which must not be sent into the void.
func (p *Peer) Connected() {
	p.up.Store(true)
	p.cut.Store(false)
	p.shard.post(p.allocate, p)
}

// Disconnected says that nothing comes from the client any more.
func (p *Peer) Disconnected() { p.cut.Store(true) }

// Sends says whether the publisher means to send the track.
func (t *Track) Sends(sends bool) { t.sending.Store(sends) }

// Moves says whether a shared screen shows moving pictures rather than text.
func (t *Track) Moves(moves bool) { t.motion.Store(moves) }

// Watch is what one line is to show.
type Watch struct {
	Line  *Line
	Track *Track // nil for nothing
	// Width and Height are what the viewer shows, in device pixels; 0 hides.
	Width, Height int
	// Pinned, then Speaking, go before larger pictures when the bandwidth is short.
	Pinned, Speaking bool
	// Rank orders those of one size, the lowest goes first.
	Rank int
}

// Watch says what the lines of the peer show from now on.
func (p *Peer) Watch(all []Watch) {
	p.shard.post(func(s *Shard, now time.Time) {
		for _, w := range all {
			w.Line.watch(s, w, now)
		}
		p.allocate(s, now)
	}, p)
}

// Receive takes a decrypted RTP packet from the connection's reader.
func (p *Peer) Receive(packet []byte, at time.Time) {
	if !p.gate.allow(len(packet), at) {
		p.engine.Metrics.Drops[DropPolicer].Add(1)
		return
	}
	p.pass(packet, at, false)
}

// Control takes a decrypted RTCP packet from the connection's reader.
func (p *Peer) Control(packet []byte, at time.Time) {
	if !p.gate.allowControl(at) {
		p.engine.Metrics.Drops[DropPolicer].Add(1)
		return
	}
	p.pass(packet, at, true)
}

func (p *Peer) pass(packet []byte, at time.Time, control bool) {
	copied := p.engine.pool.Copy(packet)
	if copied == nil {
		p.engine.Metrics.Drops[DropMalformed].Add(1)
		return
	}
	p.shard.push(item{peer: p, pkt: copied, arrived: at, control: control})
}

// Close takes everything of the peer away and waits until it is gone.
func (p *Peer) Close() {
	if p.closed.Swap(true) {
		return
	}
	done := make(chan struct{})
	if p.shard.post(func(s *Shard, now time.Time) {
		defer close(done)
		p.end(s, now)
	}, p) {
		<-done
	}
}

func (p *Peer) end(s *Shard, now time.Time) {
	p.dead = true
	s.rota.leave(p)
	delete(s.probing, p)
	delete(s.missing, p)
	for _, l := range p.lines {
		l.watch(s, Watch{Line: l}, now)
		l.closed = true
	}
	p.tell(s, nil, now)
	for _, t := range p.tracks {
		p.engine.Metrics.Tracks.Add(-1)
		for viewer := range t.wanting {
			s.on(viewer, now, func(s *Shard, now time.Time) { viewer.drop(s, t, now) })
		}
		for _, l := range t.layers {
			l.groups = nil
			l.ring.Clear()
			if l.clock != nil {
				l.clock.Close()
			}
		}
	}
}

// drop forgets a track that is gone.
func (p *Peer) drop(s *Shard, t *Track, now time.Time) {
	for _, l := range p.lines {
		if l.track == t {
			l.watch(s, Watch{Line: l}, now)
		}
	}
	delete(p.wishes, t)
}

// idle says that nothing comes from the peer that wants an answer soon, and
// that it waits for nothing.
func (p *Peer) idle() bool { return len(p.streams) == 0 && !p.stale }

// review has the choice of layers made anew at the next tick.
func (p *Peer) review() {
	p.stale = true
	p.shard.rota.hurry(p)
}

// tick does what is due for the peer, and says until when nothing is if nothing happens.
func (p *Peer) tick(s *Shard, now time.Time) (rests time.Time) {
	p.feedback(s, now)
	for _, t := range p.tracks {
		t.tick(s, now)
	}
	if p.toChoose(now) {
		p.allocate(s, now)
	}
	p.sendReports(now)
	p.pace(s, now)
	p.grade(now)
	if p.content && p.idle() {
		rests = now.Add(restTick - idleTick/2) // its next turn in its phase after that is restTick on
	}
	return rests
}

// toChoose says that the choice of layers is to be made anew. What may be sent
// falls by itself while nothing is heard of the viewer.
func (p *Peer) toChoose(now time.Time) bool {
	every := allocateEvery
	if p.content {
		every = allocateSeldom
		p.learnt(now)
	}
	return p.stale || now.Sub(p.allocated) >= every
}
