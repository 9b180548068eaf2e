package sdp

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Scan checks text against the limits and takes its candidates out. Its errors
// wrap [ErrRefused] and name the line at fault.
func Scan(text string, l Limits) (Description, error) {
	if len(text) > l.Bytes {
		return Description{}, refuse("%d bytes, at most %d are accepted", len(text), l.Bytes)
	}
	if !utf8.ValidString(text) {
		return Description{}, refuse("not UTF-8 text")
	}
	s := scanner{limits: l, mids: make(map[string]bool)}
	if err := s.all(text); err != nil {
		return Description{}, err
	}
	d := s.found
	d.Candidates = s.candidates
	d.Text = without(text)
	return d, nil
}

// scanner holds what was seen while reading a description from top to bottom.
type scanner struct {
	limits     Limits
	found      Description
	candidates int
	mids       map[string]bool
	line       int
	// session is the direction and the credentials said before any section.
	session section
	// now is the section being read; nil before the first.
	now *section
}

// section is what is known of the section being read.
type section struct {
	Section
	port0, bundleOnly    bool
	ssrcs, maps, formats int
	ufrag, pwd           string
	fingerprint, setup   string
	simulcast            bool
}

// all reads every line.
func (s *scanner) all(text string) error {
	for rest := text; rest != ""; {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		s.line++
		if s.line > s.limits.Lines {
			return refuse("more than %d lines", s.limits.Lines)
		}
		if err := s.one(strings.TrimSuffix(line, "\r")); err != nil {
			return fmt.Errorf("%w: line %d: %w", ErrRefused, s.line, err)
		}
	}
	if err := s.close(); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return s.complete()
}

// complete checks what a whole description must have.
func (s *scanner) complete() error {
	switch {
	case len(s.found.Sections) == 0:
		return refuse("no media section")
	case s.found.Ufrag == "" || s.found.Pwd == "":
		return refuse("no ICE credentials (a=ice-ufrag, a=ice-pwd)")
	case s.found.Fingerprint == "":
		return refuse("no DTLS fingerprint (a=fingerprint)")
	}
	return nil
}

// one reads one line.
func (s *scanner) one(line string) error {
	if len(line) > s.limits.Line {
		return fmt.Errorf("%d bytes, at most %d are accepted", len(line), s.limits.Line)
	}
	if len(line) < 2 || line[1] != '=' || line[0] < 'a' || line[0] > 'z' {
		return fmt.Errorf("%s is not of the form x=…", quote(line))
	}
	if strings.ContainsFunc(line, control) {
		return fmt.Errorf("a control character in %s", quote(line))
	}
	if s.line == 1 && line != "v=0" {
		return fmt.Errorf("%s where v=0 belongs", quote(line))
	}
	switch line[0] {
	case 'm':
		if err := s.close(); err != nil {
			return err
		}
		return s.open(line[2:])
	case 'a':
		return s.attribute(line[2:])
	}
	return nil
}

// open begins a media section.
func (s *scanner) open(value string) error {
	if len(s.found.Sections) == s.limits.Sections {
		return fmt.Errorf("more than %d media sections", s.limits.Sections)
	}
	kind, rest, _ := strings.Cut(value, " ")
	port, rest, _ := strings.Cut(rest, " ")
	proto, formats, _ := strings.Cut(rest, " ")
	switch kind {
	case "audio", "video":
		if err := payloadTypes(strings.TrimRight(formats, " ")); err != nil {
			return err
		}
	case "application":
	default:
		return fmt.Errorf("media of the kind %s", quote(kind))
	}
	number, _, _ := strings.Cut(port, "/")
	if n, ok := decimal(number, 65535); !ok || proto == "" || formats == "" {
		return fmt.Errorf("%s is not a media section", quote(value))
	} else {
		s.now = &section{port0: n == 0}
	}
	s.now.Kind = strings.Clone(kind)
	return nil
}

// close ends the section being read and keeps what it said.
func (s *scanner) close() error {
	n := s.now
	if n == nil {
		return nil
	}
	n.Rejected = n.port0 && !n.bundleOnly
	if n.MID == "" && !n.Rejected {
		return fmt.Errorf("media section %d has no a=mid", len(s.found.Sections)+1)
	}
	if n.Direction == "" {
		n.Direction = s.session.Direction
	}
	if n.Direction == "" {
		n.Direction = SendRecv
	}
	s.found.Sections = append(s.found.Sections, n.Section)
	s.now = nil
	if n.Rejected || s.found.Ufrag != "" {
		return nil
	}
	s.found.Ufrag, s.found.Pwd = strings.Clone(n.ufrag), strings.Clone(n.pwd)
	if n.ufrag == "" {
		s.found.Ufrag, s.found.Pwd = strings.Clone(s.session.ufrag), strings.Clone(s.session.pwd)
	}
	s.found.Fingerprint = strings.Clone(first(n.fingerprint, s.session.fingerprint))
	s.found.Setup = strings.Clone(first(n.setup, s.session.setup))
	return nil
}

// without copies text without the lines that name candidates, with CRLF ends.
func without(text string) string {
	var b strings.Builder
	b.Grow(len(text) + strings.Count(text, "\n") + 2)
	for rest := text; rest != ""; {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		line = strings.TrimSuffix(line, "\r")
		if !namesCandidates(line) {
			b.WriteString(line)
			b.WriteString("\r\n")
		}
	}
	return b.String()
}

// namesCandidates says whether a line tells of candidates. Without them there
// is nothing to end either: our checks wait for the peer's.
func namesCandidates(line string) bool {
	name, _, _ := strings.Cut(line, ":")
	return name == "a=candidate" || name == "a=end-of-candidates" || name == "a=remote-candidates"
}

// first is the first string that says something.
func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// control says whether a rune has no place in a line.
func control(r rune) bool { return r < 0x20 && r != '\t' || r == 0x7f }

// quote shows a piece of a stranger's text in a message without letting it grow.
func quote(text string) string {
	const most = 40
	if len(text) > most {
		return fmt.Sprintf("%.*q…", most, text)
	}
	return fmt.Sprintf("%q", text)
}
