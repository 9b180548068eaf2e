package shard

import "palabre/sfu/cache"

// maxBody is more than the payload of any packet, and its padding.
const maxBody = 2048

// bodies are the payloads of a run with counters in them that each viewer has
// its own numbers for: a copy of each, once for all viewers, in which the numbers are
// changed for one after the other. The packet itself is others', too.
type bodies struct {
	open  bool // a run is being sent
	of    [longestRun]*cache.Packet
	bytes [longestRun][maxBody]byte
}

// begin says that a run is sent from now on, end that it no longer is.
func (b *bodies) begin() { b.open = true }
func (b *bodies) end()   { b.open, b.of = false, [longestRun]*cache.Packet{} }

// copy is that of a packet's payload, with whatever numbers it had last.
func (b *bodies) copy(pkt *cache.Packet) []byte {
	at, payload := pkt.Sequence%longestRun, pkt.Payload()
	if b.of[at] != pkt {
		copy(b.bytes[at][:], payload)
		b.of[at] = pkt
	}
	return b.bytes[at][:len(payload)]
}
