package transport

import (
	"encoding/binary"
	"net/netip"
	"sync"
	"time"
)

// beckonEvery is how often one client's packets from an unknown address may
// start a check of it.
const beckonEvery = 200 * time.Millisecond

// streams knows whose an authentic stream is, by its SSRC. It is a hint to be
// proved by the packet's own tag: SSRCs are the clients' choice.
type streams struct {
	mu    sync.Mutex
	whose map[uint32]*Conn
}

func (s *streams) add(ssrc uint32, c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.whose[ssrc] = c
}

func (s *streams) of(ssrc uint32) *Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.whose[ssrc]
}

func (s *streams) remove(k *keys, c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ssrc := range k.streams() {
		if s.whose[ssrc] == c {
			delete(s.whose, ssrc)
		}
	}
}

// stray takes in what comes from an address nobody owns. A client whose NAT
// gave it another address goes on sending from there before its next check:
// what is authentic is used, and the address is checked at once.
func (h *Host) stray(b []byte, from netip.AddrPort, at time.Time) {
	if len(b) < 12 || b[0] < 128 || b[0] > 191 {
		return
	}
	ssrc := b[8:]
	if isRTCP(b) {
		ssrc = b[4:]
	}
	c := h.streams.of(binary.BigEndian.Uint32(ssrc))
	if c == nil || !c.classify(b, at) || h.config.Lite {
		return // an ICE-lite agent checks nothing: the client's next check tells it
	}
	now := at.UnixNano()
	if last := c.beckoned.Load(); now-last < int64(beckonEvery) || !c.beckoned.CompareAndSwap(last, now) {
		return
	}
	if err := c.now.Load().agent.beckon(from); err != nil {
		h.config.Logger.Debug("could not follow a client", "error", err)
	}
}
