package sfu

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestARoomRestsByWhatItsSeatingTakes(t *testing.T) {
	for took, want := range map[time.Duration]time.Duration{
		0:                       0,
		worthResting - 1:        0, // a small meeting never waits
		worthResting:            restFor * worthResting,
		2 * time.Millisecond:    restFor * 2 * time.Millisecond,
		300 * time.Millisecond:  longestRest,
		longestRest / restFor:   longestRest,
		longestRest/restFor + 1: longestRest,
	} {
		synctest.Test(t, func(t *testing.T) {
			r, begin := &room{stop: make(chan struct{})}, time.Now()
			if r.rest(took); time.Since(begin) != want {
				t.Errorf("after %v it rested %v, want %v", took, time.Since(begin), want)
			}
			close(r.stop)
			begin = time.Now()
			if r.rest(time.Second); time.Since(begin) != 0 {
				t.Error("a room that is closed rested")
			}
		})
	}
}
