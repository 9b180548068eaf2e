package rewrite_test

import (
	"testing"
	"time"
)

// TestSecondRepairsAreKnown tells a packet's first repair from later ones.
func TestSecondRepairsAreKnown(t *testing.T) {
	s := video()
	s.Want(1)
	out, _ := forward(s, 1, picture(t, 0, true))
	for try := range 3 {
		now := time.Duration(try+1) * time.Second
		sent, ok := s.Lookup(out.Sequence, now, 20*time.Millisecond)
		if !ok || sent.Again != (try > 0) {
			t.Errorf("repair %d: %+v, %v", try+1, sent, ok)
		}
	}
}
