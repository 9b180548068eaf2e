package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"palabre/rooms"
)

func meetingStarted(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	return putMeeting(ctx, tx, fact, fact.Data.(rooms.MeetingStarted).Meeting)
}

func meetingChanged(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	return putMeeting(ctx, tx, fact, fact.Data.(rooms.MeetingChanged).Meeting)
}

// meetingResumed closes the stays that a server which was killed left open:
// they ended when the meeting was last known to be on.
func meetingResumed(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	resumed := fact.Data.(rooms.MeetingResumed)
	if err := closeStays(ctx, tx, resumed.Meeting.ID); err != nil {
		return err
	}
	return putMeeting(ctx, tx, fact, resumed.Meeting)
}

// putMeeting writes the state of a meeting that is on.
func putMeeting(ctx context.Context, tx *sql.Tx, fact rooms.Fact, meeting rooms.Meeting) error {
	state, err := json.Marshal(meeting)
	if err != nil {
		return fmt.Errorf("write down a meeting: %w", err)
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO meetings (id, room, started, seen, state) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, seen = excluded.seen`,
		meeting.ID, fact.Room, micros(meeting.Started), micros(fact.At), string(state))
	if err != nil {
		return fmt.Errorf("write a meeting: %w", err)
	}
	return nil
}

// meetingSeen notes when a meeting was last known to be on, and what those in it did so far.
func meetingSeen(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	if _, err := tx.ExecContext(ctx, `UPDATE meetings SET seen = $2 WHERE id = $1 AND seen < $2`, fact.Meeting, micros(fact.At)); err != nil {
		return fmt.Errorf("write that a meeting is on: %w", err)
	}
	return putStays(ctx, tx, fact, "", fact.Data.(rooms.MeetingSeen).Present)
}

// meetingEnded closes a meeting. One that was lost ended when it was last
// known to be on, and so did the stays that nobody saw end.
func meetingEnded(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	end := fact.Data.(rooms.MeetingEnded)
	if err := closeStays(ctx, tx, end.Meeting.ID); err != nil {
		return err
	}
	// Who had which role, was put out or knew the lock was for those who come back to it.
	state, err := json.Marshal(rooms.Meeting{ID: end.Meeting.ID, Started: end.Meeting.Started})
	if err != nil {
		return fmt.Errorf("write down a meeting: %w", err)
	}
	at := fact.At
	if end.Reason == rooms.ReasonLost {
		at = time.Time{}
	}
	if _, err := tx.ExecContext(ctx, `
		INSERT INTO meetings (id, room, started, seen, ended, people, most, reason, state) VALUES ($1, $2, $3, $4, $4, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET
			ended = CASE WHEN CAST($5 AS BIGINT) = 0 THEN meetings.seen ELSE CAST($5 AS BIGINT) END, people = excluded.people, most = excluded.most,
			reason = excluded.reason, state = excluded.state
		WHERE meetings.ended IS NULL`,
		end.Meeting.ID, fact.Room, micros(end.Meeting.Started), micros(fact.At), micros(at),
		end.People, end.Most, string(end.Reason), string(state)); err != nil {
		return fmt.Errorf("write a meeting's end: %w", err)
	}
	return nil
}
