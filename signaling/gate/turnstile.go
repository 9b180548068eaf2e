package gate

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"
)

// Rank is who goes first at a [Turnstile].
type Rank int

// The ranks, the first one first: whose way in is begun, who had been inside
// and comes back, and who is new.
const (
	Begun Rank = iota
	Returning
	Newcomer
	ranks
)

const (
	// promptly is how soon what is ready to run does run while the processors
	// keep up.
	promptly = time.Millisecond
	// patience bounds how long nobody is let through, however busy they are.
	patience = 20 * time.Millisecond
)

// Turnstile lets people in as fast as the processors keep up with them, one
// after the other, and one each patience, or as often as it gets to run, however
// busy they are. A crowd that came in at once would be served all at the same
// time and so all of it late, and whoever is in a meeting would wait behind it: what
// sends their packets is one of a thousand things then that are ready to run.
//
// Who waits is held in memory until their context ends; the caller bounds how
// many there are. The zero value is not ready: use [NewTurnstile].
type Turnstile struct {
	delay func() time.Duration

	mu      sync.Mutex
	waiting [ranks][]chan struct{} // closed when let through
	turning bool                   // a goroutine looks whether the next may go
}

// NewTurnstile makes a turnstile that nobody waits at. delay measures how long what is
// ready to run waits for a processor: [SchedulingDelay].
func NewTurnstile(delay func() time.Duration) *Turnstile { return &Turnstile{delay: delay} }

// SchedulingDelay has everything go first that is ready to run, and gives how long that took.
func SchedulingDelay() time.Duration {
	start := time.Now()
	runtime.Gosched()
	return time.Since(start)
}

// Pass waits until the caller may go on; an error is that of ctx.
func (t *Turnstile) Pass(ctx context.Context, rank Rank) error {
	t.mu.Lock()
	if !t.turning { // so nobody waits
		t.turning = true
		t.mu.Unlock()
		go t.turn()
		return ctx.Err()
	}
	through := make(chan struct{})
	t.waiting[rank] = append(t.waiting[rank], through)
	t.mu.Unlock()
	select {
	case <-through:
		return nil
	case <-ctx.Done():
		t.leave(rank, through)
		return ctx.Err()
	}
}

func (t *Turnstile) leave(rank Rank, through chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting[rank] = slices.DeleteFunc(t.waiting[rank], func(c chan struct{}) bool { return c == through })
}

// turn lets one after the other through until nobody waits.
func (t *Turnstile) turn() {
	for {
		t.settle()
		if !t.next() {
			return
		}
	}
}

// settle waits until the processors have done what there was to do.
func (t *Turnstile) settle() {
	for waited := time.Duration(0); waited < patience; {
		delay := t.delay()
		if delay <= promptly {
			return
		}
		waited += delay
	}
}

// next lets the first one through; false when nobody waits.
func (t *Turnstile) next() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for rank := range t.waiting {
		if len(t.waiting[rank]) > 0 {
			close(t.waiting[rank][0])
			t.waiting[rank] = t.waiting[rank][1:]
			return true
		}
	}
	t.waiting = [ranks][]chan struct{}{} // with its memory
	t.turning = false
	return false
}
