package client_test

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"palabre/client"
	"palabre/client/clienttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long tests wait for what must happen. Two busy cores need some.
const patience = 20 * time.Second

func newServer(t *testing.T) *clienttest.Server {
	t.Helper()
	s := clienttest.NewServer()
	t.Cleanup(s.Close)
	return s
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func join(t *testing.T, c client.Config) *client.Session {
	t.Helper()
	if c.Room == "" {
		c.Room = "garden"
	}
	s, err := client.Join(within(t), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// until polls for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("waited %v for %s", patience, what)
		case <-tick.C:
		}
	}
}

// await reads events until one of type E satisfies ok.
func await[E client.Event](t *testing.T, s *client.Session, ok func(E) bool) E {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case <-deadline:
			var want E
			t.Fatalf("waited %v for event %T", patience, want)
		case e, open := <-s.Events():
			if !open {
				var want E
				t.Fatalf("session ended (%v) before event %T", s.Err(), want)
			}
			if e, is := e.(E); is && (ok == nil || ok(e)) {
				return e
			}
		}
	}
}
