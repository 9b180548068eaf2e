package sfu

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"palabre/sfu/channel"
	"palabre/sfu/layers"
	"palabre/sfu/shard"
	"palabre/sfu/speakers"
	"palabre/sfu/transport"
)

// Peer is one participant's connection to the media plane. It is safe for
// concurrent use. Close must not be called from a [Report].
type Peer struct {
	sfu     *SFU
	room    *room
	id      string
	number  uint64 // counts the server's peers
	log     *slog.Logger
	conn    *transport.Conn
	media   *shard.Peer
	reports *reports
	drops   [transport.Drops]atomic.Uint64
	// group is who the peer sees and hears; nil before it enters and on the way
	// from one group to another.
	group atomic.Pointer[group]

	// drawing is the data channel; nil until the client offers one.
	drawing atomic.Pointer[channel.Channel]

	offers sync.Mutex // one offer at a time
	plan   plan
	pace   pace

	closing sync.Once
	closed  atomic.Bool
}

func newPeer(s *SFU, rm *room, id string, r Report) *Peer {
	p := &Peer{sfu: s, room: rm, id: id, log: s.log.With("participant", id), reports: newReports(r), plan: newPlan()}
	place := s.engine.Place()
	p.conn = s.host.Open(handler{p}, place)
	p.media = s.engine.Open(shard.Seat{Shard: place, Room: rm, ID: id}, p.conn, events{p}, events{p})
	return p
}

// Enter lets media flow: what the peer sends reaches the room and the other way round.
func (p *Peer) Enter(context.Context) error {
	if p.closed.Load() {
		return ErrClosed
	}
	p.media.Enter()
	p.room.enter(p)
	return nil
}

// Move takes the peer to the group of its room with that name, "" for the main
// one: it sees and hears those of the group and nobody else. Lines and streams
// go on as they were. When it returns nothing passes any more between the peer
// and those it left, not even what was sent before.
func (p *Peer) Move(group string) { p.room.move(p, group) }

// SetLayout says what this participant shows.
func (p *Peer) SetLayout(l Layout) { p.room.layout(p, l) }

// SetSending says which sources this participant means to send now, so that
// seats show "muted" rather than wait for packets.
func (p *Peer) SetSending(s Sending) { p.room.sending(p, s) }

// Close ends the connection and waits until nothing of it runs.
func (p *Peer) Close() error {
	var err error
	p.closing.Do(func() {
		p.closed.Store(true)
		p.room.leave(p)
		p.media.Close()
		p.offers.Lock() // an offer under way makes way first
		err = p.conn.Close()
		p.offers.Unlock()
		if c := p.drawing.Load(); c != nil {
			c.Close()
		}
		p.reports.close()
		p.sfu.release(p)
	})
	return err
}

// drawingLabel is the data channel for drawings on shared screens; others are closed.
const drawingLabel = "palabre.draw"

// open makes the place for the data channel of a client that offers one.
func (p *Peer) open() {
	if p.drawing.Load() == nil {
		p.drawing.Store(channel.New(channel.Config{Label: drawingLabel, Write: p.conn.WriteApplication, Events: drawing{p}, Logger: p.log}))
	}
}

// Send sends a message over the participant's data channel, without waiting.
// It is false when the message was not taken, because there is no channel or
// too much waits for a slow client: [Report.Writable] then says when there is room.
func (p *Peer) Send(message []byte) bool {
	c := p.drawing.Load()
	return c != nil && c.Send(message)
}

// drawing is the peer as its data channel sees it.
type drawing struct{ p *Peer }

func (d drawing) Message(data []byte) { d.p.reports.to.Message(data) }
func (d drawing) Writable()           { d.p.reports.add("writable", func(r Report) { r.Writable() }) }

// PeerStats is what a peer has sent and received, and how its connection does.
type PeerStats struct {
	PacketsIn, BytesIn, PacketsOut, BytesOut uint64
	// RTT is the round trip to the client, 0 while not known.
	RTT time.Duration
	// Limit is what the client's line is thought to carry, in bit/s.
	Limit int
	// SSRCs is how many incoming streams are known.
	SSRCs int
	// Profile is the SRTP protection in use.
	Profile string
	// Dropped counts datagrams thrown away before they were RTP, by reason.
	Dropped map[string]uint64
	// Up and Down grade the connection's two directions, as bars of package quality.
	Up, Down int
	Link     LinkStats
	// Tracks are what the participant may send, Lines what they receive on.
	Tracks []TrackStats
	Lines  []LineStats
}

// What the shards know of a connection and its streams.
type (
	// LinkStats is the state of the connection to one participant.
	LinkStats = shard.LinkStats
	// TrackStats is one source a participant may send.
	TrackStats = shard.TrackStats
	// LayerStats is one stream of a source.
	LayerStats = shard.LayerStats
	// LineStats is one stream a participant receives.
	LineStats = shard.LineStats
)

// Stats gives the peer's counts now.
func (p *Peer) Stats() PeerStats {
	snap := p.media.Snapshot()
	s := PeerStats{
		PacketsIn: snap.PacketsIn, BytesIn: snap.BytesIn, PacketsOut: snap.PacketsOut, BytesOut: snap.BytesOut,
		RTT: snap.RTT, Limit: snap.Limit, SSRCs: snap.SSRCs, Profile: p.conn.Profile(), Dropped: map[string]uint64{},
		Up: snap.Up, Down: snap.Down, Link: snap.Link, Tracks: snap.Tracks, Lines: snap.Lines,
	}
	for i := range p.drops {
		if n := p.drops[i].Load(); n > 0 {
			s.Dropped[transport.Drop(i).String()] = n
		}
	}
	return s
}

// fail tells the participant that the connection is gone for good.
func (p *Peer) fail(reason string) {
	p.reports.add("state", func(r Report) { r.Failed(reason) })
}

// handler is the peer as its connection sees it.
type handler struct{ p *Peer }

func (h handler) Connected() {
	h.p.media.Connected()
	h.p.reports.add("", func(r Report) { r.Connected() })
}

func (h handler) Disconnected() {
	h.p.media.Disconnected()
	h.p.reports.add("", func(r Report) { r.Disconnected() })
}

func (h handler) Failed(reason string)            { h.p.fail(reason) }
func (h handler) RTP(packet []byte, at time.Time) { h.p.media.Receive(packet, at) }
func (h handler) RTCP(packet []byte, at time.Time) {
	h.p.media.Control(packet, at)
}

func (h handler) Application(packet []byte) {
	if c := h.p.drawing.Load(); c != nil {
		c.Take(packet)
	}
}

func (h handler) Dropped(why transport.Drop) {
	h.p.drops[why].Add(1)
	h.p.sfu.metrics.refused[why].Add(1)
}

func (h handler) Panicked(value any, stack []byte) {
	h.p.sfu.engine.Metrics.Panics.Add(1)
	events(h).Panicked(value, stack)
}

// events is the peer as its shard sees it.
type events struct{ p *Peer }

func (e events) Layers(source string, wishes []layers.Wish) {
	e.p.reports.add("layers "+source, func(r Report) {
		told := make([]LayerWish, len(wishes))
		for i, w := range wishes {
			told[i] = LayerWish(w)
		}
		r.Layers(Source(source), told)
	})
}

func (e events) Quality(up, down int) {
	e.p.reports.add("quality", func(r Report) { r.Quality(up, down) })
}

func (e events) Changed() { e.p.room.changed() }

func (e events) Panicked(value any, stack []byte) {
	e.p.log.Error("a panic ends a media connection", "panic", value, "stack", string(stack))
	e.p.fail("internal error")
}

// Heard says whether the peer's voice is forwarded.
func (e events) Heard(level uint8, voice bool, now time.Time) bool {
	g := e.p.group.Load()
	if g == nil {
		return false
	}
	forward, change := g.heard(e.p, level, voice, now)
	switch {
	case change&speakers.LoudestChanged != 0:
		e.p.room.changed()
	case change != 0:
		e.p.room.spoken()
	}
	return forward
}

// pace limits how often a client may renegotiate.
type pace struct {
	tokens float64
	last   time.Time
}

const (
	// paceBurst offers may come at once, then one every paceEvery: layouts grow
	// in five steps, and networks change.
	paceBurst = 12
	paceEvery = 2 * time.Second
)

var errTooMany = errors.New("too many offers; wait a few seconds")

func (p *pace) allow(now time.Time) bool {
	if p.last.IsZero() {
		p.tokens = paceBurst
	} else {
		p.tokens = min(paceBurst, p.tokens+now.Sub(p.last).Seconds()/paceEvery.Seconds())
	}
	p.last = now
	if p.tokens < 1 {
		return false
	}
	p.tokens--
	return true
}
