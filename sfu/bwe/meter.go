package bwe

import (
	"time"
	"unsafe"
)

const (
	bucketTime = 25 * time.Millisecond
	buckets    = 40 // a second
)

// meter measures a rate over windows of up to a second, by counting bytes in
// small buckets of time. It does not matter whose clock the times are of.
type meter struct {
	bytes   [buckets]int32
	started bool
	newest  int64 // bucket number
	first   int64
	last    time.Duration
}

// place is where in the meter the newest bucket is.
func (m *meter) place() uintptr {
	return unsafe.Offsetof(m.bytes) + uintptr(uint64(m.newest)%buckets)*unsafe.Sizeof(m.bytes[0])
}

func (m *meter) bucket(n int64) *int32 { return &m.bytes[uint64(n)%buckets] }

func (m *meter) add(size int, at time.Duration) {
	n := int64(at / bucketTime)
	switch {
	case !m.started || n-m.newest >= buckets || m.newest-n >= buckets:
		// The first, or after a silence or a jump of the clock.
		*m = meter{started: true, newest: n, first: n, last: at}
	case n > m.newest:
		for m.newest < n {
			m.newest++
			*m.bucket(m.newest) = 0
		}
	case n < m.first:
		return
	}
	*m.bucket(n) += int32(size)
	m.last = max(m.last, at)
}

// rate is what passed in the window that ends with the newest packet, in bit/s.
func (m *meter) rate(window time.Duration) float64 { return m.rateAt(window, m.last) }

// rateAt is what passed in the window that ends at at, in bit/s.
func (m *meter) rateAt(window, at time.Duration) float64 {
	if !m.started {
		return 0
	}
	end := int64(at / bucketTime)
	start := max(end-int64(window/bucketTime)+1, m.first, m.newest-buckets+1)
	total := 0
	for n := start; n <= min(end, m.newest); n++ {
		total += int(*m.bucket(n))
	}
	// The last bucket is not over: it counts for what of it has passed.
	return float64(total*8) / max(at-time.Duration(start)*bucketTime, bucketTime).Seconds()
}
