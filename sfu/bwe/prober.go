package bwe

import "time"

const (
	// The first clusters of an estimate ask for three times as much and, when
	// that passes, for twice that again; so do all after a probe that passed.
	firstScale, nextScale = 3.0, 2.0
	// A cluster lasts clusterTime and has at least clusterLeast bytes: enough
	// packets to measure, little enough that a narrow line's queue is short.
	clusterTime  = 15 * time.Millisecond
	clusterLeast = 4000
	// stepTime is how often padding is asked for: what a step sends at once.
	stepTime = 5 * time.Millisecond
	// A probe that did not pass is repeated after retryAfter; one after a queue
	// had to be drained, when the line has had time to settle.
	retryAfter  = 2500 * time.Millisecond
	settleAfter = 1500 * time.Millisecond
	// passed is at which share of its rate a cluster passed as it was.
	passed = 0.85
	// enoughOf is how many of a cluster's packets must arrive for it to be measured.
	enoughOf = 0.7
	// worthwhile is by how much a probe must exceed what is known.
	worthwhile = 1.1
	// abandonAfter is how long a cluster may take to leave or to be reported.
	abandonAfter = time.Second
	// longestCalm bounds for how long the delay behind a cluster is not looked at.
	longestCalm = 250 * time.Millisecond
)

// proberState is what the prober does.
type proberState uint8

const (
	restingCluster proberState = iota
	sendingCluster
	measuringCluster
)

// prober asks the line for more than is sent, with clusters of packets at a
// higher rate. Whatever leaves while a cluster is sent belongs to it.
type prober struct {
	state   proberState
	cluster cluster
	id      uint8
	next    time.Duration // no cluster before
	scale   float64
	rate    float64 // what the line was thought to carry when the cluster began
	// calm is when what leaves no longer stands behind the last cluster.
	calm            time.Duration
	clusters, found uint64
}

// cluster is one probe.
type cluster struct {
	rate  float64 // bit/s
	size  int     // bytes to send
	begun time.Duration
	bytes int
	count int
	last  uint16
	// What was reported.
	seen, got           int
	covered, pending    int // bytes after the first that arrived, up to the last that did
	firstSent, lastSent time.Duration
	firstCame, lastCame time.Duration
	complete            bool
}

// due says how many bytes of padding are to be sent now. most is what is worth probing for.
func (p *prober) due(rate, most float64, busy bool, at time.Duration) int {
	switch p.state {
	case restingCluster:
		if busy || at < p.next || most < rate*worthwhile {
			return 0
		}
		p.begin(rate, most, at)
	case measuringCluster:
		if at-p.cluster.begun > 2*abandonAfter {
			p.rest(at + retryAfter)
		}
		return 0
	}
	c := &p.cluster
	if at-c.begun > abandonAfter {
		p.rest(at + retryAfter)
		return 0
	}
	pace := int(c.rate / 8 * (at - c.begun + stepTime).Seconds())
	return max(0, min(pace, c.size)-c.bytes)
}

func (p *prober) begin(rate, most float64, at time.Duration) {
	if p.scale == 0 {
		p.scale = firstScale
	}
	p.id = p.id%255 + 1
	p.clusters++
	to := min(rate*p.scale, most)
	p.cluster = cluster{rate: to, begun: at, size: max(clusterLeast, int(to/8*clusterTime.Seconds()))}
	p.state, p.rate = sendingCluster, rate
}

// sent counts a packet that leaves, and gives the cluster it belongs to, 0 for none.
func (p *prober) sent(sequence uint16, size int, at time.Duration) uint8 {
	if p.state != sendingCluster {
		return 0
	}
	c := &p.cluster
	c.bytes += size
	c.count++
	c.last = sequence
	if c.bytes >= c.size {
		p.state = measuringCluster
		behind := float64(c.bytes*8) / p.rate
		p.calm = at + min(time.Duration(behind*float64(time.Second)), longestCalm)
	}
	return p.id
}

// reported takes in what became of a packet.
func (p *prober) reported(sent *packet, received bool, arrival time.Duration) {
	if sent.probe == 0 || sent.probe != p.id || p.state == restingCluster {
		return
	}
	c := &p.cluster
	if sent.state == pendingPacket {
		c.seen++
	}
	c.complete = c.complete || p.state == measuringCluster && sent.sequence == c.last
	if c.got > 0 {
		c.pending += int(sent.size)
	}
	if !received {
		return
	}
	c.got++
	if c.got == 1 {
		c.firstSent, c.firstCame = sent.at, arrival
	}
	c.covered = c.pending
	c.lastSent, c.lastCame = sent.at, max(c.lastCame, arrival)
}

// result gives what a cluster measured, once it was reported: what the line
// carries if the cluster filled it, else what it carries at least.
func (p *prober) result(at time.Duration) (rate float64, filled, ok bool) {
	c := &p.cluster
	if p.state != measuringCluster || !c.complete && c.seen < c.count {
		return 0, false, false
	}
	if float64(c.got) < enoughOf*float64(c.count) || c.got < 3 {
		p.rest(at + retryAfter)
		return 0, false, false
	}
	rate = c.rate
	if took := max(c.lastSent-c.firstSent, c.lastCame-c.firstCame); took > 0 {
		rate = min(rate, float64(c.covered*8)/took.Seconds())
	}
	if rate < passed*c.rate {
		p.rest(at + retryAfter)
		return rate, true, true
	}
	p.found++
	p.rest(at)
	p.scale = nextScale
	return rate, false, true
}

// rest ends a cluster.
func (p *prober) rest(until time.Duration) {
	p.state, p.next, p.scale = restingCluster, until, firstScale
}

// abandon ends a cluster that nothing will be known of, and that is nobody's
// fault: the next may begin as if there had been none.
func (p *prober) abandon() {
	if p.state != restingCluster {
		p.rest(p.cluster.begun)
	}
}

// postpone lets the line settle before it is asked again.
func (p *prober) postpone(at time.Duration) {
	p.next = max(p.next, at+settleAfter)
}

// disturbs says that a packet's delay is a probe's doing.
func (p *prober) disturbs(sent *packet) bool {
	return sent.probe != 0 || sent.at < p.calm && sent.at >= p.cluster.begun
}
