// Package sdp looks at a session description before a full parser does.
//
// A description is text from a stranger. [Scan] reads it once, line by line,
// and refuses what is larger or stranger than any client of ours needs, before
// anything is allocated for it. It takes the candidates out (the server learns
// addresses from connectivity checks alone, so it never resolves or dials what
// a description names) and hands over the few facts a caller needs.
package sdp

import (
	"errors"
	"fmt"
)

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

// Meeting are the limits of a participant's offer. The largest layout of 49
// seats has about 110 sections of some 50 lines each.
func Meeting() Limits {
	return Limits{Bytes: 256 << 10, Lines: 8000, Line: 2048, Sections: 160, Candidates: 32}
}

// Bounds that no layout changes.
const (
	// maxMID is more than any browser's mid and fits the header extension
	// (RFC 8843 section 15) of one byte.
	maxMID = 16
	// maxRIDs is one more than the layers we forward; OBS offers four.
	maxRIDs = 4
	// maxRID keeps a rid within a one-byte header extension.
	maxRID = 16
	// maxSSRCs is the lines about synchronisation sources in one section:
	// four for each of three layers and their retransmissions, and as many to
	// spare. Parsers compare them pairwise.
	maxSSRCs = 48
	// maxCodecs is the lines of one kind about payload types in one section:
	// there are 128 payload types.
	maxCodecs = 128
	// The lengths of ICE credentials (RFC 8839 section 5.4).
	minUfrag, minPwd, maxCredential = 4, 22, 256
)

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
	Direction Direction // SendRecv when neither section nor session says
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
	// Ufrag and Pwd are the ICE credentials of the first section in use: all
	// sections are bundled with it.
	Ufrag, Pwd string
	// Fingerprint is the DTLS certificate's fingerprint, "sha-256 AB:CD:…".
	Fingerprint string
	// Setup is the offered DTLS role (RFC 8842): "actpass", "active" or
	// "passive"; empty when nothing is said, which means "active".
	Setup string
	// Candidates is how many were taken out.
	Candidates int
}

// refuse makes the error for a whole text.
func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrRefused, fmt.Sprintf(format, args...))
}
