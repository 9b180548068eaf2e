package speakers

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// stage plays voices to a Meeting, a packet every 20 ms each.
type stage struct {
	m       *Meeting
	now     time.Time
	rnd     *rand.Rand
	changes map[Change]int
}

func newStage(n int) *stage {
	return &stage{m: New(n), now: start, rnd: rand.New(rand.NewPCG(1, 2)), changes: map[Change]int{}}
}

// play lets the people in levels talk for a while; who is in quiet sends soft noise.
func (s *stage) play(d time.Duration, quiet string, levels map[string]uint8) {
	ids := make([]string, 0, len(levels))
	for id := range levels {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for end := s.now.Add(d); s.now.Before(end); s.now = s.now.Add(20 * time.Millisecond) {
		for _, id := range strings.Split(quiet, "") {
			s.note(s.m.Observe(id, uint8(75+s.rnd.IntN(10)), true, s.now))
		}
		for _, id := range ids {
			s.note(s.m.Observe(id, levels[id]+uint8(s.rnd.IntN(6)), true, s.now))
		}
		s.note(s.m.Tick(s.now))
	}
}

func (s *stage) note(c Change) {
	for _, kind := range []Change{LoudestChanged, SpeakingChanged, DominantChanged} {
		if c&kind != 0 {
			s.changes[kind]++
		}
	}
}

func TestFirstLoudPacketIsForwarded(t *testing.T) {
	s := newStage(2)
	s.play(2*time.Second, "abcd", nil)
	for _, id := range []string{"a", "b", "c", "d"} {
		if c := s.m.Observe(id, 30, true, s.now); c&LoudestChanged == 0 || !s.m.Loud(id) {
			t.Fatalf("%s is not heard at once: %v", id, s.m.Loudest())
		}
		s.play(time.Second, "abcd", nil) // silent again before the next begins
	}
	if got := s.m.Loudest(); !slices.Equal(got, []string{"d", "c"}) {
		t.Errorf("loudest %v", got)
	}
}

func TestVoicesKeepTheirPlacesWhileAllTalk(t *testing.T) {
	s := newStage(2)
	s.play(3*time.Second, "cd", map[string]uint8{"a": 25, "b": 30})
	s.changes = map[Change]int{}
	s.play(20*time.Second, "d", map[string]uint8{"a": 25, "b": 30, "c": 29})
	if s.changes[LoudestChanged] != 0 {
		t.Errorf("%d changes among equals", s.changes[LoudestChanged])
	}
	s.play(time.Second, "", map[string]uint8{"a": 25, "b": 30, "c": 29, "d": 15})
	if s.changes[LoudestChanged] != 1 || !s.m.Loud("d") || s.m.Loud("b") {
		t.Errorf("a much louder voice: %d changes, loudest %v", s.changes[LoudestChanged], s.m.Loudest())
	}
}

func TestFiftyMicrophonesGiveFiveVoices(t *testing.T) {
	s := newStage(0)
	for range 40 {
		levels := map[string]uint8{}
		for i := range 50 {
			levels[fmt.Sprint("p", i)] = uint8(20 + s.rnd.IntN(60))
		}
		s.play(500*time.Millisecond, "", levels)
		if n := len(s.m.Loudest()); n != DefaultLoudest {
			t.Fatalf("%d voices", n)
		}
	}
}

func TestNoiseIsNoVoice(t *testing.T) {
	s := newStage(1)
	s.play(15*time.Second, "b", map[string]uint8{"fan": 45})
	if c := s.m.Observe("b", 25, true, s.now); c&LoudestChanged == 0 {
		t.Error("a fan keeps the only place")
	}
	if slices.Contains(s.m.Speaking(), "fan") {
		t.Error("a fan speaks")
	}
	s.play(60*time.Second, "b", map[string]uint8{"music": 25})
	if !slices.Contains(s.m.Speaking(), "music") {
		t.Error("even music falls silent")
	}
}

func TestSendersWithoutVoiceBitAreHeard(t *testing.T) {
	m := New(1)
	if m.Observe("a", 35, true, start); !m.Loud("a") {
		t.Error("an ordinary voice is not heard at once")
	}
	m = New(1)
	if m.Observe("a", 25, false, start); !m.Loud("a") {
		t.Error("a sender without the voice bit is not heard")
	}
	if m.Observe("a", 127, true, start); m.Observe("b", 127, true, start) != 0 {
		t.Error("silence is loud")
	}
	if m.Observe("b", 255, true, start) != 0 {
		t.Error("an impossible level is loud")
	}
}

func TestSpeakingIsShownSoonAndNotForClicks(t *testing.T) {
	s := newStage(5)
	s.play(time.Second, "ab", nil)
	s.play(40*time.Millisecond, "b", map[string]uint8{"a": 20})
	if len(s.m.Speaking()) != 0 || !s.m.Quiet() {
		t.Error("a click speaks")
	}
	s.play(time.Second, "ab", nil)
	s.play(100*time.Millisecond, "b", map[string]uint8{"a": 30})
	if got := s.m.Speaking(); !slices.Equal(got, []string{"a"}) || s.m.Quiet() {
		t.Errorf("after 100 ms speak %v", got)
	}
	s.play(time.Second, "", map[string]uint8{"a": 40, "b": 20})
	if got := s.m.Speaking(); !slices.Equal(got, []string{"b", "a"}) {
		t.Errorf("loudest first: %v", got)
	}
	s.changes = map[Change]int{}
	s.play(time.Second, "ab", nil)
	if len(s.m.Speaking()) != 0 || s.changes[SpeakingChanged] != 1 {
		t.Errorf("after a second of silence speak %v, %d changes", s.m.Speaking(), s.changes[SpeakingChanged])
	}
}

func TestFloorChangesWithin200Milliseconds(t *testing.T) {
	for _, gap := range []time.Duration{0, 100 * time.Millisecond, time.Second} {
		s := newStage(5)
		s.play(3*time.Second, "b", map[string]uint8{"a": 25})
		if s.m.Dominant() != "a" {
			t.Fatalf("%q holds the floor", s.m.Dominant())
		}
		s.play(gap, "ab", nil)
		s.play(200*time.Millisecond, "a", map[string]uint8{"b": 35}) // softer, but alone
		if s.m.Dominant() != "b" {
			t.Errorf("%v after a fell silent and 200 ms after b began, %q holds the floor", gap, s.m.Dominant())
		}
	}
}

func TestFloorDoesNotFlap(t *testing.T) {
	s := newStage(5)
	s.play(3*time.Second, "b", map[string]uint8{"a": 25})
	s.changes = map[Change]int{}
	for range 20 { // both talk, words and pauses, b a little louder now and then
		s.play(300*time.Millisecond, "", map[string]uint8{"a": 25, "b": 23})
		s.play(100*time.Millisecond, "a", map[string]uint8{"b": 27})
		s.play(400*time.Millisecond, "b", map[string]uint8{"a": 25})
		s.play(100*time.Millisecond, "ab", nil)
	}
	if n := s.changes[DominantChanged]; n != 0 {
		t.Errorf("%d changes of the floor among equals", n)
	}
	for range 20 { // a cough in each of a's long pauses
		s.play(time.Second, "b", map[string]uint8{"a": 25})
		s.play(200*time.Millisecond, "ab", nil)
		s.play(100*time.Millisecond, "a", map[string]uint8{"b": 10})
		s.play(200*time.Millisecond, "ab", nil)
	}
	if n := s.changes[DominantChanged]; n != 0 || s.m.Dominant() != "a" {
		t.Errorf("%d changes of the floor for coughs", n)
	}
	for range 50 { // short answers, back and forth
		s.play(250*time.Millisecond, "b", map[string]uint8{"a": 25})
		s.play(250*time.Millisecond, "a", map[string]uint8{"b": 25})
	}
	if n := s.changes[DominantChanged]; n > 25 {
		t.Errorf("%d changes of the floor in 25 s", n)
	}
}

func TestTalkingOverTakesTheFloor(t *testing.T) {
	s := newStage(5)
	s.play(3*time.Second, "b", map[string]uint8{"a": 40})
	s.play(time.Second, "", map[string]uint8{"a": 40, "b": 15})
	if s.m.Dominant() != "a" {
		t.Error("the floor was lost within a second")
	}
	s.play(time.Second, "", map[string]uint8{"a": 40, "b": 15})
	if s.m.Dominant() != "b" {
		t.Error("two seconds of talking over did not take the floor")
	}
}

func TestLeaving(t *testing.T) {
	s := newStage(5)
	s.play(3*time.Second, "c", map[string]uint8{"a": 20, "b": 30})
	if s.m.Dominant() != "a" {
		t.Fatalf("%q holds the floor", s.m.Dominant())
	}
	if c := s.m.Remove("a", s.now); c != LoudestChanged|SpeakingChanged|DominantChanged {
		t.Errorf("change %b", c)
	}
	if s.m.Dominant() != "b" || s.m.Loud("a") || !slices.Equal(s.m.Speaking(), []string{"b"}) {
		t.Errorf("after a left: %q, %v", s.m.Dominant(), s.m.Speaking())
	}
	s.play(time.Second, "bc", nil)
	if s.m.Dominant() != "b" {
		t.Error("silence lost the floor")
	}
	if c := s.m.Remove("b", s.now); c&DominantChanged == 0 || s.m.Dominant() != "" {
		t.Errorf("the floor of nobody is %q", s.m.Dominant())
	}
	if s.m.Remove("nobody", s.now) != 0 {
		t.Error("a stranger left")
	}
}

func TestMeetingHoldsWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 3).Draw(t, "n")
		m, now := New(n), start
		here := map[string]bool{}
		loudest, speaking, dominant := m.Loudest(), m.Speaking(), m.Dominant()
		for range rapid.IntRange(1, 80).Draw(t, "packets") {
			now = now.Add(time.Duration(rapid.IntRange(0, 700).Draw(t, "ms")) * time.Millisecond)
			id := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(t, "id")
			var c Change
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				c = m.Remove(id, now)
				delete(here, id)
			case 1:
				c = m.Tick(now)
			default:
				c = m.Observe(id, rapid.Uint8().Draw(t, "level"), rapid.Bool().Draw(t, "voice"), now)
				here[id] = true
			}
			l, s, d := m.Loudest(), m.Speaking(), m.Dominant()
			if len(l) > n || m.Quiet() != (len(s) == 0) || d != "" && !here[d] {
				t.Fatalf("loudest %v, speaking %v, dominant %q", l, s, d)
			}
			for _, id := range append(slices.Clone(l), s...) {
				if !here[id] {
					t.Fatalf("%s is not here", id)
				}
			}
			if same(l, loudest) == (c&LoudestChanged != 0) || same(s, speaking) == (c&SpeakingChanged != 0) || (d == dominant) == (c&DominantChanged != 0) {
				t.Fatalf("change %b: %v to %v, %v to %v, %q to %q", c, loudest, l, speaking, s, dominant, d)
			}
			loudest, speaking, dominant = l, s, d
		}
	})
}

// same says whether two lists name the same people.
func same(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

func BenchmarkObserve(b *testing.B) {
	m, now := New(5), start
	ids := make([]string, 200)
	for i := range ids {
		ids[i] = fmt.Sprint("participant-", i)
	}
	i := 0
	for b.Loop() {
		i++
		now = now.Add(100 * time.Microsecond)
		m.Observe(ids[i%len(ids)], uint8(20+i%80), true, now)
	}
}
