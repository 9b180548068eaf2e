package capacity

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"testing/synctest"
	"time"
)

// TestTidyGivesMemoryBack leaves garbage and lets time go by.
func TestTidyGivesMemoryBack(t *testing.T) {
	released := func() uint64 {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/released:bytes"}}
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); Tidy(ctx) }()
		heap := make([][]byte, 0, 64)
		for range 64 {
			heap = append(heap, make([]byte, 1<<20))
		}
		clear(heap)
		runtime.GC()
		before := released()
		time.Sleep(2 * tidyEvery)
		synctest.Wait()
		if n := released(); n < before+32<<20 {
			t.Errorf("%d MiB are given back after 64 became free, %d before", n>>20, before>>20)
		}
		cancel()
		<-done
	})
}
