package bwe

import "time"

const (
	// backoff is what share of what the line carried is sent when its queue grew.
	backoff = 0.85
	// growth is how fast the rate rises where nothing is known against it, a
	// second; nearGrowth the same close to where the line's limit was last.
	growth, nearGrowth = 0.08, 0.03
	// near is how far from the last limit is close to it.
	near = 0.25
	// headroom is how far over what arrives the rate may rise by itself: what
	// is not sent proves nothing.
	headroom, headroomBits = 1.5, 10_000
)

// control is the rate and how it moves: it rises by a share and falls to what
// was seen to pass (additive-increase is what a small share amounts to near the limit).
type control struct {
	rate    float64       // bit/s
	edge    float64       // what passed when the line was last full; 0 unknown
	raised  time.Duration // when the rate was last looked at
	lowered time.Duration
}

// lower takes the rate to a little under what the line carried.
func (c *control) lower(carried float64, at time.Duration) {
	c.raised = at
	if to := backoff * carried; to < c.rate {
		c.rate, c.edge, c.lowered = to, carried, at
	}
}

// ease takes the rate down a step, at most once in a while.
func (c *control) ease(rtt, at time.Duration) {
	c.raised = at
	if at-c.lowered > rtt+long {
		c.rate, c.lowered = c.rate*backoff, at
	}
}

// raise lets the rate grow while arrived passes.
func (c *control) raise(arrived float64, rtt, at time.Duration) {
	took := min(at-c.raised, time.Second).Seconds()
	c.raised = at
	if at-c.lowered < rtt+long {
		return
	}
	share := growth
	if c.edge > 0 && c.rate > c.edge*(1-near) && c.rate < c.edge*(1+near) {
		share = nearGrowth
	}
	if to := min(c.rate*(1+share*took), headroom*arrived+headroomBits); to > c.rate {
		c.rate = to
	}
}

// set takes the rate to what was measured.
func (c *control) set(rate float64, at time.Duration) { c.rate, c.raised = rate, at }

func (c *control) bound(l Config) {
	c.rate = min(max(c.rate, float64(l.Least)), float64(l.Most))
}
