// Package sdp looks at a session description before a full parser does.
//
// A description is text from a stranger. [Scan] reads it once, line by line,
// and refuses what is larger or stranger than any client of ours needs, before
// anything is allocated for it. It takes the candidates out (the server learns
// addresses from connectivity checks alone, so it never resolves or dials what
// a description names) and hands over the few facts a caller needs.
package sdp

import "errors"

// ErrRefused is wrapped by every error of [Scan].
var ErrRefused = errors.New("session description refused")

// Limits bound what [Scan] accepts.
type Limits struct {
	Bytes      int // the whole text
	Lines      int // its lines
	Line       int // the bytes of one line
	Sections   int // media sections
	Candidates int // candidates, all sections together
}

// Meeting are the limits of offers over the signalling connection. The largest
// layout of 49 seats has about 110 sections of some 60 lines each.
func Meeting() Limits {
	return Limits{Bytes: 256 << 10, Lines: 8000, Line: 2048, Sections: 160, Candidates: 32}
}

// WHIP are the limits of offers over HTTP: one publisher or one viewer.
func WHIP() Limits {
	return Limits{Bytes: 128 << 10, Lines: 1000, Line: 2048, Sections: 64, Candidates: 32}
}

// Direction is the direction of a section as its sender sees it (RFC 8866 section 6.7).
type Direction string

// The directions.
const (
	SendRecv Direction = "sendrecv"
	SendOnly Direction = "sendonly"
	RecvOnly Direction = "recvonly"
	Inactive Direction = "inactive"
)

// Section is one media section.
type Section struct {
	MID       string    // RFC 5888 identification
	Kind      string    // "audio", "video" or "application"
	Direction Direction // SendRecv when the section says nothing
	// Rejected says that its port is 0 and it is not bundle-only: the section is not used.
	Rejected bool
	// RIDs are the simulcast layers it sends, in the order of its a=simulcast line.
	RIDs []string
}

// Description is what [Scan] found.
type Description struct {
	// Text is the description without its candidates, with CRLF line ends.
	Text string
	// Sections are the media sections in order.
	Sections []Section
	// Ufrag and Pwd are the ICE credentials; all sections are bundled, so there is one pair.
	Ufrag, Pwd string
	// Fingerprint is the DTLS certificate's fingerprint, "sha-256 AB:CD:…".
	Fingerprint string
	// Candidates is how many were taken out.
	Candidates int
}

// Section finds a section by its mid.
func (d Description) Section(mid string) (Section, bool) {
	for _, s := range d.Sections {
		if s.MID == mid {
			return s, true
		}
	}
	return Section{}, false
}

// Restarts says whether d asks for an ICE restart after before (RFC 8445
// section 9): it comes with new credentials.
func (d Description) Restarts(before Description) bool {
	return before.Ufrag != "" && (d.Ufrag != before.Ufrag || d.Pwd != before.Pwd)
}

// Scan checks text against the limits and takes its candidates out. Its errors
// wrap [ErrRefused] and name the line at fault.
func Scan(text string, l Limits) (Description, error) { return Description{}, ErrRefused }

// Fragment takes the ICE credentials from a trickled fragment (RFC 8840),
// the body of a WHIP PATCH, within the same limits.
func Fragment(text string, l Limits) (ufrag, pwd string, err error) { return "", "", ErrRefused }
