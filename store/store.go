// Package store remembers what must survive a restart: rooms, their meetings,
// and what happened in them. It is SQL on SQLite, in a file beside the keys, or
// on PostgreSQL; one text of every statement serves both.
//
// Two ways lead in. What happens in rooms comes as a stream of [rooms.Fact]
// through [Memory], which never makes a room wait: a journal writes the facts of
// all rooms together, one transaction after the other, by the table of
// projections in facts.go. What programs and administrators do comes through
// methods of [Store], one file per aggregate, each a transaction of its own.
//
// Timestamps are BIGINT, microseconds since 1970 in UTC; ids are TEXT holding
// UUIDs of version 7; JSON is TEXT. A parameter that meets no column of its
// type needs a CAST: PostgreSQL guesses otherwise (CAST($1 AS BIGINT) = 0).
package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Config says where the store is. Zero values mean the default.
type Config struct {
	// URL is sqlite:<path> or postgres://…. Required.
	URL string
	// Retention is how long what happened in rooms is kept that have no time of
	// their own; 0 keeps it for ever.
	Retention time.Duration
	// AuditRetention is how long the audit log goes back; 0 is for ever.
	AuditRetention time.Duration
	// Wait is how long Open waits for a PostgreSQL that is away; 0 fails at once.
	Wait time.Duration
	// Logger is where the store writes what went wrong. Default discards.
	Logger *slog.Logger
	// Metrics is where the figures are registered; nil registers none.
	Metrics prometheus.Registerer
}

// Store is an open database. All methods may be called from any goroutine.
type Store struct {
	cfg    Config
	engine engine
	log    *slog.Logger
	// write is where transactions go; on SQLite it has one connection. read may
	// run many queries at once, beside a transaction.
	write, read *sql.DB
	journal     *journal

	rest    func() // ends the upkeep
	resting sync.WaitGroup
	closing sync.Once
	closed  error
}

// Open opens the database, makes it if need be and brings its tables up to date.
// A PostgreSQL that is away is waited for as long as cfg.Wait says, and then the
// error is what it would have been at once.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	cfg.Logger = cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))
	engine, err := engineOf(cfg.URL)
	if err != nil {
		return nil, err
	}
	s := &Store{cfg: cfg, engine: engine, log: cfg.Logger}
	if s.write, s.read, err = engine.open(); err != nil {
		return nil, err
	}
	if err := s.await(ctx); err != nil {
		return nil, errors.Join(err, s.closeDatabase())
	}
	if err := migrate(ctx, s.engine, s.write); err != nil {
		return nil, errors.Join(err, s.closeDatabase())
	}
	if s.journal, err = newJournal(s, cfg.Metrics); err != nil {
		return nil, errors.Join(err, s.closeDatabase())
	}
	working, rest := context.WithCancel(context.Background())
	s.rest = rest
	s.resting.Go(func() { s.upkeep(working) })
	return s, nil
}

// Close writes what still waits, for a bounded time, and closes the database.
// More calls give the same answer.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.rest()
		s.resting.Wait()
		s.closed = errors.Join(s.journal.close(), s.closeDatabase())
	})
	return s.closed
}

func (s *Store) closeDatabase() error {
	var errs []error
	errs = append(errs, s.write.Close())
	if s.read != s.write {
		errs = append(errs, s.read.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close the database: %w", err)
	}
	return nil
}

// attempts is how often a transaction is tried that another one got in the way of.
const attempts = 5

// errAway is for transactions that were not tried.
var errAway = errors.New("the database is away")

// tx runs a transaction, again where another one got in its way: change may run
// several times and must keep nothing from a run before. An error of change
// undoes everything and comes back as it is; when the database is away the
// error is a [rooms.Error] with CodeUnavailable and a time to come back.
func (s *Store) tx(ctx context.Context, change func(*sql.Tx) error) error {
	if s.journal.gone() {
		return s.unreachable(errAway) // found out already: nobody waits for it again
	}
	bounded, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	err := s.try(bounded, change)
	if s.engine.away(err) && ctx.Err() == nil {
		s.journal.went(err)
	}
	return s.explained(err)
}

// try is tx without the explaining.
func (s *Store) try(ctx context.Context, change func(*sql.Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := once(ctx, s.write, change)
		if err == nil || attempt == attempts || !s.engine.contended(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(attempt) * 10 * time.Millisecond):
		}
	}
}

func once(ctx context.Context, db *sql.DB, change func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin a transaction: %w", err)
	}
	if err := change(tx); err != nil {
		if undo := tx.Rollback(); undo != nil && !errors.Is(undo, sql.ErrTxDone) {
			return errors.Join(err, fmt.Errorf("undo a transaction: %w", undo))
		}
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit a transaction: %w", err)
	}
	return nil
}

// micros is a time as it is stored; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// instant is micros undone.
func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
