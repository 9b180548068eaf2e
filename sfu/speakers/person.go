package speakers

import "time"

// All levels below are in dBov: 0 is the loudest, -127 silence.
const (
	silence = -127
	// A packet is loud when it exceeds the person's background noise by
	// clear; the background counts between these bounds, so that a fan does
	// not speak, and whoever speaks evenly, music too, stays loud.
	clear      = 12
	background = -60 // to begin with
	lowest     = -75
	highest    = -50
	// unvoiced is how much louder a packet must be that its sender does not
	// call voice: some never set the bit.
	unvoiced = 8
	// The background follows a lower level at once in part, a higher one by so
	// many dB a packet: about one in a second.
	sinks, rises = 0.3, 0.02
	// The smoothed level follows a louder packet faster than a softer one.
	attack, release = 0.3, 0.1
	// packet is how long an audio packet usually lasts; longest, how long at most.
	packet, longest = 20 * time.Millisecond, 60 * time.Millisecond
	// breath is the silence that ends an utterance.
	breath = 300 * time.Millisecond
)

// person is what is known of one voice.
type person struct {
	id    string
	noise float64 // background level
	level float64 // smoothed level of what is loud
	last  time.Time
	loud  time.Time // the last loud packet

	// voiced is how much of the present utterance was loud.
	voiced           time.Duration
	chosen, speaking bool
	// over is since when the voice is much louder than the floor's holder.
	over time.Time
}

func newPerson(id string) *person { return &person{id: id, noise: background, level: silence} }

// hear takes one packet and says whether it is loud.
func (p *person) hear(level uint8, voice bool, now time.Time) bool {
	db := -float64(min(level, -silence))
	lasted := packet
	if !p.last.IsZero() {
		lasted = min(max(now.Sub(p.last), packet), longest)
	}
	p.last = now
	threshold := min(max(p.noise, lowest), highest) + clear
	if !voice {
		threshold += unvoiced
	}
	if db < p.noise {
		p.noise += (db - p.noise) * sinks
	} else {
		p.noise += rises
	}
	p.noise = min(max(p.noise, lowest), highest)
	if db < threshold {
		p.level += (db - p.level) * release
		return false
	}
	if now.Sub(p.loud) > breath {
		p.voiced, p.level, p.over = 0, db, time.Time{}
	}
	weight := attack
	if db < p.level {
		weight = release
	}
	p.level += (db - p.level) * weight
	p.voiced += lasted
	p.loud = now
	return true
}
