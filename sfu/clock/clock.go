// Package clock relates the RTP timestamps of many senders to the server's
// clock, so that what was captured together is played together.
//
// Every sender's tracks run on clocks of their own. Sender reports (RFC 3550
// section 6.4.1) tie a track's timestamps to the sender's wall clock; a
// [Sender] ties that to the server's clock, once for all its tracks, and a
// [Track] gives the [Mapping] from its timestamps to the server's clock. Until
// the first report comes, and where timestamps jump, the arrival of packets
// stands in. The mapping is a small value that other goroutines may use; the
// rest has one owner, no clock of its own and no lock.
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

// ntpEpoch is how many seconds 1900 lies before 1970.
const ntpEpoch = 2208988800

// NTP is t as a 64-bit NTP timestamp (RFC 5905 section 6).
func (w Wall) NTP(t time.Time) uint64 {
	// The start's wall time and the monotonic time since, whatever was set in between.
	at := w.start.Add(t.Sub(w.start))
	fraction := uint64(at.Nanosecond()) << 32 / uint64(time.Second)
	return uint64(at.Unix()+ntpEpoch)<<32 | fraction
}

// sinceEpoch turns an NTP timestamp into the time since 1900.
func sinceEpoch(ntp uint64) time.Duration {
	fraction := (ntp & 0xffffffff) * uint64(time.Second) >> 32
	return time.Duration(ntp>>32)*time.Second + time.Duration(fraction)
}

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
func (m Mapping) Captured(timestamp uint32) time.Time {
	if !m.Valid() {
		return time.Time{}
	}
	return m.at.Add(duration(int64(int32(timestamp-m.timestamp)), m.rate))
}

// duration is how long n ticks last.
func duration(n int64, rate uint32) time.Duration {
	seconds, rest := n/int64(rate), n%int64(rate)
	return time.Duration(seconds)*time.Second + time.Duration(rest)*time.Second/time.Duration(rate)
}
