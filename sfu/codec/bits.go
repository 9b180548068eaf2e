package codec

// bitReader reads a sequence or parameter set bit by bit. Past the end it
// reads zeros and remembers that it did.
type bitReader struct {
	data  []byte
	at    int // bits read
	over  bool
	h264  bool // skip the emulation prevention bytes of H.264
	zeros int
	next  int // byte to load
	now   byte
}

// bit reads one bit.
func (r *bitReader) bit() uint32 {
	if r.at%8 == 0 && !r.load() {
		r.over = true
		return 0
	}
	b := uint32(r.now>>(7-r.at%8)) & 1
	r.at++
	return b
}

// load takes the next byte in.
func (r *bitReader) load() bool {
	if r.h264 && r.zeros >= 2 && r.next < len(r.data) && r.data[r.next] == 3 {
		r.next++
		r.zeros = 0
	}
	if r.next >= len(r.data) {
		return false
	}
	r.now = r.data[r.next]
	r.next++
	if r.now == 0 {
		r.zeros++
	} else {
		r.zeros = 0
	}
	return true
}

// flag reads one bit as a truth.
func (r *bitReader) flag() bool { return r.bit() == 1 }

// bits reads n bits, 32 at most.
func (r *bitReader) bits(n int) uint32 {
	var v uint32
	for range n {
		v = v<<1 | r.bit()
	}
	return v
}

// ue reads an unsigned Exp-Golomb code (ITU-T H.264 §9.1).
func (r *bitReader) ue() uint32 {
	zeros := 0
	for r.bit() == 0 {
		if zeros++; zeros > 31 || r.over {
			r.over = true
			return 0
		}
	}
	return 1<<zeros - 1 + r.bits(zeros)
}

// skipUE leaves n Exp-Golomb codes out; signed ones are as long as unsigned.
func (r *bitReader) skipUE(n int) {
	for range n {
		r.ue()
	}
}
