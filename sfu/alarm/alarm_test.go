package alarm

import (
	"testing"
	"time"
)

// patience is how long a test waits for what comes in milliseconds.
const patience = 20 * time.Second

// each runs a test with every clock there is, and tells it of each ring.
func each(t *testing.T, test func(t *testing.T, a *Alarm, rung <-chan time.Time)) {
	clocks := map[string]func(expired func()) (clock, error){
		"system":  system,
		"runtime": func(expired func()) (clock, error) { return newFallback(expired), nil },
	}
	for name, start := range clocks {
		t.Run(name, func(t *testing.T) {
			rung := make(chan time.Time, 100)
			a := &Alarm{ring: func() { rung <- time.Now() }}
			var err error
			if a.clock, err = start(a.expired); err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			test(t, a, rung)
		})
	}
}

func wait(t *testing.T, rung <-chan time.Time, at time.Time) {
	t.Helper()
	select {
	case when := <-rung:
		if when.Before(at) {
			t.Errorf("it rang %v early", at.Sub(when))
		}
	case <-time.After(patience):
		t.Fatal("it did not ring")
	}
}

func TestItRingsAtItsTime(t *testing.T) {
	each(t, func(t *testing.T, a *Alarm, rung <-chan time.Time) {
		for _, d := range []time.Duration{time.Millisecond, 10 * time.Microsecond, 5 * time.Millisecond} {
			at := time.Now().Add(d)
			if !a.Set(at) {
				continue // this machine took longer to get here
			}
			a.Set(at) // it has been set to that already
			wait(t, rung, at)
			if a.Set(at) {
				t.Error("it will ring for what has passed")
			}
		}
	})
}

// TestItIsMoved: it rings at the last time it was set to, once.
func TestItIsMoved(t *testing.T) {
	each(t, func(t *testing.T, a *Alarm, rung <-chan time.Time) {
		far := time.Now().Add(time.Hour)
		for range 3 {
			if !a.Set(far) {
				t.Fatal("it will not ring in an hour")
			}
			at := time.Now().Add(5 * time.Millisecond)
			if a.Set(at) { // a busy machine may take longer than that
				wait(t, rung, at)
			}
		}
		start := time.Now()
		for i := range 200 {
			a.Set(start.Add(time.Minute + time.Duration(i)*time.Millisecond))
		}
		at := time.Now().Add(20 * time.Millisecond)
		a.Set(at)
		wait(t, rung, at)
		if len(rung) > 0 {
			t.Error("it rang twice")
		}
	})
}

func TestItIsSilentAfterClose(t *testing.T) {
	for range 50 {
		closed := false
		a := New(func() {
			if closed {
				t.Error("it rang when it was closed")
			}
		})
		a.Set(time.Now().Add(50 * time.Microsecond))
		a.Close()
		closed = true // the race detector sees a ring that is late, too
	}
}

func TestSettingAllocatesNothing(t *testing.T) {
	each(t, func(t *testing.T, a *Alarm, _ <-chan time.Time) {
		at := time.Now().Add(time.Hour)
		if n := testing.AllocsPerRun(100, func() { at = at.Add(time.Second); a.Set(at) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}
