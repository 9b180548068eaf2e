package shard

import (
	"encoding/binary"
	"time"
)

// breath is how many packets of pictures are sent before the shard looks
// whether somebody has said something meanwhile: half a millisecond to two.
const breath = 400

// interlude is what a shard knows of the sound it sends between two viewers of a picture.
type interlude struct {
	playing  bool
	unbroken int       // packets of pictures since the last one
	at       int       // items of the batch that are done
	heard    int       // of the inbox, that were looked at
	voices   []item    // kept for its space
	now      time.Time // of what the turn does: later after an interlude
}

// breathe is called after a viewer of a run was served with so many packets. A
// picture for hundreds takes milliseconds, a key frame tens of them: voices that
// come meanwhile do not wait for the end of it.
func (s *Shard) breathe(packets int) {
	i := &s.interlude
	if i.unbroken += packets; i.unbroken < breath || i.playing {
		return
	}
	i.unbroken = 0
	s.interlude.play(s)
}

// play sends the sound that has come and lets everything else wait. Sound
// overtakes whatever is not sound, as it may on any network, and no other sound.
func (i *interlude) play(s *Shard) {
	current, level, sent := s.current, s.level, s.sent.audio.packets
	i.playing = true
	defer func() { i.playing, s.current, s.level = false, current, level }()
	if s.port != nil {
		if now, err := s.port.Wait(longAgo()); err == nil {
			i.now = now
			s.take(now)
		}
	}
	for r := range s.runs {
		if run := &s.runs[r]; run.layer != nil && !run.layer.track.Video {
			s.sendRun(run)
		}
	}
	i.voice(s, s.batch[i.at:])
	i.overhear(s)
	i.voice(s, i.voices)
	clear(i.voices)
	s.conduct(i.now)
	if s.sent.audio.packets != sent {
		s.flush()
	}
}

// voice does the items that are sound.
func (i *interlude) voice(s *Shard, items []item) {
	for n := range items {
		if it := &items[n]; it.isSound() {
			s.work(it, i.now)
			*it = item{}
		}
	}
}

// overhear takes the sound out of the inbox.
func (i *interlude) overhear(s *Shard) {
	i.voices = i.voices[:0]
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := i.heard; n < len(s.inbox); n++ {
		if it := &s.inbox[n]; it.isSound() {
			i.voices = append(i.voices, *it)
			*it = item{}
			s.packets--
		}
	}
	i.heard = len(s.inbox)
}

// isSound says whether an item is a packet of sound, as far as that is known
// before it is taken in.
func (it *item) isSound() bool {
	switch {
	case it.pkt == nil || it.control:
		return false
	case it.layer != nil:
		return !it.layer.track.Video
	}
	b := it.pkt.Bytes()
	if len(b) < 12 {
		return false
	}
	st := it.peer.streams[binary.BigEndian.Uint32(b[8:])] // RFC 3550 section 5.1
	return st != nil && !st.repair && !st.layer.track.Video
}
