package shard

import (
	"time"

	"palabre/sfu/cache"
)

const (
	// A voice sings while its packets come at most this far apart; one that
	// stops for longer (DTX) is not waited for.
	singing = 60 * time.Millisecond
	// voicesHeard bounds the voices a choir knows of.
	voicesHeard = 8
	// worthHolding is how many viewers make it worth to wait: in a small meeting
	// it saves little, and people talk to each other.
	worthHolding = 8
	// Voices whose packets fall far apart wait in vain: after inVain of them none
	// waits for a second or two, until tryAgain have passed.
	inVain, tryAgain = 5, 200
)

// choir is the voices of one room on their way to a shard's viewers. When
// several people speak their packets are held for a moment, made equal in size
// and sent together: one call of the kernel for each viewer and moment instead
// of one for each voice.
type choir struct {
	voices [voicesHeard]voice
	held   []held
	due    time.Time
	heard  time.Time
	alone  int // packets in a row that waited for nobody, or did not wait for that
}

type voice struct {
	layer *Layer
	last  time.Time
	held  bool // a packet of it is held
}

type held struct {
	layer *Layer
	pkt   *cache.Packet
	lines []*Line
}

// hold keeps a voice's packet for the others of its room, and says whether it did.
func (s *Shard) hold(layer *Layer, pkt *cache.Packet, lines []*Line, now time.Time) bool {
	if s.engine.holdVoices <= 0 || layer.track.Screen || len(lines) < worthHolding {
		return false
	}
	room := *layer.track.peer.room.Load()
	c := s.choirs[room]
	if c == nil {
		c = &choir{}
		s.choirs[room] = c
	}
	v := c.find(layer, now)
	if v == nil {
		return false
	}
	v.last, c.heard = now, now
	if v.held { // its next one is here before the others had theirs
		s.sing(c)
	}
	if c.singers(now) < 2 || len(c.held) == 0 && c.hopeless() {
		return false
	}
	if len(c.held) == 0 {
		c.due = now.Add(s.engine.holdVoices)
		s.holding++
	}
	v.held = true
	c.held = append(c.held, held{layer, pkt, lines})
	if len(c.held) >= c.singers(now) {
		s.sing(c)
	}
	return true
}

// hopeless says that nobody comes in time to leave with a packet held.
func (c *choir) hopeless() bool {
	if c.alone < inVain {
		return false
	}
	if c.alone++; c.alone > tryAgain {
		c.alone = inVain - 1
	}
	return c.alone >= inVain
}

// find gives the voice of a layer, nil when there are too many.
func (c *choir) find(layer *Layer, now time.Time) (free *voice) {
	for i := range c.voices {
		v := &c.voices[i]
		if v.layer == layer {
			return v
		}
		if free == nil && !v.held && now.Sub(v.last) > singing {
			free = v
		}
	}
	if free != nil {
		*free = voice{layer: layer}
	}
	return free
}

// singers counts the voices that sing.
func (c *choir) singers(now time.Time) (n int) {
	for i := range c.voices {
		if v := &c.voices[i]; v.layer != nil && now.Sub(v.last) <= singing {
			n++
		}
	}
	return n
}

// sing sends what a choir holds.
func (s *Shard) sing(c *choir) {
	size := 0
	for i := range c.held {
		size = max(size, len(c.held[i].pkt.Payload()))
	}
	for i := range c.held {
		h := &c.held[i]
		s.level = level{size, mostPad}
		one := [1]*cache.Packet{h.pkt}
		s.play(h.layer, one[:], h.lines)
	}
	s.level = level{}
	switch len(c.held) {
	case 0:
	case 1:
		c.alone++
		s.holding--
	default:
		c.alone = 0
		s.holding--
	}
	clear(c.held)
	c.held = c.held[:0]
	for i := range c.voices {
		c.voices[i].held = false
	}
}

// conduct sends what has been held for long enough.
func (s *Shard) conduct(now time.Time) {
	if s.holding == 0 {
		return
	}
	for _, c := range s.choirs {
		if len(c.held) > 0 && !now.Before(c.due) {
			s.sing(c)
		}
	}
}

// silence forgets the rooms in which nobody has spoken lately.
func (s *Shard) silence(now time.Time) {
	for room, c := range s.choirs {
		if len(c.held) == 0 && now.Sub(c.heard) > time.Second {
			delete(s.choirs, room)
		}
	}
}
