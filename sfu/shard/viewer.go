package shard

import (
	"slices"
	"sync/atomic"
	"time"

	"palabre/sfu/cache"
	"palabre/sfu/keyframe"
	"palabre/sfu/layers"
	"palabre/sfu/rewrite"
	"palabre/sfu/rtcp"
	"palabre/sfu/rtp"
)

const (
	// allocateEvery is how often layers are chosen anew without a reason.
	allocateEvery = 500 * time.Millisecond
	// senderReportEvery keeps lips and voices together; the first goes at once.
	senderReportEvery = time.Second
	// askEvery repeats the wish for a key frame while a line waits for one.
	askEvery = time.Second
	// minResendGap is the least time between two retransmissions of a packet.
	minResendGap = 20 * time.Millisecond
	// fillSize is about what a packet of padding takes, in bytes.
	fillSize = 40
)

// pause is why a line that could carry a picture does not.
type pause uint32

const (
	notPaused pause = iota
	pausedBandwidth
	pausedCodec
)

// Paused says why the line is paused, empty when it is not; for any goroutine.
func (l *Line) Paused() string {
	switch pause(atomic.LoadUint32((*uint32)(&l.pause))) {
	case pausedBandwidth:
		return layers.PausedBandwidth
	case pausedCodec:
		return "codec"
	}
	return ""
}

func (l *Line) setPause(p pause) {
	if pause(atomic.SwapUint32((*uint32)(&l.pause), uint32(p))) != p {
		l.peer.events.Changed()
	}
}

// wish is what a viewer last asked of a track.
type wish struct {
	rids  []string
	lines int
}

// with adds a line's choice: what would serve it best and, while that does
// not come, everything from there down to what serves meanwhile. A publisher
// may never be able to send the best.
func (w wish) with(t *Track, c layers.Choice) wish {
	if c.Want < 0 {
		return w
	}
	w.lines++
	low, high := min(c.Want, max(c.Forward, 0)), max(c.Want, c.Forward)
	for _, l := range t.layers[low : high+1] {
		if !slices.Contains(w.rids, l.rid) {
			w.rids = append(w.rids, l.rid)
		}
	}
	return w
}

// allocate chooses a layer for every picture of the viewer.
func (p *Peer) allocate(s *Shard, now time.Time) {
	p.stale, p.allocated = false, now
	bits := p.limit.look(now)
	if !p.entered.Load() || !p.up.Load() {
		return
	}
	p.videos = p.videos[:0]
	var lines []*Line
	for _, l := range p.lines {
		if l.video && l.track != nil {
			p.videos = append(p.videos, l.describe())
			lines = append(lines, l)
		}
	}
	wishes := map[*Track]wish{}
	for i, choice := range p.allocator.Allocate(p.videos, bits, now) {
		l := lines[i]
		l.choose(s, choice, now)
		wishes[l.track] = wishes[l.track].with(l.track, choice)
	}
	p.tell(s, wishes, now)
}

// describe is the line's picture as the allocator sees it.
func (l *Line) describe() layers.Video {
	t := l.track
	v := layers.Video{
		ID: t.peer.key + "/" + t.Source, Screen: t.Screen, Pinned: l.watched.Pinned,
		Width: l.watched.Width, Height: l.watched.Height, Layers: make([]layers.Layer, len(t.layers)),
	}
	for i, layer := range t.layers {
		v.Layers[i] = layers.Layer{
			RID: layer.rid, Width: int(layer.width.Load()), Height: int(layer.height.Load()),
			Bitrate: int(layer.bitrate.Load()), Alive: layer.alive.Load(),
		}
	}
	return v
}

// choose puts a choice into effect.
func (l *Line) choose(s *Shard, c layers.Choice, now time.Time) {
	if c.Paused == layers.PausedBandwidth {
		l.setPause(pausedBandwidth)
	} else if pause(atomic.LoadUint32((*uint32)(&l.pause))) == pausedBandwidth {
		l.setPause(notPaused)
	}
	pick := c.Forward
	switch {
	case pick >= 0:
	case c.Want < 0 || c.Paused != "": // hidden, or too much for the line
		l.leaveAll(s, now)
		return
	case len(l.subs) > 0:
		return
	default:
		pick = c.Want // nothing comes yet: be there when it begins
	}
	to := l.track.layers[pick]
	l.join(s, to, now)
	// A layer that was to be switched to and no longer is need not come in.
	for i := 0; i < len(l.subs); {
		have := l.subs[i]
		if have.layer == to || have.origin == l.stream.Current() {
			i++
			continue
		}
		l.leave(s, have.layer, now)
	}
	if l.stream.Waiting() != 0 && now.Sub(l.asked) > askEvery {
		l.ask(s, to, keyframe.Start, now)
	}
}

// tell lets publishers know what the viewer wants, where that changed.
func (p *Peer) tell(s *Shard, wishes map[*Track]wish, now time.Time) {
	for t, old := range p.wishes {
		if _, ok := wishes[t]; !ok && old.lines >= 0 {
			s.on(t.peer, now, func(_ *Shard, now time.Time) { t.wish(p, nil, 0, now) })
		}
	}
	for t, w := range wishes {
		old, ok := p.wishes[t]
		if ok && old.lines == w.lines && slices.Equal(old.rids, w.rids) {
			continue
		}
		s.on(t.peer, now, func(_ *Shard, now time.Time) {
			if !t.peer.closed.Load() && !p.closed.Load() {
				t.wish(p, w.rids, max(w.lines, 1), now)
			}
		})
	}
	p.wishes = wishes
}

// control takes one compound RTCP packet of the peer in.
func (p *Peer) control(s *Shard, compound []byte, arrived, now time.Time) {
	if p.dead {
		return
	}
	for packet := range rtcp.All(compound) {
		switch packet.Type {
		case rtcp.SenderReport, rtcp.ReceiverReport:
			p.reported(packet, arrived)
		case rtcp.Transport:
			if media, lost := packet.Lost(); lost != nil {
				if l := p.bySSRC[media]; l != nil {
					l.resend(s, lost, now)
				}
			}
		case rtcp.Payload:
			if bits, ok := packet.Bitrate(); ok {
				p.limit.estimate(bits, now)
				continue
			}
			for media := range packet.KeyFrames() {
				p.engine.Metrics.PLIsReceived.Add(1)
				if l := p.bySSRC[media]; l != nil && len(l.subs) > 0 && p.budget.Allow(now) {
					l.ask(s, l.subs[len(l.subs)-1].layer, keyframe.Loss, now)
				}
			}
		}
		// A BYE says nothing we would act on: streams end with their section.
	}
}

// reported takes a sender or receiver report in.
func (p *Peer) reported(packet rtcp.Packet, arrived time.Time) {
	if sent, ok := packet.Sent(); ok {
		if st := p.streams[sent.SSRC]; st != nil && !st.repair && st.layer.clock != nil {
			st.layer.clock.Report(sent.NTP, sent.Timestamp, arrived)
			st.layer.reception.lastSR = uint32(sent.NTP >> 16)
			st.layer.reception.lastSRAt = p.engine.since(arrived)
		}
	}
	for r := range packet.Reports() {
		l := p.bySSRC[r.SSRC]
		if l == nil {
			continue
		}
		p.limit.lost(float64(r.FractionLost)/256, l.packets-l.reported, arrived)
		l.reported = l.packets
		if r.LastSR == 0 {
			continue
		}
		trip := uint32(p.engine.wall.NTP(arrived)>>16) - r.LastSR - r.Delay
		if trip < 10<<16 { // ten seconds
			rtt := time.Duration(trip) * time.Second / 65536
			if p.rtt == 0 {
				p.rtt = rtt
			}
			p.rtt = (7*p.rtt + rtt) / 8
			for _, t := range p.tracks {
				for _, layer := range t.layers {
					layer.arbiter.SetRTT(p.rtt)
				}
			}
		}
	}
}

// resend sends lost packets again from the publishers' caches.
func (l *Line) resend(s *Shard, lost func(func(uint16) bool), now time.Time) {
	at := s.engine.since(now)
	gap := max(minResendGap, l.peer.rtt)
	for sequence := range lost {
		s.engine.Metrics.NACKsReceived.Add(1)
		if !l.known || l.peer.resend.spent() {
			return
		}
		sent, ok := l.stream.Lookup(sequence, at, gap)
		if !ok {
			continue
		}
		if sent.Padding {
			if l.peer.resend.take(fillSize, l.peer.limit.rate) {
				l.fill(s, sent.Out, now)
			}
			continue
		}
		layer := l.layerOf(sent.Origin)
		if layer == nil {
			continue
		}
		if pkt := layer.ring.Get(sent.Sequence); pkt != nil {
			if sent.Missing {
				l.deliver(s, layer, pkt, now)
			} else {
				l.again(s, layer, pkt, sent, now)
			}
			pkt.Release()
		}
	}
}

func (l *Line) layerOf(origin rewrite.Origin) *Layer {
	if l.track == nil {
		return nil
	}
	for _, layer := range l.track.layers {
		if rewrite.Origin(layer.origin.Load()) == origin {
			return layer
		}
	}
	return nil
}

// again sends a packet once more, as a retransmission where the viewer agreed
// to RFC 4588, else as it was.
func (l *Line) again(s *Shard, layer *Layer, pkt *cache.Packet, sent rewrite.Sent, now time.Time) {
	if !l.peer.resend.take(len(pkt.Bytes()), l.peer.limit.rate) {
		return
	}
	if l.agree.RTX == 0 {
		if n := l.write(s, layer, pkt, sent.Out, now); n > 0 {
			s.engine.Metrics.RTXOut.add(n)
		}
		return
	}
	o := rtp.Outgoing{
		SSRC: l.rtx, Timestamp: sent.Timestamp, SequenceNumber: l.resent,
		PayloadType: l.agree.RTX, Marker: sent.Marker, Values: passed(pkt),
	}
	o.SetAbsSendTime(absSendTime(s, now))
	l.resent++
	header := rtp.AppendRTX(s.header[:0], l.peer.ids, &o, sent.Out.Sequence)
	payload := l.body(s, layer, pkt, sent.Out, s.payload[:0])
	if l.peer.conn.WriteRTP(header, payload) != nil {
		s.engine.Metrics.Drops[DropSend].Add(1)
		return
	}
	s.engine.Metrics.RTXOut.add(len(header) + len(payload))
}

// sendReports says of every line that carries something what time its
// timestamps mean, all on the server's one clock.
func (p *Peer) sendReports(now time.Time) {
	if now.Sub(p.lastSR) < senderReportEvery {
		return
	}
	p.lastSR = now
	var buffer [1200]byte
	b := buffer[:0]
	ntp, at := p.engine.wall.NTP(now), p.engine.since(now)
	for _, l := range p.lines {
		if !l.sent {
			continue
		}
		l.sent = false
		b = rtcp.AppendSenderReport(b, rtcp.Sent{SSRC: l.ssrc, NTP: ntp, Timestamp: l.stream.Timestamp(at)}, l.packets, l.octets)
		b = rtcp.AppendCNAME(b, l.ssrc, l.cname)
		if len(b) > 1000 {
			p.sendControl(b)
			b = buffer[:0]
		}
	}
	p.sendControl(b)
}
