package layers

import (
	"cmp"
	"math"
	"slices"
	"time"
)

const (
	// A layer is high enough while it is not blown up more than this; it is
	// left for a higher one, or for a lower one, a little beyond, so that a
	// size between two layers does not flap.
	enough, tooLittle, plenty = 1.2, 1.3, 1.1
	// reading is how much larger than a camera's a screen's layer is to be.
	reading = 1.7
	// rise is what a viewer's line must have to spare before a video gets a
	// higher layer, sink by how much the sum may exceed the limit before one
	// is taken away: both limit and bitrates are estimates.
	rise, sink = 1.15, 1.1
	// patience is how long a video that lost a layer to the limit does not get
	// it back; it doubles when that happens again within relapse.
	patience, longest, relapse = 3 * time.Second, 24 * time.Second, 20 * time.Second
	// smooth is the weight of a new measurement of a bitrate.
	smooth = 0.3
)

// Allocator chooses for one viewer. It is not safe for concurrent use.
type Allocator struct {
	videos map[string]*memory
	wanted int
}

// memory is what an Allocator remembers of one video.
type memory struct {
	size  int // the rung its size asked for
	level int // the rung it got, -1 paused
	costs []float64
	// lost is when the limit last took a rung away, hold for how long it stays away.
	lost time.Time
	hold time.Duration
}

// NewAllocator makes the Allocator of one viewer.
func NewAllocator() *Allocator { return &Allocator{videos: make(map[string]*memory)} }

// Allocate chooses the layers of all videos of the viewer, in the order of
// videos. limit is what all of them together may use, in bit/s; 0 or less
// means that no limit is known. Call it when something changed, and about
// twice a second.
//
// Screens get the layer they need first; then every other video its lowest
// layer; then higher ones, the pinned and the large before the others. What
// does not fit is paused.
func (a *Allocator) Allocate(videos []Video, limit int, now time.Time) []Choice {
	choices := make([]Choice, len(videos))
	var shown []*video
	seen := make(map[string]bool, len(videos))
	for i, v := range videos {
		choices[i] = none("")
		if v.Width > 0 && v.Height > 0 && len(v.Layers) > 0 {
			seen[v.ID] = true
			shown = append(shown, a.look(v, i))
		}
	}
	for id := range a.videos {
		if !seen[id] {
			delete(a.videos, id)
		}
	}
	slices.SortStableFunc(shown, before)
	s := share{left: math.Inf(1), now: now}
	if limit > 0 {
		s.left, s.slack = float64(limit), (sink-1)*float64(limit)
	}
	s.distribute(shown)
	a.wanted = 0
	for _, v := range shown {
		a.wanted += int(v.rungs[v.size].cost)
	}
	for _, v := range shown {
		choices[v.position] = s.settle(v)
	}
	return choices
}

// Wanted is what the videos of the last [Allocator.Allocate] would take
// together without a limit, in bit/s.
func (a *Allocator) Wanted() int { return a.wanted }

// video is a video while its layer is chosen.
type video struct {
	Video
	*memory
	position int
	rungs    []rung
	fresh    bool // not chosen for before
	got      int  // the rung it gets, -1 none
}

// look prepares a video: its rungs, what they cost, and which its size needs.
func (a *Allocator) look(v Video, position int) *video {
	m, known := a.videos[v.ID]
	if !known || len(m.costs) != len(v.Layers) {
		known = false
		m = &memory{level: -1, costs: make([]float64, len(v.Layers))}
		a.videos[v.ID] = m
	}
	rungs := ladder(v.Layers)
	for i := range rungs {
		r := &rungs[i]
		// A layer that is not sent now will cost what it did.
		if old := m.costs[r.index]; old > 0 && v.Layers[r.index].Bitrate <= 0 {
			r.cost = old
		} else if old > 0 {
			r.cost = old + (r.cost-old)*smooth
		}
		if v.Layers[r.index].Bitrate > 0 {
			m.costs[r.index] = r.cost
		}
	}
	m.size = fit(v, rungs, m.size, !known)
	return &video{Video: v, memory: m, position: position, rungs: rungs, fresh: !known, got: -1}
}

// fit is the lowest rung that is high enough for the size shown.
func fit(v Video, rungs []rung, last int, fresh bool) int {
	if !fresh && last < len(rungs) {
		if blown(v, rungs[last]) <= tooLittle && (last == 0 || blown(v, rungs[last-1]) > plenty) {
			return last
		}
	}
	for i, r := range rungs {
		if blown(v, r) <= enough {
			return i
		}
	}
	return len(rungs) - 1
}

// blown is how many times larger a layer would be shown than it is: a screen
// is fitted into its tile, of a camera something is cut off. A screen is there
// to be read, so a lower layer is for tiles a good deal smaller than it.
func blown(v Video, r rung) float64 {
	x, y := float64(v.Width)/r.width, float64(v.Height)/r.height
	if v.Screen {
		return min(x, y) * reading
	}
	return math.Sqrt(x * y)
}

// before orders videos by importance.
func before(a, b *video) int {
	return cmp.Or(
		-cmp.Compare(weight(a.Screen), weight(b.Screen)),
		-cmp.Compare(weight(a.Pinned), weight(b.Pinned)),
		-cmp.Compare(weight(a.Speaking), weight(b.Speaking)),
		-cmp.Compare(a.Width*a.Height, b.Width*b.Height),
	)
}

func weight(important bool) int {
	if important {
		return 1
	}
	return 0
}
