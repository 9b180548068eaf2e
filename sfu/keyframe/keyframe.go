// Package keyframe decides when to ask a publisher for a key frame.
//
// Key frames are the dearest packets of a meeting: every viewer who joins,
// switches or loses packets wants one, and a publisher that answers all of
// them sends nothing else. The [Arbiter] of a published layer turns many
// wishes into few requests, and repeats a request until it is answered. It has
// no clock and no goroutine: the time is an argument.
package keyframe

import "time"

// The defaults and bounds.
const (
	// DefaultGap is the least time between two requests for one layer: an
	// attacker, or a hundred viewers, cost a publisher two key frames a second.
	DefaultGap = 500 * time.Millisecond
	// MinGap is the smallest gap that may be configured.
	MinGap = 200 * time.Millisecond
	// Fresh is how long a key frame answers the losses that are still being
	// reported: reports sent before it arrived say nothing new.
	Fresh = 300 * time.Millisecond
	// MaxRetry is the longest time between two repeats of an unanswered
	// request: some hardware encoders ignore requests for seconds.
	MaxRetry = 2 * time.Second
	// patient is how many requests are sent at the plain gap.
	patient = 3
)

// Reason says why somebody wants a key frame.
type Reason uint8

// The reasons.
const (
	// Loss is a viewer's PLI or FIR: its decoder lost the thread.
	Loss Reason = iota
	// Start is a viewer who begins to receive this layer and had no cached start.
	Start
)

// Arbiter decides for one published layer. The zero value is ready. It is not
// safe for concurrent use.
type Arbiter struct {
	gap, rtt time.Duration

	wanted bool // somebody still waits for a key frame
	tries  int  // requests sent since wanted
	asked  time.Time
	seen   time.Time
}

// New makes an Arbiter with at least gap between two requests; less than
// [MinGap] means [DefaultGap].
func New(gap time.Duration) *Arbiter {
	if gap < MinGap {
		gap = DefaultGap
	}
	return &Arbiter{gap: gap}
}

// SetRTT tells the round-trip time to the publisher: an answer takes at least
// that long, so asking again before it cannot help.
func (a *Arbiter) SetRTT(rtt time.Duration) { a.rtt = rtt }

// Request notes that a viewer wants a key frame, and says whether to send a
// PLI to the publisher now. When not now, [Arbiter.Poll] will say when.
func (a *Arbiter) Request(why Reason, now time.Time) (send bool) {
	if why == Loss && !a.seen.IsZero() && now.Sub(a.seen) < Fresh {
		return false
	}
	if !a.wanted {
		a.wanted, a.tries = true, 0
	}
	return a.Poll(now)
}

// Seen notes that the first packet of a key frame arrived: all wishes are granted.
func (a *Arbiter) Seen(now time.Time) {
	a.seen, a.wanted, a.tries = now, false, 0
}

// Reset forgets everything but the round trip, for a layer whose stream begins anew.
func (a *Arbiter) Reset() { *a = Arbiter{gap: a.gap, rtt: a.rtt} }

// Poll says whether a PLI is due now: one that was held back, or the repeat of
// one that was not answered.
func (a *Arbiter) Poll(now time.Time) (send bool) {
	due, waiting := a.Next()
	if !waiting || now.Before(due) {
		return false
	}
	a.asked = now
	a.tries++
	return true
}

// Next is when [Arbiter.Poll] has something to do; false when nobody waits.
func (a *Arbiter) Next() (due time.Time, waiting bool) {
	if !a.wanted {
		return time.Time{}, false
	}
	return a.asked.Add(a.wait()), true
}

// wait is the time that must pass after the last request.
func (a *Arbiter) wait() time.Duration {
	gap := a.gap
	if gap == 0 {
		gap = DefaultGap
	}
	// The first repeats come at the plain gap, the later ones ever later: a
	// publisher that did not answer three times is slow, not deaf.
	w := gap
	for n := patient; n < a.tries && w < MaxRetry; n++ {
		w = min(2*w, MaxRetry)
	}
	return max(w, gap, a.rtt)
}
