package rooms

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"palabre/rooms/chat"
)

// TestOutboxIsOneStream pushes, takes, and comes back in any order: what a
// reader is given is always the next number after what it had, or the loss is told.
func TestOutboxIsOneStream(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		out, r := newOutbox(false)
		pushed, had := uint64(0), uint64(0)
		big := Line{chat.Line{Text: strings.Repeat("x", 50_000)}}
		attached := true
		rt.Repeat(map[string]func(*rapid.T){
			"push": func(rt *rapid.T) {
				data := rapid.SampledFrom([]Data{Waiting{}, big, Speakers{}, Quality{[]LinkQuality{{Participant: "p"}}}}).Draw(rt, "data")
				for range rapid.SampledFrom([]int{1, 3, 100}).Draw(rt, "times") {
					if out.push(0, data) {
						attached = false
					}
					switch data.(type) {
					case Speakers, Quality: // have no number
					default:
						pushed++
					}
				}
			},
			"take": func(rt *rapid.T) {
				events, err := out.take(r, rapid.IntRange(1, 300).Draw(rt, "limit"))
				if attached != (err == nil) || err != nil && !errors.Is(err, ErrSlow) && !errors.Is(err, ErrDetached) {
					rt.Fatalf("attached is %v, and take gives %v", attached, err)
				}
				for _, e := range events {
					if e.Seq != 0 && e.Seq != had+1 {
						rt.Fatalf("given %d after %d", e.Seq, had)
					}
					had = max(had, e.Seq)
				}
			},
			"detach": func(*rapid.T) {
				if out.detach(r, ErrDetached) != attached {
					rt.Fatalf("detached, though attached was %v", attached)
				}
				attached = false
			},
			"come back": func(rt *rapid.T) {
				last := had - min(had, rapid.Uint64Range(0, 5).Draw(rt, "unseen"))
				back, complete := out.attach(last)
				if !complete {
					return
				}
				if attached {
					if _, err := out.take(r, 1); !errors.Is(err, ErrTaken) {
						rt.Fatalf("the older reader gets %v", err)
					}
				}
				r, attached, had = back, true, last
			},
			"": func(rt *rapid.T) { checkOutbox(rt, out, pushed) },
		})
	})
}

func checkOutbox(rt *rapid.T, out *outbox, pushed uint64) {
	kept, pending := 0, 0
	for i, e := range out.log {
		kept += int(e.bytes)
		if i >= out.sent {
			pending += int(e.bytes)
		}
	}
	if kept != out.keptBytes || pending != out.pendingBytes || out.last != pushed {
		rt.Fatalf("counted %d bytes, %d pending, number %d; there are %d, %d, %d", out.keptBytes, out.pendingBytes, out.last, kept, pending, pushed)
	}
	if len(out.log) > maxKept || kept > maxKeptBytes {
		rt.Fatalf("%d events of %d bytes are kept", len(out.log), kept)
	}
}

func TestMuteOutboxKeepsNothingButTheEnd(t *testing.T) {
	out, r := newOutbox(true)
	for range 10_000 {
		if out.push(0, Waiting{}) {
			t.Fatal("nobody reads, and still was too slow")
		}
	}
	if events, err := out.take(r, 10); len(events) != 0 || err != nil {
		t.Errorf("kept %s, %v", describe(events), err)
	}
	out.end()
	if _, err := out.take(r, 10); !errors.Is(err, ErrEnded) {
		t.Errorf("after the end: %v", err)
	}
}

// TestWhatWasHeardIsNotKept: a client that went on reading has what it took long ago.
func TestWhatWasHeardIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out, r := newOutbox(false)
		for range 3 {
			out.push(0, Waiting{})
		}
		if events, err := out.take(r, 10); len(events) != 3 || err != nil {
			t.Fatal(events, err)
		}
		time.Sleep(heardAfter / 2)
		out.push(0, Waiting{})
		if len(out.log) != 4 {
			t.Errorf("%d events are kept of those taken just now", len(out.log))
		}
		time.Sleep(heardAfter)
		if events, err := out.take(r, 10); len(events) != 1 || err != nil {
			t.Fatal(events, err)
		}
		if len(out.log) != 1 {
			t.Errorf("%d events are kept, one was taken just now", len(out.log))
		}
		if _, complete := out.attach(2); complete {
			t.Error("somebody who heard two of four events is given the rest, which is gone")
		}
		if _, complete := out.attach(3); !complete {
			t.Error("who heard three of four events is not given the fourth")
		}
	})
}
