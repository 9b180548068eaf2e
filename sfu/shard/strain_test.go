package shard

import (
	"testing"
	"time"
)

// strained plays looks of a shard with ten viewers of a Mbit/s each: how late
// packets are at every look. It is always busy.
func strained(t *strain, now *time.Time, lateness time.Duration, looks int) (changes int) {
	return played(t, now, lateness, 1, looks)
}

// played is the same of a shard that is busy for a share of its time.
func played(t *strain, now *time.Time, lateness time.Duration, share float64, looks int) (changes int) {
	for range looks {
		*now = now.Add(strainEvery)
		t.worst = lateness
		t.bytes = int(10 * 1e6 / 8 * strainEvery.Seconds())
		if t.limit > 0 {
			t.bytes = int(float64(t.bytes) * t.limit / 1e6)
		}
		t.worked(time.Duration(share * float64(strainEvery)))
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

// TestRecoveryTakesWhatTimeThereIs: what strained a shard may be over, such as a
// hundred joins; then its viewers have their pictures back within seconds.
func TestRecoveryTakesWhatTimeThereIs(t *testing.T) {
	for _, c := range []struct {
		name     string
		share    float64
		from, to float64 // of the limit, in the first second
	}{
		{"hardly anything to do", 0.02, mostRecovery, mostRecovery},
		{"some", 0.4, healthy / 0.4, healthy / 0.4},
		{"enough", 0.9, recovery, recovery},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s strain
			now := time.Unix(1000, 0)
			strained(&s, &now, 0, 5)
			strained(&s, &now, 200*time.Millisecond, 5*lateLooks)
			before := s.limit
			looks := int(calmFor / strainEvery)
			if played(&s, &now, 0, c.share, looks) != 1 {
				t.Fatal("not one change at the end of the calm")
			}
			if got := s.limit / before; got < c.from*0.99 || got > c.to*1.01 {
				t.Errorf("%.2f times the limit, want %.2f", got, c.from)
			}
		})
	}
}
