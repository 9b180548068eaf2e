package shard

import "palabre/sfu/prefetch"

// fetched is for how many viewers memory is asked for at once: what one needs is
// some 5 kB, and it must not push out what the next needs.
const fetched = 8

// prefetchLines asks for the memory that forwarding to some viewers takes. Each
// viewer's is in a dozen places that nobody else's is near, and after the frames
// of 200 others none of it is in the processor's caches any more: those misses
// cost more than the work that is done with it.
// What a step asks for is found in what the steps before it did.
func prefetchLines(lines []*Line, packets int) {
	if len(lines) < 2 {
		return
	}
	for step := range 6 {
		for _, l := range lines {
			l.prefetch(step, packets)
		}
	}
}

func (l *Line) prefetch(step, packets int) {
	p := l.peer
	switch step {
	case 0:
		prefetch.Span(l, &l.tally.bytes)
	case 1:
		prefetch.Span(p, &p.health.left)
		l.stream.Prefetch(0, packets)
	case 2:
		p.ids.Prefetch()
		l.stream.Prefetch(1, packets)
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
