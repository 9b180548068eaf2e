package rooms

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestAFullMachineLetsNobodyNewIn has the machine fill up amid a meeting.
func TestAFullMachineLetsNobodyNewIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reason := errors.New("217 of 256 file descriptors are in use")
		var full error
		limit := func(c *Config) { c.Room = func() error { return full } }
		tokens := &fakeTokens{}
		h := newHouse(t, tokens, limit)
		ada, ben := h.person(Guest, "Ada"), h.person(Guest, "Ben")
		waits := h.mustOpen(Request{Role: Guest})
		full = reason
		for _, req := range []Request{{Role: Guest}, {Kind: Publisher, Role: Member}, {Kind: Spectator, Role: Viewer}} {
			_, err := h.open(req)
			wantCode(t, err, CodeUnavailable)
			if e, ok := errors.AsType[*Error](err); !ok || e.RetryAfter < time.Second || e.Message == "" || !errors.Is(err, reason) {
				t.Errorf("refused with %+v", err)
			}
		}
		ok(t, waits.Join(bg, 1, "Cy", Sending{})) // has been let in already
		ok(t, ada.Say(bg, 2, "still here", ""))
		ben.Detach()
		back, err := h.resume(ben)
		ok(t, err)
		if w := back.Welcome(); w.Outcome != Resumed {
			t.Errorf("who comes back is given %+v", w)
		}
		h.close()

		next := newHouse(t, tokens, limit) // after a restart nobody has a place
		_, err = next.resume(back)
		wantCode(t, err, CodeUnavailable)
		full = nil
		_, err = next.resume(back)
		ok(t, err)
		next.close()
	})
}
