package floor

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"palabre/internal/bench"
)

// Thread is the processor time this operating-system thread has used: what
// other processes do meanwhile is not in it.
func Thread() time.Duration { return clock(unix.CLOCK_THREAD_CPUTIME_ID) }

// Process is the processor time this process has used.
func Process() time.Duration { return clock(unix.CLOCK_PROCESS_CPUTIME_ID) }

func clock(id int32) time.Duration {
	var t unix.Timespec
	_ = unix.ClockGettime(id, &t) // never fails for these clocks
	return time.Duration(t.Nano())
}

// allocationRuns is over how many runs allocations are counted.
const allocationRuns = 10

// Turns measures work and what the floor needs for the same packets in turns,
// a thousand packets or so each, and reports the median of each and of their
// ratio. Either must do all it does on the goroutine that calls it.
func Turns(b *testing.B, packets int, work, reference func()) {
	b.Helper()
	work()
	reference()
	allocs := testing.AllocsPerRun(allocationRuns, work)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var ours, theirs, ratios []float64
	for b.Loop() {
		began := Thread()
		reference()
		turned := Thread()
		work()
		ended := Thread()
		them, us := float64(turned-began)/float64(packets), float64(ended-turned)/float64(packets)
		if them > 0 {
			ours, theirs, ratios = append(ours, us), append(theirs, them), append(ratios, us/them)
		}
	}
	Report(b, bench.Median(ours), allocs/float64(packets), bench.Median(theirs), bench.Median(ratios))
}

// Report gives a benchmark's result by packet: nanoseconds, allocations, the
// floor's nanoseconds, and the ratio of the two.
func Report(b *testing.B, nanoseconds, allocations, floor, ratio float64) {
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(nanoseconds, bench.Nanoseconds)
	b.ReportMetric(allocations, bench.Allocations)
	b.ReportMetric(floor, bench.Floor)
	b.ReportMetric(ratio, bench.Ratio)
}
