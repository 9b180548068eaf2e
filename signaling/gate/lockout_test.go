package gate_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"palabre/signaling/gate"
)

func newLockout(t *testing.T) *gate.Lockout {
	t.Helper()
	l, err := gate.NewLockout()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestWrongPasswordsTakeLongerAndLonger(t *testing.T) {
	l, guesser, now := newLockout(t), netip.MustParseAddr("203.0.113.7"), time.Now()
	for i := range 5 {
		if err := l.Guess(guesser, "garden", now); err != nil {
			t.Fatalf("guess %d: %v", i, err)
		}
	}
	for _, wait := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		wait *= time.Minute
		var locked *gate.Locked
		if err := l.Guess(guesser, "garden", now); !errors.As(err, &locked) || locked.After != wait {
			t.Fatalf("told %v, want to wait %v", err, wait)
		}
		if err := l.Guess(guesser, "cellar", now); err != nil && wait == time.Minute {
			t.Errorf("another room is locked as well: %v", err)
		}
		if err := l.Guess(netip.MustParseAddr("203.0.113.8"), "garden", now); err != nil && wait == time.Minute {
			t.Errorf("another address is locked as well: %v", err)
		}
		now = now.Add(wait)
		if err := l.Guess(guesser, "garden", now); err != nil {
			t.Fatalf("after %v: %v", wait, err)
		}
	}
	now = now.Add(48 * time.Hour)
	for i := range 5 {
		if err := l.Guess(guesser, "garden", now); err != nil {
			t.Fatalf("two days later, guess %d: %v", i, err)
		}
	}
}

func TestARightPasswordIsNoGuess(t *testing.T) {
	l, office, now := newLockout(t), netip.MustParseAddr("203.0.113.7"), time.Now()
	for i := range 50 {
		if err := l.Guess(office, "garden", now); err != nil {
			t.Fatalf("person %d of an office: %v", i, err)
		}
		l.Right(office, "garden")
	}
	for range 4 {
		_ = l.Guess(office, "garden", now)
	}
	if err := l.Guess(office, "garden", now); err != nil {
		t.Fatal(err)
	}
	l.Right(office, "garden")
	if err := l.Guess(office, "garden", now); err != nil {
		t.Fatal(err)
	}
	if err := l.Guess(office, "garden", now); !errors.Is(err, gate.ErrLocked) {
		t.Error("somebody who knows the password clears the guesses of who does not")
	}
}
