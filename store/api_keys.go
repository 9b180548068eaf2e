package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"palabre/identity"
	"palabre/identity/audit"
	"palabre/rooms"
)

const keyColumns = `id, name, hash, scopes, rooms, created, expires, revoked, used`

// storedKey is a key with the hash of its secret.
type storedKey struct {
	identity.APIKey
	hash []byte
}

func scanKey(row scanner) (storedKey, error) {
	var k storedKey
	var hash, scopes, patterns string
	var created, expires, revoked, used int64
	if err := row.Scan(&k.ID, &k.Name, &hash, &scopes, &patterns, &created, &expires, &revoked, &used); err != nil {
		return k, err
	}
	var err error
	k.hash, err = hex.DecodeString(hash)
	err = errors.Join(err, json.Unmarshal([]byte(scopes), &k.Scopes), json.Unmarshal([]byte(patterns), &k.Rooms))
	k.Created, k.Expires, k.Revoked, k.Used = instant(created), instant(expires), instant(revoked), instant(used)
	return k, err
}

// APIKey gives a key and the hash of its secret.
func (s *Store) APIKey(ctx context.Context, id string) (identity.APIKey, []byte, error) {
	k, err := scanKey(s.read.QueryRowContext(ctx, `SELECT `+keyColumns+` FROM api_keys WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return identity.APIKey{}, nil, identity.ErrNoKey
	}
	return k.APIKey, k.hash, s.explained(wrapped(err, "read an API key"))
}

// APIKeys lists keys by their IDs, after one of them.
func (s *Store) APIKeys(ctx context.Context, after string, limit int) ([]identity.APIKey, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT `+keyColumns+` FROM api_keys WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
	if err != nil {
		return nil, s.explained(fmt.Errorf("list API keys: %w", err))
	}
	found, err := collect(rows, scanKey)
	list := make([]identity.APIKey, len(found))
	for i, k := range found {
		list[i] = k.APIKey
	}
	return list, s.explained(wrapped(err, "list API keys"))
}

// AddAPIKey writes a new key down, with the hash of its secret.
func (s *Store) AddAPIKey(ctx context.Context, by rooms.Actor, k identity.APIKey, hash []byte) error {
	scopes, err := json.Marshal(k.Scopes)
	if err != nil {
		return fmt.Errorf("write down an API key: %w", err)
	}
	if k.Rooms == nil {
		k.Rooms = identity.Patterns{}
	}
	patterns, err := json.Marshal(k.Rooms)
	if err != nil {
		return fmt.Errorf("write down an API key: %w", err)
	}
	detail, err := json.Marshal(map[string]any{"name": k.Name, "scopes": k.Scopes, "rooms": k.Rooms, "expires": k.Expires})
	if err != nil {
		return fmt.Errorf("write down an API key: %w", err)
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO api_keys (`+keyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			k.ID, k.Name, hex.EncodeToString(hash), string(scopes), string(patterns),
			micros(k.Created), micros(k.Expires), micros(k.Revoked), micros(k.Used)); err != nil {
			return fmt.Errorf("write an API key: %w", err)
		}
		return appendAudit(ctx, tx, audit.Record{At: k.Created, Actor: auditActor(by), Action: "key.created", Target: k.ID, Detail: detail})
	})
}

// RevokeAPIKey ends a key; [identity.ErrNoKey] where there is none.
func (s *Store) RevokeAPIKey(ctx context.Context, by rooms.Actor, id string, at time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, `UPDATE api_keys SET revoked = $2 WHERE id = $1 AND revoked = 0`, id, micros(at)))
		if err != nil {
			return fmt.Errorf("revoke an API key: %w", err)
		}
		if n == 0 {
			return identity.ErrNoKey
		}
		return appendAudit(ctx, tx, audit.Record{At: at, Actor: auditActor(by), Action: "key.revoked", Target: id})
	})
}

// KeyUsed notes that a key was used.
func (s *Store) KeyUsed(ctx context.Context, id string, at time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE api_keys SET used = $2 WHERE id = $1 AND used < $2`, id, micros(at))
		return wrapped(err, "note the use of an API key")
	})
}
