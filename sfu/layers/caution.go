package layers

import (
	"math"
	"time"
)

const (
	// A sum of bitrates may become larger when the limit was that much larger
	// still for so long: amply for shortly, a little for as long as the caution
	// demands.
	amply, aLittle = 1.5, 1.15
	shortly        = 2 * time.Second
	// patience is the least caution and longest the most. It grows when
	// something is lost within relapse of a rise, and shrinks in every relapse
	// without a loss. Before anything was lost steady is enough.
	patience, longest = 3 * time.Second, 48 * time.Second
	growth            = 3
	relapse           = 4 * time.Minute
	steady            = time.Second
)

// caution decides how much may be given beyond what is given already. A limit
// is an estimate and swings about the truth; what it has room for now and then
// would come and go with it.
type caution struct {
	limits floor
	hold   time.Duration
	rose   time.Time // when something was given last
	eased  time.Time // when hold was last doubled or halved
}

// room is what the bitrates may add up to where they become more, in bit/s.
func (c *caution) room(now time.Time) float64 {
	hold := c.hold
	if hold == 0 {
		return c.limits.since(now.Add(-steady)) / aLittle
	}
	for hold > patience && now.Sub(c.eased) >= relapse {
		hold, c.eased = max(patience, hold/growth), c.eased.Add(relapse)
	}
	c.hold = hold
	return max(c.limits.since(now.Add(-shortly))/amply, c.limits.since(now.Add(-hold))/aLittle)
}

// learn notes what became of the last choice.
func (c *caution) learn(rose, lost bool, now time.Time) {
	switch {
	case lost && c.hold == 0:
		c.hold, c.rose, c.eased = patience, time.Time{}, now
	case lost:
		if !c.rose.IsZero() && now.Sub(c.rose) < relapse {
			c.hold = min(growth*c.hold, longest)
		}
		c.rose, c.eased = time.Time{}, now
	}
	if rose {
		c.rose = now
	}
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
