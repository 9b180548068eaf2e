package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"palabre/client"
	"palabre/internal/catalogue"
	"palabre/store/storetest"
)

// TestF06_DatabaseDown takes the database away in the middle of a meeting.
func TestF06_DatabaseDown(t *testing.T) {
	var measured []string
	pass := t.Run("databases", func(t *testing.T) {
		t.Run("PostgreSQL stops", func(t *testing.T) {
			server, database := storetest.Own(t)
			measured = append(measured, withoutDatabase(t, server.URL(database), func() (back func()) {
				if err := server.Stop(); err != nil {
					t.Fatal(err)
				}
				return func() {
					if err := server.Start(); err != nil {
						t.Fatal(err)
					}
				}
			}))
		})
		t.Run("SQLite is locked", func(t *testing.T) {
			url := storetest.SQLite(t)
			measured = append(measured, withoutDatabase(t, url, func() func() { return storetest.Lock(t, url) }))
		})
	})
	catalogue.Report(t, catalogue.Item{
		ID: "F6", Injected: "the database goes away for 6 s in a meeting: PostgreSQL stops, SQLite takes no writes",
		Measured: strings.Join(measured, "; "),
		Bar:      "calls and joins with a token go on, chat kept in order and written later, writes by API 503 with Retry-After ≤ 100 ms, back ≤ 2 s",
		Pass:     pass && len(measured) == 2,
	})
}

// withoutDatabase holds a meeting while the database is away.
func withoutDatabase(t *testing.T, url string, away func() (back func())) string {
	s := serve(t, "--database", url, "--open-rooms=false")
	_, key, said := command(t, "key", "create", "--data-dir", s.data, "--database", url, "--name", "bot", "--scope", "rooms:write")
	if key = strings.TrimSpace(key); key == "" {
		t.Fatal(said)
	}
	write := func(room string) (status int, retry string, took time.Duration) {
		begin := time.Now()
		res, _ := s.do(http.MethodPut, "/api/v1/rooms/"+room, "{}", "Authorization", "Bearer "+key, "Content-Type", "application/json")
		return res.StatusCode, res.Header.Get("Retry-After"), time.Since(begin)
	}
	if status, _, _ := write("before"); status >= 300 {
		t.Fatalf("a write before: %d", status)
	}
	ana, bob := enter(t, s.as("garden", "host", "Ana")), enter(t, s.as("garden", "member", "Bob"))
	hearEachOther(ana, bob)
	ana.says(bob, "before")
	ana.forgetGaps()
	bob.forgetGaps()

	back := away()
	begin := time.Now()
	ana.says(bob, "outage begins") // the first to find out
	var lines []string
	for i := range 12 {
		lines = append(lines, fmt.Sprintf("line %d", i))
	}
	ana.says(bob, lines...)
	var joins []time.Duration
	for _, room := range []string{"garden", "orchard"} { // one that is on, one that is new
		came := time.Now()
		p := enter(t, s.as(room, "member", "Dan-"+room))
		joins = append(joins, time.Since(came))
		await(p, "coming in", func(client.Joined) bool { return true })
	}
	var waits []time.Duration
	for i := range 5 {
		status, retry, took := write(fmt.Sprint("during", i))
		waits = append(waits, took)
		if status != http.StatusServiceUnavailable || retry == "" {
			t.Errorf("a write gets %d, Retry-After %q", status, retry)
		}
	}
	until(t, "a while without a database", func() bool { return time.Since(begin) > 6*time.Second })
	back()
	returned := time.Now()
	until(t, "writes to go on", func() bool { status, _, _ := write("after"); return status < 300 })
	healed := time.Since(returned)
	gap := widest(ana, bob)
	want := append([]string{"before", "outage begins"}, lines...)
	if read := bob.read(); !slices.Equal(read, want) {
		t.Errorf("during the outage Bob read %q", read)
	}
	s.stop()
	again := serveIn(t, s.data, "--http", s.vacated(), "--database", url, "--open-rooms=false")
	if stored, _, _ := history(t, again.as("garden", "host", "Hana")); !slices.Equal(stored, want) {
		t.Errorf("after the outage the store holds %q", stored)
	}
	slices.Sort(waits)
	slices.Sort(joins)
	if waits[2] > 100*time.Millisecond || healed > 2*time.Second || gap > time.Second {
		t.Errorf("writes refused in %v (median), back in %v, silence %v", waits[2], healed, gap)
	}
	return fmt.Sprintf("joins %v, %d lines in order, refusal %v (median), back in %v, longest silence %v", joins[1].Round(time.Millisecond), len(want),
		waits[2].Round(time.Millisecond), healed.Round(time.Millisecond), gap.Round(time.Millisecond))
}

// TestF07_DatabaseSlow has every query wait 100 ms.
func TestF07_DatabaseSlow(t *testing.T) {
	server, database := storetest.Own(t)
	proxy, err := server.NewProxy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := proxy.Close(); err != nil {
			t.Error(err)
		}
	})
	s := serve(t, "--database", proxy.URL(database))
	ana, bob := enter(t, s.as("garden", "host", "Ana")), enter(t, s.as("garden", "member", "Bob"))
	hearEachOther(ana, bob)
	usual := joinTimes(t, s, "usual")
	proxy.Delay(100 * time.Millisecond)
	ana.forgetGaps()
	bob.forgetGaps()
	slow := joinTimes(t, s, "slow")
	ana.says(bob, "one", "two")
	gap := widest(ana, bob)
	proxy.Delay(0)
	at := func(times []time.Duration) time.Duration { return times[len(times)*95/100] }
	added := at(slow) - at(usual)
	catalogue.Report(t, catalogue.Item{
		ID: "F7", Injected: "100 ms more for every query",
		Measured: fmt.Sprintf("joining a new room %v (p95 of %d) more, %v before; longest silence in a call %v",
			added.Round(time.Millisecond), len(slow), at(usual).Round(time.Millisecond), gap.Round(time.Millisecond)),
		Bar:  "join p95 + ≤ 300 ms, media unaffected",
		Pass: added <= 300*time.Millisecond && gap <= time.Second,
	})
}

// joinTimes are those of people who come into new rooms, one after the other, sorted.
func joinTimes(t *testing.T, s *server, prefix string) (times []time.Duration) {
	t.Helper()
	for i := range 20 {
		c := client.Config{URL: s.url, Room: fmt.Sprintf("%s-%d", prefix, i), Name: "Dan"}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		begin := time.Now()
		session, err := client.Join(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, time.Since(begin))
		if err := session.Leave(ctx); err != nil {
			t.Error(err)
		}
		cancel()
	}
	slices.Sort(times)
	return times
}

// TestS07_BackupDuringACall backs a server up while people talk, and starts
// another one from the backup.
func TestS07_BackupDuringACall(t *testing.T) {
	s := serve(t)
	ana, bob := enter(t, s.as("garden", "host", "Ana")), enter(t, s.as("garden", "member", "Bob"))
	hearEachOther(ana, bob)
	stop := make(chan struct{})
	var talking person
	talking.busy.Go(func() { // four lines a second, each with its time
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case now := <-tick.C:
				text, err := json.Marshal(now)
				if err = errors.Join(err, ana.Say(string(text), "")); err != nil {
					t.Error(err)
				}
			}
		}
	})
	until(t, "a dozen lines", func() bool { return len(bob.read()) >= 12 })
	ana.forgetGaps()
	bob.forgetGaps()
	file := filepath.Join(t.TempDir(), "backup.tar")
	begin := time.Now()
	if code, _, said := command(t, "backup", "--data-dir", s.data, file); code != 0 {
		t.Fatal(said)
	}
	took := time.Since(begin)
	gap := widest(ana, bob)
	close(stop)
	talking.busy.Wait()

	fresh := filepath.Join(t.TempDir(), "data")
	restoring := time.Now()
	if code, _, said := command(t, "restore", "--data-dir", fresh, file); code != 0 {
		t.Fatal(said)
	}
	second := serveIn(t, fresh)
	booted := time.Since(restoring)
	// The token is of the first server: the keys came along.
	config := s.as("garden", "host", "Hana")
	config.URL = second.url
	chat, _, _ := history(t, config)
	var newest time.Time
	if len(chat) > 0 {
		if err := json.Unmarshal([]byte(chat[len(chat)-1]), &newest); err != nil {
			t.Fatal(err)
		}
	}
	lost := max(begin.Sub(newest), 0)
	catalogue.Report(t, catalogue.Item{
		ID: "S7", Injected: "a backup during a call with four lines of chat a second, restored elsewhere",
		Measured: fmt.Sprintf("backup in %v, silence %v; restored and serving in %v; %d lines, the newest %v older than the backup",
			took.Round(time.Millisecond), gap.Round(time.Millisecond), booted.Round(time.Millisecond), len(chat), lost.Round(time.Millisecond)),
		Bar:  "serving ≤ 30 s after, RPO ≤ 5 s",
		Pass: booted <= 30*time.Second && lost <= 5*time.Second && gap <= time.Second,
	})
}
