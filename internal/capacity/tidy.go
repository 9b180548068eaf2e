package capacity

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// tidyEvery is how often memory nobody uses is looked for, and untidy how much
	// of it, in bytes, is given back to the system at once: a crowd that joins
	// leaves garbage, and the runtime by itself returns its room over minutes.
	tidyEvery = 10 * time.Second
	untidy    = 8 << 20
	// calm is how much, in bytes, may have been allocated since the last look for
	// garbage to be collected before the heap has grown by its share: whoever
	// allocates more has the runtime do so soon enough.
	calm = 2 << 20
)

// Tidy gives memory back that is free for long, until ctx ends.
func Tidy(ctx context.Context) {
	ticker := time.NewTicker(tidyEvery)
	defer ticker.Stop()
	var h heap
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if h.untidy() {
			debug.FreeOSMemory() // collects first
		}
	}
}

// heap is what the runtime says of its memory.
type heap struct {
	allocated uint64 // in bytes, ever, at the last look
	samples   [4]metrics.Sample
}

// untidy says whether more than a little is free, or would be if it were collected now.
func (h *heap) untidy() bool {
	for i, name := range [...]string{"/memory/classes/heap/free:bytes", "/memory/classes/heap/objects:bytes", "/gc/heap/live:bytes", "/gc/heap/allocs:bytes"} {
		h.samples[i].Name = name
	}
	metrics.Read(h.samples[:])
	free, objects, live, allocated := h.samples[0].Value.Uint64(), h.samples[1].Value.Uint64(), h.samples[2].Value.Uint64(), h.samples[3].Value.Uint64()
	quiet := allocated-h.allocated < calm
	h.allocated = allocated
	if quiet && objects > live {
		free += objects - live
	}
	return free > untidy
}
