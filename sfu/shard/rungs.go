package shard

import (
	"sync/atomic"
	"time"

	"palabre/sfu/cache"
	"palabre/sfu/layers"
)

// maxSpatial and maxTemporal bound the layers told apart within one stream,
// as many as any scalability mode has (W3C webrtc-svc: L3T3) and one to spare.
const maxSpatial, maxTemporal = 3, 4

// rungs is what a layer's parts measured lately: one (spatial, temporal) rung
// is everything a viewer gets who takes up to these ids. The publisher's shard
// writes, every shard reads.
type rungs struct {
	// spatial and temporal are how many ids are in use; 0 while nothing was measured.
	spatial, temporal atomic.Uint32
	bitrate           [maxSpatial][maxTemporal]atomic.Int64 // bit/s, lower ids included
	framerate         [maxTemporal]atomic.Uint32            // millihertz, lower ids included
	size              [maxSpatial]atomic.Uint32             // width<<16 | height in pixels, 0 when unknown
	meter             meter
}

// meter counts what comes between two measurements. Owned by the publisher's shard.
type meter struct {
	bytes             [maxSpatial][maxTemporal]int
	frames            [maxTemporal]int
	timestamp         uint32 // of the newest picture
	spatial, temporal uint8  // highest ids
	counting          bool
}

// rungs appends the parts of the layer that can be forwarded, lowest first, as
// measured lately; nothing while the layer can only be had whole. Any goroutine may call it.
func (l *Layer) rungs(dst []layers.Rung) []layers.Rung {
	r := &l.rates
	spatials, temporals := r.spatial.Load(), r.temporal.Load()
	if spatials*temporals < 2 {
		return dst
	}
	for s := range spatials {
		size := r.size[s].Load()
		for t := range temporals {
			dst = append(dst, layers.Rung{
				Spatial: uint8(s), Temporal: uint8(t), Width: int(size >> 16), Height: int(size & 0xFFFF),
				Framerate: float64(r.framerate[t].Load()) / 1000, Bitrate: int(r.bitrate[s][t].Load()),
			})
		}
	}
	return dst
}

// reset forgets what was measured: the layer begins anew, or nothing comes.
func (r *rungs) reset() {
	r.spatial.Store(0)
	r.temporal.Store(0)
	for s := range r.bitrate {
		r.size[s].Store(0)
		for t := range r.bitrate[s] {
			r.bitrate[s][t].Store(0)
		}
	}
	for t := range r.framerate {
		r.framerate[t].Store(0)
	}
	r.meter = meter{}
}

// count takes a packet in.
func (r *rungs) count(pkt *cache.Packet) {
	m, f := &r.meter, &pkt.Frame
	s, t := min(f.SpatialID, maxSpatial-1), min(f.TemporalID, maxTemporal-1)
	m.bytes[s][t] += len(pkt.Bytes())
	if timestamp := pkt.Header.Timestamp; !m.counting || int32(timestamp-m.timestamp) > 0 {
		m.timestamp, m.counting = timestamp, true
		m.frames[t]++
	}
	if pkt.Structure != nil { // a layer that pauses is not gone: its descriptors say so
		m.spatial, m.temporal = min(f.TopSpatial, maxSpatial-1), min(f.TopTemporal, maxTemporal-1)
	} else {
		m.spatial, m.temporal = max(m.spatial, s), max(m.temporal, t)
	}
	if f.SwitchPoint() {
		r.sizes(pkt)
	}
}

// sizes notes how large the picture of every spatial layer is, from a key frame.
func (r *rungs) sizes(pkt *cache.Packet) {
	top := int(r.meter.spatial)
	for s := range top + 1 {
		width, height := uint16(0), uint16(0)
		if pkt.Structure != nil {
			width, height = pkt.Structure.SizeOf(s)
		}
		if width == 0 && s == top {
			width, height = pkt.Frame.Width, pkt.Frame.Height
		}
		r.size[s].Store(uint32(width)<<16 | uint32(height))
	}
}

// measure publishes what came in the time that passed, smoothed.
func (r *rungs) measure(took time.Duration) {
	m := &r.meter
	frames := 0
	var column [maxTemporal]int // bytes of a temporal layer, of all spatial layers so far
	for s := range r.bitrate {
		total := 0
		for t := range r.bitrate[s] {
			column[t] += m.bytes[s][t]
			total += column[t]
			r.bitrate[s][t].Store(smooth(r.bitrate[s][t].Load(), int64(float64(total*8)/took.Seconds())))
		}
	}
	for t := range r.framerate {
		frames += m.frames[t]
		r.framerate[t].Store(uint32(smooth(int64(r.framerate[t].Load()), int64(float64(frames*1000)/took.Seconds()))))
	}
	r.spatial.Store(uint32(m.spatial) + 1)
	r.temporal.Store(uint32(m.temporal) + 1)
	m.bytes, m.frames = [maxSpatial][maxTemporal]int{}, [maxTemporal]int{}
}

// smooth lets single intervals count for a quarter: they are short.
func smooth(before, now int64) int64 {
	if before == 0 {
		return now
	}
	return (before*3 + now) / 4
}
