package bwe

import (
	"testing"
	"time"
)

// silent has packets leave of which nothing is reported.
func (s *sender) silent(packets int) {
	for range packets {
		s.Sent(s.sequence, 100, s.at)
		s.sequence++
		s.at += 20 * time.Millisecond
	}
}

// TestRestIsNoSilence: that nothing is reported of what left last, nor for long
// after, is no sign that nothing arrives; once there are numbers again it is.
func TestRestIsNoSilence(t *testing.T) {
	s := newSender()
	s.pass(5*time.Second, 1e6, nil)
	before := s.Target(s.at)
	s.silent(10)
	s.Rest()
	s.at += 5 * time.Minute
	if got := s.Target(s.at); got != before {
		t.Errorf("%d while resting, %d before", got, before)
	}
	s.Resume()
	s.silent(40)
	if got := s.Target(s.at); got != before {
		t.Errorf("%d as it begins again, %d before", got, before)
	}
	s.silent(100)
	if got := s.Target(s.at); got > before/2 {
		t.Errorf("%d though nothing was reported for almost 3 s", got)
	}
	s.pass(time.Second, 1e6, nil)
	if got := s.Target(s.at); got < before {
		t.Errorf("%d once reports come, %d before", got, before)
	}
}

// TestNothingIsProbedAtRest: no cluster begins, one that is being sent ends, and
// the next need not wait for it.
func TestNothingIsProbedAtRest(t *testing.T) {
	s := newSender()
	s.Wanted(20_000_000)
	s.pass(time.Second, 1e6, nil)
	if s.Padding(s.at) == 0 || !s.Probing() {
		t.Fatal("no probe begins")
	}
	s.Rest()
	for range 100 {
		if s.Probing() || s.Padding(s.at) > 0 {
			t.Fatal("probes at rest")
		}
		s.at += 20 * time.Millisecond
	}
	s.Resume()
	if s.Padding(s.at) == 0 {
		t.Error("no probe once there are numbers again")
	}
}

// TestClocksDriftAtRest: after long the delay is measured anew, for the viewer's
// clock has drifted and the way may be longer.
func TestClocksDriftAtRest(t *testing.T) {
	for _, drift := range []time.Duration{300 * time.Millisecond, -300 * time.Millisecond} {
		s := newSender()
		s.pass(5*time.Second, 1e6, nil)
		before := s.Target(s.at)
		s.Rest()
		s.at += time.Hour
		s.Resume()
		for range 30 {
			first := s.sequence
			s.silent(5)
			s.Feedback(func(yield func(uint16, bool, time.Duration) bool) {
				for i := range 5 {
					yield(first+uint16(i), true, s.at+time.Duration(i-4)*20*time.Millisecond+drift)
				}
			}, s.at+40*time.Millisecond)
			if got := s.Stats(s.at); got.Queue > 5*time.Millisecond || got.Overuse || got.Target < before {
				t.Fatalf("knows %+v of a line that is as it was", got)
			}
		}
	}
}

// TestWhoNeverReportsIsNotLimitedAfterARest: that it was found out is not
// forgotten, and that it was not yet found out takes as long as ever.
func TestWhoNeverReportsIsNotLimitedAfterARest(t *testing.T) {
	for packets, want := range map[int]int{200: defaultMost, 5: defaultStart} {
		s := newSender()
		s.silent(packets)
		s.Rest()
		s.at += time.Minute
		s.Resume()
		s.silent(50)
		if got := s.Target(s.at); got != want {
			t.Errorf("%d after a rest that %d packets came before, want %d", got, packets, want)
		}
	}
}

// TestReceptionReportsTellOfLossAtRest, of nothing but loss, and what they
// tell holds until arrivals tell more.
func TestReceptionReportsTellOfLossAtRest(t *testing.T) {
	s := newSender()
	s.pass(5*time.Second, 1e6, func(i int) bool { return i%50 == 0 })
	before := s.Target(s.at)
	s.Rest()
	if got := s.Stats(s.at); got.Loss < 0.01 || !got.Guided || !got.Idle || got.Acknowledged != 0 {
		t.Errorf("knows %+v as the rest begins", got)
	}
	for range 20 {
		s.at += time.Second
		s.Report(0.4, 50, s.at)
	}
	if loss, recent := s.Stats(s.at).Loss, s.Loss(); loss != 0.4 || recent != 0.4 {
		t.Errorf("loses %v, %v lately, want 0.4", loss, recent)
	}
	if got := s.Target(s.at); got != before {
		t.Errorf("%d by reception reports, %d before", got, before)
	}
	s.Resume()
	if loss, recent := s.Stats(s.at).Loss, s.Loss(); loss != 0.4 || recent != 0.4 {
		t.Errorf("lost %v, %v lately, want 0.4", loss, recent)
	}
	s.pass(3*time.Second, 1e6, nil)
	if loss := s.Stats(s.at).Loss; loss != 0 {
		t.Errorf("loses %v by reports of arrivals, want 0", loss)
	}
}
