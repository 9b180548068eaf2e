package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"palabre/notify/webhook"
	"palabre/rooms"
)

const (
	// webhookColumns is a row of webhooks; what waits is counted where it is asked for.
	webhookColumns = `id, url, events, room, secrets, rotated, created, author, expires, disabled, why, failing, dropped`
	// maxLease is longer than any lease: one that ends later was given before a clock was set back.
	maxLease = 10 * time.Minute
	// deliveriesKept is how long the log of deliveries goes back at most.
	deliveriesKept = 30 * 24 * time.Hour
)

// announced queues a fact for every webhook that wants it.
func announced(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	event, known := webhook.Of(fact)
	if !known {
		return nil
	}
	wanting, err := wanting(ctx, tx, event, fact.At)
	if err != nil || len(wanting) == 0 {
		return err
	}
	body, err := event.Body()
	if err != nil {
		return err
	}
	for _, id := range wanting {
		if err := queueDelivery(ctx, tx, id, event, body); err != nil {
			return err
		}
	}
	return nil
}

// wanting lists the webhooks that are told of an event.
func wanting(ctx context.Context, tx *sql.Tx, event webhook.Event, now time.Time) ([]string, error) {
	rows, err := tx.QueryContext(ctx, `SELECT `+webhookColumns+`, 0 FROM webhooks WHERE disabled = 0 AND (room = '' OR room = $1)`, event.Room)
	if err != nil {
		return nil, fmt.Errorf("look for webhooks: %w", err)
	}
	subscriptions, err := collect(rows, scanWebhook)
	if err != nil {
		return nil, fmt.Errorf("look for webhooks: %w", err)
	}
	var ids []string
	for _, s := range subscriptions {
		if s.Wants(event, now) {
			ids = append(ids, s.ID)
		}
	}
	return ids, nil
}

// queueDelivery queues an event once, where the backlog has a place.
func queueDelivery(ctx context.Context, tx *sql.Tx, id string, event webhook.Event, body []byte) error {
	result, err := tx.ExecContext(ctx, `
		INSERT INTO webhook_deliveries (webhook, id, type, body, created, state, due)
		SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS BIGINT), 'waiting', CAST($5 AS BIGINT)
		WHERE (SELECT COUNT(*) FROM webhook_deliveries WHERE webhook = $1 AND state = 'waiting') < $6
		ON CONFLICT (webhook, id) DO NOTHING`, id, event.ID, event.Type, string(body), micros(event.At), webhook.MaxBacklog)
	if err != nil {
		return fmt.Errorf("queue an event for a webhook: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return err
	}
	// The backlog is full, unless the fact was written before.
	if _, err := tx.ExecContext(ctx, `
		UPDATE webhooks SET dropped = dropped + 1
		WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM webhook_deliveries WHERE webhook = $1 AND id = $2)`, id, event.ID); err != nil {
		return fmt.Errorf("count an event that a webhook misses: %w", err)
	}
	return nil
}

// webhooksDue finds those nobody holds that have something due at $1, served
// longest ago first. A webhook's oldest delivery decides, and what has stepped
// aside. One never tried is due whatever its time says: the clock was set back.
const webhooksDue = `
	SELECT w.id FROM webhooks AS w WHERE w.disabled = 0 AND (w.lease_until <= $1 OR w.lease_until > $2) AND (
		(SELECT CASE WHEN d.attempts = 0 THEN 0 ELSE d.due END FROM webhook_deliveries AS d
			WHERE d.webhook = w.id AND d.state = 'waiting' AND d.aside = FALSE ORDER BY d.id LIMIT 1) <= $1
		OR EXISTS (SELECT 1 FROM webhook_deliveries AS d
			WHERE d.webhook = w.id AND d.state = 'waiting' AND d.aside = TRUE AND d.due <= $1))
	ORDER BY w.lease_until LIMIT $3`

// LeaseWebhooks implements [webhook.Outbox].
func (s *Store) LeaseWebhooks(ctx context.Context, holder string, now, until time.Time, limit int) ([]webhook.Subscription, error) {
	args := []any{micros(now), micros(now.Add(maxLease)), limit}
	var found bool // looked for without a lock: most times nothing is due
	err := s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM (`+webhooksDue+`) AS due)`, args...).Scan(&found)
	if err != nil || !found {
		return nil, s.explained(wrapped(err, "look for webhooks with something due"))
	}
	var list []webhook.Subscription
	err = s.tx(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `
			UPDATE webhooks SET lease_holder = $4, lease_until = $5
			WHERE (lease_until <= $1 OR lease_until > $2) AND id IN (`+webhooksDue+`)
			RETURNING `+webhookColumns+`, 0`, append(args, holder, micros(until))...)
		if err != nil {
			return err
		}
		list, err = collect(rows, scanWebhook)
		return err
	})
	return list, wrapped(err, "take webhooks with something due")
}

// ExtendWebhook implements [webhook.Outbox].
func (s *Store) ExtendWebhook(ctx context.Context, holder, id string, now, until time.Time) (held bool, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, `
			UPDATE webhooks SET lease_until = $3 WHERE id = $1 AND lease_holder = $2 AND disabled = 0`, id, holder, micros(until)))
		held = n > 0
		return err
	})
	return held, wrapped(err, "keep hold of a webhook")
}

// ReleaseWebhook implements [webhook.Outbox].
func (s *Store) ReleaseWebhook(ctx context.Context, holder, id string) error {
	return wrapped(s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE webhooks SET lease_holder = '', lease_until = 0 WHERE id = $1 AND lease_holder = $2`, id, holder)
		return err
	}), "give a webhook back")
}

const deliveryColumns = `webhook, id, type, body, created, state, due, attempts, aside, tried, took, status, error`

// DueDelivery implements [webhook.Outbox].
func (s *Store) DueDelivery(ctx context.Context, id string, now time.Time) (webhook.Delivery, error) {
	const next = `SELECT ` + deliveryColumns + ` FROM webhook_deliveries WHERE webhook = $1 AND state = 'waiting' AND `
	first, err := scanDelivery(s.read.QueryRowContext(ctx, next+`aside = FALSE ORDER BY id LIMIT 1`, id))
	if errors.Is(err, sql.ErrNoRows) || err == nil && first.Attempts > 0 && first.Due.After(now) {
		first, err = scanDelivery(s.read.QueryRowContext(ctx, next+`aside = TRUE AND due <= $2 ORDER BY id LIMIT 1`, id, micros(now)))
	}
	if errors.Is(err, sql.ErrNoRows) {
		return webhook.Delivery{}, webhook.ErrNotFound
	}
	return first, s.explained(wrapped(err, "read what is due for a webhook"))
}

// SaveDelivery implements [webhook.Outbox].
func (s *Store) SaveDelivery(ctx context.Context, d webhook.Delivery, of webhook.Subscription) error {
	return wrapped(s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `
			UPDATE webhook_deliveries
			SET state = $3, due = $4, attempts = $5, aside = $6, tried = $7, took = $8, status = $9, error = $10
			WHERE webhook = $1 AND id = $2`,
			d.Subscription, d.ID, string(d.State), micros(d.Due), d.Attempts, d.Aside,
			micros(d.Last.At), d.Last.Took.Microseconds(), d.Last.Status, d.Last.Error); err != nil {
			return err
		}
		if of.Disabled.IsZero() {
			_, err := tx.ExecContext(ctx, `UPDATE webhooks SET failing = $2 WHERE id = $1 AND failing <> $2`, of.ID, micros(of.Failing))
			return err
		}
		return disableWebhook(ctx, tx, of)
	}), "write down a delivery")
}

// disableWebhook switches a webhook off; what waited for it has failed.
func disableWebhook(ctx context.Context, tx *sql.Tx, of webhook.Subscription) error {
	if _, err := tx.ExecContext(ctx, `UPDATE webhooks SET failing = $2, disabled = $3, why = $4 WHERE id = $1`,
		of.ID, micros(of.Failing), micros(of.Disabled), string(of.Why)); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE webhook_deliveries SET state = 'failed', error = 'the webhook was disabled' WHERE webhook = $1 AND state = 'waiting'`, of.ID)
	return err
}

// TidyWebhooks implements [webhook.Outbox].
func (s *Store) TidyWebhooks(ctx context.Context, now time.Time) (webhook.Totals, error) {
	var totals webhook.Totals
	err := s.tx(ctx, func(tx *sql.Tx) error {
		for _, step := range []struct {
			text string
			args []any
		}{
			{`DELETE FROM webhooks WHERE expires > 0 AND expires <= $1`, []any{micros(now)}},
			{`DELETE FROM webhook_deliveries WHERE webhook NOT IN (SELECT id FROM webhooks)`, nil},
			{`DELETE FROM webhook_deliveries WHERE state <> 'waiting' AND tried < $1`, []any{micros(now.Add(-deliveriesKept))}},
			{`DELETE FROM webhook_deliveries WHERE (webhook, id) IN (
				SELECT webhook, id FROM (
					SELECT webhook, id, ROW_NUMBER() OVER (PARTITION BY webhook ORDER BY id DESC) AS nth
					FROM webhook_deliveries WHERE state <> 'waiting') AS done
				WHERE nth > $1)`, []any{webhook.LogLength}},
		} {
			if _, err := tx.ExecContext(ctx, step.text, step.args...); err != nil {
				return err
			}
		}
		return tx.QueryRowContext(ctx, `
			SELECT (SELECT COUNT(*) FROM webhook_deliveries WHERE state = 'waiting'),
				(SELECT COUNT(*) FROM webhooks WHERE disabled > 0), (SELECT COALESCE(SUM(dropped), 0) FROM webhooks)`,
		).Scan(&totals.Waiting, &totals.Disabled, &totals.Dropped)
	})
	return totals, wrapped(err, "tidy webhooks")
}

func scanWebhook(row scanner) (webhook.Subscription, error) {
	var s webhook.Subscription
	var events, secrets, why string
	var rotated, created, expires, disabled, failing int64
	err := row.Scan(&s.ID, &s.URL, &events, &s.Room, &secrets, &rotated, &created, &s.By, &expires, &disabled, &why, &failing, &s.Dropped, &s.Waiting)
	if err != nil {
		return s, err
	}
	s.Rotated, s.Created, s.Expires = instant(rotated), instant(created), instant(expires)
	s.Disabled, s.Failing, s.Why = instant(disabled), instant(failing), webhook.Why(why)
	return s, errors.Join(json.Unmarshal([]byte(events), &s.Events), json.Unmarshal([]byte(secrets), &s.Secrets))
}

func scanDelivery(row scanner) (webhook.Delivery, error) {
	var d webhook.Delivery
	var body, state string
	var created, due, tried, took int64
	err := row.Scan(&d.Subscription, &d.ID, &d.Type, &body, &created, &state, &due, &d.Attempts, &d.Aside, &tried, &took, &d.Last.Status, &d.Last.Error)
	d.Body, d.State, d.Created, d.Due = []byte(body), webhook.State(state), instant(created), instant(due)
	d.Last.At, d.Last.Took = instant(tried), time.Duration(took)*time.Microsecond
	return d, err
}
