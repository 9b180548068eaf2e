package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"palabre/rooms"
)

const (
	// lostAfter is how long after the start of the server a meeting that the
	// server before it left open is ended: nobody came back to it. Rooms let a
	// meeting go on for less.
	lostAfter = 6 * time.Minute
	// expireEvery is how often what is too old is deleted, expireRows how much at
	// once, so that others get their turn.
	expireEvery = time.Hour
	expireRows  = 1000
)

// expiry is a table with rows of a room that are deleted when they are old.
type expiry struct {
	table string // has a column room
	key   string // its primary key
	at    string // the column with the time that counts, NULL while it does not yet
}

// expiries lists them.
func expiries() []expiry {
	return []expiry{
		{"stays", "id", "gone"},
		{"meetings", "id", "ended"},
	}
}

// upkeep does, until ctx ends, what time alone asks for.
func (s *Store) upkeep(ctx context.Context) {
	begin := time.Now()
	lost, old := time.NewTimer(lostAfter), time.NewTicker(expireEvery)
	defer lost.Stop()
	defer old.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-lost.C:
			if err = s.EndLost(ctx, begin); err != nil {
				lost.Reset(time.Minute)
			}
		case now := <-old.C:
			err = errors.Join(s.CloseDays(ctx, now), s.Expire(ctx, now), s.trimAudit(ctx, now))
		}
		if err != nil && ctx.Err() == nil {
			s.log.Warn("the upkeep of the database failed and is tried again", "error", plain(err))
		}
	}
}

// EndLost ends the meetings that were last known to be on before a time: those
// a server left open that was killed, and nobody came back to.
func (s *Store) EndLost(ctx context.Context, before time.Time) error {
	if err := s.journal.empty(ctx); err != nil {
		return err
	}
	rows, err := s.read.QueryContext(ctx, `
		SELECT m.room, m.state, COUNT(DISTINCT CASE WHEN s.identity <> '' THEN s.identity ELSE s.participant END)
		FROM meetings AS m LEFT JOIN stays AS s ON s.meeting = m.id
		WHERE m.ended IS NULL AND m.seen < $1
		GROUP BY m.id, m.room, m.state`, micros(before))
	if err != nil {
		return s.explained(fmt.Errorf("find the meetings that were lost: %w", err))
	}
	defer func() { _ = rows.Close() }()
	var lost []rooms.Fact
	for rows.Next() {
		var state string
		var end rooms.MeetingEnded
		fact := rooms.Fact{ID: uuid.Must(uuid.NewV7()).String(), At: time.Now()}
		if err := rows.Scan(&fact.Room, &state, &end.People); err != nil {
			return fmt.Errorf("read a meeting that was lost: %w", err)
		}
		if err := json.Unmarshal([]byte(state), &end.Meeting); err != nil {
			return fmt.Errorf("read the state of a meeting that was lost: %w", err)
		}
		end.Reason = rooms.ReasonLost
		fact.Meeting, fact.Data = end.Meeting.ID, end
		lost = append(lost, fact)
	}
	if err := rows.Err(); err != nil {
		return s.explained(fmt.Errorf("find the meetings that were lost: %w", err))
	}
	for _, fact := range lost {
		s.journal.keep([]rooms.Fact{fact}, func() {})
	}
	return nil
}

// Expire deletes what happened in rooms longer ago than each of them keeps it.
func (s *Store) Expire(ctx context.Context, now time.Time) error {
	var errs []error
	for _, e := range expiries() {
		for {
			gone, err := s.expire(ctx, e, now)
			if err != nil {
				errs = append(errs, fmt.Errorf("delete old rows of %s: %w", e.table, err))
			}
			if err != nil || gone < expireRows {
				break
			}
		}
	}
	errs = append(errs, s.expirePolls(ctx, now))
	return errors.Join(errs...)
}

// expire deletes a part of the rows of a table. A room's own time is in the
// column retention of its row; the server's is for all others, and 0 keeps them.
func (s *Store) expire(ctx context.Context, e expiry, now time.Time) (gone int64, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, fmt.Sprintf(`
			DELETE FROM %[1]s WHERE %[2]s IN (
				SELECT old.%[2]s FROM %[1]s AS old
				LEFT JOIN rooms ON rooms.name = old.room AND rooms.retention > 0
				WHERE old.%[3]s IS NOT NULL AND COALESCE(rooms.retention, CAST($2 AS BIGINT)) > 0
				AND old.%[3]s < CAST($1 AS BIGINT) - COALESCE(rooms.retention, CAST($2 AS BIGINT))
				LIMIT %[4]d)`, e.table, e.key, e.at, expireRows),
			micros(now), s.cfg.Retention.Microseconds())
		if err != nil {
			return err
		}
		gone, err = done.RowsAffected()
		return err
	})
	return gone, err
}
