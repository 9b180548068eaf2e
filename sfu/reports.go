package sfu

import (
	"slices"
	"sync"
)

// maxNews bounds the connection events waiting to be reported. The newest
// seating, layers and speakers replace older ones, so they need no bound.
const maxNews = 64

// reports calls a peer's [Report] in order, from one goroutine.
type reports struct {
	to   Report
	done chan struct{}
	wake chan struct{}

	mu     sync.Mutex
	queue  []news
	closed bool
}

// news is one report waiting. What has a key replaces older news of that key.
type news struct {
	key  string
	tell func(Report)
}

func newReports(to Report) *reports {
	r := &reports{to: to, done: make(chan struct{}), wake: make(chan struct{}, 1)}
	go r.run()
	return r
}

func (r *reports) add(key string, tell func(Report)) {
	r.mu.Lock()
	if key != "" {
		r.queue = slices.DeleteFunc(r.queue, func(n news) bool { return n.key == key })
	}
	if !r.closed && len(r.queue) < maxNews {
		r.queue = append(r.queue, news{key, tell})
	}
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *reports) run() {
	defer close(r.done)
	for range r.wake {
		r.mu.Lock()
		queue, closed := r.queue, r.closed
		r.queue = nil
		r.mu.Unlock()
		if closed {
			return
		}
		for _, n := range queue {
			n.tell(r.to)
		}
	}
}

// close drops what waits and waits for a report under way.
func (r *reports) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
	<-r.done
}
