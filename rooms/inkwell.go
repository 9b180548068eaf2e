package rooms

import (
	"sync"
	"time"
)

const (
	// maxInk is how many messages of one person may wait for the room. The media
	// plane lets 40 a second through, and the room takes all of them several times
	// in one, so that more wait only where the room is stuck: the newest are then
	// lost, and whoever sent them is told the drawing anew.
	maxInk = 64
)

// inkwell is what people's data channels brought and the room has not taken
// yet. Other goroutines fill it without waiting; the room empties it.
type inkwell struct {
	// wake asks the room's goroutine to look.
	wake chan struct{}

	mu      sync.Mutex
	drops   []inkDrop
	waiting map[*person]int
	asked   bool // to look after a while
}

// inkDrop is one message, or that somebody's line has room again, or that a
// message of theirs was lost.
type inkDrop struct {
	from *person
	data []byte
	// roomy: what could not be sent to them may be sent again.
	roomy bool
	// spilt: messages of theirs were lost.
	spilt bool
}

func newInkwell() *inkwell {
	return &inkwell{wake: make(chan struct{}, 1), waiting: map[*person]int{}}
}

// pour adds a message of somebody; data is copied.
func (w *inkwell) pour(from *person, data []byte) {
	w.mu.Lock()
	switch n := w.waiting[from]; {
	case n < maxInk:
		w.drops = append(w.drops, inkDrop{from: from, data: append([]byte(nil), data...)})
		w.waiting[from]++
	case n == maxInk:
		w.drops = append(w.drops, inkDrop{from: from, spilt: true})
		w.waiting[from]++
	}
	w.mu.Unlock()
	w.look()
}

// roomy notes that there is room again on somebody's line.
func (w *inkwell) roomy(to *person) {
	w.mu.Lock()
	w.drops = append(w.drops, inkDrop{from: to, roomy: true})
	w.mu.Unlock()
	w.look()
}

// lookIn asks for a look after a while.
func (w *inkwell) lookIn(wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.asked {
		w.asked = true
		time.AfterFunc(wait, func() {
			w.mu.Lock()
			w.asked = false
			w.mu.Unlock()
			w.look()
		})
	}
}

func (w *inkwell) look() {
	select {
	case w.wake <- struct{}{}:
	default: // it has been asked already
	}
}

// empty gives all there is, in the order it came.
func (w *inkwell) empty() []inkDrop {
	w.mu.Lock()
	defer w.mu.Unlock()
	drops := w.drops
	w.drops = nil
	clear(w.waiting)
	return drops
}
