package shard

import (
	"sync/atomic"

	"palabre/sfu/layers"
)

const (
	// maxSpatial and maxTemporal bound the layers told apart within one stream,
	// as many as any scalability mode has (W3C webrtc-svc: L3T3).
	maxSpatial, maxTemporal = 3, 4
)

// rungs is what a layer's parts measured lately: one (spatial, temporal) rung
// is everything a viewer gets who takes up to these ids. The publisher's shard
// writes, every shard reads.
type rungs struct {
	// spatial and temporal are how many ids are in use; 0 while nothing was measured.
	spatial, temporal atomic.Uint32
	bitrate           [maxSpatial][maxTemporal]atomic.Int64 // bit/s, lower ids included
	framerate         [maxTemporal]atomic.Uint32            // millihertz, lower ids included
	size              [maxSpatial]atomic.Uint32             // width<<16 | height in pixels, 0 when unknown
}

// rungs appends the parts of the layer that can be forwarded, lowest first, as
// measured lately; nothing while the layer can only be had whole. Any goroutine may call it.
func (l *Layer) rungs(dst []layers.Rung) []layers.Rung {
	r := &l.rates
	spatials, temporals := min(r.spatial.Load(), maxSpatial), min(r.temporal.Load(), maxTemporal)
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
