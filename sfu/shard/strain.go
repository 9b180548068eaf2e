package shard

import (
	"time"

	"palabre/sfu/cache"
)

// strain is how far a shard falls behind what it is given, and what its
// viewers go without so that it catches up: pictures, never sound.
type strain struct {
	worst  time.Duration // lateness of the packets since the last look
	bytes  int           // of pictures sent since then
	looked time.Time
	late   int     // looks in a row with late packets
	limit  float64 // bit/s of pictures for each viewer; 0 for none
	calm   time.Time
	busy   time.Duration // in turns since the last look, counted under a limit
	share  float64       // of the time, the most in a look since the limit was changed
}

const (
	// strainEvery is how often a shard looks at how late it is.
	strainEvery = 200 * time.Millisecond
	// A shard is strained when packets wait longer than lateMost over lateLooks
	// looks: a hiccup of the machine is none.
	lateMost  = 150 * time.Millisecond
	lateLooks = 3
	// overdue is how old a picture's packet may be. Older ones are not worth
	// their sending: the viewer gets the next key frame instead.
	overdue = 400 * time.Millisecond
	// relief is what a strained shard's viewers keep of what they get. After
	// calmFor without strain they get recovery times that each second, or as much
	// as would keep the shard busy for healthy of its time, but no more than mostRecovery:
	// what strained it may have been a hundred joins.
	relief                 = 0.7
	recovery, mostRecovery = 1.1, 2
	healthy                = 0.6
	calmFor                = 3 * time.Second
	// leastPictures is the lowest limit, mostPictures what counts as none, in bit/s.
	leastPictures, mostPictures = 50e3, 20e6
)

// look takes stock; viewers is how many share the shard. It says whether the
// limit has changed.
func (t *strain) look(viewers int, now time.Time) (changed bool) {
	took := now.Sub(t.looked)
	if took < strainEvery {
		return false
	}
	rate := float64(t.bytes*8) / took.Seconds() / float64(max(viewers, 1))
	late := t.worst > lateMost && !t.looked.IsZero()
	t.share = max(t.share, t.busy.Seconds()/took.Seconds())
	t.worst, t.bytes, t.busy, t.looked = 0, 0, 0, now
	if !late {
		t.late = 0
		return t.recover(now)
	}
	t.calm = now
	if t.late++; t.late < lateLooks {
		return false
	}
	t.late = 0
	if t.limit > 0 {
		rate = min(rate, t.limit)
	}
	t.limit, t.share = max(leastPictures, relief*rate), 0
	return true
}

// recover lets the limit rise.
func (t *strain) recover(now time.Time) (changed bool) {
	if t.limit == 0 || now.Sub(t.calm) < calmFor {
		return false
	}
	t.calm = t.calm.Add(time.Second)
	t.limit *= min(mostRecovery, max(recovery, healthy/max(t.share, 0.01)))
	t.share = 0
	if t.limit > mostPictures {
		t.limit = 0
	}
	return true
}

// worked notes how long a turn took.
func (t *strain) worked(took time.Duration) { t.busy += took }

// limited says that viewers go without something.
func (t *strain) limited() bool { return t.limit > 0 }

// bound applies the limit to what may be sent to a viewer in pictures, in
// bit/s, 0 for any.
func (t *strain) bound(bits int) int {
	if t.limit == 0 || bits > 0 && float64(bits) <= t.limit {
		return bits
	}
	return int(t.limit)
}

// behind notes how late a packet for lines is, and says whether it is to be
// dropped: a picture's that is overdue. Lines that showed it wait for a key frame.
func (s *Shard) behind(layer *Layer, pkt *cache.Packet, lines []*Line, now time.Time) bool {
	lateness := max(s.engine.since(now)-pkt.Arrival, s.backlog)
	s.strain.worst = max(s.strain.worst, lateness)
	if lateness <= overdue || !layer.track.Video {
		return false
	}
	for _, l := range lines {
		for _, sub := range l.subs {
			if sub.layer == layer && l.stream.Current() == sub.origin {
				l.stream.Stop()
				l.stream.Want(sub.origin)
				l.peer.review() // which asks for one
			}
		}
	}
	s.engine.Metrics.Drops[DropOverload].Add(1)
	return true
}

// unburden looks at the strain, and has layers chosen anew where that tells.
func (s *Shard) unburden(now time.Time) {
	if !s.strain.look(s.rota.count, now) {
		return
	}
	s.engine.log.Debug("pictures are limited for want of computing time", "bits", int(s.strain.limit))
	for p := range s.rota.all {
		p.review()
	}
}
