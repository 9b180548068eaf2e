package descriptor_test

import (
	"errors"
	"strings"
	"testing"

	"palabre/sfu/codec"
	"palabre/sfu/descriptor"
)

// packed makes bytes of a descriptor written out bit by bit; spaces are for the eye.
func packed(text string) []byte {
	digits := strings.Join(strings.Fields(text), "")
	out := make([]byte, (len(digits)+7)/8)
	for i, d := range digits {
		if d == '1' {
			out[i/8] |= 0x80 >> (i % 8)
		}
	}
	return out
}

// Structures as encoders send them, after the flags: offset, targets less one,
// layers, indications, differences, chains, sizes.
const (
	l1t2 = "000000 00001  00 01 11  1010 1010 0001  0 1 0001 0 1 0000 0  10  0000 0010 0001  0"
	// Three spatial layers that refer to each other in key frames only.
	l3t1key = "000010 00010  00 10 00 10 00 11 " + // S0 S0 S1 S1 S2 S2
		"101010 100000 001010 001000 000010 000010 " + // SSS S-- -SS -S- --S --S
		"0 1 0010 0  1 0000 0 1 0010 0  1 0000 0 1 0010 0 " +
		"11 0 10 11  000000000000 001100000000 000100000000 000000110000 000000010000 000000000011 " +
		"1 0000000100111111 0000000010110011 0000001001111111 0000000101100111 0000010011111111 0000001011001111"
)

func read(t *testing.T, r *descriptor.Reader, text string) descriptor.Descriptor {
	t.Helper()
	var d descriptor.Descriptor
	if err := r.Read(packed(text), &d); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return d
}

func TestTemporalLayers(t *testing.T) {
	var r descriptor.Reader
	key := read(t, &r, "1 0 000000 0000000100000000 10000 "+l1t2)
	if !key.Start || key.End || !key.Attached || key.Number != 256 || key.Active != 0b11 || key.DiffCount != 0 {
		t.Errorf("key frame %+v", key)
	}
	if s := key.Structure; s.Spatials() != 1 || s.Chains != 1 || s.Layers[0] != (descriptor.Layer{}) || s.Layers[1].Temporal != 1 {
		t.Errorf("structure %+v", key.Structure)
	}
	for name, c := range map[string]struct {
		text     string
		temporal uint8
		diff     uint16
		frame    codec.Frame
	}{
		"the rest of the key frame": {"0 1 000000 0000000100000000", 0, 0, codec.Frame{KeyFrame: true, End: true, Number: 256, Switch: codec.SwitchTo(0, 0) | codec.SwitchTo(0, 1)}},
		"the upper layer":           {"1 1 000010 0000000100000001", 1, 1, codec.Frame{Start: true, End: true, TemporalID: 1, Number: 257}},
		"the lower layer":           {"1 1 000001 0000000100000010", 0, 2, codec.Frame{Start: true, End: true, Number: 258, Switch: codec.SwitchTo(0, 0) | codec.SwitchTo(0, 1)}},
		"with its own indications":  {"1 1 000001 0000000100000100 00100 11 00", 0, 2, codec.Frame{Start: true, End: true, Number: 260}},
		"with its own difference":   {"1 1 000001 0000000100000100 00010 10 00010011 00", 0, 20, codec.Frame{Start: true, End: true, Number: 260, Switch: codec.SwitchTo(0, 0) | codec.SwitchTo(0, 1)}},
	} {
		d := read(t, &r, c.text)
		var f codec.Frame
		d.Describe(&f)
		c.frame.HasNumber, c.frame.TemporalID, c.frame.TopTemporal = true, c.temporal, 1
		if d.Temporal != c.temporal || d.Diffs[0] != c.diff || f != c.frame {
			t.Errorf("%s: %+v\n%+v, want %+v", name, d.Frame, f, c.frame)
		}
	}
}

func TestSpatialLayers(t *testing.T) {
	var r descriptor.Reader
	key := read(t, &r, "1 1 000010 1111111111111111 11000 "+l3t1key+" 011")
	s := key.Structure
	if s.Spatials() != 3 || s.Mask(1, 7) != 0b011 || s.Mask(descriptor.MaxTargets, 0) != 0b111 || key.Active != 0b011 {
		t.Errorf("structure %+v, active %b", s, key.Active)
	}
	var f codec.Frame
	key.Describe(&f)
	if !f.SwitchPoint() || f.Width != 640 || f.Height != 360 || f.TopSpatial != 1 || f.Switch != codec.SwitchTo(0, 0)|codec.SwitchTo(1, 0) {
		t.Errorf("key frame %+v", f)
	}
	if w, h := s.SizeOf(1); w != 640 || h != 360 {
		t.Errorf("the middle layer is %dx%d", w, h)
	}
	upper := read(t, &r, "1 1 000110 0000000000000000") // S2, in the key picture
	upper.Describe(&f)
	if f.KeyFrame || f.SpatialID != 2 || upper.Active != 0b011 {
		t.Errorf("upper layer %+v, active %b", f, upper.Active)
	}
	lower := read(t, &r, "1 1 000011 0000000000000010") // S0, which the others do not need
	if lower.Describe(&f); f.Switch != codec.SwitchTo(0, 0) || lower.Indications.For(1) != descriptor.NotPresent {
		t.Errorf("lower layer %+v", f)
	}
}

func TestLatePacketsFindTheirStructure(t *testing.T) {
	var r descriptor.Reader
	read(t, &r, "1 1 000000 0000000000001010 10000 "+l1t2)
	first := r
	read(t, &r, "1 1 000011 0000000000010100 10000 000011"+l1t2[6:]) // templates 3 to 5
	if d := read(t, &r, "1 1 000010 0000000000001011"); d.Temporal != 1 || d.Structure.Offset != 0 {
		t.Errorf("a packet from before the change: %+v", d.Frame)
	}
	late := read(t, &r, "1 0 000000 0000000000001010 10000 "+l1t2) // sent again
	if late.Structure.Offset != 0 {
		t.Error("the structure a packet brings is its own")
	}
	if d := read(t, &r, "1 1 000101 0000000000010101"); d.Structure.Offset != 3 || d.Temporal != 1 {
		t.Errorf("after a late key frame: %+v", d.Frame)
	}
	var d descriptor.Descriptor
	if err := first.Read(packed("1 1 000011 0000000000010101"), &d); !errors.Is(err, descriptor.ErrUnknown) || d.Number != 21 || !d.Start {
		t.Errorf("a packet of a structure that has not come: %v, %+v", err, d)
	}
}

func TestMalformed(t *testing.T) {
	key := "1 1 000000 0000000000000001 10000 "
	for name, text := range map[string]string{
		"too short":                       "1 1 000000 00000001",
		"a structure in the middle":       "0 1 000000 0000000000000001 10000 " + l1t2,
		"a structure cut off":             key + l1t2[:60],
		"a frame without a template":      "1 1 000011 0000000000000001 10000 " + l1t2,
		"templates without end":           key + "000000 00000" + strings.Repeat("00", 70),
		"nine temporal layers":            key + "000000 00000" + strings.Repeat("01", 8) + "11" + strings.Repeat("0", 400),
		"five spatial layers":             key + "000000 00000" + strings.Repeat("10", 4) + "11" + strings.Repeat("0", 400),
		"a mask cut off":                  "1 1 000000 0000000000000001 01000",
		"a frame that refers to too many": "1 1 000000 0000000000000001 00010" + strings.Repeat("01 0000", 17) + "00",
	} {
		var r descriptor.Reader
		if strings.HasPrefix(name, "a mask") || strings.HasPrefix(name, "a frame that") {
			read(t, &r, key+"000000 11111 11"+strings.Repeat("10", 32)+"0 000000 0")
		}
		var d descriptor.Descriptor
		if err := r.Read(packed(text), &d); !errors.Is(err, descriptor.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var r descriptor.Reader
	var d descriptor.Descriptor
	if err := r.Read(make([]byte, 256), &d); !errors.Is(err, descriptor.ErrMalformed) {
		t.Errorf("longer than an element can be: %v", err)
	}
}

func TestReadingAllocatesNothing(t *testing.T) {
	var r descriptor.Reader
	key, delta := packed("1 0 000010 0000000100000000 10000 "+l3t1key), packed("1 0 000011 0000000100000010 01000 111")
	var d descriptor.Descriptor
	if err := r.Read(key, &d); err != nil {
		t.Fatal(err)
	}
	patch := descriptor.Patch{Number: 3, Template: 9, Masked: true, Active: 1}
	var buffer [256]byte
	if n := testing.AllocsPerRun(100, func() {
		_ = r.Read(key, &d)
		_ = patch.Append(buffer[:0], key, d.Structure)
		_ = r.Read(delta, &d)
		_ = patch.Append(buffer[:0], delta, d.Structure)
	}); n > 0 {
		t.Errorf("%v allocations for two packets", n)
	}
}

func TestPatch(t *testing.T) {
	structure := func(offset string) string { return offset + l1t2[6:] }
	cases := []struct {
		name, in, want string
		patch          descriptor.Patch
	}{
		{"numbers alone", "1 1 000010 1111111111111111", "1 1 000101 0000000000000100", descriptor.Patch{Number: 5, Template: 3}},
		{"a mask for a frame without", "1 1 000010 0000000000000001", "1 1 000010 0000000000000001 01000 01", descriptor.Patch{Masked: true, Active: 1}},
		{"no mask but in first packets", "0 1 000010 0000000000000001", "0 1 000010 0000000000000001", descriptor.Patch{Masked: true, Active: 1}},
		{"another mask", "1 1 000010 0000000000000001 01010 11 01 0001 00", "1 1 000010 0000000000000001 01010 01 01 0001 00", descriptor.Patch{Masked: true, Active: 1}},
		{"a mask before a custom difference", "1 1 000010 0000000000000001 00010 01 0001 00", "1 1 000010 0000000000000001 01010 01 01 0001 00", descriptor.Patch{Masked: true, Active: 1}},
		{"a structure", "1 1 000000 0000000000000001 10000 " + structure("000000"), "1 1 111110 0000000000000010 10000 " + structure("111110"), descriptor.Patch{Number: 1, Template: 62}},
		{"a structure and a mask", "1 1 000000 0000000000000001 10000 " + structure("000000"), "1 1 111110 0000000000000010 11000 " + structure("111110") + " 01", descriptor.Patch{Number: 1, Template: 62, Masked: true, Active: 1}},
	}
	for _, c := range cases {
		var sender, viewer descriptor.Reader
		read(t, &sender, "1 1 000000 0000000000000000 10000 "+l1t2)
		read(t, &viewer, "1 1 000000 0000000000000000 10000 "+l1t2)
		in := read(t, &sender, c.in)
		got := c.patch.Append(nil, packed(c.in), in.Structure)
		want := packed(c.want)
		if trimmed := strings.TrimRight(string(got), "\x00"); trimmed != strings.TrimRight(string(want), "\x00") || len(got) > len(want)+4 {
			t.Errorf("%s: %x, want %x", c.name, got, want)
		}
	}
	if got := (&descriptor.Patch{}).Append(nil, []byte{1, 2}, nil); len(got) > 0 {
		t.Errorf("of what is no descriptor %x was made", got)
	}
}
