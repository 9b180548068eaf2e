package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"palabre/signaling/api"
)

// Repeats remembers the answers of requests with an Idempotency-Key.
func (s *Store) Repeats() api.Repeats { return repeats{s} }

type repeats struct{ store *Store }

// Begin claims a key. What is older than a day, or was never finished, is gone.
func (r repeats) Begin(ctx context.Context, caller, key, digest string, now time.Time) (known *api.Answer, err error) {
	err = r.store.tx(ctx, func(tx *sql.Tx) error {
		known = nil
		old, abandoned := micros(now.Add(-api.RepeatsKept)), micros(now.Add(-api.RepeatsLease))
		if _, err := tx.ExecContext(ctx, `DELETE FROM repeats WHERE begun < $1 OR (NOT done AND begun < $2)`, old, abandoned); err != nil {
			return fmt.Errorf("forget old answers: %w", err)
		}
		claimed, err := tx.ExecContext(ctx,
			`INSERT INTO repeats (caller, key, digest, begun) VALUES ($1, $2, $3, $4) ON CONFLICT (caller, key) DO NOTHING`,
			caller, key, digest, micros(now))
		if err != nil {
			return fmt.Errorf("claim an Idempotency-Key: %w", err)
		}
		if n, err := claimed.RowsAffected(); err != nil || n == 1 {
			return err
		}
		known = &api.Answer{}
		var body string
		err = tx.QueryRowContext(ctx, `SELECT digest, done, status, location, body FROM repeats WHERE caller = $1 AND key = $2`, caller, key).
			Scan(&known.Digest, &known.Done, &known.Status, &known.Location, &body)
		known.Body = []byte(body)
		if errors.Is(err, sql.ErrNoRows) { // let go of between the two statements
			known.Digest = digest
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return known, nil
}

func (r repeats) Finish(ctx context.Context, caller, key string, answer api.Answer) error {
	return r.store.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE repeats SET done = TRUE, status = $3, location = $4, body = $5 WHERE caller = $1 AND key = $2`,
			caller, key, answer.Status, answer.Location, string(answer.Body))
		if err != nil {
			return fmt.Errorf("remember an answer: %w", err)
		}
		return nil
	})
}

func (r repeats) Forget(ctx context.Context, caller, key string) error {
	return r.store.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM repeats WHERE caller = $1 AND key = $2 AND NOT done`, caller, key); err != nil {
			return fmt.Errorf("let go of an Idempotency-Key: %w", err)
		}
		return nil
	})
}
