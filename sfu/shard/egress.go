package shard

import (
	"slices"
	"time"

	"palabre/sfu/cache"
	"palabre/sfu/codec"
	"palabre/sfu/descriptor"
	"palabre/sfu/negotiate"
	"palabre/sfu/rewrite"
	"palabre/sfu/rtp"
)

// forward sends packets of a layer to the viewer.
func (l *Line) forward(s *Shard, layer *Layer, pkts []*cache.Packet, now time.Time) {
	packets, bytes := 0, 0
	for _, pkt := range pkts {
		if n := l.deliver(s, layer, pkt, now); n > 0 {
			packets, bytes = packets+1, bytes+n
		}
	}
	if packets == 0 {
		return
	}
	l.peer.resend.sent(bytes)
	l.peer.out.add(packets, bytes)
	l.peer.health.sent(l.video, now)
	l.count(packets, bytes)
	s.sent.count(l.video, packets, bytes, s.engine.since(now)-pkts[0].Arrival)
}

// deliver sends one packet of a layer to the viewer, and gives its size there; 0
// when it was not sent.
func (l *Line) deliver(s *Shard, layer *Layer, pkt *cache.Packet, now time.Time) int {
	if l.closed || l.peer.dead || !l.peer.entered.Load() || !l.peer.up.Load() {
		return 0
	}
	var origin rewrite.Origin
	for i := range l.subs {
		if l.subs[i].layer == layer {
			origin = l.subs[i].origin
		}
	}
	if origin == 0 || !l.agrees(layer) {
		return 0
	}
	var out rewrite.Out
	switch l.stream.Forward(origin, pkt, &out) {
	case rewrite.Skip:
		return 0
	case rewrite.Fill:
		l.fill(s, &out, 1, now)
		return 0
	}
	if out.Switched {
		l.switched(s, layer, now)
	}
	return l.write(s, layer, pkt, &out, now)
}

func (l *Line) count(packets, bytes int) {
	l.sent = true
	l.tally.packets += uint64(packets)
	l.tally.bytes += uint64(bytes)
}

// agrees finds the viewer's payload type for the layer's codec; a viewer that
// did not negotiate it sees the line paused.
func (l *Line) agrees(layer *Layer) bool {
	c := layer.codec.Load()
	if c == nil {
		return false
	}
	if c != l.codec || !l.known {
		has, ok := negotiate.Match(l.codecs, *c)
		if !ok {
			l.setPause(pausedCodec)
			return false
		}
		l.codec, l.known = c, true
		l.agree = agreed{has.PayloadType, has.RTX, has.Blocks, codec.ByMime(has.MIME), has.ClockRate}
		// Without descriptors a decoder does not see which frames of AV1 belong to
		// one picture.
		l.stream.Flat(!l.descriptors && l.agree.kind == codec.AV1)
		if l.pause == pausedCodec {
			l.setPause(notPaused)
		}
	}
	return true
}

// write builds the viewer's packet and sends it; it gives its size, 0 when it was not sent.
func (l *Line) write(s *Shard, layer *Layer, pkt *cache.Packet, out *rewrite.Out, now time.Time) int {
	var o rtp.Outgoing
	l.outgoing(&o, out)
	l.pass(s, &o, pkt, out)
	l.stamp(s, &o, now)
	padding := s.level.short(len(pkt.Payload()))
	if l.strips(layer) {
		padding = 0
	}
	n := l.emit(s, layer, pkt, &o, out, padding)
	if n > 0 {
		if l.agree.rtx == 0 {
			l.stamps.keep(&o, padding)
		}
		l.left(&o, n, now)
	}
	return n
}

// rewrite sends a packet once more as it was, byte for byte; it gives its size,
// 0 when it was not sent.
func (l *Line) rewrite(s *Shard, layer *Layer, pkt *cache.Packet, out *rewrite.Out) int {
	var o rtp.Outgoing
	l.outgoing(&o, out)
	l.pass(s, &o, pkt, out)
	padding, ok := l.stamps.restore(&o)
	if !ok {
		return 0
	}
	l.peer.repeated(&o)
	return l.emit(s, layer, pkt, &o, out, padding)
}

// outgoing begins the header of a viewer's packet. It is written in place, as
// the numbers are ([rewrite.Stream.Forward]): to copy what was just written costs more.
func (l *Line) outgoing(o *rtp.Outgoing, out *rewrite.Out) {
	o.SSRC, o.Timestamp, o.SequenceNumber = l.ssrc, out.Timestamp, out.Sequence
	o.PayloadType, o.Marker = l.agree.payloadType, out.Marker
}

func (l *Line) emit(s *Shard, layer *Layer, pkt *cache.Packet, o *rtp.Outgoing, out *rewrite.Out, padding int) int {
	header := rtp.AppendHeader(s.header[:0], l.peer.ids, o)
	payload := l.body(s, layer, pkt, out)
	if padding > 0 {
		payload = s.pad(payload, padding)
		header[0] |= 0x20 // RFC 3550 section 5.1
	}
	if l.peer.conn.WriteRTP(header, payload) != nil {
		s.engine.Metrics.Drops[DropSend].Add(1)
		return 0
	}
	return len(header) + len(payload)
}

// pad appends n bytes of padding to a payload, where it lies if there is room.
func (s *Shard) pad(payload []byte, n int) []byte {
	size := len(payload)
	if cap(payload)-size < n {
		payload = append(s.payload[:0], payload...)
	}
	payload = payload[:size+n]
	clear(payload[size:])
	payload[size+n-1] = byte(n)
	return payload
}

// body is the payload as this viewer gets it: shared where nothing changes, and
// then without room behind it.
func (l *Line) body(s *Shard, layer *Layer, pkt *cache.Packet, out *rewrite.Out) []byte {
	kind := codec.Codec(layer.kind.Load())
	switch {
	case kind == codec.RED:
		return l.sound(s.payload[:0], pkt.Payload())
	case !pkt.Frame.HasPictureID && !pkt.Frame.HasTL0:
		return slices.Clip(pkt.Payload())
	case s.bodies.open:
		if b := s.bodies.copy(pkt); codec.Renumber(kind, b, out.PictureID, out.TL0) {
			return b
		}
	}
	return codec.AppendPayload(s.payload[:0], kind, pkt.Payload(), out.PictureID, out.TL0)
}

// pass puts on a packet the header extensions a viewer gets as the publisher
// sent them, and the dependency descriptor with the numbers of the viewer's stream.
func (l *Line) pass(s *Shard, o *rtp.Outgoing, pkt *cache.Packet, out *rewrite.Out) {
	o.Values = pkt.Header.Values
	o.Present &= rtp.SetOf(rtp.AudioLevel, rtp.AbsCaptureTime, rtp.PlayoutDelay, rtp.Orientation, rtp.ContentType)
	if !l.descriptors || !pkt.Frame.HasNumber {
		return
	}
	patch := descriptor.Patch{Number: out.Number, Template: out.Template}
	if d := pkt.Structure; d != nil && d.Targets > 1 {
		patch.Masked, patch.Active = true, pkt.Active&d.Mask(out.Spatial, out.Temporal)
	}
	o.DependencyDescriptor = patch.Append(s.descriptor[:0], pkt.Header.DependencyDescriptor(pkt.Bytes()), pkt.Structure)
}

// sendTime is the abs-send-time of a moment: most packets of a turn leave at the same.
type sendTime struct {
	of time.Time
	is uint32
}

// at is 24 bits of seconds in 6.18 fixed point, as late as we know the time.
func (t *sendTime) at(e *Engine, now time.Time) uint32 {
	if now != t.of {
		t.of, t.is = now, uint32(e.wall.NTP(now)>>14)&0xFFFFFF
	}
	return t.is
}

// fill sends padding under numbers the viewer would otherwise ask for, and
// says whether it could.
func (l *Line) fill(s *Shard, out *rewrite.Out, size uint8, now time.Time) bool {
	if !l.known {
		return false
	}
	var o rtp.Outgoing
	l.outgoing(&o, out)
	o.Marker = false
	if !l.padding(s, &o, size, now) {
		return false
	}
	l.stamps.keep(&o, int(size))
	return true
}

// refill sends padding once more as it was.
func (l *Line) refill(s *Shard, out *rewrite.Out) {
	var o rtp.Outgoing
	l.outgoing(&o, out)
	o.Marker = false
	size, ok := l.stamps.restore(&o)
	if !l.known || !ok || size == 0 {
		return
	}
	l.peer.repeated(&o)
	packet := rtp.AppendPadding(s.header[:0], l.peer.ids, &o, uint8(size))
	if l.peer.conn.WriteRTP(packet[:len(packet)-size], packet[len(packet)-size:]) != nil {
		s.engine.Metrics.Drops[DropSend].Add(1)
	}
}
