package signaling_test

import (
	"bytes"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"palabre/rooms"
	"palabre/signaling"
	"palabre/signaling/protocol"
)

// pinged reads what a client gets until the test ends and counts the pings,
// each of which it answers.
func pinged(t *testing.T, c *client) *atomic.Int64 {
	t.Helper()
	var n atomic.Int64
	c.SetPingHandler(func(text string) error {
		n.Add(1)
		return c.WriteControl(websocket.PongMessage, []byte(text), time.Now().Add(time.Second))
	})
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			if _, _, err := c.ReadMessage(); err != nil {
				return
			}
		}
	})
	t.Cleanup(func() { _ = c.Close(); reading.Wait() })
	return &n
}

// TestWhoIsSilentIsPinged: a connection on which something goes both ways needs
// no pings; one that is silent either way gets them, as what is on the way cuts such.
func TestWhoIsSilentIsPinged(t *testing.T) {
	h := newHouse(t, func(c *signaling.Config, _ *rooms.Config) {
		c.Timing = signaling.Timing{Ping: 500 * time.Millisecond, Dead: 10 * time.Second}
	})
	enter := func(name string) *client { c, _, _ := h.enter(protocol.Hello{Room: name}, name); return c }
	silent, talking, unanswered := enter("Sam"), enter("Tea"), enter("Una")
	asleep, awake, ignored := pinged(t, silent), pinged(t, talking), pinged(t, unanswered)
	tick := time.NewTicker(60 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); asleep.Load() < 4 || ignored.Load() < 4; <-tick.C {
		if time.Since(began) > patience {
			t.Fatalf("%d pings to who is silent, %d to who is told nothing", asleep.Load(), ignored.Load())
		}
		talking.send(protocol.TypePing, nil)
		unanswered.send(protocol.TypeLayout, protocol.Layout{Mode: protocol.LayoutGrid})
	}
	if n := awake.Load(); n > 1 { // on a busy machine one may have seemed silent
		t.Errorf("%d pings to who asks and is answered all the time", n)
	}
}

// TestASilentConnectionIsOneGoroutine: what a connection needs while it speaks
// goes when it does not.
func TestASilentConnectionIsOneGoroutine(t *testing.T) {
	h := newHouse(t)
	const people = 5
	for i := range people {
		c, _, _ := h.enter(protocol.Hello{Room: "r"}, string(rune('A'+i)))
		c.send(protocol.TypePing, nil)
		c.frame(protocol.TypePong)
	}
	eventually(t, "one goroutine each", func() bool {
		var all bytes.Buffer
		if err := pprof.Lookup("goroutine").WriteTo(&all, 2); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, stack := range strings.Split(all.String(), "\n\n") {
			if strings.Contains(stack, "signaling.(*conn)") {
				n++
			}
		}
		return n == people
	})
}
