package outage_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"palabre/notify/outage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A queue goes away and comes back twice: each is said once, and the pauses grow up to a bound and begin anew.
func TestAnOutageIsSaidOnce(t *testing.T) {
	var said bytes.Buffer
	w := outage.New(slog.New(slog.NewTextHandler(&said, nil)), "the queue of letters", time.Second)
	away := errors.New("no answer")
	w.Looked(nil)
	if said.Len() > 0 || w.Pause() != time.Second {
		t.Fatalf("before anything failed: %q, %v", &said, w.Pause())
	}
	for round := range 2 {
		said.Reset()
		var pauses []time.Duration
		w.Failed(away) // somebody else finds out first
		for range 7 {
			w.Looked(away)
			w.Failed(away)
			pauses = append(pauses, w.Pause())
		}
		w.Looked(nil)
		w.Looked(nil)
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		if len(lines) != 2 || !strings.Contains(lines[0], "the queue of letters cannot be read") || !strings.Contains(lines[0], "no answer") ||
			!strings.Contains(lines[1], "the queue of letters can be read again") {
			t.Errorf("outage %d: said\n%s", round, &said)
		}
		if pauses[0] != 2*time.Second || pauses[2] != 8*time.Second || pauses[6] != outage.Longest || w.Pause() != time.Second {
			t.Errorf("outage %d: pauses %v, then %v", round, pauses, w.Pause())
		}
	}
}

// Who looks more seldom than the longest pause goes on doing so.
func TestPausesAreNeverShorterThanUsual(t *testing.T) {
	w := outage.New(slog.New(slog.DiscardHandler), "the queue", time.Minute)
	w.Looked(errors.New("away"))
	w.Looked(errors.New("away"))
	if w.Pause() != time.Minute {
		t.Errorf("the pause is %v", w.Pause())
	}
}
