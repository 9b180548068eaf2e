// Package rewrite makes one endless stream for one viewer's seat out of
// whoever sits in it.
//
// A seat shows one person after another and, of each, one simulcast layer
// after another. Every published layer has a numbering of its own; the viewer's
// decoder must see one. A [Stream] maps sequence numbers, timestamps and picture ids so that
//
//   - a switch happens at the first packet of a key frame only and leaves no
//     gap; what comes late from before it is dropped,
//   - a packet dropped on purpose leaves no gap,
//   - a packet lost on the way to us leaves a gap, so that the viewer asks
//     for it, and fits into that gap when it comes late,
//   - timestamps follow the server's clock whoever sits in the seat, so that one line of
//     sender reports stays true and lips keep to the voice.
//
// It remembers under which numbers it sent what, so that a packet asked for
// again goes out exactly as it went the first time.
package rewrite

import (
	"time"

	"palabre/sfu/cache"
	"palabre/sfu/codec"
)

// Origin names one published layer. It is the caller's choice, unique among the layers
// a stream can meet; 0 is none.
type Origin uint32

const (
	// VideoHistory and AudioHistory are how many sent packets a stream
	// remembers: two seconds of video at 2.5 Mbit/s, and as much of audio. 24 bytes each.
	VideoHistory = 512
	AudioHistory = 128
)

// Config is how a stream starts.
type Config struct {
	// ClockRate is ticks a second, 90000 for video and 48000 for Opus.
	ClockRate uint32
	// Audio: every packet stands alone, and the timestamps of a talk spurt
	// must not be bent.
	Audio bool
	// History is how many sent packets to remember, rounded up to a power of
	// two; 0 is [AudioHistory] or [VideoHistory].
	History int
	// Sequence, Timestamp, PictureID and TL0 are where the numbers start: random, RFC 3550 §5.1.
	// Timestamp is what time 0 of the server's clock has.
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
	// Fill: send a packet that is only padding under these numbers. The
	// packet is not for this viewer, but its number was kept free when it was late, and the viewer asks for it.
	Fill
)

// Out is how a packet goes to the viewer.
type Out struct {
	Sequence  uint16
	Timestamp uint32
	Marker    bool
	// PictureID and TL0 are for [codec.AppendPayload].
	PictureID uint16
	TL0       uint8
	// Switched: the first packet from a new origin.
	Switched bool
}

// Sent is what went out under a sequence number, to be sent again.
type Sent struct {
	// Origin and Sequence say where the packet is in the caches.
	Origin   Origin
	Sequence uint64
	// Filled: it was only padding, there is nothing to send again but padding.
	Filled bool
	Out
}

// Stream is the numbering of one seat's audio or video. It is not safe for
// concurrent use: the viewer's shard owns it.
type Stream struct {
	config  Config
	current Origin
	target  Origin
}

// New makes a stream.
func New(c Config) *Stream { return &Stream{config: c} }

// Want says what the viewer is to get from now on. The stream goes over to it
// at its next key frame (audio: at once) and keeps what it has until then. 0
// ends a switch that is under way.
func (s *Stream) Want(o Origin) {}

// Stop ends what the stream carries now: nothing passes until the origin
// wanted next has a key frame. Use it when somebody else takes the seat, so that nobody is seen
// under another's name.
func (s *Stream) Stop() {}

// Current is what the stream carries; 0 for nothing.
func (s *Stream) Current() Origin { return s.current }

// Waiting is what the stream waits for a key frame of; 0 for nothing.
func (s *Stream) Waiting() Origin { return s.target }

// Forward decides about one packet of an origin and gives its numbers. Packets
// of origins that are neither carried nor wanted, duplicates, and packets
// that are only padding are skipped; so are those that came too late.
func (s *Stream) Forward(o Origin, p *cache.Packet) (Out, Verdict) { return Out{}, Skip }

// Drop is [Stream.Forward] for a packet the viewer is not to get, a higher
// temporal layer for one. It leaves no gap.
func (s *Stream) Drop(o Origin, p *cache.Packet) (Out, Verdict) { return Out{}, Skip }

// Lookup finds what went out under a sequence number, for a retransmission.
// It gives false for numbers never used, too long ago, lost before they came
// to us, already sent again [MaxResends] times, or less than gap ago; and otherwise notes
// that the packet is sent again now.
func (s *Stream) Lookup(sequence uint16, now, gap time.Duration) (Sent, bool) { return Sent{}, false }

// MaxResends is how often one packet is sent again to one viewer.
const MaxResends = 3

// Timestamp is the RTP timestamp of a moment on the server's clock: the line of sender reports.
func (s *Stream) Timestamp(at time.Duration) uint32 { return 0 }

// Next is the sequence number of the next packet, and takes it: for a packet of padding of our own.
func (s *Stream) Pad() (Out, bool) { return Out{}, false }

var _ = codec.Unknown
