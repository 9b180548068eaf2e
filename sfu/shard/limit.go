package shard

import "time"

// limit is how much a viewer's line carries, as far as its reports tell.
//
// Until something says that the line is narrow there is no limit: what a
// viewer shows bounds what it is sent. A receiver's estimate (REMB) follows
// what it receives and so cannot show room it was never sent; it is believed
// when it lies under what is sent, which means queues grow. Heavy loss lowers
// the limit as well. Once there is a limit it rises until something says no.
type limit struct {
	bits    float64 // bit/s; 0 while no limit is known
	sent    int     // bytes since the last look
	looked  time.Time
	rate    float64 // of what was sent lately, bit/s
	lowered time.Time
	edge    float64   // what it was lowered to
	low     int       // estimates in a row that lie far under what is sent
	clear   time.Time // when an estimate last said that no queue grows
	// What reports said since the losses were last judged.
	expected, missing float64
	judged            time.Time
	loss              float64 // of the last full judgement, 0 to 1
}

const (
	leastBits = 150e3
	mostBits  = 50e6
	// growth is how fast the limit rises when nothing speaks against it, a
	// second; caution the same while it is not above known times what it was
	// lowered to: the line may carry no more.
	growth, caution, known = 1.4, 1.1, 1.3
	// hold is how long the limit rests after it was lowered.
	hold = 2 * time.Second
	// An estimate counts when lowCount in a row are under lowShare of what is
	// sent: a busy receiver's hiccups look like a queue for a moment. Of a line
	// that is known to be narrow less will do. An estimate never lowers the
	// limit under lowFloor, which only loss does.
	lowShare, lowCount, lowFloor = 0.75, 3, 250e3
	narrowShare, narrowCount     = 0.85, 2
	// heavyLoss lowers the limit, lightLoss forbids it to rise. While the
	// receiver says that no queue grows it takes badLoss: packets that are lost
	// at random, on a radio link, do not become fewer when less is sent.
	heavyLoss, lightLoss, badLoss = 0.15, 0.02, 0.30
	// Losses are judged over judgeEvery and at least judgeLeast packets.
	judgeEvery, judgeLeast = time.Second, 50
)

// estimate takes a receiver's estimate in.
func (l *limit) estimate(bits int, now time.Time) {
	share, count := lowShare, lowCount
	if l.bits > 0 {
		share, count = narrowShare, narrowCount
	}
	if float64(bits) >= share*l.rate {
		l.low, l.clear = 0, now
		return
	}
	if l.low++; l.low >= count {
		l.low = 0
		l.lower(max(lowFloor, float64(bits)), now)
	}
}

// lost takes one report in: the fraction lost of so many packets.
func (l *limit) lost(fraction float64, packets uint32, now time.Time) {
	l.expected += float64(packets)
	l.missing += fraction * float64(packets)
	if now.Sub(l.judged) < judgeEvery || l.expected < judgeLeast {
		return
	}
	l.loss = l.missing / l.expected
	l.expected, l.missing, l.judged = 0, 0, now
	bearable := heavyLoss
	if now.Sub(l.clear) < 2*judgeEvery {
		bearable = badLoss
	}
	if l.loss > bearable {
		l.lower(l.rate*(1-l.loss/2), now)
	}
}

func (l *limit) lower(bits float64, now time.Time) {
	if l.bits == 0 {
		l.bits = mostBits
	}
	l.bits = max(leastBits, min(l.bits, bits))
	l.lowered, l.edge = now, l.bits
}

// look lets the limit rise, about every allocateEvery, and gives it; 0 is none.
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
	if l.bits > 0 && now.Sub(l.lowered) > hold && l.loss < lightLoss {
		factor := growth
		if l.bits < known*l.edge {
			factor = caution
		}
		if l.bits *= 1 + (factor-1)*min(took, 1); l.bits >= mostBits {
			l.bits = 0
		}
	}
	return int(l.bits)
}
