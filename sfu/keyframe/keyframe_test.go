package keyframe

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func after(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }

// waits says whether somebody waits for a key frame.
func waits(a *Arbiter) bool {
	_, waiting := a.Next()
	return waiting
}

// play runs an Arbiter through ten seconds, polled every 10 ms, and gives the
// times in ms at which it asked. requests and seen are times in ms.
func play(a *Arbiter, requests map[int]Reason, seen ...int) (asked []int) {
	for ms := 0; ms < 10_000; ms += 10 {
		for _, s := range seen {
			if s == ms {
				a.Seen(after(ms))
			}
		}
		if why, ok := requests[ms]; ok && a.Request(why, after(ms)) {
			asked = append(asked, ms)
		}
		if a.Poll(after(ms)) {
			asked = append(asked, ms)
		}
	}
	return asked
}

func TestArbiter(t *testing.T) {
	tests := map[string]struct {
		requests map[int]Reason
		seen     []int
		want     []int
	}{
		"the first wish is passed on at once":  {map[int]Reason{100: Loss}, []int{150}, []int{100}},
		"wishes until the answer are one":      {map[int]Reason{0: Loss, 10: Start, 20: Loss, 90: Loss}, []int{100}, []int{0}},
		"the next waits for the gap":           {map[int]Reason{0: Start, 120: Start}, []int{100, 560}, []int{0, 500}},
		"a fresh key frame answers losses":     {map[int]Reason{0: Loss, 200: Loss, 390: Loss}, []int{100}, []int{0}},
		"an old one does not":                  {map[int]Reason{0: Loss, 400: Loss}, []int{100, 600}, []int{0, 500}},
		"a fresh one does not start a viewer":  {map[int]Reason{1000: Start}, []int{900, 1100}, []int{1000}},
		"no answer: repeated, then ever later": {map[int]Reason{0: Loss}, []int{9000}, []int{0, 500, 1000, 1500, 2500, 4500, 6500, 8500}},
		"nobody asks, nothing happens":         {nil, []int{500}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := play(New(0), test.requests, test.seen...)
			if len(got) != len(test.want) {
				t.Fatalf("asked at %v, want %v", got, test.want)
			}
			for i := range got {
				if got[i] != test.want[i] {
					t.Fatalf("asked at %v, want %v", got, test.want)
				}
			}
		})
	}
}

func TestGapIsNeverShorterThanTheRoundTrip(t *testing.T) {
	a := New(MinGap)
	a.SetRTT(900 * time.Millisecond)
	a.Request(Start, after(0))
	if due, waiting := a.Next(); !waiting || !due.Equal(after(900)) {
		t.Errorf("the repeat is due at %v", due.Sub(start))
	}
	a.SetRTT(0)
	if due, _ := a.Next(); !due.Equal(after(200)) {
		t.Errorf("without a round trip at %v", due.Sub(start))
	}
	if New(time.Millisecond).gap != DefaultGap {
		t.Error("a gap under the minimum is no default")
	}
	var zero Arbiter
	zero.Request(Start, after(0))
	if due, _ := zero.Next(); !due.Equal(after(500)) {
		t.Errorf("the zero value repeats at %v", due.Sub(start))
	}
}

func TestReset(t *testing.T) {
	a := New(0)
	a.Request(Loss, after(0))
	a.Reset()
	if waits(a) || a.Poll(after(5000)) {
		t.Error("a layer that is not sent is asked for key frames")
	}
}

func TestFiveHundredJoinsCostTwoKeyFramesASecond(t *testing.T) {
	a := New(0)
	asked := 0
	for ms := range 1000 {
		if ms%50 == 20 {
			a.Seen(after(ms))
		}
		if ms%2 == 0 && a.Request(Start, after(ms)) || a.Poll(after(ms)) {
			asked++
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times in a second", asked)
	}
}

func TestArbiterHoldsWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gap := time.Duration(rapid.IntRange(200, 2000).Draw(t, "gap")) * time.Millisecond
		a, now := New(gap), start
		last := start.Add(-time.Hour)
		for range rapid.IntRange(1, 100).Draw(t, "events") {
			now = now.Add(time.Duration(rapid.IntRange(0, 800).Draw(t, "ms")) * time.Millisecond)
			sent, wished := false, false
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				sent, wished = a.Request(Start, now), true
			case 1:
				sent = a.Request(Loss, now)
			case 2:
				a.Seen(now)
				if waits(a) {
					t.Fatal("a key frame answers everybody")
				}
			case 3:
				sent = a.Poll(now)
			}
			if wished && !waits(a) {
				t.Fatal("a wish was lost")
			}
			if sent && now.Sub(last) < gap {
				t.Fatalf("asked %v after the last time, the gap is %v", now.Sub(last), gap)
			}
			if sent {
				last = now
			}
			if due, waiting := a.Next(); waiting && due.Sub(now) > max(MaxRetry, gap) {
				t.Fatalf("the next try is %v away", due.Sub(now))
			}
		}
	})
}

func TestBudget(t *testing.T) {
	var b Budget
	allowed := 0
	for ms := 0; ms < 60_000; ms += 10 {
		if b.Allow(after(ms)) {
			allowed++
		}
	}
	if allowed < 19 || allowed > 21 {
		t.Errorf("%d reports in a minute, want three at once and three in ten seconds", allowed)
	}
	for range BudgetBurst {
		if !b.Allow(after(90_000)) {
			t.Error("half a minute does not fill the budget again")
		}
	}
	if b.Allow(after(90_000)) {
		t.Error("a fourth at once")
	}
}
