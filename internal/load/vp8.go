package load

import (
	"encoding/binary"
	"math/rand/v2"
)

// The shape of generated video: what a browser's encoder and packetizer make
// of an ordinary camera.
const (
	frameRate = 30
	videoRate = 90000 // RTP ticks a second
	// maxPayload keeps packets below the usual path MTU of 1200 bytes for media.
	maxPayload = 1100
	// keyFrameWeight is how much larger a key frame is than the average frame.
	keyFrameWeight = 6
	// minFrame holds the headers of a frame and a marker.
	minFrame = 64
	// descriptorSize is the VP8 payload descriptor with all fields browsers
	// send: X, 15-bit picture id, TL0PICIDX and TID (RFC 7741 section 4.2).
	descriptorSize = 6
)

// vp8 makes the frames of one video stream. The bytes behind the headers are
// noise, but the headers are true: servers find key frames, their sizes, the
// picture id and the temporal layer where they look for them.
type vp8 struct {
	width, height uint16
	average       int // bytes a frame
	debt          int // bytes a key frame spent in advance
	// whole makes every packet maxPayload long, some frames with one more.
	whole   bool
	owed    int // bytes not yet sent of what the bitrate allows
	picture uint16
	base    uint8 // TL0PICIDX
	noise   *rand.Rand
	body    []byte
}

func newVP8(width, height, bitrate int, seed uint64) *vp8 {
	v := &vp8{
		width: uint16(width), height: uint16(height),
		average: max(bitrate/8/frameRate, minFrame),
		noise:   rand.New(rand.NewPCG(seed, 8)),
		picture: uint16(seed) & 0x7fff, base: uint8(seed),
	}
	v.body = make([]byte, 2*keyFrameWeight*v.average+maxPayload)
	for i := range v.body {
		v.body[i] = byte(v.noise.Uint32())
	}
	return v
}

// size chooses the next frame's length: key frames are large and the frames
// after them smaller, until the bitrate is met again.
func (v *vp8) size(key bool) int {
	if key {
		v.debt += (keyFrameWeight - 1) * v.average
		return keyFrameWeight * v.average
	}
	varied := v.average*3/4 + v.noise.IntN(v.average/2+1)
	repay := min(v.debt, varied/4)
	v.debt -= repay
	return max(varied-repay, minFrame)
}

// packets chooses how many whole packets the next frame has.
func (v *vp8) packets(key bool) int {
	if key {
		return (keyFrameWeight*v.average + maxPayload - 1) / maxPayload
	}
	v.owed += v.average
	n := max(v.owed/maxPayload, 1)
	v.owed -= n * maxPayload
	return n
}

// frame returns the payloads of the next frame, of nearly equal sizes as
// libwebrtc's packetizer makes them. They are valid until the next call, and
// the last markerSize bytes of each are free for a marker.
func (v *vp8) frame(key bool, into [][]byte) [][]byte {
	room := maxPayload - descriptorSize - markerSize
	size := v.size(key)
	if v.whole {
		size = room * v.packets(key)
	}
	body := v.body[:size]
	v.header(body, key, size)
	v.picture = (v.picture + 1) & 0x7fff
	v.base++

	count := (size + room - 1) / room
	into = into[:0]
	for i := range count {
		part := body[i*size/count : (i+1)*size/count]
		payload := make([]byte, 0, descriptorSize+len(part)+markerSize)
		payload = v.descriptor(payload, i == 0)
		payload = append(payload, part...)
		into = append(into, payload[:len(payload)+markerSize])
	}
	return into
}

// descriptor appends the payload descriptor of RFC 7741 section 4.2.
func (v *vp8) descriptor(to []byte, start bool) []byte {
	first := byte(0x80) // X: extensions follow
	if start {
		first |= 0x10 // S: partition 0 begins here
	}
	return append(to, first, 0xe0, // I, L and T
		0x80|byte(v.picture>>8), byte(v.picture), v.base, 0x20) // M; TID 0, Y
}

// header writes the frame tag and, for key frames, the start code and the
// dimensions (RFC 6386 section 9.1).
func (v *vp8) header(body []byte, key bool, size int) {
	tag := uint32(1<<4) | uint32(min(size/4, 1<<19-1))<<5 // shown; length of the first partition
	if !key {
		tag |= 1
	}
	body[0], body[1], body[2] = byte(tag), byte(tag>>8), byte(tag>>16)
	if !key {
		return
	}
	body[3], body[4], body[5] = 0x9d, 0x01, 0x2a
	binary.LittleEndian.PutUint16(body[6:], v.width&0x3fff)
	binary.LittleEndian.PutUint16(body[8:], v.height&0x3fff)
}

// beginsKeyFrame says whether a payload, as a receiver got it, is the start of
// a key frame.
func beginsKeyFrame(payload []byte) bool {
	if len(payload) < 2 || payload[0]&0x17 != 0x10 { // S set, partition 0
		return false
	}
	at := 1
	if payload[0]&0x80 != 0 {
		fields := payload[1]
		at = 2
		if fields&0x80 != 0 && at < len(payload) {
			at += 1 + int(payload[at]>>7)
		}
		if fields&0x40 != 0 {
			at++
		}
		if fields&0x30 != 0 {
			at++
		}
	}
	return at+6 <= len(payload) && payload[at]&1 == 0 &&
		payload[at+3] == 0x9d && payload[at+4] == 0x01 && payload[at+5] == 0x2a
}
