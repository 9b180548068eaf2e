package sdp

import (
	"errors"
	"fmt"
	"strings"
)

// attribute reads the value of one a= line.
func (s *scanner) attribute(value string) error {
	in := s.now
	if in == nil {
		in = &s.session
	}
	name, arg, hasArg := strings.Cut(value, ":")
	switch name {
	case "candidate":
		if s.candidates++; s.candidates > s.limits.Candidates {
			return fmt.Errorf("more than %d candidates", s.limits.Candidates)
		}
	case "mid":
		return s.mid(arg)
	case string(SendRecv), string(SendOnly), string(RecvOnly), string(Inactive):
		if hasArg {
			return fmt.Errorf("%s is no direction", quote(value))
		}
		in.Direction = Direction(name)
	case "bundle-only":
		in.bundleOnly = true
	case "ice-ufrag":
		in.ufrag = arg
		return credential(name, arg, minUfrag)
	case "ice-pwd":
		in.pwd = arg
		return credential(name, arg, minPwd)
	case "fingerprint":
		return in.print(arg)
	case "setup":
		if arg != "actpass" && arg != "active" && arg != "passive" {
			return fmt.Errorf("an offer cannot say %s", quote(value))
		}
		in.setup = arg
	default:
		return in.codec(name, arg)
	}
	return nil
}

// codec reads the attributes about payload types, sources and layers. They are
// bounded here and understood by the full parser.
func (in *section) codec(name, arg string) error {
	switch name {
	case "fmtp":
		if in.formats++; in.formats > maxCodecs {
			return fmt.Errorf("more than %d a=fmtp in one section", maxCodecs)
		}
		return fmtp(arg)
	case "rtpmap":
		if in.maps++; in.maps > maxCodecs {
			return fmt.Errorf("more than %d a=rtpmap in one section", maxCodecs)
		}
		pt, encoding, _ := strings.Cut(arg, " ")
		if _, ok := decimal(pt, 127); !ok || !strings.Contains(encoding, "/") {
			return fmt.Errorf("%s is no payload mapping", quote(arg))
		}
	case "ssrc", "ssrc-group":
		if in.ssrcs++; in.ssrcs > maxSSRCs {
			return fmt.Errorf("more than %d lines about SSRCs in one section", maxSSRCs)
		}
	case "simulcast":
		return in.layers(arg)
	}
	return nil
}

// mid reads the identification of the section being read.
func (s *scanner) mid(mid string) error {
	switch {
	case s.now == nil:
		return errors.New("a=mid outside of a media section")
	case s.now.MID != "":
		return errors.New("a second a=mid in one section")
	case mid == "" || len(mid) > maxMID || !token(mid):
		return fmt.Errorf("%s is no mid", quote(mid))
	case s.mids[mid]:
		return fmt.Errorf("the mid %s names two sections", quote(mid))
	}
	s.now.MID = strings.Clone(mid)
	s.mids[s.now.MID] = true
	return nil
}

// layers reads the rids a section sends from its a=simulcast line (RFC 8853
// section 5.1): of alternatives the first. Some clients write what they send and
// what they receive in a line each; only a second list of sent layers is refused.
func (in *section) layers(arg string) error {
	words := strings.Fields(arg)
	for i := 0; i+1 < len(words); i += 2 {
		if words[i] != "send" {
			continue
		}
		if in.simulcast {
			return errors.New("a second a=simulcast in one section")
		}
		in.simulcast = true
		for list := words[i+1]; list != ""; {
			var layer string
			layer, list, _ = strings.Cut(list, ";")
			rid, _, _ := strings.Cut(layer, ",")
			rid = strings.TrimPrefix(rid, "~")
			if rid == "" || len(rid) > maxRID || !token(rid) {
				return fmt.Errorf("%s is no rid", quote(rid))
			}
			if len(in.RIDs) == maxRIDs {
				return fmt.Errorf("more than %d simulcast layers", maxRIDs)
			}
			in.RIDs = append(in.RIDs, strings.Clone(rid))
		}
	}
	return nil
}

// print reads a fingerprint; of several the first counts.
func (in *section) print(arg string) error {
	hash, value, _ := strings.Cut(arg, " ")
	if !token(hash) || value == "" || strings.Trim(value, "0123456789ABCDEFabcdef:") != "" {
		return fmt.Errorf("%s is no fingerprint", quote(arg))
	}
	if in.fingerprint == "" {
		in.fingerprint = arg
	}
	return nil
}

// fmtp checks the parameters of a payload type: "96 apt=97;x=y", "63 111/111".
func fmtp(arg string) error {
	pt, params, ok := strings.Cut(arg, " ")
	if _, numeric := decimal(pt, 127); !numeric || !ok {
		return fmt.Errorf("%s is no a=fmtp", quote(arg))
	}
	for more := true; more; {
		var p string
		p, params, more = strings.Cut(params, ";")
		p = strings.TrimSpace(p)
		key, value, _ := strings.Cut(p, "=")
		if p == "" && !more {
			return nil // a trailing semicolon
		}
		if key == "" || strings.ContainsFunc(p, func(r rune) bool { return r > 0x7e }) {
			return fmt.Errorf("%s is no format parameter", quote(p))
		}
		if _, numeric := decimal(value, 127); key == "apt" && !numeric {
			return fmt.Errorf("%s names no payload type", quote(p))
		}
	}
	return nil
}

// payloadTypes checks the formats of an RTP section: distinct numbers.
func payloadTypes(formats string) error {
	var seen [128]bool
	for more := formats != ""; more; {
		var f string
		f, formats, more = strings.Cut(formats, " ")
		n, ok := decimal(f, 127)
		if !ok {
			return fmt.Errorf("%s is no payload type", quote(f))
		}
		if seen[n] {
			return fmt.Errorf("payload type %d twice in one section", n)
		}
		seen[n] = true
	}
	return nil
}

// credential checks an ICE ufrag or password (RFC 8839 section 5.4).
func credential(name, value string, least int) error {
	if len(value) < least || len(value) > maxCredential {
		return fmt.Errorf("a=%s of %d characters, %d to %d are accepted", name, len(value), least, maxCredential)
	}
	for i := range len(value) {
		if c := value[i]; !alphanumeric(c) && c != '+' && c != '/' {
			return fmt.Errorf("a=%s with the character %q", name, c)
		}
	}
	return nil
}

// token says whether text is a token (RFC 8866 section 9), as far as anybody uses them.
func token(text string) bool {
	for i := range len(text) {
		if c := text[i]; !alphanumeric(c) && !strings.ContainsRune("!#$%&'*+-.^_`{|}~", rune(c)) {
			return false
		}
	}
	return text != ""
}

// alphanumeric says whether c is a letter or a digit of ASCII.
func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// decimal reads a number from 0 to most, written plainly.
func decimal(text string, most int) (int, bool) {
	if text == "" || len(text) > 5 {
		return 0, false
	}
	n := 0
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
		n = n*10 + int(text[i]-'0')
	}
	return n, n <= most
}
