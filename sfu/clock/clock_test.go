package clock

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestNTP(t *testing.T) {
	w := NewWall(origin)
	tests := map[time.Time]uint64{
		time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC):         0,
		time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC):         2208988800 << 32,
		time.Date(2026, 11, 21, 12, 0, 0, 5e8, time.UTC):    uint64(origin.Unix()+2208988800)<<32 | 1<<31,
		time.Date(2026, 11, 21, 11, 59, 59, 25e7, time.UTC): uint64(origin.Unix()-1+2208988800)<<32 | 1<<30,
		time.Date(2036, 2, 7, 6, 28, 16, 0, time.UTC):       0, // the next era
	}
	for at, want := range tests {
		if got := w.NTP(at); got != want {
			t.Errorf("%v: got %#x, want %#x", at, got, want)
		}
	}
}

func TestMappingGoesBothWaysOverTheWrap(t *testing.T) {
	anchor := uint32(0xffffff00)
	m := Mapping{timestamp: anchor, rate: 90000, at: origin}
	tests := map[uint32]time.Duration{
		anchor:         0,
		anchor + 90000: time.Second,
		anchor - 45000: -500 * time.Millisecond,
		anchor + 9:     100 * time.Microsecond,
	}
	for timestamp, want := range tests {
		if got := m.Captured(timestamp).Sub(origin); got != want {
			t.Errorf("%#x: got %v, want %v", timestamp, got, want)
		}
	}
	if (Mapping{}).Valid() || !(Mapping{}).Captured(7).IsZero() {
		t.Error("the zero mapping knows something")
	}
}

func TestFirstPacketIsCapturedWhenItArrives(t *testing.T) {
	track := NewSender().Track(48000)
	if track.Mapping().Valid() {
		t.Error("a mapping before any packet")
	}
	if !track.Packet(1000, at(1)) {
		t.Error("the first packet is a change")
	}
	if got := track.Mapping().Captured(1000); !got.Equal(at(1)) {
		t.Errorf("captured %v", got)
	}
	// A packet on a faster way shows that the first was delayed.
	track.Packet(1960, at(1.01))
	if got := track.Mapping().Captured(1960); !got.Equal(at(1.01)) {
		t.Errorf("captured %v", got)
	}
}

func TestReportBeforeAnyPacket(t *testing.T) {
	w := NewWall(origin)
	track := NewSender().Track(90000)
	track.Report(w.NTP(at(5)), 4000, at(7))
	if got := track.Mapping().Captured(4000 + 90000); !got.Equal(at(8)) {
		t.Errorf("captured %v", got)
	}
	if track.Report(0, 1, at(8)) {
		t.Error("a report without a wall clock changed something")
	}
}

func TestReportsPutTracksTogether(t *testing.T) {
	w := NewWall(origin)
	s := NewSender()
	voice, camera := s.Track(48000), s.Track(90000)
	// The camera's encoder takes 80 ms: by arrival, pictures lag.
	for i := range 100 {
		now := float64(i) * 0.02
		voice.Packet(uint32(i*960), at(now))
		camera.Packet(uint32(i*1800), at(now+0.08))
	}
	if skew := skew(voice, camera); skew < 70*time.Millisecond {
		t.Fatalf("before the reports: skew %v", skew)
	}
	voice.Report(w.NTP(at(2)), 96000, at(2))
	camera.Report(w.NTP(at(2)), 180000, at(2))
	before := camera.Mapping().Captured(180000)
	for i := 100; i < 250; i++ {
		now := float64(i) * 0.02
		voice.Packet(uint32(i*960), at(now))
		camera.Packet(uint32(i*1800), at(now+0.08))
		after := camera.Mapping().Captured(180000)
		if change := before.Sub(after).Abs(); change > 5*time.Millisecond {
			t.Fatalf("the mapping jumped by %v", change)
		}
		before = after
	}
	if skew := skew(voice, camera); skew.Abs() > time.Millisecond {
		t.Errorf("after the reports: skew %v", skew)
	}
}

// skew is by how much pictures are mapped later than voices captured together, at 2 s.
func skew(voice, camera *Track) time.Duration {
	return camera.Mapping().Captured(180000).Sub(voice.Mapping().Captured(96000))
}

func TestClosedTrackIsForgotten(t *testing.T) {
	s := NewSender()
	a, b := s.Track(48000), s.Track(0)
	a.Close()
	a.Close()
	if len(s.tracks) != 1 || s.tracks[0] != b {
		t.Errorf("%d tracks", len(s.tracks))
	}
	b.Packet(1, at(0)) // a rate of nothing divides nothing
	b.Packet(2, at(1))
}

func TestAnchorFollows(t *testing.T) {
	track := NewSender().Track(90000)
	now, timestamp := 0.0, uint32(0xfffffff0)
	for range 40 { // 27 hours, past the reach of 32 bits
		track.Packet(timestamp, at(now))
		if got := track.Mapping().Captured(timestamp); got.Sub(at(now)).Abs() > time.Millisecond {
			t.Fatalf("after %.0f s: captured %v too late", now, got.Sub(at(now)))
		}
		now, timestamp = now+2400, timestamp+2400*90000
	}
}

// Whatever a sender claims, its packets were captured about when they came:
// the timelines of other people's seats depend on it.
func TestCaptureStaysNearArrival(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := NewSender()
		tracks := []*Track{s.Track(48000), s.Track(90000), s.Track(1)}
		now := origin
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			track := tracks[rapid.IntRange(0, len(tracks)-1).Draw(t, "track")]
			now = now.Add(time.Duration(rapid.OneOf(rapid.Int64Range(0, int64(50*time.Millisecond)), rapid.Int64Range(0, int64(time.Hour))).Draw(t, "pass")))
			timestamp := rapid.Uint32().Draw(t, "timestamp")
			if rapid.Bool().Draw(t, "report") {
				track.Report(rapid.OneOf(rapid.Uint64(), rapid.Just(NewWall(origin).NTP(now))).Draw(t, "ntp"), timestamp, now)
				continue
			}
			track.Packet(timestamp, now)
			if late := now.Sub(track.Mapping().Captured(timestamp)); late < -early || late > patience {
				t.Fatalf("captured %v before it arrived", late)
			}
		}
	})
}

func BenchmarkPacket(b *testing.B) {
	track := NewSender().Track(48000)
	now, timestamp := origin, uint32(0)
	for b.Loop() {
		now, timestamp = now.Add(20*time.Millisecond), timestamp+960
		track.Packet(timestamp, now)
		_ = track.Mapping().Captured(timestamp)
	}
}
