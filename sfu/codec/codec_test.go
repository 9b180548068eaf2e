package codec_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"testing"

	"palabre/internal/catalogue"
	"palabre/sfu/codec"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMediaTypes(t *testing.T) {
	for mime, want := range map[string]codec.Codec{
		"audio/opus": codec.Opus, "audio/red": codec.RED, "video/VP8": codec.VP8, "video/VP9": codec.VP9, "video/H264": codec.H264, "video/AV1": codec.AV1,
		"VIDEO/vp8": codec.VP8, "video/rtx": codec.Unknown, "": codec.Unknown, // case is folded, and only ours are known
	} {
		if got := codec.ByMime(mime); got != want {
			t.Errorf("%q is %s, want %s", mime, got, want)
		}
	}
}

func TestInspect(t *testing.T) {
	key := codec.Frame{KeyFrame: true, Start: true, SwitchUp: true}
	with := func(f codec.Frame, change func(*codec.Frame)) codec.Frame { change(&f); return f }
	tests := []struct {
		name    string
		codec   codec.Codec
		payload string
		want    codec.Frame
	}{
		{"opus", codec.Opus, "7801", codec.Frame{KeyFrame: true, Start: true, End: true, SwitchUp: true}},
		{"VP8 key frame without extension", codec.VP8, "10" + "9042049d012a00051003" + "00",
			with(key, func(f *codec.Frame) { f.Width, f.Height = 1280, 784 })},
		{"VP8 key frame, 15-bit id", codec.VP8, "90e08f0142 20" + "1000009d012a80026801",
			with(key, func(f *codec.Frame) {
				f.HasPictureID, f.PictureBits, f.PictureID, f.HasTL0, f.TL0 = true, 15, 0xF01, true, 0x42
				f.Width, f.Height = 640, 360
			})},
		{"VP8 middle of a frame", codec.VP8, "80e08f014280" + "00",
			codec.Frame{HasPictureID: true, PictureBits: 15, PictureID: 0xF01, HasTL0: true, TL0: 0x42, TemporalID: 2}},
		{"VP8 second partition", codec.VP8, "11" + "00", codec.Frame{}},
		{"VP8 7-bit id, layer sync", codec.VP8, "90a07f60" + "01",
			codec.Frame{Start: true, HasPictureID: true, PictureBits: 7, PictureID: 0x7F, TemporalID: 1, SwitchUp: true}},
		{"VP8 key frame cut before its size", codec.VP8, "10" + "00", key},
		{"VP9 key frame with structure", codec.VP9, "8a8f01" + "18" + "05000 2d0" + "0100" + "82",
			with(key, func(f *codec.Frame) {
				f.HasPictureID, f.PictureBits, f.PictureID, f.Width, f.Height = true, 15, 0xF01, 1280, 720
			})},
		{"VP9 upper spatial layer of a key frame, end", codec.VP9, "ac05" + "0307" + "00",
			codec.Frame{KeyFrame: true, SwitchUp: true, End: true, HasPictureID: true, PictureBits: 7, PictureID: 5, SpatialID: 1, HasTL0: true, TL0: 7}},
		{"VP9 flexible with references", codec.VP9, "f88f01" + "50" + "0302" + "00",
			codec.Frame{Start: true, Switch: 0xFC, HasPictureID: true, PictureBits: 15, PictureID: 0xF01, TemporalID: 2}},
		{"H264 parameter sets in one packet", codec.H264, "78" + "0004" + "6742c01e" + "0003" + "68ce3c", key},
		{"H264 start of an IDR picture", codec.H264, "7c85" + "88", codec.Frame{KeyFrame: true, SwitchUp: true}},
		{"H264 middle of an IDR picture", codec.H264, "7c05" + "88", codec.Frame{KeyFrame: true, SwitchUp: true}},
		{"H264 picture", codec.H264, "419a", codec.Frame{Start: true}},
		{"H264 second slice", codec.H264, "4140", codec.Frame{}},
		{"AV1 continued OBU", codec.AV1, "90" + "ff", codec.Frame{}},
		{"AV1 frame of temporal layer 1", codec.AV1, "10" + "3420" + "00", codec.Frame{Start: true, TemporalID: 1}},
		{"AV1 new sequence", codec.AV1, "28" + "0d" + "0a0b0000002d4cffb44fbf9004" + "3200",
			with(key, func(f *codec.Frame) { f.Width, f.Height = 1280, 722 })},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := codec.Inspect(test.codec, unhex(t, stripSpaces(test.payload)))
			if err != nil || got != test.want {
				t.Errorf("got %+v, %v\nwant %+v", got, err, test.want)
			}
		})
	}
}

func stripSpaces(s string) string {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		if s[i] != ' ' {
			out = append(out, s[i])
		}
	}
	return string(out)
}

func TestSizeFromH264ParameterSets(t *testing.T) {
	tests := []struct {
		name, set     string
		width, height uint16
	}{
		{"high", "6764001facd9405005bb011000000300100000030320f1831960", 1280, 720},
		{"baseline, cropped", "6742c01ed900a02ff97011000003000100000300320f162e48", 640, 360},
		{"4:4:4, odd crop", "67f4000d919b282a33c7c5e022000003000200000300641e28532c", 322, 182},
		{"4:2:2", "677a0028bcd940780227e27011000003000100000300320f183196", 1920, 1080},
		{"interlaced", "67f4001e919b28140f6c0440000003004000000c87c50a6580", 640, 480},
		{"scaling matrices", "6764001eadffffc2205c0a03d9", 640, 480},
		{"cut short", "6764001facd9", 0, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, err := codec.Inspect(codec.H264, unhex(t, test.set))
			if err != nil || !f.SwitchPoint() || f.Width != test.width || f.Height != test.height {
				t.Errorf("got %+v, %v; want %dx%d", f, err, test.width, test.height)
			}
		})
	}
}

type brokenPayload struct {
	name    string
	codec   codec.Codec
	payload string
}

// broken are payloads whose descriptors do not fit together.
func broken() []brokenPayload {
	return []brokenPayload{
		{"VP8 empty", codec.VP8, ""},
		{"VP8 81 81 94", codec.VP8, "818194"},
		{"VP8 nothing after the descriptor", codec.VP8, "10"},
		{"VP8 extension byte missing", codec.VP8, "90"},
		{"VP8 picture id missing", codec.VP8, "9080"},
		{"VP8 half a picture id", codec.VP8, "9080ff"},
		{"VP8 TL0 missing", codec.VP8, "90c08001"},
		{"VP8 TID missing", codec.VP8, "90e0800142"},
		{"VP8 everything but the frame", codec.VP8, "90e080014220"},
		{"VP8 key frame without start code", codec.VP8, "1000000000000000000000"},
		{"VP9 empty", codec.VP9, ""},
		{"VP9 picture id missing", codec.VP9, "80"},
		{"VP9 half a picture id", codec.VP9, "80ff"},
		{"VP9 layer missing", codec.VP9, "20"},
		{"VP9 TL0 missing", codec.VP9, "2000"},
		{"VP9 four references", codec.VP9, "50010101 0100"},
		{"VP9 references missing", codec.VP9, "5001"},
		{"VP9 structure missing", codec.VP9, "02"},
		{"VP9 sizes missing", codec.VP9, "02f0050002d0"},
		{"VP9 group missing", codec.VP9, "0208"},
		{"VP9 group cut", codec.VP9, "0208ff0c"},
		{"VP9 nothing after the descriptor", codec.VP9, "0200"},
		{"H264 empty", codec.H264, ""},
		{"H264 type 0", codec.H264, "6000"},
		{"H264 aggregate cut", codec.H264, "7800"},
		{"H264 aggregate of nothing", codec.H264, "780000"},
		{"H264 aggregate overrun", codec.H264, "7800ff6742"},
		{"H264 fragment cut", codec.H264, "7c85"},
		{"H264 interleaved", codec.H264, "79000000"},
		{"AV1 empty", codec.AV1, ""},
		{"AV1 nothing after the header", codec.AV1, "10"},
		{"AV1 81 81 94", codec.AV1, "818194"},
		{"AV1 new sequence in the middle", codec.AV1, "9800"},
		{"AV1 element overrun", codec.AV1, "207f0a"},
		{"AV1 element of nothing", codec.AV1, "000030"},
		{"AV1 endless length", codec.AV1, "00ffffffffffffff"},
		{"AV1 forbidden bit", codec.AV1, "1080"},
		{"AV1 extension missing", codec.AV1, "1034"},
	}
}

func TestP08_MalformedDescriptors(t *testing.T) {
	corpus := broken()
	// Every payload, whole and cut anywhere, goes through every codec: none may panic.
	panics, taken, runs := 0, 0, 0
	for _, b := range corpus {
		whole := unhex(t, stripSpaces(b.payload))
		if err, panicked := inspectSafely(b.codec, whole); !errors.Is(err, codec.ErrMalformed) || panicked {
			taken++
			t.Errorf("%s: error %v, panic %v", b.name, err, panicked)
		}
		for c := codec.Unknown; c <= codec.AV1+1; c++ {
			for end := range len(whole) + 1 {
				runs++
				if _, panicked := inspectSafely(c, whole[:end:end]); panicked {
					panics++
					t.Errorf("%s: %s panics on %x", b.name, c, whole[:end])
				}
			}
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 10_000 {
		_, _ = codec.Inspect(codec.VP8, []byte{0x81, 0x81, 0x94})
	}
	runtime.ReadMemStats(&after)
	grown := (after.TotalAlloc - before.TotalAlloc) >> 10
	catalogue.Report(t, catalogue.Item{
		ID:       "P8",
		Injected: fmt.Sprintf("%d malformed VP8, VP9, H264 and AV1 descriptors (81 81 94 among them), each cut at every byte, through every codec", len(corpus)),
		Measured: fmt.Sprintf("%d panics in %d runs, %d frames taken, heap +%d KiB", panics, runs, taken, grown),
		Bar:      "0 panics; frame dropped",
		Pass:     panics == 0 && taken == 0 && grown <= 256,
	})
}

func inspectSafely(c codec.Codec, payload []byte) (err error, panicked bool) {
	defer func() { panicked = recover() != nil }()
	_, err = codec.Inspect(c, payload)
	codec.AppendPayload(nil, c, payload, 1, 2)
	return err, false
}

// TestCounters reads what a viewer's copy changes, of frames nobody can read.
func TestCounters(t *testing.T) {
	scrambled := "9d9d9d9d9d9d9d9d9d9d9d9d"
	for _, c := range []struct {
		name    string
		codec   codec.Codec
		payload string
		want    codec.Frame
	}{
		{"VP8", codec.VP8, "90e0" + "8001" + "07" + "20" + "00" + scrambled, codec.Frame{HasPictureID: true, PictureBits: 15, PictureID: 1, HasTL0: true, TL0: 7}},
		{"VP9", codec.VP9, "a8" + "8102" + "32" + "09" + scrambled, codec.Frame{HasPictureID: true, PictureBits: 15, PictureID: 0x102, HasTL0: true, TL0: 9}},
		{"H264", codec.H264, "ff" + scrambled, codec.Frame{}},
		{"AV1", codec.AV1, "90" + scrambled, codec.Frame{}},
	} {
		payload, err := hex.DecodeString(c.payload)
		if err != nil {
			t.Fatal(err)
		}
		var got codec.Frame
		if err := codec.Counters(c.codec, payload, &got); err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", c.name, got, err, c.want)
		}
	}
	if err := codec.Counters(codec.VP8, []byte{0x90, 0x80, 0x80}, &codec.Frame{}); err == nil {
		t.Error("a picture id cut off is one")
	}
}
