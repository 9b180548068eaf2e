package cheap

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// answer is what a subscriber needs of the server's.
type answer struct {
	remote      credentials
	fingerprint string // SHA-256, in upper case
	candidates  []netip.AddrPort
	arrivals    uint8          // id of the transport-wide number's extension, 0 for none
	media       map[uint32]int // section by SSRC
	repairs     map[uint32]int // the same of retransmissions
}

// readAnswer reads an SDP answer with all its candidates (RFC 8866, RFC 8839).
func readAnswer(text string, sections int) (answer, error) {
	a := answer{media: map[uint32]int{}, repairs: map[uint32]int{}}
	at := -1 // before the first section
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(line, "m=") {
			if at++; at >= sections {
				return answer{}, fmt.Errorf("reading the answer: more than the %d sections offered", sections)
			}
			continue
		}
		if key, value, ok := strings.Cut(strings.TrimPrefix(line, "a="), ":"); ok && strings.HasPrefix(line, "a=") {
			a.attribute(at, key, value)
		}
	}
	switch {
	case a.remote.ufrag == "" || a.remote.pwd == "":
		return answer{}, errors.New("reading the answer: no ICE credentials")
	case a.fingerprint == "":
		return answer{}, errors.New("reading the answer: no SHA-256 fingerprint")
	case len(a.candidates) == 0:
		return answer{}, errors.New("reading the answer: no candidate for UDP")
	}
	return a, nil
}

func (a *answer) attribute(at int, key, value string) {
	switch key {
	case "ice-ufrag":
		a.remote.ufrag = value
	case "ice-pwd":
		a.remote.pwd = value
	case "fingerprint":
		if algorithm, print, _ := strings.Cut(value, " "); strings.EqualFold(algorithm, "sha-256") {
			a.fingerprint = strings.ToUpper(print)
		}
	case "candidate":
		a.candidate(value)
	case "extmap":
		id, uri, _ := strings.Cut(value, " ")
		id, _, _ = strings.Cut(id, "/")
		if n, err := strconv.ParseUint(id, 10, 8); err == nil && uri == arrivalsURI {
			a.arrivals = uint8(n)
		}
	case "ssrc":
		number, _, _ := strings.Cut(value, " ")
		if n, err := strconv.ParseUint(number, 10, 32); err == nil && at >= 0 {
			a.source(at, uint32(n))
		}
	case "ssrc-group":
		if fields := strings.Fields(value); len(fields) == 3 && fields[0] == "FID" && at >= 0 {
			if n, err := strconv.ParseUint(fields[2], 10, 32); err == nil {
				a.repairs[uint32(n)] = at
				delete(a.media, uint32(n))
			}
		}
	}
}

// source notes an SSRC as one of media, unless it is known for a repair's.
func (a *answer) source(at int, ssrc uint32) {
	if _, repairs := a.repairs[ssrc]; repairs {
		return
	}
	a.media[ssrc] = at
}

// candidate notes a UDP candidate of the one component, host or not:
// "foundation component transport priority address port …".
func (a *answer) candidate(value string) {
	fields := strings.Fields(value)
	if len(fields) < 8 || !strings.EqualFold(fields[2], "udp") {
		return
	}
	addr, err := netip.ParseAddr(fields[4])
	port, portErr := strconv.ParseUint(fields[5], 10, 16)
	if err != nil || portErr != nil {
		return
	}
	if to := netip.AddrPortFrom(addr.Unmap(), uint16(port)); !slices.Contains(a.candidates, to) && len(a.candidates) < maxCandidates {
		a.candidates = append(a.candidates, to)
	}
}

// maxCandidates bounds to how many addresses checks are sent.
const maxCandidates = 16

// network is "udp4" when the server can be reached by IPv4, and the addresses
// of that family.
func (a *answer) network() (string, []netip.AddrPort) {
	four := slices.Clone(a.candidates)
	four = slices.DeleteFunc(four, func(to netip.AddrPort) bool { return !to.Addr().Is4() })
	if len(four) > 0 {
		return "udp4", four
	}
	return "udp6", a.candidates
}
