package cheap

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
)

// The subscriber's half of ICE (RFC 8445). Its one candidate is never told:
// the server learns the address from the checks. It is the controlling agent
// and nominates the first address that answers.
const (
	// checkEvery is between two rounds of checks before there is a path
	// (RFC 8445 section 14.2 has 50 ms between checks).
	checkEvery = 50 * time.Millisecond
	// consentEvery is between checks of the path in use, as browsers do; RFC
	// 7675 section 5.1 asks for one every 5 s at least.
	consentEvery = 2500 * time.Millisecond
	// maxTransactions is how many checks may be unanswered; older ones are forgotten.
	maxTransactions = 32
	// hostPreference is the type preference of our candidate (RFC 8445 section 5.1.2.1).
	hostPreference = 126
)

// errNoPath says that no address of the server's answered.
var errNoPath = errors.New("no address of the server answers connectivity checks")

type transaction = [stun.TransactionIDSize]byte

// path is the state of ICE. The subscriber's lock guards it.
type path struct {
	own, remote credentials
	tiebreaker  uint64
	pending     map[transaction]check
	found       chan netip.AddrPort // the first address that answered
	nominated   chan netip.AddrPort // the first that answered to a nomination
	to          netip.AddrPort      // in use, once nominated
	nextConsent time.Time
}

type check struct {
	to       netip.AddrPort
	nominate bool
}

func newPath() path {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	return path{
		own: credentials{ufrag: secret(8), pwd: secret(24)}, tiebreaker: binary.BigEndian.Uint64(random[:]),
		pending: map[transaction]check{},
		found:   make(chan netip.AddrPort, 1), nominated: make(chan netip.AddrPort, 1),
	}
}

// secret makes an ICE credential of n characters, 5 bits each (RFC 8839 section 5.4).
func secret(n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyz234567"
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	for i := range b {
		b[i] = letters[b[i]%32]
	}
	return string(b)
}

// findPath checks the server's addresses until one is nominated.
func (s *Subscriber) findPath(ctx context.Context, candidates []netip.AddrPort) error {
	ticker := time.NewTicker(checkEvery)
	defer ticker.Stop()
	nominate := len(candidates) == 1 // there is nothing to choose
	for {
		s.mu.Lock()
		for _, to := range candidates {
			s.check(to, nominate)
		}
		s.mu.Unlock()
		select {
		case to := <-s.path.nominated:
			s.mu.Lock()
			s.path.to = to
			s.path.nextConsent = time.Now().Add(consentEvery)
			s.mu.Unlock()
			return nil
		case to := <-s.path.found:
			if !nominate {
				candidates, nominate = []netip.AddrPort{to}, true
			}
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", errNoPath, ctx.Err())
		}
	}
}

// check sends one connectivity check (RFC 8445 section 7.2.4).
func (s *Subscriber) check(to netip.AddrPort, nominate bool) {
	p := &s.path
	attributes := []stun.Setter{
		stun.BindingRequest, stun.TransactionID, stun.NewUsername(p.remote.ufrag + ":" + p.own.ufrag),
		ice.PriorityAttr(hostPreference<<24 | math.MaxUint16<<8 | 255), ice.AttrControlling(p.tiebreaker),
	}
	if nominate {
		attributes = append(attributes, ice.UseCandidate())
	}
	attributes = append(attributes, stun.NewShortTermIntegrity(p.remote.pwd), stun.Fingerprint)
	m, err := stun.Build(attributes...)
	if err != nil {
		s.crowd.log.Warn("a connectivity check could not be written", "error", err)
		return
	}
	if len(p.pending) >= maxTransactions {
		clear(p.pending)
	}
	p.pending[m.TransactionID] = check{to, nominate}
	s.send(m.Raw, to)
}

// stun takes one STUN message in.
func (s *Subscriber) stun(raw []byte, from netip.AddrPort) {
	m := &stun.Message{Raw: raw}
	if m.Decode() != nil {
		return
	}
	switch m.Type {
	case stun.BindingRequest:
		if stun.NewShortTermIntegrity(s.path.own.pwd).Check(m) == nil {
			s.answerCheck(m, from)
		}
	case stun.BindingSuccess:
		sent, ours := s.path.pending[m.TransactionID]
		if !ours || sent.to != from || stun.NewShortTermIntegrity(s.path.remote.pwd).Check(m) != nil {
			return
		}
		delete(s.path.pending, m.TransactionID)
		offer(s.path.found, from)
		if sent.nominate {
			offer(s.path.nominated, from)
		}
	}
}

// offer hands a value over unless one waits already.
func offer(to chan netip.AddrPort, value netip.AddrPort) {
	select {
	case to <- value:
	default:
	}
}

// answerCheck answers the server's check: of the way back, and of consent (RFC 7675).
func (s *Subscriber) answerCheck(request *stun.Message, from netip.AddrPort) {
	m, err := stun.Build(request, stun.BindingSuccess,
		&stun.XORMappedAddress{IP: from.Addr().AsSlice(), Port: int(from.Port())},
		stun.NewShortTermIntegrity(s.path.own.pwd), stun.Fingerprint)
	if err != nil {
		s.crowd.log.Warn("a check's answer could not be written", "error", err)
		return
	}
	s.send(m.Raw, from)
}

// consent checks the path in use when it is time.
func (s *Subscriber) consent(now time.Time) {
	if s.path.to.IsValid() && now.After(s.path.nextConsent) {
		s.path.nextConsent = now.Add(consentEvery)
		s.check(s.path.to, true)
	}
}
