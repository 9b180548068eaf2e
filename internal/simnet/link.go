package simnet

import (
	"container/heap"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// defaultQueue is what waits before a limited rate at most: a home router's.
	defaultQueue = 64_000
	// defaultLate is how long a reordered packet is held back at most.
	defaultLate = 20 * time.Millisecond
)

// Shape is what one direction of a link does to packets. The zero value does nothing.
type Shape struct {
	// Rate in bit/s; 0 for no limit. What comes faster waits in a queue of at
	// most Queue bytes, 0 for 64 000; what finds it full is dropped.
	Rate, Queue int
	// Loss is the share of packets lost after the queue. Burst is the mean number
	// lost in a row (Gilbert's model); up to 1 they are lost independently.
	Loss, Burst float64
	// Delay is what every packet takes, and Jitter up to how much more, evenly
	// spread. Both keep the order.
	Delay, Jitter time.Duration
	// Reorder is the share of packets held back, each by up to Late, 0 for
	// 20 ms, while others pass.
	Reorder float64
	Late    time.Duration
	// Duplicate is the share of packets that arrive twice.
	Duplicate float64
	// MTU is the largest packet carried, in bytes with its IP header; 0 for any.
	MTU int
	// Dead loses everything.
	Dead bool
}

// Fate is what becomes of a packet.
type Fate int

// The fates of a packet.
const (
	Delivered  Fate = iota
	Lost            // by chance
	Overflowed      // the queue was full
	TooBig          // for the MTU
	Swallowed       // the link was dead
)

// Passage is one packet's way over a link.
type Passage[T any] struct {
	Packet T
	Size   int // bytes, with its IP header
	Fate   Fate
	// Sent is when the packet came to the link, Waited how long the queue held it.
	Sent, Waited time.Duration
}

// Counts are the packets of a link by fate, and what came out of it.
type Counts struct {
	Fates [Swallowed + 1]int
	// Bytes were delivered. Duplicated and Reordered are among the delivered.
	Bytes, Duplicated, Reordered int
}

// Dropped is how many packets were not delivered, whatever the reason.
func (c Counts) Dropped() int {
	return c.Fates[Lost] + c.Fates[Overflowed] + c.Fates[TooBig] + c.Fates[Swallowed]
}

// Link is one direction of a connection between two machines. Times are since
// whenever its user likes, and must not go back. It is safe for concurrent use.
type Link[T any] struct {
	mu    sync.Mutex
	shape Shape
	rand  *rand.Rand
	taps  []func(Passage[T])

	bad     bool // within a burst of losses
	queue   []passing[T]
	queued  int           // bytes in queue
	free    time.Duration // when the first of queue is through
	flying  flight[T]
	order   uint64
	ordered time.Duration // no packet in order arrives before this
	counts  Counts
}

type passing[T any] struct {
	packet T
	size   int
	sent   time.Duration
}

// NewLink gives a link of that shape; equal seeds make equal links.
func NewLink[T any](seed uint64, s Shape) *Link[T] {
	return &Link[T]{shape: s, rand: rand.New(rand.NewPCG(seed, seed^0x9e3779b97f4a7c15))}
}

// Set changes the shape. The packet that is being sent is finished as it began.
func (l *Link[T]) Set(s Shape) {
	l.mu.Lock()
	l.shape = s
	l.mu.Unlock()
}

// Shape gives the shape.
func (l *Link[T]) Shape() Shape {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.shape
}

// Counts gives what was counted so far.
func (l *Link[T]) Counts() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts
}

// Tap has every packet shown to see when its fate is known, in order. See must
// not call the link, and not keep the packet where that is only lent.
func (l *Link[T]) Tap(see func(Passage[T])) {
	l.mu.Lock()
	l.taps = append(l.taps, see)
	l.mu.Unlock()
}

// Send puts a packet of size bytes, its IP header included, on the link.
func (l *Link[T]) Send(packet T, size int, now time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance(now)
	p := passing[T]{packet, size, now}
	limit := l.shape.Queue
	if limit == 0 {
		limit = defaultQueue
	}
	switch s := l.shape; {
	case s.Dead:
		l.seal(p, Swallowed, now)
	case s.MTU > 0 && size > s.MTU:
		l.seal(p, TooBig, now)
	case s.Rate > 0 && l.queued+size > limit:
		l.seal(p, Overflowed, now)
	case s.Rate > 0 || len(l.queue) > 0:
		if len(l.queue) == 0 {
			l.free = now + l.takes(size)
		}
		l.queue = append(l.queue, p)
		l.queued += size
	default:
		l.leave(p, now)
	}
}

// takes is how long size bytes need on the wire.
func (l *Link[T]) takes(size int) time.Duration {
	if l.shape.Rate <= 0 {
		return 0
	}
	return time.Duration(size) * 8 * time.Second / time.Duration(l.shape.Rate)
}

// advance lets through what is through the queue by now.
func (l *Link[T]) advance(now time.Duration) {
	for len(l.queue) > 0 && l.free <= now {
		p := l.queue[0]
		l.queue[0] = passing[T]{}
		l.queue = l.queue[1:]
		l.queued -= p.size
		l.leave(p, l.free)
		if len(l.queue) > 0 {
			l.free += l.takes(l.queue[0].size)
		}
	}
}

// leave sends a packet on its way behind the queue, or loses it.
func (l *Link[T]) leave(p passing[T], at time.Duration) {
	if l.loses() {
		l.seal(p, Lost, at)
		return
	}
	s := l.shape
	l.seal(p, Delivered, at)
	arrives := at + s.Delay
	if s.Jitter > 0 {
		arrives += time.Duration(l.rand.Int64N(int64(s.Jitter)))
	}
	if s.Reorder > 0 && l.rand.Float64() < s.Reorder {
		late := s.Late
		if late <= 0 {
			late = defaultLate
		}
		arrives += time.Duration(l.rand.Int64N(int64(late)))
		l.counts.Reordered++
	} else {
		arrives = max(arrives, l.ordered)
		l.ordered = arrives
	}
	l.fly(p, arrives)
	if s.Duplicate > 0 && l.rand.Float64() < s.Duplicate {
		l.counts.Duplicated++
		l.fly(p, arrives)
	}
}

func (l *Link[T]) fly(p passing[T], arrives time.Duration) {
	l.order++
	heap.Push(&l.flying, arrival[T]{p, arrives, l.order})
}

// loses decides over one packet.
func (l *Link[T]) loses() bool {
	s := l.shape
	if s.Loss <= 0 {
		l.bad = false
		return false
	}
	if s.Burst <= 1 || s.Loss >= 1 {
		return l.rand.Float64() < s.Loss
	}
	// Gilbert: out of a burst with 1/Burst, into one so that the share comes out.
	end := 1 / s.Burst
	if l.bad {
		l.bad = l.rand.Float64() >= end
	} else {
		l.bad = l.rand.Float64() < end*s.Loss/(1-s.Loss)
	}
	return l.bad
}

// seal counts and shows what became of a packet.
func (l *Link[T]) seal(p passing[T], f Fate, at time.Duration) {
	l.counts.Fates[f]++
	if f == Delivered {
		l.counts.Bytes += p.size
	}
	for _, see := range l.taps {
		see(Passage[T]{Packet: p.packet, Size: p.size, Fate: f, Sent: p.sent, Waited: at - p.sent})
	}
}

// Receive gives the next packet that has arrived by now, and when it did.
func (l *Link[T]) Receive(now time.Duration) (packet T, at time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance(now)
	if len(l.flying) == 0 || l.flying[0].at > now {
		return packet, 0, false
	}
	a, _ := heap.Pop(&l.flying).(arrival[T])
	return a.packet, a.at, true
}

// Next is when to look for packets again; false when none are on the way.
func (l *Link[T]) Next() (at time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case len(l.queue) > 0 && len(l.flying) > 0:
		return min(l.free, l.flying[0].at), true
	case len(l.queue) > 0:
		return l.free, true
	case len(l.flying) > 0:
		return l.flying[0].at, true
	}
	return 0, false
}

// arrival is a packet on its way; a flight has the next to arrive first.
type arrival[T any] struct {
	passing[T]
	at    time.Duration
	order uint64
}

type flight[T any] []arrival[T]

func (f flight[T]) Len() int { return len(f) }
func (f flight[T]) Less(i, j int) bool {
	return f[i].at < f[j].at || f[i].at == f[j].at && f[i].order < f[j].order
}
func (f flight[T]) Swap(i, j int) { f[i], f[j] = f[j], f[i] }

// Push implements [heap.Interface].
func (f *flight[T]) Push(x any) {
	if a, ok := x.(arrival[T]); ok {
		*f = append(*f, a)
	}
}

// Pop implements [heap.Interface].
func (f *flight[T]) Pop() any {
	old := *f
	last := old[len(old)-1]
	old[len(old)-1] = arrival[T]{}
	*f = old[:len(old)-1]
	return last
}
