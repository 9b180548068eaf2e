package shard

import (
	"slices"
	"sync/atomic"
	"time"

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
		w.layers = append(w.layers, layers.Wish{RID: l.rid})
	}
	return w
}

// allocate chooses a layer for every picture of the viewer.
func (p *Peer) allocate(s *Shard, now time.Time) {
	p.stale, p.allocated = false, now
	bits := p.limit.look(now)
	if !p.entered.Load() || !p.up.Load() {
		return
	}
	p.videos = p.videos[:0]
	var lines []*Line
	for _, l := range p.lines {
		if l.video && l.track != nil {
			p.videos = append(p.videos, l.describe())
			lines = append(lines, l)
		}
	}
	wishes := map[*Track]wish{}
	for i, choice := range p.allocator.Allocate(p.videos, bits, now) {
		l := lines[i]
		l.choose(s, choice, now)
		wishes[l.track] = wishes[l.track].with(l.track, choice)
	}
	p.tell(s, wishes, now)
}

// describe is the line's picture as the allocator sees it.
func (l *Line) describe() layers.Video {
	t := l.track
	v := layers.Video{
		ID: t.peer.key + "/" + t.Source, Screen: t.Screen, Motion: t.motion.Load(), Pinned: l.watched.Pinned, Speaking: l.watched.Speaking,
		Width: l.watched.Width, Height: l.watched.Height, Layers: make([]layers.Layer, len(t.layers)),
	}
	for i, layer := range t.layers {
		v.Layers[i] = layers.Layer{
			RID: layer.rid, Width: int(layer.width.Load()), Height: int(layer.height.Load()),
			Bitrate: int(layer.bitrate.Load()), Alive: layer.alive.Load(),
		}
	}
	return v
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
	if l.stream.Waiting() != 0 && now.Sub(l.asked) > askEvery {
		l.ask(s, to, keyframe.Start, now)
	}
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
	p.wishes = wishes
}
