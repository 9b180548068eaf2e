package shard

import (
	"math"
	"testing"
	"time"

	"palabre/sfu/cache"
	"palabre/sfu/codec"
	"palabre/sfu/descriptor"
	"palabre/sfu/descriptor/descriptortest"
	"palabre/sfu/layers"
	"palabre/sfu/rtp"
)

// rated makes a packet of so many bytes of a layer.
func rated(t *testing.T, size int, timestamp uint32, f codec.Frame, s *descriptor.Structure) *cache.Packet {
	t.Helper()
	raw := rtp.AppendHeader(nil, &rtp.Extensions{}, &rtp.Outgoing{Timestamp: timestamp})
	p := cache.NewPool().Copy(append(raw, make([]byte, size-len(raw))...))
	if err := rtp.Parse(p.Bytes(), &rtp.Extensions{}, &p.Header); err != nil {
		t.Fatal(err)
	}
	p.Frame, p.Structure = f, s
	return p
}

// TestRungsMeasureWhatAViewerGets has a second of three spatial layers of
// 1000, 500 and 250 bytes at 20 pictures a second, every other one of the upper
// temporal layer.
func TestRungsMeasureWhatAViewerGets(t *testing.T) {
	s := &descriptor.Structure{Templates: make([]descriptor.Frame, 1), Sizes: []descriptor.Size{{WidthMinus1: 319, HeightMinus1: 179}, {WidthMinus1: 639, HeightMinus1: 359}, {WidthMinus1: 1279, HeightMinus1: 719}}}
	l := &Layer{}
	if got := l.rungs(nil); len(got) > 0 {
		t.Errorf("before anything came: %+v", got)
	}
	for n := range uint32(20) {
		for sid := range uint8(3) {
			f := codec.Frame{Start: true, KeyFrame: n == 0 && sid == 0, SpatialID: sid, TemporalID: uint8(n % 2), TopSpatial: 2, TopTemporal: 1}
			l.rates.count(rated(t, 250<<sid, n*4500, f, s))
		}
	}
	l.rates.measure(time.Second)
	got := l.rungs([]layers.Rung{})
	if len(got) != 6 {
		t.Fatalf("%d rungs: %+v", len(got), got)
	}
	for i, r := range got {
		sid, tid := i/2, i%2
		bits := 8 * 10 * (tid + 1) * 250 * (1<<(sid+1) - 1)
		if int(r.Spatial) != sid || int(r.Temporal) != tid || r.Width != 320<<sid || r.Height != 180<<sid || r.Bitrate != bits || r.Framerate != float64(10*(tid+1)) {
			t.Errorf("rung %d is %+v, want %d bit/s", i, r, bits)
		}
	}
	for range 10 { // the upper layers pause
		for range 10 {
			l.rates.count(rated(t, 250, 0, codec.Frame{Start: true, TopTemporal: 1}, s))
		}
		l.rates.measure(time.Second)
	}
	if got := l.rungs(nil); len(got) != 2 || math.Abs(float64(got[1].Bitrate)-20_000) > 10_000 {
		t.Errorf("with the lowest layer alone: %+v", got)
	}
	l.rates.reset()
	if got := l.rungs(nil); len(got) > 0 {
		t.Errorf("after the stream ended: %+v", got)
	}
}

// TestAPacketAheadOfItsStructure is one that refers to a structure still on
// its way: it is described by its payload, and nobody can begin with it.
func TestAPacketAheadOfItsStructure(t *testing.T) {
	var ids rtp.Extensions
	if err := ids.Bind(rtp.DependencyDescriptor, 5); err != nil {
		t.Fatal(err)
	}
	l := &Layer{}
	l.kind.Store(uint32(codec.VP8))
	inspect := func(raw, payload []byte) (*cache.Packet, error) {
		p := cache.NewPool().Copy(append(rtp.AppendHeader(nil, &ids, &rtp.Outgoing{DependencyDescriptor: raw}), payload...))
		if err := rtp.Parse(p.Bytes(), &ids, &p.Header); err != nil {
			t.Fatal(err)
		}
		return p, l.inspect(p)
	}
	key := []byte{0x90, 0xE0, 0x01, 0x02, 0x20, 0x00, 0, 0, 0x9D, 1, 0x2A, 0x80, 2, 0x68, 1} // VP8, picture 1
	p, err := inspect([]byte{0xC1, 0, 9}, key)
	if f := p.Frame; err != nil || f.SwitchPoint() || !f.HasNumber || f.Number != 9 || f.PictureID != 1 || p.Structure != nil {
		t.Errorf("%+v, %v", f, err)
	}
	first := descriptor.Descriptor{Start: true, End: true, Number: 10, Attached: true, Structure: &descriptor.Structure{Targets: 1, Templates: make([]descriptor.Frame, 2)}}
	if p, err = inspect(descriptortest.Append(nil, &first), key); err != nil || !p.Frame.SwitchPoint() || p.Frame.Width != 640 || p.Structure == nil {
		t.Errorf("with its structure: %+v, %v", p.Frame, err)
	}
	if p, err = inspect([]byte{0xC1, 0, 11}, key); err != nil || p.Frame.SwitchPoint() || p.Structure == nil {
		t.Errorf("a later frame: %+v, %v", p.Frame, err)
	}
	if _, err = inspect([]byte{0xC1, 0}, key); err == nil {
		t.Error("a descriptor cut off passes")
	}
	if p, err = inspect(nil, key); err != nil || !p.Frame.SwitchPoint() || p.Frame.HasNumber || p.Structure != nil {
		t.Errorf("without a descriptor: %+v, %v", p.Frame, err)
	}
}
