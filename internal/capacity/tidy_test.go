package capacity

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestTidyGivesMemoryBack leaves garbage and lets time go by: that of a crowd
// is given back, and of a small meeting it is left to the runtime.
func TestTidyGivesMemoryBack(t *testing.T) {
	for size, want := range map[int]bool{96: true, 24: true, 8: false} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			untidy(t, size, func(_ *worker, givenBack func() bool) {
				time.Sleep(2 * tidyEvery)
				if got := givenBack(); got != want {
					t.Errorf("%d MiB are given back: %v", size, got)
				}
			})
		})
	}
}

// TestTidyWaitsWhileTheProcessIsBusy gives nothing back while two thirds of the
// processor time is spent, and does so once a third is.
func TestTidyWaitsWhileTheProcessIsBusy(t *testing.T) {
	untidy(t, 64, func(w *worker, givenBack func() bool) {
		w.percent.Store(66)
		time.Sleep(5 * tidyEvery)
		if givenBack() {
			t.Error("a busy process collects to give memory back")
		}
		w.percent.Store(33)
		time.Sleep(2 * tidyEvery)
		if !givenBack() {
			t.Error("nothing is given back once it is calm")
		}
	})
}

// worker is a process that has spent a part of its processor time since it was last asked.
type worker struct {
	percent atomic.Int64
	total   time.Duration
	asked   time.Time
}

func (w *worker) spent() time.Duration {
	now := time.Now()
	w.total += now.Sub(w.asked) * time.Duration(runtime.GOMAXPROCS(0)) * time.Duration(w.percent.Load()) / 100
	w.asked = now
	return w.total
}

// untidy leaves so many MiB of garbage to Tidy, in virtual time; givenBack says
// whether most of them were given back since.
func untidy(t *testing.T, size int, test func(w *worker, givenBack func() bool)) {
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
		w := &worker{asked: time.Now()}
		go func() { defer close(done); tidy(ctx, w.spent) }()
		heap := make([][]byte, 0, size)
		for range size {
			heap = append(heap, make([]byte, 1<<20))
		}
		clear(heap)
		runtime.GC()
		before := released()
		test(w, func() bool {
			synctest.Wait()
			return released() >= before+uint64(size)<<19
		})
		cancel()
		<-done
	})
}
