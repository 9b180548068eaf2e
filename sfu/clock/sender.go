package clock

import (
	"slices"
	"time"
)

const (
	// step is the change that is no drift and no jitter but another clock, a
	// gap, a jump: it is followed at once, not gradually.
	step = 250 * time.Millisecond
	// window is how long the shortest delay of a sender's reports is
	// remembered; twice that at most. Two clocks drift apart by some
	// milliseconds in it.
	window = 30 * time.Second
	// confirm is how many reports in a row must agree that the sender's wall
	// clock was set, and agreed how closely. A burst of delay looks alike.
	confirm = 3
	agreed  = 100 * time.Millisecond
	// bend is how much a mapping is corrected in a second of time.
	bend = 50 * time.Millisecond
)

// Sender is one publishing endpoint. It is not safe for concurrent use.
type Sender struct {
	epoch  time.Time // the zero of every time below
	tracks []*Track

	// reported says that there is an offset: what to add to the sender's
	// wall clock to get ours.
	reported bool
	offset   time.Duration
	lows     lows // of arrival less sender's time
	slewed   time.Duration
	// set gathers the reports that say the sender's clock was set.
	set struct {
		count     int
		low, high time.Duration
	}
}

// NewSender makes a Sender whose tracks are yet to come.
func NewSender() *Sender { return &Sender{} }

// Track adds a track (one SSRC) whose timestamps count rate per second.
func (s *Sender) Track(rate uint32) *Track {
	t := &Track{sender: s, rate: max(rate, 1)}
	s.tracks = append(s.tracks, t)
	return t
}

// since is the time t on the sender's own scale.
func (s *Sender) since(t time.Time) time.Duration {
	if s.epoch.IsZero() {
		s.epoch = t
	}
	return t.Sub(s.epoch)
}

// report learns from one sender report how the sender's clock runs: wall is
// its time, gap the time by which the report contradicts its track's mapping.
// It says whether the report can be believed.
func (s *Sender) report(wall, arrival, gap time.Duration, most time.Duration) bool {
	d := arrival - wall
	if !s.reported {
		s.reported, s.offset = true, d
		s.lows.begin(arrival, d)
		return true
	}
	late := d - s.lows.low()
	fits := gap.Abs() <= most
	switch {
	case late.Abs() <= step:
		s.lows.note(arrival, d, window)
	case fits && late > 0: // the network is slow for now
	case fits: // it was slow before
		s.lows.begin(arrival, d)
	default:
		return s.wasSet(arrival, d)
	}
	s.set.count = 0
	return true
}

// wasSet collects evidence that the sender's wall clock was set, and follows
// it when there is enough. The tracks' mappings stay: their timestamps go on.
func (s *Sender) wasSet(arrival, d time.Duration) bool {
	if s.set.count == 0 || d < s.set.high-agreed || d > s.set.low+agreed {
		s.set.count, s.set.low, s.set.high = 0, d, d
	}
	s.set.count++
	s.set.low, s.set.high = min(s.set.low, d), max(s.set.high, d)
	if s.set.count < confirm {
		return false
	}
	s.lows.begin(arrival, s.set.low)
	s.offset = s.set.low
	s.set.count = 0
	return true
}

// slew moves all tracks that know the sender's clock together, when the
// estimate of the offset changed. It says whether it did.
func (s *Sender) slew(now time.Duration) bool {
	elapsed := min(now-s.slewed, time.Second)
	s.slewed = max(s.slewed, now)
	if !s.reported || elapsed <= 0 {
		return false
	}
	delta := part(s.lows.low()-s.offset, elapsed)
	if delta == 0 {
		return false
	}
	s.offset += delta
	for _, t := range s.tracks {
		if t.reported {
			t.at += delta
		}
	}
	return true
}

// part is how much of a correction is due after a time: small ones gradually,
// large ones at once.
func part(correction, elapsed time.Duration) time.Duration {
	if correction.Abs() > step {
		return correction
	}
	most := bend * elapsed / time.Second
	return min(max(correction, -most), most)
}

// onTime says whether another track than t is received now without delay, so
// that a delay of t is no matter of the network.
func (s *Sender) onTime(t *Track, now time.Duration) bool {
	return slices.ContainsFunc(s.tracks, func(o *Track) bool {
		return o != t && o.anchored && now-o.arrived < time.Second && o.late <= step
	})
}

// lows remembers the lowest of what was noted in the present window and the one before.
type lows struct {
	begun         time.Duration
	now, previous time.Duration
}

// begin forgets everything but d.
func (l *lows) begin(at, d time.Duration) { *l = lows{at, d, d} }

// note adds d and says whether a window ended.
func (l *lows) note(at, d, length time.Duration) (ended bool) {
	if at-l.begun >= length {
		*l = lows{at, d, l.now}
		return true
	}
	l.now = min(l.now, d)
	return false
}

// low is the lowest of both windows.
func (l *lows) low() time.Duration { return min(l.now, l.previous) }
