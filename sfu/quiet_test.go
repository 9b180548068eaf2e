package sfu_test

import (
	"testing"
	"time"
)

// disturbed is for how long a machine may keep a goroutine from running that
// wants to, for what is measured meanwhile to say something about the server.
const disturbed = 10 * time.Millisecond

// undisturbed measures until it succeeds or nothing but the server can be why
// it does not; at most five times. The caller judges by the last measurement.
func undisturbed(t testing.TB, measure func() (ok bool)) {
	t.Helper()
	for try := range 5 {
		stop, worst := make(chan struct{}), make(chan time.Duration)
		go lateness(stop, worst)
		ok := measure()
		close(stop)
		stood := <-worst
		if ok || try == 4 || stood < disturbed {
			return
		}
		t.Logf("measured again: the machine stood still for %v", stood)
	}
}

// lateness gives by how much a timer was late at worst.
func lateness(stop <-chan struct{}, worst chan<- time.Duration) {
	const every = 5 * time.Millisecond
	tick := time.NewTimer(every)
	defer tick.Stop()
	most := time.Duration(0)
	for due := time.Now().Add(every); ; due = time.Now().Add(every) {
		select {
		case <-stop:
			worst <- most
			return
		case <-tick.C:
			most = max(most, time.Since(due))
			tick.Reset(every)
		}
	}
}
