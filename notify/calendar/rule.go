package calendar

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/teambition/rrule-go"
)

const (
	// maxRule bounds the text of a rule, in bytes, maxList the entries of one of its lists.
	maxRule, maxList = 255, 31
	// maxCount and maxInterval bound what a rule asks for.
	maxCount, maxInterval = 1000, 99
	// Horizon is how far ahead a series without an end is followed.
	Horizon = 10 * 366 * 24 * time.Hour
)

// cleanRule gives a rule in the library's own spelling, or says what is wrong with it.
func cleanRule(text string, start Wall, zone *time.Location) (string, error) {
	text = strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(text)), "RRULE:")
	if text == "" {
		return "", nil
	}
	if len(text) > maxRule || strings.ContainsAny(text, "\r\n") || strings.Contains(text, "DTSTART") {
		return "", fmt.Errorf("%w: a rule is one RRULE of at most %d bytes", ErrInvalid, maxRule)
	}
	option, err := rrule.StrToROptionInLocation(text, time.UTC)
	if err != nil {
		return "", fmt.Errorf("%w: the rule cannot be read: write it like FREQ=WEEKLY;BYDAY=MO", ErrInvalid)
	}
	if err := checkRule(option); err != nil {
		return "", err
	}
	if !option.Until.IsZero() {
		option.Until = untilOf(text, option.Until, zone)
	}
	series, err := expander(*option, start, zone)
	if err != nil {
		return "", err
	}
	if first, any := series.Iterator()(); !any || wallOf(first) != start {
		return "", fmt.Errorf("%w: the first meeting is not when the rule says: begin on one of its days", ErrInvalid)
	}
	return option.RRuleString(), nil
}

// untilOf reads the end of a rule: with Z it is an instant, without it what the
// wall shows; a day alone means its end.
func untilOf(text string, until time.Time, zone *time.Location) time.Time {
	_, value, _ := strings.Cut(text, "UNTIL=")
	value, _, _ = strings.Cut(value, ";")
	switch {
	case strings.HasSuffix(value, "Z"):
		return until
	case len(value) == len("20060102"):
		until = until.Add(24*time.Hour - time.Second)
	}
	return wallOf(until).In(zone).UTC()
}

func checkRule(option *rrule.ROption) error {
	switch option.Freq {
	case rrule.DAILY, rrule.WEEKLY, rrule.MONTHLY, rrule.YEARLY:
	default:
		return fmt.Errorf("%w: meetings repeat by day, week, month or year", ErrInvalid)
	}
	if len(option.Byhour)+len(option.Byminute)+len(option.Bysecond)+len(option.Byeaster) > 0 {
		return fmt.Errorf("%w: a rule chooses days; the time is that of the first meeting", ErrInvalid)
	}
	if option.Interval < 0 || option.Interval > maxInterval || option.Count < 0 || option.Count > maxCount {
		return fmt.Errorf("%w: INTERVAL goes to %d and COUNT to %d", ErrInvalid, maxInterval, maxCount)
	}
	if option.Count > 0 && !option.Until.IsZero() {
		return fmt.Errorf("%w: a rule ends by COUNT or by UNTIL", ErrInvalid)
	}
	for _, list := range [][]int{option.Bysetpos, option.Bymonth, option.Bymonthday, option.Byyearday, option.Byweekno} {
		if len(list) > maxList {
			return fmt.Errorf("%w: a list of the rule has more than %d entries", ErrInvalid, maxList)
		}
	}
	if len(option.Byweekday) > maxList {
		return fmt.Errorf("%w: BYDAY has more than %d entries", ErrInvalid, maxList)
	}
	return checkOrdinals(option)
}

// checkOrdinals looks at days like 2MO, the second Monday of a month or year
// (RFC 5545, 3.3.10). The library reads past its tables for one no month has.
func checkOrdinals(option *rrule.ROption) error {
	last := 0
	switch {
	case option.Freq == rrule.MONTHLY, option.Freq == rrule.YEARLY && len(option.Bymonth) > 0:
		last = 5
	case option.Freq == rrule.YEARLY:
		last = 53
	}
	for _, day := range option.Byweekday {
		if n := day.N(); n < -last || n > last {
			return fmt.Errorf("%w: BYDAY counts to 5 in a month, to 53 in a year, and not at all in days and weeks", ErrInvalid)
		}
	}
	return nil
}

// expander follows a rule on the wall, where every day has 24 hours.
func expander(option rrule.ROption, start Wall, zone *time.Location) (*rrule.RRule, error) {
	option.Dtstart = start.floating()
	if option.Until.IsZero() {
		option.Until = option.Dtstart.Add(Horizon)
	} else {
		option.Until = wallOf(option.Until.In(zone)).floating()
		if last := option.Dtstart.Add(Horizon); option.Until.After(last) {
			option.Until = last
		}
	}
	series, err := rrule.NewRRule(option)
	if err != nil {
		return nil, fmt.Errorf("%w: the rule cannot be: %w", ErrInvalid, err)
	}
	return series, nil
}

func (a Appointment) series() (*rrule.RRule, *time.Location, error) {
	zone, err := Zone(a.Zone)
	if err != nil {
		return nil, nil, err
	}
	option, err := rrule.StrToROptionInLocation(a.Rule, time.UTC)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	series, err := expander(*option, a.Start, zone)
	return series, zone, err
}

// walls is when the rule has something begin, cancelled or not.
func (a Appointment) walls() (map[Wall]bool, error) {
	if a.Rule == "" {
		return map[Wall]bool{a.Start: true}, nil
	}
	series, _, err := a.series()
	if err != nil {
		return nil, err
	}
	all := map[Wall]bool{}
	next := series.Iterator()
	for t, more := next(); more; t, more = next() {
		all[wallOf(t)] = true
	}
	return all, nil
}

func (a Appointment) has(w Wall) bool {
	all, err := a.walls()
	return err == nil && all[w]
}

// Occurrence is one meeting of an appointment.
type Occurrence struct {
	// Of is when the rule has it begin: its name in the series.
	Of         Wall
	Start, End time.Time
	Title      string
	// Moved says that it is otherwise than the rule has it, Cancelled that it does not take place.
	Moved, Cancelled bool
}

// Occurrences lists the meetings that end after from and begin before to, at
// most limit of them, in the order the rule has them.
func (a Appointment) Occurrences(from, to time.Time, limit int) ([]Occurrence, error) {
	zone, err := Zone(a.Zone)
	if err != nil {
		return nil, err
	}
	next := once(a.Start)
	if a.Rule != "" {
		series, _, err := a.series()
		if err != nil {
			return nil, err
		}
		next = series.Iterator()
	}
	var list []Occurrence
	for len(list) < limit {
		t, more := next()
		if !more {
			break
		}
		o := a.occurrence(wallOf(t), zone)
		if !o.Start.Before(to) && !o.Moved {
			break
		}
		if o.End.After(from) && o.Start.Before(to) {
			list = append(list, o)
		}
	}
	return list, nil
}

func once(w Wall) func() (time.Time, bool) {
	given := false
	return func() (time.Time, bool) {
		first := !given
		given = true
		return w.floating(), first
	}
}

func (a Appointment) occurrence(of Wall, zone *time.Location) Occurrence {
	start, duration, title := of, a.Duration, a.Title
	i := slices.IndexFunc(a.Moved, func(m Moved) bool { return m.Of == of })
	if i >= 0 {
		start, duration = a.Moved[i].Start, a.Moved[i].Duration
		if a.Moved[i].Title != "" {
			title = a.Moved[i].Title
		}
	}
	begin := start.In(zone)
	return Occurrence{
		Of: of, Start: begin, End: begin.Add(duration), Title: title, Moved: i >= 0,
		Cancelled: a.Off || slices.Contains(a.Cancelled, of),
	}
}
