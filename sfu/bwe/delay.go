package bwe

import "time"

// point is one measurement of the one-way delay: of a packet that arrived at
// arrival. The delay is between two clocks, so only its changes mean something.
type point struct{ arrival, delay time.Duration }

// sliceTime is what packets are put together: a burst delays its own end, which
// says nothing about the line, so of what leaves together only the least delay counts.
const sliceTime = 10 * time.Millisecond

// slicer puts together the packets that left within a short time.
type slicer struct {
	open  bool
	known bool // some slice began
	begun time.Duration
	least point
}

// add takes a packet in, and gives the slice before when it begins another.
func (s *slicer) add(sent, arrival time.Duration) (done point, ok bool) {
	p := point{arrival, arrival - sent}
	if s.known && sent-s.begun < sliceTime { // of this slice, or out of order
		if s.open && sent >= s.begun && p.delay < s.least.delay {
			s.least = p
		}
		return point{}, false
	}
	done, ok = s.close()
	s.open, s.known, s.begun, s.least = true, true, sent, p
	return done, ok
}

// close gives the slice that is open, though more of it may come: a picture
// that takes long to arrive must not keep for itself that it does.
func (s *slicer) close() (done point, ok bool) {
	done, ok, s.open = s.least, s.open, false
	return done, ok
}

// queue measures how long packets wait on the way: the least delay of late
// above the least in a long time. Jitter does not lift the least.
type queue struct {
	near, far least
	known     bool
}

const (
	// nearTime sees several slices even at few frames a second; farTime
	// forgets a path that is no longer taken.
	nearTime = 60 * time.Millisecond
	farTime  = 20 * time.Second
	// strange is a change of the delay that no queue makes: the viewer's clock jumped.
	strange = 20 * time.Second
)

func (q *queue) add(p point) {
	if q.known && (p.delay-q.far.value() > strange || q.far.value()-p.delay > strange) {
		*q = queue{}
	}
	q.known = true
	q.near.add(p, nearTime)
	q.far.add(p, farTime)
}

func (q *queue) delay() time.Duration {
	if !q.known {
		return 0
	}
	return q.near.value() - q.far.value()
}

// least is the least delay over one to two spans of time.
type least struct {
	now, before time.Duration
	begun       time.Duration
	any         bool
}

func (l *least) add(p point, span time.Duration) {
	switch {
	case !l.any:
		*l = least{now: p.delay, before: p.delay, begun: p.arrival, any: true}
	case p.arrival-l.begun >= span:
		l.before, l.now, l.begun = l.now, p.delay, p.arrival
	default:
		l.now = min(l.now, p.delay)
	}
}

func (l *least) value() time.Duration { return min(l.now, l.before) }
