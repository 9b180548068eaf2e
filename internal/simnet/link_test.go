package simnet_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"palabre/internal/simnet"
)

// size of the packets of these tests, in bytes.
const size = 1000

// sent is what came of sending n packets, one every gap, and when.
type sent struct {
	order []int
	at    map[int]time.Duration
	times int // arrivals, duplicates among them
	simnet.Counts
	waited []time.Duration
}

// send runs n packets over a link of that shape in virtual time.
func send(n int, gap time.Duration, s simnet.Shape, steps ...func(l *simnet.Link[int], n int)) sent {
	l := simnet.NewLink[int](7, s)
	out := sent{at: map[int]time.Duration{}}
	l.Tap(func(p simnet.Passage[int]) { out.waited = append(out.waited, p.Waited) })
	take := func(now time.Duration) {
		for {
			at, ok := l.Next()
			if !ok || at > now {
				return
			}
			p, when, ok := l.Receive(at)
			if ok {
				out.order, out.at[p] = append(out.order, p), when
				out.times++
			}
		}
	}
	for i := range n {
		now := time.Duration(i) * gap
		take(now)
		for _, step := range steps {
			step(l, i)
		}
		l.Send(i, size, now)
	}
	take(math.MaxInt64)
	out.Counts = l.Counts()
	return out
}

func near(got, want, tolerance float64) bool { return math.Abs(got-want) <= tolerance*want }

func TestLinkWithoutShapeDoesNothing(t *testing.T) {
	out := send(100, time.Millisecond, simnet.Shape{})
	if out.times != 100 || !slices.IsSorted(out.order) || out.Dropped() != 0 || out.Bytes != 100*size {
		t.Errorf("%d packets arrived, counts %+v", out.times, out.Counts)
	}
	for i, at := range out.at {
		if at != time.Duration(i)*time.Millisecond {
			t.Fatalf("packet %d arrived at %v", i, at)
		}
	}
}

func TestRateAndQueue(t *testing.T) {
	// 1 Mbit/s takes 8 ms a packet and is given one every 4: the queue of ten
	// packets fills, then every other one is dropped.
	const n = 1000
	out := send(n, 4*time.Millisecond, simnet.Shape{Rate: 1_000_000, Queue: 10 * size})
	if passed := out.Fates[simnet.Delivered]; !near(float64(passed), n/2, 0.02) || out.Fates[simnet.Overflowed] != n-passed {
		t.Errorf("%+v", out.Counts)
	}
	if longest := slices.Max(out.waited); longest != 80*time.Millisecond {
		t.Errorf("a queue of ten packets held one for %v, want 80ms", longest)
	}
	for i := 1; i < len(out.order); i++ {
		if gap := out.at[out.order[i]] - out.at[out.order[i-1]]; gap < 8*time.Millisecond {
			t.Fatalf("packets %d and %d came %v apart", out.order[i-1], out.order[i], gap)
		}
	}
}

// TestRateChangesWhatWaits has a full queue empty at the new rate.
func TestRateChangesWhatWaits(t *testing.T) {
	slow, fast := simnet.Shape{Rate: 100_000}, simnet.Shape{Rate: 10_000_000}
	out := send(60, 0, slow, func(l *simnet.Link[int], n int) {
		if n == 59 {
			l.Set(fast)
		}
	})
	// The first is on the wire at the slow rate already; 59 follow at 0.8 ms.
	want := 80*time.Millisecond + 59*800*time.Microsecond
	if got := out.at[59]; got != want {
		t.Errorf("the last packet arrived at %v, want %v", got, want)
	}
}

func TestLoss(t *testing.T) {
	const n = 100_000
	for _, want := range []struct{ share, burst float64 }{{0.02, 0}, {0.1, 1}, {0.05, 4}, {0.2, 10}} {
		out := send(n, time.Millisecond, simnet.Shape{Loss: want.share, Burst: want.burst})
		bursts, last := 0, -1
		for _, p := range append(out.order, n) {
			if p > last+1 {
				bursts++
			}
			last = p
		}
		lost := float64(out.Fates[simnet.Lost])
		mean := max(want.burst, 1)
		if want.burst <= 1 {
			mean = 1 / (1 - want.share) // independent losses meet by chance
		}
		if !near(lost/n, want.share, 0.1) || !near(lost/float64(bursts), mean, 0.1) {
			t.Errorf("want %v: lost %.3f in bursts of %.2f", want, lost/n, lost/float64(bursts))
		}
	}
	if out := send(10, 0, simnet.Shape{Loss: 1, Burst: 2}); out.times != 0 {
		t.Errorf("%d of 10 packets passed a link that loses all", out.times)
	}
}

func TestDelayAndJitterKeepTheOrder(t *testing.T) {
	const delay, jitter = 150 * time.Millisecond, 30 * time.Millisecond
	out := send(10_000, time.Millisecond, simnet.Shape{Delay: delay, Jitter: jitter})
	if !slices.IsSorted(out.order) {
		t.Error("jitter reorders")
	}
	least, most := time.Hour, time.Duration(0)
	for i, at := range out.at {
		took := at - time.Duration(i)*time.Millisecond
		least, most = min(least, took), max(most, took)
	}
	if least < delay || least > delay+jitter/2 || most > delay+jitter || most < delay+jitter*9/10 {
		t.Errorf("packets took %v to %v", least, most)
	}
}

func TestReorderAndDuplicate(t *testing.T) {
	const n = 20_000
	out := send(n, 5*time.Millisecond, simnet.Shape{Delay: 20 * time.Millisecond, Reorder: 0.05, Late: 40 * time.Millisecond, Duplicate: 0.01})
	late := 0
	highest := -1
	for _, p := range out.order {
		if p < highest {
			late++
		}
		highest = max(highest, p)
	}
	// Held back by 0 to 40 ms, seven in eight are overtaken by one 5 ms later.
	if !near(float64(late)/n, 0.05*7/8, 0.1) || !near(float64(out.Reordered)/n, 0.05, 0.1) {
		t.Errorf("%d of %d packets were overtaken, %d held back", late, n, out.Reordered)
	}
	if out.times != n+out.Duplicated || len(out.at) != n || !near(float64(out.Duplicated)/n, 0.01, 0.2) {
		t.Errorf("%d arrivals of %d packets, %d duplicated", out.times, len(out.at), out.Duplicated)
	}
}

func TestMTUAndDeath(t *testing.T) {
	if out := send(10, 0, simnet.Shape{MTU: size - 1}); out.Fates[simnet.TooBig] != 10 || out.times != 0 {
		t.Errorf("too big: %+v", out.Counts)
	}
	if out := send(10, 0, simnet.Shape{MTU: size}); out.times != 10 {
		t.Errorf("of the MTU's size: %+v", out.Counts)
	}
	out := send(10, time.Millisecond, simnet.Shape{}, func(l *simnet.Link[int], n int) { l.Set(simnet.Shape{Dead: n >= 3 && n < 7}) })
	if !slices.Equal(out.order, []int{0, 1, 2, 7, 8, 9}) || out.Fates[simnet.Swallowed] != 4 {
		t.Errorf("dead for packets 3 to 6: %v, %+v", out.order, out.Counts)
	}
}

func TestSameSeedSameLuck(t *testing.T) {
	s := simnet.Shape{Rate: 2_000_000, Loss: 0.1, Burst: 3, Delay: time.Millisecond, Jitter: 9 * time.Millisecond, Reorder: 0.1, Duplicate: 0.1}
	a, b := send(1000, 2*time.Millisecond, s), send(1000, 2*time.Millisecond, s)
	if !slices.Equal(a.order, b.order) || a.Counts != b.Counts {
		t.Error("equal links treat equal packets differently")
	}
}
