package rewrite

import "palabre/sfu/cache"

// maxEpochs is how many changes of origin back a retransmission still finds
// what its frame number was.
const maxEpochs = 8

// frames keeps frame numbers and template ids of dependency descriptors
// continuous. Frames that are left out keep their numbers: frames refer to
// each other by the distance of those.
type frames struct {
	out      uint16 // highest frame number out
	template uint8  // the id after the last template out
	count    int
	epochs   [maxEpochs]epoch
}

// epoch is what is added to the numbers of one origin from one packet on.
type epoch struct {
	first uint64 // sequence number out
	shift
	known bool // the origin has descriptors
}

// shift is what to add to frame numbers and, modulo 64, to template ids.
type shift struct {
	number   uint16
	template uint8
}

// begin says that another origin follows with this sequence number out.
func (f *frames) begin(sequence uint64) {
	f.epochs[f.count%maxEpochs] = epoch{first: sequence}
	f.count++
}

func (f *frames) current() *epoch { return &f.epochs[(f.count+maxEpochs-1)%maxEpochs] }

// next gives the shift of a packet in order.
func (f *frames) next(p *cache.Packet, sequence uint64) shift {
	if p.Frame.HasNumber && !f.current().known {
		f.anchor(p, sequence)
	}
	e := f.current()
	if p.Structure != nil {
		f.template = p.Structure.Offset + e.template + uint8(len(p.Structure.Templates))
	}
	if out := p.Frame.Number + e.number; e.known && p.Frame.HasNumber && int16(out-f.out) > 0 {
		f.out = out
	}
	return e.shift
}

// anchor continues the numbers with the frame of p. The templates get ids after
// those before: a packet that comes ahead of its structure must not pass for
// one of the structure before.
func (f *frames) anchor(p *cache.Packet, sequence uint64) {
	if f.current().first != sequence {
		f.begin(sequence)
	}
	e := f.current()
	e.known, e.number, e.template = true, f.out+1-p.Frame.Number, f.template
	if p.Structure != nil {
		e.template -= p.Structure.Offset
	}
}

// at gives the shift that held for a sequence number, and whether that is known.
func (f *frames) at(sequence uint64) (shift, bool) {
	for back := range min(f.count, maxEpochs) {
		if e := &f.epochs[(f.count-1-back)%maxEpochs]; e.first <= sequence {
			return e.shift, true
		}
	}
	return shift{}, false
}
