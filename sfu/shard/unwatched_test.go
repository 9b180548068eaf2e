package shard_test

import (
	"math"
	"runtime"
	"testing"
	"time"

	"palabre/sfu/rtcp"
	"palabre/sfu/shard"
)

// TestALineThatShowsNothingTakesLittle: most lines of a viewer never show anything.
func TestALineThatShowsNothingTakesLittle(t *testing.T) {
	fan := newStillFan()
	defer fan.close()
	const lines, most = 1000, 600
	least := uint64(math.MaxUint64)
	for range 5 { // what else goes on in the process counts in
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range lines {
			fan.lines = append(fan.lines[:2], fan.viewer.NewLine(vp8Line("4"), "seat1", 30, 31))
		}
		runtime.ReadMemStats(&after)
		least = min(least, (after.TotalAlloc-before.TotalAlloc)/lines)
	}
	if least > most {
		t.Errorf("%d bytes a line, want at most %d", least, most)
	}
}

// TestALineThatShowsNothingIsAskedInVain has a client want packets, pictures and
// figures of a line that never carried anything.
func TestALineThatShowsNothingIsAskedInVain(t *testing.T) {
	fan := newStillFan()
	defer fan.close()
	const ssrc = 40
	fan.engine.Do(func() {
		fan.viewer.Connected()
		unused := fan.viewer.NewLine(vp8Line("4"), "seat1", ssrc, 41)
		fan.viewer.Negotiated(extensions(), nil, []*shard.Line{unused})
		tracks := fan.publisher.Negotiated(extensions(), []shard.Source{{Name: "camera", Line: vp8Line("0")}}, nil)
		fan.viewer.Watch([]shard.Watch{{Line: unused, Track: tracks[0]}}) // hidden
	})
	for _, packet := range [][]byte{
		{0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, ssrc, 0, 1, 255, 255},                                              // NACK
		{0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, ssrc},                                                              // PLI
		{0x81, 201, 0, 7, 0, 0, 0, 1, 0, 0, 0, ssrc, 10, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}, // receiver report
		rtcp.AppendSenderReport(nil, rtcp.Sent{SSRC: 1}, 0, 0),
	} {
		fan.viewer.Control(packet, fan.engine.Now())
		fan.engine.Pass(time.Second)
	}
	var got shard.LineStats
	fan.engine.Do(func() {
		for _, l := range fan.viewer.Snapshot().Lines {
			if l.SSRC == ssrc {
				got = l
			}
		}
	})
	if got.SSRC != ssrc || got.NACKs == 0 || got.Packets != 0 || fan.events.panics.Load() > 0 {
		t.Errorf("figures %+v, %d panics", got, fan.events.panics.Load())
	}
}
