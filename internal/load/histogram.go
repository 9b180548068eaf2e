package load

import (
	"math/bits"
	"time"
)

// A histogram keeps durations in buckets that are at most 1/64 of their value
// wide, so percentiles are right within 1.6 % however many values there are.
type histogram struct {
	count   uint64
	highest int64
	buckets [buckets]uint32
}

const (
	subBuckets = 64 // per power of two
	subBits    = 6
	// buckets reach to 2^27 units, more than two minutes.
	buckets = (27 - subBits + 1) * subBuckets
	// unit is the resolution: finer than a clock read and a wake-up.
	unit = int64(time.Microsecond)
)

// add counts one duration in nanoseconds; negative ones count as none.
func (h *histogram) add(ns int64) {
	ns = max(ns, 0)
	h.count++
	h.highest = max(h.highest, ns)
	h.buckets[bucketOf(ns/unit)]++
}

func bucketOf(v int64) int {
	if v < subBuckets {
		return int(v)
	}
	power := bits.Len64(uint64(v)) - 1 - subBits // how far v is shifted
	i := (power+1)*subBuckets + int(v>>power) - subBuckets
	return min(i, buckets-1)
}

// valueOf returns the largest value of a bucket.
func valueOf(i int) int64 {
	if i < subBuckets {
		return int64(i)
	}
	power := i/subBuckets - 1
	return (int64(i%subBuckets+subBuckets+1) << power) - 1
}

// merge adds the values of another histogram.
func (h *histogram) merge(other *histogram) {
	h.count += other.count
	h.highest = max(h.highest, other.highest)
	for i, n := range other.buckets {
		h.buckets[i] += n
	}
}

// at returns the smallest duration that at least the share p (0 to 1) of all
// values do not exceed.
func (h *histogram) at(p float64) time.Duration {
	if h.count == 0 {
		return 0
	}
	rank := uint64(p * float64(h.count))
	if float64(rank) < p*float64(h.count) || rank == 0 {
		rank++
	}
	var seen uint64
	for i, n := range h.buckets {
		if seen += uint64(n); seen >= rank {
			return time.Duration(min(valueOf(i)*unit+unit-1, h.highest))
		}
	}
	return time.Duration(h.highest)
}

// Percentiles summarises a distribution in milliseconds.
type Percentiles struct {
	Count uint64  `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
}

func (h *histogram) percentiles() Percentiles {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return Percentiles{
		Count: h.count, P50: ms(h.at(0.5)), P90: ms(h.at(0.9)), P99: ms(h.at(0.99)),
		P999: ms(h.at(0.999)), Max: ms(time.Duration(h.highest)),
	}
}
