package descriptor

// Patch is what is another in one viewer's descriptors than in the sender's.
type Patch struct {
	// Number is added to frame numbers, and Template to template ids modulo 64:
	// a viewer's numbers go on when its stream is of another sender, and what
	// belongs to the sender before is never taken for the new one's.
	Number   uint16
	Template uint8
	// Masked: the first packet of every frame says that the viewer gets the
	// decode targets in Active.
	Masked bool
	Active uint32
}

// Append appends a descriptor as the viewer gets it. s is the structure the
// descriptor refers to, nil when that is unknown: then there is no mask. What is no
// descriptor gives nothing.
func (p *Patch) Append(dst, raw []byte, s *Structure) []byte {
	if len(raw) < mandatorySize || len(raw) > maxSize {
		return dst
	}
	number := uint16(raw[1])<<8 | uint16(raw[2])
	number += p.Number
	w := writer{dst: append(dst, raw[0]&0xC0|(raw[0]+p.Template)&0x3F, byte(number>>8), byte(number))}
	in := reader{data: raw, at: 8 * mandatorySize}
	flags := uint32(0)
	if len(raw) > mandatorySize {
		flags = in.bits(flagBits)
	}
	attached, masked := flags&0x10 != 0, flags&0x08 != 0
	mask := p.Masked && s != nil && (masked || raw[0]&0x80 != 0)
	if mask {
		flags |= 0x08
	}
	if flags == 0 {
		return append(w.dst, raw[mandatorySize:]...)
	}
	w.bits(flags, flagBits)
	if attached {
		w.bits((in.bits(offsetBits)+uint32(p.Template))&0x3F, offsetBits)
	}
	if mask {
		if attached {
			w.copy(&in, s.bits-offsetBits)
		}
		if masked {
			in.bits(int(s.Targets))
		}
		w.bits(p.Active, int(s.Targets))
	}
	w.copy(&in, 8*len(raw)-in.at)
	return w.dst
}
