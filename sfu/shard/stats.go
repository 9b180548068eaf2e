package shard

import "time"

// Stats are a peer's own counts.
type Stats struct{ in, out Flow }

// Snapshot is a peer's state at a moment.
type Snapshot struct {
	PacketsIn, BytesIn, PacketsOut, BytesOut uint64
	RTT                                      time.Duration
	// Limit is what the peer's line is thought to carry, in bit/s; 0 for no limit known.
	Limit int
	// SSRCs is how many incoming streams are known.
	SSRCs int
}

// Snapshot gives the peer's state.
func (p *Peer) Snapshot() Snapshot {
	out := Snapshot{
		PacketsIn: p.stats.in.Packets.Load(), BytesIn: p.stats.in.Bytes.Load(),
		PacketsOut: p.stats.out.Packets.Load(), BytesOut: p.stats.out.Bytes.Load(),
	}
	done := make(chan struct{})
	if p.shard.post(func(*Shard, time.Time) {
		defer close(done)
		out.RTT, out.Limit, out.SSRCs = p.rtt, int(p.limit.bits), len(p.streams)
	}, p) {
		<-done
	}
	return out
}
