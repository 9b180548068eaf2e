package sfu

import (
	"slices"
	"sync"
)

// maxNews bounds the connection events waiting to be reported. The newest
// seating, layers and speakers replace older ones, so they need no bound.
const maxNews = 64

// reports calls a peer's [Report] in order, one call at a time, from a
// goroutine that lives only while there is something to report.
type reports struct {
	to Report

	mu     sync.Mutex
	queue  []news
	closed bool
	// done is closed when the goroutine that runs has ended; nil while none runs.
	done chan struct{}
}

// news is one report waiting. What has a key replaces older news of that key.
type news struct {
	key  string
	tell func(Report)
}

func newReports(to Report) *reports { return &reports{to: to} }

func (r *reports) add(key string, tell func(Report)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if key != "" {
		r.queue = slices.DeleteFunc(r.queue, func(n news) bool { return n.key == key })
	}
	if r.closed || len(r.queue) >= maxNews {
		return
	}
	r.queue = append(r.queue, news{key, tell})
	if r.done == nil {
		r.done = make(chan struct{})
		go r.run(r.done)
	}
}

func (r *reports) run(done chan struct{}) {
	defer close(done)
	for {
		queue := r.take()
		if queue == nil {
			return
		}
		for _, n := range queue {
			n.tell(r.to)
		}
	}
}

// take gives what waits; nil ends the goroutine.
func (r *reports) take() []news {
	r.mu.Lock()
	defer r.mu.Unlock()
	queue := r.queue
	r.queue = nil
	if queue == nil {
		r.done = nil
	}
	return queue
}

// close drops what waits and waits for a report under way.
func (r *reports) close() {
	r.mu.Lock()
	r.closed, r.queue = true, nil
	done := r.done
	r.mu.Unlock()
	if done != nil {
		<-done
	}
}
