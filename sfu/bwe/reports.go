package bwe

import "time"

// reports is the limit of a client that does not report arrivals.
//
// Until something says that the line is narrow there is none. A receiver's
// estimate (REMB) follows what it receives, so it cannot show room it was never
// sent; it is believed when it lies under what is sent, which means that queues
// grow. Heavy loss lowers the limit as well. It then rises until something says no.
type reports struct {
	bits    float64 // bit/s; 0 while no limit is known
	edge    float64 // what it was lowered to
	lowered time.Duration
	raised  time.Duration
	low     int           // estimates in a row that lie far under what is sent
	clear   time.Duration // when an estimate last said that no queue grows
	// What was reported since the losses were last judged.
	expected, missing float64
	judged            time.Duration
	loss              float64 // of the last full judgement
	recent            float64 // the worst of the last ones, which fades
}

const (
	// rise is how fast the limit rises when nothing speaks against it, a second;
	// cautiousRise the same while it is not above known times what it was lowered to.
	rise, cautiousRise, known = 0.4, 0.1, 1.3
	// hold is how long the limit rests after it was lowered.
	hold = 2 * time.Second
	// An estimate counts when lowCount in a row are under lowShare of what is
	// sent: a busy receiver's hiccups look like a queue for a moment. Of a line
	// that is known to be narrow less will do. An estimate never lowers the
	// limit under lowFloor, which only loss does.
	lowShare, lowCount, lowFloor = 0.75, 3, 250e3
	narrowShare, narrowCount     = 0.85, 2
	// badLoss lowers the limit and lightLoss forbids it to rise. While the
	// receiver says that no queue grows it takes worseLoss: what is lost by chance
	// does not become less when less is sent.
	badLoss, lightLoss, worseLoss = 0.15, 0.02, 0.30
)

// remb takes a receiver's estimate in; sent is what was sent lately, bit/s.
func (r *reports) remb(bits, sent float64, at time.Duration) {
	share, count := lowShare, lowCount
	if r.bits > 0 {
		share, count = narrowShare, narrowCount
	}
	if bits >= share*sent {
		r.low, r.clear = 0, at
		return
	}
	if r.low++; r.low >= count {
		r.low = 0
		r.lower(max(lowFloor, bits), at)
	}
}

// report takes one reception report in.
func (r *reports) report(fraction, packets, sent float64, at time.Duration) {
	r.expected += packets
	r.missing += fraction * packets
	if at-r.judged < lossTime || r.expected < lossLeast {
		return
	}
	r.loss = r.missing / r.expected
	r.recent = max(r.loss, fading*r.recent)
	r.expected, r.missing, r.judged = 0, 0, at
	limit := badLoss
	if r.clear > 0 && at-r.clear < 2*lossTime {
		limit = worseLoss
	}
	if r.loss > limit && sent > 0 {
		r.lower(sent*(1-r.loss/2), at)
	}
}

func (r *reports) lower(bits float64, at time.Duration) {
	if r.bits == 0 || bits < r.bits {
		r.bits = bits
	}
	r.lowered, r.raised, r.edge = at, at, r.bits
}

// limit lets the limit rise and gives it; without one it is the most there may be.
func (r *reports) limit(c Config, at time.Duration) float64 {
	if r.bits == 0 {
		return float64(c.Most)
	}
	took := min(at-r.raised, time.Second).Seconds()
	r.raised = at
	if at-r.lowered > hold && r.loss < lightLoss {
		share := rise
		if r.bits < known*r.edge {
			share = cautiousRise
		}
		if r.bits *= 1 + share*took; r.bits >= float64(c.Most) {
			r.bits = 0
			return float64(c.Most)
		}
	}
	r.bits = max(r.bits, float64(c.Least))
	return r.bits
}
