package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"palabre/notify/webhook"
)

const countedWebhook = `SELECT ` + webhookColumns + `,
	(SELECT COUNT(*) FROM webhook_deliveries AS d WHERE d.webhook = webhooks.id AND d.state = 'waiting') FROM webhooks `

// AddWebhook implements [webhook.Book].
func (s *Store) AddWebhook(ctx context.Context, w webhook.Subscription) error {
	events, secrets, err := webhookLists(w)
	if err != nil {
		return err
	}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, `
			INSERT INTO webhooks (id, url, events, room, secrets, created, author, expires)
			SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT),
				CAST($6 AS BIGINT), CAST($7 AS TEXT), CAST($8 AS BIGINT)
			WHERE (SELECT COUNT(*) FROM webhooks) < $9`,
			w.ID, w.URL, events, w.Room, secrets, micros(w.Created), w.By, micros(w.Expires), webhook.MaxSubscriptions))
		if err == nil && n == 0 {
			return webhook.ErrTooMany
		}
		return err
	})
	return wrapped(err, "write a webhook")
}

// Webhook implements [webhook.Book].
func (s *Store) Webhook(ctx context.Context, id string) (webhook.Subscription, error) {
	found, err := scanWebhook(s.read.QueryRowContext(ctx, countedWebhook+`WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return found, webhook.ErrNotFound
	}
	return found, s.explained(wrapped(err, "read a webhook"))
}

// Webhooks implements [webhook.Book].
func (s *Store) Webhooks(ctx context.Context, room, after string, limit int) ([]webhook.Subscription, error) {
	rows, err := s.read.QueryContext(ctx, countedWebhook+`WHERE id > $1 AND (CAST($2 AS TEXT) = '' OR room = $2) ORDER BY id LIMIT $3`, after, room, limit)
	if err != nil {
		return nil, s.explained(wrapped(err, "list webhooks"))
	}
	list, err := collect(rows, scanWebhook)
	return list, s.explained(wrapped(err, "list webhooks"))
}

// ChangeWebhook implements [webhook.Book].
func (s *Store) ChangeWebhook(ctx context.Context, w webhook.Subscription) error {
	events, secrets, err := webhookLists(w)
	if err != nil {
		return err
	}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, `
			UPDATE webhooks SET url = $2, events = $3, secrets = $4, rotated = $5, expires = $6, disabled = $7, why = $8, failing = $9
			WHERE id = $1`,
			w.ID, w.URL, events, secrets, micros(w.Rotated), micros(w.Expires), micros(w.Disabled), string(w.Why), micros(w.Failing)))
		if err == nil && n == 0 {
			return webhook.ErrNotFound
		}
		if err != nil || w.Disabled.IsZero() {
			return err
		}
		return disableWebhook(ctx, tx, w)
	})
	return wrapped(err, "change a webhook")
}

// DeleteWebhook implements [webhook.Book].
func (s *Store) DeleteWebhook(ctx context.Context, id string) error {
	return wrapped(s.tx(ctx, func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, `DELETE FROM webhooks WHERE id = $1`, id))
		if err == nil && n == 0 {
			return webhook.ErrNotFound
		}
		if err == nil {
			_, err = tx.ExecContext(ctx, `DELETE FROM webhook_deliveries WHERE webhook = $1`, id)
		}
		return err
	}), "delete a webhook")
}

// Deliveries implements [webhook.Book].
func (s *Store) Deliveries(ctx context.Context, id, before string, limit int) ([]webhook.Delivery, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT `+deliveryColumns+` FROM webhook_deliveries
		WHERE webhook = $1 AND (CAST($2 AS TEXT) = '' OR id < $2) ORDER BY id DESC LIMIT $3`, id, before, limit)
	if err != nil {
		return nil, s.explained(wrapped(err, "list deliveries"))
	}
	list, err := collect(rows, scanDelivery)
	return list, s.explained(wrapped(err, "list deliveries"))
}

// Deliver implements [webhook.Book].
func (s *Store) Deliver(ctx context.Context, id string, event webhook.Event) error {
	body, err := event.Body()
	if err != nil {
		return err
	}
	return s.tx(ctx, func(tx *sql.Tx) error { return queueDelivery(ctx, tx, id, event, body) })
}

// Redeliver implements [webhook.Book].
func (s *Store) Redeliver(ctx context.Context, id, delivery string, now time.Time) error {
	return wrapped(s.tx(ctx, func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, `
			UPDATE webhook_deliveries SET due = $3, attempts = 0, aside = CASE WHEN state = 'waiting' THEN aside ELSE TRUE END, state = 'waiting'
			WHERE webhook = $1 AND id = $2`, id, delivery, micros(now)))
		if err == nil && n == 0 {
			return webhook.ErrNotFound
		}
		return err
	}), "queue a delivery again")
}

func webhookLists(w webhook.Subscription) (events, secrets string, err error) {
	e, err := json.Marshal(w.Events)
	if err != nil {
		return "", "", wrapped(err, "write down a webhook's events")
	}
	s, err := json.Marshal(w.Secrets)
	return string(e), string(s), wrapped(err, "write down a webhook's secrets")
}
