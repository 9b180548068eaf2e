package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"palabre/rooms"
	"palabre/signaling/api"
)

const roomColumns = `name, kind, owner, settings, created, updated, version`

func scanRoom(row scanner) (api.Stored, error) {
	var r api.Stored
	var settings string
	var created, updated int64
	if err := row.Scan(&r.Name, &r.Kind, &r.Owner, &settings, &created, &updated, &r.Version); err != nil {
		return r, err
	}
	r.Created, r.Updated = instant(created), instant(updated)
	return r, json.Unmarshal([]byte(settings), &r.Settings)
}

// Rooms lists rooms by their names, those a filter asks for.
func (s *Store) Rooms(ctx context.Context, f api.RoomFilter, page api.Page) (items []api.Stored, next string, err error) {
	rows, err := s.read.QueryContext(ctx, `
		SELECT `+roomColumns+` FROM rooms
		WHERE name > $1 AND (CAST($2 AS TEXT) = '' OR owner = $2) AND (CAST($3 AS TEXT) = '' OR kind = $3)
			AND (CAST($4 AS TEXT) = '' OR name LIKE $4 ESCAPE '\' OR LOWER(title) LIKE $4 ESCAPE '\')
		ORDER BY name LIMIT $5`, page.After, f.Owner, string(f.Kind), containing(f.Name), page.Limit+1)
	if err != nil {
		return nil, "", s.explained(fmt.Errorf("list rooms: %w", err))
	}
	items, err = collect(rows, scanRoom)
	if len(items) > page.Limit {
		items = items[:page.Limit]
		next = items[page.Limit-1].Name
	}
	return items, next, s.explained(wrapped(err, "list rooms"))
}

// containing is the pattern of LIKE for a text anywhere in another.
func containing(text string) string {
	if text == "" {
		return ""
	}
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(text)) + "%"
}

var (
	errNoRoom   = &rooms.Error{Code: rooms.CodeNotFound, Message: "There is no such room."}
	errRoomOld  = &rooms.Error{Code: rooms.CodeConflict, Message: "Somebody else has changed the room: look at it again."}
	errRoomKept = &rooms.Error{Code: rooms.CodeConflict, Message: "There is a room of this name."}
)

// Room gives one room.
func (s *Store) Room(ctx context.Context, name string) (api.Stored, error) {
	r, err := scanRoom(s.read.QueryRowContext(ctx, `SELECT `+roomColumns+` FROM rooms WHERE name = $1`, name))
	if errors.Is(err, sql.ErrNoRows) {
		return r, errNoRoom
	}
	return r, s.explained(wrapped(err, "read a room"))
}

// AddRoom makes a room. Where a stranger had asked for its name before, no link
// of that time counts.
func (s *Store) AddRoom(ctx context.Context, by rooms.Actor, p rooms.Profile) (api.Stored, error) {
	err := s.tx(ctx, func(tx *sql.Tx) error {
		made, err := changed(tx.ExecContext(ctx, `
			INSERT INTO rooms (name, kind, settings, created, updated, version) VALUES ($1, $2, '{}', $3, $3, 0)
			ON CONFLICT (name) DO NOTHING`, p.Name, string(p.Kind), micros(p.Created)))
		if err != nil {
			return fmt.Errorf("make a room: %w", err)
		}
		if made == 0 {
			return errRoomKept
		}
		if err := putRoom(ctx, tx, p); err != nil {
			return err
		}
		if err := unclaim(ctx, tx, p.Name, p.Created); err != nil {
			return err
		}
		return s.done(ctx, tx, by, p.Name, rooms.RoomCreated{Profile: p})
	})
	return api.Stored{Profile: p, Version: 1}, err
}

// ChangeRoom writes a room over the version somebody has seen.
func (s *Store) ChangeRoom(ctx context.Context, by rooms.Actor, p rooms.Profile, version int64) (stored api.Stored, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		// An update that changes nothing takes the row's lock in every database.
		seen, err := scanRoom(tx.QueryRowContext(ctx, `UPDATE rooms SET version = version WHERE name = $1 RETURNING `+roomColumns, p.Name))
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return errNoRoom
		case err != nil:
			return fmt.Errorf("read a room: %w", err)
		case seen.Version != version:
			return errRoomOld
		}
		stored = api.Stored{Profile: p, Version: version + 1}
		return s.done(ctx, tx, by, p.Name, rooms.RoomChanged{Profile: p, Changed: rooms.Differences(seen.Profile, p)})
	})
	return stored, err
}

// RemoveRoom forgets a room, with its settings and all links into it.
func (s *Store) RemoveRoom(ctx context.Context, by rooms.Actor, name string) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		gone, err := changed(tx.ExecContext(ctx, `DELETE FROM rooms WHERE name = $1`, name))
		if err != nil {
			return fmt.Errorf("delete a room: %w", err)
		}
		if gone == 0 {
			return errNoRoom
		}
		if err := voidLinks(ctx, tx, name, time.Now()); err != nil {
			return err
		}
		return s.done(ctx, tx, by, name, rooms.RoomDeleted{Name: name})
	})
}

// done has a fact that came about outside of any room told as those of rooms
// are, in the transaction of what it is about.
func (s *Store) done(ctx context.Context, tx *sql.Tx, by rooms.Actor, room string, data rooms.FactData) error {
	return s.journal.writers.write(ctx, tx, rooms.Fact{ID: newID(), Room: room, At: time.Now(), By: by, Data: data})
}
