package shard

import (
	"time"

	"palabre/sfu/cache"
)

// run is some packets of a layer on their way to the same lines of this shard.
// They are sent viewer by viewer: a viewer's state is fetched once, and what
// leaves to one address next to each other leaves in one call.
type run struct {
	layer *Layer
	pkts  []*cache.Packet
	lines []*Line
	since time.Time // when the first was gathered
}

const (
	// restOfFrame is how long the packets of a frame wait for those still to come,
	// where so many viewers get them that it is worth waking once more. On a line of 20
	// Mbit/s a packet takes half a millisecond: to wait for all of a frame would save an
	// eighth of what hundreds of viewers cost, and have its first packets be milliseconds late.
	restOfFrame   = time.Millisecond
	worthTheFrame = 8
	// longestRun bounds what one viewer is sent before the next has its turn: a
	// frame of 5 Mbit/s.
	longestRun = 24
	// callful is to how many viewers a picture leaves at a time: as many as one call carries,
	// while all of it is still in the processor's nearer caches.
	callful = 16
	// mostRuns bounds what is gathered.
	mostRuns = 64
)

// level makes the packets of a run equal in size, as only such can leave in one
// call (UDP_SEGMENT): those smaller by up to most bytes than size are padded
// (RFC 3550 section 5.1).
type level struct{ size, most int }

// short is how many bytes of padding a payload of size n gets.
func (v level) short(n int) int {
	if d := v.size - n; d > 0 && d <= v.most {
		return d
	}
	return 0
}

const (
	// uneven is how much the packets of a frame differ at most when their sender
	// meant them to be equal: browsers split a frame evenly.
	uneven = 8
	// mostPad is all that RTP padding can be, in bytes.
	mostPad = 255
)

// gather takes a packet to be sent to lines. It owns the caller's reference.
func (s *Shard) gather(layer *Layer, pkt *cache.Packet, lines []*Line, now time.Time) {
	if s.behind(layer, pkt, lines, now) {
		pkt.Release()
		return
	}
	if !layer.track.Video && s.hold(layer, pkt, lines, now) {
		return
	}
	if s.interlude.playing && !layer.track.Video {
		one := [1]*cache.Packet{pkt}
		s.play(layer, one[:], lines)
		return
	}
	for i := range s.runs {
		switch r := &s.runs[i]; {
		case r.layer != layer:
		case len(r.pkts) < longestRun && len(r.lines) == len(lines) && &r.lines[0] == &lines[0]:
			r.pkts = append(r.pkts, pkt)
			return
		default: // others get the layer now: what came before goes to those who got it then, and first
			s.sendRun(r)
		}
	}
	if len(s.runs) == mostRuns {
		s.serve()
	}
	if len(s.runs) < cap(s.runs) {
		s.runs = s.runs[:len(s.runs)+1] // with the space it had before
	} else {
		s.runs = append(s.runs, run{})
	}
	r := &s.runs[len(s.runs)-1]
	r.layer, r.lines, r.pkts, r.since = layer, lines, append(r.pkts[:0], pkt), now
}

// waits is until when a run waits for the rest of its frame; zero when it does not.
func (r *run) waits() (until time.Time) {
	if len(r.pkts) == 0 { // it went in an interlude
		return until
	}
	last := r.pkts[len(r.pkts)-1]
	if !r.layer.track.Video || last.Header.Marker || len(r.lines) < worthTheFrame || len(r.pkts) >= longestRun {
		return until
	}
	return r.since.Add(restOfFrame)
}

// frameWaits says whether a frame waits for its rest.
func (s *Shard) frameWaits(now time.Time) bool {
	for i := range s.runs {
		if now.Before(s.runs[i].waits()) {
			return true
		}
	}
	return false
}

// serve sends what was gathered.
func (s *Shard) serve() {
	for i := range s.runs {
		s.sendRun(&s.runs[i])
	}
	s.runs = s.runs[:0]
}

// serveDue sends what was gathered, but for frames whose rest is on its way.
func (s *Shard) serveDue(now time.Time) {
	kept := 0
	for i := range s.runs {
		if now.Before(s.runs[i].waits()) {
			s.runs[kept], s.runs[i] = s.runs[i], s.runs[kept] // each keeps its space
			kept++
			continue
		}
		s.sendRun(&s.runs[i])
	}
	s.runs = s.runs[:kept]
}

func (s *Shard) sendRun(r *run) {
	if r.layer == nil { // it went in an interlude
		return
	}
	if len(r.pkts) > 1 {
		s.level = level{largest(r.pkts), uneven}
	}
	current := s.current
	s.play(r.layer, r.pkts, r.lines)
	r.layer, r.lines, r.pkts = nil, nil, r.pkts[:0]
	s.level, s.current = level{}, current
}

// play sends packets to lines and lets go of them. A panic on the way ends the
// peer it came from; the lines after it are served nonetheless.
func (s *Shard) play(layer *Layer, pkts []*cache.Packet, lines []*Line) {
	if layer.track.Video && len(lines) > 1 {
		s.bodies.begin()
		defer s.bodies.end()
	}
	for done := 0; done < len(lines); done++ {
		done = s.playFrom(done, layer, pkts, lines)
	}
	for _, pkt := range pkts {
		pkt.Release()
	}
	clear(pkts)
}

func (s *Shard) playFrom(first int, layer *Layer, pkts []*cache.Packet, lines []*Line) (done int) {
	defer s.rescue()
	for ahead := -fetches; ahead < 0; ahead++ {
		prefetchAfter(lines, first, first+ahead, len(pkts))
	}
	for done = first; done < len(lines); done++ {
		prefetchAfter(lines, first, done, len(pkts))
		line := lines[done]
		s.current = line.peer
		line.forward(s, layer, pkts, s.interlude.now)
		if layer.track.Video {
			s.breathe(len(pkts))
			if (done-first+1)%callful == 0 && s.port != nil {
				s.port.Flush()
			}
		}
	}
	return done
}

func largest(pkts []*cache.Packet) (size int) {
	for _, pkt := range pkts {
		size = max(size, len(pkt.Payload()))
	}
	return size
}
