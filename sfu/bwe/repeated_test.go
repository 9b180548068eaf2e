package bwe

import (
	"testing"
	"time"
)

// TestARepeatedPacketTellsNoDelay has a packet sent again under its number
// arrive long after its neighbours.
func TestARepeatedPacketTellsNoDelay(t *testing.T) {
	e := New(Config{})
	e.Expect()
	tell := func(at time.Duration, numbers ...uint16) {
		e.Feedback(func(yield func(uint16, bool, time.Duration) bool) {
			for _, n := range numbers {
				if !yield(n, true, at) {
					return
				}
			}
		}, at)
	}
	for n := range uint16(10) {
		e.Sent(n, 1000, time.Duration(n)*10*time.Millisecond)
		if n != 5 {
			tell(time.Duration(n)*10*time.Millisecond+20*time.Millisecond, n)
		}
	}
	e.Repeated(5)
	got := e.losses.got
	tell(time.Second, 5)
	if e.losses.got != got || e.history.find(5).state != repeatedPacket {
		t.Errorf("%d arrivals, want %d; the packet is in state %d", e.losses.got, got, e.history.find(5).state)
	}
}
