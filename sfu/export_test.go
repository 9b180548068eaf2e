package sfu

import (
	"slices"
	"sync/atomic"
	"time"

	"palabre/sfu/cache"
	"palabre/sfu/shard"
)

// Trap makes the shard panic at the nth packet that a participant publishes.
func Trap(s *SFU, participant string, nth int64) {
	var count atomic.Int64
	s.engine.Trap(func(id string, _ *cache.Packet) {
		if id == participant && count.Add(1) == nth {
			panic("trapped")
		}
	})
}

// Panics is how many panics were caught.
func Panics(s *SFU) uint64 { return s.engine.Metrics.Panics.Load() }

// Door is how the packets of a peer come in from its connection, decrypted.
// It is for peers that have no connection: only one goroutine may use it.
func Door(p *Peer) (rtp, rtcp func(packet []byte, at time.Time)) {
	return handler{p}.RTP, handler{p}.RTCP
}

// Dropped is how many packets went no further than a shard, by reason.
func Dropped(s *SFU, reason string) uint64 {
	i := slices.Index(shard.DropNames(), reason)
	return s.engine.Metrics.Drops[i].Load()
}

// Repairs is how many packets publishers were asked to send again, and how
// many were sent again to viewers.
func Repairs(s *SFU) (asked, again uint64) {
	m := s.engine.Metrics
	return m.NACKsSent.Load(), m.RTXOut.Packets.Load()
}

// MoveBetween moves a peer that comes after the others of a turn were unseated,
// and says whether it was let in with them, and with the next turn. The room has no
// turn of its own meanwhile, as any voice may bring about.
func (p *Peer) MoveBetween(group string) (early, late bool) {
	r := p.room
	r.close()
	defer func() {
		r.stop, r.done = make(chan struct{}), make(chan struct{})
		go r.run()
	}()
	r.mu.Lock()
	m := r.member(p)
	m.goal = group
	r.part(m)
	r.moves = append(r.moves, move{member: m, done: make(chan struct{})})
	r.mu.Unlock()
	r.arrive()
	early = p.group.Load() != nil
	r.reseat()
	r.arrive()
	return early, p.group.Load() != nil
}
