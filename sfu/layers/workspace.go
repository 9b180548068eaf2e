package layers

import "slices"

// Workspace is the memory that the Allocators of one goroutine share: a choice
// for somebody leaves no garbage. The zero value is ready.
type Workspace struct {
	choices []Choice
	videos  []video
	shown   []*video
	rungs   []rung // given out from the front, used of them
	used    int
	order   []int
	sorted  []Rung
}

// NewAllocator makes the Allocator of one viewer.
func (w *Workspace) NewAllocator() *Allocator {
	return &Allocator{space: w, videos: make(map[string]*memory)}
}

// begin makes room for a choice among so many videos.
func (w *Workspace) begin(videos int) {
	w.choices = slices.Grow(w.choices[:0], videos)[:videos]
	w.videos = slices.Grow(w.videos[:0], videos)[:videos]
	w.shown = slices.Grow(w.shown[:0], videos)
	w.used = 0
}

// end lets go of what the choice was about.
func (w *Workspace) end() {
	clear(w.videos)
	clear(w.shown[:cap(w.shown)])
}

// list is room for up to n rungs until the next choice.
func (w *Workspace) list(n int) []rung {
	if w.used+n > len(w.rungs) {
		// What was given out stays where it is, for as long as somebody has it.
		w.rungs, w.used = make([]rung, max(2*len(w.rungs), 8*n)), 0
	}
	at := w.used
	w.used += n
	return w.rungs[at:at:w.used]
}
