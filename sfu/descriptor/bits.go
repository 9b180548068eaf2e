package descriptor

import "math/bits"

// reader reads bits, most significant first. Past the end it reads zeros and
// notes that it did.
type reader struct {
	data []byte
	at   int // in bits
	over bool
}

func (r *reader) bits(n int) uint32 {
	if r.at+n > 8*len(r.data) {
		r.at, r.over = 8*len(r.data), true
		return 0
	}
	v := uint32(0)
	for n > 0 {
		offset := r.at & 7
		take := min(8-offset, n)
		v = v<<take | uint32(r.data[r.at>>3])>>(8-offset-take)&(1<<take-1)
		r.at += take
		n -= take
	}
	return v
}

func (r *reader) flag() bool { return r.bits(1) != 0 }

// below reads a number less than n, coded ns(n) (AV1 §4.10.7).
func (r *reader) below(n uint32) uint32 {
	w := bits.Len32(n)
	short := uint32(1)<<w - n
	if w == 0 {
		return 0
	}
	v := r.bits(w - 1)
	if v < short {
		return v
	}
	return v<<1 - short + r.bits(1)
}

// writer appends bits to dst.
type writer struct {
	dst  []byte
	free int // bits of the last byte not yet used
}

func (w *writer) bits(v uint32, n int) {
	for n > 0 {
		if w.free == 0 {
			w.dst, w.free = append(w.dst, 0), 8
		}
		take := min(w.free, n)
		part := v >> (n - take) & (1<<take - 1)
		w.free -= take
		w.dst[len(w.dst)-1] |= byte(part << w.free)
		n -= take
	}
}

// copy appends the next n bits of r.
func (w *writer) copy(r *reader, n int) {
	for ; n > 0; n -= 16 {
		w.bits(r.bits(min(n, 16)), min(n, 16))
	}
}
