package rewrite_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"palabre/sfu/cache"
	"palabre/sfu/codec"
	"palabre/sfu/rewrite"
	"palabre/sfu/rtp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// failer is any of the kinds of test.
type failer interface {
	Helper()
	Fatal(args ...any)
}

// packet makes a received packet with a payload of three bytes, or none.
func packet(t failer, sequence uint64, timestamp uint32, capture time.Duration, f codec.Frame) *cache.Packet {
	t.Helper()
	o := rtp.Outgoing{SequenceNumber: uint16(sequence), Timestamp: timestamp, Marker: f.End}
	var raw []byte
	if f == (codec.Frame{}) {
		raw = rtp.AppendPadding(nil, &rtp.Extensions{}, &o, 20)
	} else {
		raw = append(rtp.AppendHeader(nil, &rtp.Extensions{}, &o), 1, 2, 3)
	}
	p := cache.NewPool().Copy(raw)
	if err := rtp.Parse(p.Bytes(), &rtp.Extensions{}, &p.Header); err != nil {
		t.Fatal(err)
	}
	p.Sequence, p.Frame, p.Capture = sequence, f, capture
	return p
}

const frameTicks, frameTime = 3000, time.Second / 30

// picture is the only packet of frame n of a stream whose frames have one packet each.
func picture(t testing.TB, n int, key bool) *cache.Packet {
	return packet(t, uint64(100_000+n), uint32(500+n*frameTicks), time.Duration(n)*frameTime,
		codec.Frame{KeyFrame: key, Start: true, End: true, HasPictureID: true, PictureBits: 15, PictureID: uint16(n), HasTL0: true, TL0: uint8(n)})
}

func video() *rewrite.Stream {
	return rewrite.New(rewrite.Config{ClockRate: 90000, Sequence: 65534, Timestamp: 1 << 31, PictureID: 32766, TL0: 254})
}

// step is one packet into the stream and what is to become of it.
type step struct {
	drop     bool
	n        int
	key      bool
	verdict  rewrite.Verdict
	sequence uint16
}

func run(t *testing.T, s *rewrite.Stream, o rewrite.Origin, steps []step) {
	t.Helper()
	for i, st := range steps {
		decide := s.Forward
		if st.drop {
			decide = s.Drop
		}
		var out rewrite.Out
		verdict := decide(o, picture(t, st.n, st.key), &out)
		if verdict != st.verdict || verdict != rewrite.Skip && out.Sequence != st.sequence {
			t.Fatalf("step %d: packet %d became %d under %d, want %d under %d", i, st.n, verdict, out.Sequence, st.verdict, st.sequence)
		}
	}
}

func TestNothingPassesBeforeAKeyFrame(t *testing.T) {
	s := video()
	run(t, s, 1, []step{{n: 0, key: true}})
	s.Want(1)
	run(t, s, 2, []step{{n: 0, key: true}})
	run(t, s, 1, []step{{n: 0}, {n: 1}, {n: 2, key: true, verdict: rewrite.Send, sequence: 65534}})
	if s.Current() != 1 || s.Waiting() != 0 {
		t.Errorf("carries %d, waits for %d", s.Current(), s.Waiting())
	}
}

func TestLossLeavesAGapThatTheLatePacketFills(t *testing.T) {
	s := video()
	s.Want(1)
	run(t, s, 1, []step{
		{n: 0, key: true, verdict: rewrite.Send, sequence: 65534},
		{n: 3, verdict: rewrite.Send, sequence: 1},
		{n: 2, verdict: rewrite.Send, sequence: 0},
		{n: 2}, // a duplicate
		{n: 4, verdict: rewrite.Send, sequence: 2},
		{n: 1, verdict: rewrite.Send, sequence: 65535},
	})
}

func TestDroppedOnPurposeLeavesNoGap(t *testing.T) {
	s := video()
	s.Want(1)
	run(t, s, 1, []step{
		{n: 0, key: true, verdict: rewrite.Send, sequence: 65534},
		{n: 1, drop: true},
		{n: 2, verdict: rewrite.Send, sequence: 65535},
		{n: 1}, // too late to change one's mind
		{n: 4, verdict: rewrite.Send, sequence: 1},
		{n: 3, drop: true, verdict: rewrite.Fill, sequence: 0},
		{n: 3, drop: true},
		{n: 5, verdict: rewrite.Send, sequence: 2},
	})
}

func TestPicturesAreCountedOn(t *testing.T) {
	s := video()
	s.Want(1)
	var got []uint16
	for n := range 6 {
		p := picture(t, n, n == 0)
		if n == 2 || n == 3 {
			s.Drop(1, p, &rewrite.Out{})
			continue
		}
		out, _ := forward(s, 1, p)
		got = append(got, out.PictureID)
	}
	s.Want(2)
	out, _ := forward(s, 2, picture(t, 77, true))
	got = append(got, out.PictureID)
	for i, id := range got {
		if want := uint16(32766+i) & 0x7FFF; id != want {
			t.Errorf("picture %d has id %d, want %d", i, id, want)
		}
	}
	if want := uint8(4); out.TL0 != want { // 254 + 5 + 1, come round
		t.Errorf("the key frame after the switch has TL0PICIDX %d, want %d", out.TL0, want)
	}
}

func TestPaddingLeavesNoGap(t *testing.T) {
	s := video()
	s.Want(1)
	run(t, s, 1, []step{{n: 0, key: true, verdict: rewrite.Send, sequence: 65534}})
	if _, verdict := forward(s, 1, packet(t, 100_001, 500, 0, codec.Frame{})); verdict != rewrite.Skip {
		t.Errorf("padding became %d", verdict)
	}
	run(t, s, 1, []step{{n: 2, verdict: rewrite.Send, sequence: 65535}})
}

func TestStopShowsNobodyUntilTheNextKeyFrame(t *testing.T) {
	s := video()
	s.Want(1)
	run(t, s, 1, []step{{n: 0, key: true, verdict: rewrite.Send, sequence: 65534}})
	s.Want(2)
	s.Stop()
	run(t, s, 1, []step{{n: 1}, {n: 2, key: true}})
	run(t, s, 2, []step{{n: 1}, {n: 2, key: true, verdict: rewrite.Send, sequence: 65535}})
	run(t, s, 1, []step{{n: 3, key: true}})
	s.Want(3)
	s.Want(2) // never mind
	run(t, s, 3, []step{{n: 9, key: true}})
	run(t, s, 2, []step{{n: 3, verdict: rewrite.Send, sequence: 0}})
}

func TestWhatCameBeforeTheSwitchIsDropped(t *testing.T) {
	s := video()
	s.Want(1)
	run(t, s, 1, []step{{n: 5, key: true, verdict: rewrite.Send, sequence: 65534}, {n: 7, verdict: rewrite.Send, sequence: 0}})
	s.Want(2)
	run(t, s, 2, []step{{n: 8, key: true, verdict: rewrite.Send, sequence: 1}, {n: 7}, {n: 10, verdict: rewrite.Send, sequence: 3}})
	run(t, s, 1, []step{{n: 6}, {n: 8}})
	run(t, s, 2, []step{{n: 9, verdict: rewrite.Send, sequence: 2}})
}

func TestABreakUpstreamIsOneFreeNumber(t *testing.T) {
	s := video()
	s.Want(1)
	run(t, s, 1, []step{
		{n: 0, key: true, verdict: rewrite.Send, sequence: 65534},
		{n: 20_000, verdict: rewrite.Send, sequence: 0},
		{n: 20_001, verdict: rewrite.Send, sequence: 1},
	})
}

func TestLookupGivesWhatWasSent(t *testing.T) {
	s := video()
	s.Want(7)
	first, _ := forward(s, 7, picture(t, 0, true))
	third, _ := forward(s, 7, picture(t, 2, false))
	got, ok := s.Lookup(third.Sequence, time.Second, 50*time.Millisecond)
	if !ok || got.Origin != 7 || got.Sequence != 100_002 || got.Out != third || got.Missing || got.Padding {
		t.Errorf("third: %+v %v, want %+v", got, ok, third)
	}
	if missing, ok := s.Lookup(third.Sequence-1, time.Second, 0); !ok || !missing.Missing || missing.Sequence != 100_001 {
		t.Errorf("second: %+v %v", missing, ok)
	}
	second, verdict := forward(s, 7, picture(t, 1, false))
	if again, ok := s.Lookup(third.Sequence-1, time.Second, 0); verdict != rewrite.Send || !ok || again.Out != second {
		t.Errorf("second when it came: %+v, want %+v", again, second)
	}
	for _, never := range []uint16{first.Sequence - 1, third.Sequence + 1, third.Sequence + 30_000} {
		if got, ok := s.Lookup(never, time.Second, 0); ok {
			t.Errorf("number %d was never sent, but is %+v", never, got)
		}
	}
}

func TestLookupLimitsRetransmissions(t *testing.T) {
	s := video()
	s.Want(1)
	out, _ := forward(s, 1, picture(t, 0, true))
	now, sent := 70*time.Second, 0
	for range 10_000 { // a storm, ten a millisecond
		if _, ok := s.Lookup(out.Sequence, now, 50*time.Millisecond); ok {
			sent++
		}
		now += 100 * time.Microsecond
	}
	if sent != rewrite.MaxResends {
		t.Errorf("sent again %d times, want %d", sent, rewrite.MaxResends)
	}
}

func TestHistoryForgetsTheOldest(t *testing.T) {
	s := rewrite.New(rewrite.Config{ClockRate: 90000, History: 16})
	s.Want(1)
	for n := range 40 {
		forward(s, 1, picture(t, n, n == 0))
	}
	for n := range 40 {
		got, ok := s.Lookup(uint16(n), 0, 0)
		if ok != (n >= 24) || ok && got.Sequence != uint64(100_000+n) {
			t.Errorf("number %d: %+v, %v", n, got, ok)
		}
	}
}

func TestPadOnlyBetweenFrames(t *testing.T) {
	s := video()
	if _, ok := s.Pad(); ok {
		t.Error("padding before anything was sent")
	}
	s.Want(1)
	last, _ := forward(s, 1, picture(t, 0, true))
	pad, ok := s.Pad()
	if !ok || pad.Sequence != last.Sequence+1 || pad.Timestamp != last.Timestamp {
		t.Errorf("padding is %+v, %v", pad, ok)
	}
	if again, ok := s.Lookup(pad.Sequence, 0, 0); !ok || !again.Padding {
		t.Errorf("padding asked for again is %+v, %v", again, ok)
	}
	begin := codec.Frame{Start: true, HasPictureID: true, PictureBits: 15, PictureID: 2}
	forward(s, 1, packet(t, 100_002, 500+2*frameTicks, 2*frameTime, begin))
	if _, ok := s.Pad(); ok {
		t.Error("padding in the middle of a frame")
	}
	run(t, s, 1, []step{{n: 1, verdict: rewrite.Send, sequence: pad.Sequence + 1}})
}

func TestForwardDoesNotAllocate(t *testing.T) {
	s := video()
	s.Want(1)
	p := picture(t, 0, true)
	if n := testing.AllocsPerRun(2000, func() {
		out, _ := forward(s, 1, p)
		s.Lookup(out.Sequence, 0, 0)
		p.Sequence += 2
		p.Header.Timestamp += frameTicks
		p.Capture += frameTime
		p.Frame.PictureID = (p.Frame.PictureID + 1) & 0x7FFF
		p.Sequence--
		s.Drop(1, p, &rewrite.Out{})
		p.Sequence++
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func BenchmarkForward(b *testing.B) {
	s := video()
	s.Want(1)
	p := picture(b, 0, true)
	b.ReportAllocs()
	for b.Loop() {
		forward(s, 1, p)
		p.Sequence++
		p.Header.Timestamp += frameTicks
		p.Capture += frameTime
		p.Frame.PictureID = (p.Frame.PictureID + 1) & 0x7FFF
	}
}
