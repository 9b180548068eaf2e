// Package layers decides which part of every video a viewer gets, and from
// that which parts a publisher need not send.
//
// A video is a ladder of rungs: its simulcast layers (RFC 8853), within a
// layer the spatial and temporal layers of scalable coding. The [Allocator] of
// a viewer fits them to the size at which videos are shown and to what the
// viewer's line carries. The [Demand] of a published video is the union of
// what its viewers want. Both are plain values of one owner: no clock, no
// goroutine, no lock.
package layers

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
	// the one wanted when none is forwarded; [Whole] for all there is.
	Spatial, Temporal uint8
	// MaxWidth and MaxHeight say how large the viewer shows the whole picture,
	// MaxFramerate how many frames a second are of use; 0 is no limit.
	MaxWidth, MaxHeight, MaxFramerate int
	// MaxBitrate is what the viewer's line has room for, in bit/s, where the
	// video is there to be read; 0 is no limit.
	MaxBitrate int
	// Paused is [PausedBandwidth] or empty.
	Paused string
}

// Whole is more than any spatial or temporal id.
const Whole = 255

// none is the choice for what is not to be seen.
func none(reason string) Choice { return Choice{Forward: -1, Want: -1, Paused: reason} }
