// Package layers decides which simulcast layer of every video a viewer gets,
// and from that which layers a publisher need not send.
//
// The [Allocator] of a viewer fits layers to the size at which videos are
// shown and to what the viewer's line carries. The [Demand] of a published
// video is the union of what its viewers want. Both are plain values of one
// owner: no clock, no goroutine, no lock.
package layers

import (
	"cmp"
	"math"
	"slices"
)

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
	// Rungs are the parts of it that can be forwarded, as measured, in any
	// order; none when the layer can only be had whole.
	Rungs []Rung
}

// Rung is a part of a layer: everything up to a spatial and a temporal id.
type Rung struct {
	Spatial, Temporal uint8
	// Width and Height are its picture's in pixels, 0 when unknown.
	Width, Height int
	// Framerate is in frames a second, 0 when unknown.
	Framerate float64
	// Bitrate is what all of it takes, lower ids included, in bit/s; 0 when unknown.
	Bitrate int
}

// Video is one video a viewer wants to see.
type Video struct {
	// ID tells the videos of one viewer apart and stays the same from call to
	// call: participant and source, for instance.
	ID string
	// Screen marks a shared screen: it is served first.
	Screen bool
	// Motion marks a screen that shows moving pictures: unlike text they lose
	// more by a low frame rate than by a low resolution.
	Motion bool
	// Pinned marks the picture the viewer looks at, Speaking who holds the
	// floor: they are served before larger ones, in this order.
	Pinned, Speaking bool
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
	// alive or not; -1 for none. Tell the [Demand] of both: Forward must not
	// end before Want begins.
	Want int
	// Spatial and Temporal are the highest ids to forward of the layer, or of
	// the one wanted when none is forwarded.
	Spatial, Temporal uint8
	// Paused is [PausedBandwidth] or empty.
	Paused string
}

// none is the choice for what is not to be seen.
func none(reason string) Choice { return Choice{Forward: -1, Want: -1, Paused: reason} }

// What is assumed of layers nobody measured: the highest of a video is
// 720 lines of 16:9, each lower one half as high, and a pixel shown for a
// second takes so many bits.
const (
	topHeight    = 720
	bitsPerPixel = 2.2
)

// rung is a layer of a video with what is known or assumed of it.
type rung struct {
	index         int // in the video's Layers
	width, height float64
	cost          float64 // bit/s
	alive         bool
}

// ladder orders the layers of a video, lowest first, and fills in what is not known.
func ladder(layers []Layer) []rung {
	list := make([]rung, len(layers))
	for i, l := range layers {
		list[i] = rung{index: i, width: float64(l.Width), height: float64(l.Height), cost: float64(l.Bitrate), alive: l.Alive}
	}
	slices.SortStableFunc(list, func(a, b rung) int { return compare(layers, a.index, b.index) })
	known := slices.IndexFunc(list, func(r rung) bool { return r.width > 0 && r.height > 0 })
	for i := range list {
		r := &list[i]
		if r.width <= 0 || r.height <= 0 {
			from, step := rung{width: topHeight * 16 / 9, height: topHeight}, i-(len(list)-1)
			if known >= 0 {
				from, step = list[known], i-known
			}
			r.width, r.height = math.Ldexp(from.width, step), math.Ldexp(from.height, step)
		}
		if r.cost <= 0 {
			r.cost = r.width * r.height * bitsPerPixel
		}
	}
	return list
}

// compare orders two layers of a video: by their size where key frames told
// it, else by the customary names, else by what they measured, else as offered.
func compare(layers []Layer, i, j int) int {
	a, b := layers[i], layers[j]
	if a.Height > 0 && b.Height > 0 && a.Height != b.Height {
		return cmp.Compare(a.Height, b.Height)
	}
	if x, y := place(layers, a.RID), place(layers, b.RID); x >= 0 && y >= 0 && x != y {
		return cmp.Compare(x, y)
	}
	if a.Bitrate > 0 && b.Bitrate > 0 {
		return cmp.Compare(a.Bitrate, b.Bitrate)
	}
	return 0
}

// place is where a rid stands among the names senders use, -1 when it is none
// of them: quarter, half, full; or low, medium, high.
func place(layers []Layer, rid string) int {
	for _, names := range [][]string{{"q", "h", "f"}, {"l", "m", "h"}} {
		all := !slices.ContainsFunc(layers, func(l Layer) bool { return !slices.Contains(names, l.RID) })
		if i := slices.Index(names, rid); all && i >= 0 {
			return i
		}
	}
	return -1
}
