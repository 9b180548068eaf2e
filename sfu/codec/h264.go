package codec

// H.264 NAL unit types (ITU-T H.264 table 7-1) and RTP aggregation (RFC 6184 §5.2).
const (
	nalSlice = 1
	nalIDR   = 5
	nalSPS   = 7
	nalSTAPA = 24
	nalFUA   = 28
	nalType  = 0x1F
	// nalForbidden is the forbidden_zero_bit: other codecs' payloads often have it.
	nalForbidden = 0x80
	fuStart      = 0x80
)

func inspectH264(payload []byte) (Frame, error) {
	var f Frame
	switch t := payload[0] & nalType; {
	case payload[0]&nalForbidden != 0:
		return Frame{}, ErrMalformed
	case t >= 1 && t < nalSTAPA:
		h264Unit(payload, true, &f)
		return f, nil
	case t == nalSTAPA:
		return h264Aggregate(payload[1:])
	case t == nalFUA:
		if len(payload) < 3 {
			return Frame{}, ErrMalformed
		}
		h264Unit(payload[1:], payload[1]&fuStart != 0, &f)
		return f, nil
	default: // STAP-B, MTAP, FU-B: interleaved mode, which WebRTC does not use
		return Frame{}, ErrMalformed
	}
}

// h264Aggregate reads the units of a STAP-A.
func h264Aggregate(units []byte) (Frame, error) {
	var f Frame
	for len(units) > 0 {
		if len(units) < 2 {
			return Frame{}, ErrMalformed
		}
		size := int(units[0])<<8 | int(units[1])
		units = units[2:]
		if size == 0 || size > len(units) {
			return Frame{}, ErrMalformed
		}
		h264Unit(units[:size], true, &f)
		units = units[size:]
	}
	return f, nil
}

// h264Unit reads one unit, of which the first byte tells the type and begin
// whether its beginning is here. A key frame can be received from its sequence
// parameter set on: that is where it starts.
func h264Unit(unit []byte, begin bool, f *Frame) {
	switch unit[0] & nalType {
	case nalSPS:
		f.KeyFrame, f.SwitchUp = true, true
		if begin {
			f.Start = true
			f.Width, f.Height = h264Size(unit[1:])
		}
	case nalIDR:
		f.KeyFrame, f.SwitchUp = true, true
	case nalSlice:
		// first_mb_in_slice is 0, coded as a single 1 bit: the picture begins.
		if begin && len(unit) > 1 && unit[1]&0x80 != 0 {
			f.Start = true
		}
	}
}
