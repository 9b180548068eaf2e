package rooms

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"palabre/rooms/chat"
	"palabre/rooms/poll"
)

const (
	// recallPatience is how long a room waits for its memory before it lets
	// people in by what they can prove alone.
	recallPatience = 400 * time.Millisecond
	// returnPatience is how long those wait who come back after a restart, since
	// the meeting they were in goes on only once it is remembered.
	returnPatience = 3 * time.Second
	// recallTimeout bounds one attempt to remember, recallPause is between two.
	recallTimeout = 3 * time.Second
	recallPause   = time.Second
	// maxUnkept is how many facts of one room may wait to be remembered. Then
	// commands that would add one are refused.
	maxUnkept = 1000
)

// Memory is what the rooms ask of whoever remembers. The store implements it.
type Memory interface {
	// Recall gives what is remembered of a room; of one nobody ever heard of
	// that is nothing, and no error.
	Recall(ctx context.Context, room string) (Recollection, error)
	// Keep remembers facts, in the order of the calls. It does not block. kept
	// is called once they are safe, or once they wait in a bounded queue for a
	// store that is away; not from within Keep.
	Keep(facts []Fact, kept func())
	// Full says that so much waits for a store that is away that only facts
	// nobody can refuse should still come.
	Full() bool
}

// Recollection is what is remembered of one room.
type Recollection struct {
	// Profile is the room's own; its Name is empty where there is none.
	Profile Profile
	// Meeting is the one that was on when the server stopped; its ID is empty where none was.
	Meeting Meeting
	// Seen is when that meeting was last known to be on.
	Seen time.Time
	// People have been in that meeting, by identity (then true) or else
	// participant id, and Most of them at once.
	People map[string]bool
	Most   int
	// Chat is that meeting's newest lines, oldest first, private ones among them.
	Chat []chat.Line
	// Polls are that meeting's, in the order they were written.
	Polls []poll.Poll
}

// awaken asks the memory what it knows of the room, and gives it a moment to
// answer before anybody is let in. What it returns ends the asking.
func (r *room) awaken() (end func()) {
	if r.recalled {
		close(r.answered)
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.rooms.running.Go(func() { r.recall(ctx) })
	patience := time.NewTimer(recallPatience)
	defer patience.Stop()
	select {
	case <-r.answered:
	case <-patience.C:
	case <-r.stop:
	}
	_ = r.guarded(r.catchUp)
	return cancel
}

// recall fetches what is remembered, over and over until it is had. It is a
// goroutine of its own: the room answers meanwhile.
func (r *room) recall(ctx context.Context) {
	told := false
	for {
		attempt, cancel := context.WithTimeout(ctx, recallTimeout)
		found, err := r.rooms.cfg.Memory.Recall(attempt, r.name)
		cancel()
		if err == nil {
			r.afterwards(func() { r.remember(found) })
		}
		if !told {
			close(r.answered)
			told = true
			if err != nil {
				r.log.Warn("the room's memory is away: only who proves a right may come in", "error", err)
			}
		}
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(recallPause):
		}
	}
}

// heard waits until the memory has answered or failed for the first time.
func (r *room) heard(ctx context.Context) {
	patience := time.NewTimer(returnPatience)
	defer patience.Stop()
	select {
	case <-r.answered:
	case <-patience.C:
	case <-ctx.Done():
	}
}

// remember takes up what was recalled. A meeting that began without memory
// stays as it is; its room follows the settings that are now known.
func (r *room) remember(found Recollection) {
	r.recalled = true
	if found.Profile.Name != "" {
		r.profile = found.Profile
		r.reconfigured(nil, 0)
	}
	if r.meeting.ID != "" || found.Meeting.ID == "" {
		return
	}
	r.meeting, r.seen = found.Meeting, found.Seen
	r.resumeBreakouts()
	r.tally.recall(found.People, found.Most)
	r.polls.book = poll.Restore(found.Polls)
	r.talk.Restore(found.Chat)
}

// keep has a fact remembered and then does what waits for that, on the room's
// goroutine. Without memory there is nothing to wait for.
func (r *room) keep(by Actor, data FactData, then func()) {
	memory := r.rooms.cfg.Memory
	if memory == nil {
		if then != nil {
			then()
		}
		return
	}
	fact := Fact{ID: newID(), Room: r.name, Meeting: r.meeting.ID, At: time.Now(), By: by, Data: data}
	r.unkept++
	memory.Keep([]Fact{fact}, func() {
		r.afterwards(func() {
			r.unkept--
			if then != nil {
				then()
			}
		})
	})
}

// remembering says whether one more fact may wait to be remembered.
func (r *room) remembering() error {
	if memory := r.rooms.cfg.Memory; r.unkept >= maxUnkept || memory != nil && memory.Full() {
		return &Error{Code: CodeUnavailable, Message: "The server cannot store this now.", RetryAfter: recallPause}
	}
	return nil
}

// newID is a UUID of version 7 (RFC 9562), which sorts by time.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// errands are what other goroutines want done on the room's; they never wait.
type errands struct {
	mu   sync.Mutex
	list []func()
}

func (l *errands) add(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, f)
}

func (l *errands) take() []func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.list
	l.list = nil
	return list
}

// afterwards has something done on the room's goroutine, soon. What is asked of
// it is bounded by who asks: one for each fact that waits, one recollection.
func (r *room) afterwards(f func()) {
	r.later.add(f)
	r.look()
}
