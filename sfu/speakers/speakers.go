// Package speakers decides, per meeting, whose voices are forwarded and who
// holds the floor, from the audio levels that senders put into their packets'
// headers (RFC 6464).
//
// A voice is let through at its first loud packet, so no first syllable is
// clipped; it is taken away late and only when somebody else needs the place,
// so nothing flaps. The time is an argument of every call: the package has no
// clock, no goroutine and no lock. One owner per [Meeting].
package speakers

import (
	"cmp"
	"slices"
	"time"
)

// DefaultLoudest is how many voices are forwarded at once: more than five
// people talking at a time are not understood anyway.
const DefaultLoudest = 5

const (
	// pause is the silence after which a forwarded voice may lose its place:
	// longer than the gaps between words.
	pause = 400 * time.Millisecond
	// louder is by how many dB somebody must exceed the quietest of those who
	// all talk at once to take their place, and for how long.
	louder     = 6
	louderTime = 200 * time.Millisecond
	// speaks is how much voice makes somebody shown as speaking, more than a
	// click; silent is how long they stay shown after it.
	speaks = 60 * time.Millisecond
	silent = 600 * time.Millisecond
)

// Change says what an observation changed.
type Change uint8

// The changes, to be tested with &.
const (
	LoudestChanged  Change = 1 << iota // who is forwarded
	SpeakingChanged                    // who is shown as speaking
	DominantChanged                    // who holds the floor
)

// Meeting follows the voices of one meeting. It is not safe for concurrent use.
type Meeting struct {
	most     int
	people   map[string]*person
	chosen   []*person // who is forwarded
	speaking []*person
	floor    floor
}

// New makes a Meeting that forwards up to n voices; n < 1 means [DefaultLoudest].
func New(n int) *Meeting {
	if n < 1 {
		n = DefaultLoudest
	}
	return &Meeting{most: n, people: make(map[string]*person)}
}

// Observe takes the level of one audio packet of a participant: 0 is the
// loudest, 127 silence (RFC 6464 section 3), voice is its V bit. Call it
// before the packet is forwarded: the packet that makes somebody loud is
// already to be heard.
func (m *Meeting) Observe(id string, level uint8, voice bool, now time.Time) Change {
	p := m.people[id]
	if p == nil {
		p = newPerson(id)
		m.people[id] = p
	}
	if !p.hear(level, voice, now) {
		return 0
	}
	var c Change
	if !p.chosen && m.choose(p, now) {
		c |= LoudestChanged
	}
	if !p.speaking && p.voiced >= speaks {
		p.speaking = true
		m.speaking = append(m.speaking, p)
		c |= SpeakingChanged
	}
	if m.floor.challenge(p, now) {
		c |= DominantChanged
	}
	return c
}

// choose finds a place for somebody who became loud: a free one, that of
// whoever is silent for longest, or that of the quietest.
func (m *Meeting) choose(p *person, now time.Time) bool {
	if len(m.chosen) < m.most {
		p.chosen = true
		m.chosen = append(m.chosen, p)
		return true
	}
	last, quietest := 0, 0
	for i, c := range m.chosen {
		if c.loud.Before(m.chosen[last].loud) {
			last = i
		}
		if c.level < m.chosen[quietest].level {
			quietest = i
		}
	}
	if now.Sub(m.chosen[last].loud) <= pause {
		last = quietest
		if p.voiced < louderTime || p.level < m.chosen[last].level+louder {
			return false
		}
	}
	m.chosen[last].chosen, p.chosen = false, true
	m.chosen[last] = p
	return true
}

// Due is when somebody falls silent unless they are heard before; zero while
// nobody speaks.
func (m *Meeting) Due() (at time.Time) {
	for _, p := range m.speaking {
		if end := p.loud.Add(silent); at.IsZero() || end.Before(at) {
			at = end
		}
	}
	return at
}

// Tick lets time pass: people fall silent. Call it when that is [Meeting.Due].
func (m *Meeting) Tick(now time.Time) Change {
	before := len(m.speaking)
	m.speaking = slices.DeleteFunc(m.speaking, func(p *person) bool {
		p.speaking = now.Sub(p.loud) < silent
		return !p.speaking
	})
	if len(m.speaking) != before {
		return SpeakingChanged
	}
	return 0
}

// Remove forgets a participant, who left or whose microphone went off.
func (m *Meeting) Remove(id string, now time.Time) Change {
	p := m.people[id]
	if p == nil {
		return 0
	}
	delete(m.people, id)
	var c Change
	if m.chosen = without(m.chosen, p); p.chosen {
		c |= LoudestChanged
	}
	if m.speaking = without(m.speaking, p); p.speaking {
		c |= SpeakingChanged
	}
	if m.floor.left(p, m.speaking, now) {
		c |= DominantChanged
	}
	return c
}

// without takes a person out of a list.
func without(list []*person, p *person) []*person {
	return slices.DeleteFunc(list, func(o *person) bool { return o == p })
}

// Loud says whether a participant's voice is to be forwarded.
func (m *Meeting) Loud(id string) bool {
	p := m.people[id]
	return p != nil && p.chosen
}

// Loudest are the participants to be forwarded: those who speak, loudest
// first, then those who spoke last.
func (m *Meeting) Loudest() []string { return names(m.chosen) }

// Speaking are the participants who speak now, loudest first.
func (m *Meeting) Speaking() []string { return names(m.speaking) }

// names lists people, loudest first.
func names(list []*person) []string {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b *person) int {
		switch {
		case a.speaking && b.speaking:
			return cmp.Compare(b.level, a.level)
		case a.speaking != b.speaking:
			return cmp.Compare(rank(a), rank(b))
		}
		return b.loud.Compare(a.loud)
	})
	ids := make([]string, len(list))
	for i, p := range list {
		ids[i] = p.id
	}
	return ids
}

// rank puts those who speak first.
func rank(p *person) int {
	if p.speaking {
		return 0
	}
	return 1
}

// Dominant is who holds the floor, or "". It stays with the last speaker in silence.
func (m *Meeting) Dominant() string {
	if m.floor.holder == nil {
		return ""
	}
	return m.floor.holder.id
}

// Quiet says whether nobody speaks, so that [Meeting.Tick] has nothing to do.
func (m *Meeting) Quiet() bool { return len(m.speaking) == 0 }
