package shard

import (
	"log/slog"
	"runtime"
	"time"
)

// Still is an engine without goroutines: its shards work when told to, at the
// time it is then. What happens depends on nothing but what is put in.
type Still struct {
	*Engine
	now time.Time
}

// NewStill makes a Still of count shards.
func NewStill(count int) *Still {
	now := time.Unix(1e9, 0)
	return &Still{Engine: build(Config{Shards: count, Logger: slog.New(slog.DiscardHandler)}, now), now: now}
}

// Now is what time it is there.
func (st *Still) Now() time.Time { return st.now }

// Settle has the shards work until nothing waits.
func (st *Still) Settle() {
	for busy := true; busy; {
		busy = false
		for _, s := range st.shards {
			s.mu.Lock()
			waiting := len(s.inbox) > 0 || s.interlude.at < len(s.batch)
			s.mu.Unlock()
			if waiting {
				busy = true
				s.turn(st.Now)
			}
		}
	}
}

// Turn has one shard work once.
func (st *Still) Turn(shard int) { st.shards[shard].turn(st.Now) }

// Waiting is how much waits for one shard.
func (st *Still) Waiting(shard int) int {
	s := st.shards[shard]
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.inbox)
}

// Pass lets time go by, a tick at a time.
func (st *Still) Pass(d time.Duration) {
	for end := st.now.Add(d); st.now.Before(end); {
		st.now = st.now.Add(min(tickEvery, end.Sub(st.now)))
		for _, s := range st.shards {
			s.turn(st.Now)
		}
		st.Settle()
	}
}

// Do runs f, which may wait for the shards.
func (st *Still) Do(f func()) {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	for {
		st.Settle()
		select {
		case <-done:
			st.Settle()
			return
		default:
			runtime.Gosched()
		}
	}
}

// Streams is how many incoming streams the peer remembers; only with [Still].
func (p *Peer) Streams() int { return len(p.streams) }

// Leave has a viewer leave what the track sends, as one does that goes over to
// another layer while a frame of this one is on its way; only with [Still].
func (t *Track) Leave(viewer int) {
	l := t.layers[0]
	l.unsubscribe(l.groups[0].lines[viewer])
}
