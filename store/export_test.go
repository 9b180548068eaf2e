package store

import (
	"context"
	"database/sql"

	"palabre/rooms"
)

// Also adds a projection, before any fact has come.
func (s *Store) Also(kind string, write func(context.Context, *sql.Tx, rooms.Fact) error) {
	s.journal.writers = newWriters(append(projections(), projection{kind, write}))
}

// Tx runs a transaction as the package's own files do.
func (s *Store) Tx(ctx context.Context, change func(*sql.Tx) error) error { return s.tx(ctx, change) }

// Pool is the one for queries.
func (s *Store) Pool() *sql.DB { return s.read }

// FullFacts is how many facts may wait.
const FullFacts = fullFacts
