package sdp

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Fragment takes the ICE credentials from a trickled fragment (RFC 8840
// section 9), the body of a WHIP PATCH, within the same limits. Its candidates
// are ignored. Both are empty when the fragment names none.
func Fragment(text string, l Limits) (ufrag, pwd string, err error) {
	if len(text) > l.Bytes {
		return "", "", refuse("%d bytes, at most %d are accepted", len(text), l.Bytes)
	}
	if !utf8.ValidString(text) {
		return "", "", refuse("not UTF-8 text")
	}
	f := scanner{limits: l}
	for rest := text; rest != ""; {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		if f.line++; f.line > l.Lines {
			return "", "", refuse("more than %d lines", l.Lines)
		}
		if err := f.fragment(strings.TrimSuffix(line, "\r")); err != nil {
			return "", "", fmt.Errorf("%w: line %d: %w", ErrRefused, f.line, err)
		}
	}
	return strings.Clone(f.session.ufrag), strings.Clone(f.session.pwd), nil
}

// fragment reads one line of a fragment; of several credentials the first count.
func (s *scanner) fragment(line string) error {
	if len(line) > s.limits.Line {
		return fmt.Errorf("%d bytes, at most %d are accepted", len(line), s.limits.Line)
	}
	if line == "" {
		return nil
	}
	if len(line) < 2 || line[1] != '=' || strings.ContainsFunc(line, control) {
		return fmt.Errorf("%s is not of the form x=…", quote(line))
	}
	name, arg, _ := strings.Cut(line, ":")
	switch name {
	case "a=candidate":
		if s.candidates++; s.candidates > s.limits.Candidates {
			return fmt.Errorf("more than %d candidates", s.limits.Candidates)
		}
	case "a=ice-ufrag":
		if s.session.ufrag == "" {
			s.session.ufrag = arg
		}
		return credential("ice-ufrag", arg, minUfrag)
	case "a=ice-pwd":
		if s.session.pwd == "" {
			s.session.pwd = arg
		}
		return credential("ice-pwd", arg, minPwd)
	}
	return nil
}
