package rtcp

import (
	"encoding/binary"
	"time"
)

const (
	formatCongestion = 11 // RFC 8888
	formatWide       = 15 // transport-wide feedback

	// maxStatuses bounds the packets one feedback may speak of. Chromium's speak
	// of a few hundred; a run of 65 535 costs its sender two bytes and us time.
	maxStatuses = 4096
	// wideUnit and deltaUnit are the units of a transport-wide feedback's times.
	wideUnit, deltaUnit = 64 * time.Millisecond, 250 * time.Microsecond
)

// What a transport-wide feedback says of one packet.
const (
	notReceived = iota
	smallDelta  // received, one byte says how long after the one before
	largeDelta  // received, two bytes, signed
)

// IsArrivals says that the packet is transport-wide feedback.
func (p Packet) IsArrivals() bool {
	return p.Type == Transport && p.Count == formatWide && len(p.Body) >= 16 && binary.BigEndian.Uint16(p.Body[10:]) <= maxStatuses
}

// Arrivals goes through the packets of a transport-wide feedback
// (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1): which of
// them arrived, and when on the receiver's clock, which comes round after
// twelve days. It stops where the packet is malformed.
func (p Packet) Arrivals(yield func(sequence uint16, received bool, arrival time.Duration) bool) {
	if !p.IsArrivals() {
		return
	}
	sequence, count := binary.BigEndian.Uint16(p.Body[8:]), int(binary.BigEndian.Uint16(p.Body[10:]))
	arrival := time.Duration(binary.BigEndian.Uint32(p.Body[12:])>>8) * wideUnit
	chunks := p.Body[16:]
	deltas := afterChunks(chunks, count)
	for ; count > 0 && len(chunks) >= 2; chunks = chunks[2:] {
		chunk := binary.BigEndian.Uint16(chunks)
		for i := range min(statuses(chunk), count) {
			status := statusOf(chunk, i)
			switch {
			case status == smallDelta && len(deltas) >= 1:
				arrival += time.Duration(deltas[0]) * deltaUnit
				deltas = deltas[1:]
			case status == largeDelta && len(deltas) >= 2:
				arrival += time.Duration(int16(binary.BigEndian.Uint16(deltas))) * deltaUnit
				deltas = deltas[2:]
			case status != notReceived:
				return
			}
			if !yield(sequence, status != notReceived, arrival) {
				return
			}
			sequence++
		}
		count -= statuses(chunk)
	}
}

// afterChunks is what follows the chunks that describe count packets.
func afterChunks(chunks []byte, count int) []byte {
	for ; count > 0 && len(chunks) >= 2; chunks = chunks[2:] {
		count -= statuses(binary.BigEndian.Uint16(chunks))
	}
	return chunks
}

// statuses is how many packets a chunk describes.
func statuses(chunk uint16) int {
	switch {
	case chunk&0x8000 == 0: // a run of one status; an empty one would never end
		return max(1, int(chunk&0x1FFF))
	case chunk&0x4000 == 0: // one bit each
		return 14
	}
	return 7 // two bits each
}

// statusOf is the status of packet i of a chunk.
func statusOf(chunk uint16, i int) uint16 {
	switch {
	case chunk&0x8000 == 0:
		return chunk >> 13 & 3
	case chunk&0x4000 == 0:
		return chunk >> (13 - i) & 1
	}
	return chunk >> (12 - 2*i) & 3
}

const (
	// congestionUnits of RFC 8888's arrival offsets make a second; the two
	// highest offsets mean too long ago, and received but unknown when.
	congestionUnits = 1024
	longAgo         = 0x1FFE
)

// IsCongestion says that the packet is congestion control feedback (RFC 8888).
func (p Packet) IsCongestion() bool {
	return p.Type == Transport && p.Count == formatCongestion && len(p.Body) >= 8
}

// Congestion goes through the packets of a congestion control feedback (RFC
// 8888 section 3.1): which of each stream's packets arrived, and when on the
// receiver's clock, which comes round after eighteen hours. It stops where the packet is malformed.
func (p Packet) Congestion(yield func(ssrc uint32, sequence uint16, received bool, arrival time.Duration) bool) {
	if !p.IsCongestion() {
		return
	}
	end := len(p.Body) - 4
	stamp := time.Duration(binary.BigEndian.Uint32(p.Body[end:])) * time.Second / 65536
	for b := p.Body[4:end]; len(b) >= 8; {
		ssrc, sequence := binary.BigEndian.Uint32(b), binary.BigEndian.Uint16(b[4:])
		count := int(binary.BigEndian.Uint16(b[6:]))
		size := 8 + (2*count+3)&^3
		if size > len(b) {
			return
		}
		for i := range count {
			metric := binary.BigEndian.Uint16(b[8+2*i:])
			received, offset := metric&0x8000 != 0, metric&0x1FFF
			if received && offset >= longAgo {
				continue
			}
			if !yield(ssrc, sequence+uint16(i), received, stamp-time.Duration(offset)*time.Second/congestionUnits) {
				return
			}
		}
		b = b[size:]
	}
}
