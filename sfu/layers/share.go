package layers

import (
	"math"
	"time"
)

// whole is a spatial or temporal id no layer exceeds.
const whole = 255

// share is what is left of a viewer's line while it is given out.
type share struct {
	left, slack float64 // bit/s; what may be exceeded by those who have it already
	now         time.Time
}

// distribute gives every video its rung, the most important first.
func (s *share) distribute(videos []*video) {
	for _, v := range videos {
		if v.Screen {
			s.climb(v, v.size)
		}
	}
	for _, v := range videos {
		if !v.Screen {
			s.climb(v, 0)
		}
	}
	for _, v := range videos {
		if !v.Screen && v.got >= 0 {
			s.climb(v, v.size)
		}
	}
}

// climb gives a video the highest rung up to most that is left for it.
func (s *share) climb(v *video, most int) {
	have := 0.0
	if v.got >= 0 {
		have = v.rungs[v.got].cost
	}
	for next := min(most, len(v.rungs)-1); next > v.got; next-- {
		if s.affords(v, next, have) {
			s.left += have - v.rungs[next].cost
			v.got = next
			return
		}
	}
}

// affords says whether a video that has been given so much may have a rung.
// What it had before it keeps as long as the sum is about right; for more it
// needs something to spare, and time since it was too much.
func (s *share) affords(v *video, next int, have float64) bool {
	more := v.rungs[next].cost - have
	switch {
	case math.IsInf(s.left, 1): // no limit is known
		return true
	case v.fresh:
		return more <= s.left
	case next <= v.level:
		return more <= s.left+s.slack
	}
	return more*rise <= s.left && (v.lost.IsZero() || s.now.Sub(v.lost) >= v.hold)
}

// settle turns the rung a video got into the choice of its layer and
// remembers it.
func (s *share) settle(v *video) Choice {
	if !v.fresh && v.got < v.level && v.got < v.size {
		hold := patience
		if !v.lost.IsZero() && s.now.Sub(v.lost) < v.hold+relapse {
			hold = min(2*v.hold, longest)
		}
		v.lost, v.hold = s.now, hold
	}
	v.level = v.got
	if v.got < 0 {
		return none(PausedBandwidth)
	}
	return Choice{Forward: s.forward(v), Want: v.rungs[v.got].index, Spatial: whole, Temporal: whole}
}

// forward is the layer to send until the one that is wanted comes: the best
// below that is alive, else the lowest above that the line carries.
func (s *share) forward(v *video) int {
	for i := v.got; i >= 0; i-- {
		if v.rungs[i].alive {
			return v.rungs[i].index
		}
	}
	for _, r := range v.rungs[v.got+1:] {
		if more := r.cost - v.rungs[v.got].cost; r.alive && more <= s.left {
			s.left -= max(more, 0)
			return r.index
		}
	}
	return -1
}
