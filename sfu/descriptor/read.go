package descriptor

// Parts of the format.
const (
	mandatorySize = 3  // bytes of the mandatory fields
	flagBits      = 5  // what follows them
	offsetBits    = 6  // a structure begins with the id of its first template
	structureAt   = 29 // bits before a structure
	// lateFrames is how many frames older than the structure in use another
	// one may be to be taken for a late packet rather than a new beginning.
	lateFrames = 1024
)

// Reader follows the descriptors of one RTP stream. The zero value is ready.
type Reader struct {
	// current is the newest structure and since the number of its first frame;
	// previous what late packets may still refer to.
	current, previous *Structure
	since             uint16
	active            uint32
}

// Read reads the descriptor of one packet into d, every field of it. After
// [ErrUnknown] the mandatory fields are true, after [ErrMalformed] nothing is.
func (r *Reader) Read(raw []byte, d *Descriptor) error {
	if len(raw) < mandatorySize || len(raw) > maxSize {
		return ErrMalformed
	}
	*d = Descriptor{
		Start: raw[0]&0x80 != 0, End: raw[0]&0x40 != 0, Template: raw[0] & 0x3F,
		Number: uint16(raw[1])<<8 | uint16(raw[2]),
	}
	in := reader{data: raw, at: 8 * mandatorySize}
	if len(raw) > mandatorySize {
		d.Attached, d.Masked = in.flag(), in.flag()
		d.CustomIndications, d.CustomDiffs, d.CustomChains = in.flag(), in.flag(), in.flag()
	}
	if d.Attached {
		if err := r.attach(&in, d); err != nil {
			return err
		}
	} else if d.Structure = r.find(d.Template); d.Structure == nil {
		return ErrUnknown
	}
	d.Active = d.Structure.all()
	if d.Structure == r.current {
		d.Active = r.active
	}
	if d.Masked {
		d.Active = in.bits(int(d.Structure.Targets))
	}
	d.Frame = d.Structure.Templates[d.Structure.index(d.Template)]
	d.custom(&in)
	if in.over {
		return ErrMalformed
	}
	if d.Structure == r.current {
		r.active = d.Active
	}
	return nil
}

// attach reads the structure a packet brings.
func (r *Reader) attach(in *reader, d *Descriptor) error {
	if !d.Start {
		return ErrMalformed // it belongs to the first packet of a frame
	}
	if r.current.begins(in.data) {
		d.Structure = r.current
		in.at += d.Structure.bits
		if behind := r.since - d.Number; behind == 0 || behind > lateFrames {
			r.since, r.active = d.Number, d.Structure.all()
		}
	} else {
		fresh := &Structure{}
		if !fresh.read(in) || in.over {
			return ErrMalformed
		}
		d.Structure = fresh
		if behind := r.since - d.Number; r.current == nil || behind == 0 || behind > lateFrames {
			r.previous, r.current = r.current, fresh
			r.since, r.active = d.Number, fresh.all()
		} else {
			r.previous = fresh
		}
	}
	if d.Structure.index(d.Template) < 0 {
		return ErrMalformed
	}
	return nil
}

// find finds the structure that has a template. Senders number the templates
// of one structure after those of the one before.
func (r *Reader) find(template uint8) *Structure {
	for _, s := range [...]*Structure{r.current, r.previous} {
		if s != nil && s.index(template) >= 0 {
			return s
		}
	}
	return nil
}

// index is the place of a template, −1 when the structure has no such.
func (s *Structure) index(template uint8) int {
	i := int(template-s.Offset) & (MaxTemplates - 1)
	if i >= len(s.Templates) {
		return -1
	}
	return i
}

// custom reads what the packet says itself.
func (d *Descriptor) custom(in *reader) {
	if d.CustomIndications {
		d.Indications = readIndications(in, d.Structure.Targets)
	}
	if d.CustomDiffs {
		d.Diffs, d.DiffCount = [MaxDiffs]uint16{}, 0
		for size := in.bits(2); size != 0; size = in.bits(2) {
			if d.DiffCount == MaxDiffs {
				in.over = true
				return
			}
			d.Diffs[d.DiffCount] = uint16(in.bits(4*int(size))) + 1
			d.DiffCount++
		}
	}
	if d.CustomChains {
		for i := range d.Structure.Chains {
			d.Chains[i] = uint8(in.bits(8))
		}
	}
}

func readIndications(in *reader, targets uint8) Indications {
	var all Indications
	for i := range int(targets) {
		all.set(i, Indication(in.bits(2)))
	}
	return all
}
