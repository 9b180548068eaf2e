package main

import (
	"database/sql"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"palabre/client"
	"palabre/store/storetest"
)

// own is a PostgreSQL of one test and the URL of its user, whose name and
// password no log may hold.
func own(t *testing.T) (server *storetest.Server, url string) {
	t.Helper()
	server, database := storetest.Own(t)
	db, err := sql.Open("pgx", server.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `CREATE ROLE gardener SUPERUSER LOGIN`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return server, strings.Replace(server.URL(database), "postgres://postgres@", "postgres://gardener:hunter2@", 1)
}

// TestAnOutageIsSaidOnceAndTellsNothing takes the database away for a while, at
// the most talkative level, while people meet and programs ask.
func TestAnOutageIsSaidOnceAndTellsNothing(t *testing.T) {
	postgres, database := own(t)
	password := filepath.Join(t.TempDir(), "smtp")
	if err := os.WriteFile(password, []byte("hunter3"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, "--database", database, "--log-level", "debug", "--smtp-url", "smtp://postman@127.0.0.1:1", "--smtp-password-file", password,
		"--mail-from", "Palabre <meet@example.org>")
	ana := enter(t, s.config("garden", "Ana"))
	if err := postgres.Stop(); err != nil {
		t.Fatal(err)
	}
	away := time.Now()
	if err := ana.Say("is it gone?", ""); err != nil {
		t.Fatal(err)
	}
	bob := enter(t, s.as("orchard", "member", "Bob"))
	await(bob, "coming in", func(client.Joined) bool { return true })
	for _, path := range []string{"/api/v1/audit", "/api/v1/hooks", "/api/v1/rooms/garden", "/readyz"} {
		s.do(http.MethodGet, path, "", "Authorization", "Bearer plk_0123456789_abcdefghijklmnopqrstuvwxyz")
	}
	said := func(what string) int { return strings.Count(s.log.String(), what) }
	until(t, "both queues to be missed", func() bool {
		return said("the outbox of webhooks cannot be read") > 0 && said("the queue of mail cannot be read") > 0
	})
	until(t, "a while without a database", func() bool { return time.Since(away) > 3*time.Second })
	if err := postgres.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "both queues to be back", func() bool {
		return said("the outbox of webhooks can be read again") > 0 && said("the queue of mail can be read again") > 0
	})
	s.stop()
	log := s.log.String()
	for _, once := range []string{
		"the outbox of webhooks cannot be read", "the outbox of webhooks can be read again",
		"the queue of mail cannot be read", "the queue of mail can be read again", `msg="the database is away: `, `msg="the database is back"`,
	} {
		if n := said(once); n != 1 {
			t.Errorf("%q is said %d times", once, n)
		}
	}
	for _, secret := range []string{"gardener", "hunter2", "hunter3", "user="} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	for line := range strings.Lines(log) {
		if strings.Contains(line, "level=WARN") || strings.Contains(line, "level=ERROR") {
			t.Log(strings.TrimSpace(line))
		}
	}
}
