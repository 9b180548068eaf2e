package sfu_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"palabre/internal/catalogue"
	"palabre/sfu"
)

// visit is a testing.TB whose cleanups run when the visit ends, so that a
// thousand visits leave nothing behind in the test itself.
type visit struct {
	testing.TB
	after []func()
}

func (v *visit) Cleanup(f func()) { v.after = append(v.after, f) }

func (v *visit) end() {
	for i := len(v.after) - 1; i >= 0; i-- {
		v.after[i]()
	}
}

// visitors has n participants join, see the publisher and leave, four at a
// time, and gives how many saw it.
func visitors(t *testing.T, s *sfu.SFU, n int) int64 {
	t.Helper()
	var next, seen atomic.Int64
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				v := &visit{TB: t}
				guest := newRaw(v, s, "room", fmt.Sprint("guest", i))
				guest.peer.SetLayout(sfu.Layout{Mode: sfu.LayoutTiles, Tiles: []sfu.Tile{{Participant: "stays", Source: sfu.Camera, Width: 640, Height: 360}}})
				until(t, "the guest to see somebody", func() bool { return guest.received(guest.video).packets > 0 })
				seen.Add(1)
				v.end()
			}
		})
	}
	all.Wait()
	return seen.Load()
}

func TestS01_JoinLeaveCycles(t *testing.T) {
	cycles := 1000
	if raceEnabled {
		cycles = 200
	}
	s := server(t)
	stays := newRaw(t, s, "room", "stays")
	stop := make(chan struct{})
	var publishing sync.WaitGroup
	publishing.Go(func() {
		picture := &film{mid: "1", rid: "q", ssrc: 9, every: 25, size: 300}
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				_ = stays.Write(stays.rtp(picture.next(t)))
			}
		}
	})
	defer publishing.Wait()
	defer close(stop)
	until(t, "the publisher's cache to be full", func() bool { return stays.peer.Stats().PacketsIn > 300 })
	visitors(t, s, 100) // pools fill
	goroutines, memory, files := settle(t)
	start := time.Now()
	seen := visitors(t, s, cycles)
	took := time.Since(start)
	goroutines2, memory2, files2 := settle(t)
	growth := float64(memory2)/float64(memory) - 1
	stats := s.Stats()
	catalogue.Report(t, catalogue.Item{
		ID: "S1", Injected: fmt.Sprintf("%d participants join, see somebody who keeps sending, and leave, in %.0f s", cycles, took.Seconds()),
		Measured: fmt.Sprintf("%d saw it; goroutines %+d, heap %+.1f %% (%d kB), files %+d; %d peers and %d tracks left", seen, goroutines2-goroutines, growth*100, memory2/1024, files2-files, stats.Peers, stats.Tracks),
		Bar:      "goroutines within 5, heap within 5 % or 256 kB, files equal",
		Pass:     seen == int64(cycles) && abs(goroutines2-goroutines) <= 5 && (growth <= 0.05 || int64(memory2)-int64(memory) < 256<<10) && files == files2 && stats.Peers == 1 && stats.Tracks == 3,
	})
}
