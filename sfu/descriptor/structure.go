package descriptor

import "bytes"

// Values of next_layer_idc.
const (
	sameLayer = iota
	nextTemporal
	nextSpatial
	noLayer
)

// read reads a structure (A.8.3) and says whether it is one.
func (s *Structure) read(in *reader) bool {
	begin := in.at
	s.Offset = uint8(in.bits(offsetBits))
	s.Targets = uint8(in.bits(5)) + 1
	var templates [MaxTemplates]Frame
	n := readLayers(in, &templates)
	if n == 0 {
		return false
	}
	for i := range n {
		templates[i].Indications = readIndications(in, s.Targets)
	}
	for i := range n {
		f := &templates[i]
		for in.flag() {
			if f.DiffCount == MaxDiffs {
				return false
			}
			f.Diffs[f.DiffCount] = uint16(in.bits(4)) + 1
			f.DiffCount++
		}
	}
	s.readChains(in, templates[:n])
	if in.over {
		return false
	}
	s.Templates = append([]Frame(nil), templates[:n]...)
	s.targetLayers()
	if in.flag() {
		s.Sizes = make([]Size, s.Spatials())
		for i := range s.Sizes {
			s.Sizes[i] = Size{uint16(in.bits(16)), uint16(in.bits(16))}
		}
	}
	s.bits = in.at - begin
	s.raw = append([]byte(nil), in.data[begin/8:(in.at+7)/8]...)
	return true
}

// readLayers reads the layers of the templates and gives their number; 0 when there are too many.
func readLayers(in *reader, templates *[MaxTemplates]Frame) int {
	var at Layer
	for n := range templates {
		templates[n].Spatial, templates[n].Temporal = at.Spatial, at.Temporal
		switch in.bits(2) {
		case nextTemporal:
			at.Temporal++
		case nextSpatial:
			at.Spatial, at.Temporal = at.Spatial+1, 0
		case noLayer:
			return n + 1
		}
		if in.over || at.Temporal >= maxTemporal || at.Spatial >= maxSpatial {
			return 0
		}
	}
	return 0
}

func (s *Structure) readChains(in *reader, templates []Frame) {
	s.Chains = uint8(in.below(uint32(s.Targets) + 1))
	if s.Chains == 0 {
		return
	}
	for i := range s.Targets {
		s.Protected[i] = uint8(in.below(uint32(s.Chains)))
	}
	for i := range templates {
		for c := range s.Chains {
			templates[i].Chains[c] = uint8(in.bits(4))
		}
	}
}

// targetLayers finds how far each target goes: to the highest ids of what is in it.
func (s *Structure) targetLayers() {
	for i := range int(s.Targets) {
		l := &s.Layers[i]
		for t := range s.Templates {
			if f := &s.Templates[t]; f.Indications.For(i) != NotPresent {
				l.Spatial, l.Temporal = max(l.Spatial, f.Spatial), max(l.Temporal, f.Temporal)
			}
		}
	}
}

// begins says whether a packet brings this very structure: its bits are there.
// No structure is the beginning of another.
func (s *Structure) begins(packet []byte) bool {
	if s == nil {
		return false
	}
	first, size := structureAt/8, len(s.raw)
	if len(packet) < first+size {
		return false
	}
	sent := packet[first : first+size]
	last := structureAt + s.bits - 8*(first+size-1) // bits of the last byte
	ahead, behind := byte(0xFF)>>(structureAt%8), byte(0xFF)<<(8-last)
	return sent[0]&ahead == s.raw[0]&ahead && bytes.Equal(sent[1:size-1], s.raw[1:size-1]) &&
		sent[size-1]&behind == s.raw[size-1]&behind
}
