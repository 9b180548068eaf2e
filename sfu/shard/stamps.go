package shard

import (
	"unsafe"

	"palabre/sfu/prefetch"
	"palabre/sfu/rtp"
)

// stampsKept is of how many packets a line remembers the stamps: more than a
// second of sound.
const stampsKept = 64

// stamps are what was put on a line's packets as they left. A packet that is
// sent again under its own number must be the same byte for byte: its SRTP nonce
// is the same, and two contents under one nonce give the key away (RFC 7714
// section 10.1). Retransmissions of RFC 4588 have numbers of their own.
type stamps struct{ kept []stamp } // stampsKept of them, or none yet

type stamp struct {
	known              bool
	payloadType        uint8
	padding            uint8
	sequence           uint16
	transport          uint16
	transported, timed bool
	sendTime           uint32
}

// keep remembers a packet as it leaves, with the padding of its payload.
func (k *stamps) keep(o *rtp.Outgoing, padding int) {
	if k.kept == nil {
		k.kept = make([]stamp, stampsKept)
	}
	s := &k.kept[o.SequenceNumber%stampsKept] // written field by field: a copy of it would wait for that
	s.known, s.payloadType, s.padding, s.sequence = true, o.PayloadType, uint8(padding), o.SequenceNumber
	s.transport, s.transported = o.TransportSequence, o.Has(rtp.TransportSequence)
	s.sendTime, s.timed = o.AbsSendTime, o.Has(rtp.AbsSendTime)
}

// prefetch asks for the memory that packets numbered from sequence on take.
func (k *stamps) prefetch(sequence uint16, packets int) {
	if k.kept != nil {
		first := int(sequence % stampsKept)
		prefetch.Range(unsafe.Pointer(&k.kept[first]), uintptr(min(packets, stampsKept-first))*unsafe.Sizeof(stamp{}))
	}
}

// restore puts the stamps on that a packet had, and says how much padding, or
// that it is not remembered.
func (k *stamps) restore(o *rtp.Outgoing) (padding int, ok bool) {
	if k.kept == nil {
		return 0, false
	}
	s := &k.kept[o.SequenceNumber%stampsKept]
	if !s.known || s.sequence != o.SequenceNumber || s.payloadType != o.PayloadType {
		return 0, false
	}
	if s.timed {
		o.SetAbsSendTime(s.sendTime)
	}
	if s.transported {
		o.SetTransportSequence(s.transport)
	}
	return int(s.padding), true
}
