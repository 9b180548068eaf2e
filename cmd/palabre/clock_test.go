package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"palabre/identity"
	"palabre/internal/catalogue"
	"palabre/notify/webhook"
	"palabre/rooms"
	"palabre/store/storetest"
)

// TestF14_ClockJumps sets clocks by an hour: of who signs tokens against who
// checks them, and of a server with webhooks under way. The rooms' timers follow
// the monotonic clock, which nobody sets: no decision there may lose its reading.
func TestF14_ClockJumps(t *testing.T) {
	wrong := clockTokens(t)
	forward, back, attempts := clockWebhooks(t)
	wall := wallClockDecisions(t)
	catalogue.Report(t, catalogue.Item{
		ID:       "F14",
		Injected: "clocks apart by an hour, 61 s and 59 s between signing and checking a token; a server's clock set an hour forward and two back with webhooks waiting",
		Measured: fmt.Sprintf("%d of 6 tokens judged wrongly; delivered after the jump forward: %v, back: %v, attempts of the waiting one after each: %v; %d decisions of rooms by the wall clock: %v",
			len(wrong), forward, back, attempts, len(wall), wall),
		Bar:  "tokens within 60 s are taken and no others; what is new is delivered at once, what waits comes at most once early; no decision of rooms by the wall clock",
		Pass: len(wrong) == 0 && forward && back && attempts[0] <= 2 && attempts[1] <= attempts[0]+1 && len(wall) == 0,
	})
}

// clockTokens checks tokens whose signer's clock goes before or after ours.
func clockTokens(t *testing.T) (wrong []string) {
	dir := t.TempDir()
	sign := func(ahead, lifetime time.Duration) (token string) {
		synctest.Test(t, func(t *testing.T) { // each begins at the same moment
			time.Sleep(ahead)
			keys, err := identity.LoadKeys(dir)
			if err == nil {
				token, err = keys.SignJoin(identity.Grant{Room: "oak", Role: "host"}, lifetime)
			}
			if err != nil {
				t.Fatal(err)
			}
		})
		return token
	}
	const hour = time.Hour
	for _, c := range []struct {
		name            string
		signer, checker time.Duration
		lifetime        time.Duration
		want            bool
	}{
		{"signer 59 s ahead", 59 * time.Second, 0, hour, true},
		{"signer 61 s ahead", 61 * time.Second, 0, hour, false},
		{"signer an hour ahead", hour, 0, hour, false},
		{"expired 59 s ago", 0, hour + 59*time.Second, hour, true},
		{"expired 61 s ago", 0, hour + 61*time.Second, hour, false},
		{"signer an hour behind, for ten minutes", 0, hour, 10 * time.Minute, false},
	} {
		token := sign(c.signer, c.lifetime)
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(c.checker)
			keys, err := identity.LoadKeys(dir)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = keys.VerifyJoin(t.Context(), token, "oak"); (err == nil) != c.want {
				wrong = append(wrong, c.name)
				t.Logf("%s: %v", c.name, err)
			}
		})
	}
	return wrong
}

// clockWebhooks sets the clock of a server forward and back while a delivery of
// a receiver that fails waits for its next attempt, and then has something new happen.
func clockWebhooks(t *testing.T) (forward, back bool, attempts [2]int64) {
	s := storetest.Open(t, storetest.SQLite(t))
	var offset, failed, taken atomic.Int64
	answer := func(count *atomic.Int64, code int) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			count.Add(1)
			w.WriteHeader(code)
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	subscribe := func(url, room string) {
		hook := webhook.Subscription{
			ID: uuid.Must(uuid.NewV7()).String(), URL: url, Room: room, Events: []string{webhook.All}, Secrets: []string{webhook.NewSecret()}, Created: time.Now(),
		}
		if err := s.AddWebhook(t.Context(), hook); err != nil {
			t.Fatal(err)
		}
	}
	subscribe(answer(&failed, http.StatusInternalServerError), "ill")
	subscribe(answer(&taken, http.StatusOK), "well")
	now := func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
	happen := func(room string) {
		fact := rooms.Fact{ID: uuid.Must(uuid.NewV7()).String(), Room: room, At: now(), Data: rooms.MeetingStarted{Meeting: rooms.Meeting{ID: uuid.NewString(), Started: now()}}}
		kept := make(chan struct{})
		s.Memory().Keep([]rooms.Fact{fact}, func() { close(kept) })
		<-kept
	}
	dispatcher, err := webhook.NewDispatcher(webhook.Config{Outbox: s, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Every: 5 * time.Millisecond, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- dispatcher.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	happen("ill")
	until(t, "the first attempt", func() bool { return failed.Load() == 1 })
	for i, jump := range []time.Duration{time.Hour, -2 * time.Hour} {
		offset.Add(int64(jump))
		happen("well")
		until(t, "what is new arrives", func() bool { return taken.Load() == int64(i+1) })
		attempts[i] = failed.Load()
	}
	return taken.Load() >= 1, taken.Load() == 2, attempts
}

// wallClockDecisions finds where rooms take the monotonic reading off the time
// (Time.UTC, In, Round, Truncate and the Unix functions do), so that a clock that is set would move their timers.
func wallClockDecisions(t *testing.T) (found []string) {
	strips := regexp.MustCompile(`time\.Now\(\)\.(UTC|In|Local|Round|Truncate|Unix\w*)\(`)
	files, err := filepath.Glob("../../rooms/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(errors.Join(err, errors.New("no files of rooms")))
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if strips.MatchString(line) {
				found = append(found, fmt.Sprintf("%s:%d", filepath.Base(file), i+1))
			}
		}
	}
	return found
}
