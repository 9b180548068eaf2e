// Package codec reads what a media server must know of a payload: where a key
// frame starts, which temporal and spatial layer a packet belongs to, and the
// counters a decoder follows. It is the way for senders without a dependency
// descriptor, looks at payload descriptors and the first bytes of a frame only, and neither
// allocates nor trusts any length it reads.
package codec

import (
	"encoding/binary"
	"errors"
	"strings"
)

// Codec is how a payload is coded.
type Codec uint8

// The codecs we forward. RED is redundant audio (RFC 2198).
const (
	Unknown Codec = iota
	Opus
	RED
	VP8
	VP9
	H264
	AV1
)

// ErrMalformed is the error for every payload that is not what its codec says.
// The packet is to be dropped.
var ErrMalformed = errors.New("codec: malformed payload descriptor")

var mimes = [...]string{
	Opus: "audio/opus", RED: "audio/red", VP8: "video/VP8", VP9: "video/VP9", H264: "video/H264", AV1: "video/AV1",
}

// ByMime finds a codec by its media type, case folded (RFC 4855 §3); Unknown when it is none of ours.
func ByMime(mime string) Codec {
	for c, m := range mimes {
		if m != "" && strings.EqualFold(m, mime) {
			return Codec(c)
		}
	}
	return Unknown
}

// Frame is what one payload says of the frame it is part of.
type Frame struct {
	// KeyFrame: the packet belongs to a key frame. VP8 says it in the first packet only.
	KeyFrame bool
	// Start: the packet is the first of its frame. Receiving may begin at a
	// packet that is both KeyFrame and Start.
	Start bool
	// End: the packet is the last of its (layer) frame, where the descriptor
	// says so (VP9); for the other codecs the RTP marker does.
	End bool
	// SwitchUp: the frame refers to no other of its temporal layer or above: a
	// receiver of the layer below may take it in from here on (VP8).
	SwitchUp bool
	// Switch is what a receiver to whom the frame goes may take from it on, as
	// [SwitchTo] writes it; 0 when the payload does not say.
	Switch uint32

	TemporalID, SpatialID uint8
	// TopSpatial and TopTemporal are the highest ids the sender produces now,
	// where it says so in a dependency descriptor.
	TopSpatial, TopTemporal uint8

	// HasNumber: the packet has a dependency descriptor, in which its frame is Number.
	HasNumber bool
	Number    uint16

	// HasPictureID, HasTL0: the descriptor counts frames, and frames of the lowest temporal layer.
	HasPictureID, HasTL0 bool
	// PictureBits is the width of the picture id as sent: 7 or 15.
	PictureBits uint8
	TL0         uint8
	PictureID   uint16

	// Width and Height in pixels, where a key frame says; otherwise 0.
	Width, Height uint16
}

// SwitchTo is the bit of Frame.Switch for taking everything up to a spatial id
// below 4 and a temporal id below 8.
func SwitchTo(spatial, temporal uint8) uint32 { return 1 << (8*spatial + temporal) }

// SwitchPoint says whether receiving may begin at this packet.
func (f *Frame) SwitchPoint() bool { return f.KeyFrame && f.Start }

// Inspect reads one payload. Audio frames stand alone: each is a key frame of one packet.
func Inspect(c Codec, payload []byte) (Frame, error) {
	if len(payload) == 0 {
		return Frame{}, ErrMalformed
	}
	switch c {
	case VP8:
		return inspectVP8(payload)
	case VP9:
		return inspectVP9(payload)
	case H264:
		return inspectH264(payload)
	case AV1:
		return inspectAV1(payload)
	case Opus, RED:
		return Frame{KeyFrame: true, Start: true, End: true, SwitchUp: true}, nil
	default:
		return Frame{}, nil
	}
}

// Counters reads into f only what [AppendPayload] changes, before the frame
// itself begins. It is for senders whose dependency descriptors say the rest,
// and whose frames may be encrypted.
func Counters(c Codec, payload []byte, f *Frame) error {
	var read Frame
	if _, _, ok := counters(c, payload, &read); !ok {
		return ErrMalformed
	}
	f.HasPictureID, f.PictureBits, f.PictureID = read.HasPictureID, read.PictureBits, read.PictureID
	f.HasTL0, f.TL0 = read.HasTL0, read.TL0
	return nil
}

// counters reads the descriptor and says where the picture id and TL0PICIDX are in it.
func counters(c Codec, payload []byte, f *Frame) (picture, tl0 int, ok bool) {
	switch {
	case len(payload) == 0:
		return 0, 0, false
	case c == VP8:
		l, ok := vp8Descriptor(payload, f)
		return l.picture, l.tl0, ok
	case c == VP9:
		l, ok := vp9Descriptor(payload, f)
		return l.picture, l.tl0, ok
	}
	return 0, 0, true
}

// AppendPayload appends the payload to dst for one receiver: with the
// receiver's own picture id and TL0PICIDX where the payload has them (VP8,
// VP9), otherwise as it is. The payload itself is not changed. A picture id
// is always written with 15 bits, which may make the payload one byte longer. A payload
// without a readable descriptor is appended as it is.
func AppendPayload(dst []byte, c Codec, payload []byte, pictureID uint16, tl0 uint8) []byte {
	switch c {
	case VP8:
		return RewriteVP8(dst, payload, pictureID, tl0)
	case VP9:
		return RewriteVP9(dst, payload, pictureID, tl0)
	default:
		return append(dst, payload...)
	}
}

// Renumber does what [AppendPayload] does where the payload lies, and says whether it
// could: a picture id of 7 bits has no room for 15. Then nothing is changed.
func Renumber(c Codec, payload []byte, pictureID uint16, tl0 uint8) bool {
	var f Frame
	picture, counter, ok := counters(c, payload, &f)
	switch {
	case !ok || c == VP9 && !f.HasPictureID:
		return true // there is nothing to change
	case f.HasPictureID && f.PictureBits != 15:
		return false
	case f.HasPictureID:
		binary.BigEndian.PutUint16(payload[picture:], 0x8000|pictureID)
	}
	if f.HasTL0 {
		payload[counter] = tl0
	}
	return true
}

// appendPictureID appends a 15-bit picture id (the M bit set).
func appendPictureID(dst []byte, id uint16) []byte {
	return append(dst, 0x80|byte(id>>8), byte(id))
}

// readPictureID reads a 7- or 15-bit picture id at offset at and gives the offset after it.
func readPictureID(payload []byte, at int, f *Frame) (int, bool) {
	if at >= len(payload) {
		return at, false
	}
	f.HasPictureID, f.PictureBits, f.PictureID = true, 7, uint16(payload[at])
	if payload[at]&0x80 == 0 {
		return at + 1, true
	}
	if at+1 >= len(payload) {
		return at, false
	}
	f.PictureBits, f.PictureID = 15, uint16(payload[at]&0x7F)<<8|uint16(payload[at+1])
	return at + 2, true
}
