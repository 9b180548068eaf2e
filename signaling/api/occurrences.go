package api

import (
	"time"

	"palabre/notify/calendar"
	"palabre/rooms"
)

type (
	wireOccurrence struct {
		Of        calendar.Wall `json:"occurrence"`
		Start     time.Time     `json:"start"`
		End       time.Time     `json:"end"`
		Title     string        `json:"title"`
		Moved     bool          `json:"moved"`
		Cancelled bool          `json:"cancelled"`
	}
	occurrenceChange struct {
		Start   *string  `json:"start,omitempty"`
		Minutes *float64 `json:"durationMinutes,omitempty"`
		Title   *string  `json:"title,omitempty"`
	}
)

// listOccurrences lists the meetings between ?from= and ?to=, by default those of the next year.
func (a *API) listOccurrences(c *Call) (Reply, error) {
	found, err := a.found(c)
	if err != nil {
		return Reply{}, err
	}
	from, to := time.Now(), time.Time{}
	for _, bound := range []struct {
		name string
		into *time.Time
	}{{"from", &from}, {"to", &to}} {
		if text := c.Query(bound.name); text != "" {
			if *bound.into, err = time.Parse(time.RFC3339, text); err != nil {
				return Reply{}, refuse(rooms.CodeBadMessage, bound.name+" is a time such as 2026-03-02T09:00:00Z.")
			}
		}
	}
	if to.IsZero() {
		to = from.AddDate(1, 0, 0)
	}
	occurrences, err := found.Occurrences(from, to, maxLimit)
	if err != nil {
		return Reply{}, scheduleFault(err)
	}
	items := make([]wireOccurrence, len(occurrences))
	for i, o := range occurrences {
		items[i] = wireOccurrence{o.Of, o.Start.UTC(), o.End.UTC(), o.Title, o.Moved, o.Cancelled}
	}
	return list(items, "")
}

func (a *API) moveOccurrence(c *Call) (Reply, error) {
	var asked occurrenceChange
	if err := c.Decode(&asked); err != nil {
		return Reply{}, err
	}
	found, of, err := a.occurrence(c)
	if err != nil {
		return Reply{}, err
	}
	m := calendar.Moved{Of: of, Start: of, Duration: found.Duration}
	for _, before := range found.Moved {
		if before.Of == of {
			m = before
		}
	}
	set((*string)(&m.Start), asked.Start)
	set(&m.Title, asked.Title)
	if asked.Minutes != nil {
		m.Duration = minutes(*asked.Minutes)
	}
	changed, err := a.cfg.Desk.Move(c.Context(), c.By, found.ID, m)
	if err != nil {
		return Reply{}, scheduleFault(err)
	}
	return ok(c.appointment(changed))
}

func (a *API) cancelOccurrence(c *Call) (Reply, error) {
	found, of, err := a.occurrence(c)
	if err != nil {
		return Reply{}, err
	}
	if _, err := a.cfg.Desk.CancelOne(c.Context(), c.By, found.ID, of); err != nil {
		return Reply{}, scheduleFault(err)
	}
	return done()
}

func (a *API) occurrence(c *Call) (calendar.Appointment, calendar.Wall, error) {
	found, err := a.found(c)
	if err != nil {
		return found, "", err
	}
	of, err := calendar.ParseWall(c.Param("start"))
	return found, of, scheduleFault(err)
}
