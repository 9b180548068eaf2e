package sdptext

import (
	"fmt"
	"strconv"
	"strings"
)

// Fragment is what a trickle fragment says of ICE.
type Fragment struct {
	Ufrag, Pwd string
	Candidates int // how many; where they point to is not looked at
}

// ParseFragment reads an application/trickle-ice-sdpfrag body.
func ParseFragment(text string) (Fragment, error) {
	var f Fragment
	for line := range lines(text) {
		key, value, _ := strings.Cut(line, ":")
		switch key {
		case "a=ice-ufrag":
			if f.Ufrag != "" && f.Ufrag != value {
				return Fragment{}, fmt.Errorf("%w: two different ice-ufrag", ErrNotFragment)
			}
			f.Ufrag = value
		case "a=ice-pwd":
			if f.Pwd != "" && f.Pwd != value {
				return Fragment{}, fmt.Errorf("%w: two different ice-pwd", ErrNotFragment)
			}
			f.Pwd = value
		case "a=candidate":
			f.Candidates++
		}
	}
	// Lengths and characters of RFC 8839 section 5.4.
	if !iceText(f.Ufrag, 4) || !iceText(f.Pwd, 22) {
		return Fragment{}, fmt.Errorf("%w: it needs a=ice-ufrag and a=ice-pwd", ErrNotFragment)
	}
	return f, nil
}

func iceText(s string, shortest int) bool {
	if len(s) < shortest || len(s) > 256 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '+' && c != '/' {
			return false
		}
	}
	return true
}

// Credentials gives the ICE credentials of a description.
func Credentials(sdp string) (ufrag, pwd string) {
	for line := range lines(sdp) {
		if v, ok := strings.CutPrefix(line, "a=ice-ufrag:"); ok && ufrag == "" {
			ufrag = v
		}
		if v, ok := strings.CutPrefix(line, "a=ice-pwd:"); ok && pwd == "" {
			pwd = v
		}
	}
	return ufrag, pwd
}

// Restart is an offer again, with the ICE credentials of a fragment and the
// next version in its o= line: what the client would have sent as a whole.
func Restart(offer string, f Fragment) string {
	var b strings.Builder
	for line := range lines(strings.TrimRight(offer, "\r\n")) {
		switch {
		case strings.HasPrefix(line, "a=candidate:"), line == "a=end-of-candidates":
			continue
		case strings.HasPrefix(line, "a=ice-ufrag:"):
			line = "a=ice-ufrag:" + f.Ufrag
		case strings.HasPrefix(line, "a=ice-pwd:"):
			line = "a=ice-pwd:" + f.Pwd
		case strings.HasPrefix(line, "o="):
			line = nextVersion(line)
		}
		b.WriteString(line + "\r\n")
	}
	return b.String()
}

// nextVersion counts up the third field of an o= line (RFC 8866 section 5.2).
func nextVersion(line string) string {
	fields := strings.Split(line, " ")
	if len(fields) < 3 {
		return line
	}
	if version, err := strconv.ParseUint(fields[2], 10, 63); err == nil {
		fields[2] = strconv.FormatUint(version+1, 10)
	}
	return strings.Join(fields, " ")
}

// FragmentOf writes the ICE part of an answer as a fragment: credentials, and
// the candidates of its first media section, which carries the bundle.
func FragmentOf(answer string) string {
	var b strings.Builder
	ufrag, pwd := Credentials(answer)
	b.WriteString("a=ice-ufrag:" + ufrag + "\r\na=ice-pwd:" + pwd + "\r\n")
	media := 0
	for line := range lines(answer) {
		switch {
		case strings.HasPrefix(line, "m="):
			if media++; media == 1 {
				b.WriteString(line + "\r\n")
			}
		case media == 1 && (strings.HasPrefix(line, "a=mid:") || strings.HasPrefix(line, "a=candidate:") || line == "a=end-of-candidates"):
			b.WriteString(line + "\r\n")
		}
	}
	return b.String()
}
