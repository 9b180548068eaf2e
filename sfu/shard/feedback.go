package shard

import (
	"time"

	"palabre/sfu/keyframe"
	"palabre/sfu/rtcp"
)

// Times of what a publisher is told and asked.
const (
	twccEvery = 50 * time.Millisecond
	// reportFirst is when the first receiver report goes out, reportEvery the others.
	reportEvery = time.Second
	// layerSilence is how long a layer may be silent before it is not alive,
	// layerLag the same while other layers of the picture go on: then it is not
	// the network that stands still.
	layerSilence, layerLag   = 1500 * time.Millisecond, 500 * time.Millisecond
	screenSilence, screenLag = 5 * time.Second, 2 * time.Second
	// noVideoAfter is how long a wanted picture may not come before its viewers are told.
	noVideoAfter = 4 * time.Second
	// rateEvery is over which time a layer's bitrate is measured.
	rateEvery = 500 * time.Millisecond
	// badEnough is how many wrong packets in a row of looks make a track unusable.
	badEnough = 20
)

// reception is what a receiver report needs of one stream (RFC 3550 section A.8).
type reception struct {
	first, highest uint64
	received       uint64
	transit        int64
	jitter         int64 // times 16
	priorExpected  uint64
	priorReceived  uint64
	lastSR         uint32
	lastSRAt       time.Duration
}

func (r *reception) packet(timestamp uint32, sequence uint64, rate uint32, at time.Duration) {
	if r.received == 0 {
		r.first, r.highest = sequence, sequence
	}
	r.received++
	r.highest = max(r.highest, sequence)
	transit := int64(at)*int64(rate)/int64(time.Second) - int64(timestamp)
	if r.received > 1 {
		d := int64(int32(transit - r.transit))
		if d < 0 {
			d = -d
		}
		r.jitter += d - (r.jitter+8)>>4
	}
	r.transit = transit
}

func (r *reception) report(ssrc uint32, now time.Duration) rtcp.Reception {
	expected := r.highest - r.first + 1
	out := rtcp.Reception{Highest: uint32(r.highest)}
	out.SSRC, out.LastSR = ssrc, r.lastSR
	out.Jitter = uint32(r.jitter >> 4)
	out.TotalLost = int32(min(max(int64(expected)-int64(r.received), -0x800000), 0x7FFFFF))
	if interval := expected - r.priorExpected; interval > 0 {
		if lost := int64(interval) - int64(r.received-r.priorReceived); lost > 0 {
			out.FractionLost = uint8(min(lost*256/int64(interval), 255))
		}
	}
	r.priorExpected, r.priorReceived = expected, r.received
	if r.lastSR != 0 {
		out.Delay = uint32((now - r.lastSRAt) * 65536 / time.Second)
	}
	return out
}

// demand asks the publisher for what is missing as soon as that is due: what
// comes later may come too late.
func (p *Peer) demand(s *Shard, now time.Time) {
	at, b, still := p.engine.since(now), s.payload[:0], false
	for _, t := range p.tracks {
		for _, l := range t.layers {
			s.lost = l.missing.Due(at, p.rtt, s.lost[:0])
			if len(s.lost) > 0 && l.repairable() {
				b = rtcp.AppendNACK(b, p.ssrc, l.ssrc, s.lost)
				p.engine.Metrics.NACKsSent.Add(uint64(len(s.lost)))
				l.tally.nacks += uint64(len(s.lost))
			}
			still = still || l.missing.Missing() > 0
			if len(b) > 1000 {
				p.sendControl(b)
				b = s.payload[:0]
			}
		}
	}
	p.sendControl(b)
	if !still {
		delete(s.missing, p)
	}
}

// feedback sends the publisher what is due: arrival times, requests for key
// frames, reports.
func (p *Peer) feedback(s *Shard, now time.Time) {
	// A client still at the door learns its bandwidth all the same.
	if now.Sub(p.lastTWCC) >= twccEvery {
		p.lastTWCC = now
		p.sendArrivals(s)
	}
	if !p.entered.Load() || len(p.streams) == 0 {
		return
	}
	at := p.engine.since(now)
	b := s.payload[:0]
	for _, t := range p.tracks {
		for _, l := range t.layers {
			if l.ssrc == 0 {
				continue
			}
			// What is lost for good only a key frame mends; viewers would ask too,
			// each when its decoder notices.
			broken := t.Video && len(l.groups) > 0 && l.missing.Broken() && l.arbiter.Request(keyframe.Loss, now)
			if broken || l.arbiter.Poll(now) {
				b = p.appendPLI(b, l)
			}
			if len(b) > 1000 {
				p.sendControl(b)
				b = s.payload[:0]
			}
		}
	}
	if now.Sub(p.lastRR) >= reportEvery {
		p.lastRR = now
		b = p.appendReception(b, at)
	}
	p.sendControl(b)
}

// repairable says whether the publisher agreed to send again.
func (l *Layer) repairable() bool {
	c := l.codec.Load()
	if c == nil {
		return false
	}
	for _, f := range c.Feedback {
		if f == "nack" {
			return true
		}
	}
	return false
}

func (p *Peer) appendPLI(b []byte, l *Layer) []byte {
	p.engine.Metrics.PLIsSent.Add(1)
	l.tally.plis++
	return rtcp.AppendPLI(b, p.ssrc, l.ssrc)
}

func (p *Peer) appendReception(b []byte, at time.Duration) []byte {
	var reports [31]rtcp.Reception
	n := 0
	for _, t := range p.tracks {
		for _, l := range t.layers {
			if l.reception.received > 0 && n < len(reports) {
				reports[n] = l.reception.report(l.ssrc, at)
				n++
			}
		}
	}
	if n == 0 {
		return b
	}
	return rtcp.AppendReceiverReport(b, p.ssrc, reports[:n])
}

func (p *Peer) sendControl(b []byte) {
	if len(b) > 0 && p.conn.WriteRTCP(b) != nil {
		p.engine.Metrics.Drops[DropSend].Add(1)
	}
}

// sendArrivals sends the transport-wide feedback the publisher's bandwidth
// estimator lives on.
func (p *Peer) sendArrivals(s *Shard) {
	for p.arrivals.Pending() {
		p.sendControl(p.arrivals.Append(s.reports[:0], p.ssrc))
	}
}

// request asks for a key frame of the layer on behalf of a viewer.
func (l *Layer) request(s *Shard, why keyframe.Reason, now time.Time) {
	if l.ssrc == 0 {
		return // it will begin with one
	}
	if l.arbiter.Request(why, now) {
		l.track.peer.sendControl(l.track.peer.appendPLI(s.payload[:0], l))
	}
}

// tick looks at how the track does.
func (t *Track) tick(s *Shard, now time.Time) {
	if !t.Video {
		return
	}
	t.announce(now)
	silence, lag := layerSilence, layerLag
	if t.Screen {
		silence, lag = screenSilence, screenLag
	}
	changed := false
	for _, l := range t.layers {
		if l.alive.Load() && (now.Sub(l.last) > silence || t.packet.Sub(l.last) > lag) {
			l.alive.Store(false)
			l.bitrate.Store(0)
			l.rates.reset()
			l.ring.Expire(s.engine.since(now))
			changed = true
		}
		if took := now.Sub(l.measured); l.alive.Load() && took >= rateEvery {
			l.bitrate.Store(smooth(l.bitrate.Load(), int64(float64(l.bytes*8)/took.Seconds())))
			l.rates.measure(took)
			l.bytes, l.measured = 0, now
			t.stir(s, l, now)
		}
	}
	if changed {
		t.retell(s, now)
	}
	t.judge(s, now)
}

// stir ends the rest of the track's viewers when the rate of a layer has left what they
// chose by: what they have may be too much for some. They choose when it is their turn.
func (t *Track) stir(s *Shard, l *Layer, now time.Time) {
	bitrate := float64(l.bitrate.Load())
	if bitrate == l.chosen || bitrate < ample*l.chosen && l.chosen < ample*bitrate {
		return
	}
	l.chosen = bitrate
	for viewer := range t.wanting {
		s.on(viewer, now, func(*Shard, time.Time) { viewer.content = false })
	}
}

// judge decides what is wrong with the track.
func (t *Track) judge(s *Shard, now time.Time) {
	state := t.State()
	switch {
	case t.bad >= badEnough && t.good == 0:
		state = BadCodec
	case t.starving(now) && t.strange():
		state = BadCodec
	case t.starving(now):
		state = NoVideo
	case t.good > 0 || state != BadCodec:
		state = Fine
	}
	if t.good > 0 || t.bad >= badEnough {
		t.good, t.bad = 0, 0
	}
	if State(t.state.Swap(uint32(state))) != state {
		for viewer := range t.wanting {
			viewer.events.Changed()
		}
		t.peer.events.Changed()
	}
}

// starving says whether somebody has waited too long for a picture: because
// no packet comes, or none that a decoder could start with.
func (t *Track) starving(now time.Time) bool {
	if t.wanted.IsZero() || now.Sub(t.wanted) < noVideoAfter || !t.sending.Load() {
		return false
	}
	if now.Sub(t.packet) >= noVideoAfter && !t.Screen {
		return true
	}
	return t.key.IsZero() // packets, but never a picture to start with
}

// strange says that it is not for want of packets that there is no picture:
// they are mostly not what their codec says, or key frames without what a
// decoder needs to know of them first (H.264 without its parameter sets).
func (t *Track) strange() bool { return t.headless > 0 || t.wrong > t.right }
