// Package cache keeps the packets of a published layer for everybody who watches it.
//
// A packet is filled once by the shard that received it, is immutable from
// then on, and is shared by reference count: the cache, and every batch on
// its way to another shard, hold one reference each. Memory comes from a [Pool]; a
// reference that is forgotten only costs the pool a buffer, never a reader its bytes.
package cache

import (
	"sync"
	"sync/atomic"
	"time"

	"palabre/sfu/codec"
	"palabre/sfu/descriptor"
	"palabre/sfu/rtp"
)

// smallPacket is the size in bytes up to which a packet gets a small buffer:
// it holds 20 ms of Opus at up to 128 kbit/s.
const smallPacket = 384

// Packet is one received packet. Its fields are written before it is shared, and never after.
type Packet struct {
	// Header is the parsed header.
	Header rtp.Header
	// Frame is what the dependency descriptor or the payload says.
	Frame codec.Frame
	// Structure is what the packet's dependency descriptor refers to, nil when
	// there is none, and Active the decode targets the sender produces.
	Structure *descriptor.Structure
	Active    uint32
	// Sequence is the extended sequence number.
	Sequence uint64
	// Arrival is when it came in, since the start of the server.
	Arrival time.Duration
	// Capture is when it was captured, on the same clock; estimated from
	// sender reports.
	Capture time.Duration

	refs atomic.Int32
	pool *sync.Pool
	data []byte
}

// Bytes is the whole packet. Read only, and only while holding a reference.
func (p *Packet) Bytes() []byte { return p.data }

// Payload is the packet without header and padding.
func (p *Packet) Payload() []byte { return p.Header.Payload(p.data) }

// Retain takes another reference. Only somebody who holds one may.
func (p *Packet) Retain() { p.refs.Add(1) }

// Release gives a reference back. After the last the packet must not be touched.
func (p *Packet) Release() {
	if p.refs.Add(-1) == 0 && p.pool != nil {
		p.pool.Put(p)
	}
}

// tryRetain takes a reference unless nobody holds one any more.
func (p *Packet) tryRetain() bool {
	for {
		n := p.refs.Load()
		if n <= 0 {
			return false
		}
		if p.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Pool makes packets and takes them back. Safe for concurrent use.
type Pool struct{ small, large sync.Pool }

// NewPool makes a pool.
func NewPool() *Pool {
	p := &Pool{}
	p.small.New = func() any { return &Packet{pool: &p.small, data: make([]byte, 0, smallPacket)} }
	p.large.New = func() any { return &Packet{pool: &p.large, data: make([]byte, 0, rtp.MaxPacket)} }
	return p
}

// Get gives a packet of size bytes with one reference, to be filled through
// [Packet.Bytes]: its bytes and fields are left over from earlier. It gives nil for a size above [rtp.MaxPacket].
func (p *Pool) Get(size int) *Packet {
	if size < 0 || size > rtp.MaxPacket {
		return nil
	}
	from := &p.large
	if size <= smallPacket {
		from = &p.small
	}
	packet, ok := from.Get().(*Packet)
	if !ok {
		return nil
	}
	packet.data = packet.data[:size]
	packet.refs.Store(1)
	return packet
}

// Copy gives a packet with these bytes and one reference.
func (p *Pool) Copy(bytes []byte) *Packet {
	packet := p.Get(len(bytes))
	if packet != nil {
		copy(packet.data, bytes)
	}
	return packet
}
