package speakers

import "time"

const (
	// takes is how much voice somebody must utter to take the floor, and how
	// long its holder must have been silent. A cough is shorter; both together
	// keep the change within 200 ms of the first syllable.
	takes = 140 * time.Millisecond
	// keeps is how long the floor stays with a new holder who is still there.
	keeps = time.Second
	// over is by how many dB somebody must talk over the holder, and for how
	// long, to take the floor without waiting for a pause.
	over     = 6
	overTime = time.Second
)

// floor follows who holds it.
type floor struct {
	holder *person
	since  time.Time
}

// challenge is called when p was loud, and says whether p took the floor.
func (f *floor) challenge(p *person, now time.Time) bool {
	if p == f.holder || p.voiced < takes {
		return false
	}
	if f.holder != nil {
		if now.Sub(f.since) < keeps {
			return false
		}
		pausing := now.Sub(f.holder.loud) >= takes
		if !pausing && !f.talksOver(p, now) {
			return false
		}
	}
	f.give(p, now)
	return true
}

// talksOver says whether p has been much louder than the holder for long enough.
func (f *floor) talksOver(p *person, now time.Time) bool {
	if p.level < f.holder.level+over {
		p.over = time.Time{}
		return false
	}
	if p.over.IsZero() {
		p.over = now
	}
	return now.Sub(p.over) >= overTime
}

// left says that somebody is gone, and whether the floor went to another.
func (f *floor) left(p *person, speaking []*person, now time.Time) bool {
	if p != f.holder {
		return false
	}
	var next *person
	for _, s := range speaking {
		if next == nil || s.level > next.level {
			next = s
		}
	}
	f.give(next, now)
	return true
}

// give hands the floor over.
func (f *floor) give(p *person, now time.Time) {
	f.holder, f.since = p, now
	if p != nil {
		p.over = time.Time{}
	}
}
