package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"palabre/rooms"
	"palabre/rooms/attendance"
)

// maxAttendance bounds the stays that are read of one meeting.
const maxAttendance = 20_000

// Meetings gives the meetings of a room, newest first. after is what the page
// before ended with, empty for the first.
func (s *Store) Meetings(ctx context.Context, room, after string, limit int) (list []attendance.Meeting, next string, err error) {
	rows, err := s.read.QueryContext(ctx, `
		SELECT id, room, started, seen, ended, people, most, reason FROM meetings
		WHERE room = $1 AND (CAST($2 AS TEXT) = '' OR id < $2) ORDER BY id DESC LIMIT $3`, room, after, limit+1)
	if err != nil {
		return nil, "", s.explained(fmt.Errorf("read the meetings of a room: %w", err))
	}
	list, err = collect(rows, scanMeeting)
	if err != nil {
		return nil, "", s.explained(fmt.Errorf("read the meetings of a room: %w", err))
	}
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].ID
	}
	return list, next, nil
}

// Meeting gives one meeting of a room; an error that is rooms.ErrNotFound where there is none.
func (s *Store) Meeting(ctx context.Context, room, id string) (attendance.Meeting, error) {
	m, err := scanMeeting(s.read.QueryRowContext(ctx, `
		SELECT id, room, started, seen, ended, people, most, reason FROM meetings WHERE room = $1 AND id = $2`, room, id))
	if errors.Is(err, sql.ErrNoRows) {
		return m, &rooms.Error{Code: rooms.CodeNotFound, Message: "There is no such meeting of this room."}
	}
	return m, s.explained(wrapped(err, "read a meeting"))
}

func scanMeeting(row scanner) (attendance.Meeting, error) {
	var m attendance.Meeting
	var started, seen int64
	var ended sql.NullInt64
	var reason string
	err := row.Scan(&m.ID, &m.Room, &started, &seen, &ended, &m.People, &m.Most, &reason)
	m.Started, m.Seen, m.Ended, m.Reason = instant(started), instant(seen), instant(ended.Int64), rooms.Reason(reason)
	return m, err
}

// Attendance says who was in a meeting, in the order they first came. Stays
// that nobody saw end count until the meeting was last known to be on.
func (s *Store) Attendance(ctx context.Context, m attendance.Meeting) ([]attendance.Attendee, error) {
	rows, err := s.read.QueryContext(ctx, `
		SELECT participant, identity, name, role, client, joined, gone, spoke, poor, took FROM stays
		WHERE meeting = $1 ORDER BY joined, id LIMIT $2`, m.ID, maxAttendance)
	if err != nil {
		return nil, s.explained(fmt.Errorf("read who was in a meeting: %w", err))
	}
	stays, err := collect(rows, scanStay)
	if err != nil {
		return nil, s.explained(fmt.Errorf("read who was in a meeting: %w", err))
	}
	return attendance.People(stays, cmp.Or(m.Ended, m.Seen)), nil
}

func scanStay(row scanner) (rooms.Stay, error) {
	var stay rooms.Stay
	var role string
	var joined, spoke, poor, took int64
	var gone sql.NullInt64
	err := row.Scan(&stay.Participant, &stay.Identity, &stay.Name, &role, &stay.Client, &joined, &gone, &spoke, &poor, &took)
	stay.Role, stay.Joined, stay.Left = rooms.Role(role), instant(joined), instant(gone.Int64)
	stay.Spoke, stay.Poor, stay.Took = duration(spoke), duration(poor), duration(took)
	return stay, err
}

// duration is a time span as it is stored.
func duration(us int64) time.Duration { return time.Duration(us) * time.Microsecond }
