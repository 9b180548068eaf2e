package shard

import "time"

// limit is how much a viewer's line carries, as far as its reports tell.
//
// A receiver's estimate (REMB) follows what it receives and so cannot show
// room it was never sent; it is believed when it lies under what is sent,
// which means queues grow. Heavy loss lowers the limit as well. Otherwise the
// limit rises until something says no.
type limit struct {
	bits    float64 // bit/s
	sent    int     // bytes since the last look
	looked  time.Time
	rate    float64 // of what was sent lately, bit/s
	lowered time.Time
	low     int     // estimates in a row that lie far under what is sent
	loss    float64 // of the latest reports, 0 to 1
	lossAt  time.Time
}

const (
	// startBits is what a newcomer gets before anything is known.
	startBits = 3e6
	leastBits = 60e3
	mostBits  = 50e6
	// growth is how fast the limit rises when nothing speaks against it, a second.
	growth = 1.2
	// hold is how long the limit rests after it was lowered.
	hold = 2 * time.Second
	// An estimate counts when lowCount in a row are under lowShare of what is
	// sent: a busy receiver's hiccups look like a queue for a moment. It never
	// lowers the limit under lowFloor, which only loss does.
	lowShare, lowCount, lowFloor = 0.75, 3, 250e3
	// heavyLoss lowers the limit, lightLoss forbids it to rise.
	heavyLoss, lightLoss = 0.10, 0.02
)

func newLimit() limit { return limit{bits: startBits} }

// estimate takes a receiver's estimate in.
func (l *limit) estimate(bits int, now time.Time) {
	if float64(bits) >= lowShare*l.rate {
		l.low = 0
		return
	}
	if l.low++; l.low >= lowCount {
		l.low = 0
		l.lower(max(lowFloor, float64(bits)), now)
	}
}

// lost takes the fraction lost of one report in.
func (l *limit) lost(fraction float64, now time.Time) {
	if now.Sub(l.lossAt) > time.Second {
		l.loss = 0
	}
	l.loss, l.lossAt = max(l.loss, fraction), now
	if fraction > heavyLoss && now.Sub(l.lowered) > time.Second && l.rate > leastBits {
		l.lower(min(l.bits, l.rate)*(1-fraction/2), now)
	}
}

func (l *limit) lower(bits float64, now time.Time) {
	l.bits = max(leastBits, min(l.bits, bits))
	l.lowered = now
}

// look lets the limit rise, about every allocateEvery.
func (l *limit) look(now time.Time) int {
	took := now.Sub(l.looked).Seconds()
	if l.looked.IsZero() {
		l.looked = now
		return int(l.bits)
	}
	if took < 0.1 {
		return int(l.bits)
	}
	l.rate = 0.5*l.rate + 0.5*float64(l.sent*8)/took
	l.sent, l.looked = 0, now
	quiet := now.Sub(l.lossAt) > 2*time.Second || l.loss < lightLoss
	if now.Sub(l.lowered) > hold && quiet {
		factor := 1 + (growth-1)*min(took, 1)
		l.bits = min(mostBits, l.bits*factor)
	}
	return int(l.bits)
}

// resends bounds retransmissions to a share of what is sent, so that a viewer
// that asks for everything again gets little more than it was sent.
type resends struct{ budget float64 }

const (
	resendShare = 0.2
	resendBurst = 128 << 10 // bytes
)

func (r *resends) sent(bytes int) {
	r.budget = min(resendBurst, r.budget+float64(bytes)*resendShare)
}

func (r *resends) take(bytes int) bool {
	if r.budget < float64(bytes) {
		return false
	}
	r.budget -= float64(bytes)
	return true
}
