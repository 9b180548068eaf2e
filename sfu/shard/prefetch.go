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
func prefetchLines(lines []*Line) {
	if len(lines) < 2 {
		return
	}
	for step := range 5 {
		for _, l := range lines {
			l.prefetch(step)
		}
	}
}

func (l *Line) prefetch(step int) {
	p := l.peer
	switch step {
	case 0:
		prefetch.Value(l)
	case 1:
		prefetch.Value(&p.conn)
		prefetch.Value(&p.entered)
		prefetch.Value(&p.stats)
		prefetch.Value(&p.ids)
		prefetch.Value(&p.estimator)
		prefetch.Value(&p.outlet)
		prefetch.Value(&p.resend)
		prefetch.Value(&p.health.left)
		prefetch.Value(l.stream)
	case 2:
		prefetch.Value(p.ids)
		l.stream.Prefetch()
		p.estimator.Prefetch(0, p.outlet.number)
		p.conn.Prefetch(0)
	case 3:
		p.estimator.Prefetch(1, p.outlet.number)
		p.conn.Prefetch(1)
	case 4:
		p.conn.Prefetch(2)
	}
}
