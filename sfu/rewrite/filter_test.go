package rewrite_test

import (
	"testing"
	"time"

	"palabre/sfu/codec"
	"palabre/sfu/rewrite"
)

// film gives a stream one packet a picture, without dependency descriptors.
type film struct {
	t      *testing.T
	stream *rewrite.Stream
	n      int
}

func (f *film) show(c codec.Frame) bool {
	f.t.Helper()
	c.Start = true
	_, verdict := forward(f.stream, 1, packet(f.t, uint64(100_000+f.n), uint32(f.n*frameTicks), time.Duration(f.n)*frameTime, c))
	f.n++
	return verdict == rewrite.Send
}

func newFilm(t *testing.T) *film {
	f := &film{t: t, stream: rewrite.New(rewrite.Config{ClockRate: 90000})}
	f.stream.Want(1)
	if !f.show(codec.Frame{KeyFrame: true}) {
		t.Fatal("the key frame does not pass")
	}
	return f
}

// TestTemporalLayersComeBackWhereADecoderCanFollow goes up by what the
// payloads of VP8 and VP9 say of a frame.
func TestTemporalLayersComeBackWhereADecoderCanFollow(t *testing.T) {
	one, two := codec.Frame{TemporalID: 1}, codec.Frame{TemporalID: 2}
	sync := func(tid uint8) codec.Frame { return codec.Frame{TemporalID: tid, SwitchUp: true} }
	up := codec.Frame{Switch: 0xFF} // VP9: nothing that follows refers to what is above
	for name, steps := range map[string][]struct {
		frame codec.Frame
		take  int // -1: as before
		pass  bool
	}{
		"down at once, up at a key frame": {{two, -1, true}, {two, 1, false}, {one, -1, true}, {two, rewrite.All, false}, {codec.Frame{KeyFrame: true}, -1, true}, {two, -1, true}},
		"up a layer at a time":            {{one, 0, false}, {one, rewrite.All, false}, {sync(2), -1, false}, {sync(1), -1, true}, {two, -1, false}, {one, -1, true}, {sync(2), -1, true}, {two, -1, true}},
		"up to what is wanted":            {{one, 0, false}, {sync(1), 1, true}, {sync(2), -1, false}},
		"up at once":                      {{one, 0, false}, {two, rewrite.All, false}, {up, -1, true}, {two, -1, true}, {one, -1, true}},
		"up at once as far as wanted":     {{one, 0, false}, {up, 1, true}, {two, -1, false}, {one, -1, true}},
	} {
		f := newFilm(t)
		for i, s := range steps {
			if s.take >= 0 {
				f.stream.Take(rewrite.All, uint8(s.take))
			}
			if pass := f.show(s.frame); pass != s.pass {
				t.Errorf("%s: at step %d passes: %v", name, i, pass)
			}
		}
	}
}

// spatially gives a stream pictures of VP9 with three spatial layers, and
// which layers pass, and which packet has the marker.
func spatially(t *testing.T, s *rewrite.Stream, n int, key bool) (passed []uint8, marked int) {
	t.Helper()
	marked = -1
	for sid := range uint8(3) {
		p := packet(t, uint64(100_000+3*n)+uint64(sid), uint32(n*frameTicks), time.Duration(n)*frameTime, codec.Frame{
			KeyFrame: key, Start: sid == 0, End: true, SpatialID: sid, HasPictureID: true, PictureBits: 15, PictureID: uint16(n),
		})
		p.Header.Marker = sid == 2
		out, verdict := forward(s, 1, p)
		if verdict != rewrite.Send {
			continue
		}
		passed = append(passed, sid)
		if out.Marker {
			marked = int(sid)
		}
	}
	return passed, marked
}

func TestSpatialLayersGoAtOnceAndComeBackWithAKeyFrame(t *testing.T) {
	s := rewrite.New(rewrite.Config{ClockRate: 90000})
	s.Want(1)
	for n, step := range []struct {
		take  int // -1: as before
		flat  bool
		key   bool
		top   int // of what passes
		short bool
	}{
		{-1, false, true, 2, false},
		{1, false, false, 1, false},
		{0, false, false, 0, false},
		{rewrite.All, false, false, 0, true},
		{-1, false, true, 2, false},
		{-1, true, false, 0, false}, // a viewer who cannot take them
		{-1, true, true, 0, false},
		{-1, false, true, 2, false},
	} {
		if step.take >= 0 {
			s.Take(uint8(step.take), rewrite.All)
		}
		s.Flat(step.flat)
		passed, marked := spatially(t, s, n, step.key)
		if len(passed) != step.top+1 || marked != step.top || s.Short() != step.short {
			t.Errorf("picture %d: layers %v pass, marker on %d, short %v; want up to %d", n, passed, marked, s.Short(), step.top)
		}
	}
}
