package bwe

import "time"

const (
	// Losses are judged over lossTime and at least lossLeast packets.
	lossTime, lossLeast = time.Second, 50
	// heavyLoss is how much more than usual must be lost for less to be sent, idleHeavyLoss
	// the same while the line is not filled: then it takes a lot to blame the rate.
	heavyLoss, idleHeavyLoss = 0.10, 0.25
	// helped is to which share losses must fall when less is sent for the rate to have been the cause.
	helped = 0.7
	// fading is what remains, with every window, of the worst of those before.
	fading = 0.85
	// learning is how much a window counts for what is usual.
	learning = 0.2
	// mostUsual bounds what is taken for chance: beyond it nobody can talk anyway.
	mostUsual = 0.35
)

// verdict is what losses say.
type verdict uint8

const (
	bearable verdict = iota
	tooMuch          // send less
	byChance         // less was sent and that did not help: take it back
)

// losses tells loss by congestion from loss by chance, as on a radio link, by
// trial: when too much is lost less is sent for a moment. If the losses do
// not fall, the line loses that much whatever is sent, and it is usual from then
// on, as is what is lost while the line is not filled.
type losses struct {
	got, lost int
	begun     time.Duration
	ratio     float64 // of the last window
	recent    float64 // the worst of the last windows, which fades
	usual     float64
	trial     bool
	before    float64 // the rate before the trial
	worst     float64 // the ratio then
	skip      bool    // the window that the lowering fell into says nothing
}

// window gives the share lost once a window is full.
func (l *losses) window(at time.Duration) (ratio float64, full bool) {
	if total := l.got + max(l.lost, 0); total < lossLeast || at-l.begun < lossTime {
		return 0, false
	} else {
		l.ratio = float64(max(l.lost, 0)) / float64(total)
	}
	l.recent = max(l.ratio, fading*l.recent)
	l.got, l.lost, l.begun = 0, 0, at
	return l.ratio, true
}

// heavy says that much more is lost than usual.
func (l *losses) heavy(ratio float64) bool { return ratio-l.usual > heavyLoss }

// judge says what follows from a full window.
func (l *losses) judge(ratio, rate float64, idle bool) verdict {
	if l.skip {
		l.skip = false
		return bearable
	}
	if l.trial {
		l.trial = false
		if ratio > helped*l.worst {
			l.usual = min(max(ratio, l.worst), mostUsual)
			return byChance
		}
		return bearable
	}
	limit := heavyLoss
	if idle {
		limit = idleHeavyLoss
	}
	if ratio-l.usual > limit {
		l.trial, l.skip, l.before, l.worst = true, true, rate, ratio
		return tooMuch
	}
	// What is lost of little is usual too, without a trial: a trial may take the
	// only picture away that fits, and would come as soon as more is sent for a moment.
	if idle || ratio < l.usual {
		l.usual = min(l.usual+learning*(ratio-l.usual), mostUsual)
	}
	return bearable
}
