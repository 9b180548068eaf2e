package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"palabre/notify/mail"
)

const mailColumns = `message, state, created, due, attempts, error`

// queueMail queues messages, all or none.
func queueMail(ctx context.Context, tx *sql.Tx, list []mail.Message, now time.Time) error {
	for _, m := range list {
		text, err := json.Marshal(m)
		if err != nil {
			return wrapped(err, "write down a message")
		}
		n, err := changed(tx.ExecContext(ctx, `
			INSERT INTO mails (id, message, state, created, due)
			SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), 'waiting', CAST($3 AS BIGINT), CAST($3 AS BIGINT)
			WHERE (SELECT COUNT(*) FROM mails WHERE state = 'waiting') < $4`, m.ID, string(text), micros(now), mail.MaxQueue))
		if err == nil && n == 0 {
			err = mail.ErrFull
		}
		if err != nil {
			return wrapped(err, "queue a message")
		}
	}
	return nil
}

// QueueMail queues messages, all or none; [mail.ErrFull] where there is no place.
func (s *Store) QueueMail(ctx context.Context, now time.Time, list ...mail.Message) error {
	return s.tx(ctx, func(tx *sql.Tx) error { return queueMail(ctx, tx, list, now) })
}

// LeaseMail implements [mail.Queue].
func (s *Store) LeaseMail(ctx context.Context, holder string, now, until time.Time, limit int) ([]mail.Queued, error) {
	const due = `state = 'waiting' AND due <= $1 AND (lease_until <= $1 OR lease_until > $2)`
	args := []any{micros(now), micros(now.Add(maxLease))}
	var found bool // looked for without a lock: most times nothing waits
	err := s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM mails WHERE `+due+`)`, args...).Scan(&found)
	if err != nil || !found {
		return nil, s.explained(wrapped(err, "look for mail"))
	}
	var list []mail.Queued
	err = s.tx(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `
			UPDATE mails SET lease_holder = $3, lease_until = $4
			WHERE `+due+` AND id IN (SELECT id FROM mails WHERE `+due+` ORDER BY id LIMIT $5)
			RETURNING `+mailColumns, append(args, holder, micros(until), limit)...)
		if err != nil {
			return err
		}
		list, err = collect(rows, scanMail)
		return err
	})
	return list, wrapped(err, "take mail")
}

// MailSent implements [mail.Queue].
func (s *Store) MailSent(ctx context.Context, id string) error {
	return wrapped(s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM mails WHERE id = $1`, id)
		return err
	}), "forget a message that was sent")
}

// MailFailed implements [mail.Queue].
func (s *Store) MailFailed(ctx context.Context, m mail.Queued) error {
	return wrapped(s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE mails SET state = $2, due = $3, attempts = $4, error = $5, lease_holder = '', lease_until = 0 WHERE id = $1`,
			m.ID, string(m.State), micros(m.Due), m.Attempts, m.Error)
		return err
	}), "write down an attempt to send")
}

// ReturnMail implements [mail.Queue].
func (s *Store) ReturnMail(ctx context.Context, holder string, due time.Time, why string) error {
	return wrapped(s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE mails SET lease_holder = '', lease_until = 0, due = $2, error = CASE WHEN $3 = '' THEN error ELSE $3 END
			WHERE lease_holder = $1`, holder, micros(due), why)
		return err
	}), "give mail back")
}

// TidyMail implements [mail.Queue].
func (s *Store) TidyMail(ctx context.Context, now time.Time) (waiting, dead int, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM mails WHERE state = 'dead' AND created < $1`, micros(now.Add(-mail.DeadKept))); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM mail_counts WHERE day < $1`, now.UTC().AddDate(0, 0, -1).Format(time.DateOnly)); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `
			SELECT (SELECT COUNT(*) FROM mails WHERE state = 'waiting'), (SELECT COUNT(*) FROM mails WHERE state = 'dead')`).Scan(&waiting, &dead)
	})
	return waiting, dead, wrapped(err, "tidy mail")
}

// Mail implements [mail.Book].
func (s *Store) Mail(ctx context.Context, state mail.State, after string, limit int) ([]mail.Queued, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT `+mailColumns+` FROM mails
		WHERE id > $1 AND (CAST($2 AS TEXT) = '' OR state = $2) ORDER BY id LIMIT $3`, after, string(state), limit)
	if err != nil {
		return nil, s.explained(wrapped(err, "list mail"))
	}
	list, err := collect(rows, scanMail)
	return list, s.explained(wrapped(err, "list mail"))
}

// RetryMail implements [mail.Book].
func (s *Store) RetryMail(ctx context.Context, id string, now time.Time) (mail.Queued, error) {
	return s.oneMail(ctx, "queue a message again",
		`UPDATE mails SET state = 'waiting', created = $2, due = $2, attempts = 0 WHERE id = $1 RETURNING `+mailColumns, id, micros(now))
}

// DeleteMail implements [mail.Book].
func (s *Store) DeleteMail(ctx context.Context, id string) (mail.Queued, error) {
	return s.oneMail(ctx, "delete a message", `DELETE FROM mails WHERE id = $1 RETURNING `+mailColumns, id)
}

// oneMail changes one message and gives it.
func (s *Store) oneMail(ctx context.Context, doing, statement string, args ...any) (m mail.Queued, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		found, err := scanMail(tx.QueryRowContext(ctx, statement, args...))
		if errors.Is(err, sql.ErrNoRows) {
			return mail.ErrNotFound
		}
		m = found
		return err
	})
	return m, wrapped(err, doing)
}

func scanMail(row scanner) (mail.Queued, error) {
	var m mail.Queued
	var text, state string
	var created, due int64
	if err := row.Scan(&text, &state, &created, &due, &m.Attempts, &m.Error); err != nil {
		return m, err
	}
	m.State, m.Created, m.Due = mail.State(state), instant(created), instant(due)
	return m, errors.Join(json.Unmarshal([]byte(text), &m.Message))
}
