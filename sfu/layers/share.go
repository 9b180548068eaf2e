package layers

import (
	"math"
	"slices"
)

// share is a viewer's line while it is given out.
type share struct {
	limit float64 // bit/s, may be infinite
	room  float64 // what rises may add up to
	sure  float64 // what the limit has been for a while
	used  float64
	// rose and lost say that a video got more than before, or less for want of room.
	rose, lost bool
}

// distribute gives every video its rung, the most important first.
func (s *share) distribute(videos []*video) {
	short := false // a more important one is paused
	for i, v := range videos {
		if v.Screen && !short {
			s.sharp(v)
			s.spare(v, i)
			short = v.got < 0
		} else if v.Screen {
			s.least(v, videos[i+1:])
		}
	}
	for i, v := range videos {
		if !v.Screen {
			s.least(v, videos[i+1:])
			s.spare(v, i)
		}
	}
	// While one is paused, less important ones get no more than their lowest.
	rich := videos
	if i := slices.IndexFunc(videos, func(v *video) bool { return v.got < 0 }); i >= 0 {
		rich = videos[:i]
	}
	top := 0
	for _, v := range rich {
		top = max(top, v.step)
		if v.Screen || v.Pinned || v.Speaking {
			s.climb(v, func(rung) bool { return true })
		}
	}
	for step := range top + 1 {
		for _, frames := range [...]float64{0.25, 0.5, 1} {
			for _, v := range rich {
				s.climb(v, func(r rung) bool { return r.step < step || r.step == step && r.share <= frames })
			}
		}
	}
}

// overdraw is how much more than the limit the first picture of all may take
// with its lowest rung: estimates fall short for a moment when a line narrows,
// and nothing else is left to give up.
const overdraw = 2

// spare keeps the first video of all from being paused where that can be
// borne. Of a text it always can: it is quiet again in a moment.
func (s *share) spare(v *video, rank int) {
	if rank > 0 || v.got >= 0 {
		return
	}
	most := s.sure
	switch {
	case text(v.Video):
		most = math.Inf(1)
	case v.had.layer >= 0:
		most = overdraw * s.limit
	}
	if v.order[0].cost <= most {
		s.force(v)
		v.spared = true
	}
}

// sharp gives a screen the size it needs, at its lowest frame rate, else what
// there is room for.
func (s *share) sharp(v *video) {
	slowest := v.slowest()
	s.climb(v, func(r rung) bool { return r.temporal == slowest && r.step == v.best().step })
	s.climb(v, func(rung) bool { return v.got < 0 })
}

// least gives a video its lowest rung; without waiting where less important
// ones have had anything: they are to be paused before it.
func (s *share) least(v *video, others []*video) {
	lowest := v.order[0]
	s.climb(v, func(r rung) bool { return r.is(lowest) })
	if v.got < 0 && s.used+lowest.cost <= s.limit && slices.ContainsFunc(others, (*video).served) {
		s.force(v)
	}
}

// force gives a video its lowest rung.
func (s *share) force(v *video) {
	v.got = 0
	s.used += v.cost()
}

// served says that the video was not paused.
func (v *video) served() bool { return v.had.layer >= 0 }

// slowest is the lowest temporal id of the picture size the video needs.
func (v *video) slowest() uint8 {
	least := uint8(Whole)
	for _, r := range v.order {
		if r.step == v.best().step {
			least = min(least, r.temporal)
		}
	}
	return least
}

// climb gives a video the best rung allowed that there is room for.
func (s *share) climb(v *video, allowed func(rung) bool) {
	for next := len(v.order) - 1; next > v.got; next-- {
		if r := v.order[next]; allowed(r) && s.affords(v, r) {
			s.used += r.cost - v.cost()
			v.got = next
			return
		}
	}
}

// affords says whether there is room for a rung in place of what the video has
// been given so far. What it had before it keeps as long as that fits; for more
// there must be room to spare.
func (s *share) affords(v *video, r rung) bool {
	need := s.used + r.cost - v.cost()
	if math.IsInf(s.limit, 1) || need <= s.room {
		return true
	}
	return need <= s.limit && (v.fresh || r.cost <= v.hadCost || r.is(v.had))
}

// A text can be made to fit any line, it only takes the longer to be sharp: its
// publisher is told to send no more than this part of what a viewer's line has
// left for it, and may send leastText, in bit/s, in any case.
// What differs by less than sameRate is no news.
const textPart, leastText, sameRate = 0.85, 300e3, 1.25

// rate is what the publisher of a text is told, in bit/s.
func (m *memory) rate(bits float64) int {
	if bits > m.told*sameRate || bits < m.told/sameRate {
		m.told = bits
	}
	return roundDown(int(m.told))
}

// settle turns the rung a video got into its choice and remembers it.
func (s *share) settle(v *video) Choice {
	if !v.fresh {
		s.rose = s.rose || v.cost() > v.hadCost && !v.spared && !(v.got >= 0 && v.order[v.got].is(v.had))
		s.lost = s.lost || v.cost() < v.hadCost && v.got < len(v.order)-1
	}
	if v.got < 0 {
		v.had = rung{layer: -1}
		return none(PausedBandwidth)
	}
	want := v.order[v.got]
	v.had = want
	c := Choice{Forward: -1, Want: want.layer, Spatial: want.spatial, Temporal: want.temporal, MaxFramerate: rate(v.Video)}
	c.MaxWidth, c.MaxHeight = whole(v.Video, want)
	if text(v.Video) && !math.IsInf(s.limit, 1) {
		c.MaxBitrate = v.rate(max(leastText, textPart*(s.limit-s.used+want.cost)))
	}
	if r, ok := s.forward(v, want); ok {
		c.Forward, c.Spatial, c.Temporal = r.layer, r.spatial, r.temporal
	}
	return c
}

// forward is what to send until the one that is wanted comes: the best for the
// size shown that is alive and takes no more, else what takes least of all that
// there is room for.
func (s *share) forward(v *video, want rung) (best rung, ok bool) {
	if want.alive {
		return want, true
	}
	fits := func(r rung) bool { return r.alive && (r.cost <= want.cost || s.used+r.cost-want.cost <= s.limit) }
	for i := len(v.useful) - 1; i >= 0 && !ok; i-- {
		best, ok = v.useful[i], fits(v.useful[i])
	}
	if !ok {
		for _, r := range v.all {
			if fits(r) && (!ok || r.cost < best.cost) {
				best, ok = r, true
			}
		}
	}
	if ok {
		s.used += max(0, best.cost-want.cost)
	}
	return best, ok
}
