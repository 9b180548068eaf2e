package rewrite

import (
	"palabre/sfu/cache"
	"palabre/sfu/codec"
)

const (
	// All is more than the highest spatial or temporal id of any stream.
	All = 0xFF
	// highestSpatial and highestTemporal are the highest ids that there can be.
	highestSpatial, highestTemporal = 3, 7
	// recentPictures is how many pictures back a late packet finds what was decided.
	recentPictures = 32
)

// level is how much of an origin a viewer gets: everything up to these ids.
type level struct{ spatial, temporal uint8 }

func (l level) has(f *codec.Frame) bool {
	return f.SpatialID <= l.spatial && f.TemporalID <= l.temporal
}

// ends says whether a packet is the last of a picture for who gets that much of it.
func (l level) ends(f *codec.Frame) bool { return f.End && f.SpatialID == l.spatial }

// filter decides which layers of an origin a viewer gets, whole pictures at a
// time. Of a picture it takes all layers up to one, whether that refers to
// them or not: so less can be had at once, without a key frame, at any time.
type filter struct {
	want, have level
	wish       level // want, of a viewer who can take spatial layers
	flat       bool  // it cannot
	top        uint8 // the highest spatial id the sender produces
	torn       bool  // something of the newest picture was left out
	count      int   // pictures of this origin
	recent     [recentPictures]picture
}

// picture is what was decided about one, by its timestamp as it came in.
type picture struct {
	timestamp uint32
	level     level
}

func newFilter() (f filter) {
	f.wish = level{highestSpatial, highestTemporal}
	f.want = f.wish
	return f
}

// Take says up to which spatial and temporal id the viewer is to get what it
// watches. Less takes effect with the next picture, more where a decoder that
// got less until then can follow. A stream begins with [All] of both.
func (s *Stream) Take(spatial, temporal uint8) {
	s.filter.wish = level{min(spatial, highestSpatial), min(temporal, highestTemporal)}
	s.Flat(s.filter.flat)
}

// Flat says that the viewer cannot take more than the lowest spatial layer,
// whatever it is to get.
func (s *Stream) Flat(flat bool) {
	f := &s.filter
	if f.want, f.flat = f.wish, flat; flat {
		f.want.spatial = 0
	}
}

// Short says that a spatial layer the viewer is to get does not come before
// the next key frame.
func (s *Stream) Short() bool {
	f := &s.filter
	return s.current != 0 && f.have.spatial < min(f.want.spatial, f.top)
}

// begin starts with the first picture of an origin, a key frame.
func (f *filter) begin() {
	f.have, f.count, f.top = level{}, 0, 0
	f.start()
}

// start takes all of a key frame that is wanted. Of what follows everything
// can be had: how much is wanted counts again from the next picture on.
func (f *filter) start() { f.have = level{max(f.have.spatial, f.want.spatial), highestTemporal} }

// decide gives what of p's picture the viewer gets.
func (f *filter) decide(p *cache.Packet) level {
	timestamp := p.Header.Timestamp
	newest := &f.recent[(f.count+recentPictures-1)%recentPictures]
	if f.count > 0 && int32(timestamp-newest.timestamp) < 0 {
		return f.decided(timestamp)
	}
	if f.count == 0 || timestamp != newest.timestamp {
		f.have.spatial, f.have.temporal = min(f.have.spatial, f.want.spatial), min(f.have.temporal, f.want.temporal)
		newest = &f.recent[f.count%recentPictures]
		newest.timestamp = timestamp
		f.count++
		f.torn = false
	}
	f.climb(p)
	newest.level = f.have
	f.torn = f.torn || !f.have.has(&p.Frame)
	return f.have
}

// decided gives what was decided about an earlier picture, or about the one
// before it if it is all late.
func (f *filter) decided(timestamp uint32) level {
	found := picture{level: f.have}
	known := false
	for _, p := range f.recent[:min(f.count, recentPictures)] {
		if int32(p.timestamp-timestamp) <= 0 && (!known || int32(p.timestamp-found.timestamp) > 0) {
			found, known = p, true
		}
	}
	return found.level
}

// climb takes more where a decoder can follow: at a key frame everything,
// else what the frame says. The spatial layer changes with the lowest frame of
// a picture only, because who gets a picture is told which is its last packet.
func (f *filter) climb(p *cache.Packet) {
	c := &p.Frame
	if f.top = max(f.top, c.SpatialID); p.Structure != nil {
		f.top = c.TopSpatial
	}
	switch {
	case f.have == f.want:
	case c.KeyFrame && c.SpatialID == 0 && !f.torn:
		f.start()
	case f.have.has(c):
		f.follow(c)
	case c.SwitchUp && c.TemporalID == f.have.temporal+1 && c.TemporalID <= f.want.temporal && c.SpatialID <= f.have.spatial:
		f.have.temporal++
	}
}

// follow climbs at a frame that the viewer gets.
func (f *filter) follow(c *codec.Frame) {
	target := min(f.have.spatial, max(c.TopSpatial, c.SpatialID))
	for t := f.want.temporal; t > f.have.temporal; t-- {
		if c.Switch&codec.SwitchTo(target, t) != 0 {
			f.have.temporal = t
		}
	}
	if c.SpatialID > 0 || f.torn {
		return
	}
	for s := f.want.spatial; s > f.have.spatial; s-- {
		if c.Switch&codec.SwitchTo(s, min(f.have.temporal, c.TopTemporal)) != 0 {
			f.have.spatial = s
		}
	}
}
