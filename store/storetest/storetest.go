// Package storetest runs tests on every database the store can be in: SQLite in
// a file, and a PostgreSQL server of its own, started from the system's package.
//
//	func TestMain(m *testing.M) { os.Exit(storetest.Run(m)) }
//
//	func TestRooms(t *testing.T) {
//		storetest.Each(t, func(t *testing.T, s *store.Store) { … })
//	}
package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"palabre/store"
)

// Run runs the tests of a package, stops what they started and fails them
// where they left goroutines behind.
func Run(m *testing.M) (status int) {
	status = m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = max(status, 1)
	}
	if status != 0 {
		return status
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// Each runs a test on an empty store of each kind; it is closed at the end.
func Each(t *testing.T, test func(*testing.T, *store.Store)) {
	t.Helper()
	EachURL(t, func(t *testing.T, url string) { test(t, Open(t, url)) })
}

// EachURL runs a test with the URL of an empty database of each kind.
func EachURL(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, PostgreSQL(t)) })
}

// Open opens a store that closes with the test.
func Open(t *testing.T, url string) *store.Store {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	s, err := store.Open(t.Context(), store.Config{URL: url, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// SQLite is the URL of a database file that is not there yet.
func SQLite(t *testing.T) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "palabre.db")
}

// PostgreSQL is the URL of an empty database on the test process's own server.
// Where the program is not installed the test is skipped, except in CI.
func PostgreSQL(t *testing.T) string {
	t.Helper()
	NeedPostgreSQL(t)
	server, err := shared.server()
	if err != nil {
		t.Fatal(err)
	}
	name, err := server.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return server.URL(name)
}

// NeedPostgreSQL skips a test where PostgreSQL is not installed, except in CI.
func NeedPostgreSQL(t *testing.T) {
	t.Helper()
	if !installed() && os.Getenv("CI") == "" {
		t.Skip("PostgreSQL is not installed: make databases")
	}
}

// Own starts a PostgreSQL server for one test that stops it, with an empty database.
func Own(t *testing.T) (server *Server, database string) {
	t.Helper()
	NeedPostgreSQL(t)
	server, err := NewServer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Remove(); err != nil {
			t.Error(err)
		}
	})
	if database, err = server.Database(t.Context()); err != nil {
		t.Fatal(err)
	}
	return server, database
}

// Lock lets nobody write to a SQLite database until release, as another program
// may that works on it.
func Lock(t *testing.T, url string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+strings.TrimPrefix(url, "sqlite:")+"?_txlock=immediate&_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(context.WithoutCancel(t.Context()), nil)
	if err != nil {
		t.Fatal(errors.Join(err, db.Close()))
	}
	release = sync.OnceFunc(func() {
		if err := errors.Join(tx.Rollback(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(release)
	return release
}
