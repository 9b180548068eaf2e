package floor_test

import (
	"fmt"
	"testing"

	"palabre/internal/bench"
	"palabre/internal/bench/floor"
)

const (
	destinations = 64
	payload      = 1100
)

// BenchmarkFloor is what the machine needs for a frame of so many packets.
func BenchmarkFloor(b *testing.B) {
	for _, packets := range []int{1, 2, 4, 6, 8, 16, 32} {
		b.Run(fmt.Sprint(packets), func(b *testing.B) {
			f := newFloor(b)
			var all []float64
			for b.Loop() {
				began := floor.Thread()
				if err := f.Send(packets, payload); err != nil {
					b.Fatal(err)
				}
				all = append(all, float64(floor.Thread()-began)/float64(destinations*packets))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(bench.Median(all), bench.Nanoseconds)
		})
	}
}

func newFloor(t testing.TB) *floor.Floor {
	t.Helper()
	to, shut, err := floor.Sinks(destinations)
	if err != nil {
		t.Fatal(err)
	}
	f, err := floor.New(to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if err := shut(); err != nil {
			t.Error(err)
		}
	})
	return f
}
