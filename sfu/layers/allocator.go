package layers

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"time"
)

const (
	// A picture is high enough while it is not blown up more than this; it is
	// left for a higher one, or for a lower one, a little beyond, so that a
	// size between two does not flap.
	enough, tooLittle, plenty = 1.2, 1.3, 1.1
	// reading is how much larger than a camera's a screen's picture is to be.
	reading = 1.7
	// small is up to which size, as the side of a square, a camera moves well
	// enough with smallRate frames a second, smallScreen the height of a screen
	// that nobody reads. That many frames are there when the rate is nearly so.
	small, smallScreen         = 160, 270
	smallRate, smallScreenRate = 15, 5
	nearly                     = 0.9
)

// Allocator chooses for one viewer. It is not safe for concurrent use.
type Allocator struct {
	space   *Workspace
	videos  map[string]*memory
	round   uint32 // counts choices
	caution caution
	wanted  int
}

// memory is what an Allocator remembers of one video.
type memory struct {
	round uint32    // of the choice it was last there for
	known []lasting // by layer
	step  int       // the picture size that what is shown asked for
	had   rung      // what it got; layer -1 while paused
	told  float64   // what the publisher of a text may make of it, bit/s
}

// NewAllocator makes the Allocator of one viewer, with a [Workspace] of its own.
func NewAllocator() *Allocator { return new(Workspace).NewAllocator() }

// Allocate chooses what the viewer gets of all videos, in the order of videos.
// limit is what all of them together may use, in bit/s, sound already taken
// off; 0 or less means that no limit is known. Call it when something changed,
// and about twice a second.
//
// Screens come first, in the size they need; then every other video gets its
// lowest rung; then screens their frame rate; then the pinned, then who
// speaks, then all others a size at a time, the large before the small. What
// does not fit is paused, the least important first.
//
// The bitrates of what is chosen never add up to more than the limit, unless
// only the lowest rung of the most important one is left. More
// than before is given only when the limit had room to spare for a while, the
// longer the more often that was too much.
//
// The choices are valid until the next call of an Allocator of the same [Workspace].
func (a *Allocator) Allocate(videos []Video, limit int, now time.Time) []Choice {
	w := a.space
	w.begin(len(videos))
	defer w.end()
	choices, shown := w.choices, w.shown
	a.wanted = 0
	a.round++
	for i, v := range videos {
		choices[i] = none("")
		if v.Width > 0 && v.Height > 0 && len(v.Layers) > 0 {
			one := &w.videos[i]
			a.look(one, v, i, now)
			a.wanted += int(one.best().cost)
			shown = append(shown, one)
		}
	}
	for id, m := range a.videos {
		if m.round != a.round {
			delete(a.videos, id)
		}
	}
	slices.SortStableFunc(shown, before)
	s := share{limit: math.Inf(1)}
	if limit > 0 {
		s.limit = float64(limit)
	}
	a.caution.limits.add(s.limit, now)
	s.room, s.sure = a.caution.room(now), a.caution.limits.since(now.Add(-steady))
	s.distribute(shown)
	for _, v := range shown {
		choices[v.position] = s.settle(v)
	}
	a.caution.learn(s.rose, s.lost, now)
	return choices
}

// Wanted is what the videos of the last [Allocator.Allocate] would take
// together without a limit, in bit/s.
func (a *Allocator) Wanted() int { return a.wanted }

// video is a video while its share is chosen.
type video struct {
	Video
	*memory
	position int
	all      []rung
	// useful are the rungs for the size shown, worst first; order those of them
	// that cost less than all better ones.
	useful, order []rung
	fresh         bool    // not chosen for before
	hadCost       float64 // what it had costs by now, bit/s
	got           int     // the rung it gets in order, -1 none
	spared        bool    // it only gets that because it is the first
}

func (v *video) best() rung { return v.order[len(v.order)-1] }

// cost is what the video takes so far, in bit/s.
func (v *video) cost() float64 {
	if v.got < 0 {
		return 0
	}
	return v.order[v.got].cost
}

// look prepares a video: its rungs, what they cost, and which its size needs.
func (a *Allocator) look(one *video, v Video, position int, now time.Time) {
	m, known := a.videos[v.ID]
	if !known || len(m.known) != len(v.Layers) {
		known = false
		m = &memory{known: make([]lasting, len(v.Layers)), had: rung{layer: -1}}
		a.videos[v.ID] = m
	}
	m.round = a.round
	*one = video{Video: v, memory: m, position: position, fresh: !known, got: -1, all: a.space.ladder(v, m.known, now)}
	m.step = fit(v, one.all, m.step, one.fresh)
	one.useful = a.space.list(len(one.all))
	for _, r := range one.all {
		if r.step <= m.step && !idle(v, one.all, r) {
			one.useful = append(one.useful, r)
		}
	}
	prefer(v, one.useful)
	one.order = a.space.worth(one.useful)
	if m.had.layer >= 0 {
		one.hadCost = m.had.cost
		if i := slices.IndexFunc(one.all, m.had.is); i >= 0 {
			one.hadCost = one.all[i].cost
		}
	}
}

// fit is the smallest picture size that is high enough for what is shown.
func fit(v Video, rungs []rung, last int, fresh bool) int {
	top := rungs[len(rungs)-1].step
	at := func(step int) rung {
		return rungs[slices.IndexFunc(rungs, func(r rung) bool { return r.step == step })]
	}
	if !fresh && last <= top {
		if blown(v, at(last)) <= tooLittle && (last == 0 || blown(v, at(last-1)) > plenty) {
			return last
		}
	}
	for _, r := range rungs {
		if blown(v, r) <= enough {
			return r.step
		}
	}
	return top
}

// blown is how many times larger a rung would be shown than it is: a screen
// is fitted into its tile, of a camera something is cut off. A screen is there
// to be read, so a lower one is for tiles a good deal smaller than it.
func blown(v Video, r rung) float64 {
	x, y := float64(v.Width)/r.width, float64(v.Height)/r.height
	if v.Screen {
		return min(x, y) * reading
	}
	return math.Sqrt(x * y)
}

// rate is how many frames a second are of use in the size shown, 0 for all.
func rate(v Video) int {
	switch {
	case text(v) && v.Height <= smallScreen:
		return smallScreenRate
	case !v.Screen && v.Width*v.Height <= small*small:
		return smallRate
	}
	return 0
}

// idle says that a rung has more frames than are of use: one of the same size
// with fewer has enough.
func idle(v Video, all []rung, r rung) bool {
	need := float64(rate(v))
	return need > 0 && slices.ContainsFunc(all, func(o rung) bool {
		return o.step == r.step && o.temporal < r.temporal && o.framerate >= nearly*need
	})
}

// whole is the size in which a viewer shows the whole picture of a rung; 0
// while its shape is not known.
func whole(v Video, r rung) (width, height int) {
	if !r.sized {
		return 0, 0
	}
	x, y := float64(v.Width)/r.width, float64(v.Height)/r.height
	scale := max(x, y) // of a camera something is cut off
	if v.Screen {
		scale = min(x, y) * reading
	}
	return int(math.Ceil(r.width * scale)), int(math.Ceil(r.height * scale))
}

// before orders videos by importance. Sizes a little apart are one: tiles that
// are moved about must not take the bandwidth from each other.
func before(a, b *video) int {
	return cmp.Or(
		-cmp.Compare(weight(a.Screen), weight(b.Screen)),
		-cmp.Compare(weight(a.Pinned), weight(b.Pinned)),
		-cmp.Compare(weight(a.Speaking), weight(b.Speaking)),
		-cmp.Compare(bits.Len(uint(a.Width*a.Height)), bits.Len(uint(b.Width*b.Height))),
	)
}

func weight(important bool) int {
	if important {
		return 1
	}
	return 0
}
