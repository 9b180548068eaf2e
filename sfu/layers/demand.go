package layers

import "time"

// Release is how long a layer stays wanted after its last viewer let go of
// it: stopping and starting an encoder costs a key frame, so a short look
// elsewhere must not.
const Release = 2 * time.Second

// Demand is the union of what viewers want of one published video. It is not
// safe for concurrent use.
type Demand struct {
}

// NewDemand makes the Demand of a video with the layers rids, lowest first.
// Nothing is wanted at first.
func NewDemand(rids []string) *Demand { return &Demand{} }

// Want replaces what a viewer wants; without rids it wants nothing.
func (d *Demand) Want(viewer string, now time.Time, rids ...string) {}

// Update says which layers are wanted at now, lowest first, and whether that
// changed since the last Update. A layer is added at once and released after
// [Release].
func (d *Demand) Update(now time.Time) (rids []string, changed bool) { return nil, false }

// Next is when [Demand.Update] has something to release; false when never.
func (d *Demand) Next() (time.Time, bool) { return time.Time{}, false }
