package rtp_test

import (
	"testing"

	"pgregory.net/rapid"

	"palabre/sfu/rtp"
)

func TestUnwrapperFollowsAnyStream(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var u rtp.Unwrapper
		truth := uint64(rapid.Uint16().Draw(t, "start")) + 1<<16
		highest := truth
		if got := u.Unwrap(uint16(truth)); got != truth {
			t.Fatalf("first is %d, want %d", got, truth)
		}
		for range rapid.IntRange(1, 200).Draw(t, "packets") {
			truth = uint64(int64(highest) + rapid.Int64Range(-3000, 30000).Draw(t, "step"))
			if got := u.Unwrap(uint16(truth)); got != truth {
				t.Fatalf("%d gives %d, want %d", uint16(truth), got, truth)
			}
			highest = max(highest, truth)
		}
		if u.Highest() != highest {
			t.Fatalf("highest %d, want %d", u.Highest(), highest)
		}
	})
}

func TestUnwrapperGoesOnWhenTheSenderBeginsANewCount(t *testing.T) {
	var u rtp.Unwrapper
	before := u.Unwrap(30_000)
	if first := u.Unwrap(10_000); first >= before {
		t.Fatalf("one stray packet moved the count to %d", first)
	}
	second := u.Unwrap(10_001)
	if second <= before || uint16(second) != 10_001 {
		t.Fatalf("the new count goes on at %d, before was %d", second, before)
	}
	if third := u.Unwrap(10_002); third != second+1 {
		t.Errorf("third is %d, want %d", third, second+1)
	}
}
