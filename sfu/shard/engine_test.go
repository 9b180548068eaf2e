package shard_test

import (
	"encoding/binary"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"palabre/sfu/layers"
	"palabre/sfu/negotiate"
	"palabre/sfu/rtp"
	"palabre/sfu/shard"
)

// sink is a connection that counts what leaves by it.
type sink struct{ packets, control atomic.Int64 }

func (s *sink) WriteRTP([]byte, []byte) error { s.packets.Add(1); return nil }
func (s *sink) Prefetch(int)                  {}
func (s *sink) WriteRTCP([]byte) error        { s.control.Add(1); return nil }

type silent struct{ panics atomic.Int64 }

func (*silent) Layers(string, []layers.Wish) {}
func (*silent) Quality(int, int)             {}
func (*silent) Changed()                     {}
func (s *silent) Panicked(any, []byte)       { s.panics.Add(1) }

func vp8Line(mid string) negotiate.Line {
	return negotiate.Line{Mid: mid, Kind: negotiate.Video, Codecs: []negotiate.Codec{{PayloadType: 96, RTX: 97, MIME: "video/VP8", ClockRate: 90000, Feedback: []string{"nack", "nack pli"}}}}
}

func opusLine(mid string) negotiate.Line {
	return negotiate.Line{Mid: mid, Kind: negotiate.Audio, Codecs: []negotiate.Codec{{PayloadType: 111, MIME: "audio/opus", ClockRate: 48000}}}
}

// fan is one publisher and its viewers.
type fan struct {
	engine    *shard.Engine
	publisher *shard.Peer
	peers     []*shard.Peer
	sinks     []*sink
	packet    []byte
	sequence  uint16
	events    silent
}

func newFan(tb testing.TB, viewers int) *fan {
	tb.Helper()
	f := &fan{engine: shard.New(shard.Config{Shards: 2, Logger: slog.New(slog.DiscardHandler)})}
	ids := &rtp.Extensions{}
	if err := errors.Join(ids.Bind(rtp.MID, 1), ids.Bind(rtp.AbsSendTime, 2)); err != nil {
		tb.Fatal(err)
	}
	f.publisher = f.engine.Open(shard.Seat{Shard: f.engine.Place(), ID: "publisher"}, &sink{}, &f.events, nil)
	tracks := f.publisher.Negotiated(ids, []shard.Source{{Name: "camera", Line: vp8Line("0")}}, nil)
	f.publisher.Enter()
	f.publisher.Connected()
	for range viewers {
		s := &sink{}
		p := f.engine.Open(shard.Seat{Shard: f.engine.Place(), ID: "viewer"}, s, &f.events, nil)
		line := p.NewLine(vp8Line("1"), "seat0", shard.NewSSRC(), shard.NewSSRC())
		p.Negotiated(ids, nil, []*shard.Line{line})
		p.Enter()
		p.Connected()
		p.Watch([]shard.Watch{{Line: line, Track: tracks[0], Width: 640, Height: 360}})
		f.peers, f.sinks = append(f.peers, p), append(f.sinks, s)
	}
	f.packet = rtp.AppendHeader(nil, ids, &rtp.Outgoing{SSRC: 7, PayloadType: 96, Marker: true, MID: "0"})
	f.packet = append(f.packet, 0x10, 0, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01)
	f.packet = append(f.packet, make([]byte, 1000)...)
	tb.Cleanup(func() {
		for _, p := range append(f.peers, f.publisher) {
			p.Close()
		}
		f.engine.Close()
	})
	return f
}

// publish sends one packet, a key frame every hundredth.
func (f *fan) publish(at time.Time) {
	binary.BigEndian.PutUint16(f.packet[2:], f.sequence)
	binary.BigEndian.PutUint32(f.packet[4:], uint32(f.sequence)*3000)
	body := len(f.packet) - 1011
	f.packet[body+1] = 1
	if f.sequence%100 == 0 {
		f.packet[body+1] = 0
	}
	f.sequence++
	f.publisher.Receive(f.packet, at)
}

func (f *fan) sent() (n int64) {
	for _, s := range f.sinks {
		n += s.packets.Load()
	}
	return n
}

func TestEveryViewerGetsEveryPacket(t *testing.T) {
	f := newFan(t, 20)
	publishUntil(t, f, 20)
	start := f.sent()
	const packets = 300
	at := time.Now()
	for i := range packets {
		f.publish(at.Add(time.Duration(i) * 10 * time.Millisecond))
	}
	for deadline := time.Now().Add(30 * time.Second); f.sent() < start+packets*20; {
		if time.Now().After(deadline) {
			t.Fatalf("%d packets left, want %d", f.sent()-start, packets*20)
		}
		<-time.NewTimer(time.Millisecond).C
	}
	if n := f.events.panics.Load(); n > 0 {
		t.Errorf("%d panics", n)
	}
}

// publishUntil sends key frames until n viewers get them.
func publishUntil(tb testing.TB, f *fan, n int) {
	tb.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		f.sequence = (f.sequence/100 + 1) * 100
		f.publish(time.Now())
		<-time.NewTimer(20 * time.Millisecond).C
		started := 0
		for _, s := range f.sinks {
			if s.packets.Load() > 0 {
				started++
			}
		}
		if started == n {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("%d of %d viewers get packets", started, n)
		}
	}
}

// fanOutRound is how many packets one fan is given: at this pace layers are
// measured at more than any line takes, and paused once they are chosen anew.
const fanOutRound = 20000

func BenchmarkFanOut20(b *testing.B) {
	var f *fan
	var at time.Time
	forwarded := int64(0)
	b.ReportAllocs()
	for i := fanOutRound; b.Loop(); {
		if i == fanOutRound {
			b.StopTimer()
			if f != nil {
				forwarded += f.sent()
			}
			f = newFan(b, 20)
			publishUntil(b, f, 20)
			i, at = 0, time.Now()
			b.StartTimer()
		}
		i++
		// A clock that runs fast keeps the policer content.
		f.publish(at.Add(time.Duration(i) * time.Millisecond))
		for want := int64(i-64) * 20; f.sent() < want; {
			<-time.NewTimer(10 * time.Microsecond).C
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(max(1, forwarded+f.sent())), "ns/forwarded")
}
