package shard

import (
	"sync/atomic"
	"time"

	"palabre/sfu/cache"
	"palabre/sfu/clock"
	"palabre/sfu/codec"
	"palabre/sfu/descriptor"
	"palabre/sfu/keyframe"
	"palabre/sfu/layers"
	"palabre/sfu/nack"
	"palabre/sfu/negotiate"
	"palabre/sfu/red"
	"palabre/sfu/rtp"
)

// State is what became of a published track.
type State uint32

// The states of a track.
const (
	Fine     State = iota // or nothing known against it
	NoVideo               // somebody waits for a picture and none comes
	BadCodec              // the payload is not what was negotiated
)

// Track is one of a publisher's tracks: a voice, a camera, a screen. Its
// shard is the publisher's; others only see what is atomic or never changes.
type Track struct {
	peer *Peer
	// Source names it among the publisher's tracks, name among everybody's.
	Source, name string
	// Video tells pictures from sound; Screen tells a shared screen from a camera.
	Video, Screen bool
	// RIDs are its simulcast layers, the publisher's first is the first of Layers.
	rids   []string
	layers []*Layer
	line   atomic.Pointer[negotiate.Line]
	state  atomic.Uint32
	// sending is what the publisher says it means to send; motion that its
	// screen shows moving pictures.
	sending, motion atomic.Bool

	// Owned by the publisher's shard from here.
	demand  *layers.Demand
	wanting map[*Peer]int // viewers, with how many lines
	wanted  time.Time     // since when somebody wants it; zero: nobody
	wishes  []layers.Wish // what the publisher was told
	wished  time.Time     // when
	packet  time.Time     // last good one
	key     time.Time     // last key frame
	good    int           // packets since the last look
	bad     int           // the same, not what their codec says
	// right and wrong are the packets that are what their codec says and those
	// that are not, headless those of key frames nobody could start with; all
	// since the last key frame.
	right, wrong, headless int
}

// State says what is wrong with the track, for any goroutine.
func (t *Track) State() State { return State(t.state.Load()) }

// Layer is one simulcast layer of a track, or all of a track without simulcast.
type Layer struct {
	track *Track
	rid   string
	ring  *cache.Ring
	// What viewers' shards look at.
	codec         atomic.Pointer[negotiate.Codec]
	kind          atomic.Uint32 // codec.Codec
	bitrate       atomic.Int64
	width, height atomic.Int32
	alive         atomic.Bool
	rates         rungs
	// origin numbers what the layer carries: another after its stream began anew.
	origin atomic.Uint32

	// Owned by the publisher's shard from here.
	ssrc, rtx uint32
	sequence  rtp.Unwrapper
	// first is the first packet that those who get the layer now may have: what
	// came before was for others.
	first uint64
	// descriptors are those of the stream, where it has them.
	descriptors descriptor.Reader
	missing     nack.List
	arbiter     keyframe.Arbiter
	clock       *clock.Track
	groups      []group
	reception   reception
	last        time.Time // when a packet came
	tally       tally
	bytes       int     // since the rate was measured
	chosen      float64 // the rate that those who rest chose by, in bit/s
	measured    time.Time
	pt          uint8
}

// group is the lines of one shard that get a layer. Immutable once made: it travels.
type group struct {
	shard *Shard
	lines []*Line
}

func (e *Engine) newTrack(p *Peer, source string, l negotiate.Line, screen bool) *Track {
	t := &Track{peer: p, Source: source, name: p.key + "/" + source, Video: l.Kind == negotiate.Video, Screen: screen, rids: l.RIDs, wanting: map[*Peer]int{}}
	t.line.Store(&l)
	rids := l.RIDs
	if len(rids) == 0 {
		rids = []string{""}
	}
	size, age, most := cache.AudioPackets, time.Duration(0), 0
	if t.Video {
		size, age, most = cache.VideoPackets, cache.StartAge, cache.StartBytes
		if screen {
			age, most = cache.ScreenStartAge, cache.ScreenStartBytes
		}
		t.demand = layers.NewDemand(rids)
	}
	for _, rid := range rids {
		l := &Layer{track: t, rid: rid, ring: cache.NewRing(size, age, most), arbiter: *keyframe.New(0)}
		l.origin.Store(e.origin.Add(1))
		t.layers = append(t.layers, l)
	}
	return t
}

// codecOf finds what payload type pt means on this track.
func (t *Track) codecOf(pt uint8) (*negotiate.Codec, bool) {
	l := t.line.Load()
	for i := range l.Codecs {
		if c := &l.Codecs[i]; c.PayloadType == pt {
			return c, true
		}
	}
	return nil, false
}

// repaired finds the payload type that an rtx payload type repairs.
func (t *Track) repaired(pt uint8) (uint8, bool) {
	for _, c := range t.line.Load().Codecs {
		if c.RTX == pt && pt != 0 {
			return c.PayloadType, true
		}
	}
	return 0, false
}

// forget keeps what was sent until now from those who get the layer from now
// on: what is cached, what comes late or again, and what the next packets of a
// voice repeat of those before (Opus of one, RFC 2198 of several).
func (l *Layer) forget() {
	if l.reception.received == 0 {
		return
	}
	l.first = l.reception.highest + 1
	switch {
	case l.track.Video:
	case codec.Codec(l.kind.Load()) == codec.RED:
		l.first += red.MaxBlocks
	default:
		l.first++
	}
	l.ring.Clear()
	l.missing.Reset()
}

// subscribe adds a line to a layer's viewers; publisher's shard only.
func (l *Layer) subscribe(line *Line) {
	next := make([]group, 0, len(l.groups)+1)
	found := false
	for _, g := range l.groups {
		if g.shard == line.peer.shard {
			found = true
			for _, have := range g.lines {
				if have == line {
					return
				}
			}
			g.lines = append(g.lines[:len(g.lines):len(g.lines)], line)
		}
		next = append(next, g)
	}
	if !found {
		next = append(next, group{line.peer.shard, []*Line{line}})
	}
	l.groups = next
}

// unsubscribe takes a line out again.
func (l *Layer) unsubscribe(line *Line) {
	next := make([]group, 0, len(l.groups))
	for _, g := range l.groups {
		if g.shard == line.peer.shard {
			lines := make([]*Line, 0, len(g.lines))
			for _, have := range g.lines {
				if have != line {
					lines = append(lines, have)
				}
			}
			g.lines = lines
		}
		if len(g.lines) > 0 {
			next = append(next, g)
		}
	}
	l.groups = next
}

// wish notes what a viewer wants of the track; publisher's shard only.
func (t *Track) wish(viewer *Peer, wishes []layers.Wish, lines int, now time.Time) {
	if lines == 0 {
		delete(t.wanting, viewer)
	} else {
		t.wanting[viewer] = lines
	}
	if t.demand == nil {
		return
	}
	t.demand.Want(viewer.key, now, wishes...)
	t.announce(now)
}

// announce tells the publisher which layers are wanted, when that changed.
func (t *Track) announce(now time.Time) {
	wishes, changed := t.demand.Update(now)
	if len(wishes) == 0 {
		t.wanted = time.Time{}
	} else if t.wanted.IsZero() {
		t.wanted = now
	}
	if changed {
		t.wishes, t.wished = wishes, now
		t.peer.events.Layers(t.Source, wishes)
	}
}

// retell makes every viewer look at the track's layers anew.
func (t *Track) retell(s *Shard, now time.Time) {
	for viewer := range t.wanting {
		s.on(viewer, now, func(s *Shard, now time.Time) { viewer.review() })
	}
}

func codecKind(c *negotiate.Codec) codec.Codec { return codec.ByMime(c.MIME) }
