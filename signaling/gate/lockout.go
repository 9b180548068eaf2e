package gate

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	// freeGuesses is how often an address may guess a room's password before it
	// waits: people mistype.
	freeGuesses = 5
	// firstWait is the wait after those; each further wrong guess doubles it, up
	// to longestWait. Nobody makes more than five guesses in a minute, and 10 000
	// numbers of four digits take longer than a year.
	firstWait, longestWait = time.Minute, time.Hour
	// forgetEvery takes one wrong guess off.
	forgetEvery = time.Hour
)

// ErrLocked is wrapped by a [Locked].
var ErrLocked = errors.New("too many wrong passwords from this address")

// Locked says when the next guess may be made.
type Locked struct{ After time.Duration }

func (l *Locked) Error() string { return fmt.Sprintf("%v: wait %v", ErrLocked, l.After) }

// Unwrap gives ErrLocked.
func (l *Locked) Unwrap() error { return ErrLocked }

// Lockout counts wrong passwords by room and address. Unlike a [Gate] it spares
// nobody, not even this machine: nobody needs six guesses.
type Lockout struct {
	mu    sync.Mutex
	tries *simplelru.LRU[tried, guesses]
}

// tried is who tried what.
type tried struct{ address, room string }

// guesses are the wrong ones, and until when no other is heard.
type guesses struct {
	wrong int
	last  time.Time
	until time.Time
}

// NewLockout makes one.
func NewLockout() (*Lockout, error) {
	tries, err := simplelru.NewLRU[tried, guesses](remembered, nil)
	if err != nil {
		return nil, fmt.Errorf("making the list of wrong passwords: %w", err)
	}
	return &Lockout{tries: tries}, nil
}

// Guess counts a guess as wrong before it is looked at, so that many at once
// are no more than one after the other; Right takes it back. An error is a [Locked].
func (l *Lockout) Guess(addr netip.Addr, room string, now time.Time) error {
	key := tried{network(addr, 32, 64), room}
	l.mu.Lock()
	defer l.mu.Unlock()
	g, _ := l.tries.Peek(key)
	if now.Before(g.until) {
		return &Locked{g.until.Sub(now)}
	}
	if forgotten := int(now.Sub(g.last) / forgetEvery); g.wrong > 0 && forgotten > 0 {
		g.wrong = max(0, g.wrong-forgotten)
	}
	g.wrong++
	g.last = now
	if over := g.wrong - freeGuesses; over >= 0 {
		g.until = now.Add(min(longestWait, firstWait<<min(over, 10)))
	}
	l.tries.Add(key, g)
	return nil
}

// Right takes back a guess that was not wrong. The wrong ones before it stay
// counted: whoever knows one password must not clear the way for who does not.
func (l *Lockout) Right(addr netip.Addr, room string) {
	key := tried{network(addr, 32, 64), room}
	l.mu.Lock()
	defer l.mu.Unlock()
	g, known := l.tries.Peek(key)
	if !known {
		return
	}
	if g.wrong--; g.wrong <= 0 {
		l.tries.Remove(key)
		return
	}
	g.until = time.Time{}
	l.tries.Add(key, g)
}
