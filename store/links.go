package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"palabre/identity"
	"palabre/identity/audit"
	"palabre/rooms"
)

// linkGrace is how long an expired link stays in the lists.
const linkGrace = 7 * 24 * time.Hour

// linkRow is what is read of a link everywhere, with what became of it.
const linkRow = `
	SELECT l.id, l.role, l.name, l.once, l.maker, l.maker_name, l.created, l.expires, COALESCE(v.at, 0), COALESCE(r.at, 0)
	FROM links AS l
	LEFT JOIN link_visits AS v ON v.link = l.id
	LEFT JOIN link_revocations AS r ON r.link = l.id`

func scanLink(row scanner) (rooms.Invitation, error) {
	var l rooms.Invitation
	var created, expires, used, revoked int64
	err := row.Scan(&l.ID, &l.Role, &l.Name, &l.Once, &l.Maker, &l.MakerName, &created, &expires, &used, &revoked)
	l.Created, l.Expires, l.Used, l.Revoked = instant(created), instant(expires), instant(used), instant(revoked)
	return l, err
}

// AddLink writes a link down and gives it with its ID. What of links is long
// over is forgotten on the way.
func (s *Store) AddLink(ctx context.Context, room string, l rooms.Invitation) (rooms.Invitation, error) {
	l.ID = newID()
	err := s.tx(ctx, func(tx *sql.Tx) error {
		old := micros(l.Created.Add(-linkGrace))
		for _, table := range []string{"links", "link_revocations", "link_visits", "room_claims"} {
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE expires < $1`, old); err != nil {
				return fmt.Errorf("forget old links: %w", err)
			}
		}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO links (id, room, role, name, once, maker, maker_name, created, expires)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			l.ID, room, string(l.Role), l.Name, l.Once, l.Maker, l.MakerName, micros(l.Created), micros(l.Expires))
		return wrapped(err, "write a link")
	})
	return l, err
}

// Links lists a room's links, newest first, after one of them: of one maker, or of all.
func (s *Store) Links(ctx context.Context, room, maker, after string, limit int) ([]rooms.Invitation, error) {
	rows, err := s.read.QueryContext(ctx, linkRow+`
		WHERE l.room = $1 AND (CAST($2 AS TEXT) = '' OR l.maker = $2) AND (CAST($3 AS TEXT) = '' OR l.id < $3)
		ORDER BY l.id DESC LIMIT $4`, room, maker, after, limit)
	if err != nil {
		return nil, s.explained(fmt.Errorf("read the links of a room: %w", err))
	}
	list, err := collect(rows, scanLink)
	return list, s.explained(wrapped(err, "read the links of a room"))
}

// RevokeLink lets nobody in by a link any more and gives it as it was; of one
// that was revoked before nothing changes.
func (s *Store) RevokeLink(ctx context.Context, room, maker, id string, at time.Time) (link rooms.Invitation, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		link, err = scanLink(tx.QueryRowContext(ctx, linkRow+`
			WHERE l.id = $1 AND l.room = $2 AND (CAST($3 AS TEXT) = '' OR l.maker = $3)`, id, room, maker))
		if errors.Is(err, sql.ErrNoRows) {
			return &rooms.Error{Code: rooms.CodeNotFound, Message: "There is no such link."}
		}
		if err != nil {
			return fmt.Errorf("look for a link: %w", err)
		}
		if link.Revoked.IsZero() {
			link.Revoked = at.UTC().Truncate(time.Microsecond)
		}
		return revoke(ctx, tx, id, at, link.Expires)
	})
	return link, err
}

func revoke(ctx context.Context, tx *sql.Tx, id string, at, expires time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO link_revocations (link, at, expires) VALUES ($1, $2, $3) ON CONFLICT (link) DO NOTHING`,
		id, micros(at), micros(expires))
	return wrapped(err, "revoke a link")
}

// RevokeToken lets nobody in by any token of that id any more, also by those
// that are in no list.
func (s *Store) RevokeToken(ctx context.Context, by rooms.Actor, id string, at time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		if err := revoke(ctx, tx, id, at, at.Add(rooms.MaxInvitation)); err != nil {
			return err
		}
		return appendAudit(ctx, tx, audit.Record{At: at, Actor: auditActor(by), Action: "token.revoked", Target: id})
	})
}

// LinkState tells what became of a link.
func (s *Store) LinkState(ctx context.Context, id, room string) (identity.LinkState, error) {
	var revoked, used, since int64
	var state identity.LinkState
	err := s.read.QueryRowContext(ctx, `
		SELECT
			COALESCE((SELECT at FROM link_revocations WHERE link = $1), 0),
			COALESCE((SELECT at FROM link_visits WHERE link = $1), 0),
			COALESCE((SELECT since FROM link_epochs WHERE room = $2), 0),
			EXISTS (SELECT 1 FROM room_claims WHERE room = $2 AND link = $1)`, id, room).Scan(&revoked, &used, &since, &state.Owns)
	if err != nil {
		return state, s.explained(fmt.Errorf("look up a link: %w", err))
	}
	state.Revoked, state.Used, state.Since = instant(revoked), instant(used), instant(since)
	return state, nil
}

// SpendLink notes the one visit of a link and says whether it is this one.
func (s *Store) SpendLink(ctx context.Context, id, visit string, at, expires time.Time) (first bool, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO link_visits (link, visit, at, expires) VALUES ($1, $2, $3, $4) ON CONFLICT (link) DO NOTHING`,
			id, visit, micros(at), micros(expires))
		if err != nil {
			return fmt.Errorf("note the visit of a link: %w", err)
		}
		var noted string
		if err := tx.QueryRowContext(ctx, `SELECT visit FROM link_visits WHERE link = $1`, id).Scan(&noted); err != nil {
			return fmt.Errorf("read the visit of a link: %w", err)
		}
		first = noted == visit
		return nil
	})
	return first, err
}

// ClaimRoom gives a room to a link if it is nobody's and free. Whoever comes
// too late has a row of the same size written, so that nothing tells.
func (s *Store) ClaimRoom(ctx context.Context, room, id string, free bool, at, expires time.Time) error {
	nobody := "-" + id // no room's name begins so
	if !free {
		room = nobody
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM room_claims WHERE room = $1 AND expires < $2`, room, micros(at)); err != nil {
			return fmt.Errorf("forget an old claim of a room: %w", err)
		}
		claimed, err := changed(tx.ExecContext(ctx, `
			INSERT INTO room_claims (room, link, at, expires)
			SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS BIGINT), CAST($4 AS BIGINT)
			WHERE NOT EXISTS (SELECT 1 FROM rooms WHERE name = $1)
			ON CONFLICT (room) DO NOTHING`, room, id, micros(at), micros(expires)))
		if err == nil && claimed == 0 {
			_, err = tx.ExecContext(ctx, `INSERT INTO room_claims (room, link, at, expires) VALUES ($1, $2, $3, $4)`,
				nobody, id, micros(at), micros(expires))
		}
		return wrapped(err, "claim a room")
	})
}

// unclaim takes a room from whoever asked for it by name, with all links since made.
func unclaim(ctx context.Context, tx *sql.Tx, room string, at time.Time) error {
	var one int
	err := tx.QueryRowContext(ctx, `SELECT 1 FROM room_claims WHERE room = $1`, room).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for who claimed a room: %w", err)
	}
	return voidLinks(ctx, tx, room, at)
}

// voidLinks ends all links of a room that there are.
func voidLinks(ctx context.Context, tx *sql.Tx, room string, at time.Time) error {
	if _, err := tx.ExecContext(ctx, `
		INSERT INTO link_revocations (link, at, expires) SELECT id, CAST($2 AS BIGINT), expires FROM links WHERE room = $1
		ON CONFLICT (link) DO NOTHING`, room, micros(at)); err != nil {
		return fmt.Errorf("revoke the links of a room: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM room_claims WHERE room = $1`, room); err != nil {
		return fmt.Errorf("forget who claimed a room: %w", err)
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO link_epochs (room, since) VALUES ($1, $2) ON CONFLICT (room) DO UPDATE SET since = excluded.since`, room, micros(at))
	return wrapped(err, "void the links of a room")
}
