// Package clock relates the RTP timestamps of many senders to the server's
// clock, so that what was captured together is played together.
//
// Every sender's tracks run on clocks of their own. Sender reports (RFC 3550
// section 6.4.1) tie a track's timestamps to the sender's wall clock; a
// [Sender] ties that to the server's clock, once for all its tracks, and a
// [Track] gives the [Mapping] from its timestamps to the server's clock. The
// mapping is a small value that other goroutines may use; the rest has one
// owner, no clock of its own and no lock.
//
// What it calls captured is the moment of capture plus the shortest delay the
// network showed: the same shift for all tracks of one sender, hence of no
// consequence for lips and voice.
package clock

import "time"

// Wall is the server's wall clock, frozen to the monotonic clock at its start:
// a step of the system's time must not tear lips from voices.
type Wall struct{ start time.Time }

// NewWall starts a Wall; one per process.
func NewWall(start time.Time) Wall { return Wall{start} }

// NTP is t as a 64-bit NTP timestamp (RFC 5905 section 6).
func (w Wall) NTP(t time.Time) uint64 { return 0 }

// Sender is one publishing endpoint. It is not safe for concurrent use.
type Sender struct {
}

// NewSender makes a Sender whose tracks are yet to come.
func NewSender() *Sender { return &Sender{} }

// Track adds a track (one SSRC) whose timestamps count rate per second.
func (s *Sender) Track(rate uint32) *Track { return &Track{} }

// Track is one RTP stream of a [Sender]; same owner.
type Track struct {
}

// Packet notes the timestamp of a packet that arrived in order (no
// retransmissions), and says whether the [Mapping] changed.
func (t *Track) Packet(timestamp uint32, arrival time.Time) bool { return false }

// Report notes a sender report: ntp and timestamp are the same instant. It
// says whether the [Mapping] changed.
func (t *Track) Report(ntp uint64, timestamp uint32, arrival time.Time) bool { return false }

// Close removes the track from its Sender.
func (t *Track) Close() {}

// Mapping is the present relation between the track's timestamps and the
// server's clock.
func (t *Track) Mapping() Mapping { return Mapping{} }

// Mapping relates timestamps of one stream to the server's clock, near its
// anchor (2^31 ticks, six hours of video, either way). It is a value: copy and
// share it freely. The zero Mapping knows nothing.
type Mapping struct {
	timestamp uint32
	rate      uint32
	at        time.Time
}

// Valid says whether the mapping knows anything.
func (m Mapping) Valid() bool { return m.rate != 0 }

// Captured is when what bears the timestamp was captured.
func (m Mapping) Captured(timestamp uint32) time.Time { return m.at }

// Timestamp is the timestamp of what was captured at t.
func (m Mapping) Timestamp(t time.Time) uint32 { return m.timestamp }

// Shift is the mapping of the same stream with offset added to its timestamps:
// what a viewer receives when every timestamp is rewritten by that offset.
func (m Mapping) Shift(offset uint32) Mapping { m.timestamp += offset; return m }

// Report is the pair of a sender report sent at now: what (NTP, RTP) say the
// same instant.
func (m Mapping) Report(w Wall, now time.Time) (ntp uint64, timestamp uint32) {
	return w.NTP(now), m.Timestamp(now)
}

// Line is the endless timeline of one outgoing stream of a seat. It gives the
// timestamp at which whoever sits down continues, so that the stream's
// relation to the server's clock stays the same whoever sits there.
type Line struct {
}

// NewLine makes a Line that begins at a random timestamp first at the time start.
func NewLine(rate, first uint32, start time.Time) *Line { return &Line{} }

// Offset is what to add to the timestamps of the source with mapping m, whose
// first forwarded packet bears timestamp, for as long as it sits in the seat.
// The result continues
// after what was last [Line.Sent]. Without a valid mapping arrival stands for the time of capture.
func (l *Line) Offset(m Mapping, timestamp uint32, arrival time.Time) (offset uint32) { return 0 }

// Sent notes the timestamp of a packet sent on the line.
func (l *Line) Sent(timestamp uint32) {}
