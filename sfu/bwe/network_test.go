package bwe

import (
	"math/rand/v2"
	"time"
)

// Network is one way to a viewer in virtual time: a bottleneck with a queue,
// then a distance. What happens depends on its seed alone.
type network struct {
	// capacity is bit/s at a time.
	capacity func(at time.Duration) float64
	// queue is how many bytes wait at most; more are dropped.
	queue int
	delay time.Duration // one way
	// jitter adds up to so much to each packet. Packets stay in order.
	jitter time.Duration
	// losses makes what says whether a packet is lost by chance; nil for none.
	losses func() func(*rand.Rand) bool
	loses  func(*rand.Rand) bool

	rand    *rand.Rand
	waiting []parcel
	bytes   int
	credit  float64 // bits the bottleneck may pass
	latest  time.Duration
	coming  []parcel        // on their way, by arrival
	worst   []time.Duration // what packets waited
}

// parcel is one packet on the way.
type parcel struct {
	sequence uint16
	size     int
	sent     time.Duration
	arrival  time.Duration
	tcp      uint64 // number of a segment of the competing flow, counted from 1
}

// send puts a packet into the queue, and says whether it fitted.
func (n *network) send(p parcel) {
	if n.loses != nil && n.loses(n.rand) || n.bytes+p.size > n.queue {
		return
	}
	n.bytes += p.size
	n.waiting = append(n.waiting, p)
}

// step passes what the bottleneck carries in one tick that ends at at.
func (n *network) step(tick, at time.Duration) {
	n.credit += n.capacity(at) * tick.Seconds()
	for len(n.waiting) > 0 && n.credit >= float64(8*n.waiting[0].size) {
		p := n.waiting[0]
		n.waiting = n.waiting[1:]
		n.credit -= float64(8 * p.size)
		n.bytes -= p.size
		n.worst = append(n.worst, at-p.sent)
		p.arrival = at + n.delay
		if n.jitter > 0 {
			p.arrival += time.Duration(n.rand.Int64N(int64(n.jitter)))
		}
		p.arrival = max(p.arrival, n.latest)
		n.latest = p.arrival
		n.coming = append(n.coming, p)
	}
	if len(n.waiting) == 0 {
		n.credit = min(n.credit, 8*1500)
	}
}

// arrived takes out what has arrived by at.
func (n *network) arrived(at time.Duration) []parcel {
	i := 0
	for i < len(n.coming) && n.coming[i].arrival <= at {
		i++
	}
	out := n.coming[:i]
	n.coming = n.coming[i:]
	return out
}

// chance loses a share of the packets independently.
func chance(share float64) func() func(*rand.Rand) bool {
	return func() func(*rand.Rand) bool {
		return func(r *rand.Rand) bool { return r.Float64() < share }
	}
}

// gilbert loses a share of the packets in bursts of a mean length.
func gilbert(share, mean float64) func() func(*rand.Rand) bool {
	return func() func(*rand.Rand) bool {
		bad := false
		return func(r *rand.Rand) bool {
			if bad {
				bad = r.Float64() >= 1/mean
			} else {
				bad = r.Float64() < share/(1-share)/mean
			}
			return bad
		}
	}
}

// reno is a competing flow that always has something to send: slow start,
// a segment more each round trip, half after a loss.
type reno struct {
	window, threshold float64
	next              uint64
	flying            map[uint64]time.Duration
	recover           uint64
	bytes             int
	acks              []parcel
	back              time.Duration
}

const segment = 1200

func newReno(back time.Duration) *reno {
	return &reno{window: 10, threshold: 1e9, flying: map[uint64]time.Duration{}, back: back}
}

func (r *reno) step(n *network, at time.Duration) {
	for len(r.acks) > 0 && r.acks[0].arrival+r.back <= at {
		r.ack(r.acks[0].tcp)
		r.acks = r.acks[1:]
	}
	for number, sent := range r.flying {
		if at-sent > time.Second { // the retransmission timer
			delete(r.flying, number)
			r.window, r.threshold = 2, max(2, r.window/2)
		}
	}
	for float64(len(r.flying)) < r.window {
		r.next++
		r.flying[r.next] = at
		n.send(parcel{size: segment, sent: at, tcp: r.next})
	}
}

func (r *reno) ack(number uint64) {
	if _, ok := r.flying[number]; !ok {
		return
	}
	delete(r.flying, number)
	r.bytes += segment
	if r.window < r.threshold {
		r.window++
	} else {
		r.window += 1 / r.window
	}
	lost := false
	for other := range r.flying { // three later ones came: it is lost
		if other+3 <= number {
			delete(r.flying, other)
			lost = lost || other > r.recover
		}
	}
	if lost {
		r.window = max(2, r.window/2)
		r.threshold, r.recover = r.window, r.next
	}
}
