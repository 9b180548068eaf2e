package load

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp/codecs"
)

// decode takes a frame's payloads apart with Pion's depacketizer.
func decode(t *testing.T, parts [][]byte) (frame []byte, first codecs.VP8Packet) {
	t.Helper()
	for i, part := range parts {
		var p codecs.VP8Packet
		data, err := p.Unmarshal(part)
		if err != nil {
			t.Fatal(err)
		}
		if start := p.IsPartitionHead(part); start != (i == 0) {
			t.Fatalf("packet %d of %d begins a frame: %v", i, len(parts), start)
		}
		if p.PID != 0 || p.X != 1 || p.I != 1 || p.L != 1 || p.T != 1 || p.TID != 0 {
			t.Fatalf("packet %d has descriptor %+v", i, p)
		}
		if i == 0 {
			first = p
		} else if p.PictureID != first.PictureID || p.TL0PICIDX != first.TL0PICIDX {
			t.Fatalf("packet %d belongs to picture %d, the frame to %d", i, p.PictureID, first.PictureID)
		}
		frame = append(frame, data[:len(data)-markerSize]...)
	}
	return frame, first
}

func TestFramesAreVP8AsReceiversReadIt(t *testing.T) {
	v := newVP8(1280, 720, 1_200_000, 1)
	var parts [][]byte
	var before codecs.VP8Packet
	for n := range 70_000 { // past the wrap of the picture id
		key := n%1000 == 0
		parts = v.frame(key, parts)
		if n > 40 && n < 32_700 {
			continue // every frame is made, some are looked at
		}
		frame, head := decode(t, parts)
		if isKey := frame[0]&1 == 0; isKey != key || beginsKeyFrame(parts[0]) != key {
			t.Fatalf("frame %d: key frame %v, want %v", n, isKey, key)
		}
		if key && (frame[6] != 0x00 || frame[7] != 0x05 || frame[8] != 0xd0 || frame[9] != 0x02) {
			t.Fatalf("key frame has dimensions % x, want 1280x720", frame[6:10])
		}
		if n > 0 && n != 32_700 && head.PictureID != (before.PictureID+1)&0x7fff {
			t.Fatalf("picture %d follows %d", head.PictureID, before.PictureID)
		}
		if n > 0 && n != 32_700 && head.TL0PICIDX != before.TL0PICIDX+1 {
			t.Fatalf("TL0PICIDX %d follows %d", head.TL0PICIDX, before.TL0PICIDX)
		}
		before = head
	}
}

func TestPacketsAreEvenAndSmallEnough(t *testing.T) {
	v := newVP8(1280, 720, 2_500_000, 7)
	for n := range 300 {
		parts := v.frame(n%100 == 0, nil)
		sizes := make([]int, len(parts))
		for i, part := range parts {
			sizes[i] = len(part)
		}
		if slices.Max(sizes) > maxPayload || slices.Max(sizes)-slices.Min(sizes) > 1 {
			t.Fatalf("frame %d has packets of %v bytes", n, sizes)
		}
	}
}

func TestBitrateIsKeptDespiteKeyFrames(t *testing.T) {
	for _, bitrate := range []int{150_000, 1_200_000, 4_000_000} {
		v := newVP8(640, 360, bitrate, 3)
		total, frames := 0, 30*frameRate
		for n := range frames {
			total += v.size(n%(10*frameRate) == 0)
		}
		got := float64(total) * 8 * frameRate / float64(frames)
		if got < 0.95*float64(bitrate) || got > 1.05*float64(bitrate) {
			t.Errorf("%.0f bit/s instead of %d", got, bitrate)
		}
	}
}

func TestKeyFramesAreFoundBehindEveryDescriptor(t *testing.T) {
	key := []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a, 0, 5, 0xd0, 2}
	delta := []byte{0x11, 0, 0, 9, 9, 9, 9, 9, 9, 9}
	for name, descriptor := range map[string][]byte{
		"plain":         {0x10},
		"short picture": {0x90, 0x80, 0x05},
		"long picture":  {0x90, 0x80, 0x85, 0x01},
		"layer index":   {0x90, 0xc0, 0x05, 0x01},
		"everything":    {0x90, 0xf0, 0x85, 0x01, 0x02, 0x20},
	} {
		if !beginsKeyFrame(slices.Concat(descriptor, key)) {
			t.Errorf("%s: key frame not found", name)
		}
		if beginsKeyFrame(slices.Concat(descriptor, delta)) {
			t.Errorf("%s: took a delta frame for a key frame", name)
		}
		for cut := range len(descriptor) + 6 {
			if beginsKeyFrame(slices.Concat(descriptor, key)[:cut]) {
				t.Errorf("%s: found a key frame in its first %d bytes", name, cut)
			}
		}
	}
	if beginsKeyFrame(slices.Concat([]byte{0x00}, key)) {
		t.Error("the middle of a frame is not its beginning")
	}
}

func FuzzBeginsKeyFrame(f *testing.F) {
	f.Add([]byte{0x90, 0xf0, 0x85, 0x01, 0x02, 0x20, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0, 5, 0xd0, 2})
	f.Fuzz(func(t *testing.T, payload []byte) {
		var p codecs.VP8Packet
		data, err := p.Unmarshal(payload)
		want := err == nil && p.S == 1 && p.PID == 0 && len(data) >= 6 &&
			data[0]&1 == 0 && data[3] == 0x9d && data[4] == 0x01 && data[5] == 0x2a
		if got := beginsKeyFrame(payload); got != want {
			t.Errorf("% x: %v, Pion says %v", payload, got, want)
		}
	})
}

func TestMarkersSurvive(t *testing.T) {
	payload := make([]byte, 100)
	in := marker{source: newSource(41, audioStream), counter: 1 << 31, sent: 123_456_789_012}
	in.put(payload)
	out, ok := readMarker(payload)
	if !ok || out != in {
		t.Fatalf("read %+v (%v), wrote %+v", out, ok, in)
	}
	if !out.source.audio() || out.source.publisher() != 41 {
		t.Errorf("source %x", out.source)
	}
	payload[len(payload)-markerSize+9]++
	if _, ok := readMarker(payload); ok {
		t.Error("a damaged marker was believed")
	}
}

func FuzzReadMarker(f *testing.F) {
	payload := make([]byte, 40)
	marker{source: 1}.put(payload)
	f.Add(payload)
	f.Fuzz(func(t *testing.T, payload []byte) {
		m, ok := readMarker(payload)
		if !ok {
			return
		}
		again := make([]byte, markerSize)
		m.put(again)
		if string(again) != string(payload[len(payload)-markerSize:]) {
			t.Errorf("% x was read as %+v", payload, m)
		}
	})
}

func TestPercentilesAreRight(t *testing.T) {
	if (&histogram{}).at(0.5) != 0 {
		t.Error("nothing has no median")
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var values []int64
	var h, a, b histogram
	for i := range 100_000 {
		v := int64(rng.ExpFloat64() * float64(3*time.Millisecond))
		if i%1000 == 0 {
			v = rng.Int64N(int64(100 * time.Second))
		}
		values = append(values, v)
		h.add(v)
		if i%2 == 0 {
			a.add(v)
		} else {
			b.add(v)
		}
	}
	slices.Sort(values)
	a.merge(&b)
	if a != h {
		t.Error("merged halves differ from the whole")
	}
	for _, p := range []float64{0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1} {
		want := values[max(int(p*float64(len(values))+0.999999)-1, 0)]
		got := int64(h.at(p))
		if got < want-int64(time.Microsecond) || float64(got) > float64(want)*1.02+float64(2*time.Microsecond) {
			t.Errorf("p%v is %v, want %v", 100*p, time.Duration(got), time.Duration(want))
		}
	}
	if p := h.percentiles(); p.Count != 100_000 || p.P50 > p.P90 || p.P99 > p.P999 || p.P999 > p.Max {
		t.Errorf("%+v", p)
	}
}

func TestBucketsHoldTheirValues(t *testing.T) {
	for i := range buckets {
		if got := bucketOf(valueOf(i)); got != i {
			t.Fatalf("the largest value of bucket %d is in bucket %d", i, got)
		}
	}
	var h histogram
	h.add(-5)
	h.add(int64(time.Hour)) // beyond the last bucket
	if h.at(1) > time.Hour || h.count != 2 {
		t.Errorf("extremes: %v of %d", h.at(1), h.count)
	}
}
