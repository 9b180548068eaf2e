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
	// expireEvery is how often what is too old is deleted, expireMeetings how
	// much at once, so that others get their turn.
	expireEvery    = time.Hour
	expireMeetings = 50
	// temporaryKept is how long after its last meeting, and after the last change
	// of its settings, a temporary room is forgotten: a lobby somebody left on
	// outlives its hosts by a day, no more.
	temporaryKept = 24 * time.Hour
)

// forgetting deletes what is kept of a meeting, $1, the parts before the whole:
// chat (its files go with the sweep of those that belong to no line), polls, attendance.
func forgetting() []string {
	return []string{
		`DELETE FROM chat_lines WHERE meeting = $1`,
		`DELETE FROM poll_votes WHERE poll IN (SELECT id FROM polls WHERE meeting = $1)`,
		`DELETE FROM poll_voters WHERE poll IN (SELECT id FROM polls WHERE meeting = $1)`,
		`DELETE FROM polls WHERE meeting = $1`,
		`DELETE FROM stays WHERE meeting = $1`,
		`DELETE FROM meetings WHERE id = $1`,
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
			err = errors.Join(s.CloseDays(ctx, now), s.Expire(ctx, now), s.ForgetTemporary(ctx, now), s.trimAudit(ctx, now))
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

// Expire deletes what is kept of meetings that ended longer ago than their room
// keeps it: for the room's own time, or else the server's, of which 0 is for ever.
func (s *Store) Expire(ctx context.Context, now time.Time) error {
	for {
		gone, err := s.expire(ctx, now)
		if err != nil {
			return fmt.Errorf("delete old meetings: %w", err)
		}
		if gone < expireMeetings {
			return nil
		}
	}
}

// ForgetTemporary deletes the settings of temporary rooms nobody has been in for a while.
func (s *Store) ForgetTemporary(ctx context.Context, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			DELETE FROM rooms WHERE kind = $1 AND updated < $2 AND NOT EXISTS (
				SELECT 1 FROM meetings AS m WHERE m.room = rooms.name AND (m.ended IS NULL OR m.ended >= $2))`,
			string(rooms.Temporary), micros(now.Add(-temporaryKept)))
		if err != nil {
			return fmt.Errorf("forget temporary rooms: %w", err)
		}
		return nil
	})
}

// expire deletes some of them.
func (s *Store) expire(ctx context.Context, now time.Time) (gone int, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		old, err := oldMeetings(ctx, tx, now, s.cfg.Retention)
		if err != nil {
			return err
		}
		for _, meeting := range old {
			for _, statement := range forgetting() {
				if _, err := tx.ExecContext(ctx, statement, meeting); err != nil {
					return err
				}
			}
		}
		gone = len(old)
		return nil
	})
	return gone, err
}

func oldMeetings(ctx context.Context, tx *sql.Tx, now time.Time, retention time.Duration) ([]string, error) {
	rows, err := tx.QueryContext(ctx, fmt.Sprintf(`
		SELECT m.id FROM meetings AS m LEFT JOIN rooms AS r ON r.name = m.room AND r.retention > 0
		WHERE COALESCE(r.retention, CAST($2 AS BIGINT)) > 0
		AND m.ended < CAST($1 AS BIGINT) - COALESCE(r.retention, CAST($2 AS BIGINT))
		ORDER BY m.ended LIMIT %d`, expireMeetings), micros(now), retention.Microseconds())
	if err != nil {
		return nil, err
	}
	return collect(rows, func(row scanner) (id string, err error) { return id, row.Scan(&id) })
}
