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
)

// Tidy gives memory back that is free for long, until ctx ends.
func Tidy(ctx context.Context) {
	ticker := time.NewTicker(tidyEvery)
	defer ticker.Stop()
	free := []metrics.Sample{{Name: "/memory/classes/heap/free:bytes"}}
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if metrics.Read(free); free[0].Value.Uint64() > untidy {
			debug.FreeOSMemory()
		}
	}
}
