package nack_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"palabre/sfu/nack"
)

const ms = time.Millisecond

// see gives the list packets in order, at one moment.
func see(l *nack.List, now time.Duration, sequences ...uint64) {
	for _, s := range sequences {
		l.Seen(s, now)
	}
}

func TestWhatIsMissingIsAskedFor(t *testing.T) {
	var l nack.List
	see(&l, 0, 65534, 65535, 65538)
	if due := l.Due(0, 50*ms, nil); len(due) != 0 {
		t.Errorf("asked for %v before it can be more than reordering", due)
	}
	if next, ok := l.Next(); !ok || next != 5*ms {
		t.Errorf("next is %s, %v", next, ok)
	}
	if due := l.Due(5*ms, 50*ms, nil); !slices.Equal(due, []uint16{0, 1}) {
		t.Errorf("asked for %v", due)
	}
	if !l.Seen(65537, 6*ms) || l.Seen(65537, 6*ms) || l.Seen(65530, 6*ms) {
		t.Error("a missing packet is recovered once, and one from long before never")
	}
	if due := l.Due(40*ms, 50*ms, nil); len(due) != 0 {
		t.Errorf("asked again for %v within the round trip", due)
	}
	if due := l.Due(80*ms, 50*ms, nil); !slices.Equal(due, []uint16{0}) {
		t.Errorf("asked again for %v", due)
	}
}

// TestAPacketIsAskedForTenTimes wants every request but the first to be said
// twice, and a round trip between different ones.
func TestAPacketIsAskedForTenTimes(t *testing.T) {
	var l nack.List
	see(&l, 0, 1, 3)
	asked := 0
	var last time.Duration
	for now := time.Duration(0); now < 5*time.Second; now += ms {
		if due := l.Due(now, 40*ms, nil); len(due) > 0 {
			if gap := now - last; asked > 0 && asked%2 == 0 && gap != 10*ms || asked%2 == 1 && gap < 40*ms {
				t.Errorf("asked for the %dth time after %s", asked+1, gap)
			}
			asked, last = asked+1, now
		}
	}
	if asked != 2*nack.MaxTries-1 || l.Missing() != 0 || l.Lost() != 1 || !l.Broken() {
		t.Errorf("asked %d times, %d missing, %d lost, broken %v", asked, l.Missing(), l.Lost(), l.Broken())
	}
	l.KeyFrame(9, 5*time.Second)
	if l.Broken() {
		t.Error("still broken after a key frame")
	}
}

func TestOnALongPathItIsGivenUpAfterASecond(t *testing.T) {
	var l nack.List
	see(&l, 0, 1, 3)
	asked := 0
	for now := time.Duration(0); now < 5*time.Second; now += ms {
		asked += len(l.Due(now, 600*ms, nil))
	}
	if asked != 5 || l.Missing() != 0 {
		t.Errorf("asked %d times, want 5; %d still missing", asked, l.Missing())
	}
}

func TestAKeyFrameMakesWhatCameBeforeUseless(t *testing.T) {
	var l nack.List
	see(&l, 0, 1, 3, 5, 8)
	l.KeyFrame(5, 50*ms)
	if l.Missing() != 4 {
		t.Errorf("%d missing, want 4: they may come in time", l.Missing())
	}
	l.KeyFrame(5, 300*ms)
	if due := l.Due(300*ms, 0, nil); !slices.Equal(due, []uint16{6, 7}) {
		t.Errorf("asked for %v", due)
	}
}

// TestAPathThatReordersIsGivenTime has every other packet come 25 ms late: soon
// none is asked for any more, until packets really are lost.
func TestAPathThatReordersIsGivenTime(t *testing.T) {
	var l nack.List
	late := map[time.Duration]uint64{}
	asked := 0
	for n := range 1000 {
		now := time.Duration(n) * ms
		if s, ok := late[now]; ok {
			l.Seen(s, now)
		}
		if n%10 == 0 {
			see(&l, now, uint64(n/5))
			late[now+25*ms] = uint64(n/5) + 1 // the next to come overtakes it
		}
		if due := l.Due(now, 80*ms, nil); n > 100 {
			asked += len(due)
		}
	}
	if asked > 0 {
		t.Errorf("%d packets were asked for that were on their way", asked)
	}
	highest := uint64(1000)
	for range 100 { // now what is missing comes when it was asked for, a round trip later
		see(&l, 0, highest, highest+2)
		l.Seen(highest+1, 85*ms)
		highest += 3
	}
	see(&l, time.Second, highest, highest+2)
	if next, ok := l.Next(); !ok || next != time.Second+5*ms {
		t.Errorf("asks at %s, want 5ms after the gap", next)
	}
}

func TestABreakIsNotALoss(t *testing.T) {
	var l nack.List
	see(&l, 0, 1, 3, 10_000)
	if l.Missing() != 0 || !l.Broken() || l.Lost() != 9_997 {
		t.Errorf("%d missing, broken %v, %d lost", l.Missing(), l.Broken(), l.Lost())
	}
	l.Reset()
	see(&l, 0, 5)
	if l.Missing() != 0 || l.Broken() {
		t.Error("a new start remembers the old")
	}
}

// TestTheListIsRight compares with a set kept beside it.
func TestTheListIsRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l nack.List
		highest := uint64(70_000)
		l.Seen(highest, 0)
		missing := map[uint64]bool{}
		var now time.Duration
		tries := map[uint16]int{}
		for range rapid.IntRange(1, 300).Draw(t, "packets") {
			now += time.Duration(rapid.IntRange(0, 3).Draw(t, "pass")) * ms
			s := highest + uint64(rapid.IntRange(1, 4).Draw(t, "ahead"))
			if rapid.IntRange(0, 2).Draw(t, "behind") == 0 {
				s = highest - uint64(rapid.IntRange(0, 40).Draw(t, "back"))
			}
			if got, want := l.Seen(s, now), missing[s]; got != want {
				t.Fatalf("packet %d recovered: %v, want %v", s, got, want)
			}
			delete(missing, s)
			for ; highest < s; highest++ {
				if highest+1 < s {
					missing[highest+1] = true
				}
			}
			due := l.Due(now, 30*ms, nil)
			if !slices.IsSorted(due) {
				t.Fatalf("not in order: %v", due)
			}
			for _, d := range due {
				if tries[d]++; !missing[70_000+uint64(d-70_000&0xFFFF)] || tries[d] >= 2*nack.MaxTries {
					t.Fatalf("asked for %d, try %d", d, tries[d])
				}
			}
			if lost := int(l.Lost()); l.Missing()+lost != len(missing) && lost == 0 || l.Missing() > nack.MaxMissing {
				t.Fatalf("%d missing, %d lost, want %d", l.Missing(), lost, len(missing))
			}
			if lost := l.Lost(); lost > 0 {
				return // from here on the set beside it does not know what was given up
			}
		}
	})
}

func TestAskingDoesNotAllocate(t *testing.T) {
	var l nack.List
	var now time.Duration
	dst := make([]uint16, 0, nack.MaxMissing)
	s := uint64(0)
	round := func() {
		l.Seen(s, now)
		s += 3
		now += 10 * ms
		dst = l.Due(now, 20*ms, dst[:0])
	}
	for range 1000 {
		round()
	}
	if n := testing.AllocsPerRun(1000, round); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}
