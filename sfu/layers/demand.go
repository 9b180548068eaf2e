package layers

import (
	"slices"
	"time"
)

// Release is how long a layer stays wanted after its last viewer let go of
// it: stopping and starting an encoder costs a key frame, so a short look
// elsewhere must not.
const Release = 2 * time.Second

// Demand is the union of what viewers want of one published video. It is not
// safe for concurrent use.
//
// While anything is wanted so is the lowest layer: it is what remains when the
// publisher's line becomes too narrow for the others, and a viewer whose layer
// ends must have something to fall back to.
type Demand struct {
	layers []demanded
	told   []string
	asked  bool // told holds the answer of an Update
}

// demanded is one layer and who wants it.
type demanded struct {
	rid     string
	viewers map[string]bool
	// until is when the layer is released, after its last viewer is gone.
	until time.Time
}

// NewDemand makes the Demand of a video with the layers rids, lowest first.
// Nothing is wanted at first.
func NewDemand(rids []string) *Demand {
	d := &Demand{layers: make([]demanded, len(rids))}
	for i, rid := range rids {
		d.layers[i] = demanded{rid: rid, viewers: make(map[string]bool)}
	}
	return d
}

// Want replaces what a viewer wants; without rids it wants nothing. Layers
// that do not exist are passed over.
func (d *Demand) Want(viewer string, now time.Time, rids ...string) {
	for i := range d.layers {
		l := &d.layers[i]
		wants := slices.Contains(rids, l.rid) || i == 0 && len(rids) > 0
		switch had := l.viewers[viewer]; {
		case wants:
			l.viewers[viewer] = true
		case had:
			delete(l.viewers, viewer)
			if len(l.viewers) == 0 {
				l.until = now.Add(Release)
			}
		}
	}
}

// Update says which layers are wanted at now, lowest first, and whether that
// changed since the last Update. A layer is added at once and released after
// [Release].
func (d *Demand) Update(now time.Time) (rids []string, changed bool) {
	rids = make([]string, 0, len(d.layers))
	for _, l := range d.layers {
		if len(l.viewers) > 0 || now.Before(l.until) {
			rids = append(rids, l.rid)
		}
	}
	changed = !d.asked || !slices.Equal(rids, d.told)
	d.told, d.asked = rids, true
	return slices.Clone(rids), changed
}
