package calendar

import (
	"fmt"
	"time"
	_ "time/tzdata" // zones must be known on machines that have no list of them
)

const wallLayout = "2006-01-02T15:04:05"

// Wall is what a clock on the wall shows: "2026-03-02T09:00:00". It sorts by time.
type Wall string

// ParseWall reads a date with a time, with or without seconds. Days without a
// time are refused: a meeting begins at some time.
func ParseWall(text string) (Wall, error) {
	for _, layout := range []string{wallLayout, "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() >= 1970 && t.Year() < 2200 {
			return wallOf(t), nil
		}
	}
	if _, err := time.Parse("2006-01-02", text); err == nil {
		return "", fmt.Errorf("%w: a meeting needs a time as well as a day, such as %sT09:00", ErrInvalid, text)
	}
	return "", fmt.Errorf("%w: %.40q is no local time: write it like 2026-03-02T09:00", ErrInvalid, text)
}

func wallOf(t time.Time) Wall { return Wall(t.Format(wallLayout)) }

// floating is the wall's time as if its zone were UTC, in which days have 24 hours.
func (w Wall) floating() time.Time {
	t, err := time.Parse(wallLayout, string(w))
	if err != nil {
		return time.Time{} // Check sees to it that there is none such
	}
	return t
}

// basic is the time as iCalendar writes it.
func (w Wall) basic() string { return w.floating().Format("20060102T150405") }

// In is the instant at which a clock in a zone shows the wall's time. A time
// that summer time skips is taken with the offset from before, a time that
// comes twice is the first (RFC 5545 section 3.3.5).
func (w Wall) In(zone *time.Location) time.Time {
	f := w.floating()
	guess := time.Date(f.Year(), f.Month(), f.Day(), f.Hour(), f.Minute(), f.Second(), 0, zone)
	// The offset from well before the change is the right one in both cases,
	// unless the change lies between: then the time exists after it.
	_, before := guess.Add(-24 * time.Hour).Zone()
	early := time.Unix(f.Unix()-int64(before), 0).In(zone)
	if wallOf(early) == w {
		return early
	}
	if wallOf(guess) == w {
		return guess
	}
	return early
}

// Zone finds a time zone by its IANA name.
func Zone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%w: name the time zone, such as Europe/Paris", ErrInvalid)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %.60q is no time zone: write it like Europe/Paris", ErrInvalid, name)
	}
	return zone, nil
}
