// Package portrait checks the small pictures by which people who wait in a
// lobby show who they are. Nothing is drawn here: the header alone says
// whether a picture is of a kind and size that pages may show.
package portrait

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image/jpeg"
)

const (
	// MaxBytes is the largest picture. 320 pixels of a face in JPEG are some 12 kB.
	MaxBytes = 24 << 10
	// MaxSide is the widest and highest one, in pixels: a small file may
	// unfold to a picture no page could hold.
	MaxSide = 640
)

// ErrTooLarge and ErrUnknown are what can be wrong with a picture.
var (
	ErrTooLarge = errors.New("the picture is too large")
	ErrUnknown  = errors.New("the picture is neither JPEG nor WebP")
)

// Check says what is wrong with a picture, which must be a JPEG or a WebP
// (RFC 9649) of at most MaxBytes and MaxSide.
func Check(picture []byte) error {
	if len(picture) > MaxBytes {
		return fmt.Errorf("%w: %d bytes are more than %d", ErrTooLarge, len(picture), MaxBytes)
	}
	width, height, err := size(picture)
	if err != nil {
		return err
	}
	if width < 1 || height < 1 || width > MaxSide || height > MaxSide {
		return fmt.Errorf("%w: %d x %d pixels, where 1 to %d each are taken", ErrTooLarge, width, height, MaxSide)
	}
	return nil
}

func size(picture []byte) (width, height int, err error) {
	if width, height, ok := webp(picture); ok {
		return width, height, nil
	}
	config, err := jpeg.DecodeConfig(bytes.NewReader(picture))
	if err != nil {
		return 0, 0, fmt.Errorf("%w: reading a header: %w", ErrUnknown, err)
	}
	return config.Width, config.Height, nil
}

// webp reads the size from the first chunk of a WebP file (RFC 9649 sections
// 2.5 to 2.7, RFC 6386 section 9.1).
func webp(b []byte) (width, height int, ok bool) {
	const header = 30 // the RIFF header, a chunk's header, and the ten bytes of it that hold the size
	if len(b) < header || string(b[:4]) != "RIFF" || string(b[8:12]) != "WEBP" {
		return 0, 0, false
	}
	data := b[20:]
	switch string(b[12:16]) {
	case "VP8 ":
		if data[3] != 0x9d || data[4] != 0x01 || data[5] != 0x2a {
			return 0, 0, false
		}
		return int(binary.LittleEndian.Uint16(data[6:])) & 0x3fff, int(binary.LittleEndian.Uint16(data[8:])) & 0x3fff, true
	case "VP8L":
		if data[0] != 0x2f {
			return 0, 0, false
		}
		bits := binary.LittleEndian.Uint32(data[1:])
		return int(bits&0x3fff) + 1, int(bits>>14&0x3fff) + 1, true
	case "VP8X":
		return three(data[4:]) + 1, three(data[7:]) + 1, true
	}
	return 0, 0, false
}

// three reads an unsigned number of 24 bits.
func three(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
