package rtp

import "encoding/binary"

// osnSize is the size in bytes of the original sequence number before a
// retransmitted payload (RFC 4588 §4).
const osnSize = 2

// Unwrap turns a retransmission back into the packet it repeats, in place, and
// gives that packet: the end of the same memory. h must be its parsed header and is
// changed along. ssrc and payloadType are those of the stream that is repaired.
// A retransmission that carries nothing (senders probe with padding on this
// stream) is [ErrNoOSN]: drop it.
func Unwrap(packet []byte, h *Header, ssrc uint32, payloadType uint8) ([]byte, error) {
	if h.PayloadSize() < osnSize || int(h.end) > len(packet) {
		return nil, ErrNoOSN
	}
	h.SequenceNumber = binary.BigEndian.Uint16(packet[h.start:])
	h.SSRC, h.PayloadType = ssrc, payloadType
	// Moving the header is cheaper than moving the payload, and leaves every
	// offset of the header true.
	copy(packet[osnSize:], packet[:h.start])
	packet = packet[osnSize:]
	h.end -= osnSize
	packet[1] = packet[1]&0x80 | payloadType&0x7F
	binary.BigEndian.PutUint16(packet[2:], h.SequenceNumber)
	binary.BigEndian.PutUint32(packet[8:], ssrc)
	return packet, nil
}
