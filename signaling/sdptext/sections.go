// Package sdptext reads and edits the few lines of SDP (RFC 8866) that WHIP
// and WHEP turn on: which media section is what, and the ICE credentials of a
// trickle fragment (RFC 8840). Meaning and limits of a description are the
// media plane's; nothing here is trusted further than these lines.
package sdptext

import (
	"errors"
	"fmt"
	"strings"
)

// Errors of this package.
var (
	ErrNotSDP      = errors.New("not a session description")
	ErrNoMID       = errors.New("a media section has no a=mid line; BUNDLE (RFC 9143) needs one in each")
	ErrNotFragment = errors.New("not a trickle ICE fragment")
)

// Section is one media section of a description.
type Section struct {
	Kind           string // "audio", "video", "application"
	MID            string
	Sends, Accepts bool // from the view of who wrote the description
}

// Sections lists the media sections of a description that are not refused.
func Sections(sdp string) ([]Section, error) {
	if !strings.HasPrefix(sdp, "v=0") {
		return nil, fmt.Errorf("%w: it must begin with v=0", ErrNotSDP)
	}
	var sections []Section
	refused := map[int]bool{}
	sends, accepts := true, true // the default direction is sendrecv
	for line := range lines(sdp) {
		if media, ok := strings.CutPrefix(line, "m="); ok {
			fields := strings.Fields(media)
			if len(fields) < 4 {
				return nil, fmt.Errorf("%w: media line %.40q is short", ErrNotSDP, line)
			}
			refused[len(sections)] = fields[1] == "0"
			sections = append(sections, Section{Kind: fields[0], Sends: sends, Accepts: accepts})
			continue
		}
		s, a, known := direction(line)
		switch last := len(sections) - 1; {
		case known && last < 0:
			sends, accepts = s, a
		case known:
			sections[last].Sends, sections[last].Accepts = s, a
		case last < 0:
		case line == "a=bundle-only": // port 0 that means "in the bundle" (RFC 9143)
			refused[last] = false
		default:
			if mid, ok := strings.CutPrefix(line, "a=mid:"); ok {
				sections[last].MID = mid
			}
		}
	}
	return offered(sections, refused)
}

func offered(all []Section, refused map[int]bool) ([]Section, error) {
	var kept []Section
	for i, s := range all {
		if refused[i] {
			continue
		}
		if s.MID == "" {
			return nil, ErrNoMID
		}
		kept = append(kept, s)
	}
	if len(kept) == 0 {
		return nil, fmt.Errorf("%w: it offers no media", ErrNotSDP)
	}
	return kept, nil
}

func direction(line string) (sends, accepts, known bool) {
	switch line {
	case "a=sendrecv":
		return true, true, true
	case "a=sendonly":
		return true, false, true
	case "a=recvonly":
		return false, true, true
	case "a=inactive":
		return false, false, true
	}
	return false, false, false
}

// lines gives the lines of a text, whichever way they end.
func lines(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for line := range strings.SplitSeq(text, "\n") {
			if !yield(strings.TrimSuffix(line, "\r")) {
				return
			}
		}
	}
}
