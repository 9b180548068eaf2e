package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"palabre/notify/calendar"
	"palabre/notify/mail"
	"palabre/notify/schedule"
	"palabre/rooms"
)

const appointmentColumns = `content, created, changed`

// Appointment implements [schedule.Book].
func (s *Store) Appointment(ctx context.Context, id string) (calendar.Appointment, error) {
	a, err := scanAppointment(s.read.QueryRowContext(ctx, `SELECT `+appointmentColumns+` FROM appointments WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return a, schedule.ErrNotFound
	}
	return a, s.explained(wrapped(err, "read an appointment"))
}

// Appointments implements [schedule.Book].
func (s *Store) Appointments(ctx context.Context, room, after string, limit int) ([]calendar.Appointment, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT `+appointmentColumns+` FROM appointments
		WHERE id > $1 AND (CAST($2 AS TEXT) = '' OR room = $2) ORDER BY id LIMIT $3`, after, room, limit)
	if err != nil {
		return nil, s.explained(wrapped(err, "list appointments"))
	}
	list, err := collect(rows, scanAppointment)
	return list, s.explained(wrapped(err, "list appointments"))
}

// SaveAppointment implements [schedule.Book].
func (s *Store) SaveAppointment(ctx context.Context, a calendar.Appointment, seen int, about []mail.Message) error {
	text, err := json.Marshal(a)
	if err != nil {
		return wrapped(err, "write down an appointment")
	}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if seen < 0 {
			err = addAppointment(ctx, tx, a, string(text))
		} else {
			err = changeAppointment(ctx, tx, a, string(text), seen)
		}
		if err != nil {
			return err
		}
		return queueMail(ctx, tx, about, a.Changed)
	})
	return wrapped(err, "keep an appointment")
}

func addAppointment(ctx context.Context, tx *sql.Tx, a calendar.Appointment, text string) error {
	n, err := changed(tx.ExecContext(ctx, `
		INSERT INTO appointments (id, room, content, sequence, created, changed)
		SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS BIGINT), CAST($6 AS BIGINT)
		WHERE (SELECT COUNT(*) FROM appointments WHERE room = $2 AND is_off = FALSE) < $7`,
		a.ID, a.Room, text, a.Sequence, micros(a.Created), micros(a.Changed), schedule.MaxAppointments))
	if err == nil && n == 0 {
		return schedule.ErrTooMany
	}
	return err
}

func changeAppointment(ctx context.Context, tx *sql.Tx, a calendar.Appointment, text string, seen int) error {
	n, err := changed(tx.ExecContext(ctx, `UPDATE appointments SET content = $2, sequence = $3, is_off = $4, changed = $5 WHERE id = $1 AND sequence = $6`,
		a.ID, text, a.Sequence, a.Off, micros(a.Changed), seen))
	if err == nil && n == 0 {
		return schedule.ErrChanged
	}
	return err
}

// roomUnscheduled forgets the appointments and webhooks of a room that is
// deleted: whoever makes one of the same name starts anew, and nobody else hears of it.
func roomUnscheduled(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	for _, text := range []string{
		`DELETE FROM webhook_deliveries WHERE webhook IN (SELECT id FROM webhooks WHERE room = $1)`,
		`DELETE FROM webhooks WHERE room = $1`, `DELETE FROM appointments WHERE room = $1`,
	} {
		if _, err := tx.ExecContext(ctx, text, fact.Room); err != nil {
			return wrapped(err, "forget what was of a deleted room")
		}
	}
	return nil
}

// CountMail implements [schedule.Book].
func (s *Store) CountMail(ctx context.Context, who string, day time.Time, n, most int) error {
	return wrapped(s.tx(ctx, func(tx *sql.Tx) error {
		rows, err := changed(tx.ExecContext(ctx, `
			INSERT INTO mail_counts (who, day, sent) SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS BIGINT) WHERE CAST($3 AS BIGINT) <= $4
			ON CONFLICT (who, day) DO UPDATE SET sent = mail_counts.sent + excluded.sent WHERE mail_counts.sent + excluded.sent <= $4`,
			who, day.UTC().Format(time.DateOnly), n, most))
		if err == nil && rows == 0 {
			return schedule.ErrMuchMail
		}
		return err
	}), "count mail")
}

func scanAppointment(row scanner) (calendar.Appointment, error) {
	var a calendar.Appointment
	var text string
	var created, changed int64
	if err := row.Scan(&text, &created, &changed); err != nil {
		return a, err
	}
	err := json.Unmarshal([]byte(text), &a)
	a.Created, a.Changed = instant(created), instant(changed)
	return a, err
}

// Template gives the settings kept under a name; [schedule.ErrNotFound] where there are none.
func (s *Store) Template(ctx context.Context, name string) (schedule.Template, error) {
	t, err := scanTemplate(s.read.QueryRowContext(ctx, `SELECT name, settings, created, changed FROM templates WHERE name = $1`, name))
	if errors.Is(err, sql.ErrNoRows) {
		return t, schedule.ErrNotFound
	}
	return t, s.explained(wrapped(err, "read a template"))
}

// Templates lists them by name, after one.
func (s *Store) Templates(ctx context.Context, after string, limit int) ([]schedule.Template, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT name, settings, created, changed FROM templates WHERE name > $1 ORDER BY name LIMIT $2`, after, limit)
	if err != nil {
		return nil, s.explained(wrapped(err, "list templates"))
	}
	list, err := collect(rows, scanTemplate)
	return list, s.explained(wrapped(err, "list templates"))
}

// SaveTemplate keeps settings under a name; a new name beyond
// [schedule.MaxTemplates] is [schedule.ErrTooMany].
func (s *Store) SaveTemplate(ctx context.Context, t schedule.Template) error {
	text, err := json.Marshal(t.Settings)
	if err != nil {
		return wrapped(err, "write down a template")
	}
	return wrapped(s.tx(ctx, func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, `
			INSERT INTO templates (name, settings, created, changed)
			SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS BIGINT), CAST($3 AS BIGINT)
			WHERE (SELECT COUNT(*) FROM templates WHERE name <> $1) < $4
			ON CONFLICT (name) DO UPDATE SET settings = excluded.settings, changed = excluded.changed`,
			t.Name, string(text), micros(t.Changed), schedule.MaxTemplates))
		if err == nil && n == 0 {
			return schedule.ErrTooMany
		}
		return err
	}), "keep a template")
}

// DeleteTemplate forgets a template.
func (s *Store) DeleteTemplate(ctx context.Context, name string) error {
	return wrapped(s.tx(ctx, func(tx *sql.Tx) error {
		n, err := changed(tx.ExecContext(ctx, `DELETE FROM templates WHERE name = $1`, name))
		if err == nil && n == 0 {
			return schedule.ErrNotFound
		}
		return err
	}), "delete a template")
}

func scanTemplate(row scanner) (schedule.Template, error) {
	var t schedule.Template
	var text string
	var created, changed int64
	if err := row.Scan(&t.Name, &text, &created, &changed); err != nil {
		return t, err
	}
	t.Created, t.Changed = instant(created), instant(changed)
	return t, json.Unmarshal([]byte(text), &t.Settings)
}
