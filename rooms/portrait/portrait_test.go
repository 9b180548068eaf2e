package portrait

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"testing"
)

func encoded(t testing.TB, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, width, height)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// lossy, lossless and extended are the three kinds of WebP, cut after the size.
func lossy(width, height uint16) []byte {
	return append([]byte("RIFF\x20\x00\x00\x00WEBPVP8 \x14\x00\x00\x00\x00\x00\x00\x9d\x01\x2a"),
		byte(width), byte(width>>8), byte(height), byte(height>>8))
}

func lossless(width, height uint32) []byte {
	bits := (width - 1) | (height-1)<<14
	return append([]byte("RIFF\x20\x00\x00\x00WEBPVP8L\x14\x00\x00\x00\x2f"),
		byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24), 0, 0, 0, 0, 0)
}

func extended(width, height int) []byte {
	w, h := width-1, height-1
	return append([]byte("RIFF\x20\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00"),
		byte(w), byte(w>>8), byte(w>>16), byte(h), byte(h>>8), byte(h>>16))
}

func TestPictures(t *testing.T) {
	var drawn bytes.Buffer
	if err := png.Encode(&drawn, image.NewGray(image.Rect(0, 0, 16, 16))); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		picture []byte
		want    error
	}{
		"a JPEG":               {encoded(t, 320, 240), nil},
		"a wide JPEG":          {encoded(t, 641, 10), ErrTooLarge},
		"a long JPEG":          {append(encoded(t, 320, 240), make([]byte, MaxBytes)...), ErrTooLarge},
		"a lossy WebP":         {lossy(320, 240), nil},
		"a high lossy WebP":    {lossy(320, 641), ErrTooLarge},
		"a flat lossy WebP":    {lossy(320, 0), ErrTooLarge},
		"a lossless WebP":      {lossless(640, 1), nil},
		"a wide lossless WebP": {lossless(16384, 1), ErrTooLarge},
		"an extended WebP":     {extended(640, 640), nil},
		"a huge extended WebP": {extended(1<<24, 1<<24), ErrTooLarge},
		"a WebP cut short":     {lossy(320, 240)[:29], ErrUnknown},
		"another WebP":         {bytes.Replace(lossy(9, 9), []byte("VP8 "), []byte("VP9 "), 1), ErrUnknown},
		"a PNG":                {drawn.Bytes(), ErrUnknown},
		"a page":               {[]byte("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"), ErrUnknown},
		"nothing":              {nil, ErrUnknown},
	}
	for name, test := range tests {
		if err := Check(test.picture); !errors.Is(err, test.want) {
			t.Errorf("%s gives %v, want %v", name, err, test.want)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, seed := range [][]byte{encoded(f, 16, 16), lossy(320, 240), lossless(320, 240), extended(320, 240)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, picture []byte) {
		if err := Check(picture); err == nil && len(picture) > MaxBytes {
			t.Errorf("took %d bytes", len(picture))
		}
	})
}
