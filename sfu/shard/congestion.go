package shard

import (
	"time"

	"palabre/sfu/rtcp"
)

// rememberedNumbers is of how many packets of a stream it is known with which
// transport-wide number they left: two seconds of a usual picture's.
const rememberedNumbers = 512

// numbers are the transport-wide numbers of one stream's packets, for clients
// that report arrivals by stream (RFC 8888) and see no such number.
type numbers [rememberedNumbers]struct {
	sequence, number uint16
	known            bool
}

// remember notes with which number a packet of a stream left.
func (o *outlet) remember(ssrc uint32, sequence uint16) {
	n := o.streams[ssrc]
	if n == nil {
		n = &numbers{}
		o.streams[ssrc] = n
	}
	e := &n[sequence%rememberedNumbers]
	e.sequence, e.number, e.known = sequence, o.number, true
}

// numberOf finds it again.
func (o *outlet) numberOf(ssrc uint32, sequence uint16) (uint16, bool) {
	n := o.streams[ssrc]
	if n == nil {
		return 0, false
	}
	e := &n[sequence%rememberedNumbers]
	return e.number, e.known && e.sequence == sequence
}

// congestion takes arrivals reported by stream in, as if they were by number.
func (p *Peer) congestion(packet rtcp.Packet, now time.Time) {
	if p.outlet.streams == nil {
		return
	}
	p.estimator.Feedback(func(yield func(uint16, bool, time.Duration) bool) {
		packet.Congestion(func(ssrc uint32, sequence uint16, received bool, arrival time.Duration) bool {
			if received {
				p.health.proved()
			}
			number, ok := p.outlet.numberOf(ssrc, sequence)
			return !ok || yield(number, received, arrival)
		})
	}, p.engine.since(now))
}
