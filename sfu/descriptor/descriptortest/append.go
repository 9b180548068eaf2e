// Package descriptortest writes dependency descriptors as senders do, for tests
// of what reads them.
package descriptortest

import (
	"math/bits"

	"palabre/sfu/descriptor"
)

// Values of next_layer_idc.
const (
	sameLayer = iota
	nextTemporal
	nextSpatial
	noLayer
)

// templateBits is the size of a template's id.
const templateBits = 6

// Append appends d as it is sent (A.8.2 of the RTP payload format of AV1). It
// writes the structure when d says that it is attached, the mask when d says so,
// and of the frame what is not as in its template.
func Append(dst []byte, d *descriptor.Descriptor) []byte {
	w := writer{dst: dst}
	w.flag(d.Start)
	w.flag(d.End)
	w.bits(uint32(d.Template), templateBits)
	w.bits(uint32(d.Number), 16)
	if !d.Attached && !d.Masked && !d.CustomIndications && !d.CustomDiffs && !d.CustomChains {
		return w.dst
	}
	for _, flag := range [...]bool{d.Attached, d.Masked, d.CustomIndications, d.CustomDiffs, d.CustomChains} {
		w.flag(flag)
	}
	if d.Attached {
		w.structure(d.Structure)
	}
	if d.Masked {
		w.bits(d.Active, int(d.Structure.Targets))
	}
	if d.CustomIndications {
		w.indications(d.Indications, d.Structure.Targets)
	}
	if d.CustomDiffs {
		for _, diff := range d.Diffs[:d.DiffCount] {
			size := 1
			for diff-1 >= 1<<(4*size) {
				size++
			}
			w.bits(uint32(size), 2)
			w.bits(uint32(diff-1), 4*size)
		}
		w.bits(0, 2)
	}
	if d.CustomChains {
		for _, chain := range d.Chains[:d.Structure.Chains] {
			w.bits(uint32(chain), 8)
		}
	}
	return w.dst
}

// writer appends bits to dst, most significant first.
type writer struct {
	dst  []byte
	free int // bits of the last byte not yet used
}

func (w *writer) bits(v uint32, n int) {
	for n--; n >= 0; n-- {
		if w.free == 0 {
			w.dst, w.free = append(w.dst, 0), 8
		}
		w.free--
		w.dst[len(w.dst)-1] |= byte(v>>n&1) << w.free
	}
}

func (w *writer) flag(v bool) {
	n := uint32(0)
	if v {
		n = 1
	}
	w.bits(n, 1)
}

// below writes v, less than n, coded ns(n) (AV1 §4.10.7).
func (w *writer) below(v, n uint32) {
	width := bits.Len32(n)
	short := uint32(1)<<width - n
	switch {
	case width == 0:
	case v < short:
		w.bits(v, width-1)
	default:
		w.bits(v+short, width)
	}
}

// structure writes a structure (A.8.3).
func (w *writer) structure(s *descriptor.Structure) {
	w.bits(uint32(s.Offset), templateBits)
	w.bits(uint32(s.Targets-1), 5)
	for i := range s.Templates {
		if i > 0 {
			w.bits(step(&s.Templates[i-1], &s.Templates[i]), 2)
		}
	}
	w.bits(noLayer, 2)
	for i := range s.Templates {
		w.indications(s.Templates[i].Indications, s.Targets)
	}
	for i := range s.Templates {
		f := &s.Templates[i]
		for _, diff := range f.Diffs[:f.DiffCount] {
			w.flag(true)
			w.bits(uint32(diff-1), 4)
		}
		w.flag(false)
	}
	w.below(uint32(s.Chains), uint32(s.Targets)+1)
	if s.Chains > 0 {
		for i := range s.Targets {
			w.below(uint32(s.Protected[i]), uint32(s.Chains))
		}
		for i := range s.Templates {
			for _, chain := range s.Templates[i].Chains[:s.Chains] {
				w.bits(uint32(chain), 4)
			}
		}
	}
	w.flag(len(s.Sizes) > 0)
	for _, size := range s.Sizes {
		w.bits(uint32(size.WidthMinus1), 16)
		w.bits(uint32(size.HeightMinus1), 16)
	}
}

// step is how to come from one template's layer to the next.
func step(from, to *descriptor.Frame) uint32 {
	switch {
	case to.Spatial > from.Spatial:
		return nextSpatial
	case to.Temporal > from.Temporal:
		return nextTemporal
	}
	return sameLayer
}

func (w *writer) indications(i descriptor.Indications, targets uint8) {
	for target := range int(targets) {
		w.bits(uint32(i.For(target)), 2)
	}
}
