// Package rtcp reads the RTCP packets a media server acts on (RFC 3550,
// RFC 4585, RFC 5104, REMB, transport-wide feedback, RFC 8888) without allocating and without trusting a length.
// What it does not know it skips.
package rtcp

import (
	"encoding/binary"
	"iter"
)

// Packet types and feedback formats.
const (
	SenderReport   = 200
	ReceiverReport = 201
	Bye            = 203
	Transport      = 205 // transport layer feedback, of which NACK is one format
	Payload        = 206 // payload-specific feedback: PLI, FIR, REMB

	formatNACK = 1
	formatPLI  = 1
	formatFIR  = 4
	formatAFB  = 15
)

const headerSize = 4

// Packet is one packet of a compound.
type Packet struct {
	Type uint8
	// Count is the number of blocks, or the feedback format.
	Count uint8
	// Body is what follows the four bytes of header.
	Body []byte
}

// All goes through a compound packet and stops where it is malformed.
func All(compound []byte) iter.Seq[Packet] {
	return func(yield func(Packet) bool) {
		for len(compound) >= headerSize && compound[0]>>6 == 2 {
			size := 4 * (int(binary.BigEndian.Uint16(compound[2:])) + 1)
			if size > len(compound) {
				return
			}
			p := Packet{Type: compound[1], Count: compound[0] & 0x1F, Body: compound[headerSize:size]}
			if !yield(p) {
				return
			}
			compound = compound[size:]
		}
	}
}

// Report is one reception report block (RFC 3550 section 6.4.1).
type Report struct {
	SSRC uint32
	// FractionLost is in 1/256; TotalLost is signed.
	FractionLost uint8
	TotalLost    int32
	// Highest is the highest sequence number received, with its cycles.
	Highest uint32
	// Jitter is in timestamp units.
	Jitter uint32
	// LastSR and Delay give the round trip, in 1/65536 s.
	LastSR, Delay uint32
}

const reportSize = 24

// Sent is what a sender report says of its stream.
type Sent struct {
	SSRC      uint32
	NTP       uint64
	Timestamp uint32
}

// Sent reads a sender report; false for any other packet.
func (p Packet) Sent() (Sent, bool) {
	if p.Type != SenderReport || len(p.Body) < 24 {
		return Sent{}, false
	}
	return Sent{
		SSRC:      binary.BigEndian.Uint32(p.Body),
		NTP:       binary.BigEndian.Uint64(p.Body[4:]),
		Timestamp: binary.BigEndian.Uint32(p.Body[12:]),
	}, true
}

// Reports goes through the reception reports of a sender or receiver report.
func (p Packet) Reports() iter.Seq[Report] {
	return func(yield func(Report) bool) {
		start := 4
		switch p.Type {
		case SenderReport:
			start = 24
		case ReceiverReport:
		default:
			return
		}
		for i := range int(p.Count) {
			at := start + i*reportSize
			if at+reportSize > len(p.Body) {
				return
			}
			b := p.Body[at:]
			lost := int32(binary.BigEndian.Uint32(b[4:])<<8) >> 8
			if !yield(Report{
				SSRC: binary.BigEndian.Uint32(b), FractionLost: b[4], TotalLost: lost, Highest: binary.BigEndian.Uint32(b[8:]),
				Jitter: binary.BigEndian.Uint32(b[12:]), LastSR: binary.BigEndian.Uint32(b[16:]), Delay: binary.BigEndian.Uint32(b[20:]),
			}) {
				return
			}
		}
	}
}

// Lost goes through the sequence numbers of a NACK for the stream media.
func (p Packet) Lost() (media uint32, lost iter.Seq[uint16]) {
	if p.Type != Transport || p.Count != formatNACK || len(p.Body) < 12 {
		return 0, nil
	}
	return binary.BigEndian.Uint32(p.Body[4:]), func(yield func(uint16) bool) {
		for b := p.Body[8:]; len(b) >= 4; b = b[4:] {
			first, mask := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
			if !yield(first) {
				return
			}
			for i := uint16(1); mask != 0; i, mask = i+1, mask>>1 {
				if mask&1 != 0 && !yield(first+i) {
					return
				}
			}
		}
	}
}

// KeyFrames goes through the streams a PLI or FIR asks a key frame of.
func (p Packet) KeyFrames() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		switch {
		case p.Type != Payload || len(p.Body) < 8:
		case p.Count == formatPLI:
			yield(binary.BigEndian.Uint32(p.Body[4:]))
		case p.Count == formatFIR:
			for b := p.Body[8:]; len(b) >= 8; b = b[8:] {
				if !yield(binary.BigEndian.Uint32(b)) {
					return
				}
			}
		}
	}
}

// maxBitrate is more than any line carries; larger estimates mean "no limit".
const maxBitrate = 1 << 40

// Bitrate reads a receiver's estimate of its line, in bit/s (REMB).
func (p Packet) Bitrate() (int, bool) {
	if p.Type != Payload || p.Count != formatAFB || len(p.Body) < 16 || string(p.Body[8:12]) != "REMB" {
		return 0, false
	}
	exponent := p.Body[13] >> 2
	mantissa := uint64(p.Body[13]&3)<<16 | uint64(binary.BigEndian.Uint16(p.Body[14:]))
	if mantissa == 0 {
		return 0, true
	}
	if exponent > 40 || mantissa<<exponent > maxBitrate {
		return maxBitrate, true
	}
	return int(mantissa << exponent), true
}
