package shard

import (
	"encoding/binary"
	"time"

	"palabre/sfu/cache"
	"palabre/sfu/keyframe"
	"palabre/sfu/rewrite"
	"palabre/sfu/rtcp"
	"palabre/sfu/rtp"
)

// control takes one compound RTCP packet of the peer in.
func (p *Peer) control(s *Shard, compound []byte, arrived, now time.Time) {
	if p.dead {
		return
	}
	p.health.heard = now
	for packet := range rtcp.All(compound) {
		switch packet.Type {
		case rtcp.SenderReport, rtcp.ReceiverReport:
			p.reported(packet, arrived)
		case rtcp.Transport:
			p.transported(s, packet, arrived, now)
		case rtcp.Payload:
			if bits, ok := packet.Bitrate(); ok {
				p.estimator.REMB(bits, p.engine.since(now))
				p.learnt(now)
				continue
			}
			for media := range packet.KeyFrames() {
				p.engine.Metrics.PLIsReceived.Add(1)
				if l := p.bySSRC[media]; l != nil {
					l.tally.plis++
				}
				if l := p.bySSRC[media]; l != nil && len(l.subs) > 0 && p.budget.Allow(now) {
					l.ask(s, l.subs[len(l.subs)-1].layer, keyframe.Loss, now)
				}
			}
		}
		// A BYE says nothing we would act on: streams end with their section.
	}
}

// transported takes in what a viewer says of the transport: what it misses,
// and when packets arrived.
func (p *Peer) transported(s *Shard, packet rtcp.Packet, arrived, now time.Time) {
	switch {
	case packet.IsArrivals():
		p.estimator.Feedback(packet.Arrivals, p.engine.since(arrived))
		p.health.arrivals(packet)
		p.learnt(now)
		return
	case packet.IsCongestion():
		p.congestion(packet, now)
		p.learnt(now)
		return
	}
	if media, lost := packet.Lost(); lost != nil {
		if l := p.bySSRC[media]; l != nil {
			l.resend(s, lost, now)
		}
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
		packets := uint32(l.tally.packets)
		p.estimator.Report(l.lossOf(r), packets-l.reported, p.engine.since(arrived))
		l.reported, l.tally.missed = packets, 0
		l.heard(r)
		p.resend.lost = p.estimator.Loss()
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
	gap, rate := max(minResendGap, l.peer.rtt+crossing), float64(l.peer.estimator.Sending(at))
	for sequence := range lost {
		s.engine.Metrics.NACKsReceived.Add(1)
		l.tally.nacks++
		if !l.known || l.peer.resend.spent(l.video) {
			return
		}
		sent, ok := l.stream.Lookup(sequence, at, gap)
		if !ok {
			continue
		}
		if !sent.Again && !sent.Missing {
			l.tally.missed++
		}
		if sent.Padding {
			if l.peer.resend.take(fillSize, rate) {
				l.refill(s, &sent.Out)
			}
			continue
		}
		layer := l.layerOf(sent.Origin)
		if layer == nil {
			continue
		}
		if pkt := layer.ring.Get(sent.Sequence); pkt != nil {
			if sent.Missing {
				one := [1]*cache.Packet{pkt}
				l.forward(s, layer, one[:], now)
			} else if l.peer.resend.take(len(pkt.Bytes()), rate) {
				l.repair(s, layer, pkt, sent, now)
				// Where that did not help before, a picture stands by now.
				if sent.Again && l.agree.rtx != 0 && l.peer.resend.take(len(pkt.Bytes()), rate) {
					l.repair(s, layer, pkt, sent, now)
				}
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

// repair sends a packet again that the viewer misses.
func (l *Line) repair(s *Shard, layer *Layer, pkt *cache.Packet, sent rewrite.Sent, now time.Time) {
	if n := l.retransmit(s, layer, pkt, sent, now); n > 0 {
		l.tally.resent++
		s.engine.Metrics.RTXOut.add(1, n)
	}
}

// retransmit sends a packet once more, as a retransmission where the viewer
// agreed to RFC 4588, else as it was. It gives its size, 0 when it was not sent.
func (l *Line) retransmit(s *Shard, layer *Layer, pkt *cache.Packet, sent rewrite.Sent, now time.Time) int {
	if l.agree.rtx == 0 {
		return l.rewrite(s, layer, pkt, &sent.Out)
	}
	o := rtp.Outgoing{
		SSRC: l.rtx, Timestamp: sent.Timestamp, SequenceNumber: l.resent,
		PayloadType: l.agree.rtx, Marker: sent.Marker,
	}
	l.pass(s, &o, pkt, &sent.Out)
	l.stamp(s, &o, now)
	l.resent++
	header := rtp.AppendHeader(s.header[:0], l.peer.ids, &o)
	// RFC 4588 section 4: the payload begins with the number it had.
	payload := append(binary.BigEndian.AppendUint16(s.again[:0], sent.Out.Sequence), l.body(s, layer, pkt, &sent.Out)...)
	if l.peer.conn.WriteRTP(header, payload) != nil {
		s.engine.Metrics.Drops[DropSend].Add(1)
		return 0
	}
	n := len(header) + len(payload)
	l.left(&o, n, now)
	return n
}
