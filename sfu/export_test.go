package sfu

import (
	"sync/atomic"

	"palabre/sfu/cache"
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
