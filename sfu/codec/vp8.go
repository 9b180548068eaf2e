package codec

// VP8 payload descriptor (RFC 7741 §4.2): bits of its bytes.
const (
	vp8X, vp8S, vp8Partition    = 0x80, 0x10, 0x07 // first byte
	vp8I, vp8L, vp8T, vp8K      = 0x80, 0x40, 0x20, 0x10
	vp8TIDShift, vp8LayerSync   = 6, 0x20
	vp8Interframe               = 0x01 // of the frame tag: not a key frame (RFC 6386 §9.1)
	vp8KeyHeader                = 10   // bytes of frame tag, start code and size
	vp8SizeMask                 = 0x3FFF
	vp8Start0, vp8Start1, vp8S2 = 0x9D, 0x01, 0x2A
)

// vp8Layout is where things are in a VP8 descriptor; 0 where they are not.
type vp8Layout struct{ picture, tl0, tid, size int }

// vp8Descriptor reads the descriptor.
func vp8Descriptor(payload []byte, f *Frame) (l vp8Layout, ok bool) {
	first := payload[0]
	f.Start = first&vp8S != 0 && first&vp8Partition == 0
	if first&vp8X == 0 {
		return vp8Layout{size: 1}, len(payload) > 1
	}
	if len(payload) < 2 {
		return l, false
	}
	bits, at := payload[1], 2
	if bits&vp8I != 0 {
		l.picture = at
		if at, ok = readPictureID(payload, at, f); !ok {
			return l, false
		}
	}
	if bits&vp8L != 0 {
		if at >= len(payload) {
			return l, false
		}
		l.tl0, f.HasTL0, f.TL0 = at, true, payload[at]
		at++
	}
	if bits&(vp8T|vp8K) != 0 {
		if at >= len(payload) {
			return l, false
		}
		l.tid = at
		if bits&vp8T != 0 {
			f.TemporalID = payload[at] >> vp8TIDShift
			f.SwitchUp = payload[at]&vp8LayerSync != 0
		}
		at++
	}
	l.size = at
	return l, len(payload) > at // a descriptor without a frame is nothing
}

func inspectVP8(payload []byte) (Frame, error) {
	var f Frame
	l, ok := vp8Descriptor(payload, &f)
	if !ok {
		return Frame{}, ErrMalformed
	}
	frame := payload[l.size:]
	if !f.Start || frame[0]&vp8Interframe != 0 {
		return f, nil
	}
	f.KeyFrame, f.SwitchUp = true, true
	if len(frame) >= vp8KeyHeader {
		if frame[3] != vp8Start0 || frame[4] != vp8Start1 || frame[5] != vp8S2 {
			return Frame{}, ErrMalformed
		}
		f.Width = (uint16(frame[6]) | uint16(frame[7])<<8) & vp8SizeMask
		f.Height = (uint16(frame[8]) | uint16(frame[9])<<8) & vp8SizeMask
	}
	return f, nil
}

// RewriteVP8 appends the payload to dst with another picture id and TL0PICIDX, where it has them.
func RewriteVP8(dst, payload []byte, pictureID uint16, tl0 uint8) []byte {
	var f Frame
	if len(payload) == 0 {
		return dst
	}
	l, ok := vp8Descriptor(payload, &f)
	if !ok || (!f.HasPictureID && !f.HasTL0) {
		return append(dst, payload...)
	}
	dst = append(dst, payload[:2]...)
	rest := 2
	if f.HasPictureID {
		dst = appendPictureID(dst, pictureID)
		rest += int(f.PictureBits+1) / 8
	}
	if f.HasTL0 {
		dst = append(dst, tl0)
		rest = l.tl0 + 1
	}
	return append(dst, payload[rest:]...)
}
