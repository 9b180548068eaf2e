package rooms

import (
	"slices"
	"time"
)

// qualityEvery is the least time between two messages about people's
// connections in one room: each person's changes at most once a second, and
// hundreds of people must not make hundreds of messages of it.
const qualityEvery = time.Second

// Bars is how good the two directions of somebody's connection are, 0 (lost,
// or not known yet) to 3 (good): Up what they send, Down what they receive.
type Bars struct{ Up, Down int }

// graded takes in what the links know by now, and arms the timer when
// somebody is to be told. It runs on the room's goroutine.
func (r *room) graded(p *person) {
	if p.bars == p.link.grade() || !p.visible() {
		return
	}
	if r.retell.IsZero() {
		r.retell = later(time.Now(), r.told.Add(qualityEvery))
	}
}

// broadcast tells everybody of the connections that changed, when that is due.
func (r *room) broadcast(now time.Time) {
	if r.retell.IsZero() || r.retell.After(now) {
		return
	}
	r.retell, r.told = time.Time{}, now
	var changed []LinkQuality
	for _, p := range r.inside {
		if bars := p.link.grade(); bars != p.bars {
			p.bars = bars
			changed = append(changed, LinkQuality{p.id, bars})
		}
	}
	if len(changed) == 0 {
		return
	}
	for _, p := range r.inside {
		r.tell(p, 0, Quality{slices.Clone(changed)})
	}
}

// tellQuality tells one person of everybody whose connection is known.
func (r *room) tellQuality(to *person) {
	var all []LinkQuality
	for _, p := range r.inside {
		if p.bars != (Bars{}) {
			all = append(all, LinkQuality{p.id, p.bars})
		}
	}
	if len(all) > 0 {
		r.tell(to, 0, Quality{all})
	}
}

// merge adds newer news to older: of each person only the newest matters.
func (q Quality) merge(newer Quality) Quality {
	people := slices.Clone(q.People)
	for _, n := range newer.People {
		at := slices.IndexFunc(people, func(l LinkQuality) bool { return l.Participant == n.Participant })
		if at < 0 {
			people = append(people, n)
		} else {
			people[at] = n
		}
	}
	return Quality{people}
}

// without is the news of everybody but one, who left.
func (q Quality) without(participant string) Quality {
	return Quality{slices.DeleteFunc(slices.Clone(q.People), func(l LinkQuality) bool { return l.Participant == participant })}
}

// later is the later of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
