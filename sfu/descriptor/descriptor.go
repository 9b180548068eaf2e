// Package descriptor reads and writes the Dependency Descriptor, the RTP
// header extension by which a sender of any codec says what each frame is:
// which spatial and temporal layer, what it refers to, who may begin with it
// (RTP Payload Format For AV1, appendix A). With it nothing of a payload needs
// to be read.
//
// A sender describes its frames once, in a [Structure] sent with every key
// frame, and afterwards by the number of a template in it. A [Reader] keeps
// that of one stream; reading a packet allocates nothing unless it brings
// another structure. A [Patch] makes of the sender's descriptor that of one
// viewer: with frame numbers that go on over a change of stream, and a mask of
// what the viewer gets.
//
// Nothing that is read is trusted: all counts are bounded, and what does not
// add up is [ErrMalformed].
package descriptor

import (
	"errors"

	"palabre/sfu/codec"
)

// Bounds of what is read. The format allows some more; no encoder needs it.
const (
	MaxTemplates = 64 // template ids have six bits
	MaxTargets   = 32 // dt_cnt_minus_one has five bits
	MaxDiffs     = 16 // frames one frame refers to: H.264 has 16, AV1 seven
	maxSpatial   = 4
	maxTemporal  = 8
	maxSize      = 255 // bytes of a header extension element
)

var (
	// ErrMalformed is the error for every descriptor that is not one.
	ErrMalformed = errors.New("descriptor: malformed dependency descriptor")
	// ErrUnknown is the error for a descriptor that refers to a structure that
	// has not come: it is late, lost, or replaced. The mandatory fields were read.
	ErrUnknown = errors.New("descriptor: structure of the frame not known")
)

// Indication is what a frame is to a decode target (A.2).
type Indication uint8

// The decode target indications.
const (
	NotPresent  Indication = iota // not part of it
	Discardable                   // nothing else of the target refers to it
	Switch                        // who decodes it can decode all of the target that follows
	Required                      // the rest
)

// Indications are those for all targets of a structure, two bits each, the
// first target in the lowest.
type Indications uint64

// For is the indication for one target.
func (i Indications) For(target int) Indication { return Indication(i >> (2 * target) & 3) }

func (i *Indications) set(target int, to Indication) { *i |= Indications(to) << (2 * target) }

// Frame is what a template, or a frame of its own, says of a frame.
type Frame struct {
	Spatial, Temporal uint8
	// DiffCount frames are referred to, so many frame numbers back.
	DiffCount   uint8
	Diffs       [MaxDiffs]uint16
	Indications Indications
	// Chains says how many frame numbers back the chain's last frame is; 0: the chain begins.
	Chains [MaxTargets]uint8
}

// Layer is a spatial and a temporal id.
type Layer struct{ Spatial, Temporal uint8 }

// Size is a picture's, in pixels less one, as sent.
type Size struct{ WidthMinus1, HeightMinus1 uint16 }

// Structure is the templates that a stream's frames are described by. It is
// immutable once read.
type Structure struct {
	// Offset is the id of the first template.
	Offset    uint8
	Templates []Frame
	// Targets is how many decode targets there are, Layers up to which layer each goes.
	Targets uint8
	Layers  [MaxTargets]Layer
	// Chains is how many chains there are, Protected which one protects each target.
	Chains    uint8
	Protected [MaxTargets]uint8
	// Sizes are those of the spatial layers; nil when the sender does not say.
	Sizes []Size

	bits int    // of it as sent
	raw  []byte // as sent, from the byte it begins in
}

// Spatials is how many spatial layers the structure has.
func (s *Structure) Spatials() int { return int(s.Templates[len(s.Templates)-1].Spatial) + 1 }

// Mask is the decode targets that go no further than these ids.
func (s *Structure) Mask(spatial, temporal uint8) uint32 {
	mask := uint32(0)
	for i, l := range s.Layers[:s.Targets] {
		if l.Spatial <= spatial && l.Temporal <= temporal {
			mask |= 1 << i
		}
	}
	return mask
}

// all is the mask of all targets.
func (s *Structure) all() uint32 { return uint32(uint64(1)<<s.Targets - 1) }

// Descriptor is what one packet says.
type Descriptor struct {
	// Start and End: the packet is the first, the last of its frame.
	Start, End bool
	// Template is the id of the frame's template, Number the frame's number.
	Template uint8
	Number   uint16
	// Attached: the packet brings the structure, a receiver may begin here.
	Attached bool
	// Structure is what describes the frame; nil after [ErrUnknown].
	Structure *Structure
	// Active are the decode targets the sender produces.
	Active uint32
	// Masked, and the others: the packet says so itself, instead of its template.
	Masked, CustomIndications, CustomDiffs, CustomChains bool
	Frame
}

// Describe fills in what the descriptor says of a frame, and leaves the rest of f.
func (d *Descriptor) Describe(f *codec.Frame) {
	f.Start, f.End = d.Start, d.End
	f.HasNumber, f.Number = true, d.Number
	if d.Structure == nil {
		return
	}
	f.KeyFrame = d.Attached || !d.Start && d.DiffCount == 0
	f.SpatialID, f.TemporalID = d.Spatial, d.Temporal
	f.SwitchUp, f.Switch, f.TopSpatial, f.TopTemporal = false, 0, 0, 0
	for i, l := range d.Structure.Layers[:d.Structure.Targets] {
		if d.Active>>i&1 == 0 {
			continue
		}
		f.TopSpatial, f.TopTemporal = max(f.TopSpatial, l.Spatial), max(f.TopTemporal, l.Temporal)
		if d.Indications.For(i) == Switch {
			f.Switch |= codec.SwitchTo(l.Spatial, l.Temporal)
		}
	}
	if d.Attached {
		f.Width, f.Height = d.Structure.SizeOf(int(f.TopSpatial))
	}
}

func (s Size) pixels() (width, height uint16) {
	return uint16(min(int(s.WidthMinus1)+1, 1<<16-1)), uint16(min(int(s.HeightMinus1)+1, 1<<16-1))
}

// SizeOf is a spatial layer's size in pixels; 0, 0 when the sender does not say.
func (s *Structure) SizeOf(spatial int) (width, height uint16) {
	if spatial >= len(s.Sizes) {
		return 0, 0
	}
	return s.Sizes[spatial].pixels()
}
