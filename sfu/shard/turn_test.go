package shard

import (
	"slices"
	"testing"
	"time"
)

func TestATurnIsBounded(t *testing.T) {
	st := NewStill(1)
	s := st.shards[0]
	var done []int
	post := func(n int) {
		for range n {
			number := len(done) + len(s.inbox) + len(s.batch) - s.interlude.at
			s.post(func(*Shard, time.Time) { done = append(done, number) }, nil)
		}
	}
	turn := func(want int) {
		t.Helper()
		if last := s.turn(st.Now); last {
			t.Error("it was the last turn")
		}
		if len(done) != want {
			t.Fatalf("%d things are done, want %d", len(done), want)
		}
	}
	post(2*mostItems + 50)
	turn(mostItems)
	post(10) // wait behind the others
	turn(2 * mostItems)
	turn(2*mostItems + 50)
	turn(2*mostItems + 60)
	turn(2*mostItems + 60)
	post(mostItems + 1)
	s.stop() // what was taken is done
	turn(3*mostItems + 60)
	if !s.turn(st.Now) || len(done) != 3*mostItems+61 {
		t.Errorf("stopped with %d things done", len(done))
	}
	if !slices.IsSorted(done) {
		t.Error("they were not done in their order")
	}
}
