package shard

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"

	"palabre/sfu/codec"
	"palabre/sfu/keyframe"
	"palabre/sfu/layers"
)

// wish is what a viewer last asked of a track.
type wish struct {
	layers []layers.Wish
	lines  int
}

// with adds a line's choice: what would serve it best and, while that does
// not come, everything from there down to what serves meanwhile. A publisher
// may never be able to send the best.
func (w wish) with(t *Track, c layers.Choice) wish {
	if c.Want < 0 {
		return w
	}
	w.lines++
	low, high := min(c.Want, max(c.Forward, 0)), max(c.Want, c.Forward)
	for _, l := range t.layers[low : high+1] {
		one := layers.Wish{RID: l.rid, MaxWidth: c.MaxWidth, MaxHeight: c.MaxHeight, MaxFramerate: c.MaxFramerate, MaxBitrate: c.MaxBitrate}
		if i := slices.IndexFunc(w.layers, func(have layers.Wish) bool { return have.RID == l.rid }); i >= 0 {
			w.layers[i] = w.layers[i].Union(one)
			continue
		}
		w.layers = append(w.layers, one)
	}
	return w
}

// sound measures what a viewer's lines without pictures take.
type sound struct {
	octets uint32 // of all those lines, modulo 2^32
	looked time.Time
	rate   float64 // bit/s
}

// look gives the rate of what was sent in sound lately, in bit/s. It rises at
// once and falls slowly: who speaks pauses, too.
func (d *sound) look(lines []*Line, now time.Time) int {
	took := now.Sub(d.looked)
	if took < allocateEvery {
		return int(d.rate)
	}
	var octets uint32
	for _, l := range lines {
		if !l.video {
			octets += uint32(l.tally.bytes)
		}
	}
	rate := float64(octets-d.octets) * 8 / took.Seconds()
	d.rate = max(rate, d.rate+(rate-d.rate)*0.1)
	d.octets, d.looked = octets, now
	return int(d.rate)
}

// allocate chooses a layer for every picture of the viewer. Sound is not
// chosen: it is always sent, and pictures share what it leaves.
func (p *Peer) allocate(s *Shard, now time.Time) {
	p.stale, p.allocated = false, now
	settled := p.settle(now)
	bits := p.target(now)
	if !p.entered.Load() || !p.up.Load() {
		p.content = false
		return
	}
	sound := p.sound.look(p.lines, now)
	if bits > 0 {
		bits = max(1, bits-sound) // 0 would be no limit
	}
	bits = s.strain.bound(bits)
	lines := s.shown[:0]
	for _, l := range p.lines {
		if l.video && l.track != nil {
			lines = append(lines, l)
		}
	}
	slices.SortStableFunc(lines, func(a, b *Line) int { return cmp.Compare(a.watched.Rank, b.watched.Rank) })
	p.videos = slices.Grow(p.videos[:0], len(lines))[:len(lines)]
	for i, l := range lines {
		l.describe(&p.videos[i])
	}
	if s.wishes == nil {
		s.wishes = map[*Track]wish{}
	}
	clear(s.wishes) // of a peer whose choice ended in a panic
	p.content = settled
	for i, choice := range p.allocator.Allocate(p.videos, bits, now) {
		l := lines[i]
		l.choose(s, choice, now)
		p.content = p.content && l.serves(choice)
		s.wishes[l.track] = s.wishes[l.track].with(l.track, choice)
	}
	p.wants = p.allocator.Wanted() + sound
	p.content = p.content && (bits == 0 || float64(bits) >= ample*float64(p.wants))
	p.estimator.Wanted(p.wants)
	p.tell(s, s.wishes, now)
	p.wishes, s.wishes = s.wishes, p.wishes // the old ones are the space for the next peer's
	clear(s.wishes)
	clear(lines)
	s.shown = lines
}

// describe makes v the line's picture as the allocator sees it, in the space v has.
func (l *Line) describe(v *layers.Video) {
	t := l.track
	all := slices.Grow(v.Layers[:0], len(t.layers))[:len(t.layers)]
	for i, layer := range t.layers {
		all[i] = layers.Layer{
			RID: layer.rid, Width: int(layer.width.Load()), Height: int(layer.height.Load()),
			Bitrate: int(layer.bitrate.Load()), Alive: layer.alive.Load(), Rungs: l.rungs(layer, all[i].Rungs[:0]),
		}
	}
	*v = layers.Video{
		ID: t.name, Screen: t.Screen, Motion: t.motion.Load(), Pinned: l.watched.Pinned, Speaking: l.watched.Speaking,
		Width: l.watched.Width, Height: l.watched.Height, Layers: all,
	}
}

// rungs appends the parts of a layer that the viewer can take.
func (l *Line) rungs(layer *Layer, dst []layers.Rung) []layers.Rung {
	rungs := layer.rungs(dst)
	if l.flat(layer) {
		rungs = slices.DeleteFunc(rungs, func(r layers.Rung) bool { return r.Spatial > 0 })
	}
	return rungs
}

// flat says that the viewer can take no spatial layer but the lowest: without
// the dependency descriptor a decoder of AV1 does not know which one to show.
func (l *Line) flat(layer *Layer) bool {
	return !l.descriptors && codec.Codec(layer.kind.Load()) == codec.AV1
}

// choose puts a choice into effect.
func (l *Line) choose(s *Shard, c layers.Choice, now time.Time) {
	if c.Paused == layers.PausedBandwidth {
		l.setPause(pausedBandwidth)
	} else if pause(atomic.LoadUint32((*uint32)(&l.pause))) == pausedBandwidth {
		l.setPause(notPaused)
	}
	pick := c.Forward
	switch {
	case pick >= 0:
	case c.Want < 0 || c.Paused != "": // hidden, or too much for the line
		l.leaveAll(s, now)
		return
	case len(l.subs) > 0:
		return
	default:
		pick = c.Want // nothing comes yet: be there when it begins
	}
	to := l.track.layers[pick]
	l.join(s, to, now)
	// A layer that was to be switched to and no longer is need not come in.
	for i := 0; i < len(l.subs); {
		have := l.subs[i]
		if have.layer == to || have.origin == l.stream.Current() {
			i++
			continue
		}
		l.leave(s, have.layer, now)
	}
	l.part = part{c.Spatial, c.Temporal}
	l.carry()
	if (l.stream.Waiting() != 0 || l.stream.Short()) && now.Sub(l.asked) > askEvery {
		l.ask(s, to, keyframe.Start, now)
	}
}

// serves says that a choice is all there is to wish for, and in effect.
func (l *Line) serves(c layers.Choice) bool {
	return c.Forward == c.Want && c.Paused == "" && (l.stream == nil || l.stream.Waiting() == 0 && !l.stream.Short())
}

// part is up to which ids a line carries its layer.
type part struct{ spatial, temporal uint8 }

// carry puts the choice of what the line gets of its layer into effect. While
// a switch to another layer is under way that is a choice for the other: of
// the one still shown, less is taken at once, more is not taken any longer.
func (l *Line) carry() {
	if !l.video {
		return
	}
	next := l.part
	if l.stream.Waiting() == 0 || l.stream.Current() == 0 {
		l.carried = next
	} else {
		l.carried.temporal = min(l.carried.temporal, next.temporal)
		l.carried.spatial = next.spatial
	}
	l.take(l.carried.spatial, l.carried.temporal)
}

// tell lets publishers know what the viewer wants, where that changed.
func (p *Peer) tell(s *Shard, wishes map[*Track]wish, now time.Time) {
	for t, old := range p.wishes {
		if _, ok := wishes[t]; !ok && old.lines >= 0 {
			s.on(t.peer, now, func(_ *Shard, now time.Time) { t.wish(p, nil, 0, now) })
		}
	}
	for t, w := range wishes {
		old, ok := p.wishes[t]
		if ok && old.lines == w.lines && slices.Equal(old.layers, w.layers) {
			continue
		}
		s.on(t.peer, now, func(_ *Shard, now time.Time) {
			if !t.peer.closed.Load() && !p.closed.Load() {
				t.wish(p, w.layers, max(w.lines, 1), now)
			}
		})
	}
}
