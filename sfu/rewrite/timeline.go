package rewrite

import (
	"time"

	"palabre/sfu/cache"
	"palabre/sfu/rtp"
)

const (
	// recentFrames is how many frames back a late packet finds its own timestamp.
	recentFrames = 32
	// smoothing is over how many frames the distance to the clock is averaged:
	// single captures are uncertain by the jitter of the path.
	smoothing = 16
	// quietLevel is the audio level (−dBov) from which nobody hears a packet
	// that is left out.
	quietLevel = 60
	// longestAudio is the longest audio packet, in milliseconds (RFC 7587 §4.2).
	longestAudio = 120
	// Distances to the clock, in milliseconds. Video is bent back by at most
	// videoStep a frame, which no eye sees. Audio must not be bent: it is set
	// right in one go when it is off by audioTolerance, and whole packets are
	// left out when it is late by more than one, or, though somebody speaks, by
	// audioTooFar. Beyond broken it is not drift: the sender began a new count.
	videoTolerance = 5
	videoStep      = 1
	audioTolerance = 15
	audioPacket    = 20 // also how long one lasts, until we know better
	audioTooFar    = 80
	// Of a voice that takes over from another one or two of its first packets
	// overlap with the other's last. Those that are late by more than half a
	// packet are left out: each turn would add to the delay. What overlaps more
	// was sent on purpose, so that a first syllable is heard.
	audioOverlap, audioOnPurpose, overlapping = 10, 50, 5
	broken                                    = 1000
)

// timeline maps the timestamps of the origins to the one of the seat: a line
// fixed to the server's clock, from which the timestamps that come in keep a
// constant distance, corrected when the sender's clock drifts.
type timeline struct {
	rate    int64 // ticks a second
	base    uint32
	offset  uint32 // what to add to a timestamp in to get the one out
	last    uint32 // out, of the last frame in order
	lastIn  uint32 // in, of the same
	before  uint32 // previous timestamp in, sent or not
	drift   int64  // average ticks ahead of the clock, times smoothing
	audio   bool
	started bool // last is true
	count   int  // frames of this origin
	frames  [recentFrames]frameTime
}

type frameTime struct{ in, out uint32 }

func newTimeline(rate, base uint32, audio bool) timeline {
	return timeline{rate: int64(rate), base: base, audio: audio}
}

// at is the timestamp of a moment.
func (t *timeline) at(moment time.Duration) uint32 {
	seconds, rest := int64(moment/time.Second), int64(moment%time.Second)
	return t.base + uint32(seconds*t.rate+rest*t.rate/int64(time.Second))
}

// ms is so many milliseconds in ticks.
func (t *timeline) ms(n int64) int64 { return n * t.rate / 1000 }

// anchor begins a new origin at packet p.
func (t *timeline) anchor(p *cache.Packet) {
	t.offset = t.at(p.Capture) - p.Header.Timestamp
	t.before = p.Header.Timestamp
	t.drift, t.count = 0, 0
}

// next gives the timestamp of a packet in order. A cached start lies in the
// past, before what was sent last: its frames follow each other closely until
// they have caught up with the clock.
func (t *timeline) next(p *cache.Packet) uint32 {
	in := p.Header.Timestamp
	if t.count > 0 && in == t.lastIn {
		return t.last
	}
	if t.count > 0 {
		t.follow(p)
	}
	out := in + t.offset
	if least := t.last + t.step(in); t.started && int32(out-least) < 0 {
		out = least
	}
	t.last, t.started = out, true
	t.lastIn, t.before = in, in
	t.remember(in, out)
	return out
}

// behind is how long before a moment the last frame sent was.
func (t *timeline) behind(moment time.Duration) (time.Duration, bool) {
	ticks := int64(int32(t.at(moment) - t.last))
	return time.Duration(ticks * int64(time.Second) / t.rate), t.started
}

// hasten has the next frames follow each other closely, so that the last of
// them is on time.
func (t *timeline) hasten(frames int, end time.Duration) {
	least := t.at(end) - uint32(int64(frames)*t.ms(videoStep))
	if !t.started || int32(least-t.last) > 0 {
		t.last, t.started = least, true
	}
}

// late gives the timestamp of a packet that was missing: that of its frame, or
// one between its neighbours.
func (t *timeline) late(p *cache.Packet) uint32 {
	in := p.Header.Timestamp
	if int32(in-t.lastIn) > 0 { // what came before it was left out
		return t.next(p)
	}
	lower, upper, bounded := frameTime{}, frameTime{t.lastIn, t.last}, false
	for _, f := range t.frames[:min(t.count, recentFrames)] {
		switch {
		case f.in == in:
			return f.out
		case int32(f.in-in) < 0 && (!bounded || int32(f.in-lower.in) > 0):
			lower, bounded = f, true
		case int32(f.in-in) > 0 && int32(f.in-upper.in) < 0:
			upper = f
		}
	}
	out := in + t.offset
	if bounded && int32(out-lower.out) <= 0 {
		// The frame before was held back: share out what room there is.
		room := int64(upper.out-lower.out) * int64(in-lower.in) / max(int64(upper.in-lower.in), 1)
		out = lower.out + uint32(room)
	}
	if int32(out-upper.out) >= 0 {
		out = upper.out - 1
	}
	t.remember(in, out)
	return out
}

// step is the least distance from the frame before: for audio as long as a packet lasts.
func (t *timeline) step(in uint32) uint32 {
	if !t.audio {
		return uint32(t.ms(videoStep))
	}
	if d := int64(int32(in - t.before)); t.count > 0 && d > 0 && d <= t.ms(longestAudio) {
		return uint32(d)
	}
	return uint32(t.ms(audioPacket))
}

// follow corrects the offset when the sender's clock drifted from ours.
func (t *timeline) follow(p *cache.Packet) {
	ahead := int64(int32(p.Header.Timestamp + t.offset - t.at(p.Capture)))
	if ahead > t.ms(broken) || ahead < -t.ms(broken) {
		t.offset -= uint32(ahead)
		t.drift = 0
		return
	}
	t.drift += ahead - t.drift/smoothing
	correction := t.drift / smoothing
	tolerance := t.ms(videoTolerance)
	if t.audio {
		tolerance = t.ms(audioTolerance)
	}
	if correction <= tolerance && correction >= -tolerance {
		return
	}
	if !t.audio {
		correction = min(max(correction, -t.ms(videoStep)), t.ms(videoStep))
	}
	t.offset -= uint32(correction)
	t.drift -= correction * smoothing
}

// ahead says whether an audio packet can be left out to come back to the
// clock: sent after the one before, it would be late by more than it may.
func (t *timeline) ahead(p *cache.Packet) bool {
	in := p.Header.Timestamp
	late := int64(int32(t.last + t.step(in) - (in + t.offset)))
	quiet := p.Header.Has(rtp.AudioLevel) && p.Header.AudioLevel >= quietLevel
	most := t.ms(audioTooFar)
	switch {
	case t.started && t.count <= overlapping && late <= t.ms(audioOnPurpose):
		most = t.ms(audioOverlap)
	case quiet:
		most = t.ms(audioPacket)
	}
	if late <= most {
		return false
	}
	t.before = in
	return true
}

// remember notes the timestamp of a frame.
func (t *timeline) remember(in, out uint32) {
	t.frames[t.count%recentFrames] = frameTime{in, out}
	t.count++
}
