package turn

import (
	"encoding/binary"
	"errors"
)

// The framing of TURN over a stream (RFC 8656 section 12.5): STUN messages and
// ChannelData, each with its length in front, both padded to four bytes.
const (
	stunHeader    = 20
	magicCookie   = 0x2112A442
	channelHeader = 4
	firstChannel  = 0x4000
	lastChannel   = 0x4FFF
	// maxFrame is the largest frame taken, in bytes: a full Ethernet packet
	// inside, with room for the attributes around it.
	maxFrame = 1600
)

var errFraming = errors.New("neither STUN nor ChannelData")

// frameSize is how many bytes the frame at the beginning of b has, 0 while too
// little of it is there to tell.
func frameSize(b []byte) (int, error) {
	if len(b) < channelHeader {
		return 0, nil
	}
	kind, size := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
	switch {
	case kind >= firstChannel && kind <= lastChannel:
		size = channelHeader + (size+3)&^3
	case kind < firstChannel && size%4 == 0:
		if len(b) >= 8 && binary.BigEndian.Uint32(b[4:]) != magicCookie {
			return 0, errFraming
		}
		size += stunHeader
	default:
		return 0, errFraming
	}
	if size > maxFrame {
		return 0, errFraming
	}
	return size, nil
}

// channelData gives the channel and the payload of a whole frame, if it is ChannelData.
func channelData(frame []byte) (channel uint16, data []byte, ok bool) {
	channel = binary.BigEndian.Uint16(frame)
	if channel < firstChannel {
		return 0, nil, false
	}
	size := int(binary.BigEndian.Uint16(frame[2:]))
	return channel, frame[channelHeader : channelHeader+size], true
}

// putChannelData writes a frame into b, which has room for it.
func putChannelData(b []byte, channel uint16, data []byte) []byte {
	size := channelHeader + (len(data)+3)&^3
	binary.BigEndian.PutUint16(b, channel)
	binary.BigEndian.PutUint16(b[2:], uint16(len(data)))
	n := channelHeader + copy(b[channelHeader:], data)
	clear(b[n:size])
	return b[:size]
}

// The parts of an error response (RFC 8489 sections 6 and 14.8).
const (
	channelBindError = 0x0119
	errorClass       = 0x0110
	attrErrorCode    = 0x0009
	attrNonce        = 0x0015
)

// sayWhy makes a response say what RFC 8489 and RFC 8656 have for it: 401 for
// credentials that are no good, 403 for a peer that is not allowed. Pion's
// server answers 400 and 401. It gives the code of a refusal, 0 for anything
// else: a challenge is none.
func sayWhy(response []byte, denied bool) (code int) {
	if len(response) < stunHeader || binary.BigEndian.Uint16(response)&errorClass != errorClass {
		return 0
	}
	var value []byte
	challenge := false
	for rest := response[stunHeader:]; len(rest) >= 4; {
		kind, size := binary.BigEndian.Uint16(rest), int(binary.BigEndian.Uint16(rest[2:]))
		if size > len(rest)-4 {
			return 0
		}
		switch {
		case kind == attrErrorCode && size >= 4:
			value = rest[4 : 4+size]
		case kind == attrNonce:
			challenge = true
		}
		rest = rest[min(len(rest), 4+(size+3)&^3):]
	}
	if value == nil || challenge {
		return 0
	}
	code = int(value[2]&7)*100 + int(value[3])
	switch {
	case denied && code == 400:
		code = 401
	case code == 401 && binary.BigEndian.Uint16(response) == channelBindError:
		code = 403
	}
	value[2], value[3] = byte(code/100), byte(code%100)
	return code
}
