package cheap

import (
	"encoding/binary"
	"errors"
	"time"

	"palabre/signaling/protocol"
)

// Packet is one RTP packet as it came. It is valid during the call that hands it over.
type Packet struct {
	SSRC   uint32
	Number uint16
	// Size is the payload's size in bytes, without SRTP's part.
	Size int
	At   time.Time
	// Step is how many packets this one stands for; see [Subscriber.Sample].
	Step int

	raw        []byte
	subscriber *Subscriber
}

// Watcher says who watches a line of a subscriber: the sound or the picture of
// one of its declared seats, stages or voices.
type Watcher func(seat protocol.SeatKind, index int, video bool) Line

// Line is told of every packet of one line, in order of arrival. The calls of
// a subscriber's lines come one at a time and must not call the subscriber.
type Line interface {
	// Packet takes one packet. While it returns true the subscriber asks the
	// server for a key frame.
	Packet(p *Packet) (needsKey bool)
}

const (
	rtpHeader = 12
	// authTag is what AES-GCM adds to every payload (RFC 7714 section 9.1).
	authTag = 16
)

// errHeader says that a packet is shorter than its header says.
var errHeader = errors.New("the packet is shorter than its RTP header says")

// Open decrypts the packet and returns its payload. It can be done once.
func (p *Packet) Open() ([]byte, error) {
	plain, err := p.subscriber.keys.remote.DecryptRTP(p.raw, p.raw, nil)
	if err != nil {
		return nil, err
	}
	start, ok := payloadStart(plain)
	if !ok {
		return nil, errHeader
	}
	return plain[start:], nil
}

// payloadStart is how long the header is, extension included (RFC 3550 section 5.1).
func payloadStart(b []byte) (int, bool) {
	start := rtpHeader + 4*int(b[0]&0x0f)
	if b[0]&0x10 != 0 {
		if len(b) < start+4 {
			return 0, false
		}
		start += 4 + 4*int(binary.BigEndian.Uint16(b[start+2:]))
	}
	return start, start <= len(b)
}

// element finds a header extension element of two bytes by its id, in either
// form of RFC 8285 section 4.
func element(b []byte, id uint8) (uint16, bool) {
	at := rtpHeader + 4*int(b[0]&0x0f)
	if b[0]&0x10 == 0 || len(b) < at+4 {
		return 0, false
	}
	profile, words := binary.BigEndian.Uint16(b[at:]), int(binary.BigEndian.Uint16(b[at+2:]))
	if len(b) < at+4+4*words {
		return 0, false
	}
	wide := profile&0xfff0 == 0x1000
	if !wide && profile != 0xbede {
		return 0, false
	}
	for block := b[at+4 : at+4+4*words]; len(block) >= 2; {
		kind, size, head := block[0]>>4, int(block[0]&0x0f)+1, 1
		if wide {
			kind, size, head = block[0], int(block[1]), 2
		}
		switch {
		case block[0] == 0: // padding
			block = block[1:]
			continue
		case !wide && kind == 15, len(block) < head+size:
			return 0, false
		case kind == id && size >= 2:
			return binary.BigEndian.Uint16(block[head:]), true
		}
		block = block[head+size:]
	}
	return 0, false
}
