// Package alarm ends a wait at a time, by a timer of the system's.
//
// Whoever waits in Go's poller could set a deadline there, but that is a timer
// of the runtime's. When nothing runs, the scheduler's monitor thread sleeps
// until the next of those, wakes for each, also for one that was moved since,
// and rests 10 ms before it sleeps again. A deadline that is always a few
// hundredths of a second away keeps it awake: two to three milliseconds of
// processor time a second. A timer of the system's (timerfd_create(2)) is one
// more file in the poller, of which that thread knows nothing.
package alarm

import (
	"sync/atomic"
	"time"
)

// Alarm rings at the time it is set to. Set and Close are for one goroutine, its owner.
type Alarm struct {
	ring    func()
	clock   clock
	at      time.Time
	pending atomic.Bool // set to at, and has not rung since
}

// clock is what counts the time down.
type clock interface {
	// start has the clock expire once, after d, and not when it was to before.
	start(d time.Duration)
	// stop ends it, and waits until nothing of it runs.
	stop()
}

// New makes an alarm that calls ring, from another goroutine. Where the system
// has no timer for it, one of the runtime's does.
func New(ring func()) *Alarm {
	a := &Alarm{ring: ring}
	var err error
	if a.clock, err = system(a.expired); err != nil {
		a.clock = newFallback(a.expired)
	}
	return a
}

// Set has the alarm ring once at a time, and not when it was to before, unless
// it is about to: it may ring too early once then, and never too late. It says
// whether it will ring; not for a time that has passed.
func (a *Alarm) Set(at time.Time) bool {
	if a.pending.Load() && at.Equal(a.at) {
		return true
	}
	d := time.Until(at)
	if d <= 0 {
		return false
	}
	a.at = at
	a.pending.Store(true) // before it can expire
	a.clock.start(d)
	return true
}

// Close ends the alarm. It does not ring any more when Close has returned.
func (a *Alarm) Close() { a.clock.stop() }

func (a *Alarm) expired() {
	a.pending.Store(false)
	a.ring()
}

// fallback is a timer of the runtime's.
type fallback struct {
	timer *time.Timer
	over  chan struct{}
	done  chan struct{}
}

func newFallback(expired func()) *fallback {
	f := &fallback{timer: time.NewTimer(time.Hour), over: make(chan struct{}), done: make(chan struct{})}
	f.timer.Stop()
	go func() {
		defer close(f.done)
		for {
			select {
			case <-f.timer.C:
				expired()
			case <-f.over:
				return
			}
		}
	}()
	return f
}

func (f *fallback) start(d time.Duration) { f.timer.Reset(d) }

func (f *fallback) stop() {
	close(f.over)
	<-f.done
	f.timer.Stop()
}
