package layers

import (
	"math/bits"
	"slices"
	"time"
)

const (
	// Release is how long a layer stays wanted after its last viewer let go of
	// it, and how long it stays as large as it was: stopping and starting an
	// encoder costs a key frame, so a short look elsewhere must not.
	Release = 2 * time.Second
	// calm is the least time between two changes of sizes alone. Somebody who
	// drags a window shows another size with every frame.
	calm = 500 * time.Millisecond
)

// Wish is how much of one layer somebody shows; 0 is no limit.
type Wish struct {
	// RID names the layer, empty where there is only one.
	RID string
	// MaxWidth and MaxHeight are in pixels of the whole picture.
	MaxWidth, MaxHeight int
	// MaxFramerate is in frames a second.
	MaxFramerate int
	// MaxBitrate is in bit/s: what the widest line of those who show it has room for.
	MaxBitrate int
}

// Demand is the union of what viewers want of one published video. It is not
// safe for concurrent use.
//
// While anything is wanted so is the lowest layer: it is what remains when the
// publisher's line becomes too narrow for the others, and a viewer whose layer
// ends must have something to fall back to.
//
// A size is told of the highest layer only: it may be sent smaller than it
// could be. The others are between two sizes already.
type Demand struct {
	layers []demanded
	keep   int
	told   []Wish
	toldAt time.Time
	asked  bool      // told holds the answer of an Update
	due    time.Time // when time alone may change the answer; zero: not at all
	fresh  bool      // somebody wants something else since the last Update
}

// demanded is one layer and who wants it.
type demanded struct {
	rid     string
	viewers map[string]Wish
	// until is when the layer is released, after its last viewer is gone.
	until time.Time
	// need is what viewers show of it, shown what is told of that while it is
	// wanted; they differ since need became smaller, at less.
	need, shown Wish
	wanted      bool
	less        time.Time
}

// NewDemand makes the Demand of a video with the layers rids, lowest first.
// Nothing is wanted at first.
func NewDemand(rids []string) *Demand {
	d := &Demand{layers: make([]demanded, len(rids)), keep: 1}
	for i, rid := range rids {
		d.layers[i] = demanded{rid: rid, viewers: make(map[string]Wish)}
	}
	return d
}

// Keep has the lowest n layers wanted while anything is: some senders stop
// altogether when only their lowest is left.
func (d *Demand) Keep(n int) { d.keep = max(1, n) }

// Want replaces what a viewer wants; without wishes it wants nothing. Layers
// that do not exist are passed over.
func (d *Demand) Want(viewer string, now time.Time, wishes ...Wish) {
	d.fresh = true
	for i := range d.layers {
		l := &d.layers[i]
		at := slices.IndexFunc(wishes, func(w Wish) bool { return w.RID == l.rid })
		_, had := l.viewers[viewer]
		switch {
		case at >= 0:
			l.viewers[viewer] = wishes[at]
		case i < d.keep && len(wishes) > 0:
			l.viewers[viewer] = Wish{RID: l.rid}
		case had:
			delete(l.viewers, viewer)
			if len(l.viewers) == 0 {
				l.until = now.Add(Release)
			}
		}
	}
}

// Update says which layers are wanted at now, lowest first, and whether that
// changed since the last Update. A layer is added and enlarged at once, and
// released and made smaller after [Release]; sizes are rounded up.
func (d *Demand) Update(now time.Time) (wishes []Wish, changed bool) {
	if d.asked && !d.fresh && (d.due.IsZero() || now.Before(d.due)) {
		return d.told, false
	}
	d.due, d.fresh = time.Time{}, false
	wishes = make([]Wish, 0, len(d.layers))
	for i := range d.layers {
		l := &d.layers[i]
		if len(l.viewers) == 0 {
			if !now.Before(l.until) {
				l.wanted = false
				continue
			}
			d.wake(l.until)
			wishes = append(wishes, l.shown)
			continue
		}
		l.measure(i == len(d.layers)-1)
		if until := l.settle(now); !until.IsZero() {
			d.wake(until)
		}
		wishes = append(wishes, l.shown)
	}
	if d.asked && slices.Equal(wishes, d.told) {
		return d.told, false
	}
	if d.asked && slices.EqualFunc(wishes, d.told, func(a, b Wish) bool { return a.RID == b.RID }) {
		if next := d.toldAt.Add(calm); now.Before(next) {
			d.wake(next)
			return d.told, false
		}
	}
	d.told, d.toldAt, d.asked = wishes, now, true
	return wishes, true
}

// wake has Update look again at a time.
func (d *Demand) wake(at time.Time) {
	if d.due.IsZero() || at.Before(d.due) {
		d.due = at
	}
}

// measure works out what the viewers of the layer show of it.
func (l *demanded) measure(sized bool) {
	l.need = Wish{RID: l.rid, MaxWidth: 1, MaxHeight: 1, MaxFramerate: 1, MaxBitrate: 1}
	for _, w := range l.viewers {
		l.need = l.need.Union(w)
	}
	if !sized {
		l.need.MaxWidth, l.need.MaxHeight = 0, 0
	}
	l.need.MaxWidth, l.need.MaxHeight = roundUp(l.need.MaxWidth), roundUp(l.need.MaxHeight)
}

// settle lets what is told follow what is needed, and says when to look again.
func (l *demanded) settle(now time.Time) (again time.Time) {
	if !l.wanted {
		l.wanted, l.shown = true, l.need
	}
	l.shown = l.shown.Union(l.need)
	if l.shown == l.need {
		l.less = time.Time{}
		return time.Time{}
	}
	if l.less.IsZero() {
		l.less = now
	}
	if until := l.less.Add(Release); now.Before(until) {
		return until
	}
	l.shown, l.less = l.need, time.Time{}
	return time.Time{}
}

// Union is a wish that satisfies both.
func (w Wish) Union(other Wish) Wish {
	return Wish{
		RID: w.RID, MaxWidth: most(w.MaxWidth, other.MaxWidth), MaxHeight: most(w.MaxHeight, other.MaxHeight),
		MaxFramerate: most(w.MaxFramerate, other.MaxFramerate), MaxBitrate: most(w.MaxBitrate, other.MaxBitrate),
	}
}

// most is the larger of two limits, of which 0 is none.
func most(a, b int) int {
	if a == 0 || b == 0 {
		return 0
	}
	return max(a, b)
}

// roundDown rounds down to one of four in every octave.
func roundDown(n int) int {
	if n < 16 {
		return n
	}
	return n >> (bits.Len(uint(n)) - 3) << (bits.Len(uint(n)) - 3)
}

// roundUp rounds a size up to one of four in every octave, so that sizes a
// little apart are one.
func roundUp(size int) int {
	if size < 16 {
		return size
	}
	step := 1 << (bits.Len(uint(size)) - 3)
	return (size + step - 1) / step * step
}
