package transport

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

// The parts of STUN (RFC 8489) that route a datagram before an agent reads it.
const (
	stunHeader     = 20
	magicCookie    = 0x2112A442
	bindingRequest = 0x0001
	attrUsername   = 0x0006
)

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
		if err := w.agent.beckon(source); err != nil {
			w.conn.host.config.Logger.Debug("could not follow a client", "error", err)
		}
	}
}
