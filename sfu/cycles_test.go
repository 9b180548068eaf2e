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
	cycles, rounds := 1000, 3
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
	start, seen, asked := time.Now(), int64(0), 0
	var before, after footprint
	growth, more, flat := 0.0, int64(0), false
	// A leak grows with every visit; what else the process is busy with does not:
	// the calmest of a few rounds counts.
	for n := 0; n < rounds && !flat; n++ {
		before = settle(t, 0)
		seen, asked = seen+visitors(t, s, cycles), asked+cycles
		after = settle(t, before.goroutines+5)
		more = int64(after.heap) - int64(before.heap)
		growth = float64(more) / float64(before.heap)
		flat = growth <= 0.05 || more < 256<<10
	}
	stats := s.Stats()
	catalogue.Report(t, catalogue.Item{
		ID: "S1", Injected: fmt.Sprintf("%d participants join, see somebody who keeps sending, and leave, in %.0f s", asked, time.Since(start).Seconds()),
		Measured: fmt.Sprintf("%d saw it; the last %d of them: goroutines %+d, heap %+.1f %% (%d kB), files %+d; %d peers and %d tracks left",
			seen, cycles, after.goroutines-before.goroutines, growth*100, after.heap/1024, after.files-before.files, stats.Peers, stats.Tracks),
		Bar:  "goroutines within 5, heap within 5 % or 256 kB, files equal",
		Pass: seen == int64(asked) && abs(after.goroutines-before.goroutines) <= 5 && flat && after.files == before.files && stats.Peers == 1 && stats.Tracks == 3,
	})
}
