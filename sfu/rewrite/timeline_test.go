package rewrite_test

import (
	"testing"
	"time"

	"palabre/sfu/cache"
	"palabre/sfu/codec"
	"palabre/sfu/rewrite"
	"palabre/sfu/rtp"
)

// offClock is how far after the server's clock a packet went out.
func offClock(s *rewrite.Stream, rate int, p *cache.Packet, out rewrite.Out) time.Duration {
	return time.Duration(int32(out.Timestamp-s.Timestamp(p.Capture))) * time.Second / time.Duration(rate)
}

func TestTimestampsAreOneLineOnTheServersClock(t *testing.T) {
	s := rewrite.New(rewrite.Config{ClockRate: 90000, Timestamp: 1 << 31})
	if got := s.Timestamp(0); got != 1<<31 {
		t.Errorf("time 0 is %d", got)
	}
	for _, at := range []time.Duration{time.Millisecond, time.Hour, 40 * 24 * time.Hour, 3 * 365 * 24 * time.Hour} {
		want := uint32(1<<31) + uint32(uint64(at/time.Millisecond)*90)
		if got := s.Timestamp(at); got != want {
			t.Errorf("%s is %d, want %d", at, got, want)
		}
	}
}

// two publishers with different RTP clocks and delays take turns in a seat.
func TestASwitchKeepsTheClock(t *testing.T) {
	s := video()
	for round := range 20 {
		o := rewrite.Origin(1 + round%2)
		s.Want(o)
		for i := range 10 {
			n := round*10 + i
			p := picture(t, n, i == 0)
			p.Header.Timestamp += uint32(o) * 123_456_789
			p.Capture += time.Duration(o) * 7 * time.Millisecond
			out, verdict := forward(s, o, p)
			if off := offClock(s, 90000, p, out); verdict != rewrite.Send || off < -time.Millisecond || off > time.Millisecond {
				t.Fatalf("frame %d of %d: verdict %d, %s off the clock", n, o, verdict, off)
			}
		}
	}
}

func TestADriftingSenderIsLedBack(t *testing.T) {
	s := video()
	s.Want(1)
	var last uint32
	for n := range 30 * 600 { // ten minutes with a clock 200 ppm too fast
		p := picture(t, n, n == 0)
		p.Header.Timestamp = uint32(float64(n*frameTicks) * 1.0002)
		out, _ := forward(s, 1, p)
		if off := offClock(s, 90000, p, out); off > 8*time.Millisecond || off < -8*time.Millisecond {
			t.Fatalf("frame %d is %s off the clock", n, off)
		}
		if step := out.Timestamp - last; n > 0 && (step < frameTicks-180 || step > frameTicks+180) {
			t.Fatalf("frame %d is %d ticks after the one before", n, step)
		}
		last = out.Timestamp
	}
}

func TestASenderThatBeginsANewCountIsFollowed(t *testing.T) {
	s := video()
	s.Want(1)
	for n := range 20 {
		p := picture(t, n, n == 0)
		if n >= 10 {
			p.Header.Timestamp += 1 << 30
		}
		out, _ := forward(s, 1, p)
		if off := offClock(s, 90000, p, out); off > time.Millisecond || off < -time.Millisecond {
			t.Fatalf("frame %d is %s off the clock", n, off)
		}
	}
}

func TestACachedStartCatchesUpWithTheClock(t *testing.T) {
	s := video()
	s.Want(1)
	for n := range 30 {
		forward(s, 1, picture(t, n, n == 0))
	}
	last := s.Timestamp(29 * frameTime)
	s.Want(2)
	for n := 5; n < 30; n++ { // a key frame 800 ms ago and what followed it
		p := picture(t, n, n == 5)
		out, verdict := forward(s, 2, p)
		if step := out.Timestamp - last; verdict != rewrite.Send || step == 0 || step > 91 {
			t.Fatalf("frame %d: verdict %d, %d ticks after the one before", n, verdict, step)
		}
		last = out.Timestamp
	}
	p := picture(t, 31, false)
	if out, _ := forward(s, 2, p); offClock(s, 90000, p, out) > time.Millisecond {
		t.Errorf("still %s behind the clock", offClock(s, 90000, p, out))
	}
}

// voice is packet n of 20 ms of sound.
func voice(t testing.TB, n int, capture time.Duration, level uint8) *cache.Packet {
	p := packet(t, uint64(100_000+n), uint32(77+n*960), capture, codec.Frame{KeyFrame: true, Start: true, End: true})
	p.Header.AudioLevel, p.Header.Marker = level, false
	p.Header.Present |= rtp.SetOf(rtp.AudioLevel)
	return p
}

func TestAVoiceTakesOverAtOnceAndComesBackToTheClock(t *testing.T) {
	s := rewrite.New(rewrite.Config{ClockRate: 48000, Audio: true})
	s.Want(1)
	for n := range 50 {
		out, verdict := forward(s, 1, voice(t, n, time.Duration(n)*20*time.Millisecond, 20))
		if verdict != rewrite.Send || out.Marker != (n == 0) {
			t.Fatalf("packet %d: %d %+v", n, verdict, out)
		}
	}
	s.Want(2)
	// The new voice comes with the 60 ms before it was chosen, so that its
	// first syllable is heard; then a pause lets it come back to the clock.
	next, left := uint16(50), 0
	for n := range 40 {
		level := uint8(20)
		if n > 20 {
			level = 90
		}
		p := voice(t, n, time.Duration(n)*20*time.Millisecond+920*time.Millisecond, level)
		out, verdict := forward(s, 2, p)
		switch {
		case verdict == rewrite.Skip && n > 20:
			left++
			continue
		case verdict != rewrite.Send || out.Sequence != next || out.Marker != (n == 0):
			t.Fatalf("packet %d: verdict %d, %+v, want number %d", n, verdict, out, next)
		}
		next++
		if off := offClock(s, 48000, p, out); off > 80*time.Millisecond || n == 39 && off > 20*time.Millisecond {
			t.Errorf("packet %d is %s off the clock", n, off)
		}
	}
	if left == 0 {
		t.Error("nothing quiet was left out")
	}
}

func TestASilentPauseInAVoiceKeepsItsLength(t *testing.T) {
	s := rewrite.New(rewrite.Config{ClockRate: 48000, Audio: true})
	s.Want(1)
	first, _ := forward(s, 1, voice(t, 0, 0, 20))
	p := voice(t, 50, time.Second, 20) // DTX: a second of nothing, numbers go on
	p.Sequence = 100_001
	second, _ := forward(s, 1, p)
	if second.Sequence != first.Sequence+1 || second.Timestamp-first.Timestamp != 48000 {
		t.Errorf("after a second of silence: %+v, before %+v", second, first)
	}
}

func TestADriftingVoiceIsSetRight(t *testing.T) {
	for name, rate := range map[string]float64{"slow": 0.9999, "fast": 1.0001} {
		t.Run(name, func(t *testing.T) { driftingVoice(t, rate) })
	}
}

func driftingVoice(t *testing.T, rate float64) {
	left := 0
	s := rewrite.New(rewrite.Config{ClockRate: 48000, Audio: true})
	s.Want(1)
	for n := range 50 * 600 { // ten minutes
		p := voice(t, n, time.Duration(n)*20*time.Millisecond, 90)
		p.Header.Timestamp = uint32(float64(n*960) * rate)
		out, verdict := forward(s, 1, p)
		if off := offClock(s, 48000, p, out); verdict == rewrite.Send && (off > 38*time.Millisecond || off < -22*time.Millisecond) {
			t.Fatalf("packet %d is %s off the clock", n, off)
		}
		if verdict == rewrite.Skip {
			left++
		}
	}
	if left > 6 {
		t.Errorf("%d packets of ten minutes were left out", left)
	}
}
