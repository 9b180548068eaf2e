// Package speakers decides, per meeting, whose voices are forwarded and who
// holds the floor, from the audio levels that senders put into their packets'
// headers (RFC 6464).
//
// A voice is let through at its first loud packet, so no first syllable is
// clipped; it is taken away late and only when somebody else needs the place,
// so nothing flaps. The time is an argument of every call: the package has no
// clock, no goroutine and no lock. One owner per [Meeting].
package speakers

import "time"

// The defaults.
const (
	// DefaultLoudest is how many voices are forwarded at once: more than five
	// people talking at a time are not understood anyway.
	DefaultLoudest = 5
	// AssumedLevel stands in for the level of senders that do not negotiate
	// the header extension: an ordinary voice, so that they are heard.
	AssumedLevel = 35
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
}

// New makes a Meeting that forwards up to n voices; n < 1 means [DefaultLoudest].
func New(n int) *Meeting { return &Meeting{} }

// Observe takes the level of one audio packet of a participant: 0 is the
// loudest, 127 silence (RFC 6464 section 3), voice is its V bit. Call it
// before the packet is forwarded: the packet that makes somebody loud is
// already to be heard.
func (m *Meeting) Observe(id string, level uint8, voice bool, now time.Time) Change { return 0 }

// Tick lets time pass: people fall silent, the floor is taken. Call it about
// every 50 ms while anybody speaks, see [Meeting.Quiet].
func (m *Meeting) Tick(now time.Time) Change { return 0 }

// Remove forgets a participant, who left or whose microphone went off.
func (m *Meeting) Remove(id string, now time.Time) Change { return 0 }

// Loud says whether a participant's voice is to be forwarded.
func (m *Meeting) Loud(id string) bool { return false }

// Loudest are the participants to be forwarded, loudest first.
func (m *Meeting) Loudest() []string { return nil }

// Speaking are the participants who speak now, loudest first.
func (m *Meeting) Speaking() []string { return nil }

// Dominant is who holds the floor, or "". It stays with the last speaker in silence.
func (m *Meeting) Dominant() string { return "" }

// Quiet says whether nobody speaks, so that [Meeting.Tick] has nothing to do.
func (m *Meeting) Quiet() bool { return true }
