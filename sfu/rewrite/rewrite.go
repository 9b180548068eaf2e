// Package rewrite makes one endless stream for one viewer's seat out of
// whoever sits in it.
//
// A seat shows one person after another and, of each, one simulcast layer
// after another. Every published layer has a numbering of its own; the viewer's
// decoder must see one. A [Stream] maps sequence numbers, timestamps and
// picture ids so that
//
//   - a switch happens at the first packet of a key frame only and leaves no
//     gap; what comes late from before it is dropped,
//   - a packet dropped on purpose leaves no gap,
//   - a packet lost on the way to us leaves a gap, so that the viewer asks
//     for it, and fits into that gap when it comes late,
//   - of a stream with layers it gives those the viewer takes, whole pictures
//     at a time: less at once, more where a decoder can follow, and the marker
//     is on the last packet that the viewer gets of a picture,
//   - frame numbers and templates of dependency descriptors go on over a switch,
//   - timestamps follow the server's clock whoever sits in the seat, so that
//     one line of sender reports stays true and lips keep to the voice.
//
// It remembers under which numbers it sent what, so that a packet asked for
// again goes out exactly as it went the first time.
package rewrite

import (
	"time"
	"unsafe"

	"palabre/sfu/cache"
	"palabre/sfu/prefetch"
)

// Origin names one published layer. It is the caller's choice, unique among
// the layers a stream can meet; 0 is none.
type Origin uint32

const (
	// VideoHistory and AudioHistory are how many sent packets a stream remembers
	// at most: two seconds of video at 2.5 Mbit/s, and as much of audio. 24 bytes
	// each; there is room for so many where so many are sent in [remembered].
	VideoHistory = 512
	AudioHistory = 128
	// remembered is for how long a packet sent can be found whatever follows it:
	// longer than it is cached, with something to spare for how it came here.
	remembered = cache.MaxAge + cache.MaxAge/4
	// MaxResends is how often one packet is sent again to one viewer.
	MaxResends = 5
)

// Config is how a stream starts.
type Config struct {
	// ClockRate is ticks a second, 90000 for video and 48000 for Opus.
	ClockRate uint32
	// Audio: every packet stands alone, and its timestamp counts samples.
	Audio bool
	// History is how many sent packets to remember, rounded up to a power of
	// two of at most 32768; 0 is [AudioHistory] or [VideoHistory].
	History int
	// Sequence, Timestamp, PictureID and TL0 are where the numbers start, at
	// random (RFC 3550 §5.1). Timestamp is what time 0 of the server's clock has.
	Sequence  uint16
	Timestamp uint32
	PictureID uint16
	TL0       uint8
}

// Verdict is what to do with a packet.
type Verdict uint8

const (
	// Skip: not for this viewer. Nothing is sent.
	Skip Verdict = iota
	// Send it as [Out] says.
	Send
	// Fill: send a packet that is only padding under these numbers. The packet
	// is not for this viewer, but its number was kept free while it was late,
	// and the viewer asks for it.
	Fill
)

// Out is how a packet goes to the viewer.
type Out struct {
	Timestamp uint32
	Sequence  uint16
	// PictureID and TL0 are for codec.AppendPayload.
	PictureID uint16
	TL0       uint8
	Marker    bool
	// Spatial and Temporal are up to which ids the viewer gets the picture.
	Spatial, Temporal uint8
	// Number and Template are what to add to the numbers of a dependency
	// descriptor, see descriptor.Patch.
	Template uint8
	Number   uint16
	// Switched: this is the first packet from a new origin.
	Switched bool
}

// Sent is what went out under a sequence number, to be sent again.
type Sent struct {
	// Origin and Sequence say where the packet is in the caches.
	Origin   Origin
	Sequence uint64
	// Padding: it was only padding, and so is the retransmission.
	Padding bool
	// Missing: it was not here when its turn came. If the cache has it by now,
	// give it to [Stream.Forward]; otherwise there is nothing to send.
	Missing bool
	// Again: it was sent again before, or came late.
	Again bool
	Out
}

// Stream is the numbering of one seat's audio or video. It is not safe for
// concurrent use: the viewer's shard owns it.
type Stream struct {
	audio           bool
	ended           bool // the last packet sent was the last of its frame
	current, target Origin
	highest         uint64 // input sequence number decided about, of current
	sent            history
	pictures        pictures
	// What these begin with is looked at for every packet; what they remember,
	// which comes last in them, for one picture of it.
	time   timeline
	filter filter // of video, as frames: sound has no layers
	frames frames
}

// New makes a stream.
func New(c Config) *Stream {
	size := c.History
	if size <= 0 {
		size = VideoHistory
		if c.Audio {
			size = AudioHistory
		}
	}
	return &Stream{
		audio:    c.Audio,
		sent:     newHistory(size, c.Sequence, uint32(remembered.Seconds()*float64(c.ClockRate))),
		time:     newTimeline(c.ClockRate, c.Timestamp, c.Audio),
		pictures: newPictures(c.PictureID, c.TL0),
		filter:   newFilter(),
	}
}

// Want says what the viewer is to get from now on. The stream goes over to it
// at its next key frame (audio: at once) and keeps what it has until then. 0,
// or what it has already, ends a switch that is under way.
func (s *Stream) Want(o Origin) {
	s.target = o
	if o == s.current {
		s.target = 0
	}
}

// Stop ends what the stream carries now: nothing passes until the origin
// wanted has a key frame. Use it when a source pauses, or somebody else takes
// the seat, so that nobody is seen under another's name.
func (s *Stream) Stop() { s.current = 0 }

// Current is what the stream carries; 0 for nothing.
func (s *Stream) Current() Origin { return s.current }

// Waiting is what the stream waits for a key frame of; 0 for nothing.
func (s *Stream) Waiting() Origin { return s.target }

// Forward decides about one packet of an origin and writes its numbers to out,
// unless it is skipped. Skipped are packets of origins that are neither carried nor
// wanted, duplicates, those that come too late, and those that are only padding.
func (s *Stream) Forward(o Origin, p *cache.Packet, out *Out) Verdict {
	if o == 0 {
		return Skip
	}
	if o == s.target {
		if p.Header.PayloadSize() == 0 || !(s.audio || p.Frame.SwitchPoint()) {
			return Skip
		}
		return s.switchTo(o, p, out)
	}
	if o != s.current {
		return Skip
	}
	if p.Header.PayloadSize() == 0 || s.surplus(p) {
		return s.Drop(o, p, out)
	}
	if s.audio {
		return s.pass(p, level{}, out)
	}
	level := s.filter.decide(p)
	switch {
	case p.Frame.TemporalID > level.temporal || s.pictures.dropped(p):
		return s.Drop(o, p, out)
	case !level.has(&p.Frame):
		return s.omit(p, out) // of a picture that goes to the viewer all the same
	}
	return s.pass(p, level, out)
}

// pass sends a packet, in order or late.
func (s *Stream) pass(p *cache.Packet, l level, out *Out) Verdict {
	if p.Sequence > s.highest {
		s.reserve(p.Sequence)
		return s.send(p, l, false, out)
	}
	return s.late(p, l, out)
}

// Prefetch asks for the memory that [Stream.Forward] of the next packets needs, of sound
// or of video, in two steps: what the second asks for is found in what the first did.
func (s *Stream) Prefetch(step, packets int, video bool) {
	if step == 0 {
		prefetch.Part(s, 0, unsafe.Offsetof(s.time)+unsafe.Offsetof(s.time.frames))
		if video {
			filter, frames := unsafe.Offsetof(s.filter), unsafe.Offsetof(s.frames)
			prefetch.Part(s, filter, filter+unsafe.Offsetof(s.filter.recent))
			prefetch.Part(s, frames, frames+unsafe.Offsetof(s.frames.epochs))
		}
		return
	}
	s.sent.prefetch(packets)
	prefetch.Value(&s.time.frames[s.time.count%recentFrames])
	if video {
		prefetch.Value(&s.filter.recent[s.filter.count%recentPictures])
		prefetch.Value(s.frames.current())
	}
}

// Next is the sequence number that goes out next.
func (s *Stream) Next() uint16 { return uint16(s.sent.next) }

// Drop is [Stream.Forward] for a packet the viewer is not to get. It leaves no
// gap. Decide for whole pictures.
func (s *Stream) Drop(o Origin, p *cache.Packet, out *Out) Verdict {
	if o == 0 || o != s.current {
		return Skip
	}
	inOrder := p.Sequence > s.highest
	verdict := s.omit(p, out) // first: what was missing before p keeps its picture id
	if inOrder {
		s.pictures.drop(p)
	}
	return verdict
}

// omit leaves one packet out.
func (s *Stream) omit(p *cache.Packet, out *Out) Verdict {
	if p.Sequence > s.highest {
		s.reserve(p.Sequence)
		s.highest = p.Sequence
		return Skip
	}
	e, number := s.sent.find(p.Sequence)
	if e == nil || e.state != reserved {
		return Skip
	}
	e.state, e.timestamp, e.taken = padding, s.time.last, 0
	e.put(number, out)
	return Fill
}

// Pad takes the next sequence number for a packet that is only padding, such
// as a bandwidth estimator probes with. It gives false in the middle of a frame, which padding would tear.
func (s *Stream) Pad() (Out, bool) {
	if !s.ended {
		return Out{}, false
	}
	e, number := s.sent.push(s.current, s.highest, s.time.last)
	e.state = padding
	var out Out
	e.put(number, &out)
	return out, true
}

// Lookup finds what went out under a sequence number, for a retransmission. It
// gives false for a number never used or used too long ago, for a packet sent
// again less than gap ago or [MaxResends] times; otherwise it notes that the
// packet is sent again now.
func (s *Stream) Lookup(sequence uint16, now, gap time.Duration) (Sent, bool) {
	e, number := s.sent.at(sequence)
	if e == nil || e.resends >= MaxResends {
		return Sent{}, false
	}
	if e.state == reserved && e.origin != s.current {
		return Sent{}, false // it cannot be fitted in any more
	}
	stamp := uint16(now / time.Millisecond)
	if e.resends > 0 && time.Duration(stamp-e.resent)*time.Millisecond < gap {
		return Sent{}, false
	}
	e.resent, e.resends = stamp, e.resends+1
	return s.found(e, number)
}

// found is what went out under a number.
func (s *Stream) found(e *entry, number uint64) (Sent, bool) {
	found := Sent{
		Origin: e.origin, Sequence: e.in,
		Again:   e.resends > 1,
		Padding: e.state == padding, Missing: e.state == reserved,
	}
	e.put(number, &found.Out)
	if e.state != sent {
		return found, true
	}
	shift, known := s.frames.at(number)
	found.Number, found.Template = shift.number, shift.template
	return found, known
}

// Timestamp is the RTP timestamp of a moment on the server's clock: the line
// of this seat's sender reports.
func (s *Stream) Timestamp(at time.Duration) uint32 { return s.time.at(at) }

// Hasten says that what comes next are so many frames from the past, up to the
// one captured at end, because the viewer begins late. Their timestamps close
// up to that one: a viewer that saw their true distances would play them at
// their pace and stay behind.
func (s *Stream) Hasten(frames int, end time.Duration) { s.time.hasten(frames, end) }

// Behind is how long before a moment the last frame sent was captured; false
// when nothing was sent.
func (s *Stream) Behind(moment time.Duration) (time.Duration, bool) { return s.time.behind(moment) }

// switchTo starts carrying o with packet p.
func (s *Stream) switchTo(o Origin, p *cache.Packet, out *Out) Verdict {
	s.current, s.target = o, 0
	s.sent.cut()
	s.time.anchor(p)
	s.pictures.anchor(p)
	s.filter.begin()
	s.frames.begin(s.sent.next)
	if s.audio {
		return s.send(p, level{}, true, out)
	}
	return s.send(p, s.filter.decide(p), true, out)
}

// send gives the next number to a packet in order.
func (s *Stream) send(p *cache.Packet, l level, switched bool, out *Out) Verdict {
	s.highest = p.Sequence
	e, number := s.sent.push(s.current, p.Sequence, s.time.next(p))
	e.state = sent
	e.picture, e.tl0 = s.pictures.next(p)
	// A new voice begins a talk spurt (RFC 3551 §4.1).
	e.taken = take(l, p.Header.Marker || l.ends(&p.Frame) && !s.audio || s.audio && switched)
	s.ended = e.taken.marker() || s.audio
	e.put(number, out)
	if !s.audio {
		shift := s.frames.next(p, number)
		out.Number, out.Template = shift.number, shift.template
	}
	out.Switched = switched
	return Send
}

// late fits a packet into the gap that was left for it.
func (s *Stream) late(p *cache.Packet, l level, out *Out) Verdict {
	e, number := s.sent.find(p.Sequence)
	if e == nil || e.state != reserved {
		return Skip
	}
	e.state = sent
	e.timestamp = s.time.late(p)
	e.picture, e.tl0 = s.pictures.late(p, e.picture)
	e.taken = take(l, p.Header.Marker || l.ends(&p.Frame) && !s.audio)
	// The viewer asked for it meanwhile, and may once more before it gets it.
	e.resent, e.resends = uint16(p.Arrival/time.Millisecond), 1
	e.put(number, out)
	shift, _ := s.frames.at(number)
	out.Number, out.Template = shift.number, shift.template
	return Send
}

// reserve keeps a number free for every packet between the highest and sequence.
func (s *Stream) reserve(sequence uint64) {
	first := s.highest + 1
	if sequence-first > uint64(s.sent.limit()) {
		// Not a loss but a break. Nobody will fill it; one free number tells
		// the decoder.
		first = sequence - 1
	}
	for ; first < sequence; first++ {
		e, _ := s.sent.push(s.current, first, s.time.last)
		e.picture = s.pictures.shift
	}
}

// surplus says whether an audio packet is better left out: the stream is ahead
// of the clock, and it is quiet enough here for nobody to notice.
func (s *Stream) surplus(p *cache.Packet) bool {
	return s.audio && p.Sequence > s.highest && s.time.ahead(p)
}
