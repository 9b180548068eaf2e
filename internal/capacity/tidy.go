package capacity

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// tidyEvery is how often memory nobody uses is looked for, and an untidyPart of
	// what is used, of so many bytes at least and at most, is how much of it is given
	// back to the system at once: a crowd that joins leaves garbage, and the runtime by
	// itself returns its room over minutes. A small heap is searched for little.
	tidyEvery               = 10 * time.Second
	untidyPart              = 8
	untidyLeast, untidyMost = 2 << 20, 8 << 20
)

// Tidy gives memory back that is free for long, until ctx ends.
func Tidy(ctx context.Context) {
	ticker := time.NewTicker(tidyEvery)
	defer ticker.Stop()
	heap := []metrics.Sample{{Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}}
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		metrics.Read(heap)
		if heap[0].Value.Uint64() > min(max(heap[1].Value.Uint64()/untidyPart, untidyLeast), untidyMost) {
			debug.FreeOSMemory()
		}
	}
}
