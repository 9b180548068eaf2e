package bwe

import (
	"testing"
	"time"
)

// TestOnlyPacketsWhoseArrivalIsReportedAreRemembered sends to clients that say
// when packets arrive and to others: of what goes to those it is only counted how much.
func TestOnlyPacketsWhoseArrivalIsReportedAreRemembered(t *testing.T) {
	for _, agreed := range []bool{false, true} {
		e := New(Config{})
		if agreed {
			e.Expect()
		}
		if e.history.ring != nil {
			t.Error("packets are remembered before any left")
		}
		at := time.Duration(0)
		for n := range 3000 {
			at = time.Duration(n) * 5 * time.Millisecond
			e.Prefetch(1, uint16(n), 1)
			e.Sent(uint16(n), 1000, at)
		}
		if got := len(e.history.ring) > 0; got != agreed {
			t.Errorf("agreed %v: room for %d packets", agreed, len(e.history.ring))
		}
		if got := e.Sending(at); got < 1_500_000 || got > 1_700_000 {
			t.Errorf("agreed %v: %d bit/s leave, want 1600000", agreed, got)
		}
		e.Repeated(2999) // of what nothing is known nothing follows
	}
}
