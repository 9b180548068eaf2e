package shard

import (
	"testing"
	"time"
)

// strained plays looks of a shard with ten viewers of a Mbit/s each: how late
// packets are at every look.
func strained(t *strain, now *time.Time, lateness time.Duration, looks int) (changes int) {
	for range looks {
		*now = now.Add(strainEvery)
		t.worst = lateness
		t.bytes = int(10 * 1e6 / 8 * strainEvery.Seconds())
		if t.limit > 0 {
			t.bytes = int(float64(t.bytes) * t.limit / 1e6)
		}
		if t.look(10, *now) {
			changes++
		}
	}
	return changes
}

func TestHiccupIsNoStrain(t *testing.T) {
	var s strain
	now := time.Unix(1000, 0)
	for range 50 {
		if strained(&s, &now, time.Second, lateLooks-1)+strained(&s, &now, 0, 1) > 0 {
			t.Fatalf("a limit of %.0f after a hiccup", s.limit)
		}
	}
	if s.bound(0) != 0 || s.bound(5) != 5 {
		t.Error("bounds without a limit")
	}
}

func TestStrainLimitsPicturesUntilItIsOver(t *testing.T) {
	var s strain
	now := time.Unix(1000, 0)
	strained(&s, &now, 0, 5)
	strained(&s, &now, 200*time.Millisecond, lateLooks)
	if s.limit < 0.6e6 || s.limit > 0.8e6 {
		t.Fatalf("a limit of %.0f, want seven tenths of a Mbit/s", s.limit)
	}
	if s.bound(0) != int(s.limit) || s.bound(1e9) != int(s.limit) || s.bound(1000) != 1000 {
		t.Error("bounds differ from the limit")
	}
	strained(&s, &now, 200*time.Millisecond, 100)
	if s.limit != leastPictures {
		t.Errorf("a limit of %.0f under strain without end", s.limit)
	}
	if strained(&s, &now, 0, int(calmFor/strainEvery)-1) > 0 {
		t.Error("it rises at once")
	}
	strained(&s, &now, 0, 90*5)
	if s.limit != 0 {
		t.Errorf("a limit of %.0f a minute and a half later", s.limit)
	}
}
