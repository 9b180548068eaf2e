package shard

import (
	"slices"
	"time"

	"palabre/sfu/negotiate"
	"palabre/sfu/rtp"
)

// outlet is how packets leave towards a viewer.
type outlet struct {
	guided   bool // the viewer agreed to report arrivals
	numbered bool // by transport-wide numbers
	// resting: nothing is numbered for now, as nothing would follow from its arrival.
	resting bool
	// streams are the numbers by stream, where it agreed to report by those.
	streams map[uint32]*numbers
	number  uint16 // the next
	chosen  int    // the target layers were last chosen for
	again   uint16 // which of the recent packets a probe repeats next
}

const (
	// paceEvery is how often a cluster of probes is fed while it is sent.
	paceEvery = 5 * time.Millisecond
	// mostPadding bounds the packets of one step: at the highest rate there is.
	mostPadding = 128
	// paddingSize is the padding of one packet, all that fits (RFC 3550 section 5.1).
	paddingSize = 255
	// recents are the newest packets, which a probe repeats: what is older the
	// viewer has, or has given up.
	recents = 24
	// Layers are chosen anew at once when the target leaves this part of what
	// they were chosen for, upwards at most every reviewEvery.
	sunk, risen = 0.95, 1.1
	reviewEvery = 150 * time.Millisecond
)

// expect looks at what the viewer agreed to on lines that are new.
func (p *Peer) expect(lines []*Line) {
	o := &p.outlet
	for _, l := range lines {
		if o.guided || !l.reports {
			continue
		}
		switch {
		case !slices.ContainsFunc(l.codecs, negotiate.Codec.ReportsArrivals):
			o.streams = map[uint32]*numbers{}
		case p.ids.ID(rtp.TransportSequence) != 0:
			o.numbered, o.resting = true, true // until something is shown
			p.estimator.Rest()
		default:
			continue
		}
		o.guided = true
		p.estimator.Expect()
	}
}

// settle has packets leave with numbers only while something follows from when
// they arrive: while a picture is shown or asked for, be it one that the line
// has no room for, and where reports have been missing for so long that it is
// to be known whether anything arrives. Who only listens would send a report
// ten times a second that decides nothing. Clients that report by stream cannot
// be told to stop. It says whether that holds until something happens.
func (p *Peer) settle(now time.Time) (settled bool) {
	o := &p.outlet
	looks := p.looks()
	resting := o.numbered && !looks && p.unheard(now) == 0
	if resting != o.resting {
		o.resting = resting
		if resting {
			p.estimator.Rest()
		} else {
			p.estimator.Resume()
		}
	}
	return looks || resting || !o.numbered
}

// looks says that some line is to show a picture.
func (p *Peer) looks() bool {
	return slices.ContainsFunc(p.lines, func(l *Line) bool {
		return l.video && l.track != nil && l.watched.Width > 0 && l.watched.Height > 0
	})
}

// stamp puts the number and time of its leaving on a packet. Where the client
// does not report arrivals on the line — some do for pictures only — it has no
// number, which would look lost; nor while nobody needs to know of them.
func (l *Line) stamp(s *Shard, o *rtp.Outgoing, now time.Time) {
	p := l.peer
	o.SetAbsSendTime(s.leaving.at(p.engine, now))
	if p.outlet.numbered && l.reports && !p.outlet.resting {
		o.SetTransportSequence(p.outlet.number)
	}
}

// left notes that the packet last stamped left.
func (l *Line) left(o *rtp.Outgoing, size int, now time.Time) {
	p := l.peer
	if p.outlet.guided && !l.reports || p.outlet.resting {
		return
	}
	if p.outlet.streams != nil {
		p.outlet.remember(o.SSRC, o.SequenceNumber)
	}
	p.estimator.Sent(p.outlet.number, size, p.engine.since(now))
	p.outlet.number++
}

// repeated notes that a packet leaves once more under the numbers it had.
func (p *Peer) repeated(o *rtp.Outgoing) {
	number, ok := o.TransportSequence, o.Has(rtp.TransportSequence)
	if !ok && p.outlet.streams != nil {
		number, ok = p.outlet.numberOf(o.SSRC, o.SequenceNumber)
	}
	if ok {
		p.estimator.Repeated(number)
	}
}

// learnt has layers chosen anew when what may be sent has changed.
func (p *Peer) learnt(now time.Time) {
	p.resend.lost = p.estimator.Loss()
	target, chosen := float64(p.estimator.Target(p.engine.since(now))), float64(p.outlet.chosen)
	if target < sunk*chosen || target > risen*chosen && now.Sub(p.allocated) > reviewEvery {
		p.review()
	}
}

// target is what may be sent now, in bit/s, for a choice of layers.
func (p *Peer) target(now time.Time) int {
	p.outlet.chosen = p.estimator.Target(p.engine.since(now))
	return p.outlet.chosen
}

// pace sends what a cluster of probes is due now, and begins one when it is time.
func (p *Peer) pace(s *Shard, now time.Time) {
	if !p.outlet.guided || !p.entered.Load() || !p.up.Load() {
		return
	}
	at := p.engine.since(now)
	for range mostPadding {
		due := p.estimator.Padding(at)
		if due <= 0 || !p.probe(s, due, now) {
			break
		}
	}
	if p.estimator.Probing() {
		s.probing[p] = struct{}{}
	} else {
		delete(s.probing, p)
	}
}

// probe sends one packet that nobody asked for, of about due bytes: a recent
// one again, else padding. It says whether there was a way to.
func (p *Peer) probe(s *Shard, due int, now time.Time) bool {
	if due >= paddingSize {
		for _, l := range p.lines {
			if l.video && l.known && l.agree.rtx != 0 && l.repeat(s, now) {
				return true
			}
		}
	}
	for _, l := range p.lines {
		if l.video && !l.closed && l.pad(s, now) {
			return true
		}
	}
	return false
}

// repeat sends one of the line's newest packets again.
func (l *Line) repeat(s *Shard, now time.Time) bool {
	for range recents {
		l.peer.outlet.again = l.peer.outlet.again%recents + 1
		sent, ok := l.stream.Recent(l.peer.outlet.again)
		if !ok {
			continue
		}
		layer := l.layerOf(sent.Origin)
		if layer == nil {
			continue
		}
		if pkt := layer.ring.Get(sent.Sequence); pkt != nil {
			n := l.retransmit(s, layer, pkt, sent, now)
			pkt.Release()
			s.engine.Metrics.ProbesOut.add(1, n)
			return n > 0
		}
	}
	return false
}

// pad sends padding: among the retransmissions, which may begin with it (RFC
// 4588 section 8.1 leaves their numbers to us), else between two pictures.
func (l *Line) pad(s *Shard, now time.Time) bool {
	at := s.engine.since(now)
	for i := range l.codecs {
		if l.rtx == 0 || l.codecs[i].RTX == 0 {
			continue
		}
		o := rtp.Outgoing{SSRC: l.rtx, Timestamp: l.numbering().Timestamp(at), SequenceNumber: l.resent, PayloadType: l.codecs[i].RTX}
		l.resent++
		return s.probed(l.padding(s, &o, paddingSize, now))
	}
	if l.stream == nil {
		return false
	}
	out, ok := l.stream.Pad()
	return ok && s.probed(l.fill(s, &out, paddingSize, now))
}

// probed counts a probe of padding that was sent.
func (s *Shard) probed(sent bool) bool {
	if sent {
		s.engine.Metrics.ProbesOut.add(1, paddingSize)
	}
	return sent
}

// padding sends a packet that is only padding.
func (l *Line) padding(s *Shard, o *rtp.Outgoing, size uint8, now time.Time) bool {
	l.stamp(s, o, now)
	packet := rtp.AppendPadding(s.header[:0], l.peer.ids, o, size)
	header := len(packet) - int(max(size, 1))
	if l.peer.conn.WriteRTP(packet[:header], packet[header:]) != nil {
		s.engine.Metrics.Drops[DropSend].Add(1)
		return false
	}
	l.left(o, len(packet), now)
	return true
}
