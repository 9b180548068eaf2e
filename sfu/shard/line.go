package shard

import (
	"math/rand/v2"
	"slices"
	"time"

	"palabre/sfu/cache"
	"palabre/sfu/codec"
	"palabre/sfu/keyframe"
	"palabre/sfu/negotiate"
	"palabre/sfu/rewrite"
	"palabre/sfu/rtp"
)

// Line is one receive-only media section of a viewer: one endless stream,
// whoever sits in it. Its shard is the viewer's.
type Line struct {
	// What every packet needs comes first, see prefetch.

	peer *Peer
	// stream is nil until the line is to show something: most lines never do.
	stream *rewrite.Stream
	// subs are the layers that come in: what is shown, and what is switched to.
	// They are in near, unless there are more.
	subs []sub
	near [2]sub
	// The viewer's numbers for codec, found once.
	codec         *negotiate.Codec
	agree         agreed
	stamps        stamps
	ssrc          uint32
	video, closed bool
	known         bool
	// descriptors: the viewer agreed to dependency descriptors; reports: to say
	// when each packet of the line arrived.
	descriptors, reports bool
	sent                 bool // since the last sender report
	tally                sentTally

	rtx     uint32
	codecs  []negotiate.Codec
	cname   string
	pause   pause
	watched Watch
	// part is what was chosen of the layer, carried what is in effect of that.
	part, carried part
	track         *Track

	reported uint32 // packets sent when the viewer last reported
	resent   uint16
	asked    time.Time // for a key frame, on the viewer's behalf
}

// agreed is what a line needs of what the viewer has for a codec, in few bytes.
type agreed struct {
	payloadType, rtx, blocks uint8
	kind                     codec.Codec
	clockRate                uint32
}

// sub is a layer a line gets, with the origin its packets bear.
type sub struct {
	layer  *Layer
	origin rewrite.Origin
}

// NewLine makes a line of the peer for a section that receives.
func (p *Peer) NewLine(l negotiate.Line, cname string, ssrc, rtx uint32) *Line {
	line := &Line{
		peer: p, video: l.Kind == negotiate.Video, codecs: l.Codecs, cname: cname, ssrc: ssrc, rtx: rtx,
		resent:      uint16(rand.Uint32()),
		reports:     slices.ContainsFunc(l.Codecs, func(c negotiate.Codec) bool { return c.ReportsArrivals() || c.ReportsCongestion() }),
		descriptors: slices.ContainsFunc(l.Extensions, func(e negotiate.Extension) bool { return e.Kind == rtp.DependencyDescriptor }),
	}
	line.subs = line.near[:0]
	return line
}

// numbering is the line's stream, made when first asked for.
func (l *Line) numbering() *rewrite.Stream {
	if l.stream == nil {
		c := rewrite.Config{
			ClockRate: 48000, Audio: !l.video,
			Sequence: uint16(rand.Uint32()), Timestamp: rand.Uint32(), PictureID: uint16(rand.Uint32()) & 0x7FFF, TL0: uint8(rand.Uint32()),
		}
		if l.video {
			c.ClockRate = 90000
		}
		l.stream = rewrite.New(c)
	}
	return l.stream
}

// watch changes what the line shows.
func (l *Line) watch(s *Shard, w Watch, now time.Time) {
	if l.closed {
		return
	}
	l.watched = w
	if w.Track == l.track {
		return
	}
	l.leaveAll(s, now)
	l.setPause(notPaused)
	if old := l.track; old != nil && !l.video {
		s.on(old.peer, now, func(_ *Shard, now time.Time) { old.wish(l.peer, nil, 0, now) })
	}
	l.track, l.known = w.Track, false
	if l.track != nil && !l.video {
		s.on(l.track.peer, now, func(_ *Shard, now time.Time) { w.Track.wish(l.peer, nil, 1, now) })
		l.join(s, l.track.layers[0], now)
	}
}

// leaveAll stops the line: nothing comes in, nothing goes out.
func (l *Line) leaveAll(s *Shard, now time.Time) {
	for len(l.subs) > 0 {
		l.leave(s, l.subs[0].layer, now)
	}
	if l.stream != nil {
		l.stream.Stop()
		l.stream.Want(0)
	}
}

// join begins to receive a layer. The publisher's shard adds the line, then
// this one starts it from the cache.
func (l *Line) join(s *Shard, layer *Layer, now time.Time) {
	for _, have := range l.subs {
		if have.layer == layer {
			l.stream.Want(have.origin)
			return
		}
	}
	origin := rewrite.Origin(layer.origin.Load())
	l.subs = append(l.subs, sub{layer, origin})
	l.numbering().Want(origin)
	l.asked = now // begin asks, if the cache has no start
	s.on(layer.track.peer, now, func(s *Shard, now time.Time) {
		if layer.track.peer.closed.Load() {
			return
		}
		layer.subscribe(l)
		s.on(l.peer, now, func(s *Shard, now time.Time) { l.begin(s, layer, now) })
	})
}

const (
	// lookBack is how old a key frame may be for a viewer to go over to another
	// layer of what it sees already: the picture must not go back in time. Who
	// sees nothing yet, or a picture that stands, takes what there is.
	lookBack = 200 * time.Millisecond
	// firstWords is how much of a voice a listener gets of what came before its
	// line began: who speaks up without a seat gets a line only then.
	firstWords = 100 * time.Millisecond
)

// begin feeds a newcomer from the cache, or has a key frame asked for.
func (l *Line) begin(s *Shard, layer *Layer, now time.Time) {
	if !l.has(layer) {
		return
	}
	start := l.start(layer, s.engine.since(now), s.start[:0])
	waiting := l.stream.Waiting() != 0
	l.forward(s, layer, start, now)
	for _, pkt := range start {
		pkt.Release()
	}
	if l.video && waiting && len(start) > 0 {
		s.engine.Metrics.CachedStarts.Add(1)
	}
	clear(start)
	s.start = start[:0]
	if l.video && l.stream.Waiting() != 0 {
		l.ask(s, layer, keyframe.Start, now)
	}
}

// start is what the cache has for a line that begins with a layer. The line may have
// begun by itself, with a packet that was on its way when it left this very layer:
// then it is what came between leaving and joining, which nobody sent it.
func (l *Line) start(layer *Layer, at time.Duration, dst []*cache.Packet) []*cache.Packet {
	begun := l.stream.Waiting() == 0
	if !l.video {
		words := firstWords
		if gone, ok := l.stream.Behind(at); ok && !begun {
			words = min(words, max(0, gone)) // what overlaps with another voice would only come late
		}
		return layer.ring.Recent(at-words, dst)
	}
	if dst = layer.ring.SinceKeyFrame(at, dst); len(dst) == 0 || begun {
		return dst
	}
	if shown := l.layerOf(l.stream.Current()); shown != nil && shown.alive.Load() && at-dst[0].Arrival > lookBack {
		for _, pkt := range dst {
			pkt.Release()
		}
		return dst[:0]
	}
	frames := 1
	for i := range dst[1:] {
		if dst[i+1].Header.Timestamp != dst[i].Header.Timestamp {
			frames++
		}
	}
	l.stream.Hasten(frames, dst[len(dst)-1].Capture)
	return dst
}

func (l *Line) has(layer *Layer) bool {
	for _, have := range l.subs {
		if have.layer == layer {
			return true
		}
	}
	return false
}

func (l *Line) leave(s *Shard, layer *Layer, now time.Time) {
	for i, have := range l.subs {
		if have.layer == layer {
			l.subs = append(l.subs[:i], l.subs[i+1:]...)
			break
		}
	}
	s.on(layer.track.peer, now, func(*Shard, time.Time) { layer.unsubscribe(l) })
}

// ask has the publisher asked for a key frame.
func (l *Line) ask(s *Shard, layer *Layer, why keyframe.Reason, now time.Time) {
	l.asked = now
	s.on(layer.track.peer, now, func(s *Shard, now time.Time) {
		if !layer.track.peer.closed.Load() {
			layer.request(s, why, now)
		}
	})
}

// restart follows a layer whose stream began anew.
func (p *Peer) restart(s *Shard, layer *Layer, now time.Time) {
	for _, l := range p.lines {
		for i := range l.subs {
			if l.subs[i].layer != layer {
				continue
			}
			shown := l.stream.Current() == l.subs[i].origin || l.stream.Waiting() == l.subs[i].origin
			l.subs[i].origin = rewrite.Origin(layer.origin.Load())
			if shown {
				l.stream.Want(l.subs[i].origin)
				if l.video {
					l.ask(s, layer, keyframe.Start, now)
					p.review() // until it comes
				}
			}
		}
	}
}

// switched lets go of the layers shown before.
func (l *Line) switched(s *Shard, to *Layer, now time.Time) {
	for i := 0; i < len(l.subs); {
		if l.subs[i].layer == to {
			i++
			continue
		}
		l.leave(s, l.subs[i].layer, now)
	}
	l.carry()
}

// take says up to which spatial and temporal id the line carries its layer;
// more than there is means all of it. Less takes effect with the next picture,
// more where a decoder can follow.
func (l *Line) take(spatial, temporal uint8) { l.stream.Take(spatial, temporal) }
