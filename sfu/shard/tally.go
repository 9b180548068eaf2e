package shard

import (
	"time"

	"palabre/sfu/rtcp"
)

// tally counts one received layer. The publisher's shard owns it.
type tally struct {
	packets, bytes, frames uint64
	// repaired are the packets that came only when asked for, wrong those that
	// came and were not what their codec says.
	repaired, wrong uint64
	nacks, plis     uint64
	// past and before are what was lost and what had come when the present stream began.
	past, before uint64
	// lost is the most that was ever found lost: what comes late after all does not count back.
	lost uint64
	rate rate
}

// rate is how fast counts grow.
type rate struct {
	at            time.Time
	bytes, frames uint64
	// bitrate is in bit/s, framerate in frames a second.
	bitrate, framerate float64
}

// look measures since the last look; give it at least a good part of a second.
func (r *rate) look(bytes, frames uint64, now time.Time) {
	if took := now.Sub(r.at).Seconds(); !r.at.IsZero() && took > 0 {
		r.bitrate, r.framerate = float64(bytes-r.bytes)*8/took, float64(frames-r.frames)/took
	}
	r.at, r.bytes, r.frames = now, bytes, frames
}

// missed is how many packets of the layer's present stream never came, as far
// as that can be said: those still asked for are not among them.
func (l *Layer) missed() uint64 {
	if l.reception.received == 0 {
		return 0
	}
	expected := l.reception.highest - l.reception.first + 1
	came := l.tally.packets + l.tally.wrong - l.tally.before + uint64(l.missing.Missing())
	return expected - min(expected, came)
}

// renew goes on counting when the layer's stream begins anew.
func (l *Layer) renew() {
	l.tally.past += l.missed()
	l.tally.before = l.tally.packets + l.tally.wrong
}

// counts are the layer's figures.
func (l *Layer) counts() LayerStats {
	t := &l.tally
	t.lost = max(t.lost, t.past+l.missed())
	s := LayerStats{
		RID: l.rid, SSRC: l.ssrc, Alive: l.alive.Load(), Wanted: l.track.wants(l.rid),
		Width: int(l.width.Load()), Height: int(l.height.Load()),
		Framerate: t.rate.framerate, Bitrate: int(t.rate.bitrate),
		Packets: t.packets, Bytes: t.bytes, Lost: t.lost, Repaired: t.repaired, NACKs: t.nacks, PLIs: t.plis,
	}
	if !l.track.Video {
		s.Alive, s.Wanted = t.rate.bitrate > 0, len(l.track.wanting) > 0
	}
	if c := l.codec.Load(); c != nil && c.ClockRate > 0 {
		s.Jitter = time.Duration(l.reception.jitter>>4) * time.Second / time.Duration(c.ClockRate)
	}
	return s
}

// size is that of the layer's pictures up to a spatial id, in pixels; 0 when unknown.
func (l *Layer) size(spatial int) (width, height int) {
	if spatial < maxSpatial {
		if size := l.rates.size[spatial].Load(); size != 0 {
			return int(size >> 16), int(size & 0xFFFF)
		}
	}
	return int(l.width.Load()), int(l.height.Load())
}

// sentTally counts one sent line. The viewer's shard owns it.
type sentTally struct {
	packets, bytes, resent, nacks, plis uint64
	// missed are the packets that the client asked for since it reported last.
	missed uint64
	// What the client reported last.
	lost    uint64
	highest uint32
	jitter  time.Duration
	rate    rate
}

// counts are the line's figures.
func (l *Line) counts() LineStats {
	t := &l.tally
	s := LineStats{
		Line: l.cname, Video: l.video, SSRC: l.ssrc, Bitrate: int(t.rate.bitrate),
		Packets: t.packets, Bytes: t.bytes, Resent: t.resent, Lost: t.lost, NACKs: t.nacks, PLIs: t.plis,
		Jitter: t.jitter, Paused: l.Paused(),
	}
	if l.track == nil {
		return s
	}
	s.Participant, s.Source = l.track.peer.key, l.track.Source
	if l.stream == nil {
		return s
	}
	if layer := l.layerOf(l.stream.Current()); layer != nil {
		s.RID, s.Spatial, s.Temporal = layer.rid, int(l.carried.spatial), int(l.carried.temporal)
		s.Width, s.Height = layer.size(s.Spatial)
	}
	return s
}

// lossOf is the share of packets lost before repair since the client's last
// report. Where packets are sent again under their own numbers, those that came
// at last are not among what it reports lost.
func (l *Line) lossOf(r rtcp.Report) float64 {
	lost := float64(r.FractionLost) / 256
	if sent := uint32(l.tally.packets) - l.reported; l.agree.rtx == 0 && sent > 0 {
		lost = max(lost, min(1, float64(l.tally.missed)/float64(sent)))
	}
	return lost
}

// heard takes in what the client says of the line (RFC 3550 section 6.4.1).
func (l *Line) heard(r rtcp.Report) {
	t := &l.tally
	if r.Highest != t.highest {
		t.highest = r.Highest
		l.peer.health.proved()
	}
	if lost := uint64(max(0, r.TotalLost)); lost > t.lost {
		l.peer.engine.Metrics.LostOut.Add(lost - t.lost)
		t.lost = lost
	}
	if l.known && l.agree.clockRate > 0 {
		t.jitter = time.Duration(r.Jitter) * time.Second / time.Duration(l.agree.clockRate)
	}
}
