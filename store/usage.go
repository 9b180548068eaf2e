package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"palabre/rooms"
)

const (
	// MaxUsageDays is how many days can be asked for at once.
	MaxUsageDays = 366
	// closeBack is how far back days are looked for that are not closed yet.
	closeBack = 40
	// settling is how long after its end a day is counted for good.
	settling = time.Hour
)

// Usage is what one day (in UTC) came to, on the whole server or in one room.
// Times are in seconds.
type Usage struct {
	// Day is like 2026-03-01.
	Day string `json:"day"`
	// Meetings began that day; MeetingTime is how long those lasted, together.
	Meetings    int     `json:"meetings"`
	MeetingTime float64 `json:"meetingSeconds"`
	// Joins is how often somebody came in, People how many different people
	// were in: by identity, a guest anew each time they open the page.
	Joins  int `json:"joins"`
	People int `json:"people"`
	// PersonTime is how long everybody was in, together, within the day.
	PersonTime float64 `json:"personSeconds"`
	// Most is how many were in at once.
	Most int `json:"mostAtOnce"`
	// Join is how long media took after joining.
	Join JoinTimes `json:"join"`
	// Failures is how often somebody could not come in, by why; of the whole server only.
	Failures map[string]int `json:"failures"`
}

// JoinTimes are percentiles of how long media took after joining, in seconds.
type JoinTimes struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	// Count is how many joins they are of, Without how many never had media.
	Count   int `json:"count"`
	Without int `json:"without"`
}

// Usage gives the days from one to another, both included, oldest first: of a
// room, or with an empty name of the whole server. Days that are over may have
// been counted when they were, from stays that are no longer kept.
func (s *Store) Usage(ctx context.Context, room string, from, to time.Time) ([]Usage, error) {
	from, to = midnight(from), midnight(to)
	if to.Before(from) || to.Sub(from) > MaxUsageDays*24*time.Hour {
		return nil, &rooms.Error{Code: rooms.CodeBadMessage, Message: fmt.Sprintf("Ask for 1 to %d days.", MaxUsageDays)}
	}
	kept, err := s.closedDays(ctx, room, from, to)
	if err != nil {
		return nil, s.explained(err)
	}
	var days []Usage
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

func (s *Store) closedDays(ctx context.Context, room string, from, to time.Time) (map[string]Usage, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT figures FROM usage_days WHERE room = $1 AND day >= $2 AND day <= $3`,
		room, from.Format(time.DateOnly), to.Format(time.DateOnly))
	if err != nil {
		return nil, fmt.Errorf("read the figures of days: %w", err)
	}
	list, err := collect(rows, func(row scanner) (u Usage, err error) {
		var text string
		if err = row.Scan(&text); err == nil {
			err = json.Unmarshal([]byte(text), &u)
		}
		return u, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the figures of days: %w", err)
	}
	days := map[string]Usage{}
	for _, u := range list {
		days[u.Day] = u
	}
	return days, nil
}

// usageOf counts a day from its stays.
func (s *Store) usageOf(ctx context.Context, room string, day time.Time) (Usage, error) {
	c := counting{day: day, end: day.AddDate(0, 0, 1), people: map[string]bool{}}
	u := Usage{Day: day.Format(time.DateOnly), Failures: map[string]int{}}
	rows, err := s.read.QueryContext(ctx, `
		SELECT st.participant, st.identity, st.joined, COALESCE(st.gone, m.ended, m.seen), st.took, st.gone IS NULL
		FROM stays AS st JOIN meetings AS m ON m.id = st.meeting
		WHERE (CAST($1 AS TEXT) = '' OR st.room = $1) AND st.joined < $3 AND COALESCE(st.gone, m.ended, m.seen) >= $2`,
		room, micros(c.day), micros(c.end))
	if err != nil {
		return u, fmt.Errorf("count the stays of a day: %w", err)
	}
	if err := c.count(rows); err != nil {
		return u, fmt.Errorf("count the stays of a day: %w", err)
	}
	u.Joins, u.People, u.PersonTime, u.Most, u.Join = c.joins, len(c.people), c.time.Seconds(), c.most(), c.times()
	var lasted sql.NullFloat64
	err = s.read.QueryRowContext(ctx, `
		SELECT COUNT(*), CAST(SUM(COALESCE(ended, seen) - started) AS DOUBLE PRECISION) FROM meetings
		WHERE (CAST($1 AS TEXT) = '' OR room = $1) AND started >= $2 AND started < $3`, room, micros(c.day), micros(c.end),
	).Scan(&u.Meetings, &lasted)
	if err != nil {
		return u, fmt.Errorf("count the meetings of a day: %w", err)
	}
	u.MeetingTime = lasted.Float64 / 1e6
	if room == "" {
		err = s.countFailures(ctx, c.day, c.end, u.Failures)
	}
	return u, err
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

// counting is a day being counted.
type counting struct {
	day, end time.Time
	people   map[string]bool
	joins    int
	without  int
	time     time.Duration
	took     []time.Duration
	steps    []step
}

// step is somebody coming (1) or going (-1).
type step struct {
	at int64
	by int
}

func (c *counting) count(rows *sql.Rows) error {
	_, err := collect(rows, func(row scanner) (struct{}, error) {
		var participant, identity string
		var joined, gone, took int64
		var in bool
		if err := row.Scan(&participant, &identity, &joined, &gone, &took, &in); err != nil {
			return struct{}{}, err
		}
		c.people[cmp.Or(identity, participant)] = true
		from, to := max(joined, micros(c.day)), min(max(gone, joined), micros(c.end))
		c.time += duration(to - from)
		c.steps = append(c.steps, step{from, 1}, step{max(to, from+1), -1})
		if joined < micros(c.day) {
			return struct{}{}, nil
		}
		c.joins++
		switch {
		case took > 0:
			c.took = append(c.took, duration(took))
		case !in:
			c.without++
		}
		return struct{}{}, nil
	})
	return err
}

// most is how many were in at once. Who goes at a moment does so before who comes.
func (c *counting) most() int {
	slices.SortFunc(c.steps, func(a, b step) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.by, b.by)) })
	now, most := 0, 0
	for _, s := range c.steps {
		now += s.by
		most = max(most, now)
	}
	return most
}

// times are the percentiles, by nearest rank.
func (c *counting) times() JoinTimes {
	slices.Sort(c.took)
	rank := func(percent int) float64 {
		if len(c.took) == 0 {
			return 0
		}
		return c.took[(len(c.took)*percent+99)/100-1].Seconds()
	}
	return JoinTimes{P50: rank(50), P95: rank(95), P99: rank(99), Count: len(c.took), Without: c.without}
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
	var days []Usage
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
