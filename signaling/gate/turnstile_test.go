package gate

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// busy is processors that take a time for what they are given, one thing after
// the other: what Gosched shows of them.
func busy(work *time.Duration) func() time.Duration {
	return func() time.Duration {
		took := *work
		time.Sleep(took)
		return took
	}
}

// crowd has people of some ranks come at once, in this order, and gives who went through when.
func crowd(t *testing.T, turnstile *Turnstile, people []Rank) (order []Rank, at []time.Duration) {
	t.Helper()
	var mu sync.Mutex
	var through sync.WaitGroup
	begin := time.Now()
	for _, rank := range people {
		through.Go(func() {
			if err := turnstile.Pass(t.Context(), rank); err != nil {
				t.Errorf("somebody of rank %v is not let in: %v", rank, err)
			}
			mu.Lock()
			defer mu.Unlock()
			order, at = append(order, rank), append(at, time.Since(begin))
		})
		synctest.Wait() // who came has gone through, or waits
	}
	through.Wait()
	time.Sleep(time.Minute) // the turnstile rests again
	synctest.Wait()
	return order, at
}

func TestACrowdIsLetInAsTheProcessorsKeepUp(t *testing.T) {
	for name, c := range map[string]struct {
		work  time.Duration
		every time.Duration // between two people
	}{
		"idle":                {0, 0},
		"keeping up":          {promptly, promptly},
		"falling behind":      {8 * time.Millisecond, 24 * time.Millisecond}, // until patience is over
		"hopelessly overrun":  {time.Second, time.Second},
		"just over the bound": {promptly + 1, patience + patience/time.Duration(promptly)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				work := c.work
				turnstile := NewTurnstile(busy(&work))
				_, at := crowd(t, turnstile, make([]Rank, 5))
				for i := 1; i < len(at); i++ {
					if got := at[i] - at[i-1]; got < c.every || got > c.every+promptly+time.Microsecond {
						t.Errorf("the %dth came %v after the one before, want %v", i+1, got, c.every)
					}
				}
			})
		})
	}
}

func TestWhoHasBegunGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		work := 5 * time.Millisecond
		turnstile := NewTurnstile(busy(&work))
		order, _ := crowd(t, turnstile, []Rank{Newcomer, Newcomer, Returning, Newcomer, Begun, Returning, Begun})
		want := []Rank{Newcomer, Begun, Begun, Returning, Returning, Newcomer, Newcomer}
		if !slices.Equal(order, want) {
			t.Errorf("they went in as %v, want %v", order, want)
		}
	})
}

func TestWhoGivesUpHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		work := patience
		turnstile := NewTurnstile(busy(&work))
		if err := turnstile.Pass(t.Context(), Newcomer); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		var given sync.WaitGroup
		for range 3 {
			given.Go(func() {
				if err := turnstile.Pass(ctx, Newcomer); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("who waits no more gets %v", err)
				}
			})
		}
		synctest.Wait()
		begin := time.Now()
		if err := turnstile.Pass(t.Context(), Newcomer); err != nil {
			t.Fatal(err)
		}
		given.Wait()
		if took := time.Since(begin); took > patience {
			t.Errorf("who came last waited for those who had gone, %v", took)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if turnstile.turning {
			t.Error("the turnstile turns while nobody waits")
		}
	})
}

// A property: whoever comes, in whatever order, gets in, and no more are let
// through than the processors were asked for.
func TestEverybodyGetsIn(t *testing.T) {
	var mu sync.Mutex
	asked := 0
	turnstile := NewTurnstile(func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		asked++
		return SchedulingDelay()
	})
	var in sync.WaitGroup
	for i := range 500 {
		in.Go(func() {
			if err := turnstile.Pass(t.Context(), Rank(i%int(ranks))); err != nil {
				t.Error(err)
			}
		})
	}
	in.Wait()
	mu.Lock()
	defer mu.Unlock()
	if asked < 499 {
		t.Errorf("500 people went in after %d looks at the processors", asked)
	}
}
