package bwe

import (
	"time"
	"unsafe"

	"palabre/sfu/prefetch"
)

// packetState is what is known of a packet that left.
type packetState uint8

const (
	unknownPacket packetState = iota
	pendingPacket
	lostPacket
	arrivedPacket
	repeatedPacket // sent again under its number: when it arrives says nothing
)

// packet is one packet that left, 16 bytes.
type packet struct {
	at       time.Duration
	size     uint16
	sequence uint16
	probe    uint8 // its cluster, 0 for none
	state    packetState
}

// history is the packets sent lately, by transport-wide sequence number. It
// grows with the rate and the round trip, up to a bound: what falls out unreported counts for nothing.
// Of a client that gets nothing numbered it holds nothing.
type history struct {
	ring []packet
	mask uint16
}

const (
	// leastHistory holds what a usual viewer has not reported yet, mostHistory a
	// second of 50 Mbit/s: 128 kB.
	leastHistory, mostHistory = 128, 8192
	// fresh is how young a packet must be for its report to be worth waiting for.
	fresh = 2 * time.Second
)

func (h *history) push(sequence uint16, size int, at time.Duration, probe uint8) {
	if h.ring == nil {
		h.ring, h.mask = make([]packet, leastHistory), leastHistory-1
	}
	p := &h.ring[sequence&h.mask]
	if p.state == pendingPacket && at-p.at < fresh && len(h.ring) < mostHistory {
		h.grow()
		p = &h.ring[sequence&h.mask]
	}
	*p = packet{at: at, size: uint16(min(size, 0xFFFF)), sequence: sequence, probe: probe, state: pendingPacket}
}

// prefetch asks for the memory that packets numbered from sequence on take.
func (h *history) prefetch(sequence uint16, packets int) {
	if h.ring != nil {
		prefetch.Range(unsafe.Pointer(&h.ring[sequence&h.mask]), uintptr(packets)*unsafe.Sizeof(packet{}))
	}
}

// flying is how many bytes left after the packet sequence and were not reported.
func (h *history) flying(sequence uint16, at time.Duration) (bytes int) {
	for i := range len(h.ring) {
		p := h.find(sequence + 1 + uint16(i))
		if p == nil || p.state == pendingPacket && at-p.at > fresh {
			break
		}
		if p.state == pendingPacket {
			bytes += int(p.size)
		}
	}
	return bytes
}

func (h *history) grow() {
	old := h.ring
	h.ring = make([]packet, 2*len(old))
	h.mask = uint16(len(h.ring) - 1)
	for _, p := range old {
		if p.state != unknownPacket {
			h.ring[p.sequence&h.mask] = p
		}
	}
}

// find gives a packet sent lately, else nil.
func (h *history) find(sequence uint16) *packet {
	if h.ring == nil {
		return nil
	}
	p := &h.ring[sequence&h.mask]
	if p.state == unknownPacket || p.sequence != sequence {
		return nil
	}
	return p
}
