package rtcp_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	pion "github.com/pion/rtcp"

	"palabre/sfu/rtcp"
)

// units are times in the unit of a feedback, n of them for a packet that came
// and -1 for one that did not.
func units(of ...int) []time.Duration {
	times := make([]time.Duration, len(of))
	for i, n := range of {
		if times[i] = rtcp.NotReceived; n >= 0 {
			times[i] = time.Duration(n) * 250 * time.Microsecond
		}
	}
	return times
}

// told reads a feedback as we and as Pion do, which must be the same.
func told(t *testing.T, b []byte) []arrival {
	t.Helper()
	got := arrivals(one(t, b))
	var theirs pion.TransportLayerCC
	if err := theirs.Unmarshal(b); err != nil {
		t.Fatalf("Pion does not read %x: %v", b, err)
	}
	if int(theirs.PacketStatusCount) != len(got) {
		t.Fatalf("Pion reads %d packets, we %d", theirs.PacketStatusCount, len(got))
	}
	at, deltas := time.Duration(theirs.ReferenceTime)*64*time.Millisecond, theirs.RecvDeltas
	for _, a := range got {
		if !a.received {
			continue
		}
		if len(deltas) == 0 {
			t.Fatalf("Pion misses the delta of %d", a.sequence)
		}
		if at += time.Duration(deltas[0].Delta) * time.Microsecond; at != a.at {
			t.Fatalf("Pion reads that %d came at %v, we %v", a.sequence, at, a.at)
		}
		deltas = deltas[1:]
	}
	return got
}

func TestWritesWhenPacketsCame(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	random := make([]int, 500)
	at := 9000
	for i := range random {
		at += r.IntN(9) * r.IntN(9) * r.IntN(9)
		if random[i] = at - r.IntN(3)*r.IntN(200); r.IntN(3) == 0 {
			random[i] = -1
		}
	}
	for name, c := range map[string]struct {
		times []int
		said  int // of them, all where it is 0
	}{
		"one":                                 {times: []int{70_000}},
		"evenly":                              {times: []int{10, 20, 30, 40, 50, 60, 70, 80, 90, 100}},
		"with gaps":                           {times: []int{5, -1, 7, -1, -1, 9, 10, 11, -1, 12, 14, 15, 16, 17, 18, 19}},
		"far apart":                           {times: []int{5, 5 + 256, 5 + 600, 6 + 600, 5 + 600}},
		"backwards":                           {times: []int{900, 300, 700, -1, 20}},
		"a long loss":                         {times: append(slices.Repeat([]int{-1}, 200), 4, 5, 6)},
		"none":                                {times: []int{-1, -1, -1}},
		"what ends with a loss":               {times: []int{3, 4, -1, -1}, said: 2},
		"eight seconds":                       {times: []int{0, 32767, 32768 + 32767 + 5}, said: 2},
		"at random":                           {times: random},
		"more than fit":                       {times: slices.Repeat([]int{-1, 2000, 1, 3}, 500), said: 512},
		"large ones that fill the datagram":   {times: slices.Repeat([]int{3000, 1}, 256)},
		"long after the clock has come round": {times: []int{1 << 34, 1<<34 + 3}},
	} {
		t.Run(name, func(t *testing.T) {
			times := units(c.times...)
			b, said := rtcp.AppendArrivals([]byte("before"), 1, 2, 7, 65_530, times)
			if c.said == 0 {
				c.said = len(times)
			}
			if said != c.said {
				t.Fatalf("it speaks of %d packets, want %d of %d", said, c.said, len(times))
			}
			if string(b[:6]) != "before" || len(b) > 6+1200 || len(b)%4 != 2 {
				t.Fatalf("%d bytes behind %q", len(b)-6, b[:6])
			}
			for i, got := range told(t, b[6:]) {
				want := arrival{sequence: uint16(65_530 + i), received: times[i] >= 0}
				if want.received {
					want.at = times[i] % (1 << 24 * 64 * time.Millisecond)
				}
				if got != want {
					t.Errorf("number %d is %+v, want %+v", i, got, want)
				}
			}
		})
	}
}

func TestWritingFeedbackDoesNotAllocate(t *testing.T) {
	times, dst := units(slices.Repeat([]int{1, -1, 400, 3}, 120)...), make([]byte, 0, 1200)
	if n := testing.AllocsPerRun(100, func() { rtcp.AppendArrivals(dst, 1, 2, 3, 4, times) }); n > 0 {
		t.Errorf("a feedback allocates %v times", n)
	}
}
