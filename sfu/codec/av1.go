package codec

// AV1 aggregation header (AV1 RTP specification §4.4) and OBU header (AV1 §5.3.2).
const (
	av1Z, av1N     = 0x80, 0x08
	av1W           = 0x30
	av1Forbidden   = 0x80
	av1HasExt      = 0x04
	av1HasSize     = 0x02
	obuSequence    = 1
	av1MaxLeb128   = 5 // bytes of the length of an element: 32 bits are enough
	av1MaxElements = 64
)

func inspectAV1(payload []byte) (Frame, error) {
	head := payload[0]
	continues, count := head&av1Z != 0, int(head&av1W>>4)
	first := head&av1N != 0
	if continues && first { // a sequence cannot begin in the middle of an OBU
		return Frame{}, ErrMalformed
	}
	f := Frame{KeyFrame: first, Start: !continues, SwitchUp: first}
	rest := payload[1:]
	if len(rest) == 0 {
		return Frame{}, ErrMalformed
	}
	for i := 0; len(rest) > 0; i++ {
		if i == av1MaxElements {
			return Frame{}, ErrMalformed
		}
		size := len(rest)
		if count == 0 || i < count-1 {
			var n int
			if size, n = leb128(rest); n == 0 || size > len(rest)-n {
				return Frame{}, ErrMalformed
			}
			rest = rest[n:]
		}
		// An empty element is odd but allowed; one that continues has no header.
		if size > 0 && (i > 0 || !continues) && !av1OBU(rest[:size], &f) {
			return Frame{}, ErrMalformed
		}
		rest = rest[size:]
	}
	return f, nil
}

// av1OBU reads the header of one OBU, and the size from a sequence header.
func av1OBU(obu []byte, f *Frame) bool {
	head := obu[0]
	if head&av1Forbidden != 0 {
		return false
	}
	body := 1
	if head&av1HasExt != 0 {
		if len(obu) < 2 {
			return false
		}
		f.TemporalID, f.SpatialID = obu[1]>>5, obu[1]>>3&3
		body = 2
	}
	if head>>3&0x0F == obuSequence && f.KeyFrame {
		if head&av1HasSize != 0 {
			_, n := leb128(obu[body:])
			body += n
		}
		f.Width, f.Height = av1Size(obu[body:])
	}
	return true
}

// leb128 reads a length and how many bytes it takes; 0 bytes when there is none.
func leb128(b []byte) (value, size int) {
	for i := 0; i < len(b) && i < av1MaxLeb128; i++ {
		value |= int(b[i]&0x7F) << (7 * i)
		if b[i]&0x80 == 0 {
			return value, i + 1
		}
	}
	return 0, 0
}
