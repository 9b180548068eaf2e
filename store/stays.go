package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"palabre/rooms"
)

// maxRows bounds the rows of one statement: databases take so many parameters.
const maxRows = 500

func participantJoined(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	return putStays(ctx, tx, fact, "", []rooms.Stay{fact.Data.(rooms.ParticipantJoined).Stay})
}

func participantLeft(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	left := fact.Data.(rooms.ParticipantLeft)
	return putStays(ctx, tx, fact, left.Reason, []rooms.Stay{left.Stay})
}

// putStays writes stays as they now are, new ones or over what is there.
func putStays(ctx context.Context, tx *sql.Tx, fact rooms.Fact, reason rooms.Reason, stays []rooms.Stay) error {
	for part := range slices.Chunk(stays, maxRows) {
		var text strings.Builder
		var values []any
		for _, s := range part {
			gone := sql.NullInt64{Int64: micros(s.Left), Valid: !s.Left.IsZero()}
			values = append(values, s.ID, fact.Meeting, fact.Room, s.Participant, s.Identity, s.Name, string(s.Role),
				s.Client, micros(s.Joined), gone, s.Spoke.Microseconds(), s.Poor.Microseconds(), string(reason))
		}
		placeholders(&text, len(part), len(values)/len(part))
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO stays (id, meeting, room, participant, identity, name, role, client, joined, gone, spoke, poor, reason)
			VALUES `+text.String()+`
			ON CONFLICT (id) DO UPDATE SET
				name = excluded.name, role = excluded.role, gone = excluded.gone, spoke = excluded.spoke, poor = excluded.poor,
				reason = excluded.reason
			WHERE stays.gone IS NULL`, values...); err != nil {
			return fmt.Errorf("write stays: %w", err)
		}
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
