package transport

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
)

// The parts of STUN (RFC 8489) that route a datagram before an agent reads it.
const (
	stunHeader     = 20
	magicCookie    = 0x2112A442
	bindingRequest = 0x0001
	attrUsername   = 0x0006
)

// beckoning is the priority of the checks we make up for a client: above every
// pair there is, as that is where the client is now.
const beckoning = math.MaxInt32

// isSTUN says whether a datagram is STUN (RFC 7983, RFC 8489 section 5).
func isSTUN(b []byte) bool {
	return len(b) >= stunHeader && b[0] < 4 && binary.BigEndian.Uint32(b[4:]) == magicCookie
}

func isRequest(b []byte) bool { return binary.BigEndian.Uint16(b) == bindingRequest }

// localUfrag is the first half of a check's USERNAME, which names the agent it
// is for (RFC 8445 section 7.2.2). b is STUN.
func localUfrag(b []byte) ([]byte, bool) {
	rest := b[stunHeader:]
	for len(rest) >= 4 {
		kind, size := binary.BigEndian.Uint16(rest), int(binary.BigEndian.Uint16(rest[2:]))
		if size > len(rest)-4 {
			return nil, false
		}
		if kind == attrUsername {
			ufrag, _, ok := bytes.Cut(rest[4:4+size], []byte{':'})
			return ufrag, ok
		}
		rest = rest[min(len(rest), 4+(size+3)&^3):]
	}
	return nil, false
}

// moved is told that media keeps coming from an address of the client's. Where
// that is not the one in use, its client has moved on.
func (w *way) moved(source netip.AddrPort) {
	if far := w.far.Load(); far != nil && far.addr != source && !w.conn.host.config.Lite {
		if err := w.beckon(source); err != nil {
			w.conn.host.config.Logger.Debug("could not follow a client", "error", err)
		}
	}
}

// beckon makes an agent look at an address that sent an authentic packet, by
// the check its client would have sent from there. The agent answers with a
// check of its own (RFC 8445 section 7.3.1.4) and moves once that is answered:
// nothing but checks goes to an address that has not consented (RFC 7675).
func (w *way) beckon(from netip.AddrPort) error {
	lane := w.conn.host.udp.lane(w.ufrag, from.Addr())
	if lane == nil {
		return ErrClosed
	}
	check, err := stun.Build(stun.BindingRequest, stun.TransactionID, stun.NewUsername(w.ufrag+":"+w.remote[0]),
		ice.UseCandidate(), ice.AttrControlling(math.MaxUint64),
		ice.PriorityAttr(beckoning), stun.NewShortTermIntegrity(w.pwd), stun.Fingerprint)
	if err != nil {
		return fmt.Errorf("check a client's new address: %w", err)
	}
	lane.put(check.Raw, from)
	return nil
}
