package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"palabre/rooms"
	"palabre/rooms/attendance"
)

const (
	// closeBack is how far back days are looked for that are not closed yet.
	closeBack = 40
	// settling is how long after its end a day is counted for good.
	settling = time.Hour
)

// Usage gives the days from one to another, both included, oldest first: of a
// room, or with an empty name of the whole server. Days that are over may have
// been counted when they were, from stays that are no longer kept.
func (s *Store) Usage(ctx context.Context, room string, from, to time.Time) ([]attendance.Day, error) {
	from, to = midnight(from), midnight(to)
	if to.Before(from) || to.Sub(from) > attendance.MaxDays*24*time.Hour {
		return nil, &rooms.Error{Code: rooms.CodeBadMessage, Message: fmt.Sprintf("Ask for 1 to %d days.", attendance.MaxDays)}
	}
	kept, err := s.closedDays(ctx, room, from, to)
	if err != nil {
		return nil, s.explained(err)
	}
	var days []attendance.Day
	for day := from; !day.After(to); day = day.AddDate(0, 0, 1) {
		usage, closed := kept[day.Format(time.DateOnly)]
		if !closed {
			usage, err = s.usageOf(ctx, room, day)
			if err != nil {
				return nil, s.explained(err)
			}
		}
		days = append(days, usage)
	}
	return days, nil
}

// midnight is the beginning of a time's day.
func midnight(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

func (s *Store) closedDays(ctx context.Context, room string, from, to time.Time) (map[string]attendance.Day, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT figures FROM usage_days WHERE room = $1 AND day >= $2 AND day <= $3`,
		room, from.Format(time.DateOnly), to.Format(time.DateOnly))
	if err != nil {
		return nil, fmt.Errorf("read the figures of days: %w", err)
	}
	list, err := collect(rows, func(row scanner) (u attendance.Day, err error) {
		var text string
		if err = row.Scan(&text); err == nil {
			err = json.Unmarshal([]byte(text), &u)
		}
		return u, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the figures of days: %w", err)
	}
	days := map[string]attendance.Day{}
	for _, u := range list {
		days[u.Day] = u
	}
	return days, nil
}

// usageOf counts a day from its stays.
func (s *Store) usageOf(ctx context.Context, room string, day time.Time) (attendance.Day, error) {
	end := day.AddDate(0, 0, 1)
	rows, err := s.read.QueryContext(ctx, `
		SELECT st.participant, st.identity, st.joined, st.gone, COALESCE(m.ended, m.seen), st.took
		FROM stays AS st JOIN meetings AS m ON m.id = st.meeting
		WHERE (CAST($1 AS TEXT) = '' OR st.room = $1) AND st.joined < $3 AND COALESCE(st.gone, m.ended, m.seen) >= $2`,
		room, micros(day), micros(end))
	if err != nil {
		return attendance.Day{}, fmt.Errorf("count the stays of a day: %w", err)
	}
	count := attendance.Of(day)
	_, err = collect(rows, func(row scanner) (struct{}, error) { return struct{}{}, countStay(row, count) })
	if err != nil {
		return attendance.Day{}, fmt.Errorf("count the stays of a day: %w", err)
	}
	u := count.Day()
	var lasted sql.NullFloat64
	err = s.read.QueryRowContext(ctx, `
		SELECT COUNT(*), CAST(SUM(COALESCE(ended, seen) - started) AS DOUBLE PRECISION) FROM meetings
		WHERE (CAST($1 AS TEXT) = '' OR room = $1) AND started >= $2 AND started < $3`, room, micros(day), micros(end),
	).Scan(&u.Meetings, &lasted)
	if err != nil {
		return u, fmt.Errorf("count the meetings of a day: %w", err)
	}
	u.MeetingTime = lasted.Float64 / 1e6
	if room == "" {
		err = s.countFailures(ctx, day, end, u.Failures)
	}
	return u, err
}

func countStay(row scanner, into *attendance.Count) error {
	var stay rooms.Stay
	var joined, until, took int64
	var gone sql.NullInt64
	if err := row.Scan(&stay.Participant, &stay.Identity, &joined, &gone, &until, &took); err != nil {
		return err
	}
	stay.Joined, stay.Left, stay.Took = instant(joined), instant(gone.Int64), duration(took)
	into.Add(stay, instant(until))
	return nil
}

func (s *Store) countFailures(ctx context.Context, from, to time.Time, into map[string]int) error {
	rows, err := s.read.QueryContext(ctx, `
		SELECT code, CAST(SUM(count) AS BIGINT) FROM join_failures WHERE at >= $1 AND at < $2 GROUP BY code`, micros(from), micros(to))
	if err != nil {
		return fmt.Errorf("count failed joins: %w", err)
	}
	_, err = collect(rows, func(row scanner) (code string, err error) {
		var n int
		if err = row.Scan(&code, &n); err == nil {
			into[code] = n
		}
		return code, err
	})
	return wrapped(err, "count failed joins")
}

// joinsFailed writes how often somebody could not come in.
func joinsFailed(ctx context.Context, tx *sql.Tx, fact rooms.Fact) error {
	for code, count := range fact.Data.(rooms.JoinsFailed).Codes {
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO join_failures (fact, code, at, count) VALUES ($1, $2, $3, $4) ON CONFLICT (fact, code) DO NOTHING`,
			fact.ID, string(code), micros(fact.At), count); err != nil {
			return fmt.Errorf("write failed joins: %w", err)
		}
	}
	return nil
}

// CloseDays counts the days before now's that have not been counted for good,
// so that their figures stay when their stays are deleted.
func (s *Store) CloseDays(ctx context.Context, now time.Time) error {
	last := midnight(now.Add(-settling)).AddDate(0, 0, -1)
	kept, err := s.closedDays(ctx, "", last.AddDate(0, 0, -closeBack), last)
	if err != nil {
		return s.explained(err)
	}
	for day := last.AddDate(0, 0, -closeBack); !day.After(last); day = day.AddDate(0, 0, 1) {
		if _, closed := kept[day.Format(time.DateOnly)]; closed {
			continue
		}
		if err := s.closeDay(ctx, day); err != nil {
			return s.explained(fmt.Errorf("count the day %s: %w", day.Format(time.DateOnly), err))
		}
	}
	return nil
}

func (s *Store) closeDay(ctx context.Context, day time.Time) error {
	rows, err := s.read.QueryContext(ctx, `SELECT DISTINCT room FROM stays WHERE joined < $2 AND COALESCE(gone, joined) >= $1`,
		micros(day), micros(day.AddDate(0, 0, 1)))
	if err != nil {
		return fmt.Errorf("find the rooms of a day: %w", err)
	}
	names, err := collect(rows, func(row scanner) (name string, err error) { return name, row.Scan(&name) })
	if err != nil {
		return fmt.Errorf("find the rooms of a day: %w", err)
	}
	var days []attendance.Day
	for _, room := range append(names, "") {
		u, err := s.usageOf(ctx, room, day)
		if err != nil {
			return err
		}
		days = append(days, u)
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		for i, room := range append(names, "") {
			figures, err := json.Marshal(days[i])
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO usage_days (day, room, figures) VALUES ($1, $2, $3) ON CONFLICT (day, room) DO NOTHING`,
				days[i].Day, room, string(figures)); err != nil {
				return fmt.Errorf("write the figures of a day: %w", err)
			}
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM join_failures WHERE at < $1`, micros(day))
		return wrapped(err, "remove failed joins that are counted")
	})
}
