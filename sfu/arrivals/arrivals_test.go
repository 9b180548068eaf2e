package arrivals_test

import (
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	pion "github.com/pion/rtcp"

	"palabre/sfu/arrivals"
	"palabre/sfu/rtcp"
)

// report is what a publisher knows after some feedbacks: when each packet came,
// and which are said to be missing.
type report struct {
	came  map[uint16]time.Duration
	lost  map[uint16]bool
	media []uint32
	count []uint8
}

func newReport() *report {
	return &report{came: map[uint16]time.Duration{}, lost: map[uint16]bool{}}
}

func (r *report) read(t *testing.T, b []byte) {
	t.Helper()
	for p := range rtcp.All(b) {
		if !p.IsArrivals() {
			t.Fatalf("%x is no feedback", b)
		}
		p.Arrivals(func(sequence uint16, received bool, at time.Duration) bool {
			if received {
				r.came[sequence] = at
				delete(r.lost, sequence)
			} else if _, ok := r.came[sequence]; !ok {
				r.lost[sequence] = true
			}
			return true
		})
	}
	var theirs pion.TransportLayerCC
	if err := theirs.Unmarshal(b); err != nil {
		t.Fatalf("Pion does not read %x: %v", b, err)
	}
	r.media, r.count = append(r.media, theirs.MediaSSRC), append(r.count, theirs.FbPktCount)
}

// tell has everything said there is to say.
func tell(t *testing.T, r *arrivals.Recorder, to *report) {
	t.Helper()
	for n := 0; r.Pending(); n++ {
		if n > 100 {
			t.Fatal("there is always more to say")
		}
		to.read(t, r.Append(nil, 1))
	}
	if b := r.Append(nil, 1); len(b) > 0 {
		t.Errorf("with nothing to say it says %x", b)
	}
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

func TestAFeedbackSaysWhatCameSinceTheLast(t *testing.T) {
	var r arrivals.Recorder
	if r.Pending() {
		t.Error("there is something to say of nothing")
	}
	got := newReport()
	r.Note(5, 65_534, ms(10))
	r.Note(5, 65_535, ms(11))
	r.Note(6, 1, ms(13))
	r.Note(6, 1, ms(99)) // a copy
	tell(t, &r, got)
	r.Note(7, 2, ms(60))
	tell(t, &r, got)
	if want := (map[uint16]time.Duration{65_534: ms(10), 65_535: ms(11), 1: ms(13), 2: ms(60)}); !maps.Equal(got.came, want) {
		t.Errorf("it says that %v came, want %v", got.came, want)
	}
	if !maps.Equal(got.lost, map[uint16]bool{0: true}) {
		t.Errorf("it says that %v are lost", got.lost)
	}
	if len(got.count) != 2 || got.count[1] != got.count[0]+1 || got.media[0] != 6 || got.media[1] != 7 {
		t.Errorf("feedbacks %v about %v", got.count, got.media)
	}
}

func TestALatePacketIsToldOf(t *testing.T) {
	for late, want := range map[time.Duration]bool{ms(5): true, ms(500): true, ms(501): false} {
		var r arrivals.Recorder
		got := newReport()
		r.Note(5, 10, ms(100))
		r.Note(5, 12, ms(102))
		tell(t, &r, got)
		r.Note(5, 11, ms(102)+late)
		tell(t, &r, got)
		if _, came := got.came[11]; came != want {
			t.Errorf("of a packet %v late it says %v", late, came)
		}
	}
}

func TestLongGaps(t *testing.T) {
	for gap, lost := range map[uint16]int{1: 0, 2: 1, 300: 299, 1500: 1499, 2047: 2046, 2048: 0, 30_000: 0} {
		var r arrivals.Recorder
		got := newReport()
		r.Note(5, 10, ms(100))
		tell(t, &r, got)
		r.Note(5, 10+gap, ms(900))
		tell(t, &r, got)
		if got.came[10] != ms(100) || got.came[10+gap] != ms(900) || len(got.lost) != lost {
			t.Errorf("a gap of %d: %d lost, %v came", gap, len(got.lost), got.came)
		}
	}
}

func TestASenderThatCountsAnewIsToldAgain(t *testing.T) {
	for _, back := range []uint16{3000, 20_000, 32_000} {
		var r arrivals.Recorder
		for round := range 5 { // each further back
			first, got := uint16(60_000)-uint16(round)*back, newReport()
			for i := range uint16(40) {
				r.Note(5, first+i, ms(1000*round+int(i)))
			}
			tell(t, &r, got)
			if at, came := got.came[first+39]; !came || at != ms(1000*round+39) {
				t.Errorf("%d back, round %d: the last one came at %v, %v", back, round, at, came)
			}
			r.Note(5, first+2*back, ms(1000*round+50)) // one that strays changes nothing
		}
	}
}

// A property: whatever comes in whatever order, the publisher learns of every
// packet that comes, with its time to 125 µs, and that what never came is lost; Pion's recorder tells it the same.
func TestThePublisherLearnsAll(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var ours arrivals.Recorder
		theirs, got, want := twcc.NewRecorder(1), newReport(), newReport()
		first := uint16(rnd.Uint32())
		at, came := ms(1000+rnd.IntN(1e6)), map[uint16]time.Duration{}
		jump := 1 + rnd.IntN(30)
		note := func(sequence uint16) {
			at += time.Duration(rnd.IntN(3000)) * time.Microsecond
			ours.Note(5, sequence, at)
			theirs.Record(5, sequence, at.Microseconds())
			if _, ok := came[sequence]; !ok {
				came[sequence] = at
			}
		}
		say := func() {
			tell(t, &ours, got)
			for _, p := range theirs.BuildFeedbackPacket() {
				b, err := p.Marshal()
				if err != nil {
					t.Fatal(err)
				}
				want.read(t, b)
			}
		}
		note(first)
		for i := uint16(1); i < 600; i++ {
			switch rnd.IntN(10) {
			case 0: // lost
			case 1: // overtaken
				i += uint16(rnd.IntN(jump))
				note(first + i)
				note(first + i - uint16(rnd.IntN(jump)))
			default:
				note(first + i)
			}
			if rnd.IntN(20) == 0 {
				say()
			}
		}
		note(first + 700)
		say()
		for sequence, at := range came {
			if off := got.came[sequence] - at; off < -125*time.Microsecond || off > 125*time.Microsecond {
				t.Fatalf("seed %d: %d came at %v, it says %v", seed, sequence, at, got.came[sequence])
			}
		}
		for i := range uint16(700) {
			if _, ok := came[first+i]; ok == got.lost[first+i] {
				t.Fatalf("seed %d: of %d it says that it is lost: %v", seed, first+i, !ok)
			}
		}
		if !maps.Equal(got.lost, want.lost) || len(got.came) != len(want.came) {
			t.Fatalf("seed %d: Pion says that %d came and %d are lost, we %d and %d", seed, len(want.came), len(want.lost), len(got.came), len(got.lost))
		}
	}
}

func TestRecordingDoesNotAllocate(t *testing.T) {
	var r arrivals.Recorder
	sequence, at, b := uint16(0), ms(0), make([]byte, 0, 1200)
	round := func() {
		for range 100 {
			sequence++
			at += ms(1)
			r.Note(5, sequence, at)
		}
		for r.Pending() {
			b = r.Append(b[:0], 1)
		}
	}
	for range 50 {
		round()
	}
	if n := testing.AllocsPerRun(100, round); n > 0 {
		t.Errorf("a feedback allocates %v times", n)
	}
}
