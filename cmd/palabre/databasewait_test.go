package main

import (
	"context"
	"strings"
	"testing"
	"time"
)

// waiting is a server that starts while its PostgreSQL is away.
func waiting(t *testing.T, database string) (out, log *output, end context.CancelFunc, ended <-chan int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, log = &output{}, &output{}
	code := make(chan int, 1)
	data := t.TempDir()
	go func() {
		code <- run(ctx, []string{"serve", "--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--data-dir", data, "--database", database}, out, log)
	}()
	until(t, "it is said that the server waits", func() bool { return strings.Contains(log.String(), "waiting for the database") })
	return out, log, cancel, code
}

// TestAStartWaitsForItsDatabase starts a server while PostgreSQL is away, as
// when a machine comes up: it waits, says so once, and serves when it is back.
func TestAStartWaitsForItsDatabase(t *testing.T) {
	postgres, database := own(t)
	if err := postgres.Stop(); err != nil {
		t.Fatal(err)
	}
	out, log, end, ended := waiting(t, database)
	defer end()
	if err := postgres.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the link", func() bool { return strings.Contains(out.String(), "is ready: ") })
	end()
	if code := <-ended; code != 0 {
		t.Errorf("the server ended with %d", code)
	}
	if said := log.String(); strings.Count(said, "waiting for the database") != 1 || strings.Count(said, "the database is there") != 1 || strings.Contains(said, "gardener") {
		t.Errorf("the log is\n%s", said)
	}
}

// TestAStartWaitsNoLongerThanItMay: when the time is up it fails as it would
// have at once, and what waiting does not help against is said at once.
func TestAStartWaitsNoLongerThanItMay(t *testing.T) {
	postgres, database := own(t)
	start := func(database, wait string) (code int, last string, took time.Duration) {
		begin := time.Now()
		code, _, said := command(t, "serve", "--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--data-dir", t.TempDir(), "--database", database, "--database-wait", wait)
		lines := strings.Split(strings.TrimSpace(said), "\n")
		return code, lines[len(lines)-1], time.Since(begin)
	}
	if code, said, took := start(strings.Replace(database, "gardener:", "burglar:", 1), "1h"); code != 1 || !strings.Contains(said, "refuses the log-in") || took > patience {
		t.Errorf("who may not log in: exit %d after %v: %s", code, took, said)
	}
	if err := postgres.Stop(); err != nil {
		t.Fatal(err)
	}
	code, atOnce, _ := start(database, "0s")
	if code != 1 || !strings.Contains(atOnce, "palabre: open the database: ") {
		t.Errorf("without waiting: exit %d: %s", code, atOnce)
	}
	if code, said, took := start(database, "2s"); code != 1 || said != atOnce || took < 2*time.Second {
		t.Errorf("exit %d after %v: %s; at once it was: %s", code, took, said, atOnce)
	}
	if code, said, _ := start(database, "2h"); code != 2 || !strings.Contains(said, "--database-wait") {
		t.Errorf("two hours: exit %d: %s", code, said)
	}
	_, _, end, ended := waiting(t, database)
	end() // SIGTERM
	select {
	case code := <-ended:
		if code != 0 {
			t.Errorf("a server that waits was stopped with %d", code)
		}
	case <-time.After(patience):
		t.Error("a server that waits does not stop")
	}
}
