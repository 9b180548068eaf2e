package shard

import (
	"unsafe"

	"palabre/sfu/prefetch"
)

// fetches is in how many steps the memory for a viewer is asked for: what a step
// asks for is found in what those before it did.
const fetches = 6

// prefetchAfter asks for memory that forwarding to the viewers after lines[at] takes, each
// step for another of them, so that none waits for the one before. Each viewer's
// is in a dozen places that nobody else's is near, and after the frames of 200
// others none of it is in the processor's caches any more: those misses
// cost more than the work that is done with it.
func prefetchAfter(lines []*Line, first, at, packets int) {
	if len(lines) < 2 {
		return
	}
	for step := range fetches {
		if i := at + fetches - step; first <= i && i < len(lines) {
			lines[i].prefetch(step, packets)
		}
	}
}

func (l *Line) prefetch(step, packets int) {
	if step == 0 {
		prefetch.Part(l, 0, unsafe.Offsetof(l.tally)+unsafe.Offsetof(l.tally.resent))
		return
	}
	p := l.peer
	switch step {
	case 1:
		prefetch.Part(p, 0, unsafe.Offsetof(p.health)+unsafe.Offsetof(p.health.up))
		l.stream.Prefetch(0, packets, l.video)
	case 2:
		p.ids.Prefetch()
		l.stream.Prefetch(1, packets, l.video)
		l.stamps.prefetch(l.stream.Next(), packets)
		p.estimator.Prefetch(0, p.outlet.number, packets)
		p.conn.Prefetch(0)
	case 3:
		p.estimator.Prefetch(1, p.outlet.number, packets)
		p.conn.Prefetch(1)
	default:
		p.conn.Prefetch(step - 2)
	}
}
