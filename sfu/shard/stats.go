package shard

import "time"

// traffic counts a peer's own packets. Its shard owns it.
type traffic struct{ packets, bytes uint64 }

func (t *traffic) add(packets, bytes int) {
	t.packets += uint64(packets)
	t.bytes += uint64(bytes)
}

// Snapshot is a peer's state at a moment. Counts are since the connection began.
type Snapshot struct {
	PacketsIn, BytesIn, PacketsOut, BytesOut uint64
	RTT                                      time.Duration
	// Limit is what the peer's line is thought to carry, in bit/s; 0 for no limit known.
	Limit int
	// SSRCs is how many incoming streams are known.
	SSRCs int
	// Up and Down grade the connection's two directions, as bars of package quality.
	Up, Down int
	Link     LinkStats
	// Tracks are what the peer publishes, Lines what it receives on.
	Tracks []TrackStats
	Lines  []LineStats
}

// LinkStats is the state of the connection to one peer.
type LinkStats struct {
	// RTT is the round trip, 0 while not known.
	RTT time.Duration
	// Estimate is what the way to the peer carries, Acknowledged what arrived of
	// what was sent lately, Wanted what would be sent if there were no limit;
	// bit/s, 0 while not known.
	Estimate, Acknowledged, Wanted int
	// Loss is the share of packets lost on the way to the peer lately, 0 to 1.
	Loss float64
	// QueueDelay is how long packets wait in a queue on the way to the peer.
	QueueDelay time.Duration
	// Probes counts the bursts sent to find out whether more fits.
	Probes uint64
}

// TrackStats is one source a peer may publish.
type TrackStats struct {
	Source string
	Video  bool
	// Codec is its media type, such as "video/VP8"; empty before the first packet.
	Codec string
	// Sending says that the peer means to send it.
	Sending bool
	// Layers are its simulcast layers, or one without a RID.
	Layers []LayerStats
}

// LayerStats is one received stream.
type LayerStats struct {
	RID  string
	SSRC uint32
	// Alive says that packets come, Wanted that a viewer wants it.
	Alive, Wanted bool
	// Width and Height are in pixels, 0 for sound and before the first key frame.
	Width, Height int
	// Framerate is in frames a second, Bitrate in bit/s.
	Framerate float64
	Bitrate   int
	// Packets and Bytes count what came, each packet once, RTP headers included.
	Packets, Bytes uint64
	// Lost never came; Repaired came only when asked for again.
	Lost, Repaired uint64
	// NACKs counts packets asked for again, PLIs key frames asked for.
	NACKs, PLIs uint64
	// Jitter is that of RFC 3550 section 6.4.1.
	Jitter time.Duration
}

// LineStats is one sent stream.
type LineStats struct {
	// Line names the seat: "seat0", "stage0", "voice0".
	Line  string
	Video bool
	SSRC  uint32
	// Participant and Source are whose it is now, empty for nobody's.
	Participant, Source string
	// RID, Spatial and Temporal are the layer sent now.
	RID               string
	Spatial, Temporal int
	// Width and Height are those of its pictures, in pixels; 0 for sound and before the first key frame.
	Width, Height int
	// Bitrate is in bit/s.
	Bitrate int
	// Packets and Bytes count what was sent, RTP headers included; Resent packets
	// were sent again and are not among them.
	Packets, Bytes, Resent uint64
	// Lost is what the client missed before repair, as it reports (RFC 3550 section 6.4.1).
	Lost uint64
	// NACKs counts packets, PLIs key frames the client asked for.
	NACKs, PLIs uint64
	// Jitter is as the client reports it.
	Jitter time.Duration
	// Paused says why a video is not sent: "bandwidth" or "codec".
	Paused string
}

// Snapshot gives the peer's state, put together by its own shard.
func (p *Peer) Snapshot() Snapshot {
	var out Snapshot
	done := make(chan struct{})
	if p.shard.post(func(_ *Shard, now time.Time) {
		defer close(done)
		p.describe(&out, now)
	}, p) {
		<-done
	}
	return out
}

// describe fills in what only the peer's shard may look at.
func (p *Peer) describe(out *Snapshot, now time.Time) {
	out.PacketsIn, out.BytesIn = p.in.packets, p.in.bytes
	out.PacketsOut, out.BytesOut = p.out.packets, p.out.bytes
	out.Link = p.linkStats(now)
	out.RTT, out.Limit, out.SSRCs = p.rtt, out.Link.Estimate, len(p.streams)
	out.Up, out.Down = p.health.told[0], p.health.told[1]
	for _, t := range p.tracks {
		s := TrackStats{Source: t.Source, Video: t.Video, Sending: t.sending.Load()}
		for _, l := range t.layers {
			if c := l.codec.Load(); c != nil {
				s.Codec = c.MIME
			}
			s.Layers = append(s.Layers, l.counts())
		}
		out.Tracks = append(out.Tracks, s)
	}
	for _, l := range p.lines {
		out.Lines = append(out.Lines, l.counts())
	}
}

// linkStats is what is known of the way to the peer.
func (p *Peer) linkStats(now time.Time) LinkStats {
	e := p.estimator.Stats(p.engine.since(now))
	return LinkStats{
		RTT: p.rtt, Estimate: e.Estimate, Acknowledged: e.Acknowledged, Wanted: p.wants,
		Loss: e.Loss, QueueDelay: e.Queue, Probes: e.Probes,
	}
}
