package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ErrNoFile says that the database is no file: PostgreSQL has tools of its own.
var ErrNoFile = errors.New("the database is PostgreSQL: use pg_dump and pg_restore for it")

// ErrInUse says that a server, or another program, has the database open.
var ErrInUse = errors.New("the database is in use: stop the server first")

// File is the path of a SQLite database.
func File(address string) (string, error) {
	e, err := engineOf(address)
	if err != nil {
		return "", err
	}
	if !e.sqlite() {
		return "", ErrNoFile
	}
	return e.path, nil
}

// Backup copies a SQLite database as it is at one moment into a new file, also
// while a server writes to it; nobody waits.
func Backup(ctx context.Context, address, file string) error {
	e, err := engineOf(address)
	if err != nil {
		return err
	}
	if !e.sqlite() {
		return ErrNoFile
	}
	return vacuumInto(ctx, e, file)
}

func vacuumInto(ctx context.Context, e engine, file string) error {
	if _, err := os.Stat(e.path); err != nil {
		return fmt.Errorf("find the database: %w", err)
	}
	if err := private(file); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", e.source("deferred"))
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO $1", file)
	if err := errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	return nil
}

// Check says whether a SQLite database is whole.
func Check(ctx context.Context, file string) error {
	e := engine{path: file}
	db, err := sql.Open("sqlite", e.source("deferred"))
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	var verdict string
	err = db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict)
	if err := errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("check the database %s: %w", filepath.Base(file), err)
	}
	if verdict != "ok" {
		return fmt.Errorf("the database %s is damaged: %s", filepath.Base(file), verdict)
	}
	return nil
}

// Unused says whether nobody has a SQLite database open: only then it may be
// replaced. One that is not there is unused.
func Unused(ctx context.Context, file string) error {
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	e := engine{path: file}
	db, err := sql.Open("sqlite", strings.Replace(e.source("exclusive"), fmt.Sprint(busyTimeout.Milliseconds()), "100", 1))
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	db.SetMaxOpenConns(1)
	// Only who is alone may leave write-ahead logging.
	_, err = db.ExecContext(ctx, "PRAGMA journal_mode=DELETE")
	closed := db.Close()
	if err != nil && e.away(err) {
		return ErrInUse
	}
	return errors.Join(err, closed)
}
