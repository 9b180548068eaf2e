// Package arrivals tells a publisher when its packets came: transport-wide
// feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01), on which its
// bandwidth estimator lives.
package arrivals

import (
	"time"

	"palabre/sfu/rtcp"
)

const (
	// least and most are how many packets are remembered: a publisher of a
	// voice and a picture sends ten between two feedbacks. Of a gap larger than
	// most nothing is said.
	least, most = 64, 2048
	// belated is how late a packet may come, after one that follows it, to be
	// worth another feedback.
	belated = 500 * time.Millisecond
	// astray is how many packets in a row that are too old mean that their sender
	// counts anew: else it would be told nothing for as long as it is behind.
	astray = 16
)

// Recorder notes when packets came, each once. It allocates while it grows to what
// is sent to it, and never again. The zero value is ready; it is not safe for
// concurrent use.
type Recorder struct {
	times []time.Duration // a ring, by sequence number; rtcp.NotReceived for none
	// What is remembered is up to newest, and the next feedback begins at next:
	// sequence numbers that do not come round.
	newest, next uint64
	media        uint32 // SSRC of the packet noted last
	count        uint8  // feedbacks written
	old          int    // packets in a row that were too old
}

// Note takes a packet with its transport-wide sequence number, which came at a time on a
// clock that never goes below 0. One noted before is left out, and so is one that is too late.
func (r *Recorder) Note(media uint32, number uint16, at time.Duration) {
	if r.times == nil {
		r.start(uint64(number)+1<<16, at) // there are numbers before it
	}
	r.media = media
	sequence := r.newest + uint64(int64(int16(number-uint16(r.newest))))
	if sequence+uint64(len(r.times)) > r.newest {
		r.old = 0
	} else if r.old++; r.old >= astray {
		r.old = 0
		sequence += 1 << 16 // the same number, after all others
	}
	switch {
	case sequence >= r.newest+most:
		r.start(sequence, at)
	case sequence > r.newest:
		r.advance(sequence)
		*r.at(sequence) = at
	case sequence+uint64(len(r.times)) <= r.newest || *r.at(sequence) >= 0:
	case sequence >= r.next:
		*r.at(sequence) = at
	case r.recent(sequence, at):
		*r.at(sequence) = at
		r.next = sequence // it was said to be missing
	}
}

// start forgets everything before a packet.
func (r *Recorder) start(sequence uint64, at time.Duration) {
	if r.times == nil {
		r.times = make([]time.Duration, least)
	}
	for i := range r.times {
		r.times[i] = rtcp.NotReceived
	}
	r.newest, r.next = sequence, sequence
	*r.at(sequence) = at
}

func (r *Recorder) at(sequence uint64) *time.Duration {
	return &r.times[sequence%uint64(len(r.times))]
}

// advance makes room up to a packet. What nothing was said of yet is kept as long as
// there may be more.
func (r *Recorder) advance(sequence uint64) {
	for sequence-r.next >= uint64(len(r.times)) && len(r.times) < most {
		r.grow()
	}
	for r.newest < sequence {
		r.newest++
		*r.at(r.newest) = rtcp.NotReceived
	}
	if first := r.newest + 1 - uint64(len(r.times)); r.next < first {
		r.next = first
	}
}

func (r *Recorder) grow() {
	old := *r
	r.times = make([]time.Duration, 2*len(old.times))
	for i := range r.times {
		r.times[i] = rtcp.NotReceived
	}
	for i := range uint64(len(old.times)) {
		*r.at(r.newest - i) = *old.at(r.newest - i)
	}
}

// recent says whether a packet said to be missing comes in time. It is older than newest.
func (r *Recorder) recent(sequence uint64, at time.Duration) bool {
	for sequence++; sequence <= r.newest; sequence++ {
		if after := *r.at(sequence); after >= 0 {
			return at-after <= belated
		}
	}
	return true
}

// Pending says whether there is something to say.
func (r *Recorder) Pending() bool { return r.times != nil && r.next <= r.newest }

// Append appends one feedback about what came since the last. There is more to
// say while [Recorder.Pending].
func (r *Recorder) Append(dst []byte, sender uint32) []byte {
	if !r.Pending() {
		return dst
	}
	var times [256]time.Duration
	n := 0
	for n < len(times) && r.next+uint64(n) <= r.newest {
		times[n] = *r.at(r.next + uint64(n))
		n++
	}
	dst, said := rtcp.AppendArrivals(dst, sender, r.media, r.count, uint16(r.next), times[:n])
	r.next += uint64(said)
	r.count++
	return dst
}
