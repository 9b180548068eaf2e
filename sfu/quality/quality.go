// Package quality grades the two directions of a participant's connection as
// bars, from what the server sees of it: [Up] what the participant sends,
// [Down] what they receive. A [Grade] keeps the bars from flickering.
//
// It knows no clock, no goroutine and no lock. The thresholds are here and
// nowhere else; docs/media.md has them as a table.
package quality

import "time"

// Bars say how good a direction is: good while nobody notices it, fair when
// somebody may, poor when everybody does, lost when nothing passes.
type Bars int

// The bars.
const (
	Lost Bars = iota
	Poor
	Fair
	Good
)

// Up is what was seen of what a participant sends, over the last second or so.
type Up struct {
	// Due says that something is to come: a source they mean to send and
	// somebody gets, or feedback about what is sent to them.
	Due bool
	// Silence is since when nothing at all has come.
	Silence time.Duration
	// Loss is the share of packets lost for good, Asked of those asked for
	// again; 0 to 1.
	Loss, Asked float64
	// Jitter is the worst of the streams', as RFC 3550 section 6.4.1 measures it.
	Jitter time.Duration
	// Missing counts the layers that somebody shows and that do not come,
	// Blank the pictures of which no layer comes at all.
	Missing, Blank int
}

// Down is what is known of what a participant receives.
type Down struct {
	// Unheard is for how long packets have been sent without a sign that any
	// arrived; 0 when nothing was sent since the last one.
	Unheard time.Duration
	// Loss is the share of packets lost before repair, as their client says.
	Loss float64
	// Estimate is what the way to them carries, Wanted what is to be sent on
	// it; bit/s, 0 while not known.
	Estimate, Wanted int
	// Queue is how long packets wait on the way, RTT the round trip.
	Queue, RTT time.Duration
	// Paused counts the pictures not sent for want of bandwidth.
	Paused int
}

// What makes a direction fair, poor and lost. A value under the first of a
// list is good.
const (
	// upSilence is how long nothing may come of what is due: the slowest that
	// comes regularly is a report every second, or sound that stands still every 400 ms.
	upSilence = 4 * time.Second
	// Loss after repair is heard and seen at once, packets asked for again cost a little delay.
	upLossFair, upLossPoor, upLossLost = 0.01, 0.05, 0.90
	upAskedFair, upAskedPoor           = 0.05, 0.20
	// Players hide the jitter of a frame's time or two.
	jitterFair, jitterPoor = 40 * time.Millisecond, 120 * time.Millisecond
	// downUnheard is how long packets may go out without a sign that they arrive.
	downUnheard = 4 * time.Second
	// Loss on the way down is before repair.
	downLossFair, downLossPoor, downLossLost = 0.03, 0.12, 0.90
	// The share of what is wanted that the way carries.
	shareFair, sharePoor = 0.90, 0.40
	queueFair, queuePoor = 100 * time.Millisecond, 400 * time.Millisecond
	rttFair, rttPoor     = 300 * time.Millisecond, 800 * time.Millisecond
)

// Bars grades what is sent.
func (u Up) Bars() Bars {
	if u.Due && u.Silence >= upSilence || u.Loss >= upLossLost {
		return Lost
	}
	b := min(
		over(u.Loss, upLossFair, upLossPoor),
		over(u.Asked, upAskedFair, upAskedPoor),
		over(u.Jitter, jitterFair, jitterPoor),
	)
	if u.Missing > 0 {
		b = min(b, Fair)
	}
	if u.Blank > 0 {
		b = min(b, Poor)
	}
	return b
}

// Bars grades what is received.
func (d Down) Bars() Bars {
	if d.Unheard >= downUnheard || d.Loss >= downLossLost {
		return Lost
	}
	b := min(
		over(d.Loss, downLossFair, downLossPoor),
		over(d.Queue, queueFair, queuePoor),
		over(d.RTT, rttFair, rttPoor),
	)
	if d.Estimate > 0 && d.Wanted > 0 {
		switch share := float64(d.Estimate) / float64(d.Wanted); {
		case share < sharePoor:
			b = min(b, Poor)
		case share < shareFair:
			b = min(b, Fair)
		}
	}
	if d.Paused > 0 {
		b = min(b, Poor)
	}
	return b
}

// over grades a value that is the better the smaller it is.
func over[T float64 | time.Duration](value, fair, poor T) Bars {
	switch {
	case value >= poor:
		return Poor
	case value >= fair:
		return Fair
	}
	return Good
}
