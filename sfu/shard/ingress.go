package shard

import (
	"time"

	"palabre/sfu/cache"
	"palabre/sfu/descriptor"
	"palabre/sfu/rtp"
)

// stream is what is known of one SSRC of a publisher.
type stream struct {
	layer  *Layer
	repair bool // it carries retransmissions for the layer
}

// replaceAfter is how long a layer's stream must be silent before an earlier
// one takes its place again.
const replaceAfter = time.Second

// maxStreams bounds the SSRC states of one peer.
const maxStreams = 64

// receive takes one packet of a publisher: finds its layer, undoes a
// retransmission, notes it everywhere and passes it on.
func (p *Peer) receive(s *Shard, pkt *cache.Packet, arrived, now time.Time) {
	m := p.engine.Metrics
	if p.dead {
		return
	}
	p.health.heard = now
	h := &pkt.Header
	if rtp.Parse(pkt.Bytes(), p.ids, h) != nil {
		m.Drops[DropMalformed].Add(1)
		return
	}
	if h.Has(rtp.TransportSequence) {
		p.arrivals.Note(h.SSRC, h.TransportSequence, max(0, p.engine.since(arrived)))
	}
	if !p.entered.Load() {
		m.Drops[DropOutside].Add(1)
		return
	}
	st, ok := p.resolve(s, pkt, now)
	if ok && !st.repair && st.layer.ssrc != h.SSRC {
		// Another stream has replaced this one; it may come back when that is silent.
		if ok = now.Sub(st.layer.last) > replaceAfter; ok {
			st.layer.begin(s, h.SSRC, now)
		}
	}
	if !ok {
		m.Drops[DropUnknown].Add(1)
		return
	}
	if st.repair {
		if pkt = p.unwrap(st.layer, pkt); pkt == nil {
			return
		}
		defer pkt.Release()
		m.RTXIn.add(1, len(pkt.Bytes()))
	}
	st.layer.recover(s, pkt, arrived, now)
	if st.layer.accept(s, pkt, st.repair, arrived, now) {
		st.layer.spread(s, pkt, now)
	}
}

// resolve finds the layer a packet belongs to: by what is known of its SSRC,
// else by its mid and rid (RFC 8843 section 9.2), else by its payload type
// where only one section has it.
func (p *Peer) resolve(s *Shard, pkt *cache.Packet, now time.Time) (*stream, bool) {
	h := &pkt.Header
	if st := p.streams[h.SSRC]; st != nil {
		return st, true
	}
	if len(p.streams) >= maxStreams {
		return nil, false
	}
	t, repaired := p.trackOf(pkt)
	if t == nil {
		return nil, false
	}
	if p.streams == nil { // those who only watch have none, and are asked often
		p.streams = map[uint32]*stream{}
	}
	st := &stream{}
	line := t.line.Load()
	switch rid, rrid := string(h.RID(pkt.Bytes())), string(h.RepairedRID(pkt.Bytes())); {
	case repaired != 0:
		st.repair, st.layer = true, t.layerBySSRC(repaired)
	case rrid != "":
		st.repair, st.layer = true, t.layerByRID(rrid)
	case len(t.rids) > 0 && rid != "":
		st.layer = t.layerByRID(rid)
	case len(t.rids) > 0:
		st.layer = t.layerByPlace(h.SSRC) // none when it does not say which it is
	default:
		_, st.repair = t.repaired(h.PayloadType)
		st.layer = t.layers[0]
	}
	if st.layer == nil {
		return nil, false
	}
	if st.repair {
		st.layer.rtx = h.SSRC
	} else {
		st.layer.begin(s, h.SSRC, now)
		if rtx := line.RTX[h.SSRC]; rtx != 0 && len(p.streams)+1 < maxStreams {
			p.streams[rtx] = &stream{layer: st.layer, repair: true}
		}
	}
	p.streams[h.SSRC] = st
	s.rota.hurry(p) // it is idle no more
	return st, true
}

// trackOf finds the track of a stream not yet known, and which stream it
// repairs when the offer said so.
func (p *Peer) trackOf(pkt *cache.Packet) (t *Track, repaired uint32) {
	h := &pkt.Header
	if mid := h.MID(pkt.Bytes()); len(mid) > 0 {
		return p.byMid[string(mid)], 0
	}
	for _, t := range p.tracks {
		line := t.line.Load()
		for media, rtx := range line.RTX {
			if rtx == h.SSRC {
				return t, media
			}
		}
		for _, ssrc := range line.SSRCs {
			if ssrc == h.SSRC {
				return t, 0
			}
		}
	}
	for _, candidate := range p.tracks {
		if _, ok := candidate.codecOf(h.PayloadType); !ok {
			continue
		}
		if t != nil {
			return nil, 0 // two sections have it: nobody can say which
		}
		t = candidate
	}
	return t, 0
}

func (t *Track) layerByRID(rid string) *Layer {
	for _, l := range t.layers {
		if l.rid == rid {
			return l
		}
	}
	return nil
}

// layerByPlace finds the layer of a declared stream: senders that declare the
// streams of their layers do so in the order of the layers.
func (t *Track) layerByPlace(ssrc uint32) *Layer {
	line := t.line.Load()
	place, found := 0, -1
	for _, declared := range line.SSRCs {
		if repairs(line.RTX, declared) {
			continue
		}
		if declared == ssrc {
			found = place
		}
		place++
	}
	if found < 0 || place != len(t.layers) {
		return nil
	}
	return t.layers[found]
}

func repairs(rtx map[uint32]uint32, ssrc uint32) bool {
	for _, repair := range rtx {
		if repair == ssrc {
			return true
		}
	}
	return false
}

func (t *Track) layerBySSRC(ssrc uint32) *Layer {
	for _, l := range t.layers {
		if l.ssrc == ssrc {
			return l
		}
	}
	if len(t.layers) == 1 {
		return t.layers[0]
	}
	return nil
}

// begin starts a layer with a new stream: its numbers have nothing to do with
// those before.
func (l *Layer) begin(s *Shard, ssrc uint32, now time.Time) {
	l.renew()
	if l.ssrc != 0 {
		l.sequence, l.first = rtp.Unwrapper{}, 0
		l.ring.Clear()
		l.origin.Store(s.engine.origin.Add(1))
		for viewer := range l.track.wanting {
			s.on(viewer, now, func(s *Shard, now time.Time) { viewer.restart(s, l, now) })
		}
	}
	if l.clock != nil {
		l.clock.Close()
	}
	l.ssrc = ssrc
	l.missing.Reset()
	l.arbiter.Reset()
	l.reception = reception{}
	l.descriptors = descriptor.Reader{}
	l.rates.reset()
	l.clock = nil
}

// unwrap undoes a retransmission (RFC 4588). The packet it gives has a reference of its own.
func (p *Peer) unwrap(l *Layer, pkt *cache.Packet) *cache.Packet {
	m := p.engine.Metrics
	h := pkt.Header
	pt, ok := l.track.repaired(h.PayloadType)
	if !ok || l.ssrc == 0 {
		m.Drops[DropCodec].Add(1)
		return nil
	}
	raw := append([]byte(nil), pkt.Bytes()...) // the packet itself may be shared
	inner, err := rtp.Unwrap(raw, &h, l.ssrc, pt)
	if err != nil {
		return nil // padding: senders probe with it
	}
	fresh := p.engine.pool.Copy(inner)
	if fresh == nil {
		return nil
	}
	fresh.Header = h
	return fresh
}

// accept notes a packet of the layer and says whether it is to be forwarded.
func (l *Layer) accept(s *Shard, pkt *cache.Packet, repair bool, arrived, now time.Time) bool {
	p, t, m := l.track.peer, l.track, s.engine.Metrics
	h := &pkt.Header
	c := l.codec.Load()
	if c == nil || l.pt != h.PayloadType {
		found, ok := t.codecOf(h.PayloadType)
		if !ok {
			t.bad, t.wrong = t.bad+1, t.wrong+1
			l.tally.wrong++
			m.Drops[DropCodec].Add(1)
			return false
		}
		l.pt = h.PayloadType
		l.codec.Store(found)
		l.kind.Store(uint32(codecKind(found)))
		c = found
		if l.clock != nil {
			l.clock.Close()
		}
		l.clock = p.sender.Track(c.ClockRate)
	} else if l.clock == nil {
		l.clock = p.sender.Track(c.ClockRate)
	}
	pkt.Arrival = s.engine.since(arrived)
	pkt.Sequence = l.sequence.Unwrap(h.SequenceNumber)
	recovered := l.missing.Seen(pkt.Sequence, pkt.Arrival)
	if l.missing.Missing() > 0 {
		s.missing[p] = struct{}{}
	}
	if recovered && (repair || c.RTX == 0) {
		l.tally.repaired++
	}
	if !repair {
		l.reception.packet(h.Timestamp, pkt.Sequence, c.ClockRate, pkt.Arrival)
	}
	if l.inspect(pkt) != nil {
		t.bad, t.wrong = t.bad+1, t.wrong+1
		l.tally.wrong++
		m.Drops[DropMalformed].Add(1)
		return false
	}
	if !repair && !recovered {
		l.clock.Packet(h.Timestamp, arrived)
	}
	pkt.Capture = pkt.Arrival
	if mapping := l.clock.Mapping(); mapping.Valid() {
		pkt.Capture = s.engine.since(mapping.Captured(h.Timestamp))
	}
	if pkt.Sequence < l.first || !l.ring.Put(pkt) {
		return false // for others, a duplicate, or far too late
	}
	l.note(s, pkt, now)
	return true
}

// note counts a new packet and looks at what it means for those who wait.
func (l *Layer) note(s *Shard, pkt *cache.Packet, now time.Time) {
	t := l.track
	size := len(pkt.Bytes())
	l.tally.packets++
	l.tally.bytes += uint64(size)
	if pkt.Header.Marker {
		l.tally.frames++
	}
	t.good, t.right = t.good+1, t.right+1
	t.packet, l.last = now, now
	l.bytes += size
	t.peer.in.add(1, size)
	if !t.Video {
		s.engine.Metrics.AudioIn.add(1, size)
		return
	}
	s.engine.Metrics.VideoIn.add(1, size)
	l.rates.count(pkt)
	if pkt.Frame.SwitchPoint() {
		l.arbiter.Seen(now)
		l.missing.KeyFrame(pkt.Sequence, pkt.Arrival)
		t.key = now
		t.right, t.wrong, t.headless = 0, 0, 0
		if pkt.Frame.Width > 0 && (l.width.Load() != int32(pkt.Frame.Width) || l.height.Load() != int32(pkt.Frame.Height)) {
			l.width.Store(int32(pkt.Frame.Width))
			l.height.Store(int32(pkt.Frame.Height))
			t.retell(s, now)
		}
	}
	if pkt.Frame.KeyFrame && t.key.IsZero() {
		t.headless++
	}
	if !l.alive.Load() {
		l.alive.Store(true)
		l.measured, l.bytes = now, size
		l.rates.meter = meter{}
		l.rates.count(pkt)
		t.retell(s, now)
	}
}

// spread sends a packet on its way to everyone who gets the layer.
func (l *Layer) spread(s *Shard, pkt *cache.Packet, now time.Time) {
	t := l.track
	if trap := s.engine.trap.Load(); trap != nil {
		(*trap)(t.peer.key, pkt)
	}
	if !t.Video && !t.sending.Load() {
		return // taken off, whatever its client goes on sending
	}
	if !t.Video && !t.Screen && t.peer.voices != nil {
		level, voice := uint8(assumedLevel), true
		if pkt.Header.Has(rtp.AudioLevel) {
			level, voice = pkt.Header.AudioLevel, pkt.Header.Voice
		}
		if !t.peer.voices.Heard(level, voice, now) {
			return
		}
	}
	for _, g := range l.groups {
		s.send(g.shard, l, pkt, g.lines, now)
	}
}

// assumedLevel is an ordinary voice, for senders without audio levels.
const assumedLevel = 35
