package capacity

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// TestTidyGivesMemoryBack leaves garbage and lets time go by: that of a crowd,
// and what is little but much of what there is.
func TestTidyGivesMemoryBack(t *testing.T) {
	for _, size := range []int{64, 6} {
		t.Run(strconv.Itoa(size), func(t *testing.T) { tidied(t, size) })
	}
}

func tidied(t *testing.T, size int) {
	debug.FreeOSMemory()
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
		heap := make([][]byte, 0, size)
		for range size {
			heap = append(heap, make([]byte, 1<<20))
		}
		clear(heap)
		runtime.GC()
		before := released()
		time.Sleep(2 * tidyEvery)
		synctest.Wait()
		if n := released(); n < before+uint64(size)<<19 {
			t.Errorf("%d MiB are given back after %d became free, %d before", n>>20, size, before>>20)
		}
		cancel()
		<-done
	})
}
