package shard_test

import (
	"encoding/binary"
	"testing"
	"time"

	"palabre/sfu/rtp"
	"palabre/sfu/shard"
)

// stillFan is a publisher of sound and pictures and one viewer of both, whose
// work is done on the caller's goroutine: fuzzing needs the same input to take
// the same way every time.
type stillFan struct {
	engine            *shard.Still
	publisher, viewer *shard.Peer
	sink              *sink
	events            silent
	lines             []*shard.Line
}

func newStillFan() *stillFan {
	f := &stillFan{engine: shard.NewStill(2), sink: &sink{}}
	f.engine.Do(func() {
		f.publisher = f.engine.Open(shard.Seat{Shard: f.engine.Place(), ID: "publisher"}, &sink{}, &f.events, nil)
		tracks := f.publisher.Negotiated(extensions(), []shard.Source{
			{Name: "camera", Line: vp8Line("0")}, {Name: "microphone", Line: opusLine("1")},
		}, nil)
		f.viewer = f.engine.Open(shard.Seat{Shard: f.engine.Place(), ID: "viewer"}, f.sink, &f.events, nil)
		picture := f.viewer.NewLine(vp8Line("2"), "seat0", 20, 21)
		sound := f.viewer.NewLine(opusLine("3"), "seat0", 22, 0)
		f.lines = []*shard.Line{picture, sound}
		f.viewer.Negotiated(extensions(), nil, f.lines)
		f.publisher.Enter()
		f.viewer.Enter()
		f.viewer.Watch([]shard.Watch{
			{Line: picture, Track: tracks[0], Width: 640, Height: 360}, {Line: sound, Track: tracks[1]},
		})
	})
	return f
}

func (f *stillFan) close() {
	f.engine.Do(func() { f.publisher.Close(); f.viewer.Close() })
}

// extensions are those of browsers, with the id 15 that nobody may use left out.
func extensions() *rtp.Extensions {
	ids := &rtp.Extensions{}
	for id, kind := range map[uint8]rtp.Extension{1: rtp.MID, 2: rtp.AbsSendTime, 3: rtp.RID, 4: rtp.TransportSequence, 5: rtp.AudioLevel, 6: rtp.RepairedRID} {
		if err := ids.Bind(kind, id); err != nil {
			panic(err)
		}
	}
	return ids
}

// script is datagrams for [FuzzReceive]: each with one byte saying who sent it
// and two with its size before it.
func script(datagrams ...[]byte) (out []byte) {
	for _, d := range datagrams {
		kind := byte(0)
		if len(d) > 1 && d[1] >= 192 && d[1] <= 223 {
			kind = 1
		}
		out = append(out, kind)
		out = binary.BigEndian.AppendUint16(out, uint16(len(d)))
		out = append(out, d...)
	}
	return out
}

func picture(sequence uint16, key bool) []byte {
	b := rtp.AppendHeader(nil, extensions(), &rtp.Outgoing{SSRC: 7, PayloadType: 96, SequenceNumber: sequence, Timestamp: uint32(sequence) * 3000, Marker: true, MID: "0"})
	frame := byte(1)
	if key {
		frame = 0
	}
	return append(b, 0x10, frame, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01)
}

// FuzzReceive plays datagrams of a publisher and a viewer to their shards.
// What must hold: no panic, bounded state.
func FuzzReceive(f *testing.F) {
	f.Add(script(picture(1, true), picture(2, false), picture(4, false)))
	f.Add(script(picture(1, true), []byte{0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 20}, []byte{0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 20, 0, 1, 255, 255}))
	f.Add(script(picture(65535, true), picture(0, false), []byte{0x80, 200, 0, 6, 0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}))
	f.Add(script([]byte{0x90, 97, 0, 1, 0, 0, 0, 2, 0, 0, 0, 8, 0xBE, 0xDE, 0, 1, 0x10, '0', 0, 0, 0, 1, 0x10, 0}))
	f.Fuzz(func(t *testing.T, script []byte) {
		fan := newStillFan()
		for n := 0; len(script) >= 3 && n < 200; n++ {
			kind, size := script[0], int(binary.BigEndian.Uint16(script[1:]))
			script = script[3:]
			size = min(size, len(script))
			datagram := script[:size]
			script = script[size:]
			who := fan.publisher
			if kind&2 != 0 {
				who = fan.viewer
			}
			if kind&1 != 0 {
				who.Control(datagram, fan.engine.Now())
				fan.viewer.Control(datagram, fan.engine.Now())
			} else {
				who.Receive(datagram, fan.engine.Now())
			}
			fan.engine.Settle()
			if kind&4 != 0 {
				fan.engine.Pass(20 * time.Millisecond)
			}
		}
		fan.engine.Pass(60 * time.Millisecond)
		if n := fan.publisher.Streams(); n > 64 || fan.events.panics.Load() > 0 {
			t.Errorf("%d streams, %d panics", n, fan.events.panics.Load())
		}
		fan.close()
	})
}
