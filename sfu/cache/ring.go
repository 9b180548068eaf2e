package cache

import (
	"sync/atomic"
	"time"
)

const (
	// VideoPackets and AudioPackets are how many packets a cache holds at most:
	// two seconds of video at 5 Mbit/s, and two and a half of audio.
	VideoPackets = 1024
	AudioPackets = 128
	// MaxAge is how long a packet is kept: a receiver that has not asked for
	// it by then has no use for it. MinPackets stay longer: of a still screen
	// a receiver notices only with the next packet that one is lost.
	MaxAge     = time.Second
	MinPackets = 64
	// StartAge and StartBytes bound a cached start: a newcomer who gets more
	// than that at once is better served by a new key frame, and its line's
	// buffers would not take it. A screen's pictures are larger, and when it
	// stands still hardly more comes however old its key frame is.
	StartAge         = 2 * time.Second
	StartBytes       = 192 << 10
	ScreenStartAge   = time.Minute
	ScreenStartBytes = 512 << 10
)

// Ring is the cache of one published layer, bounded in number and age. The
// shard that owns the layer writes; any shard may read at the same time.
type Ring struct {
	slots []atomic.Pointer[Packet]
	mask  uint64
	// newest is the highest sequence number put, plus one; keyStart the one at
	// which the last key frame started, plus one. 0 is none.
	newest, keyStart atomic.Uint64
	startAge         time.Duration
	startBytes       int
	// The writer's: nothing below oldest is kept; sinceKey is how many bytes
	// came since the key frame at keyStart, which came at keyAt.
	oldest   uint64
	sinceKey int
	keyAt    time.Duration
}

// NewRing makes a cache of at least size packets that starts newcomers from
// key frames up to startAge old, 0 for never, with up to startBytes at once.
func NewRing(size int, startAge time.Duration, startBytes int) *Ring {
	n := 1
	for n < size {
		n *= 2
	}
	return &Ring{slots: make([]atomic.Pointer[Packet], n), mask: uint64(n - 1), startAge: startAge, startBytes: startBytes}
}

// Put keeps a packet and says whether it is new: a duplicate, or one too old
// to be kept, is refused. The ring takes its own reference. Only the owner may call it.
func (r *Ring) Put(p *Packet) bool {
	size := uint64(len(r.slots))
	head := r.newest.Load()
	if head > 0 && p.Sequence+size < head {
		return false
	}
	slot := &r.slots[p.Sequence&r.mask]
	old := slot.Load()
	if old != nil && old.Sequence >= p.Sequence {
		return false
	}
	p.Retain()
	slot.Store(p)
	if old != nil {
		old.Release()
	}
	if head == 0 || p.Sequence < r.oldest {
		r.oldest = p.Sequence
	}
	if p.Sequence >= head {
		r.newest.Store(p.Sequence + 1)
	}
	r.mark(p)
	r.Expire(p.Arrival)
	return true
}

// mark notes where a newcomer may start, as long as that is worth it.
func (r *Ring) mark(p *Packet) {
	key := r.keyStart.Load()
	if p.Frame.SwitchPoint() && p.Sequence >= key {
		r.sinceKey, r.keyAt = len(p.data), p.Arrival
		r.keyStart.Store(p.Sequence + 1)
		return
	}
	if r.sinceKey += len(p.data); key > 0 && (r.sinceKey > r.startBytes || p.Arrival-r.keyAt > r.startAge) {
		r.keyStart.Store(0)
	}
}

// Expire lets go of what is older than [MaxAge], but for the newest
// [MinPackets] and what a newcomer would start with. Put does it too; call it now and then for a layer that has
// fallen silent. Only the owner may call it.
func (r *Ring) Expire(now time.Duration) {
	head, size, key := r.newest.Load(), uint64(len(r.slots)), r.keyStart.Load()
	if head > 2*size { // after a break a turn through all slots is enough
		r.oldest = max(r.oldest, head-2*size)
	}
	for ; r.oldest < head; r.oldest++ {
		slot := &r.slots[r.oldest&r.mask]
		p := slot.Load()
		if p == nil || p.Sequence > r.oldest {
			continue
		}
		fresh := now-p.Arrival <= MaxAge || p.Sequence+MinPackets >= head || key > 0 && p.Sequence+1 >= key
		if fresh && p.Sequence+size >= head {
			return
		}
		slot.Store(nil)
		p.Release()
	}
}

// Get gives the packet with this extended sequence number, with a reference of
// its own that the caller must release; nil when it is not here. Any goroutine may call it.
func (r *Ring) Get(sequence uint64) *Packet {
	slot := &r.slots[sequence&r.mask]
	p := slot.Load()
	if p == nil || !p.tryRetain() {
		return nil
	}
	// While we were taking the reference the packet may have left the ring and
	// be about to be filled again. Only when it is still in the slot is it one that nobody changes.
	if slot.Load() != p || p.Sequence != sequence {
		p.Release()
		return nil
	}
	return p
}

// SinceKeyFrame appends to dst the packets from the start of the last key
// frame to the newest, in order, each with a reference that the caller must
// release: a start for a newcomer without asking the publisher. It appends
// nothing when that is too old or too much. Any goroutine may call it.
func (r *Ring) SinceKeyFrame(now time.Duration, dst []*Packet) []*Packet {
	key, end := r.keyStart.Load(), r.newest.Load()
	if key == 0 || end < key || end-key >= uint64(len(r.slots)) {
		return dst
	}
	first := r.Get(key - 1)
	if first == nil {
		return dst
	}
	if now-first.Arrival > r.startAge {
		first.Release()
		return dst
	}
	dst = append(dst, first)
	for sequence := key; sequence < end; sequence++ {
		if p := r.Get(sequence); p != nil {
			dst = append(dst, p)
		}
	}
	return dst
}

// Recent appends to dst the packets that came since, in order, each with a
// reference that the caller must release: what a listener would otherwise miss
// of a voice that just began. Any goroutine may call it.
func (r *Ring) Recent(since time.Duration, dst []*Packet) []*Packet {
	end := r.newest.Load()
	first := end
	for first > 0 && end-first < MinPackets/2 {
		p := r.Get(first - 1)
		if p == nil {
			break
		}
		fresh := p.Arrival >= since
		p.Release()
		if !fresh {
			break
		}
		first--
	}
	for ; first < end; first++ {
		if p := r.Get(first); p != nil {
			dst = append(dst, p)
		}
	}
	return dst
}

// Newest is the highest extended sequence number put, and whether there was any.
func (r *Ring) Newest() (uint64, bool) {
	n := r.newest.Load()
	return n - 1, n > 0
}

// Clear lets go of everything. Only the owner may call it.
func (r *Ring) Clear() {
	for i := range r.slots {
		if p := r.slots[i].Swap(nil); p != nil {
			p.Release()
		}
	}
	r.oldest = 0
	r.newest.Store(0)
	r.keyStart.Store(0)
}
