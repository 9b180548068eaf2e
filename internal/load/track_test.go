package load

import (
	"testing"

	"pgregory.net/rapid"
)

func TestSequenceCountsGaps(t *testing.T) {
	for _, c := range []struct {
		name                     string
		numbers                  []uint16
		lost, recovered, repeats uint64
	}{
		{"in order", []uint16{1, 2, 3}, 0, 0, 0},
		{"over the wrap", []uint16{65534, 65535, 0, 1}, 0, 0, 0},
		{"one gone", []uint16{1, 3}, 1, 0, 0},
		{"over the wrap with a gap", []uint16{65534, 1}, 2, 0, 0},
		{"late", []uint16{1, 3, 2, 4}, 0, 1, 0},
		{"twice", []uint16{1, 2, 2, 1}, 0, 0, 2},
		{"late and twice", []uint16{1, 3, 2, 2}, 0, 1, 1},
		{"before the first", []uint16{10, 9}, 0, 0, 1},
	} {
		var s sequence
		for i, n := range c.numbers {
			s.note(7, n, int64(i))
		}
		if lost := s.lostBefore(100); lost != c.lost || s.recovered != c.recovered || s.repeated != c.repeats {
			t.Errorf("%s: %d lost, %d recovered, %d repeated", c.name, lost, s.recovered, s.repeated)
		}
	}
}

func TestGapsAtTheEndAreNotYetLost(t *testing.T) {
	var s sequence
	s.note(1, 1, 10)
	s.note(1, 3, 20) // 2 is noticed missing at 20
	s.note(1, 5, 30) // 4 at 30
	if got := s.lostBefore(30); got != 1 {
		t.Errorf("%d lost before 30, want 1", got)
	}
}

func TestAnotherStreamBeginsAnew(t *testing.T) {
	var s sequence
	s.note(1, 1, 0)
	s.note(1, 3, 0)
	s.note(2, 40_000, 0)
	s.note(2, 40_001, 0)
	if got := s.lostBefore(1); got != 1 {
		t.Errorf("%d lost, want the one of the first stream", got)
	}
}

func TestHugeGapsAreBounded(t *testing.T) {
	var s sequence
	s.note(1, 0, 0)
	s.note(1, 30_000, 0)
	if len(s.missing) != maxMissing || s.lostBefore(1) != 29_999 {
		t.Errorf("%d waited for, %d lost", len(s.missing), s.lostBefore(1))
	}
}

// Whatever is dropped, delayed or repeated, the count is what never came.
func TestSequenceAgreesWithTheTruth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := rapid.Uint16().Draw(t, "start")
		fates := rapid.SliceOfN(rapid.SampledFrom([]string{"come", "come", "come", "drop", "late", "twice"}), 2, 400).Draw(t, "fates")
		fates[0], fates[len(fates)-1] = "come", "come" // only a gap between two is seen
		var s sequence
		var want, late uint64
		var held []uint16
		for i, fate := range fates {
			n := start + uint16(i)
			switch fate {
			case "drop":
				want++
			case "late":
				held = append(held, n)
				late++
			case "twice":
				s.note(9, n, 0)
				s.note(9, n, 0)
			default:
				s.note(9, n, 0)
			}
		}
		for _, n := range held {
			s.note(9, n, 0)
		}
		if got := s.lostBefore(1); got != want || s.recovered != late {
			t.Fatalf("%d lost and %d recovered, want %d and %d", got, s.recovered, want, late)
		}
	})
}

func TestVisitsCountWhatWasWithheld(t *testing.T) {
	var v visit
	one, two := newSource(1, 0), newSource(2, 0)
	if !v.note(marker{source: one, counter: 5}, 1000, true) {
		t.Error("the first packet is a new source")
	}
	v.note(marker{source: one, counter: 6}, 1001, true)
	v.note(marker{source: one, counter: 10}, 1003, true) // 7, 8, 9 missing, one of them lost
	v.note(marker{source: one, counter: 8}, 1002, true)  // late
	v.note(marker{source: one, counter: 74}, 1067, true) // 63 were not looked at
	if v.skipped != 2 {
		t.Errorf("%d skipped, want 2", v.skipped)
	}
	if !v.note(marker{source: two, counter: 99}, 1068, true) || v.skipped != 2 {
		t.Errorf("another source is not a gap: %d", v.skipped)
	}
	v.note(marker{source: two, counter: 200}, 1069, false)
	if v.skipped != 2 {
		t.Error("what happens before measuring does not count")
	}
}
