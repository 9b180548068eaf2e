package transport

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync"

	"github.com/pion/stun/v4"
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

// messages are STUN messages that nobody uses, of all connections: everybody
// checks and is checked every few seconds.
type messages struct{ pool sync.Pool }

// take gives one with room for a check, and for what is written behind it to
// see whether it is authentic.
func (p *messages) take() *stun.Message {
	if m, ok := p.pool.Get().(*stun.Message); ok {
		return m
	}
	return &stun.Message{Raw: make([]byte, 0, 256), Attributes: make(stun.Attributes, 0, 8)}
}

// put takes one back; nothing may be left that points into it.
func (p *messages) put(m *stun.Message) { p.pool.Put(m) }

// compose writes a message with a short-term credential (RFC 8489 section 9.1)
// and a fingerprint.
func compose(m *stun.Message, kind stun.MessageType, id transaction, key stun.MessageIntegrity, set ...stun.Setter) error {
	m.Reset()
	m.Type, m.TransactionID = kind, id
	m.WriteHeader()
	for _, s := range append(set, key, stun.Fingerprint) {
		if err := s.AddTo(m); err != nil {
			return fmt.Errorf("write a STUN message: %w", err)
		}
	}
	return nil
}
