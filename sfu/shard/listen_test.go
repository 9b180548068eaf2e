package shard_test

import (
	"testing"
	"time"

	"palabre/sfu/quality"
	"palabre/sfu/shard"
)

// listening is a call of which one only listens, and shows no picture.
func listening(t *testing.T) (wait func(time.Duration), a, b *person) {
	t.Helper()
	engine, a, b := call(func(a, _ *person) { a.mute, a.blind = true, true })
	a.look(b, 0, 0)
	a.marks, a.seen = nil, 0
	t.Cleanup(func() { engine.Do(func() { a.peer.Close(); b.peer.Close() }) })
	return func(d time.Duration) { pass(engine, d, a, b) }, a, b
}

// TestOnlyWhoLooksIsNumbered: packets bear transport-wide numbers while a picture
// is shown, voices too, and numbers go on where they ended.
func TestOnlyWhoLooksIsNumbered(t *testing.T) {
	wait, a, b := listening(t)
	wait(20 * time.Second)
	if len(a.marks) > 0 || a.seen < 950 {
		t.Fatalf("%d of %d packets have a number while nothing is to be seen", len(a.marks), a.seen)
	}
	for range 3 {
		a.look(b, 640, 360)
		wait(5 * time.Second)
		a.look(b, 0, 0)
		wait(time.Second) // the last pictures are on their way
		ended := len(a.marks)
		wait(20 * time.Second)
		if len(a.marks) > ended {
			t.Fatalf("%d packets have a number while nothing is to be seen", len(a.marks)-ended)
		}
	}
	// Each look begins with what is cached since the last key frame, a second at most.
	if want := 3 * 5 * 2 * 50; len(a.marks) < want-30 || len(a.marks) > want+3*(50+30) {
		t.Errorf("%d packets have a number, want those of 15 s of pictures and a voice, %d", len(a.marks), want)
	}
	for i := 1; i < len(a.marks); i++ {
		if a.marks[i] != a.marks[i-1]+1 {
			t.Fatalf("number %d follows %d", a.marks[i], a.marks[i-1])
		}
	}
	if len(a.bars) != 1 || a.now() != [2]int{good, good} {
		t.Errorf("told %v, want good both ways, once", a.bars)
	}
}

// TestACameraThatIsOffIsNotLookedAt: without a track there is nothing to show,
// however large the line's tile is.
func TestACameraThatIsOffIsNotLookedAt(t *testing.T) {
	wait, a, b := listening(t)
	a.look(&person{tracks: make([]*shard.Track, 1)}, 640, 360)
	wait(5 * time.Second)
	if len(a.marks) > 0 || a.seen < 200 {
		t.Errorf("%d of %d packets have a number", len(a.marks), a.seen)
	}
	if b.now() != [2]int{good, good} {
		t.Errorf("told %v", b.bars)
	}
}

// TestWhoseReportsAreLostIsAsked: reports of who only listens are few. When they
// are lost, numbers find out that packets arrive all the same.
func TestWhoseReportsAreLostIsAsked(t *testing.T) {
	wait, a, _ := listening(t)
	wait(10 * time.Second)
	a.up = func(step int) bool { return step%250 == 0 } // each that comes every 5 s
	wait(30 * time.Second)
	if len(a.marks) == 0 || len(a.marks) > a.seen/4 {
		t.Errorf("%d of %d packets had a number", len(a.marks), a.seen)
	}
	if len(a.bars) != 1 || a.now() != [2]int{good, good} {
		t.Errorf("told %v, want good both ways, once", a.bars)
	}
	a.up, a.down = nil, dark
	wait(13 * time.Second)
	if a.now() != [2]int{good, int(quality.Lost)} {
		t.Errorf("told %v once nothing arrives", a.bars)
	}
}

// TestLossOfVoicesIsGraded: of who only listens reception reports tell.
func TestLossOfVoicesIsGraded(t *testing.T) {
	for every, want := range map[int]int{100: good, 20: 2, 6: 1} {
		wait, a, _ := listening(t)
		wait(10 * time.Second)
		a.down = func(n int) bool { return n%every == 0 }
		wait(20 * time.Second)
		if a.now() != [2]int{good, want} {
			t.Errorf("one in %d lost: told %v, want %d", every, a.bars, want)
		}
		if len(a.marks) > 0 {
			t.Errorf("%d packets had a number", len(a.marks))
		}
	}
}
