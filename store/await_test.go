package store

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Somebody waits for a database: it is said at once and every half minute, and no longer than was asked for.
func TestWaitingIsSaidNowAndThen(t *testing.T) {
	for name, test := range map[string]struct {
		back         time.Duration // when the database is there
		fault        error         // what it says until then
		least, most  time.Duration
		waiting, end int // lines that it is waited for, and that it is there
	}{
		"there at once":         {0, errAway, 0, 0, 0, 0},
		"there after a while":   {70 * time.Second, errAway, 70 * time.Second, 72 * time.Second, 3, 1},
		"never there":           {time.Hour, errAway, 90 * time.Second, 90 * time.Second, 3, 0},
		"waiting does not help": {time.Hour, errors.New("wrong password"), 0, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var said bytes.Buffer
				begin := time.Now()
				err := wait{
					limit: 90 * time.Second, log: slog.New(slog.NewTextHandler(&said, nil)),
					away: func(err error) bool { return errors.Is(err, errAway) },
					look: func(context.Context) error {
						if time.Since(begin) < test.back {
							return test.fault
						}
						return nil
					},
				}.run(t.Context())
				took := time.Since(begin)
				if err != nil || took < test.least || took > test.most {
					t.Errorf("waited %v: %v", took, err)
				}
				if n := strings.Count(said.String(), "waiting for the database"); n != test.waiting {
					t.Errorf("said %d times:\n%s", n, &said)
				}
				if n := strings.Count(said.String(), "the database is there"); n != test.end {
					t.Errorf("said to be there %d times:\n%s", n, &said)
				}
			})
		})
	}
}

// Who is told to stop does not wait.
func TestWaitingEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begin := time.Now()
		err := wait{
			limit: time.Hour, log: slog.New(slog.DiscardHandler), away: func(error) bool { return true },
			look: func(context.Context) error { return errAway },
		}.run(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) > 3*time.Second {
			t.Errorf("ended after %v with %v", time.Since(begin), err)
		}
	})
}
