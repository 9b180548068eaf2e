package rewrite_test

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"palabre/sfu/cache"
	"palabre/sfu/codec"
	"palabre/sfu/rewrite"
	"palabre/sfu/rtp"
)

// way is the whole way of a packet, from one publisher's datagram to one viewer's.
type way struct {
	ids    rtp.Extensions
	pool   *cache.Pool
	ring   *cache.Ring
	unwrap rtp.Unwrapper
	stream *rewrite.Stream
	dst    []byte
}

func newWay(t testing.TB) *way {
	t.Helper()
	w := &way{
		pool: cache.NewPool(), ring: cache.NewRing(cache.VideoPackets, cache.StartAge, cache.StartBytes), dst: make([]byte, 0, rtp.MaxPacket),
		stream: rewrite.New(rewrite.Config{ClockRate: 90000, Sequence: 1000, PictureID: 200, TL0: 7}),
	}
	for e, id := range map[rtp.Extension]uint8{rtp.MID: 4, rtp.TransportSequence: 3, rtp.AbsSendTime: 2} {
		if err := w.ids.Bind(e, id); err != nil {
			t.Fatal(err)
		}
	}
	w.stream.Want(1)
	return w
}

// datagram is one VP8 packet of a publisher.
func (w *way) datagram(n int) []byte {
	o := rtp.Outgoing{SSRC: 1, PayloadType: 100, SequenceNumber: uint16(n), Timestamp: uint32(n * frameTicks), Marker: true, MID: "0"}
	raw := rtp.AppendHeader(nil, &w.ids, &o)
	if n == 0 { // a key frame
		raw = append(raw, 0x90, 0xE0, 0x80, byte(n), byte(n), 0x20, 0x10, 0, 0, 0x9D, 1, 0x2A, 0x80, 2, 0x68, 1)
	} else {
		raw = append(raw, 0x90, 0xE0, 0x80|byte(n>>8), byte(n), byte(n), 0x20, 0x11)
	}
	return append(raw, bytes.Repeat([]byte{byte(n)}, 1000)...)
}

// receive takes a datagram into the cache.
func (w *way) receive(raw []byte, n int) *cache.Packet {
	p := w.pool.Copy(raw)
	if p == nil || rtp.Parse(p.Bytes(), &w.ids, &p.Header) != nil {
		return nil
	}
	var err error
	if p.Frame, err = codec.Inspect(codec.VP8, p.Payload()); err != nil {
		return nil
	}
	p.Sequence = w.unwrap.Unwrap(p.Header.SequenceNumber)
	p.Arrival = time.Duration(n) * frameTime
	p.Capture = p.Arrival
	w.ring.Put(p)
	return p
}

// write makes the viewer's packet.
func (w *way) write(p *cache.Packet, out *rewrite.Out) []byte {
	o := rtp.Outgoing{
		SSRC: 0xFFFF, PayloadType: 96, MID: "7",
		SequenceNumber: out.Sequence, Timestamp: out.Timestamp, Marker: out.Marker,
	}
	o.SetTransportSequence(9)
	o.SetAbsSendTime(10)
	w.dst = rtp.AppendHeader(w.dst[:0], &w.ids, &o)
	w.dst = codec.AppendPayload(w.dst, codec.VP8, p.Payload(), out.PictureID, out.TL0)
	return w.dst
}

// repeat makes the retransmission of a packet the viewer asks for.
func (w *way) repeat(number uint16) []byte {
	sent, ok := w.stream.Lookup(number, time.Hour, 0)
	if !ok || sent.Missing || sent.Padding {
		return nil
	}
	p := w.ring.Get(sent.Sequence)
	if p == nil {
		return nil
	}
	defer p.Release()
	o := rtp.Outgoing{SSRC: 0xEEEE, PayloadType: 97, MID: "7", SequenceNumber: 1, Timestamp: sent.Timestamp, Marker: sent.Marker}
	o.SetTransportSequence(9)
	o.SetAbsSendTime(10)
	w.dst = binary.BigEndian.AppendUint16(rtp.AppendHeader(w.dst[:0], &w.ids, &o), number)
	w.dst = codec.AppendPayload(w.dst, codec.VP8, p.Payload(), sent.PictureID, sent.TL0)
	return w.dst
}

func TestARetransmissionIsThePacketAgain(t *testing.T) {
	w := newWay(t)
	sent := map[uint16][]byte{}
	for n := range 300 {
		p := w.receive(w.datagram(n), n)
		if n%7 == 3 { // a layer the viewer does not get
			w.stream.Drop(1, p, &rewrite.Out{})
		} else if out, verdict := forward(w.stream, 1, p); verdict == rewrite.Send {
			sent[out.Sequence] = bytes.Clone(w.write(p, &out))
		}
		p.Release()
	}
	repeated := 0
	for number, first := range sent {
		raw := bytes.Clone(w.repeat(number))
		if len(raw) == 0 {
			continue // older than a second
		}
		var h rtp.Header
		if err := rtp.Parse(raw, &w.ids, &h); err != nil {
			t.Fatal(err)
		}
		again, err := rtp.Unwrap(raw, &h, 0xFFFF, 96)
		if err != nil || !bytes.Equal(again, first) {
			t.Fatalf("number %d: %v\nsent  %x\nagain %x", number, err, first[:40], again[:40])
		}
		repeated++
	}
	if repeated < 25 {
		t.Errorf("only %d packets could be sent again", repeated)
	}
}

func TestTheWholeWayDoesNotAllocate(t *testing.T) {
	w := newWay(t)
	raw := make([][]byte, 4000)
	for n := range raw {
		raw[n] = w.datagram(n)
	}
	n := 0
	step := func() {
		p := w.receive(raw[n], n)
		out, verdict := forward(w.stream, 1, p)
		if verdict != rewrite.Send || len(w.write(p, &out)) < 1000 || len(w.repeat(out.Sequence)) < 1000 {
			t.Fatalf("packet %d was not sent, or not again", n)
		}
		p.Release()
		n++
	}
	for range 1500 {
		step()
	}
	if allocs := testing.AllocsPerRun(2000, step); allocs != 0 {
		t.Errorf("%v allocations a packet", allocs)
	}
}
