// Package rtp reads and writes RTP headers without allocating.
//
// A packet that came in is parsed once into a [Header]: a view without
// pointers, so that caches full of headers cost the garbage collector nothing.
// Header extensions (RFC 8285) become fixed fields by the ids negotiated for
// the connection, see [Extensions]. For every receiver a fresh header is then
// written with [AppendHeader]; the payload of the packet is never touched.
package rtp

import (
	"encoding/binary"
	"errors"
)

const (
	// MaxPacket is the size in bytes of the largest packet taken: one Ethernet
	// frame. WebRTC senders stay below 1 250 bytes.
	MaxPacket = 1500

	// fixedSize is the size in bytes of a header without CSRCs and extensions (RFC 3550 §5.1).
	fixedSize = 12

	version         = 2
	oneByteProfile  = 0xBEDE
	twoByteProfile  = 0x1000
	twoByteMask     = 0xFFF0 // the low four bits are "appbits" the receiver ignores
	oneByteTerminal = 15     // RFC 8285 §4.2: stop reading here
)

// Errors of [Parse] and [Unwrap]. They are fixed values: a flood of broken
// packets allocates nothing.
var (
	ErrShort     = errors.New("rtp: packet shorter than its header says")
	ErrLong      = errors.New("rtp: packet longer than 1500 bytes")
	ErrVersion   = errors.New("rtp: version is not 2")
	ErrPadding   = errors.New("rtp: padding is zero or larger than the payload")
	ErrExtension = errors.New("rtp: header extension element runs over its block")
	ErrNoOSN     = errors.New("rtp: retransmission without original sequence number")
)

// Header is one parsed RTP header. It holds offsets rather than slices, so it
// stays valid for any copy of the packet it was parsed from.
type Header struct {
	SSRC           uint32
	Timestamp      uint32
	SequenceNumber uint16
	PayloadType    uint8
	Marker         bool
	// Padding is how many bytes of padding follow the payload.
	Padding uint8

	start, end uint16 // of the payload

	// Values are the extension elements with a fixed meaning.
	Values

	mid, rid, repairedRID, descriptor, layers span
}

// span is a part of a packet.
type span struct{ start, size uint16 }

func (s span) of(packet []byte) []byte {
	end := int(s.start) + int(s.size)
	if end > len(packet) {
		return nil
	}
	return packet[s.start:end:end]
}

// Payload is the packet without header and padding.
func (h *Header) Payload(packet []byte) []byte { return packet[h.start:h.end:h.end] }

// PayloadSize is the size of the payload in bytes; 0 for a packet that is only padding.
func (h *Header) PayloadSize() int { return int(h.end - h.start) }

// MID is the media section the packet belongs to (RFC 8843), empty when it does not say.
func (h *Header) MID(packet []byte) []byte { return h.mid.of(packet) }

// RID is the simulcast layer of the packet (RFC 8852), empty when it does not say.
func (h *Header) RID(packet []byte) []byte { return h.rid.of(packet) }

// RepairedRID is the simulcast layer a retransmission repairs (RFC 8852), empty when it does not say.
func (h *Header) RepairedRID(packet []byte) []byte { return h.repairedRID.of(packet) }

// DependencyDescriptor is the raw AV1 dependency descriptor, empty when there is none.
func (h *Header) DependencyDescriptor(packet []byte) []byte { return h.descriptor.of(packet) }

// LayersAllocation is the raw video-layers-allocation element, empty when there is none.
func (h *Header) LayersAllocation(packet []byte) []byte { return h.layers.of(packet) }

// Parse reads the header of an RTP packet into h, every field of it. ids are
// the negotiated extension ids; elements with another id are skipped, and so
// is everything after an id that ends the block (0 with a length, or 15). A
// packet whose lengths do not fit together is refused. h is undefined after an error.
func Parse(packet []byte, ids *Extensions, h *Header) error {
	if len(packet) < fixedSize {
		return ErrShort
	}
	if len(packet) > MaxPacket {
		return ErrLong
	}
	first := packet[0]
	if first>>6 != version {
		return ErrVersion
	}
	*h = Header{
		Marker:         packet[1]&0x80 != 0,
		PayloadType:    packet[1] & 0x7F,
		SequenceNumber: binary.BigEndian.Uint16(packet[2:]),
		Timestamp:      binary.BigEndian.Uint32(packet[4:]),
		SSRC:           binary.BigEndian.Uint32(packet[8:]),
	}
	start := fixedSize + 4*int(first&0x0F)
	if len(packet) < start {
		return ErrShort
	}
	if first&0x10 != 0 {
		var err error
		if start, err = parseBlock(packet, start, ids, h); err != nil {
			return err
		}
	}
	return h.bounds(packet, start, first&0x20 != 0)
}

// bounds finds where the payload starts and ends.
func (h *Header) bounds(packet []byte, start int, padded bool) error {
	end := len(packet)
	if padded {
		if end == start {
			return ErrPadding
		}
		h.Padding = packet[end-1]
		end -= int(h.Padding)
		if h.Padding == 0 || end < start {
			return ErrPadding
		}
	}
	h.start, h.end = uint16(start), uint16(end)
	return nil
}

// parseBlock reads the extension block that starts at start and gives the offset after it.
func parseBlock(packet []byte, start int, ids *Extensions, h *Header) (int, error) {
	if len(packet) < start+4 {
		return 0, ErrShort
	}
	profile := binary.BigEndian.Uint16(packet[start:])
	size := 4 * int(binary.BigEndian.Uint16(packet[start+2:]))
	start += 4
	end := start + size
	if len(packet) < end {
		return 0, ErrShort
	}
	switch {
	case profile == oneByteProfile:
		return end, parseOneByte(packet[:end], start, ids, h)
	case profile&twoByteMask == twoByteProfile:
		return end, parseTwoByte(packet[:end], start, ids, h)
	default: // somebody's own profile (RFC 3550 §5.3.1): not ours to read
		return end, nil
	}
}

// parseOneByte reads elements with one byte of id and length (RFC 8285 §4.2).
func parseOneByte(packet []byte, at int, ids *Extensions, h *Header) error {
	for at < len(packet) {
		head := packet[at]
		at++
		if head == 0 { // padding
			continue
		}
		id, size := head>>4, int(head&0x0F)+1
		if id == 0 || id == oneByteTerminal {
			return nil
		}
		if at+size > len(packet) {
			return ErrExtension
		}
		h.element(ids.kinds[id], packet, at, size)
		at += size
	}
	return nil
}

// parseTwoByte reads elements with two bytes of id and length (RFC 8285 §4.3).
func parseTwoByte(packet []byte, at int, ids *Extensions, h *Header) error {
	for at < len(packet) {
		id := packet[at]
		at++
		if id == 0 { // padding
			continue
		}
		if at >= len(packet) {
			return ErrExtension
		}
		size := int(packet[at])
		at++
		if at+size > len(packet) {
			return ErrExtension
		}
		h.element(ids.kinds[id], packet, at, size)
		at += size
	}
	return nil
}
