package layers

import (
	"math"
	"slices"
	"time"
)

const (
	// rise is what the limit must have to spare before a video gets more, and
	// steady for how long it must have had that: estimates of bandwidth are noisy.
	rise, steady = 1.15, time.Second
	// patience is how long a video that lost something to the limit does not get
	// it back; it doubles when that happens again within relapse of getting it back.
	patience, longest, relapse = 2 * time.Second, 32 * time.Second, 30 * time.Second
)

// share is a viewer's line while it is given out.
type share struct {
	limit  float64 // bit/s, may be infinite
	limits *floor
	used   float64
	held   float64 // for those who must wait
	now    time.Time
}

// distribute gives every video its rung, the most important first.
func (s *share) distribute(videos []*video) {
	for i, v := range videos {
		if v.Screen {
			s.sharp(v, i == 0)
		}
	}
	for i, v := range videos {
		if !v.Screen {
			s.least(v, videos[i+1:])
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
		for _, v := range rich {
			s.climb(v, func(r rung) bool { return r.step <= step })
		}
	}
}

// sharp gives a screen the size it needs, at its lowest frame rate, else what
// there is room for. One with text that is first is never paused.
func (s *share) sharp(v *video, first bool) {
	slowest := v.slowest()
	s.climb(v, func(r rung) bool { return r.temporal == slowest && r.step == v.best().step })
	s.climb(v, func(rung) bool { return v.got < 0 })
	if v.got < 0 && first && !v.Motion {
		v.got = 0
		s.used += v.cost()
	}
}

// least gives a video its lowest rung; without waiting where less important
// ones have had more than theirs.
func (s *share) least(v *video, others []*video) {
	lowest := v.order[0]
	s.climb(v, func(r rung) bool { return r.is(lowest) })
	if v.got < 0 && s.used+lowest.cost <= s.limit && slices.ContainsFunc(others, (*video).wealthy) {
		v.got = 0
		s.used += lowest.cost
	}
}

// wealthy says that the video had more than its lowest rung.
func (v *video) wealthy() bool { return v.hadCost > v.order[0].cost }

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
			s.held -= v.waiting
			v.waiting = 0
			return
		}
	}
}

// affords says whether there is room for a rung in place of what the video has
// been given so far. What it had before it keeps as long as it fits; for more
// the limit must have had room to spare, for longer when that was too much
// before. While it waits for that, less important ones do not rise either.
func (s *share) affords(v *video, r rung) bool {
	need := s.used + r.cost - v.cost()
	switch {
	case math.IsInf(s.limit, 1):
		return true
	case need > s.limit:
		return false
	case v.fresh, r.cost <= v.hadCost, r.is(v.had):
		return true
	}
	wait := steady
	if !v.lost.IsZero() {
		wait = max(steady, v.hold)
	}
	if need*rise <= s.limits.since(s.now.Add(-wait))-s.held && (v.lost.IsZero() || s.now.Sub(v.lost) >= v.hold) {
		return true
	}
	if more := r.cost - v.cost(); need*rise <= s.limit && more > v.waiting {
		s.held += more - v.waiting
		v.waiting = more
	}
	return false
}

// settle turns the rung a video got into its choice and remembers it.
func (s *share) settle(v *video) Choice {
	if !v.fresh && v.cost() < v.hadCost && v.got < len(v.order)-1 {
		hold := patience
		if !v.lost.IsZero() && s.now.Sub(v.lost) < v.hold+relapse {
			hold = min(2*v.hold, longest)
		}
		v.lost, v.hold = s.now, hold
	}
	if v.got < 0 {
		v.had = rung{layer: -1}
		return none(PausedBandwidth)
	}
	want := v.order[v.got]
	v.had = want
	c := Choice{Forward: -1, Want: want.layer, Spatial: want.spatial, Temporal: want.temporal, MaxFramerate: rate(v.Video)}
	c.MaxWidth, c.MaxHeight = whole(v.Video, want)
	if r, ok := s.forward(v, want); ok {
		c.Forward, c.Spatial, c.Temporal = r.layer, r.spatial, r.temporal
	}
	return c
}

// forward is what to send until the one that is wanted comes: the best below
// that is alive and takes no more, else the lowest above that there is room for.
func (s *share) forward(v *video, want rung) (best rung, ok bool) {
	if want.alive {
		return want, true
	}
	for i := v.got - 1; i >= 0; i-- {
		if v.order[i].alive {
			return v.order[i], true
		}
	}
	for _, r := range v.all {
		if r.alive && (!ok || r.cost < best.cost) && s.used+r.cost-want.cost <= s.limit {
			best, ok = r, true
		}
	}
	if ok {
		s.used += max(0, best.cost-want.cost)
	}
	return best, ok
}

// floor is the course of the limit, as far as it matters how low it was.
type floor struct {
	// lows rise: a limit is forgotten once a lower one follows.
	lows []low
}

type low struct {
	at   time.Time
	bits float64
}

// grain is how closely the course of the limit is kept.
const grain = 100 * time.Millisecond

// add notes the limit at a time.
func (f *floor) add(bits float64, now time.Time) {
	n := len(f.lows)
	if n > 0 && f.lows[n-1].bits <= bits && now.Sub(f.lows[n-1].at) < grain {
		return
	}
	for n > 0 && f.lows[n-1].bits >= bits {
		n--
	}
	f.lows = append(f.lows[:n], low{now, bits})
	old := 0
	for old < len(f.lows)-1 && now.Sub(f.lows[old].at) > longest {
		old++
	}
	f.lows = append(f.lows[:0], f.lows[old:]...)
}

// since is the lowest limit since a time.
func (f *floor) since(t time.Time) float64 {
	for _, l := range f.lows {
		if !l.at.Before(t) {
			return l.bits
		}
	}
	return math.Inf(1)
}
