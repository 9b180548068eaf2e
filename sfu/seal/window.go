package seal

// Window is how many packets back from the newest of its stream a packet may
// come and be opened: half a second of the largest video. Reports have the same,
// which is more than they need (RFC 3711 §3.3.2 asks for 64), for 120 bytes.
const Window = 1024

// window remembers which packets of a stream were opened (RFC 3711 §3.3.2).
type window struct {
	last int64 // the highest index
	seen [Window / 64]uint64
}

// isNew says whether a packet may be opened: it has not been, and is neither
// too old to tell nor after the last its key is good for.
func (w *window) isNew(index int64) bool {
	if index > w.last {
		return index < indexBound
	}
	word, bit := place(index)
	return w.last-index < Window && w.seen[word]&bit == 0
}

// add notes an index that is new.
func (w *window) add(index int64) {
	for i := max(w.last, index-Window) + 1; i < index; i++ { // was of an index before, a multiple of Window away
		word, bit := place(i)
		w.seen[word] &^= bit
	}
	word, bit := place(index)
	w.seen[word] |= bit
	w.last = max(w.last, index)
}

// place is where an index has its bit.
func place(index int64) (word int, bit uint64) {
	return int(uint64(index) % Window / 64), 1 << (uint64(index) % 64)
}

// estimate is the index of the packet with a sequence number, in a stream whose
// highest index is last: the nearest there is (RFC 3711 §3.3.1). None is before
// the first rollover counter, so early in a stream a number far ahead is not a
// late one of before, as it would be by the letter.
func estimate(last int64, number uint16) int64 {
	ahead := int64(int16(number - uint16(last)))
	if ahead == -1<<15 && uint16(last) < 1<<15 {
		ahead = 1 << 15 // half a turn away: the RFC stays with the rollover counter it has
	}
	if last+ahead < 0 {
		ahead += 1 << 16
	}
	return last + ahead
}
