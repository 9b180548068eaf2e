package codec_test

import (
	"bytes"
	"testing"

	"github.com/pion/rtp/codecs"

	"palabre/sfu/codec"
)

func TestRewriteChangesOnlyTheCounters(t *testing.T) {
	tests := []struct {
		name     string
		codec    codec.Codec
		in, want string
	}{
		{"VP8 both", codec.VP8, "90e0812342 60 0102", "90e0feed07 60 0102"},
		{"VP8 7-bit id grows", codec.VP8, "90a07f60 0102", "90a0feed60 0102"},
		{"VP8 TL0 alone", codec.VP8, "90600580 0102", "90600780 0102"},
		{"VP8 key index", codec.VP8, "90d0812342 05 0102", "90d0feed07 05 0102"},
		{"VP8 no counters", codec.VP8, "10010203", "10010203"},
		{"VP8 malformed", codec.VP8, "818194", "818194"},
		{"VP9 both", codec.VP9, "a8812340 42 0102", "a8feed4007 0102"},
		{"VP9 7-bit id grows", codec.VP9, "a8034042 0102", "a8feed4007 0102"},
		{"VP9 flexible", codec.VP9, "f8812340 02 0102", "f8feed40 02 0102"},
		{"VP9 no picture id", codec.VP9, "080102", "080102"},
		{"H264 as it is", codec.H264, "419a00", "419a00"},
		{"empty", codec.VP8, "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in := unhex(t, stripSpaces(test.in))
			before := bytes.Clone(in)
			got := codec.AppendPayload([]byte("head"), test.codec, in, 0x7EED, 7)
			if want := append([]byte("head"), unhex(t, stripSpaces(test.want))...); !bytes.Equal(got, want) {
				t.Errorf("got %x, want %x", got, want)
			}
			if !bytes.Equal(in, before) {
				t.Error("the shared payload was changed")
			}
			renumbered(t, test.codec, in, 0x7EED, 7)
		})
	}
}

// renumbered checks that a payload renumbered where it lies is the rewritten
// one, unless that is longer.
func renumbered(t *testing.T, c codec.Codec, payload []byte, pictureID uint16, tl0 uint8) {
	t.Helper()
	want, got := codec.AppendPayload(nil, c, payload, pictureID, tl0), bytes.Clone(payload)
	could := codec.Renumber(c, got, pictureID, tl0)
	if could != (len(want) == len(payload)) {
		t.Fatalf("%x of codec %d renumbered: %v", payload, c, could)
	}
	if !could {
		want = payload
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%x became %x where it lies, want %x", payload, got, want)
	}
}

func TestNothingAllocates(t *testing.T) {
	payloads := map[codec.Codec][]byte{
		codec.VP8: unhex(t, "90e0812342201000009d012a80026801"), codec.VP9: unhex(t, "8a8f01180500"+"02d0010082"),
		codec.H264: unhex(t, "6764001facd9405005bb011000000300100000030320f1831960"),
		codec.AV1:  unhex(t, "280d0a0b0000002d4cffb44fbf90043200"), codec.Opus: {1},
	}
	dst := make([]byte, 0, 1500)
	for c, payload := range payloads {
		if n := testing.AllocsPerRun(1000, func() {
			if _, err := codec.Inspect(c, payload); err != nil {
				t.Fatal(err)
			}
			_, _ = codec.Inspect(c, payload[:1])
			dst = codec.AppendPayload(dst[:0], c, payload, 1, 2)
			codec.Renumber(c, dst, 3, 4)
		}); n != 0 {
			t.Errorf("%s: %v allocations a packet", c, n)
		}
	}
}

func BenchmarkInspectVP8(b *testing.B) {
	payload := unhex(b, "90e0812342201000009d012a80026801")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := codec.Inspect(codec.VP8, payload); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRewriteVP8(b *testing.B) {
	payload := append(unhex(b, "90e081234220"), make([]byte, 1100)...)
	dst := make([]byte, 0, 1500)
	b.ReportAllocs()
	for b.Loop() {
		dst = codec.RewriteVP8(dst[:0], payload, 1, 2)
	}
}

// seed gives a fuzz target every payload of the corpus.
func seed(f *testing.F, good ...string) {
	for _, b := range broken() {
		f.Add(unhex(f, stripSpaces(b.payload)))
	}
	for _, g := range good {
		f.Add(unhex(f, g))
	}
}

func FuzzVP8(f *testing.F) {
	seed(f, "90e0812342201000009d012a80026801", "90a07f6001")
	f.Fuzz(func(t *testing.T, payload []byte) {
		frame, err := codec.Inspect(codec.VP8, payload)
		if err != nil {
			return
		}
		var o codecs.VP8Packet
		if _, err := o.Unmarshal(payload); err != nil {
			return
		}
		if frame.HasPictureID != (o.I == 1) || frame.PictureID != o.PictureID || frame.TL0 != o.TL0PICIDX ||
			frame.TemporalID != o.TID || frame.Start != (o.S == 1 && o.PID == 0) {
			t.Fatalf("read differently: %+v and %+v", o, frame)
		}
	})
}

func FuzzVP9(f *testing.F) {
	seed(f, "8a8f0118050002d0010082", "f88f0150030200")
	f.Fuzz(func(t *testing.T, payload []byte) {
		renumbered(t, codec.VP9, payload, 0x1234, 99)
		frame, err := codec.Inspect(codec.VP9, payload)
		if err != nil {
			return
		}
		var o codecs.VP9Packet
		if _, err := o.Unmarshal(payload); err != nil {
			return
		}
		if frame.HasPictureID != o.I || frame.PictureID != o.PictureID || frame.HasTL0 && frame.TL0 != o.TL0PICIDX ||
			frame.TemporalID != o.TID || frame.SpatialID != o.SID || frame.KeyFrame == o.P || frame.End != o.E {
			t.Fatalf("read differently: %+v and %+v", o, frame)
		}
		rewritten(t, codec.VP9, payload, frame)
	})
}

func FuzzH264(f *testing.F) {
	seed(f, "6764001facd9405005bb011000000300100000030320f1831960", "7800046742c01e000368ce3c",
		"67f4000d919b282a33c7c5e022000003000200000300641e28532c")
	f.Fuzz(func(_ *testing.T, payload []byte) { _, _ = codec.Inspect(codec.H264, payload) })
}

func FuzzAV1(f *testing.F) {
	seed(f, "280d0a0b0000002d4cffb44fbf90043200", "10342000")
	f.Fuzz(func(_ *testing.T, payload []byte) { _, _ = codec.Inspect(codec.AV1, payload) })
}

func FuzzRewriteVP8(f *testing.F) {
	seed(f, "90e0812342201000009d012a80026801", "90a07f6001", "90600580aa")
	f.Fuzz(func(t *testing.T, payload []byte) {
		renumbered(t, codec.VP8, payload, 0x1234, 99)
		frame, err := codec.Inspect(codec.VP8, payload)
		if err != nil {
			if out := codec.RewriteVP8(nil, payload, 1, 2); len(out) < len(payload) {
				t.Fatalf("%x became shorter: %x", payload, out)
			}
			return
		}
		rewritten(t, codec.VP8, payload, frame)
	})
}

// rewritten checks that a rewritten payload says the same but for its counters.
func rewritten(t *testing.T, c codec.Codec, payload []byte, frame codec.Frame) {
	t.Helper()
	out := codec.AppendPayload(nil, c, payload, 0x1234, 99)
	got, err := codec.Inspect(c, out)
	if err != nil {
		t.Fatalf("the rewritten payload %x is refused: %v", out, err)
	}
	want := frame
	if frame.HasPictureID {
		want.PictureID, want.PictureBits = 0x1234, 15
	}
	if frame.HasTL0 && (c == codec.VP8 || frame.HasPictureID) {
		want.TL0 = 99
	}
	if got != want {
		t.Fatalf("rewritten says %+v, want %+v", got, want)
	}
	if grown := len(out) - len(payload); grown < 0 || grown > 1 || grown == 1 && frame.PictureBits != 7 {
		t.Fatalf("%d bytes longer", grown)
	}
}
