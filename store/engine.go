package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"palabre/rooms"
)

const (
	// busyTimeout is how long SQLite waits for another process that writes.
	busyTimeout = time.Second
	// connectTimeout bounds a connection to PostgreSQL.
	connectTimeout = 2 * time.Second
	// readers and connections bound the pools: queries beside each other on
	// SQLite, everything together on PostgreSQL.
	readers     = 4
	connections = 16
	// awayRetry is when who is refused while the database is away may try again.
	awayRetry = 2 * time.Second
)

// engine is what differs between the databases.
type engine struct {
	dialect goose.Dialect
	// path is SQLite's file, config PostgreSQL's address.
	path   string
	config *pgx.ConnConfig
}

// CheckURL says what is wrong with a database's URL, without its password.
func CheckURL(address string) error {
	_, err := engineOf(address)
	return err
}

// engineOf reads a database URL.
func engineOf(address string) (engine, error) {
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok && path != "" {
		return engine{dialect: goose.DialectSQLite3, path: path}, nil
	}
	if !strings.HasPrefix(address, "postgres://") && !strings.HasPrefix(address, "postgresql://") {
		return engine{}, errors.New("the database is neither sqlite:<path> nor postgres://…: write it like postgres://user:password@host/database")
	}
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return engine{}, errors.New("the database's postgres:// URL cannot be read: write it like postgres://user:password@host/database") // err may hold the password
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	// One way there and back for each query, also through a pooler between.
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	return engine{dialect: goose.DialectPostgres, config: config}, nil
}

func (e engine) sqlite() bool { return e.config == nil }

// open gives the pools for transactions and for queries.
func (e engine) open() (write, read *sql.DB, err error) {
	if !e.sqlite() {
		db := sql.OpenDB(discreet{stdlib.GetConnector(*e.config)})
		db.SetMaxOpenConns(connections)
		db.SetMaxIdleConns(connections)
		return db, db, nil
	}
	if err := os.MkdirAll(filepath.Dir(e.path), 0o700); err != nil {
		return nil, nil, fmt.Errorf("make the database's folder: %w", err)
	}
	if err := private(e.path); err != nil {
		return nil, nil, err
	}
	if write, err = sql.Open("sqlite", e.source("immediate")); err != nil {
		return nil, nil, fmt.Errorf("open the database: %w", err)
	}
	if read, err = sql.Open("sqlite", e.source("deferred")+"&_pragma=query_only(1)"); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open the database: %w", err), write.Close())
	}
	write.SetMaxOpenConns(1)
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return write, read, nil
}

// private makes the file so that only its owner may read it; SQLite gives its
// companions the same rights.
func private(path string) error {
	file, err := os.OpenFile(path, os.O_RDONLY|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("make the database's file: %w", err)
	}
	return file.Close()
}

// source is SQLite's data source name. The busy timeout comes first, so that
// already the switch to write-ahead logging waits for others.
func (e engine) source(lock string) string {
	path := (&url.URL{Path: e.path}).EscapedPath()
	return fmt.Sprintf("file:%s?_pragma=busy_timeout(%d)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)"+
		"&_pragma=foreign_keys(1)&_txlock=%s", path, busyTimeout.Milliseconds(), lock)
}

// contended says that a transaction failed only because of another one beside it.
func (e engine) contended(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01" // serialization failure, deadlock
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) && lite.Code() == sqlite3.SQLITE_BUSY_SNAPSHOT
}

// away says that an error is the database's state and no fault of what was asked.
func (e engine) away(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return awayClass(pg.Code)
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
			sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return true
		}
		return false
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, sql.ErrConnDone) || errors.Is(err, context.DeadlineExceeded) || pgconn.SafeToRetry(err)
}

// awayClass reads an SQLSTATE (PostgreSQL manual, appendix A): connection
// exception, read-only transaction, insufficient resources, operator
// intervention, system error, internal error.
func awayClass(code string) bool {
	if code == "25006" || len(code) < 2 {
		return true
	}
	switch code[:2] {
	case "08", "53", "57", "58", "XX":
		return true
	}
	return false
}

// explained gives errors of a database that is away the form that clients are told.
func (s *Store) explained(err error) error {
	var told *rooms.Error
	if err == nil || errors.As(err, &told) || !s.engine.away(err) {
		return err
	}
	return s.unreachable(err)
}

// unreachable is what clients are told while the database is away.
func (s *Store) unreachable(cause error) error {
	return &rooms.Error{Code: rooms.CodeUnavailable, Message: "The server cannot reach its database now.", RetryAfter: awayRetry, Err: cause}
}

// plain is an error as it may be logged: a database quotes in its messages the
// values it did not like, which may be somebody's words.
func plain(err error) string {
	var unreached *connectError
	if errors.As(err, &unreached) {
		return unreached.Error()
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return "SQLSTATE " + pg.Code + " " + pg.TableName + " " + pg.ConstraintName
	}
	return err.Error()
}
