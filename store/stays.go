package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"palabre/rooms"
)

// maxRows bounds the rows of one statement: databases take so many parameters.
const maxRows = 500

// staysAtOnce is how many stays one statement writes. SQLite looks each of its
// parameters up among those before: one for 500 took seventeen times as long as
// fifty for ten each (BenchmarkMeetingSeen).
const staysAtOnce = 10

func participantJoined(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	return putStays(ctx, tx, fact, "", []rooms.Stay{fact.Data.(rooms.ParticipantJoined).Stay})
}

func participantLeft(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	left := fact.Data.(rooms.ParticipantLeft)
	return putStays(ctx, tx, fact, left.Reason, []rooms.Stay{left.Stay})
}

// putStays writes stays as they now are, new ones or over what is there.
func putStays(ctx context.Context, tx *sql.Tx, fact rooms.Fact, reason rooms.Reason, stays []rooms.Stay) error {
	for part := range slices.Chunk(stays, staysAtOnce) {
		var text strings.Builder
		var values []any
		for _, s := range part {
			gone := sql.NullInt64{Int64: micros(s.Left), Valid: !s.Left.IsZero()}
			values = append(values, s.ID, fact.Meeting, fact.Room, s.Participant, s.Identity, s.Name, string(s.Role),
				s.Client, micros(s.Joined), gone, s.Spoke.Microseconds(), s.Poor.Microseconds(), string(reason), s.Took.Microseconds())
		}
		placeholders(&text, len(part), len(values)/len(part))
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO stays (id, meeting, room, participant, identity, name, role, client, joined, gone, spoke, poor, reason, took)
			VALUES `+text.String()+`
			ON CONFLICT (id) DO UPDATE SET
				name = excluded.name, role = excluded.role, gone = excluded.gone, spoke = excluded.spoke, poor = excluded.poor, took = excluded.took,
				reason = excluded.reason
			WHERE stays.gone IS NULL`, values...); err != nil {
			return fmt.Errorf("write stays: %w", err)
		}
	}
	return nil
}

// closeStays ends the stays nobody saw end, when their meeting was last known to be on.
func closeStays(ctx context.Context, tx *sql.Tx, meeting string) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE stays SET gone = (SELECT CASE WHEN seen > joined THEN seen ELSE joined END FROM meetings WHERE id = $1), reason = $2
		WHERE meeting = $1 AND gone IS NULL`, meeting, string(rooms.ReasonLost))
	if err != nil {
		return fmt.Errorf("close the stays of a meeting: %w", err)
	}
	return nil
}

// recallPeople counts who was in a meeting, and how many at once.
func recallPeople(ctx context.Context, db *sql.DB, found *rooms.Recollection) error {
	rows, err := db.QueryContext(ctx, `
		SELECT identity, participant, joined, COALESCE(gone, CAST($2 AS BIGINT)) FROM stays WHERE meeting = $1`,
		found.Meeting.ID, micros(found.Seen))
	if err != nil {
		return fmt.Errorf("read who was in a meeting: %w", err)
	}
	defer func() { _ = rows.Close() }()
	found.People = map[string]bool{}
	type step struct {
		at     int64
		change int
	}
	var steps []step
	for rows.Next() {
		var identity, participant string
		var joined, gone int64
		if err := rows.Scan(&identity, &participant, &joined, &gone); err != nil {
			return fmt.Errorf("read who was in a meeting: %w", err)
		}
		found.People[cmp.Or(identity, participant)] = identity != ""
		steps = append(steps, step{joined, 1}, step{max(gone, joined), -1})
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read who was in a meeting: %w", err)
	}
	slices.SortStableFunc(steps, func(a, b step) int { return cmp.Or(cmp.Compare(a.at, b.at), a.change-b.change) })
	inside := 0
	for _, s := range steps {
		inside += s.change
		found.Most = max(found.Most, inside)
	}
	return nil
}

// placeholders writes ($1, $2), ($3, $4) for so many rows of so many columns.
func placeholders(text *strings.Builder, rows, columns int) {
	for n := range rows * columns {
		switch {
		case n == 0:
			text.WriteString("(")
		case n%columns == 0:
			text.WriteString("), (")
		default:
			text.WriteString(", ")
		}
		fmt.Fprintf(text, "$%d", n+1)
	}
	text.WriteString(")")
}
