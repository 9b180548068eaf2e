package bwe

import (
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// sender sends so much and hears that everything arrived, or what is lost.
type sender struct {
	*Estimator
	at       time.Duration
	sequence uint16
}

const (
	packetSize = 1000
	pause      = 100 * time.Millisecond
)

// pass sends bits a second for a while, in even packets, with a report every
// 100 ms; lost says which of a hundred packets do not arrive.
func (s *sender) pass(d time.Duration, bits float64, lost func(i int) bool) {
	for end := s.at + d; s.at < end; {
		first := s.sequence
		count := int(bits * pause.Seconds() / 8 / packetSize)
		for i := range count {
			s.Sent(s.sequence, packetSize, s.at+time.Duration(i)*pause/time.Duration(count))
			s.sequence++
		}
		s.at += pause
		s.Feedback(func(yield func(uint16, bool, time.Duration) bool) {
			for i := range count {
				arrival := s.at - pause + time.Duration(i)*pause/time.Duration(count) + 20*time.Millisecond
				if !yield(first+uint16(i), lost == nil || !lost(i), arrival) {
					return
				}
			}
		}, s.at+40*time.Millisecond)
	}
}

func newSender() *sender {
	s := &sender{Estimator: New(Config{}), at: time.Second, sequence: 65500}
	s.Expect()
	return s
}

func TestStartsWhereAScreenCanBeRead(t *testing.T) {
	if got := newSender().Target(time.Second); got < 1_500_000 {
		t.Errorf("starts at %d", got)
	}
}

func TestNoProbeBeyondWhatIsWanted(t *testing.T) {
	for wanted, most := range map[int]float64{0: 0, 1_500_000: 0, 3_000_000: 3_000_000 * room, 100_000_000: defaultStart * firstScale} {
		s := newSender()
		s.Wanted(wanted)
		s.pass(time.Second, 1e6, nil)
		rate := 0.0
		if s.Padding(s.at) > 0 {
			rate = s.prober.cluster.rate
		}
		if rate > most || most > 0 && rate < 0.9*most {
			t.Errorf("wanted %d: probes for %.0f, want %.0f", wanted, rate, most)
		}
	}
}

// TestPaddingKeepsThePace asks for padding in steps: a cluster leaves at its
// rate, and no more than it is worth.
func TestPaddingKeepsThePace(t *testing.T) {
	s := newSender()
	s.Wanted(8_000_000)
	s.pass(time.Second, 1e6, nil)
	begun, sent := s.at, 0
	for step := range 20 {
		at := begun + time.Duration(step)*stepTime
		for due := s.Padding(at); due > 0; due = s.Padding(at) {
			s.Sent(s.sequence, due, at)
			s.sequence++
			sent += due
		}
		if allowed := firstScale * defaultStart / 8 * (at - begun + stepTime).Seconds(); float64(sent) > allowed+1 {
			t.Fatalf("%d bytes after %v, %.0f are due", sent, at-begun, allowed)
		}
	}
	if want := int(firstScale * defaultStart / 8 * clusterTime.Seconds()); sent != want || s.Probing() {
		t.Errorf("%d bytes, want %d; still probing: %v", sent, want, s.Probing())
	}
}

func TestAProbeThatPassesIsBelieved(t *testing.T) {
	s := newSender()
	s.Wanted(20_000_000)
	for range 60 {
		s.at += stepTime
		first, at := s.sequence, s.at
		for due := s.Padding(at); due > 0; due = s.Padding(at) {
			s.Sent(s.sequence, min(due, packetSize), at)
			s.sequence++
		}
		last := s.sequence
		s.Feedback(func(yield func(uint16, bool, time.Duration) bool) {
			for n := first; n != last; n++ {
				yield(n, true, at+20*time.Millisecond)
			}
		}, at)
	}
	if got := s.Target(s.at); got < 15_000_000 {
		t.Errorf("%d after probes that passed", got)
	}
}

// TestSteadyLossCollapsesNothing loses a share whatever is sent.
func TestSteadyLossCollapsesNothing(t *testing.T) {
	for _, share := range []float64{0.01, 0.05, 0.10, 0.20} {
		s, r := newSender(), rand.New(rand.NewPCG(3, 4))
		s.pass(30*time.Second, 1.9e6, func(int) bool { return r.Float64() < share })
		if got := s.Target(s.at); got < 1_700_000 {
			t.Errorf("%.0f %% lost by chance, and the target is %d", share*100, got)
		}
	}
}

// TestWhatALineThatIsNotFilledLosesIsUsual loses a tenth of whatever is sent:
// that a little more is sent for a moment is no reason to try less.
func TestWhatALineThatIsNotFilledLosesIsUsual(t *testing.T) {
	for seed := range uint64(20) {
		s, r := newSender(), rand.New(rand.NewPCG(seed, 4))
		lost := func(int) bool { return r.Float64() < 0.10 }
		s.pass(10*time.Second, 1.1e6, lost)
		before := s.Target(s.at)
		for range 50 {
			s.pass(pause, 1.4e6, lost)
			if got := s.Target(s.at); got < before {
				t.Fatalf("seed %d: the target is %d, it was %d", seed, got, before)
			}
		}
	}
}

// TestLossByTooMuchIsFollowed has a line without a queue drop what it does not carry.
func TestLossByTooMuchIsFollowed(t *testing.T) {
	s := newSender()
	const carries = 1_000_000
	count := carries * pause.Seconds() / 8 / packetSize
	for range 60 {
		rate := float64(s.Target(s.at))
		s.pass(pause, rate, func(i int) bool { // evenly what is too much
			total := rate * pause.Seconds() / 8 / packetSize
			return total > count && int(float64(i+1)*(1-count/total)) > int(float64(i)*(1-count/total))
		})
	}
	if got := s.Target(s.at); got > 1.25*carries {
		t.Errorf("the target is %d on a line that carries %d", got, int(carries))
	}
}

func TestSilenceLowersTheTarget(t *testing.T) {
	s := newSender()
	s.pass(2*time.Second, 1e6, nil)
	s.Sent(s.sequence, packetSize, s.at)
	before := s.Target(s.at)
	if got := s.Target(s.at + 5*time.Second); got > before/8 {
		t.Errorf("%d after five seconds without a report, %d before", got, before)
	}
	if s.Padding(s.at+5*time.Second) > 0 {
		t.Error("probes a line that is silent")
	}
}

// TestAQueuePassesThoughNothingIsSent has the line become narrow until nothing
// is sent any more, so that nothing is reported either: the target comes back.
func TestAQueuePassesThoughNothingIsSent(t *testing.T) {
	s := newSender()
	s.pass(3*time.Second, 1.9e6, nil)
	late := time.Duration(0)
	for range 8 { // everything takes 100 ms longer than what was before
		first := s.sequence
		for i := range 10 {
			s.Sent(s.sequence, packetSize, s.at+time.Duration(i)*10*time.Millisecond)
			s.sequence++
		}
		s.at, late = s.at+pause, late+pause
		s.Feedback(func(yield func(uint16, bool, time.Duration) bool) {
			for i := range 10 {
				yield(first+uint16(i), true, s.at-pause+time.Duration(i)*20*time.Millisecond+late)
			}
		}, s.at+late)
	}
	s.at += late
	low := s.Target(s.at)
	if estimate := s.Stats(s.at).Estimate; low > estimate/2 {
		t.Fatalf("%d may be sent with a long queue and an estimate of %d", low, estimate)
	}
	if got := s.Target(s.at + time.Second); got < 3*low/2 {
		t.Errorf("still %d a second after everything has arrived, %d before", got, low)
	}
}

// TestAClientWithoutReportsIsServed is one that agreed to report and does not:
// nothing is known against what it is sent, until it says so otherwise.
func TestAClientWithoutReportsIsServed(t *testing.T) {
	s := newSender()
	for i := range 50 {
		s.Sent(uint16(i), packetSize, s.at+time.Duration(i)*100*time.Millisecond)
	}
	s.at += 5 * time.Second
	if got := s.Target(s.at); got != defaultMost {
		t.Errorf("limited to %d", got)
	}
	for range 5 {
		s.REMB(30_000, s.at)
	}
	if got := s.Target(s.at); got != lowFloor {
		t.Errorf("%d after an estimate far under what is sent", got)
	}
}

// TestForeignReportsChangeNothing takes in reports of packets never sent.
func TestForeignReportsChangeNothing(t *testing.T) {
	s := newSender()
	s.pass(time.Second, 1e6, nil)
	before := s.Stats(s.at)
	s.Feedback(func(yield func(uint16, bool, time.Duration) bool) {
		for n := range 4096 {
			yield(uint16(n)+30_000, n%2 == 0, time.Duration(n)*time.Hour)
		}
	}, s.at)
	if after := s.Stats(s.at); after != before {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

// TestWhateverIsReported keeps the target within its bounds.
func TestWhateverIsReported(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		jump := rapid.Int64Range(1, 1<<62).Draw(t, "jump")
		s := newSender()
		s.Wanted(rapid.IntRange(-1, 1<<40).Draw(t, "wanted"))
		for range rapid.IntRange(1, 100).Draw(t, "rounds") {
			for range r.IntN(40) {
				s.Sent(s.sequence, r.IntN(1500), s.at)
				s.sequence++
			}
			s.at += time.Duration(r.IntN(3000)) * time.Millisecond
			first, count := s.sequence-uint16(r.IntN(100)), r.IntN(120)
			s.Feedback(func(yield func(uint16, bool, time.Duration) bool) {
				for i := range count {
					yield(first+uint16(i), r.IntN(4) > 0, time.Duration(r.Int64N(jump)-jump/2))
				}
			}, s.at)
			s.Padding(s.at)
			if got := s.Target(s.at); got < defaultLeast || got > defaultMost {
				t.Fatalf("the target is %d", got)
			}
		}
	})
}

func TestPacketsAndReportsDoNotAllocate(t *testing.T) {
	s := newSender()
	s.Wanted(2_000_000)
	s.pass(5*time.Second, 2e6, nil)
	report := func(yield func(uint16, bool, time.Duration) bool) {
		for i := range uint16(25) {
			yield(s.sequence-25+i, i != 7, s.at+20*time.Millisecond+time.Duration(i)*time.Millisecond)
		}
	}
	round := func() {
		for i := range 25 {
			s.Sent(s.sequence, packetSize, s.at+time.Duration(i)*time.Millisecond)
			s.sequence++
		}
		s.at += pause
		s.Feedback(report, s.at)
		s.Padding(s.at)
		s.Target(s.at)
	}
	if allocs := testing.AllocsPerRun(1000, round); allocs != 0 {
		t.Errorf("%v allocations for 25 packets and a report", allocs)
	}
}

// BenchmarkPacket is what a packet costs: sent, reported and judged, 25 a report.
func BenchmarkPacket(b *testing.B) {
	s := newSender()
	s.Wanted(2_000_000)
	report := func(yield func(uint16, bool, time.Duration) bool) {
		for i := range uint16(25) {
			yield(s.sequence-25+i, true, s.at+20*time.Millisecond+time.Duration(i)*time.Millisecond)
		}
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		s.Sent(s.sequence, packetSize, s.at+time.Duration(n%25)*time.Millisecond)
		s.sequence++
		if n++; n%25 == 0 {
			s.at += pause
			s.Feedback(report, s.at)
		}
	}
}

// BenchmarkHostileReport is a report about as many packets as are gone through.
func BenchmarkHostileReport(b *testing.B) {
	s := newSender()
	s.pass(5*time.Second, 10e6, nil)
	report := func(yield func(uint16, bool, time.Duration) bool) {
		for i := range uint16(4096) {
			yield(i, true, s.at)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Feedback(report, s.at)
	}
}
