package codec

// VP9 payload descriptor (RFC 9628 §4.2): bits of its bytes.
const (
	vp9I, vp9P, vp9L, vp9F = 0x80, 0x40, 0x20, 0x10
	vp9B, vp9E, vp9V       = 0x08, 0x04, 0x02
	vp9SwitchUp            = 0x10
	vp9MaxReferences       = 3
)

// vp9Layout is where things are in a VP9 descriptor; 0 where they are not.
type vp9Layout struct{ picture, tl0, size int }

// vp9Descriptor reads the descriptor.
func vp9Descriptor(payload []byte, f *Frame) (l vp9Layout, ok bool) {
	bits, at := payload[0], 1
	if bits&vp9I != 0 {
		l.picture = at
		if at, ok = readPictureID(payload, at, f); !ok {
			return l, false
		}
	}
	if bits&vp9L != 0 {
		if at >= len(payload) {
			return l, false
		}
		layer := payload[at]
		f.TemporalID, f.SpatialID = layer>>5, layer>>1&7
		if layer&vp9SwitchUp != 0 { // what follows refers to no higher layer from before
			f.Switch = switchAbove(min(f.SpatialID, 3), f.TemporalID)
		}
		at++
		if bits&vp9F == 0 {
			if at >= len(payload) {
				return l, false
			}
			l.tl0, f.HasTL0, f.TL0 = at, true, payload[at]
			at++
		}
	}
	if bits&vp9F != 0 && bits&vp9P != 0 {
		if at, ok = vp9References(payload, at); !ok {
			return l, false
		}
	}
	if bits&vp9V != 0 {
		if at, ok = vp9Structure(payload, at, f); !ok {
			return l, false
		}
	}
	l.size = at
	return l, len(payload) > at
}

// switchAbove is everything from a temporal layer on.
func switchAbove(spatial, temporal uint8) uint32 {
	return SwitchTo(spatial, 0) * (0xFF << temporal & 0xFF)
}

// vp9References skips the list of reference indices.
func vp9References(payload []byte, at int) (int, bool) {
	for range vp9MaxReferences {
		if at >= len(payload) {
			return at, false
		}
		more := payload[at]&1 != 0
		at++
		if !more {
			return at, true
		}
	}
	return at, false // the third says there is a fourth
}

// vp9Structure skips the scalability structure and notes the size of the largest layer.
func vp9Structure(payload []byte, at int, f *Frame) (int, bool) {
	if at >= len(payload) {
		return at, false
	}
	head := payload[at]
	at++
	if head&0x10 != 0 { // Y: a size for every spatial layer
		for range int(head>>5) + 1 {
			if at+4 > len(payload) {
				return at, false
			}
			f.Width = uint16(payload[at])<<8 | uint16(payload[at+1])
			f.Height = uint16(payload[at+2])<<8 | uint16(payload[at+3])
			at += 4
		}
	}
	if head&0x08 == 0 { // G: a group of pictures
		return at, true
	}
	if at >= len(payload) {
		return at, false
	}
	pictures := int(payload[at])
	at++
	for range pictures {
		if at >= len(payload) {
			return at, false
		}
		at += 1 + int(payload[at]>>2&3)
	}
	return at, at <= len(payload)
}

func inspectVP9(payload []byte) (Frame, error) {
	var f Frame
	if _, ok := vp9Descriptor(payload, &f); !ok {
		return Frame{}, ErrMalformed
	}
	bits := payload[0]
	f.KeyFrame = bits&vp9P == 0
	f.Start = bits&vp9B != 0 && f.SpatialID == 0
	f.End = bits&vp9E != 0
	f.SwitchUp = f.KeyFrame
	return f, nil
}

// RewriteVP9 appends the payload to dst with another picture id and TL0PICIDX, where it has them.
func RewriteVP9(dst, payload []byte, pictureID uint16, tl0 uint8) []byte {
	var f Frame
	if len(payload) == 0 {
		return dst
	}
	l, ok := vp9Descriptor(payload, &f)
	if !ok || !f.HasPictureID {
		return append(dst, payload...)
	}
	dst = appendPictureID(append(dst, payload[0]), pictureID)
	rest := 1 + int(f.PictureBits+1)/8
	if f.HasTL0 {
		dst = append(dst, payload[rest], tl0)
		rest = l.tl0 + 1
	}
	return append(dst, payload[rest:]...)
}
