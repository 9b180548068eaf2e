package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"palabre/rooms"
)

// roomChanged writes a room as it now is.
func roomChanged(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	return putRoom(ctx, tx, fact.Data.(rooms.RoomChanged).Profile)
}

// putRoom writes a room, a new one or over what is there, and counts its version up.
func putRoom(ctx context.Context, tx *sql.Tx, p rooms.Profile) error {
	settings, err := json.Marshal(p.Settings)
	if err != nil {
		return fmt.Errorf("write down a room's settings: %w", err)
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO rooms (name, kind, title, owner, settings, retention, created, updated, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)
		ON CONFLICT (name) DO UPDATE SET
			kind = excluded.kind, title = excluded.title, owner = excluded.owner, settings = excluded.settings,
			retention = excluded.retention, updated = excluded.updated, version = rooms.version + 1`,
		p.Name, string(p.Kind), p.Settings.Title, p.Owner, string(settings), p.Settings.Retention.Microseconds(),
		micros(p.Created), micros(p.Updated))
	if err != nil {
		return fmt.Errorf("write a room: %w", err)
	}
	return nil
}
