package rewrite_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"palabre/sfu/cache"
	"palabre/sfu/codec"
	"palabre/sfu/rewrite"
	"palabre/sfu/rtp"
)

// sentFrame is a frame of a publisher in a simulated call.
type sentFrame struct {
	origin  rewrite.Origin
	index   int
	tid     uint8
	padding bool
}

// arrival is one packet on its way to the server.
type arrival struct {
	frame  *sentFrame
	packet *cache.Packet
	at     int // moment, in ticks of the simulation
}

// publisher makes packets of one layer.
type publisher struct {
	origin   rewrite.Origin
	sequence uint64
	start    uint32 // timestamp
	picture  uint16
	bits     uint8
	tl0      uint8
	frames   int
}

// frame makes the packets of the next frame.
func (p *publisher) frame(t *rapid.T, tick int) []arrival {
	f := &sentFrame{origin: p.origin, index: p.frames}
	key := p.frames == 0 || rapid.IntRange(0, 14).Draw(t, "key") == 0
	if !key && p.frames%2 == 1 {
		f.tid = 1
	}
	if f.tid == 0 {
		p.tl0++
	}
	p.frames++
	p.picture++
	capture := time.Duration(tick)*frameTime + time.Duration(p.origin)*time.Millisecond
	timestamp := p.start + uint32(capture/time.Millisecond)*90 + uint32(capture%time.Millisecond*90/time.Millisecond)
	var out []arrival
	count := rapid.IntRange(1, 4).Draw(t, "packets")
	for i := range count {
		c := codec.Frame{
			KeyFrame: key && i == 0, Start: i == 0, End: i == count-1, TemporalID: f.tid,
			HasPictureID: true, PictureBits: p.bits, PictureID: p.picture & (1<<p.bits - 1), HasTL0: true, TL0: p.tl0,
		}
		out = append(out, arrival{frame: f, packet: p.packet(timestamp, capture, c, []byte{1})})
	}
	if rapid.IntRange(0, 9).Draw(t, "probe") == 0 {
		probe := &sentFrame{origin: p.origin, index: f.index, padding: true}
		out = append(out, arrival{frame: probe, packet: p.packet(timestamp, capture, codec.Frame{}, nil)})
	}
	return out
}

func (p *publisher) packet(timestamp uint32, capture time.Duration, f codec.Frame, payload []byte) *cache.Packet {
	o := rtp.Outgoing{SequenceNumber: uint16(p.sequence), Timestamp: timestamp, Marker: f.End}
	raw := append(rtp.AppendHeader(nil, &rtp.Extensions{}, &o), payload...)
	out := cache.NewPool().Copy(raw)
	if rtp.Parse(out.Bytes(), &rtp.Extensions{}, &out.Header) != nil {
		return nil
	}
	out.Sequence, out.Frame, out.Capture = p.sequence, f, capture
	p.sequence++
	return out
}

// network loses, delays and repeats what the publishers send.
func network(t *rapid.T) []arrival {
	var publishers []*publisher
	for o := rewrite.Origin(1); o <= 3; o++ {
		publishers = append(publishers, &publisher{
			origin: o, sequence: uint64(rapid.IntRange(65_000, 140_000).Draw(t, "sequence")), start: rapid.Uint32().Draw(t, "timestamp"),
			picture: rapid.Uint16().Draw(t, "picture"), bits: rapid.SampledFrom([]uint8{7, 15}).Draw(t, "bits"), tl0: rapid.Uint8().Draw(t, "tl0"),
		})
	}
	var wire []arrival
	for tick := range rapid.IntRange(1, 60).Draw(t, "ticks") {
		for _, p := range publishers {
			for _, a := range p.frame(t, tick) {
				a.at = tick * 10
				switch rapid.IntRange(0, 19).Draw(t, "fate") {
				case 0: // lost for good
					continue
				case 1: // lost and sent again
					a.at += rapid.IntRange(1, 60).Draw(t, "late")
				case 2: // repeated
					wire = append(wire, a)
				case 3, 4: // reordered
					a.at += rapid.IntRange(1, 15).Draw(t, "jitter")
				}
				wire = append(wire, a)
			}
		}
	}
	slices.SortStableFunc(wire, func(a, b arrival) int { return a.at - b.at })
	return wire
}

func TestAnySequenceOfPacketsMakesOneStream(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := newViewer(t)
		maxTID := uint8(1)
		decided := map[*sentFrame]bool{}
		for _, a := range network(t) {
			switch rapid.IntRange(0, 40).Draw(t, "act") {
			case 0:
				v.stream.Stop()
				v.endEpoch()
			case 1, 2, 3:
				v.stream.Want(rewrite.Origin(rapid.IntRange(0, 3).Draw(t, "want")))
			case 4:
				maxTID = rapid.Uint8Range(0, 1).Draw(t, "layer")
			case 5:
				v.pad()
			}
			drop, known := decided[a.frame]
			if !known {
				drop = !a.frame.padding && a.frame.tid > maxTID
				decided[a.frame] = drop
			}
			v.receive(a, drop)
		}
		v.endEpoch()
		v.check()
	})
}

// TestAHostilePublisherOnlyHurtsItself gives the stream any numbers at all.
func TestAHostilePublisherOnlyHurtsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		audio := rapid.Bool().Draw(t, "audio")
		s := rewrite.New(rewrite.Config{ClockRate: 48000, Audio: audio, History: 64})
		sequence := uint64(1 << 16)
		last := map[uint16]int{} // when a number was used
		for i := range rapid.IntRange(1, 200).Draw(t, "packets") {
			s.Want(rewrite.Origin(rapid.IntRange(0, 2).Draw(t, "want")))
			sequence = max(1, sequence+uint64(rapid.IntRange(-40, 80).Draw(t, "step")))
			p := packet(t, sequence, rapid.Uint32().Draw(t, "timestamp"),
				time.Duration(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "capture")), codec.Frame{
					KeyFrame: true, Start: rapid.Bool().Draw(t, "start"), HasPictureID: rapid.Bool().Draw(t, "counted"),
					PictureBits: rapid.SampledFrom([]uint8{7, 15}).Draw(t, "bits"), PictureID: rapid.Uint16Range(0, 1<<15-1).Draw(t, "picture"),
					HasTL0: rapid.Bool().Draw(t, "layers"), TL0: rapid.Uint8().Draw(t, "tl0"),
					SpatialID: rapid.Uint8Range(0, 7).Draw(t, "spatial"), TemporalID: rapid.Uint8Range(0, 7).Draw(t, "temporal"),
					SwitchUp: rapid.Bool().Draw(t, "up"), Switch: rapid.Uint32().Draw(t, "switch"), TopSpatial: rapid.Uint8Range(0, 3).Draw(t, "top"),
					HasNumber: rapid.Bool().Draw(t, "numbered"), Number: rapid.Uint16().Draw(t, "number"),
				})
			s.Take(rapid.Uint8().Draw(t, "take spatial"), rapid.Uint8().Draw(t, "take temporal"))
			decide := rapid.SampledFrom([]func(rewrite.Origin, *cache.Packet, *rewrite.Out) rewrite.Verdict{s.Forward, s.Drop}).Draw(t, "decide")
			var out rewrite.Out
			verdict := decide(rewrite.Origin(rapid.IntRange(1, 2).Draw(t, "origin")), p, &out)
			if verdict == rewrite.Skip {
				continue
			}
			if before, used := last[out.Sequence]; used {
				t.Fatalf("number %d was used for packets %d and %d", out.Sequence, before, i)
			}
			last[out.Sequence] = i
			if out.PictureID > 1<<15-1 {
				t.Fatalf("picture id %d", out.PictureID)
			}
			if again, ok := s.Lookup(out.Sequence, 0, 0); !ok || again.Timestamp != out.Timestamp || again.PictureID != out.PictureID || again.Number != out.Number {
				t.Fatalf("sent %+v, remembered %+v, %v", out, again, ok)
			}
		}
	})
}
