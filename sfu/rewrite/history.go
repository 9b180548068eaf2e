package rewrite

import (
	"unsafe"

	"palabre/sfu/cache"
	"palabre/sfu/prefetch"
)

// state is what became of a sequence number.
type state uint8

const (
	reserved state = iota // kept free for a packet that is missing
	sent
	padding
)

// entry is what is remembered of one number sent: 24 bytes.
type entry struct {
	in        uint64 // extended sequence number at the origin
	origin    Origin
	timestamp uint32 // while reserved: of the frame before
	resent    uint16 // when last, in milliseconds of the server's clock
	picture   uint16 // while reserved: the shift of picture ids then
	tl0       uint8
	state     state
	resends   uint8
	taken     taken
}

// taken is a marker bit and what the viewer got of the picture, in a byte.
type taken uint8

func take(l level, marker bool) taken {
	t := taken(l.spatial&highestSpatial<<3 | l.temporal&highestTemporal)
	if marker {
		t |= 0x80
	}
	return t
}

func (t taken) marker() bool { return t&0x80 != 0 }
func (t taken) level() level {
	return level{uint8(t >> 3 & highestSpatial), uint8(t & highestTemporal)}
}

// put writes what goes out under the number. It is written in place because
// what was just written field by field cannot be read as a whole: a processor
// waits until it has left for its cache.
func (e *entry) put(number uint64, o *Out) {
	o.Sequence, o.Timestamp, o.Marker = uint16(number), e.timestamp, e.taken.marker()
	o.PictureID, o.TL0, o.Spatial, o.Temporal = 0, 0, 0, 0
	o.Number, o.Template, o.Switched = 0, 0, false
	if e.state == sent {
		o.PictureID, o.TL0 = e.picture, e.tl0
		o.Spatial, o.Temporal = e.taken.level().spatial, e.taken.level().temporal
	}
}

// history is the last numbers sent, in order. Numbers are extended, so that
// they never come round.
type history struct {
	entries []entry
	mask    uint64
	most    int    // entries there may be
	keep    uint32 // ticks for which an entry is kept, while there are fewer
	first   uint64 // number ever
	next    uint64 // number to give
	begin   uint64 // first number of the current origin
}

// maxHistory keeps sequence numbers of 16 bits without ambiguity.
const maxHistory = 1 << 15

// newHistory remembers size numbers, rounded up to a power of two, where so many
// are sent within keep ticks: most viewers get fewer.
func newHistory(size int, start uint16, keep uint32) history {
	n := 1
	for n < size && n < maxHistory {
		n *= 2
	}
	first := uint64(1<<16) + uint64(start)
	return history{most: n, keep: keep, first: first, next: first, begin: first}
}

// limit is how long a gap may be: a longer one would push everything else out.
func (h *history) limit() int { return h.most / 2 }

// leastHistory is how many entries a history begins with: as many as are cached however old they are.
const leastHistory = cache.MinPackets

// grow makes room for more entries, twice as many as there are.
func (h *history) grow() {
	entries := make([]entry, min(h.most, max(leastHistory, 2*len(h.entries))))
	mask := uint64(len(entries) - 1)
	for number := h.next - uint64(len(h.entries)); number < h.next; number++ {
		entries[number&mask] = h.entries[number&h.mask]
	}
	h.entries, h.mask = entries, mask
}

// cut begins a new origin: what was before cannot be found by [history.find] any more.
func (h *history) cut() { h.begin = h.next }

// push takes the next number, reserved, for a packet with this timestamp.
func (h *history) push(o Origin, in uint64, timestamp uint32) (*entry, uint64) {
	if len(h.entries) < h.most && h.next-h.first >= uint64(len(h.entries)) && h.needed(timestamp) {
		h.grow()
	}
	number := h.next
	h.next++
	e := &h.entries[number&h.mask]
	*e = entry{in: in, origin: o, timestamp: timestamp}
	return e, number
}

// needed says that the entry whose place would be taken may still be asked for.
func (h *history) needed(timestamp uint32) bool {
	return len(h.entries) == 0 || int32(timestamp-h.entries[h.next&h.mask].timestamp) < int32(h.keep)
}

// prefetch asks for the memory that the next entries take.
func (h *history) prefetch(packets int) {
	if len(h.entries) > 0 {
		prefetch.Range(unsafe.Pointer(&h.entries[h.next&h.mask]), uintptr(packets)*unsafe.Sizeof(entry{}))
	}
}

// at finds the entry of a number as it was sent.
func (h *history) at(sequence uint16) (*entry, uint64) {
	back := uint64(uint16(h.next) - sequence)
	if back == 0 || back > uint64(len(h.entries)) || h.next-back < h.first {
		return nil, 0
	}
	number := h.next - back
	return &h.entries[number&h.mask], number
}

// find finds the entry of a packet of the current origin. Entries are in the
// order of their input numbers, so it halves.
func (h *history) find(in uint64) (*entry, uint64) {
	low, high := h.begin, h.next
	if size := uint64(len(h.entries)); high-low > size {
		low = high - size
	}
	end := high
	for low < high {
		middle := low + (high-low)/2
		if h.entries[middle&h.mask].in < in {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low < end && h.entries[low&h.mask].in == in {
		return &h.entries[low&h.mask], low
	}
	return nil, 0
}
