package capacity

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// tidyEvery is how often memory nobody uses is looked for, and an untidyPart of
	// what is used, of so many bytes at least and at most, is how much of it is given
	// back to the system at once: a crowd that left leaves garbage, and the runtime by
	// itself returns its room over minutes. Less is left to the runtime: giving it back
	// takes a collection, and in some runs packets to two hundred viewers cost more
	// afterwards (1.9 to 2.3 µs instead of 1.7 to 1.8).
	tidyEvery               = 10 * time.Second
	untidyPart              = 2
	untidyLeast, untidyMost = 16 << 20, 64 << 20
	// busyPart is which part of the processor time there is makes a process busy. Giving
	// back means collecting, which takes a quarter of that time while it lasts: 300 ms
	// for 2000 clients on one core, of which their media had two thirds in use.
	busyPart = 2
)

// Tidy gives memory back that is free for long, until ctx ends. A busy process
// leaves that to the runtime, until it is calmer.
func Tidy(ctx context.Context) { tidy(ctx, processorTime) }

// tidy is Tidy with what tells how much processor time the process had so far.
func tidy(ctx context.Context, spent func() time.Duration) {
	ticker := time.NewTicker(tidyEvery)
	defer ticker.Stop()
	heap := []metrics.Sample{{Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}}
	before, at := spent(), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now, there := spent(), time.Since(at)*time.Duration(runtime.GOMAXPROCS(0))
		busy := now-before > there/busyPart
		before, at = now, time.Now()
		metrics.Read(heap)
		if !busy && heap[0].Value.Uint64() > min(max(heap[1].Value.Uint64()/untidyPart, untidyLeast), untidyMost) {
			debug.FreeOSMemory()
		}
	}
}
