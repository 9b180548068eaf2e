// Package layers decides which simulcast layer of every video a viewer gets,
// and from that which layers a publisher need not send.
//
// The [Allocator] of a viewer fits layers to the size at which videos are
// shown and to what the viewer's line carries. The [Demand] of a published
// video is the union of what its viewers want. Both are plain values of one
// owner: no clock, no goroutine, no lock.
package layers

import "time"

// PausedBandwidth is the reason of a video that is paused because the
// viewer's line does not carry it.
const PausedBandwidth = "bandwidth"

// Layer is one simulcast layer of a published video (RFC 8853).
type Layer struct {
	// RID names it (RFC 8851); empty when there is only one layer.
	RID string
	// Width and Height are known from its key frames, else 0.
	Width, Height int
	// Bitrate is what it measured lately, in bit/s; 0 when unknown.
	Bitrate int
	// Alive says that packets of it arrive now.
	Alive bool
}

// Video is one video a viewer wants to see.
type Video struct {
	// ID tells the videos of one viewer apart and stays the same from call to
	// call: participant and source, for instance.
	ID string
	// Screen marks a shared screen: it is served first.
	Screen bool
	// Pinned marks the picture the viewer looks at, or who speaks: it is
	// served before larger ones.
	Pinned bool
	// Width and Height are what the viewer shows, in device pixels; both 0
	// means hidden, and no layer is chosen.
	Width, Height int
	// Layers are all layers the publisher negotiated, in any order. The
	// indices in [Choice] count in this list.
	Layers []Layer
}

// Choice is what becomes of one [Video].
type Choice struct {
	// Forward is the layer to forward, an index into the video's Layers, or
	// -1 for none. Switch to it at its next key frame.
	Forward int
	// Want is the layer that would serve the viewer best within the limit,
	// alive or not; -1 for none. What viewers want is what [Demand] asks for.
	Want int
	// Paused is [PausedBandwidth] or empty.
	Paused string
}

// Allocator chooses for one viewer. It is not safe for concurrent use.
type Allocator struct {
}

// NewAllocator makes the Allocator of one viewer.
func NewAllocator() *Allocator { return &Allocator{} }

// Allocate chooses the layers of all videos of the viewer, in the order of
// videos. limit is what all of them together may use, in bit/s; 0 or less
// means that no limit is known. Call it when something changed, and about
// twice a second.
func (a *Allocator) Allocate(videos []Video, limit int, now time.Time) []Choice {
	out := make([]Choice, len(videos))
	return out
}
