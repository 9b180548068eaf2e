package shard

import (
	"sync/atomic"
	"time"
)

// Drop says why a packet went no further.
type Drop int

// The reasons for dropping a packet, besides those of the transport.
const (
	DropOverload  Drop = iota // a shard's inbox was full
	DropPolicer               // more than a publisher may send
	DropMalformed             // not an RTP packet, or not what its codec says
	DropUnknown               // a stream that belongs to no media section
	DropCodec                 // a payload type that was not negotiated
	DropOutside               // before the peer entered
	DropSend                  // the socket did not take it
	drops
)

// DropNames are the reasons as metric labels, by [Drop].
func DropNames() []string {
	return []string{"overload", "policer", "malformed", "unknown stream", "codec", "outside", "send"}
}

// LatencyBounds are the upper bounds of the forwarding latency's buckets.
func LatencyBounds() []time.Duration {
	return []time.Duration{
		50 * time.Microsecond, 100 * time.Microsecond, 200 * time.Microsecond, 500 * time.Microsecond,
		time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond,
		20 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
	}
}

const latencyBuckets = 12

// Flow counts packets and their bytes.
type Flow struct{ Packets, Bytes atomic.Uint64 }

// add counts packets that took bytes together; of no bytes none was sent.
func (f *Flow) add(packets, bytes int) {
	if bytes == 0 {
		return
	}
	f.Packets.Add(uint64(packets))
	f.Bytes.Add(uint64(bytes))
}

// Metrics counts what the shards do. Everything may be read at any time.
type Metrics struct {
	AudioIn, VideoIn, AudioOut, VideoOut Flow
	// RTXIn repaired what was lost on the way to us, RTXOut on the way to a viewer.
	RTXIn, RTXOut Flow
	// ProbesOut asked how much a viewer's line carries.
	ProbesOut Flow
	// NACKs and PLIs count what publishers were asked, and what viewers asked of us.
	NACKsSent, NACKsReceived, PLIsSent, PLIsReceived atomic.Uint64
	// LostIn never came, LostOut is what viewers reported lost before repair.
	LostIn, LostOut atomic.Uint64
	// Probes are the bursts sent to find out whether more fits.
	Probes atomic.Uint64
	// CachedStarts are the viewers who began from the cache.
	CachedStarts atomic.Uint64
	Panics       atomic.Uint64
	Tracks       atomic.Int64
	Drops        [drops]atomic.Uint64
	latency      [latencyBuckets]atomic.Uint64
	latencySum   atomic.Int64
}

// sent is what a shard forwarded in one turn. The counters of all shards are
// shared, and to touch them for every packet would have the cores wait for each other.
type sent struct {
	audio, video struct{ packets, bytes int }
	latency      [latencyBuckets]uint64
	latencySum   time.Duration
}

// count notes packets that took bytes together and waited for so long.
func (t *sent) count(video bool, packets, bytes int, took time.Duration) {
	flow := &t.audio
	if video {
		flow = &t.video
	}
	flow.packets += packets
	flow.bytes += bytes
	bucket := 0
	for _, bound := range [...]time.Duration{
		50 * time.Microsecond, 100 * time.Microsecond, 200 * time.Microsecond, 500 * time.Microsecond,
		time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond,
		20 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
	} {
		if took <= bound {
			break
		}
		bucket++
	}
	t.latency[bucket] += uint64(packets)
	t.latencySum += took * time.Duration(packets)
}

// report adds what a turn forwarded to the counters.
func (t *sent) report(m *Metrics) {
	if t.audio.packets+t.video.packets == 0 {
		return
	}
	m.AudioOut.add(t.audio.packets, t.audio.bytes)
	m.VideoOut.add(t.video.packets, t.video.bytes)
	for i, n := range t.latency {
		if n > 0 {
			m.latency[i].Add(n)
		}
	}
	m.latencySum.Add(int64(t.latencySum))
	*t = sent{}
}

// Latency gives the forwarding latency: how many packets took at most each of
// [LatencyBounds], how many there were, and how long all took together.
func (m *Metrics) Latency() (cumulative []uint64, count uint64, sum time.Duration) {
	for i := range m.latency {
		count += m.latency[i].Load()
		if i < latencyBuckets-1 {
			cumulative = append(cumulative, count)
		}
	}
	return cumulative, count, time.Duration(m.latencySum.Load())
}
