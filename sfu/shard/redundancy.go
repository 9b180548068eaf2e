package shard

import (
	"time"

	"palabre/sfu/cache"
	"palabre/sfu/codec"
	"palabre/sfu/red"
	"palabre/sfu/rtp"
)

// strips says whether the viewer gets a layer's sound without its redundancy.
func (l *Line) strips(layer *Layer) bool {
	return codec.Codec(layer.kind.Load()) == codec.RED && l.agree.kind != codec.RED
}

// sound is the payload of redundant audio as this viewer gets it: with the
// redundancy when it takes that, else the packet's own sound.
func (l *Line) sound(dst, payload []byte) []byte {
	switch {
	case l.agree.kind != codec.RED:
		return append(dst, red.Primary(payload)...)
	case l.agree.blocks != l.codec.Blocks:
		return red.AppendRenamed(dst, payload, l.agree.blocks)
	}
	return append(dst, payload...)
}

// recover makes the packets that were lost just before this one out of what it
// brings of them, so that even viewers who take no redundancy hear them.
func (l *Layer) recover(s *Shard, pkt *cache.Packet, arrived, now time.Time) {
	h := &pkt.Header
	c := l.codec.Load()
	newest, some := l.ring.Newest()
	if c == nil || c.Blocks == 0 || l.pt != h.PayloadType || !some {
		return
	}
	lost := int(int16(h.SequenceNumber-uint16(newest))) - 1
	if lost < 1 || lost >= red.MaxBlocks {
		return
	}
	var blocks [red.MaxBlocks]red.Block
	n, err := red.Read(pkt.Payload(), c.Blocks, &blocks)
	if err != nil {
		return
	}
	for back := min(lost, n-1); back > 0; back-- {
		if again := l.rebuild(s, h, blocks[n-1-back], uint16(back)); again != nil {
			if l.accept(s, again, true, arrived, now) {
				l.spread(s, again, now)
			}
			again.Release()
		}
	}
}

// rebuild makes a packet of one block, as it was sent so many packets before
// the one with header h; nil for a block that is empty: senders write that for
// silence. The packet has a reference of its own.
func (l *Layer) rebuild(s *Shard, h *rtp.Header, block red.Block, back uint16) *cache.Packet {
	if len(block.Data) == 0 {
		return nil
	}
	o := rtp.Outgoing{
		SSRC: h.SSRC, PayloadType: h.PayloadType,
		SequenceNumber: h.SequenceNumber - back, Timestamp: h.Timestamp - uint32(block.Offset),
	}
	raw := rtp.AppendHeader(s.header[:0], &rtp.Extensions{}, &o)
	raw = red.Append(raw, l.codec.Load().Blocks, []red.Block{{Data: block.Data}})
	fresh := s.engine.pool.Copy(raw)
	if fresh == nil || rtp.Parse(fresh.Bytes(), &rtp.Extensions{}, &fresh.Header) != nil {
		return nil
	}
	// Nobody said how loud it was: take it for as loud as what followed.
	fresh.Header.AudioLevel, fresh.Header.Voice = h.AudioLevel, h.Voice
	fresh.Header.Present |= h.Present & rtp.SetOf(rtp.AudioLevel)
	return fresh
}
