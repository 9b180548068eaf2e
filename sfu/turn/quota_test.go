package turn_test

import (
	"testing"
	"time"

	"github.com/pion/stun/v4"

	"palabre/sfu/turn"
)

// TestASilentAllocationMakesWay has a client whose connections died come back:
// what it left behind is still there and must not keep it out.
func TestASilentAllocationMakesWay(t *testing.T) {
	const most = 8
	r := start(t, func(c *turn.Config) { c.Silent = time.Millisecond })
	credential := r.Grant()
	var left []*asker
	for range most {
		a := r.dial(credential)
		if code := a.allocate(false); code != 0 {
			t.Fatalf("allocation %d: %d", len(left)+1, code)
		}
		left = append(left, a)
	}
	<-time.NewTimer(10 * time.Millisecond).C // all are silent for longer than they may be
	talking, silent := left[0], left[1]
	if code := talking.ask(stun.MethodRefresh); code != 0 {
		t.Fatalf("refresh: %d", code)
	}
	if code := r.dial(credential).allocate(false); code != 0 {
		t.Errorf("one more is answered %d", code)
	}
	if !over(silent.conn, time.Now().Add(wait)) {
		t.Error("the one silent for longest is still open")
	}
	if code := talking.ask(stun.MethodRefresh); code != 0 {
		t.Errorf("the one that talks is answered %d", code)
	}
	until(t, "as many as may be", func() bool { return r.value("open", "allocations") == most })
}

// TestAnAllocationInUseStays refuses one more where all are in use.
func TestAnAllocationInUseStays(t *testing.T) {
	r := start(t, func(c *turn.Config) { c.Silent = time.Hour })
	credential := r.Grant()
	for range 8 {
		if code := r.dial(credential).allocate(false); code != 0 {
			t.Fatal(code)
		}
	}
	if code := r.dial(credential).allocate(false); code != 486 {
		t.Errorf("one more is answered %d", code)
	}
	if held := r.value("open", "allocations"); held != 8 {
		t.Errorf("%v allocations held", held)
	}
}
