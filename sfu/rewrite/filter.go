package rewrite

// All is more than the highest spatial or temporal id of any stream.
const All = 0xFF

// level is how much of an origin a viewer gets: everything up to these ids.
type level struct{ spatial, temporal uint8 }

// filter decides which layers of an origin a viewer gets, whole pictures at a time.
type filter struct{ want level }

func newFilter() filter { return filter{want: level{All, All}} }

// Take says up to which spatial and temporal id the viewer is to get what it
// watches. Less takes effect with the next picture, more where a decoder that
// got less until then can follow. A stream begins with [All] of both.
func (s *Stream) Take(spatial, temporal uint8) { s.filter.want = level{spatial, temporal} }
