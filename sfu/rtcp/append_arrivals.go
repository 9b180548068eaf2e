package rtcp

import (
	"encoding/binary"
	"math"
	"time"
)

// maxSaid bounds the packets one feedback of ours speaks of: with two bytes for
// each it is no larger than a datagram.
const maxSaid = 512

// NotReceived is the arrival time of a packet that has not come.
const NotReceived time.Duration = -1

// AppendArrivals appends transport-wide feedback
// (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1) about the
// packets from sequence number base on: when each came, on a clock of the
// caller's that never goes below 0, or [NotReceived]. count is how many such
// packets were sent before. It says how many packets it speaks of: the first ones,
// as far as they fit, up to the last that came, or all that fit where none has. times must
// not be empty; they are rounded to 250 µs.
func AppendArrivals(dst []byte, sender, media uint32, count uint8, base uint16, times []time.Duration) (packet []byte, said int) {
	var symbols [maxSaid]uint8
	var deltas [2 * maxSaid]byte
	reference, size := time.Duration(-1), 0
	last := time.Duration(0) // by what deltas say
	times = times[:min(len(times), maxSaid)]
	for i, at := range times {
		if at < 0 {
			continue
		}
		if reference < 0 {
			reference = at / wideUnit
			last = reference * wideUnit
		}
		delta := (at - last).Round(deltaUnit) / deltaUnit
		if delta < math.MinInt16 || delta > math.MaxInt16 {
			break // the next feedback has another reference
		}
		if symbols[i] = smallDelta; delta < 0 || delta > math.MaxUint8 {
			symbols[i] = largeDelta
			deltas[size] = byte(delta >> 8)
			size++
		}
		deltas[size] = byte(delta)
		size++
		last += delta * deltaUnit
		said = i + 1
	}
	if said == 0 {
		said, reference = len(times), 0 // which says nothing, as no delta adds to it
	}
	start := len(dst)
	dst = header(dst, Transport, formatWide, 0)
	dst = binary.BigEndian.AppendUint32(dst, sender)
	dst = binary.BigEndian.AppendUint32(dst, media)
	dst = binary.BigEndian.AppendUint16(dst, base)
	dst = binary.BigEndian.AppendUint16(dst, uint16(said))
	dst = binary.BigEndian.AppendUint32(dst, uint32(reference)<<8|uint32(count))
	dst = appendChunks(dst, symbols[:said])
	dst = append(dst, deltas[:size]...)
	if over := (len(dst) - start) % 4; over > 0 {
		padding := 4 - over
		dst = append(dst, make([]byte, padding)...)
		dst[len(dst)-1] = byte(padding)
		dst[start] |= 0x20
	}
	binary.BigEndian.PutUint16(dst[start+2:], uint16((len(dst)-start)/4-1))
	return dst, said
}

// appendChunks says what became of each packet: in runs of one status, or
// with one or two bits a packet.
func appendChunks(dst []byte, symbols []uint8) []byte {
	for len(symbols) > 0 {
		run := 1
		for run < len(symbols) && symbols[run] == symbols[0] {
			run++
		}
		chunk, n := uint16(0), 0
		switch {
		case run >= 7 || run == len(symbols):
			chunk, n = uint16(symbols[0])<<13|uint16(run), run
		case plain(symbols):
			chunk, n = 0x8000|bits(symbols, 14, 1), 14
		default:
			chunk, n = 0xC000|bits(symbols, 7, 2), 7
		}
		dst = binary.BigEndian.AppendUint16(dst, chunk)
		symbols = symbols[min(n, len(symbols)):]
	}
	return dst
}

// plain says whether one bit each is enough for the first of the symbols.
func plain(symbols []uint8) bool {
	for _, s := range symbols[:min(14, len(symbols))] {
		if s == largeDelta {
			return false
		}
	}
	return true
}

// bits puts the first n symbols into that many groups of bits; there may be fewer.
func bits(symbols []uint8, n, each int) (chunk uint16) {
	for i, s := range symbols[:min(n, len(symbols))] {
		chunk |= uint16(s) << (each * (n - 1 - i))
	}
	return chunk
}
