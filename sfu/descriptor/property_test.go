package descriptor_test

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"palabre/sfu/descriptor"
	"palabre/sfu/descriptor/descriptortest"
)

func drawIndications(t *rapid.T, targets uint8) descriptor.Indications {
	all := descriptor.Indications(0)
	for i := range targets {
		all |= descriptor.Indications(rapid.Uint8Range(0, 3).Draw(t, "dti")) << (2 * i)
	}
	return all
}

func drawStructure(t *rapid.T) *descriptor.Structure {
	s := &descriptor.Structure{Offset: rapid.Uint8Range(0, 63).Draw(t, "offset"), Targets: rapid.Uint8Range(1, 12).Draw(t, "targets")}
	s.Chains = rapid.Uint8Range(0, s.Targets).Draw(t, "chains")
	for i := range s.Targets {
		if s.Chains > 0 {
			s.Protected[i] = rapid.Uint8Range(0, s.Chains-1).Draw(t, "protected")
		}
	}
	var at descriptor.Layer
	for range rapid.IntRange(1, 12).Draw(t, "templates") {
		f := descriptor.Frame{Spatial: at.Spatial, Temporal: at.Temporal, Indications: drawIndications(t, s.Targets)}
		for range rapid.IntRange(0, 3).Draw(t, "diffs") {
			f.Diffs[f.DiffCount] = rapid.Uint16Range(1, 16).Draw(t, "diff")
			f.DiffCount++
		}
		for c := range s.Chains {
			f.Chains[c] = rapid.Uint8Range(0, 15).Draw(t, "chain")
		}
		s.Templates = append(s.Templates, f)
		switch step := rapid.IntRange(0, 2).Draw(t, "step"); {
		case step == 1 && at.Temporal < 7:
			at.Temporal++
		case step == 2 && at.Spatial < 3:
			at = descriptor.Layer{Spatial: at.Spatial + 1}
		}
	}
	if rapid.Bool().Draw(t, "sizes") {
		for range s.Spatials() {
			s.Sizes = append(s.Sizes, descriptor.Size{WidthMinus1: rapid.Uint16().Draw(t, "w"), HeightMinus1: rapid.Uint16().Draw(t, "h")})
		}
	}
	return s
}

// drawFrame makes a frame of a structure that has been sent.
func drawFrame(t *rapid.T, s *descriptor.Structure, number uint16) descriptor.Descriptor {
	template := rapid.IntRange(0, len(s.Templates)-1).Draw(t, "template")
	d := descriptor.Descriptor{
		Start: rapid.Bool().Draw(t, "start"), End: rapid.Bool().Draw(t, "end"), Number: number, Structure: s,
		Template: (s.Offset + uint8(template)) % 64, Frame: s.Templates[template],
	}
	if d.Masked = rapid.Bool().Draw(t, "masked"); d.Masked {
		d.Active = rapid.Uint32Range(0, 1<<s.Targets-1).Draw(t, "active")
	}
	if d.CustomIndications = rapid.Bool().Draw(t, "custom dtis"); d.CustomIndications {
		d.Indications = drawIndications(t, s.Targets)
	}
	if d.CustomDiffs = rapid.Bool().Draw(t, "custom diffs"); d.CustomDiffs {
		d.Diffs, d.DiffCount = [descriptor.MaxDiffs]uint16{}, 0
		for range rapid.IntRange(0, 5).Draw(t, "diffs") {
			d.Diffs[d.DiffCount] = rapid.Uint16Range(1, 4096).Draw(t, "diff")
			d.DiffCount++
		}
	}
	if d.CustomChains = rapid.Bool().Draw(t, "custom chains"); d.CustomChains {
		for c := range s.Chains {
			d.Chains[c] = rapid.Uint8().Draw(t, "chain")
		}
	}
	return d
}

// same compares what was sent with what was read.
func same(t *rapid.T, sent, got descriptor.Descriptor, mask uint32) {
	t.Helper()
	if s, g := sent.Structure, got.Structure; s.Offset != g.Offset || s.Targets != g.Targets || s.Chains != g.Chains ||
		s.Protected != g.Protected || !reflect.DeepEqual(s.Templates, g.Templates) || !reflect.DeepEqual(s.Sizes, g.Sizes) {
		t.Fatalf("structure sent %+v\nread %+v", s, g)
	}
	if sent.Active = mask; got.Active != mask {
		t.Fatalf("active %b, want %b", got.Active, mask)
	}
	got.Structure = sent.Structure
	if sent != got {
		t.Fatalf("sent %+v\nread %+v", sent, got)
	}
}

// TestWhatIsWrittenIsRead follows a stream, and what a viewer gets of it:
// patched, every descriptor says what it said before but for numbers and mask.
func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var sender, viewer descriptor.Reader
		var s *descriptor.Structure
		var got, viewed descriptor.Descriptor
		patch := descriptor.Patch{Number: rapid.Uint16().Draw(t, "shift"), Template: rapid.Uint8Range(0, 63).Draw(t, "templates")}
		active, masked := uint32(0), uint32(0)
		number := rapid.Uint16().Draw(t, "number")
		for i := range rapid.IntRange(1, 12).Draw(t, "frames") {
			attach := i == 0 || rapid.IntRange(0, 5).Draw(t, "attach") == 0
			if attach && (i == 0 || rapid.Bool().Draw(t, "another")) {
				s = drawStructure(t)
			}
			d := drawFrame(t, s, number)
			if d.Attached = attach; attach {
				d.Start = true
				active = 1<<s.Targets - 1
				masked = active
			}
			if d.Masked {
				active = d.Active
			}
			raw := descriptortest.Append(nil, &d)
			if err := sender.Read(raw, &got); err != nil {
				t.Fatalf("%x of %+v: %v", raw, d, err)
			}
			same(t, d, got, active)
			if d.Masked {
				masked = d.Active
			}
			if patch.Masked = rapid.Bool().Draw(t, "patch"); patch.Masked {
				patch.Active = rapid.Uint32Range(0, 1<<s.Targets-1).Draw(t, "patch active")
			}
			if patch.Masked && (d.Start || d.Masked) {
				masked, d.Masked = patch.Active, true
			}
			raw = patch.Append(nil, raw, got.Structure)
			if err := viewer.Read(raw, &viewed); err != nil {
				t.Fatalf("patched %x of %+v: %v", raw, d, err)
			}
			renamed := *s
			renamed.Offset = (s.Offset + patch.Template) % 64
			d.Structure, d.Template, d.Number = &renamed, (d.Template+patch.Template)%64, d.Number+patch.Number
			same(t, d, viewed, masked)
			number += rapid.Uint16Range(0, 3).Draw(t, "step")
		}
	})
}

// FuzzRead gives a reader two descriptors of anybody's making.
func FuzzRead(f *testing.F) {
	f.Add(packed("1 0 000000 0000000100000000 10000 "+l1t2), packed("1 1 000010 0000000100000001 01000 01"))
	f.Add(packed("1 1 000010 1111111111111111 11000 "+l3t1key+" 011"), packed("1 1 000110 0000000000000000"))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		var r descriptor.Reader
		var d descriptor.Descriptor
		for _, raw := range [][]byte{first, second, first} {
			err := r.Read(raw, &d)
			patch := descriptor.Patch{Number: 7, Template: 9, Masked: true, Active: 5}
			out := patch.Append(nil, raw, d.Structure)
			if err != nil {
				continue
			}
			if int(d.DiffCount) > len(d.Diffs) || d.Structure.Targets > descriptor.MaxTargets || len(d.Structure.Templates) > descriptor.MaxTemplates {
				t.Fatalf("read %+v", d)
			}
			var own descriptor.Reader
			var again descriptor.Descriptor
			if d.Attached && len(out) < 256 {
				if err := own.Read(out, &again); err != nil || again.Number != d.Number+7 || again.Active != 5&(1<<d.Structure.Targets-1) {
					t.Fatalf("patched %x: %v, %+v", out, err, again)
				}
			}
		}
	})
}
