package rtp

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"palabre/sfu/prefetch"
)

// Extension names a header extension we understand.
type Extension uint8

// The header extensions we understand.
const (
	unknown              Extension = iota
	MID                            // which media section (RFC 8843)
	RID                            // which simulcast layer (RFC 8852)
	RepairedRID                    // which simulcast layer a retransmission repairs (RFC 8852)
	AudioLevel                     // how loud, and whether it is voice (RFC 6464)
	TransportSequence              // transport-wide sequence number, for congestion control
	AbsSendTime                    // when it left the sender, 6.18 seconds
	AbsCaptureTime                 // when it was captured, by the capturer's clock
	PlayoutDelay                   // bounds for the receiver's buffer
	Orientation                    // how to turn the picture (3GPP 26.114)
	ContentType                    // camera or screen
	DependencyDescriptor           // AV1 dependency descriptor, for any codec
	LayersAllocation               // what simulcast and spatial layers the sender has
	extensionCount
)

var extensionURIs = [extensionCount]string{
	MID:                  "urn:ietf:params:rtp-hdrext:sdes:mid",
	RID:                  "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
	RepairedRID:          "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
	AudioLevel:           "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
	TransportSequence:    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
	AbsSendTime:          "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
	AbsCaptureTime:       "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
	PlayoutDelay:         "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
	Orientation:          "urn:3gpp:video-orientation",
	ContentType:          "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type",
	DependencyDescriptor: "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
	LayersAllocation:     "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00",
}

// URI is the name of the extension in SDP.
func (e Extension) URI() string {
	if e >= extensionCount {
		return ""
	}
	return extensionURIs[e]
}

// ExtensionByURI finds an extension by its name in SDP.
func ExtensionByURI(uri string) (Extension, bool) {
	for e := MID; e < extensionCount; e++ {
		if extensionURIs[e] == uri {
			return e, true
		}
	}
	return unknown, false
}

// Set is a set of extensions.
type Set uint16

// SetOf makes a set.
func SetOf(extensions ...Extension) Set {
	var s Set
	for _, e := range extensions {
		s |= 1 << e
	}
	return s
}

// Has says whether e is in the set.
func (s Set) Has(e Extension) bool { return s&(1<<e) != 0 }

// Extensions are the header extension ids negotiated for one connection: with
// BUNDLE one mapping holds for all its media sections (RFC 8843 §9.1). The zero value has none.
type Extensions struct {
	ids   [extensionCount]uint8
	wide  bool // some id does not fit the one-byte form
	kinds [256]Extension
}

// Prefetch asks for the memory that [AppendHeader] needs of it.
func (x *Extensions) Prefetch() { prefetch.Part(x, 0, unsafe.Offsetof(x.kinds)) }

// Bind gives an extension its id. 0 means padding and 15 is reserved (RFC 8285
// §4.2, §5): both are refused, as is an id that another extension has.
func (x *Extensions) Bind(e Extension, id uint8) error {
	if e == unknown || e >= extensionCount {
		return fmt.Errorf("bind header extension id %d: extension %d is not one we know", id, e)
	}
	if id == 0 || id == oneByteTerminal {
		return fmt.Errorf("bind header extension %s: id %d is reserved, choose 1 to 14 or 16 to 255", e.URI(), id)
	}
	if other := x.kinds[id]; other != unknown && other != e {
		return fmt.Errorf("bind header extension %s: id %d already means %s", e.URI(), id, other.URI())
	}
	x.kinds[x.ids[e]] = unknown
	x.ids[e], x.kinds[id] = id, e
	x.wide = false
	for _, id := range x.ids {
		x.wide = x.wide || id > 14
	}
	return nil
}

// ID is the id of an extension; 0 when it was not negotiated.
func (x *Extensions) ID(e Extension) uint8 {
	if e >= extensionCount {
		return 0
	}
	return x.ids[e]
}

// Values are the extension elements of fixed meaning. Only those in Present count.
type Values struct {
	// AbsCaptureTime is an NTP time (32.32) of the capturer's clock, and
	// CaptureOffset what to add to it to get the sender's (signed 32.32).
	AbsCaptureTime uint64
	CaptureOffset  int64
	// AbsSendTime is 24 bits: 6.18 seconds.
	AbsSendTime uint32
	// PlayoutDelay is 24 bits: minimum and maximum, 12 bits each, in 10 ms.
	PlayoutDelay uint32
	// Present says which of the values are there.
	Present           Set
	TransportSequence uint16
	// AudioLevel is −dBov: 0 is the loudest, 127 silence.
	AudioLevel uint8
	// Voice is the sender's opinion whether somebody speaks.
	Voice       bool
	Orientation uint8
	ContentType uint8
}

// Has says whether the value of e is there.
func (v *Values) Has(e Extension) bool { return v.Present.Has(e) }

// SetTransportSequence adds the transport-wide sequence number.
func (v *Values) SetTransportSequence(n uint16) {
	v.TransportSequence = n
	v.Present |= 1 << TransportSequence
}

// SetAbsSendTime adds the send time; only the low 24 bits count.
func (v *Values) SetAbsSendTime(t uint32) {
	v.AbsSendTime = t & 0xFFFFFF
	v.Present |= 1 << AbsSendTime
}

// element takes one extension element in. An element of the wrong size is
// skipped: the rest of the packet is still good. Of two elements with one
// meaning the last wins.
func (h *Header) element(e Extension, packet []byte, at, size int) {
	where := span{uint16(at), uint16(size)}
	data := packet[at : at+size]
	switch e {
	case MID:
		h.mid = where
	case RID:
		h.rid = where
	case RepairedRID:
		h.repairedRID = where
	case DependencyDescriptor:
		h.descriptor = where
	case LayersAllocation:
		h.layers = where
	default:
		if !h.Values.read(e, data) {
			return
		}
	}
	h.Present |= 1 << e
}

// read takes the value of one element in, and says whether it was one.
func (v *Values) read(e Extension, data []byte) bool {
	switch {
	case e == AudioLevel && len(data) >= 1:
		v.AudioLevel, v.Voice = data[0]&0x7F, data[0]&0x80 != 0
	case e == TransportSequence && len(data) >= 2:
		v.TransportSequence = binary.BigEndian.Uint16(data)
	case e == AbsSendTime && len(data) == 3:
		v.AbsSendTime = uint24(data)
	case e == PlayoutDelay && len(data) == 3:
		v.PlayoutDelay = uint24(data)
	case e == Orientation && len(data) == 1:
		v.Orientation = data[0]
	case e == ContentType && len(data) == 1:
		v.ContentType = data[0]
	case e == AbsCaptureTime && (len(data) == 8 || len(data) == 16):
		v.AbsCaptureTime, v.CaptureOffset = binary.BigEndian.Uint64(data), 0
		if len(data) == 16 {
			v.CaptureOffset = int64(binary.BigEndian.Uint64(data[8:]))
		}
	default:
		return false
	}
	return true
}

func uint24(b []byte) uint32 { return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2]) }
