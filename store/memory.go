package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"palabre/rooms"
)

// Memory is the store as the rooms see it.
func (s *Store) Memory() rooms.Memory { return memory{s} }

type memory struct{ *Store }

// Keep has facts written. It never waits.
func (m memory) Keep(facts []rooms.Fact, kept func()) { m.journal.keep(facts, kept) }

// Full says that the queue of facts is nearly full, as it is when the database is away for long.
func (m memory) Full() bool { return m.journal.full() }

// recollection adds what one aggregate remembers of a meeting that was on when
// the server stopped; found.Meeting.ID says which. They run beside each other,
// each writes fields of its own.
type recollection func(ctx context.Context, db *sql.DB, found *rooms.Recollection) error

// recollections lists them.
func recollections() []recollection {
	return []recollection{recallPeople, recallChat, recallPolls}
}

// Recall gives what is remembered of a room, its newest facts included. It asks
// the database at most twice, one after the other: rooms wait for it, not for long.
func (m memory) Recall(ctx context.Context, room string) (rooms.Recollection, error) {
	if err := m.journal.settled(ctx, room); err != nil {
		return rooms.Recollection{}, err
	}
	found, err := m.recallRoom(ctx, room)
	if err != nil || found.Meeting.ID == "" {
		return found, err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, add := range recollections() {
		group.Go(func() error { return add(ctx, m.read, &found) })
	}
	if err := group.Wait(); err != nil {
		return rooms.Recollection{}, m.explained(fmt.Errorf("recall a meeting: %w", err))
	}
	return found, nil
}

// recallRoom reads a room's profile and its open meeting at one go.
func (m memory) recallRoom(ctx context.Context, room string) (rooms.Recollection, error) {
	var found rooms.Recollection
	var name, kind, owner, settings, state sql.NullString
	var created, updated, seen sql.NullInt64
	err := m.read.QueryRowContext(ctx, `
		SELECT r.name, r.kind, r.owner, r.settings, r.created, r.updated, m.state, m.seen
		FROM (SELECT CAST($1 AS TEXT) AS name) AS asked
		LEFT JOIN rooms AS r ON r.name = asked.name
		LEFT JOIN meetings AS m ON m.room = asked.name AND m.ended IS NULL
		ORDER BY m.started DESC LIMIT 1`, room,
	).Scan(&name, &kind, &owner, &settings, &created, &updated, &state, &seen)
	if err != nil {
		return found, m.explained(fmt.Errorf("recall a room: %w", err))
	}
	if name.Valid {
		found.Profile = rooms.Profile{
			Name: name.String, Kind: rooms.RoomKind(kind.String), Owner: owner.String,
			Created: instant(created.Int64), Updated: instant(updated.Int64),
		}
		err = json.Unmarshal([]byte(settings.String), &found.Profile.Settings)
	}
	if state.Valid {
		err = errors.Join(err, json.Unmarshal([]byte(state.String), &found.Meeting))
		found.Seen = instant(seen.Int64)
	}
	if err != nil {
		return rooms.Recollection{}, fmt.Errorf("read what is remembered of a room: %w", err)
	}
	return found, nil
}
