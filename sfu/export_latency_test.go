package sfu

import (
	"time"

	"palabre/sfu/shard"
)

// Waited is how long the given share of packets was at most inside the server:
// the bound of the histogram's bucket, an hour beyond the last.
func Waited(s *SFU, share float64) time.Duration {
	cumulative, count, _ := s.engine.Metrics.Latency()
	for i, bound := range shard.LatencyBounds() {
		if float64(cumulative[i]) >= share*float64(count) {
			return bound
		}
	}
	return time.Hour
}
