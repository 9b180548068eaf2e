package bwe

import "time"

const (
	// backoff is what share of what the line carried is sent when its queue grew.
	backoff = 0.9
	// easing is the same while there is hardly a queue: it may be jitter.
	easing = 0.95
	// growth is how fast the rate rises where nothing is known against it, a
	// second; nearGrowth the same from near of the line's last known limit on
	// until it is beyond of it: then the line carries more than it did.
	growth, nearGrowth = 0.08, 0.02
	near, beyond       = 0.9, 1.1
	// headroom is how far over what arrives the rate may rise by itself: what
	// is not sent proves nothing.
	headroom, headroomBits = 1.5, 10_000
)

// control is the rate and how it moves: it rises by shares, slowly near where
// the line was full last, and falls to what was seen to pass.
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
		c.rate, c.lowered = c.rate*easing, at
	}
}

// raise lets the rate grow while arrived passes.
func (c *control) raise(arrived float64, rtt, at time.Duration) {
	took := max(0, min(at-c.raised, time.Second)).Seconds() // what was set meanwhile may be newer than a report
	c.raised = at
	if at-c.lowered < rtt+long {
		return
	}
	share := growth
	if c.rate > near*c.edge && c.rate < beyond*c.edge {
		share = nearGrowth
	}
	if to := min(c.rate*(1+share*took), headroom*arrived+headroomBits); to > c.rate {
		c.rate = to
	}
}

// probed takes in what a probe measured: what the line carries when it filled
// the line, else what it carries at least.
func (c *control) probed(carries float64, filled bool, at time.Duration) {
	if filled {
		c.edge = carries
		carries *= easing
	}
	if carries > c.rate {
		c.set(carries, at)
	}
}

// set takes the rate to what is known otherwise.
func (c *control) set(rate float64, at time.Duration) { c.rate, c.raised = rate, at }

func (c *control) bound(l Config) {
	c.rate = min(max(c.rate, float64(l.Least)), float64(l.Most))
}
